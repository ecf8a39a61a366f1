"""What can be worked out of released tables by linear algebra: every cell that the sums determine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clio.evaluate.attacks.wilson import Rate

if TYPE_CHECKING:
    from clio.runs.read import Run

Name = tuple[str, str]
"""Cluster id (``all`` for the whole) and value."""
People = frozenset[int]
"""The conversations of a cluster, by row: what a variable of an equation is about."""
ALL = "all"
_TINY = 1e-7


@dataclass(frozen=True, slots=True)
class Published:
    """One release with the truth behind it; by facet, then by cluster and value."""

    truth: Mapping[str, Mapping[Name, int]]
    shown: Mapping[str, Mapping[Name, int]]
    """What the release's files say."""
    people: Mapping[str, People]
    """Per cluster whose cells are counted."""
    parents: Mapping[str, str]


def published(run: Run, number: int, cells_of: int | None = None) -> Published:
    """Release ``number`` (from 1) of a run, which is its present one. ``cells_of``: the release in whose clusters its
    cells are counted, where that is an earlier one.
    """
    from clio.runs.files import load_array, read_table

    records = run.folder / "workspace" / "releases"
    rows = read_table(records / f"{number:04d}.parquet").to_pylist()
    truth: dict[str, dict[Name, int]] = defaultdict(dict)
    for row in rows:
        if " x " not in row["facet"]:
            truth[row["facet"]][row["cluster_id"], row["value"]] = row["conversations"]
    people, parents = _people(run.folder, load_array(records / f"{cells_of or number:04d}.npy").astype(np.int64))
    shown: dict[str, dict[Name, int]] = defaultdict(dict)
    for row in run.breakdowns.to_dict("records"):
        if row["kind"] == "value" and row["facet"] in truth:
            shown[row["facet"]][row["cluster_id"], row["value"]] = row["conversations"]
    for row in run.trends.to_dict("records"):
        if row["kind"] == "value" and "week" in truth:
            shown["week"][row["cluster_id"], row["week"]] = row["conversations"]
    return Published(truth, shown, people, parents)


def _people(folder: Path, settled: NDArray[np.int64]) -> tuple[dict[str, People], dict[str, str]]:
    from clio.runs.files import read_table

    rows = read_table(folder / "workspace" / "hierarchy.parquet").to_pylist()
    above = {row["cluster_id"]: row["parent_id"] or ALL for row in rows}
    found: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        members = np.flatnonzero(settled == row["cluster"]).tolist() if row["cluster"] is not None else []
        name = row["cluster_id"]
        while members and name != ALL:
            found[name].update(members)
            name = above[name]
        found[ALL].update(members)
    people = {name: frozenset(members) for name, members in found.items()}
    return people, {name: above[name] for name in people if name != ALL}


@dataclass
class System:
    """The equations of one facet over several releases; a variable is a set of conversations and a value."""

    known: dict[tuple[People, str], int] = field(default_factory=dict)
    truth: dict[tuple[People, str], int] = field(default_factory=dict)
    sums: list[tuple[tuple[People, ...], People | None, int]] = field(default_factory=list)
    """(parts, whole, -) for a column; ((one,), None, total) for a row."""

    def add(self, release: Published, facet: str) -> None:
        """All that one release says of the facet."""
        cells = release.truth.get(facet, {})
        for (cluster, value), count in cells.items():
            if cluster in release.people:
                self.truth[release.people[cluster], value] = count
        for (cluster, value), count in release.shown.get(facet, {}).items():
            if cluster in release.people:
                self.known[release.people[cluster], value] = count
        held: Counter[str] = Counter()
        for (cluster, _), count in cells.items():
            held[cluster] += count
        for cluster, people in release.people.items():
            if held[cluster] == len(people):  # a facet of several values adds up to more
                self.sums.append(((people,), None, len(people)))
        children: dict[str, list[People]] = defaultdict(list)
        for cluster, parent in release.parents.items():
            children[parent].append(release.people[cluster])
        for parent, parts in children.items():
            self.sums.append((tuple(parts), release.people[parent], 0))

    def joined(self) -> None:
        """Clusters of one release that are made of clusters of another."""
        every = sorted({people for people, _ in self.truth}, key=len)
        wholes = {whole for _, whole, _ in self.sums if whole is not None}
        for people in every:
            inside = [one for one in every if one < people]
            largest = [one for one in inside if not any(one < other for other in inside)]
            if people not in wholes and len(largest) > 1 and sum(map(len, largest)) == len(people):
                self.sums.append((tuple(largest), people, 0))

    def determined(self) -> dict[tuple[People, str], int]:
        """Every unknown cell that has one value only, and the value. The attacker knows which cells are empty: among
        positive cells, what the equations leave open is open.
        """
        place = {cell: n for n, cell in enumerate(cell for cell in self.truth if cell not in self.known)}
        if not place:
            return {}
        rows, right = [], []
        values = sorted({value for _, value in self.truth})
        of: dict[People, list[str]] = defaultdict(list)
        for people, value in self.truth:
            of[people].append(value)
        for parts, whole, total in self.sums:
            groups = [[(parts[0], v, 1) for v in of[parts[0]]]] if whole is None else [
                [*((part, v, 1) for part in parts), (whole, v, -1)] for v in values
            ]  # fmt: skip
            for group in groups:
                row, rest = np.zeros(len(place)), float(total)
                for people, value, sign in group:
                    cell = (people, value)
                    if cell in place:
                        row[place[cell]] += sign
                    else:
                        rest -= sign * self.known.get(cell, 0)
                if row.any():
                    rows.append(row)
                    right.append(rest)
        return _unique(np.array(rows).reshape(-1, len(place)), np.array(right), list(place))


def _unique(
    matrix: NDArray[np.float64], right: NDArray[np.float64], cells: Sequence[tuple[People, str]]
) -> dict[tuple[People, str], int]:
    if not len(matrix):
        return {}
    # The projection on the row space: a cell is determined where its unit vector lies in it.
    inverse = np.linalg.pinv(matrix, rcond=1e-9)
    inside = np.einsum("ij,ji->i", inverse, matrix)
    solved = inverse @ right
    return {cells[n]: round(float(solved[n])) for n in np.flatnonzero(inside > 1 - _TINY).tolist()}


@dataclass(frozen=True, slots=True)
class Guesses:
    """The attacker's guess at every hidden cell under threshold: what the sums say, else the commonest count."""

    right: Rate
    determined: Rate
    counts: Mapping[int, int]
    """How many such cells hold how much: what a blind guess is made of."""

    @property
    def blind(self) -> float:
        """Share of the commonest count."""
        return max(self.counts.values(), default=0) / max(1, sum(self.counts.values()))


def guessed(releases: Sequence[Published], least: int, keep: Callable[[str], bool] = lambda _facet: True) -> Guesses:
    """Attack all releases together; ``least`` is the lowest number of conversations that any of them shows."""
    found: list[tuple[int, int | None]] = []
    for facet in sorted({name for release in releases for name in release.truth}):
        if not keep(facet):
            continue
        system = System()
        for release in releases:
            system.add(release, facet)
        if len(releases) > 1:
            system.joined()
        told = system.determined()
        found += [
            (count, told.get(cell))
            for cell, count in system.truth.items()
            if cell not in system.known and count < least
        ]
    counts = Counter(count for count, _ in found)
    usual = max(sorted(counts), key=lambda count: counts[count]) if counts else 0
    return Guesses(
        Rate(sum((usual if guess is None else guess) == count for count, guess in found), len(found)),
        Rate(sum(guess == count for count, guess in found), len(found)),
        counts,
    )
