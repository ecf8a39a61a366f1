"""What is more or less common in one group than in another: ratios with intervals, and care for many comparisons."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from clio.measures.intervals import Ratio, Side, benjamini_hochberg, bounded_ratio, verdicts
from clio.measures.shares import (
    ALL,
    HIDDEN,
    MISSING,
    SHOWN,
    clean,
    design_effect,
    in_order,
    names_of,
    pick_level,
    room,
    size_of,
)

_NO_ANSWER = (MISSING, "failed", "refused", "")


def representation(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, cluster_id: str, *,
    facets: Sequence[str] | None = None, several: Collection[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Values of the facets (default: all, crossings apart) in a cluster against everything outside of it.

    ``several``: facets of which a conversation may have more than one value (kind ``multi``). What their shown values
    leave over of a cluster bounds no hidden one; only its size does.

    q values are over all rows given back. ``ratio`` is how many times as common the value is in the cluster as in the
    rest; the strongest findings come first.
    """
    chosen = list(facets) if facets is not None else [f for f in breakdowns["facet"].unique() if " x " not in str(f)]
    total, whole = size_of(clusters, cluster_id), size_of(clusters, ALL)
    parts = []
    for facet in chosen:
        cells = breakdowns[(breakdowns["facet"] == facet) & (breakdowns["kind"] == "value")]
        everything = _cells(cells, ALL)
        everything = everything[~everything.index.isin(_NO_ANSWER)]
        if not total or not len(everything):
            continue
        own = _cells(cells, cluster_id).reindex(everything.index)
        left = total if facet in several else float(room(cells, clusters).get(cluster_id, total))
        least, most = _bounds(own["conversations"], np.minimum(left, everything["conversations"]))
        count = everything["conversations"].to_numpy(np.float64)
        one = Side(least, most, np.full(len(count), total), _effect(own, most))
        rest = Side(
            np.maximum(count - most, 0), np.maximum(count - least, 0), np.full(len(count), max(whole - total, 0.0)),
            _effect(everything),
        )  # fmt: skip
        # The count in the rest is bound to the one in the cluster: the extremes of both go together by themselves.
        ratio = bounded_ratio(one, rest)
        share_rest = np.where(least == most, rest.least / np.maximum(rest.total, 1), np.nan)
        part = _result({"facet": facet, "value": everything.index}, least == most, ratio)
        part.insert(3, "share", np.where(least == most, least / total, np.nan))
        part.insert(4, "share_rest", share_rest)
        part.insert(3, "conversations", own["conversations"].to_numpy(np.float64))
        parts.append(part)
    columns = ["facet", "value", "status", "conversations", "share", "share_rest", "ratio", "low", "high", "p"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns, dtype=object)
    return _judged(frame)


def facet_matrix(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, facet: str, *, level: int | None = None
) -> pd.DataFrame:
    """Every cluster of a level (default: the coarsest) by every value shown in any of them.

    Hidden cells have no number. ``ratio`` compares with everything outside the cluster; q values are over all cells.
    """
    level = pick_level(clusters, level, top=True)
    members = clusters[clusters["level"] == level].sort_values(["conversations", "cluster_id"], ascending=[False, True])
    ids = members["cluster_id"].astype(str).tolist()
    cells = breakdowns[(breakdowns["facet"] == facet) & (breakdowns["kind"] == "value")]
    cells = cells[cells["cluster_id"].isin([*ids, ALL])]
    cells = cells.assign(value=[clean(str(value)) for value in cells["value"]])
    totals = cells.groupby("value")["conversations"].max()
    values = in_order(totals.index.tolist(), totals.tolist())
    index = pd.MultiIndex.from_product([ids, values], names=["cluster_id", "value"])
    own = cells.drop_duplicates(["cluster_id", "value"]).set_index(["cluster_id", "value"])[
        ["conversations", "accounts"]
    ]
    everything = _cells(cells, ALL).reindex(index.get_level_values(1))
    own = own.reindex(index)
    size = np.repeat(members["conversations"].to_numpy(np.float64), len(values))
    whole = size_of(clusters, ALL)
    count, all_count = own["conversations"].to_numpy(np.float64), everything["conversations"].to_numpy(np.float64)
    one = Side(count, count, size, _effect(own))
    rest_count = np.maximum(all_count - count, 0)
    rest = Side(rest_count, rest_count, np.maximum(whole - size, 0), _effect(everything))
    ratio = bounded_ratio(one, rest)
    names = names_of(clusters)
    frame = _result(
        {"cluster_id": index.get_level_values(0), "value": index.get_level_values(1)}, ~np.isnan(count), ratio
    )
    frame.insert(1, "name", [names[key] for key in frame["cluster_id"]])
    frame.insert(4, "conversations", count)
    frame.insert(5, "share", count / np.maximum(size, 1))
    frame.insert(6, "share_all", all_count / max(whole, 1))
    return _judged(frame, sort=False)


