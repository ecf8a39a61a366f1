"""The cells of a breakdown as a network, and which hidden cells that network gives away.

Take the facet's values as commodities that flow up the hierarchy. Every lowest cluster is a spring whose output is its
size, which is released; cell (cluster, value) is the pipe that carries that value's conversations from the cluster's
vertex to its parent's, and from the root outside. What flows into a vertex flows out of it: these are all the sums
that tie cells together. Where a conversation can have several values, rows are no sums and all springs are one vertex
with the outside.

A reader who knows the shown cells knows everything but the flow in the hidden pipes. Two tables that agree with the
release differ by a circulation in the hidden pipes, so a cell that lies on no cycle of hidden cells (a *bridge*) has
one possible value only. A cell on a cycle has at least two: send one conversation around the cycle, in the direction
that agrees with each pipe or against it; every cell on it holds at least one, so none falls below zero. Hence a hidden
cell can be worked out from all sums together exactly when it is a bridge, and bridges are found in linear time.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bridges:
    """Bridges among some edges, with what is needed to name the two sides of each."""

    found: Bools
    """Per edge of the network."""
    order: list[int]
    """Vertices in the order of one depth-first walk of all components."""
    place: list[int]
    """Per vertex: where it stands in ``order``."""
    component: dict[int, tuple[int, int]]
    """Per bridge: where its component stands in ``order``, as (first, end)."""
    below: dict[int, tuple[int, int]]
    """Per bridge: where the side that was walked through it stands in ``order``, as (first, end)."""


class Network:
    """Edges are the cells, by their place in the arrays given."""

    def __init__(self, node: Ints, value: Ints, parent: Ints, *, adds_up: bool) -> None:
        width = int(value.max(initial=-1)) + 2
        leaf = np.ones(len(parent), dtype=np.bool_)
        leaf[parent[parent >= 0]] = False
        # Vertex 0 is the outside; (cluster, value) has a slot of its own, and the last slot of a cluster is its spring.
        spring = (node + 1) * width + width - 1 if adds_up else np.zeros_like(node)
        tail = np.where(leaf[node], spring, (node + 1) * width + value)
        above = parent[node]
        head = np.where(above >= 0, (above + 1) * width + value, 0)
        names, ends = np.unique(np.r_[tail, head], return_inverse=True)
        self.vertices = len(names)
        self.tail: Ints = ends[: len(node)].astype(np.int64)
        self.head: Ints = ends[len(node) :].astype(np.int64)
        self.start, self.edge, self.other = self._adjacent(np.arange(len(node)))
        ends_of = np.repeat(np.arange(self.vertices), np.diff(self.start))
        self.outward: list[bool] = (self.tail[self.edge] == ends_of).tolist()
        """Per place in ``edge`` and ``other``: whether the edge leads away from the vertex."""

    def _adjacent(self, edges: Ints) -> tuple[list[int], list[int], list[int]]:
        """Per vertex, where its edges begin; the edges; the vertex at the other end of each."""
        own = np.r_[self.tail[edges], self.head[edges]]
        other = np.r_[self.head[edges], self.tail[edges]]
        order = np.argsort(own, kind="stable")
        start = np.r_[0, np.cumsum(np.bincount(own, minlength=self.vertices))]
        return start.tolist(), np.r_[edges, edges][order].tolist(), other[order].tolist()

    def bridges(self, among: Bools) -> Bridges:
        """Edges of ``among`` that lie on no cycle of ``among`` (Tarjan's low points, without recursion)."""
        start, edge, other = self._adjacent(np.flatnonzero(among))
        place = [-1] * self.vertices
        low = [0] * self.vertices
        came = [-1] * self.vertices
        at = start[:-1]
        order: list[int] = []
        component: dict[int, tuple[int, int]] = {}
        below: dict[int, tuple[int, int]] = {}
        for root in range(self.vertices):
            if place[root] >= 0 or start[root] == start[root + 1]:
                continue
            first = len(order)
            bridges: list[int] = []
            place[root] = low[root] = first
            order.append(root)
            path = [root]
            while path:
                vertex = path[-1]
                step = at[vertex]
                if step < start[vertex + 1]:
                    at[vertex] = step + 1
                    if edge[step] == came[vertex]:
                        continue
                    target = other[step]
                    if place[target] < 0:
                        place[target] = low[target] = len(order)
                        came[target] = edge[step]
                        order.append(target)
                        path.append(target)
                    elif place[target] < low[vertex]:
                        low[vertex] = place[target]
                    continue
                path.pop()
                if not path:
                    continue
                above = path[-1]
                low[above] = min(low[above], low[vertex])
                if low[vertex] == place[vertex]:
                    below[came[vertex]] = (place[vertex], len(order))
                    bridges.append(came[vertex])
            component |= dict.fromkeys(bridges, (first, len(order)))
        found = np.zeros(len(among), dtype=np.bool_)
        found[list(below)] = True
        return Bridges(found, order, place, component, below)

    def way_around(self, edge: int, bridges: Bridges, weight: list[int]) -> list[int] | None:
        """Edges of the lightest path that joins the two sides of a bridge without it; None where there is none.

        Edges of negative weight are closed.

        Dijkstra's search, from the smaller side (all of it, since moving within a side costs nothing) to the other.
        """
        (first, end), (low, high) = bridges.component[edge], bridges.below[edge]
        order, place = bridges.order, bridges.place
        inner = 2 * (high - low) <= end - first
        side = order[low:high] if inner else chain(order[first:low], order[high:end])
        best: dict[int, int] = dict.fromkeys(side, 0)
        came: dict[int, tuple[int, int]] = {}
        waiting = [(0, vertex) for vertex in best]
        while waiting:
            cost, vertex = heappop(waiting)
            if cost > best[vertex]:
                continue
            where = place[vertex]
            if first <= where < end and (low <= where < high) != inner:
                return _walk(vertex, came)
            for step in range(self.start[vertex], self.start[vertex + 1]):
                if self.edge[step] == edge:
                    continue
                target, price = self.other[step], weight[self.edge[step]]
                if price < 0:
                    continue
                total = cost + price
                if total < best.get(target, total + 1):
                    best[target] = total
                    came[target] = (vertex, self.edge[step])
                    heappush(waiting, (total, target))
        return None


def _walk(vertex: int, came: dict[int, tuple[int, int]]) -> list[int]:
    path: list[int] = []
    while vertex in came:
        vertex, edge = came[vertex]
        path.append(edge)
    return path
