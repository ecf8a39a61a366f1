"""The one place where rates of attacks get their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959963984540054
"""Two-sided 95 % point of the standard normal distribution."""


def wilson(hits: float, trials: int, z: float = Z95) -> tuple[float, float]:
    """Score interval of a share (E. B. Wilson, JASA 22 (1927) 209); (0, 1) where nothing was tried.

    Unlike the textbook interval it says something where nothing was found: 0 of 3,000 gives an upper end of 0.0013.
    """
    if trials <= 0:
        return 0.0, 1.0
    share, square = hits / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    low = 0.0 if hits <= 0 else max(0.0, middle - half)
    high = 1.0 if hits >= trials else min(1.0, middle + half)
    return low, high


@dataclass(frozen=True, slots=True)
class Rate:
    """How often an attack succeeded."""

    hits: float
    """Successes; a tie that is broken by a coin counts as a half."""
    trials: int

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.hits + other.hits, self.trials + other.trials)

    @property
    def rate(self) -> float:
        """Share of the trials, 0 to 1."""
        return self.hits / self.trials if self.trials else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson(self.hits, self.trials)

    def beats(self, baseline: float) -> bool:
        """Whether the whole interval lies above a baseline: the attack knows more than a blind guess."""
        return self.interval[0] > baseline

    def as_dict(self) -> dict[str, float | int]:
        """``rate``, ``low``, ``high``, ``hits`` and ``trials``, for a JSON line."""
        low, high = self.interval
        hits = int(self.hits) if float(self.hits).is_integer() else self.hits
        return {"rate": round(self.rate, 6), "low": round(low, 6), "high": round(high, 6), "hits": hits,
                "trials": self.trials}  # fmt: skip


NOTHING = Rate(0, 0)
