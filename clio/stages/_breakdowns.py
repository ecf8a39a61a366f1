"""Clusters by facet value, by two facets crossed, and by week: what is shown of them, and the rest where it passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.privacy.suppression import ROOT, Cells, shown
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


def breakdowns(
    counter: Counter,
    nodes: Sequence[Node],
    facets: Sequence[Facet],
    pairs: Sequence[tuple[str, str]],
    rules: Rules,
) -> Tables:
    """The tables ``breakdowns`` and ``trends``; what is hidden is added to ``rules.hidden``."""
    by_name = {facet.name: facet for facet in facets}
    rows: list[dict[str, object]] = []
    weeks = counter.weeks()
    visible = _visible(weeks, rules)
    trends = [
        {"week" if key == "value" else key: value for key, value in row.items() if key != "facet"}
        for row in _rows(counter, weeks, visible, nodes, rules)
    ]
    own: dict[str, Own] = {}
    for facet in facets:
        if facet.kind == "text":  # free text is never a cell
            continue
        if facet.kind == "computed" and (facet.compute or facet.name) == "week":
            own[facet.name] = Own(weeks, visible)  # shown in the trends table
            continue
        counted = counter.facet(facet)
        shown_cells = _visible(counted, rules)
        own[facet.name] = Own(counted, shown_cells)
        rows += _rows(counter, counted, shown_cells, nodes, rules)
    for one, other in pairs:
        crossed = _of_root(counter.pair(by_name[one], by_name[other]))
        rows += _rows(counter, crossed, _visible_pair(crossed, own[one], own[other], rules), nodes, rules)
    return {"breakdowns": BREAKDOWNS.build(rows), "trends": TRENDS.build(trends)}


@dataclass(frozen=True, slots=True)
class Own:
    """One facet by itself: its cells, and which of them are shown."""

    counted: Counted
    visible: NDArray[np.bool_]

    def root(self) -> tuple[NDArray[np.int64], set[str]]:
        """Rows of the cells of the whole release, and the values of those that are shown."""
        rows = np.flatnonzero(self.counted.cells.node == 0)
        return rows, {self.counted.values[self.counted.cells.value[row]] for row in rows if self.visible[row]}


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


def _visible(counted: Counted, rules: Rules, allowed: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Cells that may be shown; those whose value is no label, or holds an identifier, may not."""
    cells = counted.cells
    wanted = rules.thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)
    if allowed is not None:
        wanted &= allowed
    fit = np.zeros(len(counted.values), dtype=np.bool_)
    for value in np.unique(cells.value[wanted]):
        label = counted.values[value]
        fit[value] = bool(label) and not rules.scan(label)
    wanted &= fit[cells.value]
    return shown(cells, rules.thresholds, adds_up=counted.adds_up, allowed=wanted)


def _visible_pair(counted: Counted, one: Own, other: Own, rules: Rules) -> NDArray[np.bool_]:
    """Which cells of two facets crossed over the whole release are shown: none of a value that is itself hidden.

    The values of ``one`` are seen as children of the whole, and the values of ``other`` add up over them: then the own
    cells of ``other`` are the totals, and what they show already is part of what a reader can subtract from.
    """
    cells = counted.cells
    halves = [counted.halves[value] for value in cells.value]
    known = (one.root()[1], other.root()[1])
    allowed = np.array([all(h in k for h, k in zip(pair, known, strict=True)) for pair in halves], dtype=np.bool_)
    allowed &= rules.thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)
    first = {name: n for n, name in enumerate(sorted({pair[0] for pair in halves}), start=1)}
    second = {name: n for n, name in enumerate(sorted({pair[1] for pair in halves}))}
    node = np.array([first[pair[0]] for pair in halves], dtype=np.int64)
    value = np.array([second[pair[1]] for pair in halves], dtype=np.int64)
    if not (one.counted.adds_up and other.counted.adds_up):
        # With several values a conversation only one direction adds up, at most: each value's row by itself.
        if not one.counted.adds_up and not other.counted.adds_up:
            return allowed
        row = node if other.counted.adds_up else value
        column = value if other.counted.adds_up else node
        parent = np.full(int(row.max(initial=0)) + 1, ROOT)
        alone = Cells(row, column, cells.conversations, cells.accounts, cells.largest, parent)
        return shown(alone, rules.thresholds, allowed=allowed)
    totals, shown_totals = other.root()
    own = other.counted.cells
    rows = np.array([r for r in totals if other.counted.values[own.value[r]] in second], dtype=np.int64)
    names = [other.counted.values[own.value[r]] for r in rows]
    public = np.array([name in shown_totals for name in names], dtype=np.bool_)
    joint = Cells(
        np.r_[np.zeros(len(rows), dtype=np.int64), node],
        np.r_[np.array([second[name] for name in names], dtype=np.int64), value],
        np.r_[own.conversations[rows], cells.conversations],
        np.r_[own.accounts[rows], cells.accounts],
        np.r_[own.largest[rows], cells.largest],
        np.r_[ROOT, np.zeros(len(first), dtype=np.int64)].astype(np.int64),
    )
    visible = shown(joint, rules.thresholds, allowed=np.r_[public, allowed])
    # What is public already cannot be hidden to protect a crossed cell: then no crossed cell is shown.
    return visible[len(rows) :] if bool(np.all(visible[: len(rows)] == public)) else np.zeros(len(node), dtype=np.bool_)


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
