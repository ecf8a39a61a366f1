"""Ward linkage of weighted points, cut at several sizes so that the levels nest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def ward_levels(
    vectors: NDArray[np.floating], weights: Sequence[float], sizes: Sequence[int]
) -> list[NDArray[np.int64]]:
    """For each size, the group (0 to size - 1) of every point, from one tree: each grouping refines the smaller ones.

    ``vectors`` has shape (n, dimensions). A point of weight w counts as w points in one place, so the tree is the one
    Ward's method would grow above the points' members. Groups are numbered in order of their first point. Nearest-
    neighbour chain (Murtagh, 1983) on a float32 matrix of costs: time and memory are quadratic in n, which is a number
    of clusters (10,000 points: 400 MB, some seconds).
    """
    count = len(vectors)
    merges = _chain(
        np.nan_to_num(np.asarray(vectors, dtype=np.float32)), np.asarray(weights, dtype=np.float64).clip(1e-9)
    )
    merges.sort(key=lambda merge: merge[0])
    return [_cut(count, merges[: count - min(max(size, 1), count)]) for size in sizes]


def _chain(vectors: NDArray[np.float32], weights: NDArray[np.float64]) -> list[tuple[float, int, int]]:
    """All n - 1 merges as (height, a point of one side, a point of the other), not sorted."""
    count = len(vectors)
    weights = weights.copy()
    costs = _costs(vectors, weights)
    alive = np.ones(count, dtype=bool)
    merges: list[tuple[float, int, int]] = []
    chain: list[int] = []
    for _ in range(count - 1):
        if not chain:
            chain.append(int(alive.argmax()))
        while True:
            row = costs[chain[-1]]
            nearest = int(row.argmin())
            if len(chain) > 1 and row[chain[-2]] <= row[nearest]:
                break
            chain.append(nearest)
        one, other = sorted((chain.pop(), chain.pop()))
        height = float(costs[one, other])
        merges.append((height, one, other))
        _merge(costs, weights, one, other, height)
        alive[other] = False
    return merges


def _costs(vectors: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """What merging each pair adds to the sum of squares; infinite on the diagonal."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    costs = vectors @ vectors.T
    costs *= -2
    costs += squares[:, None]
    costs += squares[None, :]
    np.maximum(costs, 0, out=costs)
    for row, weight in enumerate(weights):
        costs[row] *= weights * weight / (weights + weight)
    np.fill_diagonal(costs, np.inf)
    return costs


def _merge(costs: NDArray[np.float32], weights: NDArray[np.float64], one: int, other: int, height: float) -> None:
    """Put the union of both in the place of ``one`` (Lance and Williams' update for Ward) and take ``other`` out."""
    total = weights[one] + weights[other] + weights
    row = ((weights[one] + weights) * costs[one] + (weights[other] + weights) * costs[other] - weights * height) / total
    row[[one, other]] = np.inf
    costs[one], costs[:, one] = row, row
    costs[other], costs[:, other] = np.inf, np.inf
    weights[one] += weights[other]


def _cut(count: int, merges: Sequence[tuple[float, int, int]]) -> NDArray[np.int64]:
    parent = list(range(count))

    def root(point: int) -> int:
        while parent[point] != point:
            parent[point] = parent[parent[point]]
            point = parent[point]
        return point

    for _, one, other in merges:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    roots = [root(point) for point in range(count)]
    number = {found: n for n, found in enumerate(dict.fromkeys(roots))}
    return np.array([number[found] for found in roots], dtype=np.int64)
