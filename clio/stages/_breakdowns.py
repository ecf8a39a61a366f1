"""Clusters by facet value, by two facets crossed, and by week: what is shown of them, and the rest where it passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.privacy.history import Earlier
from clio.privacy.suppression import ROOT, Cells, People, exposed, shown
from clio.privacy.thresholds import Thresholds
from clio.stages._cells import Counted, Counter
from clio.tables import BREAKDOWNS, TRENDS

ALL = "all"
"""Cluster id of the whole release in breakdowns and trends."""
Tables = dict[str, pa.Table]
Scan = Callable[[str], Sequence[object]]


@dataclass(frozen=True, slots=True)
class Node:
    """One cluster that is released, or the root."""

    row: dict[str, Any] | None
    parent: int
    members: NDArray[np.int64]
    """Rows of the counted conversations."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides whether a cell is shown, and what was not."""

    thresholds: Thresholds
    scan: Scan
    """Finds identifiers and secrets in a text; a value that holds one is no cell."""
    hidden: dict[str, int]
    earlier: Earlier = field(default_factory=Earlier)
    """What readers know of earlier releases; what is shown now is written down in it."""
    mixed: frozenset[str] = frozenset()
    """Clusters that count others than in the first release: no cells are shown of them."""


def breakdowns(
    counter: Counter,
    nodes: Sequence[Node],
    facets: Sequence[Facet],
    pairs: Sequence[tuple[str, str]],
    rules: Rules,
) -> Tables:
    """The tables ``breakdowns`` and ``trends``; what is hidden is added to ``rules.hidden``."""
    by_name = {facet.name: facet for facet in facets}
    crossed = {name for pair in pairs for name in pair}
    rows: list[dict[str, object]] = []
    week = _own(counter, counter.weeks(), nodes, rules, True)
    trends = [
        {"week" if key == "value" else key: value for key, value in row.items() if key != "facet"}
        for row in _rows(counter, week.counted, week.visible, nodes, rules)
    ]
    own: dict[str, Own] = {}
    for facet in facets:
        if facet.kind == "text":  # free text is never a cell
            continue
        if facet.kind == "computed" and (facet.compute or facet.name) == "week":
            own[facet.name] = week  # shown in the trends table
            continue
        mine = own[facet.name] = _own(counter, counter.facet(facet), nodes, rules, facet.name in crossed)
        rows += _rows(counter, mine.counted, mine.visible, nodes, rules)
    for one, other in pairs:
        counted = counter.pair(by_name[one], by_name[other])
        people = counter.people().only(counted.cells.node == 0)
        counted = _of_root(counted)
        rows += _rows(
            counter, counted, _visible_pair(counted, people, own[one], own[other], nodes, rules), nodes, rules
        )
    return {"breakdowns": BREAKDOWNS.build(rows), "trends": TRENDS.build(trends)}


@dataclass(frozen=True, slots=True)
class Own:
    """One facet by itself: its cells, and which of them are shown."""

    counted: Counted
    visible: NDArray[np.bool_]
    known: NDArray[np.bool_]
    """Cells that an earlier release showed."""
    people: People | None
    """Who is in the cells of the whole release; only of facets that are crossed."""

    def root(self, public: NDArray[np.bool_]) -> set[str]:
        """Values of the whole release that ``public`` marks."""
        cells = self.counted.cells
        return {self.counted.values[value] for value in cells.value[(cells.node == 0) & public]}


def _own(counter: Counter, counted: Counted, nodes: Sequence[Node], rules: Rules, crossed: bool) -> Own:
    """What is shown of one facet by itself; call it right after counting. It is written down for later releases."""
    cells, names = counted.cells, _names(counted, nodes)
    known = rules.earlier.known(counted.facet, names, cells.conversations)
    allowed = _allowed(counted, names, rules)
    visible = shown(
        cells, rules.thresholds, adds_up=counted.adds_up, allowed=allowed, known=known, people=counter.people
    )
    public = visible | known
    _note(counted, names, visible, known, rules)
    if rules.earlier.entries:
        rules.earlier.given_away += int(exposed(cells, rules.thresholds, public, adds_up=counted.adds_up).sum())
    return Own(counted, visible, known, counter.people().only(cells.node == 0) if crossed else None)


def _names(counted: Counted, nodes: Sequence[Node]) -> list[tuple[str, str]]:
    """Cluster and value of each cell."""
    names = [ALL if node.row is None else str(node.row["cluster_id"]) for node in nodes]
    cells = zip(counted.cells.node.tolist(), counted.cells.value.tolist(), strict=True)
    return [(names[node], counted.values[value]) for node, value in cells]


def _note(
    counted: Counted,
    names: list[tuple[str, str]],
    visible: NDArray[np.bool_],
    known: NDArray[np.bool_],
    rules: Rules,
) -> None:
    rules.earlier.note(counted.facet, names, counted.cells.conversations, visible)
    rules.earlier.still_public += int((known & ~visible).sum())


def _of_root(counted: Counted) -> Counted:
    """Only the cells of the whole release.

    Crossed cells of every cluster would add up in three directions (values of either facet, and children): for such
    tables there is no exact test of what can be worked out, and an attack by linear programming succeeded on a tenth of
    random ones. Two directions are a network, for which :func:`shown` is exact.
    """
    cells = counted.cells
    inside = cells.node == 0
    return replace(
        counted,
        adds_up=False,  # no row for the rest: it would be about mixed leftovers of two facets
        cells=Cells(
            cells.node[inside], cells.value[inside], cells.conversations[inside], cells.accounts[inside],
            cells.largest[inside], cells.parent,
        ),
    )  # fmt: skip


