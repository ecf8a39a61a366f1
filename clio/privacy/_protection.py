"""How far every hidden cell under threshold can move, in both directions, while the release stays as it is.

In the network of :mod:`clio.privacy._network` a table that agrees with the release differs from the true one by a
circulation in the hidden pipes. A pipe can always take more; it can lose no more than it holds. So the most that a
cell can hold for a reader is what it holds plus the maximum flow from its far end back to its near end through the
other hidden pipes, and the least is what it holds less the maximum flow the other way. Capacities are whole numbers,
so these bounds are attained by whole tables, and linear programming finds the same ones.

This is Cox's formulation of complementary suppression (L. H. Cox, *Network models for complementary cell suppression*,
Journal of the American Statistical Association 90 (1995) 1453-1462): for each cell that needs protection, flow is
routed around it, and shown cells on the cheapest way are hidden where there is not enough.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from clio.privacy._network import Network

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def protect(network: Network, held: Ints, sensitive: Bools, visible: Bools, hideable: Bools, width: int) -> bool:
    """Hide of ``visible`` what it takes until every sensitive hidden cell can move far enough.

    Args:
        network: of all cells.
        held: conversations of each cell, all above zero.
        sensitive: cells that need protection.
        visible: cells that are shown; changed in place.
        hideable: cells that may be hidden. Where that is not enough for a cell, what helps it is hidden all the same.
        width: see :func:`needs`.

    Returns:
        Whether anything was hidden.
    """
    room: list[int] = held.tolist()
    price: list[int] = np.where(visible, np.where(hideable, held, -1), 0).tolist()
    before = int(visible.sum())
    for cell in _uncertain(network, held, ~visible, sensitive, width).tolist():
        for need in needs(network, held, cell, width):
            visible[_route(network, cell, need, room, price)[1]] = False
    return int(visible.sum()) < before


def unprotected(network: Network, held: Ints, sensitive: Bools, hidden: Bools, width: int) -> Bools:
    """Sensitive hidden cells that cannot move far enough."""
    room: list[int] = held.tolist()
    price: list[int] = np.where(hidden, 0, -1).tolist()
    found = np.zeros_like(hidden)
    for cell in _uncertain(network, held, hidden, sensitive, width).tolist():
        found[cell] = any(_route(network, cell, need, room, price)[0] for need in needs(network, held, cell, width))
    return found


def needs(network: Network, held: Ints, cell: int, width: int) -> list[tuple[int, int, int]]:
    """Flows, as (from vertex, to vertex, how much), that let a cell move as far as it has to.

    Up to ``width`` and down to 0; or, where it holds more than that, down by ``width``.
    """
    tail, head, holds = int(network.tail[cell]), int(network.head[cell]), int(held[cell])
    return [(head, tail, max(width - holds, 0)), (tail, head, min(holds, width))]


def _uncertain(network: Network, held: Ints, hidden: Bools, sensitive: Bools, width: int) -> Ints:
    """Sensitive hidden cells that may be unable to move far enough: a quick look that clears most of them.

    Vertices are gathered into groups within which a flow of ``width`` passes from any to any, whichever one sensitive
    cell is taken away (see :class:`_Groups`). A cell is cleared if it lies within a group, or if what joins the groups
    of its ends beside it is enough for it.
    """
    groups = _Groups(network, held, hidden, sensitive, width)
    groups.grow()
    return groups.unclear()


class _Groups:
    """Groups of vertices within which flows of ``width`` pass both ways, whichever one sensitive cell is taken away."""

    def __init__(self, network: Network, held: Ints, hidden: Bools, sensitive: Bools, width: int) -> None:
        self.network, self.held, self.hidden, self.sensitive, self.width = network, held, hidden, sensitive, width
        strong = hidden & ~sensitive & (held >= width)
        self.number = _components(network.tail[strong], network.head[strong], network.vertices)
        """Per vertex."""

    def grow(self) -> None:
        """Make one of two groups where what joins them is enough: any cut parts a group, or is all that joins two."""
        size = self.network.vertices
        while True:
            pairs, pair, edges, ways = self._links()
            enough = np.ones(len(pairs), dtype=np.bool_)
            for flow in ways:
                most = np.zeros(len(pairs), dtype=np.int64)
                np.maximum.at(most, pair, np.where(self.sensitive[edges], flow, 0))
                enough &= np.bincount(pair, weights=flow, minlength=len(pairs)) - most >= self.width
            if not enough.any():
                return
            self.number = _components(pairs[enough] // size, pairs[enough] % size, size)[self.number]

    def unclear(self) -> Ints:
        """Sensitive hidden cells between two groups that too little else joins."""
        pairs, pair, edges, ways = self._links()
        holds, clear = self.held[edges], np.ones(len(edges), dtype=np.bool_)
        rising = self.number[self.network.tail[edges]] == pairs[pair] // self.network.vertices
        for upwards, flow in zip((True, False), ways, strict=True):
            beside = np.bincount(pair, weights=flow, minlength=len(pairs))[pair] - flow
            # What a cell loses flows on along its own direction beside it; what it gains, against it.
            loses = rising == upwards
            need = np.where(loses, np.minimum(holds, self.width), np.maximum(self.width - holds, 0))
            clear &= beside >= need
        return edges[~clear & self.sensitive[edges]]

    def _links(self) -> tuple[Ints, Ints, Ints, tuple[Ints, Ints]]:
        """Pairs of groups, lower number first, as one number; per hidden cell between two, its pair, its place, and
        what it carries from the lower to the higher group and back, at most the width.
        """
        one, other = self.number[self.network.tail], self.number[self.network.head]
        edges = np.flatnonzero(self.hidden & (one != other))
        one, other, holds = one[edges], other[edges], np.minimum(self.held[edges], self.width)
        low = np.minimum(one, other)
        pairs, pair = np.unique(low * self.network.vertices + np.maximum(one, other), return_inverse=True)
        ways = (np.where(one == low, self.width, holds), np.where(one == low, holds, self.width))
        return pairs.astype(np.int64), pair.astype(np.int64), edges, ways


def _components(one: Ints, other: Ints, size: int) -> Ints:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _route(
    network: Network, cell: int, way: tuple[int, int, int], held: list[int], price: list[int]
) -> tuple[int, list[int]]:
    """Send a flow through hidden cells other than ``cell``, and through shown ones at their price where it must be.

    ``way`` is (from vertex, to vertex, how much); ``price`` is 0 for hidden cells and -1 for those that stay shown.
    Gives what could not be sent, and the shown cells on the way.
    """
    source, sink, missing = way
    flow: dict[int, int] = {}
    paid: list[int] = []
    search = _nearest
    while missing:
        path = search(network, cell, (source, sink), held, price, flow)
        if path is None:
            if search is _cheapest:
                return missing, paid
            search = _cheapest
            continue
        sent = missing
        for edge, forward in path:
            if not forward:
                sent = min(sent, held[edge] + flow.get(edge, 0))
        for edge, forward in path:
            flow[edge] = flow.get(edge, 0) + (sent if forward else -sent)
            if price[edge] > 0:
                paid.append(edge)
                price[edge] = 0
        missing -= sent
    return 0, paid


def _nearest(
    network: Network, cell: int, ends: tuple[int, int], held: list[int], price: list[int], flow: dict[int, int]
) -> list[tuple[int, bool]] | None:
    """Hidden cells of the shortest way, each with whether it is gone along; None if there is none."""
    source, sink = ends
    start, edges, others, outward = network.start, network.edge, network.other, network.outward
    came: dict[int, tuple[int, int, bool]] = {source: (source, -1, False)}
    waiting = [source]
    for vertex in waiting:
        for step in range(start[vertex], start[vertex + 1]):
            target, edge = others[step], edges[step]
            if target in came or price[edge] or edge == cell:
                continue
            if edge in flow and not outward[step] and held[edge] + flow[edge] <= 0:
                continue
            came[target] = (vertex, edge, outward[step])
            if target == sink:
                return _back(came, source, sink)
            waiting.append(target)
    return None


def _cheapest(
    network: Network, cell: int, ends: tuple[int, int], held: list[int], price: list[int], flow: dict[int, int]
) -> list[tuple[int, bool]] | None:
    """Cells of the cheapest way, of the shortest among those, each with whether it is gone along; None if none is."""
    source, sink = ends
    start, edges, others, outward = network.start, network.edge, network.other, network.outward
    best = {source: (0, 0)}
    came: dict[int, tuple[int, int, bool]] = {}
    waiting = [(0, 0, source)]
    while waiting:
        cost, hops, vertex = heappop(waiting)
        if vertex == sink:
            break
        if best[vertex] < (cost, hops):
            continue
        for step in range(start[vertex], start[vertex + 1]):
            edge = edges[step]
            if price[edge] < 0 or edge == cell:
                continue
            if edge in flow and not outward[step] and held[edge] + flow[edge] <= 0:
                continue
            target, found = others[step], (cost + price[edge], hops + 1)
            if target not in best or found < best[target]:
                best[target] = found
                came[target] = (vertex, edge, outward[step])
                heappush(waiting, (*found, target))
    return _back(came, source, sink) if sink in came else None


def _back(came: dict[int, tuple[int, int, bool]], source: int, sink: int) -> list[tuple[int, bool]]:
    path = []
    while sink != source:
        sink, edge, forward = came[sink]
        path.append((edge, forward))
    return path
