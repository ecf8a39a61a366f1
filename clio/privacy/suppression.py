"""Which cells of a breakdown are shown: primary suppression by thresholds, then complementary suppression.

A breakdown is one facet: cells (cluster, value). Two kinds of sums tie its cells together, and a reader knows both:

* a *row*: the values of one cluster add up to the cluster's size, which is released;
* a *column*: one value over a cluster's children adds up to that value in the cluster.

Cells under threshold are hidden, and then the smallest other cells that it takes until all of this holds:

1. **Every cell shown passes the thresholds.**
2. **What a single sum leaves over passes them too.** In a row, and in a column whose total is shown, the hidden cells
   are none, all, or several that together pass the thresholds, in conversations, in distinct accounts and in the share
   of one account. Counted exactly where the conversations of each account are given (:class:`People`), else by bounds
   that err to the side of hiding.
3. **No cell under threshold is known to an interval that gives it away.** A reader who uses all sums together, by any
   mixture of additions and subtractions over rows, columns and levels and the knowledge that nothing is negative, and
   who even knows which cells are empty, is left with an interval for the cell that holds every whole number

   * from 0 to the least number of conversations of a shown cell, where the cell holds fewer than that: it may be empty,
     and it may be a cell that passes and was hidden for the sake of others;
   * from what it holds down by that number, where it holds enough conversations but fails by its accounts.

   The interval is exact, not estimated: see :mod:`clio.privacy._protection`. That a suppressed cell needs a protection
   interval, rather than merely not to be determined, is the auditing rule of Cox (*Journal of the American Statistical
   Association* 90 (1995) 1453) and of Fischetti and Salazar (*Management Science* 47 (2001) 1008), and of the official
   guides (Hundepool and others, *Statistical Disclosure Control*, Wiley 2012, chapters 4 and 5; US Federal Committee on
   Statistical Methodology, Working Paper 22, 2005). For threshold rules they leave its width to the agency; tools often
   take 1. Here it is the threshold itself, the widest that is always possible. A consequence: whatever sum of hidden
   cells a reader can derive, if one of them is under threshold, the sum is not.

Hiding only ever adds, and with every cell hidden only the clusters' sizes are left, for which 3 holds, so this ends.

``known`` are cells that are public already, by an earlier release: they count as shown in all of this, and cannot be
hidden. Then 3 may be out of reach for a cell; everything that widens its interval is hidden, and :func:`exposed` names
it.

It rests on every cluster passing the thresholds itself (publishing settles that first) and on children that partition
their parent. It does *not* promise that

* a hidden cell cannot be bounded at all: a reader may be able to tell that it holds at most as many as the threshold;
* the *accounts* of a hidden cell have such an interval: accounts of cells do not add up, but a reader who sees that a
  cluster has ten and its shown values seven can tell that at least three are in the rest;
* a reader who knows some hidden cells from elsewhere learns nothing;
* facets or tables that are released beside this one cannot be combined with it where they count the same people by
  related values. Crossed facets are such: passing each of their kinds of sums through here, one at a time, gives 1 and
  2 for each kind, but not 3 for all kinds together (three-way tables are no networks).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.privacy._network import Bridges, Network
from clio.privacy._protection import protect, unprotected
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


@dataclass(frozen=True, slots=True)
class People:
    """Who is in which cell: one entry per cell and account, in the order of cells."""

    cell: Ints
    """Place in the arrays of :class:`Cells`, ascending."""
    account: Ints
    conversations: Ints

    def only(self, chosen: Bools) -> People:
        """Those in the cells chosen, which are numbered anew."""
        there = chosen[self.cell]
        return People((np.cumsum(chosen) - 1)[self.cell[there]], self.account[there], self.conversations[there])

    def __add__(self, other: People) -> People:
        """These, and those in as many further cells; the first has to have somebody in its last cell."""
        further = other.cell + int(self.cell.max(initial=-1)) + 1
        return People(
            np.r_[self.cell, further], np.r_[self.account, other.account],
            np.r_[self.conversations, other.conversations],
        )  # fmt: skip


def shown(
    cells: Cells,
    thresholds: Thresholds,
    *,
    adds_up: bool = True,
    allowed: Bools | None = None,
    known: Bools | None = None,
    people: Callable[[], People] | None = None,
) -> Bools:
    """Cells that may be released.

    ``adds_up`` is False for facets where a conversation has several values: their rows are no sums.
    ``allowed`` marks cells whose value may be shown at all (None: every one), ``known`` those that are public already.
    ``people`` is asked, once at most, where bounds do not decide whether hidden cells pass together.
    """
    passing = primary(cells, thresholds)
    wanted = passing if allowed is None else passing & allowed
    public = np.zeros_like(wanted) if known is None else known
    if (wanted | public).all():
        return wanted
    network = Network(cells.node, cells.value, cells.parent, adds_up=adds_up)
    # A cell that the sizes of the clusters give away by themselves is no use for hiding others behind.
    useful = ~network.bridges(np.ones(len(wanted), dtype=np.bool_)).found & ~public
    table = _Table(cells, thresholds, ([_rows(cells)] if adds_up else []) + [_columns(cells)], people)
    visible = _settle(wanted | public, table, useful)
    while True:
        bridges = network.bridges(~visible)
        faults = bridges.found & ~passing & useful
        if not faults.any():
            hide, stuck = _choose(table, visible & useful, visible | bridges.found)
            if len(hide):
                visible[hide] = False
                continue
            faults = np.zeros_like(visible)
            faults[stuck] = True
            faults &= bridges.found & useful
        if faults.any() and _join(network, bridges, np.flatnonzero(faults), cells, visible, useful):
            continue
        if not protect(network, cells.conversations, ~passing, visible, useful, thresholds.conversations):
            # What can be worked out anyway, and passes, might as well be shown.
            return wanted & (visible | network.bridges(~visible).found)


def exposed(cells: Cells, thresholds: Thresholds, public: Bools, *, adds_up: bool = True) -> Bools:
    """Hidden cells under threshold for which 3 of the module's list does not hold, when ``public`` cells are shown."""
    network = Network(cells.node, cells.value, cells.parent, adds_up=adds_up)
    sensitive = ~primary(cells, thresholds)
    return unprotected(network, cells.conversations, sensitive, ~public, thresholds.conversations)


