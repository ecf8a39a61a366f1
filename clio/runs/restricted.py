"""The restricted view: rows of single conversations, for a stated purpose, each look entered in the access log first.

This is the one way from the workspace to a reader. It gives redacted answers to facets, never the text of a source;
with the embedded default an answer to ``request`` is the redacted opening of what the user wrote.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from clio.errors import RunError
from clio.runs import access_log, retention
from clio.runs.files import read_table
from clio.runs.manifest import FILE, Manifest
from clio.runs.purge import refuse_purged
from clio.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

OWN_WORDS = "extractive"
"""Writer of an answer that was taken from what the user wrote."""
_KEPT = ("conversation_id", "account_id", "started_at", "turns", "user_turns", "characters", "model", "surface")


def conversations(
    run: Path, cluster: str | None = None, *, purpose: str, who: str | None = None, own_words: bool = True
) -> pd.DataFrame:
    """The conversations of a cluster of any level, or all of the run: one row each, one column per facet.

    Args:
        run: the run's folder.
        cluster: as in ``clusters.cluster_id``; a cluster that was not released has its id too.
        purpose: why, in a sentence; it is written down.
        who: a name, where the operating system's name of the user does not tell.
        own_words: whether answers are given that are redacted words of the user, and of no model; else they are null.

    Returns:
        What ``conversations`` holds of each, ``cluster_id`` of its base cluster (null without one), ``similarity``
        to its centroid, and the answers; an answer is null where there is none. Nearest to the centroid first.

    Raises:
        PrivacyError: there is no purpose, or the access log does not hold together. Nothing is shown.
        RunError: there is no private side, no such cluster, or the look cannot be entered.
    """
    return entered(run, cluster, purpose=purpose, who=who, own_words=own_words)[0]


def entered(
    run: Path, cluster: str | None = None, *, purpose: str, who: str | None = None, own_words: bool = True
) -> tuple[pd.DataFrame, access_log.Access]:
    """:func:`conversations`, with the line that was entered in the log for them."""
    private = _private(run)
    known, assigned, answers = (_read(private, name) for name in ("conversations", "assignments", "facets"))
    hierarchy = _read(private, "hierarchy")
    base = {row["cluster"]: row["cluster_id"] for row in hierarchy.to_pylist() if row["level"] == 0}
    wanted = list(base) if cluster is None else _below(hierarchy, cluster)
    if cluster is not None:
        assigned = assigned.filter(pc.is_in(assigned.column("cluster"), pa.array(wanted, pa.int32())))
    frame: pd.DataFrame = known.select(list(_KEPT)).to_pandas().merge(assigned.to_pandas(), on="conversation_id")
    frame["cluster_id"] = [base.get(number) for number in frame.pop("cluster")]
    answered = answers.select(["conversation_id", "facet", "value", "writer"]).to_pandas()
    if not own_words:
        answered["value"] = answered["value"].mask(answered["writer"] == OWN_WORDS)
    wide = answered.pivot(index="conversation_id", columns="facet", values="value")
    wide = wide[list(dict.fromkeys(answered["facet"]))].rename_axis(columns=None)
    frame = frame.merge(wide, left_on="conversation_id", right_index=True, how="left", suffixes=("", "_answer"))
    frame = frame.sort_values(["similarity", "conversation_id"], ascending=[False, True], ignore_index=True)
    what = f"cluster {cluster}" if cluster is not None else "all conversations"
    return frame, _enter(run, purpose, who, what, len(frame))


def positions(run: Path, *, purpose: str, who: str | None = None) -> tuple[pd.DataFrame, access_log.Access]:
    """Where the conversations of the run lie on the map: ``x``, ``y`` and ``cluster_id`` of the base cluster (or null).
    With them the line that was entered in the log.

    Without ids, pseudonyms and answers; rows are in the order of their places, which no other table has. Arguments and
    errors are those of :func:`conversations`.
    """
    private = _private(run)
    placed, assigned, hierarchy = (_read(private, name) for name in ("positions", "assignments", "hierarchy"))
    base = {row["cluster"]: row["cluster_id"] for row in hierarchy.to_pylist() if row["level"] == 0}
    found = placed.join(assigned.select(["conversation_id", "cluster"]), "conversation_id", join_type="left outer")
    frame: pd.DataFrame = found.select(["x", "y", "cluster"]).to_pandas()
    frame["cluster_id"] = frame.pop("cluster").map(base)
    frame = frame.sort_values(["x", "y", "cluster_id"], ignore_index=True)
    return frame, _enter(run, purpose, who, "positions of all conversations", len(frame))


def private_table(run: Path, name: str, *, purpose: str, who: str | None = None) -> pd.DataFrame:
    """A whole table of the workspace; its columns are described in ``docs/tables.md``.

    Arguments and errors are those of :func:`conversations`.
    """
    declared = TABLES.get(name)
    if declared is None or declared.side != "workspace":
        names = ", ".join(table.name for table in TABLES.values() if table.side == "workspace")
        raise RunError(f"no private table of this name; there are {names}")
    frame: pd.DataFrame = _read(_private(run), name).to_pandas()
    _enter(run, purpose, who, f"table {name}", len(frame))
    return frame


def _private(run: Path) -> Path:
    if not (run / FILE).is_file():
        raise RunError(f"{run}: is not the folder of a run with its private side (it holds no {FILE})")
    manifest = Manifest.open(run)
    refuse_purged(run, manifest)
    if retention.is_past(manifest.data):
        raise RunError(f"{run}: its private side is {retention.told(run, manifest.data)}. No row of it is shown.")
    if not (run / "workspace").is_dir():
        raise RunError(f"{run}: has no private side any more; what was released is in `release`")
    return run / "workspace"


def _read(private: Path, name: str) -> pa.Table:
    return TABLES[name].validate(read_table(private / f"{name}.parquet"))


def _below(hierarchy: pa.Table, cluster: str) -> list[int]:
    """The base clusters that a cluster is made of."""
    rows: list[dict[str, Any]] = hierarchy.to_pylist()
    names = {cluster} & {row["cluster_id"] for row in rows}
    if not names:
        raise RunError(f"no cluster of this id; ids are like {rows[0]['cluster_id'] if rows else '0-0001'}")
    for row in sorted(rows, key=lambda row: -int(row["level"])):
        if row["parent_id"] in names:
            names.add(row["cluster_id"])
    return [row["cluster"] for row in rows if row["level"] == 0 and row["cluster_id"] in names]


def _enter(run: Path, purpose: str, who: str | None, what: str, rows: int) -> access_log.Access:
    title = str(Manifest.open(run).data.get("title", ""))
    return access_log.record(run, purpose=purpose, who=who, what=what, rows=rows, title=title)
