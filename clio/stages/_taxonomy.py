"""A taxonomy fixed in advance: clusters that are given instead of learned, and which conversation belongs to which.

What is written here is what ``cluster``, ``describe`` and ``arrange`` would have written, so that all that follows is
the same; the runner puts these functions in their place (:func:`in_place`). Neither names nor keys depend on the data,
and a conversation's cluster depends on that conversation alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.models.protocol import Encoder, Vectors
from clio.runs.context import Context
from clio.runs.files import write_array
from clio.runs.stage import Stage
from clio.stages._taxonomy_file import Entry, read_entries
from clio.stages._texts import read_texts
from clio.tables import ASSIGNMENTS, AUDITS, DESCRIPTIONS, HIERARCHY
from clio.vectors.store import open_vectors

CENTROIDS = "centroids.npy"
REDRAWN = "redrawn.npy"
NO_TEXT = -2
WRITER = "taxonomy"
GIVEN = "not audited: given in advance"
CHUNK = 65_536
"""Rows of vectors compared at once."""
_SHOWN = ("cluster_id", "name", "summary", "terms", "writer")
_UNJUDGED: Mapping[str, object] = {
    "outcome": "kept", "reason": "", "auditor": GIVEN, "accounts": "", "identifiability": None, "sensitivity": None,
    "first_identifiability": None, "first_sensitivity": None, "kinds": [], "terms_hidden": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Clusters of all levels; children partition their parent and every base cluster is at level 0."""

    entries: tuple[Entry, ...]
    """Base clusters first, in the order given."""
    other_below: float | None
    """Least cosine similarity; a conversation below it belongs to the cluster ``Other``. None: nearest always."""
    learned_here: bool = False
    """Whether it is known to come from a release of the same data: then it was not fixed in advance."""

    @property
    def base(self) -> tuple[Entry, ...]:
        """The clusters that conversations are assigned to; the n-th is base cluster number n."""
        return tuple(entry for entry in self.entries if entry.level == 0)

    @property
    def digest(self) -> str:
        """Of everything in it: part of the keys of the stages that follow."""
        entries = [asdict(entry) for entry in self.entries]
        told = json.dumps([entries, self.other_below, self.learned_here], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Assigned:
    """Which base cluster every vector is nearest to."""

    labels: NDArray[np.int32]
    similarity: NDArray[np.float32]
    """Cosine to that cluster's vector; for ``Other`` to the nearest one that was too far."""
    centroids: Vectors
    """Vectors of the base clusters. That of ``Other`` is zero."""


def load_taxonomy(path: str | Path) -> Taxonomy:
    """Read YAML, JSON, Parquet, or the folder of a release or run; docs/noise.md has the format.

    Raises:
        InputError: it cannot be read, or is no taxonomy; names the entry by its place and never by its words.
    """
    entries, other_below = read_entries(Path(path))
    return Taxonomy(entries, other_below)


def assign(vectors: Vectors, taxonomy: Taxonomy, encoder: Encoder) -> Assigned:
    """The nearest base cluster of each vector by cosine to the embedding of its name and summary.

    ``vectors`` have to be each made of one conversation alone: see docs/noise.md on the shift of languages. Equal
    similarity goes to the first of the taxonomy.
    """
    base = taxonomy.base
    centroids = np.array(encoder.encode([entry.text for entry in base]), dtype=np.float32)
    other = np.array([entry.other for entry in base])
    centroids[other] = 0
    labels = np.empty(len(vectors), dtype=np.int32)
    similarity = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), CHUNK):
        block = np.asarray(vectors[start : start + CHUNK], dtype=np.float32)
        near = np.where(other, -np.inf, block @ centroids.T)
        best = near.argmax(axis=1)
        labels[start : start + CHUNK] = best
        similarity[start : start + CHUNK] = near[np.arange(len(block)), best]
    if taxonomy.other_below is not None:
        labels[similarity < taxonomy.other_below] = int(np.flatnonzero(other)[0])
    return Assigned(labels, similarity, centroids)


def in_place(stage: Stage, taxonomy: Taxonomy | None) -> Stage:
    """The stage as it is run with a taxonomy: its work is done by the file, and the file decides its result."""
    if taxonomy is None or stage.name not in ("embed", *_RUNS):
        return stage
    if stage.name == "embed":  # looks at whether there is a taxonomy, not at which
        return replace(stage, identity=lambda _context: {"given_clusters": True})
    return replace(stage, run=_RUNS[stage.name], identity=lambda _context: {"taxonomy": taxonomy.digest})


