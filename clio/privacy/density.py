"""The map as squares that each hold enough people: a quadtree that stops before it would show too few.

A square is split only where every quadrant that holds anyone passes the thresholds, so the squares cover every
conversation once, each passes, and no difference of two of them is smaller than a square.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.privacy.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Square:
    """One square of the map: left and lower edge, side, and who is in it."""

    x: float
    y: float
    size: float
    conversations: int
    accounts: int


def squares(
    positions: NDArray[np.float32], accounts: NDArray[np.int64], thresholds: Thresholds, depth: int
) -> list[Square]:
    """Cover positions, shape (n, 2), with squares that each pass; at most ``depth`` splits deep; none if all fail."""
    if not len(positions):
        return []
    # Edges are halved in double precision, and whoever counts again compares with them as they are written.
    positions = positions.astype(np.float64)
    low = positions.min(axis=0)
    size = float(max(np.ptp(positions, axis=0).max(), 1e-6)) * (1 + 1e-6)
    found: list[Square] = []
    waiting = [(float(low[0]), float(low[1]), size, depth, np.arange(len(positions)))]
    if not _passes(accounts, thresholds):
        return []
    while waiting:
        x, y, side, left, rows = waiting.pop()
        half = side / 2
        right = positions[rows, 0] >= x + half
        upper = positions[rows, 1] >= y + half
        parts = [
            (x + half * east, y + half * north, half, left - 1, rows[(right == east) & (upper == north)])
            for east in (False, True)
            for north in (False, True)
        ]
        parts = [part for part in parts if len(part[4])]
        if left > 0 and all(_passes(accounts[part[4]], thresholds) for part in parts):
            waiting += parts
        else:
            found.append(Square(x, y, side, len(rows), len(np.unique(accounts[rows]))))
    return sorted(found, key=lambda square: (square.x, square.y, square.size))


def _passes(accounts: NDArray[np.int64], thresholds: Thresholds) -> bool:
    return thresholds.passes_counts(Counter(accounts.tolist()))
