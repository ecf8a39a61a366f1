"""Filters, answered from released cells alone.

What a filter shows of a cluster is a released cell, or a sum of released cells of one facet: never the remainder of a
subtraction, and never two facets at once, except where the release itself crosses them over the whole. So no filter
reaches a group smaller than one that the release already shows. Every result is held to the thresholds again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clio.explore.release import ALL, WEEK
from clio.privacy.rounding import nearest

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release
    from clio.explore.state import Filter


@dataclass(frozen=True, slots=True)
class Cell:
    """People of one cluster that a filter is about. Where ``exact`` is false the numbers are the least there can be."""

    conversations: int
    accounts: int
    """At least: people with two of the chosen values are in both of their cells."""
    accounts_most: int
    exact: bool
    """Whether every chosen value is released here (or known to be absent), so that ``conversations`` is all."""


@dataclass(frozen=True)
class Answer:
    """Cells by cluster id, :data:`~clio.explore.release.ALL` for the whole; a cluster without one is hidden."""

    cells: Mapping[str, Cell] = field(default_factory=dict)
    refused: str = ""
    """Why the question cannot be answered from what is released; empty where it can."""
    whole_only: bool = False
    """Whether only the whole release is told about (facets that are crossed there and nowhere else)."""
    asked: bool = False
    """Whether there is a filter at all."""

    @property
    def by_cluster(self) -> bool:
        """Whether it tells of single clusters: what has no cell then is hidden."""
        return self.asked and not self.refused and not self.whole_only

    def share(self, release: Release, cluster_id: str) -> float | None:
        """Of the cluster's conversations, 0 to 1; None where it is hidden."""
        cell = self.cells.get(cluster_id)
        total = size_of(release, cluster_id)
        return None if cell is None or not total else min(1.0, cell.conversations / total)

    def hidden(self, release: Release) -> list[str]:
        """Clusters of which the filter tells nothing."""
        return [name for name in release.rows if name not in self.cells] if self.by_cluster else []


def size_of(release: Release, cluster_id: str) -> int:
    """Conversations of a cluster, or of the whole."""
    if cluster_id == ALL:
        return int(release.about.get("conversations") or 0)
    row = release.rows.get(cluster_id)
    return int(row["conversations"]) if row else 0


def answer(release: Release, filters: Sequence[Filter]) -> Answer:
    """What the release can say about conversations that satisfy every filter; one without values asks nothing."""
    filters = [pair for pair in filters if pair[1]]
    if not filters:
        return Answer()
    if len(filters) == 1:
        facet, values = filters[0]
        adds_up = facet == WEEK or (facet in release.single and release.single[facet].adds_up)
        return Answer(_cells(release, cells_of(release, facet), list(values), adds_up), asked=True)
    if len(filters) > 2:
        return Answer(refused="A release crosses two facets at most. Take a filter away.", asked=True)
    return _crossed(release, filters[0], filters[1])


def cells_of(release: Release, facet: str) -> pd.DataFrame:
    """Released cells of one facet, weeks like any other: columns cluster_id, value, kind, conversations, accounts."""
    if facet == WEEK:
        return release.trends.rename(columns={"week": "value"})
    return release.breakdowns[release.breakdowns["facet"] == facet]


def passes(release: Release, conversations: int, accounts: int) -> bool:
    """The thresholds once more, as far as a released cell can be held to them.

    No account has more than its share of a sum either: the parts of a sum hold distinct conversations, and in each of
    them no account passes it.
    """
    base = int(((release.about.get("settings") or {}).get("release") or {}).get("round_to") or 1)
    least = release.thresholds
    return conversations >= nearest(least.conversations, base) and accounts >= nearest(least.accounts, base)


def _cells(release: Release, table: pd.DataFrame, values: list[str], adds_up: bool) -> dict[str, Cell]:
    chosen = table[(table["kind"] == "value") & table["value"].isin(values)]
    whole = _told_whole(release, table) if adds_up else set()
    found = {}
    for name, rows in chosen.groupby("cluster_id", sort=False):
        counts, people = rows["conversations"], rows["accounts"]
        # Several values a conversation: the same one may be in all of them.
        conversations = int(counts.sum()) if adds_up else int(counts.max())
        accounts = int(people.max())
        cluster = str(name)
        exact = (adds_up and (len(rows) == len(values) or cluster in whole)) or len(values) == 1
        if passes(release, conversations, accounts):
            most = min(int(people.sum()), _accounts(release, cluster))
            found[cluster] = Cell(conversations, accounts, max(most, accounts), exact)
    return found


def _told_whole(release: Release, table: pd.DataFrame) -> set[str]:
    """Clusters whose shown values are all of their conversations: what is not listed there is absent, not hidden."""
    shown = table[table["kind"] == "value"].groupby("cluster_id")["conversations"].sum()
    base = int(((release.about.get("settings") or {}).get("release") or {}).get("round_to") or 1)
    if base > 1:
        return set()
    return {str(name) for name, total in shown.items() if int(total) == size_of(release, str(name))}


def _accounts(release: Release, cluster_id: str) -> int:
    if cluster_id == ALL:
        return int(release.about.get("accounts") or 0)
    row = release.rows.get(cluster_id)
    return int(row["accounts"]) if row else 0


def _crossed(release: Release, one: Filter, other: Filter) -> Answer:
    """Two facets: only where the release crosses them, over the whole."""
    for first, second in ((one, other), (other, one)):
        table = release.breakdowns[release.breakdowns["facet"] == f"{first[0]} x {second[0]}"]
        if not len(table):
            continue
        pairs = [f"{left} x {right}" for left in first[1] for right in second[1]]
        adds_up = all(f in release.single and release.single[f].adds_up for f in (first[0], second[0]))
        cells = _cells(release, table[table["cluster_id"] == ALL], pairs, adds_up)
        told = {name: _least(cell, len(pairs)) for name, cell in cells.items()}
        return Answer(told, whole_only=True, asked=True)
    return Answer(
        asked=True,
        refused=f"The release does not cross {one[0]} with {other[0]}. Putting the two together here would mean "
        "counting groups that were never held to the thresholds, so it is not done. Whoever owns the data can ask for "
        f"it: facets.intersections: [[{one[0]}, {other[0]}]]",
    )


def _least(cell: Cell, pairs: int) -> Cell:
    return Cell(cell.conversations, cell.accounts, cell.accounts_most, cell.exact and pairs == 1)


def telling_pair(release: Release) -> tuple[str, str, str] | None:
    """Facet and two of its values that most clusters show both of: where a comparison has most to say."""
    best: tuple[int, str, str, str] | None = None
    for facet in release.single.values():
        cells = cells_of(release, facet.name)
        cells = cells[(cells["kind"] == "value") & (cells["cluster_id"] != ALL)]
        commonest = [str(value) for value in cells["value"].value_counts().index[:2]]
        if len(commonest) < 2 or not set(commonest) <= set(facet.order):
            continue
        one, other = (set(cells[cells["value"] == value]["cluster_id"]) for value in commonest)
        if best is None or len(one & other) > best[0]:
            best = (len(one & other), facet.name, commonest[0], commonest[1])
    return None if best is None else best[1:]


def first_pair(release: Release, facet: str) -> tuple[str, str]:
    """Two values of a facet to begin with; of weeks, the first half of them and the second."""
    from clio.explore.state import period_text

    if facet != WEEK:
        one, other = release.single[facet].order[:2]
        return one, other
    weeks, middle = release.weeks, len(release.weeks) // 2
    return period_text(weeks[0], weeks[middle - 1]), period_text(weeks[middle], weeks[-1])