def learned_from(path: str | Path, inputs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a taxonomy is the release of a run that shares an input with this one, as far as can be seen.

    ``inputs`` are those of this run's manifest. A release that lies without its run tells nothing.
    """
    ours = {given["sha256"] for given in inputs}
    place = Path(path).resolve()
    for folder in (place, place.parent, place.parent.parent):
        try:
            theirs = json.loads((folder / "manifest.json").read_bytes())["inputs"]
            if ours & {given["sha256"] for given in theirs}:
                return True
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return False


def _given(context: Context) -> Taxonomy:
    assert context.taxonomy is not None
    return context.taxonomy


def _cluster(config: RunConfig, context: Context) -> None:
    """Write ``assignments`` and the centroids."""
    texts, vectors = read_texts(config, context), open_vectors(context.workspace / "vectors")
    with context.reporter.track("cluster", len(vectors)) as advance:
        assigned = assign(vectors, _given(context), context.encoder)
        advance(len(vectors))
    kept = list(dict.fromkeys(context.read("facets").column("conversation_id").to_pylist()))
    write_array(context.workspace / CENTROIDS, assigned.centroids)
    # What is given is not found, so it cannot be found again: no draws, and no stability is told.
    write_array(context.workspace / REDRAWN, np.zeros((0, len(kept)), dtype=np.int32))
    context.write("assignments", assignments_table(kept, texts.conversation_id, assigned))
    context.notes |= notes(_given(context), assigned)


def _describe(_config: RunConfig, context: Context) -> None:
    """Write ``descriptions``."""
    taxonomy = _given(context)
    context.write("descriptions", descriptions_table(taxonomy))
    context.notes |= {"named_by": {WRITER: len(taxonomy.base)}}


def _arrange(_config: RunConfig, context: Context) -> None:
    """Write ``hierarchy``."""
    taxonomy = _given(context)
    context.write("hierarchy", hierarchy_table(taxonomy))
    held = Counter(entry.level for entry in taxonomy.entries)
    context.notes |= {
        "levels": {str(level): held[level] for level in sorted(held)},
        "named_by": {WRITER: len(taxonomy.entries)},
    }


def _audit(_config: RunConfig, context: Context) -> None:
    """Write ``audits``: what was given is shown as it was given. To judge it by who is in it would look at the data."""
    rows = hierarchy_table(_given(context)).to_pylist()
    context.write("audits", AUDITS.build([{name: row[name] for name in _SHOWN} | {**_UNJUDGED} for row in rows]))
    context.notes |= {"auditor": GIVEN, "outcomes": {"kept": len(rows)}}


def hierarchy_table(taxonomy: Taxonomy) -> pa.Table:
    """The table ``hierarchy``."""
    number = {entry.cluster_id: n for n, entry in enumerate(taxonomy.base)}
    return HIERARCHY.build(
        [
            {
                "cluster_id": entry.cluster_id,
                "level": entry.level,
                "parent_id": entry.parent_id,
                "cluster": number.get(entry.cluster_id),
                "name": entry.name,
                "summary": entry.summary,
                "terms": [],
                "writer": WRITER,
            }
            for entry in taxonomy.entries
        ]
    )


def descriptions_table(taxonomy: Taxonomy) -> pa.Table:
    """The table ``descriptions``."""
    return DESCRIPTIONS.build(
        [
            {"cluster": n, "name": entry.name, "summary": entry.summary, "terms": [], "writer": WRITER, "reason": ""}
            for n, entry in enumerate(taxonomy.base)
        ]
    )


def assignments_table(kept: Sequence[str], embedded: Sequence[str], assigned: Assigned) -> pa.Table:
    """The table ``assignments``: one row per kept conversation; those that have no vector have no cluster.

    ``embedded`` names the conversation of each row of the vectors.
    """
    place = {name: row for row, name in enumerate(embedded)}
    rows: list[dict[str, object]] = []
    for name in kept:
        row = place.get(name)
        label = NO_TEXT if row is None else int(assigned.labels[row])
        near = None if row is None else float(assigned.similarity[row])
        rows.append({"conversation_id": name, "cluster": label, "similarity": near})
    return ASSIGNMENTS.build(rows)


def notes(taxonomy: Taxonomy, assigned: Assigned) -> dict[str, Any]:
    """For the manifest of the run. Private: it holds true counts."""
    held = Counter(assigned.labels.tolist())
    found: dict[str, Any] = {
        "method": WRITER,
        "taxonomy": taxonomy.digest[:16],
        "base_clusters": len(taxonomy.base),
        "empty_clusters": sum(not held[n] for n in range(len(taxonomy.base))),
        "mean_similarity": round(float(assigned.similarity.mean()), 4) if len(assigned.similarity) else None,
    }
    if taxonomy.other_below is not None:
        found["other"] = sum(held[n] for n, entry in enumerate(taxonomy.base) if entry.other)
    return found


_RUNS: Mapping[str, Callable[[RunConfig, Context], None]] = {
    "cluster": _cluster,
    "describe": _describe,
    "arrange": _arrange,
    "audit": _audit,
}
"""What is run in place of the stages of these names."""