def compare_slices(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, facet: str, one: str, other: str, *,
    level: int | None = None, adds_up: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """Which clusters conversations of value ``one`` of a facet are in more often than those of value ``other``.

    Shares are of all conversations with that value. The two groups are taken to be apart; where a conversation may have
    several values (``adds_up`` False) they may overlap, and intervals are too wide rather than too narrow. Both values
    have to be shown for the whole release, else the frame is empty.
    """
    level = pick_level(clusters, level, top=True)
    members = clusters[clusters["level"] == level].sort_values(["conversations", "cluster_id"], ascending=[False, True])
    ids = members["cluster_id"].astype(str)
    cells = breakdowns[(breakdowns["facet"] == facet) & (breakdowns["kind"] == "value")]
    everything = _cells(cells, ALL)
    if one not in everything.index or other not in everything.index:
        members, ids = members.iloc[:0], ids.iloc[:0]
    sizes = members["conversations"].to_numpy(np.float64)
    left = room(cells, clusters).reindex(ids).to_numpy(np.float64) if adds_up else sizes
    sides = []
    for value in (one, other):
        there = cells[(cells["value"].map(lambda v: clean(str(v))) == value) & cells["cluster_id"].isin(ids)]
        own = there.drop_duplicates("cluster_id").set_index("cluster_id")[["conversations", "accounts"]].reindex(ids)
        total = float(everything["conversations"].get(value, 0.0))
        unseen = max(total - float(own["conversations"].sum()), 0.0)
        least, most = _bounds(own["conversations"], np.minimum(left, unseen))
        sides.append(Side(least, most, np.full(len(ids), total), _effect(own, most)))
    ratio = bounded_ratio(*sides)
    known = [side.least == side.most for side in sides]
    names = names_of(clusters)
    frame = _result({"cluster_id": ids.to_numpy(), "name": [names[key] for key in ids]}, known[0] & known[1], ratio)
    for place, (column, side, sure) in enumerate(zip(("share_one", "share_other"), sides, known, strict=True)):
        frame.insert(3 + place, column, np.where(sure, side.least / np.maximum(side.total, 1), np.nan))
    return _judged(frame)


def compare_runs(
    one: tuple[pd.DataFrame, pd.DataFrame],
    other: tuple[pd.DataFrame, pd.DataFrame],
    facet: str,
    *,
    cluster_id: str = ALL,
    adds_up: bool = True,
) -> pd.DataFrame:
    """Shares of a facet's values in two runs, each given as (breakdowns, clusters).

    Clusters of two runs are different groups even where their names agree, so runs are compared by facets; a
    ``cluster_id`` other than the whole makes sense only for runs of one fixed taxonomy. ``adds_up`` is False for facets
    with several values a conversation. The runs must not hold the same conversations: the intervals take them for two
    samples.
    """
    found = []
    for breakdowns, clusters in (one, other):
        cells = breakdowns[(breakdowns["facet"] == facet) & (breakdowns["kind"] == "value")]
        total = size_of(clusters, cluster_id)
        left = float(room(cells, clusters).get(cluster_id, 0.0)) if adds_up else total
        found.append((_cells(cells, cluster_id), total, left))
    sizes = pd.concat([cells["conversations"] for cells, _, _ in found])
    totals = sizes.groupby(level=0).max()
    values = in_order(totals.index.tolist(), totals.tolist())
    sides = []
    for cells, total, left in found:
        own = cells.reindex(values)
        least, most = _bounds(own["conversations"], left)
        sides.append(Side(least, most, np.full(len(values), total), _effect(own, most)))
    known = [side.least == side.most for side in sides]
    frame = _result({"value": values}, known[0] & known[1], bounded_ratio(*sides))
    for place, (column, side, sure) in enumerate(zip(("share_one", "share_other"), sides, known, strict=True)):
        frame.insert(2 + place, column, np.where(sure, side.least / np.maximum(side.total, 1), np.nan))
    return _judged(frame)


def _cells(cells: pd.DataFrame, cluster_id: str) -> pd.DataFrame:
    """Conversations and accounts by clean value."""
    own = cells[cells["cluster_id"] == cluster_id]
    own = own.assign(value=[clean(str(value)) for value in own["value"]])
    return own.drop_duplicates("value").set_index("value")[["conversations", "accounts"]].astype(np.float64)


def _bounds(count: pd.Series, most: float | np.ndarray | pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """What a count is, or the least and the most it can be where it is hidden."""
    known = count.to_numpy(np.float64)
    hidden = np.isnan(known)
    return np.where(hidden, 0.0, known), np.where(hidden, np.asarray(most, np.float64), known)


def _effect(cells: pd.DataFrame, most: np.ndarray | None = None) -> np.ndarray:
    """Design effects; where a cell is hidden, that of its ``most`` conversations all of one account: none is worse."""
    effect = design_effect(cells["conversations"].to_numpy(np.float64), cells["accounts"].to_numpy(np.float64))
    hidden = cells["conversations"].isna().to_numpy()
    return effect if most is None else np.where(hidden, np.maximum(most, 1.0), effect)


def _result(labels: dict[str, object], known: np.ndarray, ratio: Ratio) -> pd.DataFrame:
    frame = pd.DataFrame(labels, index=range(len(known)))
    frame["status"] = np.where(known, SHOWN, HIDDEN).astype(object)
    return frame.assign(ratio=ratio.ratio, low=ratio.low, high=ratio.high, p=ratio.p)


def _judged(frame: pd.DataFrame, *, sort: bool = True) -> pd.DataFrame:
    """With q values over all rows and verdicts; the surest first, by the size of the difference among them."""
    ratio = Ratio(*(frame[column].to_numpy(np.float64) for column in ("ratio", "low", "high", "p")))
    q = benjamini_hochberg(ratio.p)
    frame = frame.assign(q=q, verdict=verdicts(ratio, q))
    if not sort:
        return frame
    clear = frame["verdict"].isin(["over", "under"]).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.abs(np.log(np.where(np.isnan(ratio.ratio), np.sqrt(ratio.low * ratio.high), ratio.ratio)))
    order = np.lexsort((-np.nan_to_num(size, nan=-1.0), ~clear, frame["verdict"].to_numpy() == HIDDEN))
    return frame.iloc[order].reset_index(drop=True)