def _join(network: Network, bridges: Bridges, faults: Ints, cells: Cells, visible: Bools, hideable: Bools) -> bool:
    """Put each bridge on a cycle of hidden cells by hiding the cells of the lightest way around it; was any hidden?"""
    weight = np.where(visible, np.where(hideable, cells.conversations, -1), 0).tolist()
    changed = False
    for edge in faults.tolist():
        for step in network.way_around(edge, bridges, weight) or ():
            if weight[step] > 0:
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


class _Table:
    """Cells with all sums that tie them together, and exact numbers where bounds do not do."""

    def __init__(
        self, cells: Cells, thresholds: Thresholds, kinds: list[_Sums], people: Callable[[], People] | None
    ) -> None:
        self.cells, self.thresholds, self.kinds = cells, thresholds, kinds
        self._ask = people
        self._people: People | None = None

    def too_little(self, sums: _Sums, known: Bools) -> Bools:
        """Sums whose total is known and that leave too little over when what is known of them is taken away."""
        cells, n = self.cells, len(sums.total)
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
        some = given & (count > 0) & (count < np.bincount(sums.group, minlength=n))
        little = ~self.thresholds.pass_mask(conversations, accounts, largest)
        if self._ask is not None:
            most = np.bincount(group, weights=cells.accounts[part], minlength=n).astype(np.int64)
            least = np.zeros(n, dtype=np.int64)
            np.maximum.at(least, group, cells.largest[part])
            open_ended = some & little & (count > 1) & self.thresholds.pass_mask(conversations, most, least)
            if open_ended.any():
                asked = open_ended[group]
                accounts, largest = self._exact(part[asked], group[asked], n)
                little &= ~(open_ended & self.thresholds.pass_mask(conversations, accounts, largest))
        return np.asarray(some & (little | (count == 1)), dtype=np.bool_)

    def _exact(self, part: Ints, group: Ints, n: int) -> tuple[Ints, Ints]:
        """Distinct accounts, and conversations of the largest one, of cells pooled by group."""
        if self._people is None:
            assert self._ask is not None
            self._people = self._ask()
        people = self._people
        first = np.searchsorted(people.cell, part)
        length = np.searchsorted(people.cell, part, side="right") - first
        place = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + np.repeat(first, length)
        width = int(people.account.max(initial=-1)) + 1
        key, inverse = np.unique(np.repeat(group, length) * width + people.account[place], return_inverse=True)
        each = np.bincount(inverse, weights=people.conversations[place], minlength=len(key)).astype(np.int64)
        accounts = np.bincount(key // width, minlength=n)
        largest = np.zeros(n, dtype=np.int64)
        np.maximum.at(largest, key // width, each)
        return accounts, largest


def _choose(table: _Table, candidates: Bools, known: Bools) -> tuple[Ints, Ints]:
    """Per faulty sum, the smallest candidate among its parts, else its total; and all cells of sums without either."""
    cells = table.cells
    hide: list[Ints] = []
    stuck: list[Ints] = []
    for sums in table.kinds:
        faults = table.too_little(sums, known)
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


def _settle(visible: Bools, table: _Table, useful: Bools) -> Bools:
    """Hide until no single sum leaves too little over."""
    while True:
        hide, _ = _choose(table, visible & useful, visible)
        if not len(hide):
            return visible
        visible[hide] = False
