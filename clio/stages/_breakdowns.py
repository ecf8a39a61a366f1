"""Clusters by facet value, by two facets crossed, and by week: what is shown of them, and the rest where it passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.privacy.suppression import ROOT, shown
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
    own: dict[str, set[tuple[int, str]]] = {}
    for facet in facets:
        if facet.kind == "text":  # free text is never a cell
            continue
        if facet.kind == "computed" and (facet.compute or facet.name) == "week":
            own[facet.name] = _labels(weeks, visible)  # shown in the trends table
            continue
        counted = counter.facet(facet)
        shown_cells = _visible(counted, rules)
        own[facet.name] = _labels(counted, shown_cells)
        rows += _rows(counter, counted, shown_cells, nodes, rules)
    for one, other in pairs:
        crossed = counter.pair(by_name[one], by_name[other])
        add_up = (by_name[other].kind != "multi", by_name[one].kind != "multi")
        rows += _rows(counter, crossed, _visible_pair(crossed, (own[one], own[other]), add_up, rules), nodes, rules)
    return {"breakdowns": BREAKDOWNS.build(rows), "trends": TRENDS.build(trends)}


def _labels(counted: Counted, visible: NDArray[np.bool_]) -> set[tuple[int, str]]:
    """Node and label of every cell that is shown."""
    cells = counted.cells
    return {(int(cells.node[cell]), counted.values[cells.value[cell]]) for cell in np.flatnonzero(visible)}


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


def _visible_pair(
    counted: Counted, own: tuple[set[tuple[int, str]], set[tuple[int, str]]], add_up: tuple[bool, bool], rules: Rules
) -> NDArray[np.bool_]:
    """Crossed cells add up three ways: over the cluster, and to each of the two facets' own cells.

    ``own`` holds those that are shown: a crossed cell of one that is not would tell of what was hidden there.
    ``add_up`` says for each of the two facets whether the other one's values partition its cells.
    """
    cells = counted.cells
    names = [counted.halves[value] for value in cells.value]
    known = [
        all((int(node), half) in side for half, side in zip(pair, own, strict=True))
        for node, pair in zip(cells.node, names, strict=True)
    ]
    visible = _visible(counted, rules, np.array(known, dtype=np.bool_))
    sides = []
    for place in (0, 1):
        _, half = np.unique(np.array([pair[place] for pair in names], dtype=str), return_inverse=True)
        width = max(1, int(half.max(initial=-1)) + 1)
        if add_up[place]:
            sides.append(
                replace(cells, node=cells.node * width + half, parent=np.full(len(cells.parent) * width, ROOT))
            )
    while True:
        before = int(visible.sum())
        for side in sides:
            visible = shown(side, rules.thresholds, allowed=visible)
        visible = shown(cells, rules.thresholds, adds_up=counted.adds_up, allowed=visible)
        if int(visible.sum()) == before:
            return visible


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
