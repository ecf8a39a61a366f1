"""Which cells of a breakdown are shown: primary suppression by thresholds, then complementary suppression.

A breakdown is one facet: cells (cluster, value). Two kinds of sums tie its cells together, and a reader knows both:

* a *row*: the values of one cluster add up to the cluster's size, which is released;
* a *column*: one value over a cluster's children adds up to that value in the cluster.

A cell that is hidden alone in such a sum can be worked out by subtraction, and a few small cells hidden together give
away how many people they hold between them. So in every sum what is hidden is either nothing, or everything, or at
least two cells that together pass the thresholds; otherwise the smallest shown cell is hidden too, until all hold.
Hiding only ever adds, so this ends. What a reader can then still bound by solving all sums together is measured by the
privacy tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.privacy.thresholds import Thresholds

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ROOT = -1
"""Parent of the topmost node."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one facet that hold at least one conversation; all arrays have one entry per cell."""

    node: Ints
    """Number of the cluster, 0 to len(parent) - 1."""
    value: Ints
    """Number of the facet value."""
    conversations: Ints
    accounts: Ints
    largest: Ints
    """Conversations of the cell's largest account."""
    parent: Ints
    """Per node, not per cell: the parent's number, or ROOT."""


def primary(cells: Cells, thresholds: Thresholds) -> Bools:
    """Cells that pass the thresholds by themselves."""
    return thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)


def shown(cells: Cells, thresholds: Thresholds, *, adds_up: bool = True, allowed: Bools | None = None) -> Bools:
    """Cells that may be released.

    ``adds_up`` is False for facets where a conversation has several values: their rows are no sums.
    ``allowed`` marks cells whose value may be shown at all (None: every one).
    """
    visible = primary(cells, thresholds)
    if allowed is not None:
        visible &= allowed
    while True:
        before = int(visible.sum())
        if adds_up:
            visible = _hide(visible, cells, thresholds, _row_faults)
        visible = _hide(visible, cells, thresholds, _column_faults)
        if int(visible.sum()) == before:
            return visible


@dataclass(frozen=True, slots=True)
class _Sums:
    """What is hidden in each sum: how many cells, how many conversations, the most accounts that one of them has."""

    hidden: Ints
    conversations: Ints
    accounts: Ints
    cells: Ints


def _sums(group: Ints, n: int, cells: Cells, visible: Bools) -> _Sums:
    hidden = ~visible
    accounts = np.zeros(n, dtype=np.int64)
    np.maximum.at(accounts, group[hidden], cells.accounts[hidden])
    return _Sums(
        np.bincount(group, weights=hidden, minlength=n).astype(np.int64),
        np.bincount(group, weights=np.where(hidden, cells.conversations, 0), minlength=n).astype(np.int64),
        accounts,
        np.bincount(group, minlength=n),
    )


def _too_little(sums: _Sums, thresholds: Thresholds) -> Bools:
    """Sums in which something, but too little, is hidden.

    The accounts of several cells together are at least those of the one with most: a bound that needs no second look
    at the conversations, and errs to the side of hiding.
    """
    little = (
        (sums.hidden == 1) | (sums.conversations < thresholds.conversations) | (sums.accounts < thresholds.accounts)
    )
    return np.asarray((sums.hidden > 0) & (sums.hidden < sums.cells) & little, dtype=np.bool_)


def _row_faults(cells: Cells, visible: Bools, thresholds: Thresholds) -> tuple[Ints, Bools]:
    n = len(cells.parent)
    return cells.node, _too_little(_sums(cells.node, n, cells, visible), thresholds)


def _column_faults(cells: Cells, visible: Bools, thresholds: Thresholds) -> tuple[Ints, Bools]:
    """Sums of children; each child's cell belongs to the sum of its parent and value."""
    values = int(cells.value.max(initial=-1)) + 1
    parents = cells.parent[cells.node]
    key = np.where(parents >= 0, parents * values + cells.value, -1)
    own = cells.node * values + cells.value
    keys, group = np.unique(np.r_[key, own], return_inverse=True)
    child_group, own_group = group[: len(key)], group[len(key) :]
    n = len(keys)
    inside = key >= 0
    part = Cells(
        cells.node[inside], cells.value[inside], cells.conversations[inside], cells.accounts[inside],
        cells.largest[inside], cells.parent,
    )  # fmt: skip
    sums = _sums(child_group[inside], n, part, visible[inside])
    total_shown = np.zeros(n, dtype=np.bool_)
    total_shown[own_group] = visible
    faults = _too_little(sums, thresholds) & total_shown
    # A hidden total with every child shown is simply their sum.
    faults |= ~total_shown & (sums.cells > 0) & (sums.hidden == 0)
    return np.where(inside, child_group, n), np.r_[faults, False]


def _hide(
    visible: Bools,
    cells: Cells,
    thresholds: Thresholds,
    find: object,
) -> Bools:
    """Hide the smallest shown cell of every faulty sum, until no sum of this kind is faulty."""
    order = np.lexsort((cells.value, cells.node, cells.conversations))
    while True:
        group, faults = find(cells, visible, thresholds)  # type: ignore[operator]
        candidates = order[(visible & faults[group])[order]]
        if not len(candidates):
            return visible
        _, first = np.unique(group[candidates], return_index=True)
        visible = visible.copy()
        visible[candidates[first]] = False
