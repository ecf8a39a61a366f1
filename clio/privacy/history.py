"""What earlier releases of a run made public: a private record, and what a new release has to reckon with.

Whatever was released stays known. Each publishing therefore writes down, in the private workspace and before anything
becomes visible, which conversations were counted in which cluster and which cells were shown. The next one

* counts the same conversations in the same clusters as the *first* release did (:attr:`Earlier.settled`). Thresholds
  decide which clusters join and which conversations are trimmed, and the difference of two such decisions would be a
  number about the few who moved. With lower thresholds, what was joined stays joined. With higher ones, clusters that
  no longer pass join whole with others; of clusters that so become others than any release had, sizes are told but no
  breakdown, for that could be subtracted from the parts' own;
* takes every cell an earlier release showed as known (:func:`clio.privacy.suppression.shown`): no newly shown cell,
  together with all of them, gives away a cell that all of them hide;
* says how many cells it hides that were shown before, and how many hidden ones earlier releases give away by
  themselves: hiding cannot take those back.

This holds between releases of the same clusters of the same conversations (:attr:`Earlier.taxonomy`). It does *not*
hold, and cannot by hiding cells, where the clustering changed, or the conversations did: two releases then count
overlapping groups whose difference may be a few people, at every cell. Nor where a facet was asked anew and answers
changed. Both are counted and said. Who must release twice over changed clusters should publish with thresholds well
above the number of conversations that moved, or with noise.

An identical publishing is not another release: it gives the same bytes again, by looking only at what came before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clio.errors import RunError
from clio.runs.files import load_array, read_json, reading, write_array, write_json, write_table

Cell = tuple[str, str, str]
"""Facet, cluster id, value."""
_SCHEMA = pa.schema(
    [
        ("facet", pa.string()), ("cluster_id", pa.string()), ("value", pa.string()),
        ("conversations", pa.int64()), ("shown", pa.bool_()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One earlier release of the same clusters: counted base cluster per conversation (-1: not counted), and cells."""

    settled: NDArray[np.int64]
    cells: dict[Cell, tuple[int, bool]]
    """Conversations, and whether they were shown."""