def _allowed(counted: Counted, names: list[tuple[str, str]], rules: Rules) -> NDArray[np.bool_]:
    """Cells that pass and may be named; those whose value is no label, or holds an identifier, may not."""
    cells = counted.cells
    wanted = rules.thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)
    wanted &= np.array([cluster not in rules.mixed for cluster, _ in names], dtype=np.bool_)
    fit = np.zeros(len(counted.values), dtype=np.bool_)
    for value in np.unique(cells.value[wanted]):
        label = counted.values[value]
        fit[value] = bool(label) and not rules.scan(label)
    return np.asarray(wanted & fit[cells.value], dtype=np.bool_)


def _visible_pair(
    counted: Counted, people: People, one: Own, other: Own, nodes: Sequence[Node], rules: Rules
) -> NDArray[np.bool_]:
    """Which cells of two facets crossed over the whole release are shown: none of a value that is itself hidden.

    The values of ``one`` are seen as children of the whole, and the values of ``other`` add up over them: then the own
    cells of ``other`` are the totals, and what they show already is part of what a reader can subtract from. With
    several values a conversation only one direction adds up, at most: each value's row by itself.
    """
    cells, names = counted.cells, _names(counted, nodes)
    known = rules.earlier.known(counted.facet, names, cells.conversations)
    halves = [counted.halves[value] for value in cells.value]
    seen = (one.root(one.visible), other.root(other.visible))
    allowed = np.array([all(h in k for h, k in zip(pair, seen, strict=True)) for pair in halves], dtype=np.bool_)
    allowed &= rules.thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)
    allowed &= ALL not in rules.mixed
    if one.counted.adds_up and other.counted.adds_up:
        visible = _visible_joint(counted, (halves, people), (one, other), (allowed, known), rules)
    elif one.counted.adds_up or other.counted.adds_up:
        first, second = _numbers(halves, 0), _numbers(halves, 1)
        row, column = (first, second) if other.counted.adds_up else (second, first)
        alone = replace(cells, node=row, value=column, parent=np.full(int(row.max(initial=0)) + 1, ROOT))
        visible = shown(alone, rules.thresholds, allowed=allowed, known=known, people=lambda: people)
    else:
        visible = allowed
    _note(counted, names, visible, known, rules)
    return visible


def _numbers(halves: Sequence[tuple[str, str]], side: int) -> NDArray[np.int64]:
    labels = {label: n for n, label in enumerate(sorted({pair[side] for pair in halves}))}
    return np.array([labels[pair[side]] for pair in halves], dtype=np.int64)


def _visible_joint(
    counted: Counted,
    given: tuple[Sequence[tuple[str, str]], People],
    owns: tuple[Own, Own],
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    rules: Rules,
) -> NDArray[np.bool_]:
    """Where both facets add up: the crossed cells below the own cells of the second facet, in one network."""
    cells, (halves, people), (one, other), (allowed, known) = counted.cells, given, owns, masks
    # Of values that are not public only the sum of their rows is known: they are one row.
    public_one = one.root(one.visible | one.known)
    first = 1 + _numbers([(left if left in public_one else "", right) for left, right in halves], 0)
    labels = {label: n for n, label in enumerate(sorted({right for _, right in halves}))}
    own = other.counted.cells
    name = [other.counted.values[value] for value in own.value]
    rows = np.flatnonzero((own.node == 0) & np.array([label in labels for label in name], dtype=np.bool_))
    public = (other.visible | other.known)[rows]
    joint = Cells(
        np.r_[np.zeros(len(rows), dtype=np.int64), first],
        np.r_[np.array([labels[name[row]] for row in rows], dtype=np.int64), _numbers(halves, 1)],
        np.r_[own.conversations[rows], cells.conversations],
        np.r_[own.accounts[rows], cells.accounts],
        np.r_[own.largest[rows], cells.largest],
        np.r_[ROOT, np.zeros(int(first.max(initial=0)), dtype=np.int64)].astype(np.int64),
    )
    assert other.people is not None
    everybody = other.people.only(np.isin(np.flatnonzero(own.node == 0), rows)) + people
    before = np.r_[public, known]
    visible = shown(joint, rules.thresholds, allowed=np.r_[public, allowed], known=before, people=lambda: everybody)
    # What is public already cannot be hidden to protect a crossed cell: then no crossed cell is shown.
    worse = exposed(joint, rules.thresholds, before | visible) & ~exposed(joint, rules.thresholds, before)
    return np.zeros_like(allowed) if worse.any() else visible[len(rows) :]


def _rows(
    counter: Counter, counted: Counted, visible: NDArray[np.bool_], nodes: Sequence[Node], rules: Rules
) -> list[dict[str, object]]:
    """Rows of what is shown, and one per cluster for all the rest where that passes. Call it right after counting."""
    cells, thresholds = counted.cells, rules.thresholds
    passing = thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)
    rules.hidden["cells"] += int((~visible).sum())
    rules.hidden["cells_by_subtraction"] += int((passing & ~visible).sum())

    def row(node: int, value: str, kind: str, conversations: int, accounts: int) -> dict[str, object]:
        found = nodes[node].row
        return {
            "cluster_id": ALL if found is None else found["cluster_id"],
            "facet": counted.facet,
            "value": value,
            "kind": kind,
            "conversations": conversations,
            "accounts": accounts,
            "share": conversations / max(1, len(nodes[node].members)),
        }

    rows = [
        row(
            int(cells.node[cell]),
            counted.values[cells.value[cell]],
            "value",
            int(cells.conversations[cell]),
            int(cells.accounts[cell]),
        )
        for cell in np.flatnonzero(visible)
    ]
    if counted.adds_up:
        for node, (conversations, accounts, largest) in sorted(counter.others(counted, visible).items()):
            if thresholds.passes(conversations, accounts, largest):
                rows.append(row(node, "", "other", conversations, accounts))
    return rows
