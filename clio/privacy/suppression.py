"""Which cells of a breakdown are shown: primary suppression by thresholds, then complementary suppression.

A breakdown is one facet: cells (cluster, value). Two kinds of sums tie its cells together, and a reader knows both:

* a *row*: the values of one cluster add up to the cluster's size, which is released;
* a *column*: one value over a cluster's children adds up to that value in the cluster.

Cells under threshold are hidden, and then the smallest other cells that it takes until all of this holds:

1. **Every cell shown passes the thresholds.**
2. **What a single sum leaves over passes them too.** In a row, and in a column whose total is shown, the hidden cells
   are none, all, or several that together pass the thresholds. Together they hold the sum of their conversations, at
   least the accounts of the one with most, and of one account at most the sum of their largest: bounds that need no
   second look at the conversations, and err to the side of hiding.
3. **No cell under threshold can be worked out from all sums together**, by any mixture of additions and subtractions
   over rows, columns and levels and the knowledge that nothing is negative, not even by someone who knows which cells
   are empty: at least one other table of whole numbers agrees with everything that is shown and has another number in
   that cell. This is exact, not a heuristic: see :mod:`clio.privacy._network`.

Hiding only ever adds, and with every cell hidden only the clusters' sizes are left, so this ends.

It rests on every cluster passing the thresholds itself (publishing settles that first) and on children that partition
their parent. It does *not* promise that

* a hidden cell cannot be bounded: a reader may be able to tell that it holds, say, at most four;
* the sum of some hidden cells that several sums together give away passes the thresholds: 2 speaks of single sums;
* a reader who knows some hidden cells from elsewhere, or knows how many people at least are in a cell because accounts
  are counted too, learns nothing;
* facets or tables that are released beside this one cannot be combined with it where they count the same people by
  related values. Crossed facets are such: passing each of their kinds of sums through here, one at a time, gives 1 and
  2 for each kind, but not 3 for all kinds together (three-way tables are no networks).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.privacy._network import Bridges, Network
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
    passing = primary(cells, thresholds)
    wanted = passing if allowed is None else passing & allowed
    if wanted.all():
        return wanted
    network = Network(cells.node, cells.value, cells.parent, adds_up=adds_up)
    # A cell that the sizes of the clusters give away by themselves is no use for hiding others behind.
    useful = ~network.bridges(np.ones(len(wanted), dtype=np.bool_)).found
    sums = ([_rows(cells)] if adds_up else []) + [_columns(cells)]
    visible = _settle(wanted.copy(), sums, cells, thresholds, useful)
    while True:
        bridges = network.bridges(~visible)
        faults = bridges.found & ~passing & useful
        if not faults.any():
            known = visible | bridges.found
            hide, stuck = _choose(sums, cells, thresholds, visible & useful, known)
            if len(hide):
                visible[hide] = False
                continue
            faults = np.zeros_like(visible)
            faults[stuck] = True
            faults &= bridges.found & useful
        if not faults.any() or not _join(network, bridges, np.flatnonzero(faults), cells, visible):
            # What can be worked out anyway, and passes, might as well be shown.
            return visible | (bridges.found & wanted)


def _join(network: Network, bridges: Bridges, faults: Ints, cells: Cells, visible: Bools) -> bool:
    """Put each bridge on a cycle of hidden cells by hiding the cells of the lightest way around it; was any hidden?"""
    weight = np.where(visible, cells.conversations, 0).tolist()
    changed = False
    for edge in faults.tolist():
        for step in network.way_around(edge, bridges, weight) or ():
            if weight[step]:
                visible[step] = False
                weight[step] = 0
                changed = True
    return changed


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of one kind; ``part`` and ``group`` have one entry per part of a sum."""

    part: Ints
    """The cell."""
    group: Ints
    """Number of the sum it belongs to."""
    total: Ints
    """Per sum: the cell that holds the total, or -1 where the total is released in any case."""


def _rows(cells: Cells) -> _Sums:
    n = len(cells.parent)
    return _Sums(np.arange(len(cells.node), dtype=np.int64), cells.node, np.full(n, -1, dtype=np.int64))


def _columns(cells: Cells) -> _Sums:
    """One value over the children of a cluster. A topmost cell is in none."""
    values = int(cells.value.max(initial=-1)) + 1
    part = np.flatnonzero(cells.parent[cells.node] >= 0)
    own = cells.node * values + cells.value
    order = np.argsort(own)
    key = cells.parent[cells.node[part]] * values + cells.value[part]
    keys, group = np.unique(key, return_inverse=True)
    if not np.isin(keys, own).all():
        raise ValueError("a cluster lacks a cell that one of its children has")
    return _Sums(part, group.astype(np.int64), order[np.searchsorted(own, keys, sorter=order)])


def _too_little(sums: _Sums, cells: Cells, thresholds: Thresholds, known: Bools) -> Bools:
    """Sums whose total is known and that leave too little over when what is known of them is taken away."""
    n = len(sums.total)
    unknown = ~known[sums.part]
    part, group = sums.part[unknown], sums.group[unknown]
    count = np.bincount(group, minlength=n)
    conversations = np.bincount(group, weights=cells.conversations[part], minlength=n).astype(np.int64)
    largest = np.bincount(group, weights=cells.largest[part], minlength=n).astype(np.int64)
    accounts = np.zeros(n, dtype=np.int64)
    np.maximum.at(accounts, group, cells.accounts[part])
    # All accounts but the largest have at least one conversation each.
    largest = np.minimum(largest, conversations - accounts + 1)
    given = (sums.total < 0) | known[sums.total]
    some = (count > 0) & (count < np.bincount(sums.group, minlength=n))
    little = (count == 1) | ~thresholds.pass_mask(conversations, accounts, largest)
    return np.asarray(given & some & little, dtype=np.bool_)


def _choose(
    kinds: list[_Sums], cells: Cells, thresholds: Thresholds, candidates: Bools, known: Bools
) -> tuple[Ints, Ints]:
    """Per faulty sum, the smallest candidate among its parts, else its total; and all cells of sums without either."""
    hide: list[Ints] = []
    stuck: list[Ints] = []
    for sums in kinds:
        faults = _too_little(sums, cells, thresholds, known)
        place = np.flatnonzero(faults[sums.group] & candidates[sums.part])
        part, group = sums.part[place], sums.group[place]
        order = np.lexsort((cells.value[part], cells.node[part], cells.conversations[part], group))
        helped, first = np.unique(group[order], return_index=True)
        hide.append(part[order][first])
        faults[helped] = False
        total = sums.total[faults]
        by_total = (total >= 0) & candidates[total]
        hide.append(total[by_total])
        faults[np.flatnonzero(faults)[by_total]] = False
        total = sums.total[faults]
        stuck += [sums.part[faults[sums.group]], total[total >= 0]]
    return np.unique(np.concatenate(hide)), np.unique(np.concatenate(stuck))


def _settle(visible: Bools, kinds: list[_Sums], cells: Cells, thresholds: Thresholds, useful: Bools) -> Bools:
    """Hide until no single sum leaves too little over."""
    while True:
        hide, _ = _choose(kinds, cells, thresholds, visible & useful, visible)
        if not len(hide):
            return visible
        visible[hide] = False
