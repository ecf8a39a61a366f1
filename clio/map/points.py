"""Single points of the restricted view: positions and the cluster of each. Never a text, never an id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Points:
    """Positions (n,) and (n,), and the cluster id of each (None: none), as codes into ``names`` with -1 for none.

    The browser is given positions and codes. A click comes back as the row's number, which only the caller can read.
    """

    x: Floats
    y: Floats
    codes: NDArray[np.int32]
    names: tuple[str, ...]

    @staticmethod
    def of(x: Sequence[float] | Floats, y: Sequence[float] | Floats, cluster: Sequence[str | None]) -> Points:
        import pandas as pd

        codes, names = pd.factorize(np.asarray(cluster, dtype=object))
        xs, ys = np.asarray(x, dtype=np.float32), np.asarray(y, dtype=np.float32)
        return Points(xs, ys, codes.astype(np.int32), tuple(str(name) for name in names))

    @staticmethod
    def from_frame(frame: pd.DataFrame, *, x: str = "x", y: str = "y", cluster: str = "cluster_id") -> Points:
        return Points.of(frame[x].to_numpy(np.float32), frame[y].to_numpy(np.float32), frame[cluster].array)

    def __len__(self) -> int:
        return len(self.x)

    def inside(self, polygon: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
        """Which points lie inside the polygon (n,), by crossings; only those in its bounding box are looked at."""
        found = np.zeros(len(self.x), dtype=bool)
        if len(polygon) < 3:
            return found
        corners = np.asarray(polygon, dtype=np.float64)
        (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
        near = np.flatnonzero((self.x >= left) & (self.x <= right) & (self.y >= bottom) & (self.y <= top))
        found[near] = _crossings(corners, self.x[near].astype(np.float64), self.y[near].astype(np.float64))
        return found


def _crossings(corners: NDArray[np.float64], x: Any, y: Any) -> NDArray[np.bool_]:
    within = np.zeros(len(x), dtype=bool)
    for (xi, yi), (xj, yj) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        if yi == yj:
            continue
        within ^= ((yi > y) != (yj > y)) & (x < (xj - xi) * (y - yi) / (yj - yi) + xi)
    return within
