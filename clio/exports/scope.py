"""Which part of a release goes into an export: rows of released tables, never anything worked out of them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from clio.errors import RunError
from clio.exports.guard import frame_of
from clio.privacy.wall import clean_text
from clio.tables import TABLES

if TYPE_CHECKING:
    from clio.explore.release import Release

ALL = "all"
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """A cluster with everything below it, one level, or everything."""

    cluster: str | None = None
    level: int | None = None

    def told(self) -> str:
        """For a person."""
        if self.cluster is not None:
            below = f"cluster {self.cluster} and everything below it"
            return below if self.level is None else f"level {self.level} of {below}"
        return "the whole release" if self.level is None else f"clusters of level {self.level}"


def scoped(release: Release, scope: Scope) -> dict[str, pa.Table]:
    """Every release table, cut to the scope, with clean texts, columns as declared in :mod:`clio.tables`.

    What is of no single cluster stays out where a cluster is asked for: rows of ``all`` and the squares of the map.
    Levels that no cluster of the scope is on are left out; rules are never cut.

    Raises:
        RunError: the release has no such cluster or level.
        TableError: a frame is not what its table declares.
    """
    tables = {
        name: _cleaned(declared.validate(pa.Table.from_pandas(frame_of(release, name), preserve_index=False)))
        for name, declared in TABLES.items()
        if declared.side == "release"
    }
    clusters = tables["clusters"]
    if scope.cluster is not None:
        below = _below(release, scope.cluster)
        clusters = clusters.filter(pc.is_in(clusters["cluster_id"], pa.array(sorted(below), pa.string())))
        tables["map"] = tables["map"].slice(0, 0)
    if scope.level is not None:
        levels = sorted(set(clusters["level"].to_pylist()))
        if scope.level not in levels:
            known = ", ".join(map(str, levels)) or "none"
            raise RunError(f"no clusters of level {scope.level} are released there; levels: {known}.")
        clusters = clusters.filter(pc.equal(clusters["level"], scope.level))
    tables["clusters"] = clusters
    if scope != Scope():
        ids = clusters["cluster_id"].to_pylist() + ([ALL] if scope.cluster is None else [])
        for name in ("breakdowns", "trends"):
            inside = pc.is_in(tables[name]["cluster_id"], pa.array(ids, pa.string()))
            tables[name] = tables[name].filter(inside)
        shown = pa.array(sorted(set(clusters["level"].to_pylist())), pa.int32())
        tables["levels"] = tables["levels"].filter(pc.is_in(tables["levels"]["level"], shown))
    return tables


def _cleaned(table: pa.Table) -> pa.Table:
    """Released texts are clean; those of a release that was tampered with may not be."""
    for number, field in enumerate(table.schema):
        column = table.column(number)
        if pa.types.is_string(field.type):
            clean: list[Any] = [None if text is None else clean_text(text) for text in column.to_pylist()]
        elif pa.types.is_list(field.type):
            clean = [None if texts is None else [clean_text(str(t)) for t in texts] for texts in column.to_pylist()]
        else:
            continue
        table = table.set_column(number, field, pa.array(clean, field.type))
    return table


def _below(release: Release, cluster: str) -> set[str]:
    if cluster not in release.rows:
        near = difflib.get_close_matches(cluster, list(release.rows), n=_NEAREST, cutoff=0.0)
        rather = f" Nearest: {', '.join(map(clean_text, near))}." if near else " It has no clusters at all."
        raise RunError(f"no cluster `{clean_text(cluster)[:40]}` in this release.{rather}")
    found, waiting = set(), [cluster]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting += release.children.get(at, [])
    return found
