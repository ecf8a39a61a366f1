"""Intervals and tests for shares and ratios of shares, on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
ALPHA = 0.05
"""Share of false findings among findings that the verdicts allow (as q values of Benjamini and Hochberg)."""


def quantile(level: float) -> float:
    """Two-sided quantile of the normal distribution: 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def wilson(
    count: ArrayLike, total: ArrayLike, *, effective: ArrayLike | None = None, level: float = 0.95
) -> tuple[Floats, Floats]:
    """The score interval of a share ``count / total``; nan where ``total`` is 0 or either is nan.

    E. B. Wilson, *JASA* 22 (1927) 209; recommended over the exact one by Brown, Cai and DasGupta, *Statistical Science*
    16 (2001) 101. ``effective`` is the number of independent units behind ``total`` (never more than it): with it the
    interval is the one for clustered samples in Franco, Little, Louis and Slud, *Journal of Survey Statistics and
    Methodology* 7 (2019) 334.
    """
    size, share, whole = _sides(count, total, effective)
    z = quantile(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (share + z * z / (2 * size)) / (1 + z * z / size)
        half = z / (1 + z * z / size) * np.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    nothing = ~(whole > 0) | np.isnan(share)
    low = np.where(share <= 0, 0.0, np.clip(centre - half, 0, 1))
    high = np.where(share >= 1, 1.0, np.clip(centre + half, 0, 1))
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ratios of two shares, one entry per comparison."""

    ratio: Floats
    low: Floats
    high: Floats
    p: Floats
    """Two-sided, of the hypothesis that the shares are equal."""


def log_ratio(
    count: ArrayLike,
    total: ArrayLike,
    other_count: ArrayLike,
    other_total: ArrayLike,
    *,
    effective: ArrayLike | None = None,
    other_effective: ArrayLike | None = None,
    level: float = 0.95,
) -> Ratio:
    """Ratios of the shares of two independent groups, with intervals that are normal on the logarithm.

    Katz, Baptista, Azen and Pike, *Biometrics* 34 (1978) 469, with one half added to every count, so that a share of
    0 has an interval too (Gart and Nam, *Biometrics* 44 (1988) 323, section 3). ``effective`` as in :func:`wilson`.
    """
    from scipy.special import ndtr

    size, share, _ = _sides(count, total, effective)
    other_size, other_share, _ = _sides(other_count, other_total, other_effective)
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = share * size + 0.5, other_share * other_size + 0.5
        log = np.log(one / (size + 0.5)) - np.log(other / (other_size + 0.5))
        spread = np.sqrt(np.maximum(1 / one - 1 / (size + 0.5) + 1 / other - 1 / (other_size + 0.5), 1e-12))
        ratio = np.where((share > 0) & (other_share > 0), share / other_share, np.exp(log))
        p = 2 * ndtr(-np.abs(log) / spread)
        z = quantile(level)
        bad = ~(size > 0) | ~(other_size > 0)
        return Ratio(
            *(np.where(bad, np.nan, v) for v in (ratio, np.exp(log - z * spread), np.exp(log + z * spread), p))
        )


@dataclass(frozen=True, slots=True)
class Side:
    """Counts of one side of many comparisons. Where a cell is hidden, ``least`` and ``most`` bound it."""

    least: Floats
    most: Floats
    total: Floats
    effect: Floats
    """Design effect: conversations that count as one independent one, 1 or more."""

    @property
    def effective(self) -> Floats:
        """Independent units behind ``total``."""
        return self.total / np.maximum(np.nan_to_num(self.effect, nan=1.0), 1.0)


def bounded_ratio(one: Side, other: Side, *, level: float = 0.95) -> Ratio:
    """:func:`log_ratio` where counts may be known to bounds only.

    ``p`` is the largest p value of every count within the bounds, 1 where the ratio can be on either side of 1. Where a
    count is not known the ratio is nan; the interval then holds the intervals of every count within the bounds, and is
    nan too where these reach from below 1 to above.
    """

    def at(count: Floats, other_count: Floats) -> Ratio:
        return log_ratio(
            count, one.total, other_count, other.total,
            effective=one.effective, other_effective=other.effective, level=level,
        )  # fmt: skip

    lowest, highest = at(one.least, other.most), at(one.most, other.least)
    known = (one.least == one.most) & (other.least == other.most)
    # The ratio grows with the one count and falls with the other: between the extremes it takes every value. Its error
    # falls with both, so that p is largest in a corner and an end of the interval there or at a turn in between.
    corners = [lowest, highest, at(one.least, other.least), at(one.most, other.most)]
    agree = (_middle(lowest) > 0) == (_middle(highest) > 0)
    said = known | agree
    p = np.where(said, np.max([corner.p for corner in corners], axis=0), 1.0)
    p = np.where(np.any([np.isnan(corner.p) for corner in corners], axis=0), np.nan, p)
    lows = [corner.low for corner in corners] + [at(one.least, _turn(other, one, level)).low]
    highs = [corner.high for corner in corners] + [at(_turn(one, other, level), other.least).high]
    low, high = np.where(said, np.min(lows, axis=0), np.nan), np.where(said, np.max(highs, axis=0), np.nan)
    return Ratio(np.where(known, lowest.ratio, np.nan), low, high, p)


def _turn(moving: Side, fixed: Side, level: float) -> Floats:
    """The count of ``moving`` at which an end of the interval turns, with ``fixed`` at its least; within the bounds.

    With c = count + 1/2 and spread s, the end log(c) + z s(c) turns where 2 s c = z. For s^2 = 1/c + a that is a
    quadratic, whose larger root is the turn that can lie between the bounds: it is there for -1/z^2 < a < 0.
    """
    z = quantile(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        other = fixed.least / fixed.total * fixed.effective + 0.5
        a = 1 / other - 1 / (fixed.effective + 0.5) - 1 / (moving.effective + 0.5)
        root = (1 + np.sqrt(np.maximum(1 + a * z * z, 0))) / (-2 * a) - 0.5
        count = np.where(a < 0, root * moving.total / moving.effective, moving.least)
        return np.asarray(np.clip(np.nan_to_num(count), moving.least, moving.most), np.float64)


def _middle(ratio: Ratio) -> Floats:
    """The logarithm that p and interval stand on; that of ``ratio`` itself lacks the halves."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(ratio.low) + np.log(ratio.high), np.float64)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """The q values: the least share of false findings at which each hypothesis is among the findings; nan stays nan.

    Benjamini and Hochberg, *JRSS B* 57 (1995) 289. Exact for independent tests, and kept by positively dependent ones.
    Shares of one facet add up to one and so depend negatively, slightly so where there are many of them.
    """
    values = np.asarray(p, dtype=np.float64)
    q = np.full(values.shape, np.nan)
    there = np.flatnonzero(~np.isnan(values))
    order = there[np.argsort(values[there], kind="stable")]
    n = len(order)
    scaled = values[order] * n / np.arange(1, n + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def verdicts(ratio: Ratio, q: Floats) -> NDArray[np.object_]:
    """``over`` or ``under`` where q is at most ALPHA, else ``not clear``; ``not shown`` where nothing can be said."""
    # Where a count is hidden the sign is that of the middle of the interval: with q small both ends agree.
    with np.errstate(invalid="ignore"):
        above = np.where(np.isnan(ratio.ratio), np.sqrt(ratio.low * ratio.high), ratio.ratio) > 1
        words: Any = np.where(q <= ALPHA, np.where(above, "over", "under"), "not clear")
    hidden = np.isnan(q) | (np.isnan(ratio.ratio) & ~(q <= ALPHA))
    return np.where(hidden, "not shown", words).astype(object)


def _sides(count: ArrayLike, total: ArrayLike, effective: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Independent units, share and total, broadcast to one shape."""
    counts, whole = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(total, np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        # Rounded releases need not add up: a share is never taken for more than all.
        share = np.clip(counts / whole, 0, 1)
    size = (
        whole
        if effective is None
        else np.minimum(np.broadcast_to(np.asarray(effective, np.float64), whole.shape), whole)
    )
    return np.asarray(size, np.float64), np.asarray(share, np.float64), np.asarray(whole, np.float64)