@dataclass(slots=True)
class Earlier:
    """What is known of earlier releases, and a notebook of the present one."""

    entries: Sequence[Entry] = ()
    elsewhere: int = 0
    """Earlier releases with other clusters or other conversations: nothing is promised of these."""
    cells: dict[Cell, tuple[int, bool]] = field(default_factory=dict)
    """Of the present release."""
    changed: set[str] = field(default_factory=set)
    """Facets whose answers changed since an earlier release: nothing is promised of these."""
    still_public: int = 0
    """Cells hidden now that an earlier release showed."""
    given_away: int = 0
    """Cells under threshold, hidden in all releases, that earlier ones leave too small an interval."""

    @property
    def settled(self) -> NDArray[np.int64] | None:
        """Base cluster of each conversation in the first release, -1 where it was not counted; None without any."""
        return self.entries[0].settled if self.entries else None

    def known(
        self, facet: str, names: Sequence[tuple[str, str]], conversations: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Which cells, given as (cluster id, value), were shown before."""
        found = np.zeros(len(names), dtype=np.bool_)
        for entry in self.entries:
            for place, (cluster, value) in enumerate(names):
                held, there = entry.cells.get((facet, cluster, value), (0, False))
                found[place] |= there
                if held and held != conversations[place]:
                    self.changed.add(facet)
        return found

    def note(
        self,
        facet: str,
        names: Sequence[tuple[str, str]],
        conversations: NDArray[np.int64],
        visible: NDArray[np.bool_],
    ) -> None:
        """Write down cells of the present release."""
        for (cluster, value), held, there in zip(names, conversations.tolist(), visible.tolist(), strict=True):
            self.cells[facet, cluster, value] = (held, there)

    def statement(self, policy: str) -> dict[str, object]:
        """What the ``privacy`` table says of it."""
        if policy == "ignore":
            said = "Earlier releases of this run, if any, are left out of account: its owner says nobody was shown any."
        elif not (self.entries or self.elsewhere):
            said = "There was no earlier release of this run."
        else:
            said = (
                f"{len(self.entries)} earlier releases count the same clusters and are taken as known. Of the cells "
                f"hidden now, {self.still_public} were already released, and {self.given_away} can be worked out or "
                "bounded closely from earlier releases alone."
            )
            if self.elsewhere:
                said += (
                    f" {self.elsewhere} earlier releases have other clusters or conversations: what follows from "
                    "subtracting them is not protected."
                )
            if self.changed:
                said += " Answers changed since, so this is not promised for: " + ", ".join(sorted(self.changed)) + "."
        hidden = self.still_public if policy == "protect" and self.entries else None
        return {"rule": "earlier releases", "setting": policy, "hidden": hidden, "unit": "cells", "statement": said}


def read(folder: Path, taxonomy: str, identity: str) -> Earlier:
    """Earlier releases as recorded in ``folder``, up to one with the same ``identity``: that one is given again.

    Args:
        folder: of the workspace.
        taxonomy: digest of the conversations and their clusters.
        identity: digest of all that decides a release.

    Raises:
        RunError: a record is damaged. Says what to do.
    """
    entries: list[Entry] = []
    elsewhere = 0
    for path in sorted(folder.glob("*.json")):
        try:
            head = read_json(path)
            if head["identity"] == identity:
                break
            if head["taxonomy"] != taxonomy:
                elsewhere += 1
                continue
            settled = load_array(path.with_suffix(".npy")).astype(np.int64)
            with reading(path.with_suffix(".parquet")) as handle:
                rows = pq.read_table(pa.BufferReader(handle.read()), schema=_SCHEMA).to_pydict()
        except (OSError, KeyError, TypeError, pa.ArrowException):
            raise RunError(
                f"{path}: this record of an earlier release is damaged, and without it a new release could give away "
                "what that one hid. Restore it, or, if nobody was shown that release, delete the folder."
            ) from None
        names = zip(rows["facet"], rows["cluster_id"], rows["value"], strict=True)
        held = zip(rows["conversations"], rows["shown"], strict=True)
        entries.append(Entry(settled, dict(zip(names, held, strict=True))))
    return Earlier(entries, elsewhere)


def record(folder: Path, taxonomy: str, identity: str, settled: NDArray[np.int64], earlier: Earlier) -> None:
    """Write the present release down; nothing where one with the same identity is there already."""
    paths = sorted(folder.glob("*.json"))
    if any(read_json(path)["identity"] == identity for path in paths):
        return
    number = 1 + max((int(path.stem) for path in paths), default=0)
    path = folder / f"{number:04d}.json"
    facets, clusters, values = zip(*earlier.cells, strict=True) if earlier.cells else ((), (), ())
    held, there = zip(*earlier.cells.values(), strict=True) if earlier.cells else ((), ())
    columns = [list(column) for column in (facets, clusters, values, held, there)]
    write_table(path.with_suffix(".parquet"), pa.table(dict(zip(_SCHEMA.names, columns, strict=True)), schema=_SCHEMA))
    write_array(path.with_suffix(".npy"), settled.astype(np.int64))
    # Last, for this file makes the record count.
    write_json(path, {"taxonomy": taxonomy, "identity": identity})


def digest(*parts: object) -> str:
    """SHA-256 over plain values, arrays and Arrow tables, in order."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            content = f"{part.dtype}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
        elif isinstance(part, pa.Table):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, part.schema) as writer:
                writer.write_table(part.combine_chunks())
            content = sink.getvalue().to_pybytes()
        else:
            content = json.dumps(part, sort_keys=True, default=str).encode()
        found.update(hashlib.sha256(content).digest())
    return found.hexdigest()
