"""Weeks: what chance alone would make of a steady share, how fast a share grows, and what moved between two periods."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from clio.measures.intervals import Ratio, Side, benjamini_hochberg, bounded_ratio, verdicts
from clio.measures.shares import ALL, HIDDEN, MISSING, SHOWN, design_effect, names_of, pick_level, room, size_of

LEAST_WEEKS = 4
"""Weeks shown below which no growth is told: two parameters and a dispersion are estimated from them."""


def weekly(trends: pd.DataFrame, clusters: pd.DataFrame, cluster_id: str = ALL, *, level: float = 0.95) -> pd.DataFrame:
    """A cluster's weeks, with the band in which ``level`` of them would lie if only chance made them differ.

    *Chance alone* means: in every week the cluster has the same share of that week's conversations as over the whole
    time, and accounts come independently of each other. Counts are then binomial around ``expected``, with variance
    times the conversations per account and week of the cluster (quasi-likelihood; McCullagh and Nelder, *Generalized
    Linear Models*, 1989, section 4.5); the band is that of the gamma distribution of this mean and variance. For the
    whole release the expected count is the mean of its weeks. One week in twenty lies outside by chance.

    Every week from the first to the last of the release is a row; one that is not shown for the cluster has no number.
    ``share`` is the share of that week's conversations.
    """
    from scipy.stats import gamma

    dated = _dated(trends)
    whole = dated[dated["cluster_id"] == ALL].set_index("week").sort_index()
    own = dated[dated["cluster_id"] == cluster_id].set_index("week")
    weeks = _calendar(dated["week"])
    total = whole["conversations"].reindex(weeks).to_numpy(np.float64)
    count, accounts = (own[c].reindex(weeks).to_numpy(np.float64) for c in ("conversations", "accounts"))
    effect = _pooled_effect(count, accounts)
    if cluster_id == ALL:
        share = 0.0
        expected = np.full(len(weeks), np.nanmean(count) if (~np.isnan(count)).any() else np.nan)
    else:
        share = _dated_size(trends, clusters, cluster_id) / max(_dated_size(trends, clusters, ALL), 1.0)
        expected = total * min(share, 1.0)
    variance = expected * max(effect * (1 - share), 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        shape, scale = expected**2 / variance, variance / expected
        low, high = (np.asarray(gamma.ppf(0.5 + s * level / 2, shape, scale=scale)) for s in (-1, 1))
    known = ~np.isnan(count)
    return pd.DataFrame(
        {
            "week": weeks,
            "status": np.where(known, SHOWN, HIDDEN).astype(object),
            "conversations": count,
            "accounts": accounts,
            "week_total": total,
            "share": count / total,
            "expected": expected,
            "low": low,
            "high": high,
            "outside": known & ((count < low) | (count > high)),
        }
    )


def growth(trends: pd.DataFrame, clusters: pd.DataFrame, *, level: int | None = None) -> pd.DataFrame:
    """By what factor the share of each cluster of a level (default: the coarsest) changes per week, the fastest first.

    A Poisson regression of the counts on the week with the week's total as exposure; its dispersion is the larger of
    Pearson's estimate and the conversations per account and week, its interval that of t with weeks - 2 degrees
    (McCullagh and Nelder 1989, sections 4.5 and 6.2). Weeks that are not shown are left out: they are the small ones,
    so the growth of a cluster near the thresholds is understated. Under LEAST_WEEKS weeks nothing is told.
    """
    from scipy.stats import t

    members = _of_level(clusters, level)
    ids = members["cluster_id"].astype(str).tolist()
    dated = _dated(trends)
    weeks = _calendar(dated["week"])
    total = dated[dated["cluster_id"] == ALL].set_index("week")["conversations"].reindex(weeks).to_numpy(np.float64)
    count, accounts = (_pivot(dated, ids, weeks, column) for column in ("conversations", "accounts"))
    known = ~np.isnan(count) & (total > 0)
    slope, spread, dispersion = _poisson(np.where(known, count, 0.0), known, total)
    free, enough = np.maximum(known.sum(1) - 2, 1), known.sum(1) >= LEAST_WEEKS
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = np.where(known, count, 0).sum(1) / np.where(known, accounts, 0).sum(1)
        error = np.where(enough, spread * np.sqrt(np.maximum(np.maximum(dispersion, effect), 1.0)), np.nan)
        slope = np.where(enough, slope, np.nan)
        wide = t.ppf(0.975, free) * error
        p = 2 * t.sf(np.abs(slope) / error, free)
        factor, low, high = (np.exp(np.clip(s, -50, 50)) for s in (slope, slope - wide, slope + wide))
        ratio = Ratio(factor, low, high, p)
    q = benjamini_hochberg(ratio.p)
    names = names_of(clusters)
    frame = pd.DataFrame(
        {
            "cluster_id": ids,
            "name": [names[key] for key in ids],
            "weeks": known.sum(1),
            "weeks_hidden": (~known & (total > 0)).sum(1),
            "per_week": ratio.ratio,
            "low": ratio.low,
            "high": ratio.high,
            "p": ratio.p,
            "q": q,
            "verdict": verdicts(ratio, q),
        }
    )
    return frame.sort_values("per_week", ascending=False, kind="stable", ignore_index=True)


def movement(
    trends: pd.DataFrame,
    clusters: pd.DataFrame,
    before: Collection[str],
    after: Collection[str],
    *,
    level: int | None = None,
) -> pd.DataFrame:
    """How the share of each cluster of a level (default: the coarsest) changed between two lists of weeks.

    Weeks that are not shown for the whole release count in neither period. Where some of a cluster's weeks are not
    shown, its counts are bounded by all it has beyond the weeks shown, ``ratio`` is nan, and the interval is as wide as
    these bounds ask for.
    """
    members = _of_level(clusters, level)
    ids = members["cluster_id"].astype(str).tolist()
    dated = _dated(trends)
    whole = dated[dated["cluster_id"] == ALL].set_index("week")["conversations"]
    values = trends[trends["kind"] == "value"]
    left = room(values, clusters).reindex(ids).to_numpy(np.float64)
    size, people = (members[c].to_numpy(np.float64) for c in ("conversations", "accounts"))
    sides, known = [], []
    for period in (before, after):
        weeks = [week for week in sorted(set(period)) if week in whole.index]
        count = _pivot(dated, ids, weeks, "conversations")
        hidden = np.isnan(count).any(axis=1) | (not weeks)
        least = np.nansum(count, axis=1)
        total = np.full(len(ids), float(whole.reindex(weeks).sum()))
        sides.append(
            Side(least, np.where(hidden, np.minimum(least + left, total), least), total, design_effect(size, people))
        )
        known.append(~hidden)
    ratio = bounded_ratio(sides[1], sides[0])
    q = benjamini_hochberg(ratio.p)
    names = names_of(clusters)
    frame = pd.DataFrame({"cluster_id": ids, "name": [names[key] for key in ids]})
    frame["status"] = np.where(known[0] & known[1], SHOWN, HIDDEN).astype(object)
    for column, side, sure in zip(("share_before", "share_after"), sides, known, strict=True):
        frame[column] = np.where(sure, side.least / np.maximum(side.total, 1), np.nan)
    frame = frame.assign(ratio=ratio.ratio, low=ratio.low, high=ratio.high, p=ratio.p, q=q, verdict=verdicts(ratio, q))
    return frame.sort_values("ratio", ascending=False, kind="stable", ignore_index=True)


def split_weeks(trends: pd.DataFrame, date: str | datetime.date) -> tuple[list[str], list[str]]:
    """Weeks that end before a date, and those that begin on it or later; the week it falls into is in neither,
    unless it is a Monday.
    """
    day = date if isinstance(date, datetime.date) else datetime.date.fromisoformat(date)
    weeks = sorted(set(_dated(trends)["week"]))
    monday = day - datetime.timedelta(days=day.weekday())
    first = monday if day == monday else monday + datetime.timedelta(days=7)
    return [w for w in weeks if w < monday.isoformat()], [w for w in weeks if w >= first.isoformat()]


def _dated(trends: pd.DataFrame) -> pd.DataFrame:
    return trends[(trends["kind"] == "value") & (trends["week"] != MISSING)]


def _calendar(weeks: pd.Series) -> list[str]:
    """Every Monday from the first to the last."""
    if not len(weeks):
        return []
    first, last = (datetime.date.fromisoformat(week) for week in (weeks.min(), weeks.max()))
    return [(first + datetime.timedelta(days=7 * n)).isoformat() for n in range((last - first).days // 7 + 1)]


def _dated_size(trends: pd.DataFrame, clusters: pd.DataFrame, cluster_id: str) -> float:
    """Conversations without those that are known to have no date."""
    undated = trends[(trends["cluster_id"] == cluster_id) & (trends["week"] == MISSING)]["conversations"].sum()
    return max(size_of(clusters, cluster_id) - float(undated), 0.0)


def _pooled_effect(count: np.ndarray, accounts: np.ndarray) -> float:
    return float(design_effect(np.array([np.nansum(count)]), np.array([np.nansum(accounts)]))[0])


def _of_level(clusters: pd.DataFrame, level: int | None) -> pd.DataFrame:
    chosen = clusters[clusters["level"] == pick_level(clusters, level, top=True)]
    return chosen.sort_values(["conversations", "cluster_id"], ascending=[False, True])


def _pivot(dated: pd.DataFrame, ids: Sequence[str], weeks: Sequence[str], column: str) -> np.ndarray:
    """Clusters by weeks; nan where a week is not shown."""
    there = dated[dated["cluster_id"].isin(ids) & dated["week"].isin(weeks)]
    table = np.full((len(ids), len(weeks)), np.nan)
    row = {key: n for n, key in enumerate(ids)}
    place = {week: n for n, week in enumerate(weeks)}
    table[there["cluster_id"].map(row), there["week"].map(place)] = there[column]
    return table


def _poisson(count: np.ndarray, known: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope per week, its standard error at dispersion 1, and Pearson's dispersion, for every row of counts."""
    weight = known.astype(np.float64)
    exposure = np.where(known, total, 0.0)
    week = np.arange(count.shape[1], dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        level = np.log(np.maximum(count.sum(1), 0.5) / np.maximum(exposure.sum(1), 1e-9))
        slope = np.zeros(len(count))
        middle = (weight * week).sum(1) / np.maximum(weight.sum(1), 1)
        x = (week - middle[:, None]) * weight
        for _ in range(25):  # Newton's method; from a flat start it settles in under ten steps
            mean = exposure * np.exp(np.clip(level[:, None] + slope[:, None] * x, -50, 50))
            gap = (count - mean) * weight
            a, b, c = mean.sum(1), (mean * x).sum(1), (mean * x * x).sum(1)
            g, h = gap.sum(1), (gap * x).sum(1)
            determinant = np.maximum(a * c - b * b, 1e-12)
            step = np.clip(np.column_stack([(c * g - b * h), (a * h - b * g)]) / determinant[:, None], -1, 1)
            level, slope = level + step[:, 0], slope + step[:, 1]
            if np.abs(step).max(initial=0.0) < 1e-10:
                break
        pearson = np.where(mean > 0, gap**2 / np.maximum(mean, 1e-12), 0.0).sum(1) / np.maximum(weight.sum(1) - 2, 1)
        return slope, np.sqrt(a / determinant), pearson
