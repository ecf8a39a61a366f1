"""Shares of clusters and of facet values, with intervals, and what is not shown said as such."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from clio.measures.intervals import wilson
from clio.privacy.wall import clean_text

ALL = "all"
"""Cluster id of the whole release in breakdowns and trends."""
SHOWN, OTHER, HIDDEN = "shown", "other", "not shown"
MISSING = "n/a"
TOGETHER = "values held by few people, together"
WITHHELD = "absent, or too few people: not shown"
NO_CELL = "every value is held by too few people here: not shown"

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BINS = ("below 0", "0 to 1")


def clean(text: str) -> str:
    """:func:`~clio.privacy.wall.clean_text`, quick for texts that are clean: all but hostile ones."""
    if text.isprintable() and "  " not in text and text == text.strip():
        return text
    return clean_text(text)


def pick_level(clusters: pd.DataFrame, level: int | None, *, top: bool = False) -> int:
    """The level asked for, held within those there are; by default the finest, or the coarsest if ``top``."""
    if not len(clusters):
        return 0
    low, high = int(clusters["level"].min()), int(clusters["level"].max())
    if level is None:
        return high if top else low
    return min(max(level, low), high)


def names_of(clusters: pd.DataFrame) -> dict[str, str]:
    """Clean name per cluster id; the whole has one too."""
    pairs = zip(clusters["cluster_id"], clusters["name"], strict=True)
    return {ALL: "All conversations"} | {str(key): clean(str(name)) for key, name in pairs}


def size_of(clusters: pd.DataFrame, cluster_id: str) -> float:
    """Conversations of a cluster or of the whole release; 0 for one that is not released."""
    if cluster_id == ALL:
        return float(clusters.loc[clusters["level"] == pick_level(clusters, None), "conversations"].sum())
    found = clusters.loc[clusters["cluster_id"] == cluster_id, "conversations"]
    return float(found.iloc[0]) if len(found) else 0.0


def cluster_shares(clusters: pd.DataFrame, level: int | None = None) -> pd.DataFrame:
    """Clusters of a level (default: the coarsest), the largest first, with their shares of the whole and intervals."""
    frame = clusters[clusters["level"] == pick_level(clusters, level, top=True)]
    frame = frame.sort_values(["conversations", "cluster_id"], ascending=[False, True])
    total = size_of(clusters, ALL)
    count, accounts = (frame[c].to_numpy(np.float64) for c in ("conversations", "accounts"))
    low, high = wilson(count, total, effective=effective(total, count, accounts))
    return pd.DataFrame(
        {
            "cluster_id": frame["cluster_id"].astype(str).to_numpy(),
            "name": [clean(str(name)) for name in frame["name"]],
            "conversations": frame["conversations"].to_numpy(),
            "accounts": frame["accounts"].to_numpy(),
            "share": count / max(total, 1),
            "low": low,
            "high": high,
        }
    )


def facet_shares(
    breakdowns: pd.DataFrame,
    clusters: pd.DataFrame,
    facet: str,
    cluster_id: str = ALL,
    *,
    adds_up: bool = True,
) -> pd.DataFrame:
    """Values of a facet in a cluster with shares and intervals; the rest as one row that says why it is one.

    A remainder that the release states is a row of status ``other``; one that it does not state is ``not shown`` and
    has no number. ``adds_up`` is False for facets with several values a conversation (kind ``multi``).
    """
    cells = breakdowns[(breakdowns["facet"] == facet) & (breakdowns["cluster_id"] == cluster_id)]
    total = size_of(clusters, cluster_id)
    cells = cells.assign(value=[clean(str(value)) for value in cells["value"]])
    values = cells[cells["kind"] == "value"]
    place = {value: n for n, value in enumerate(in_order(values["value"].tolist(), values["conversations"].tolist()))}
    shown = values.sort_values("value", key=lambda column: column.map(place))
    rest = cells[cells["kind"] == "other"]
    frame = pd.concat([shown, rest], ignore_index=True)
    count, accounts = (frame[c].to_numpy(np.float64) for c in ("conversations", "accounts"))
    low, high = wilson(count, total, effective=effective(total, count, accounts))
    status = np.where(frame["kind"] == "value", SHOWN, OTHER).astype(object)
    result = pd.DataFrame(
        {
            "value": frame["value"].to_numpy(dtype=object),
            "status": status,
            "conversations": count,
            "accounts": accounts,
            "share": count / max(total, 1),
            "low": low,
            "high": high,
            "reason": np.where(status == SHOWN, "", TOGETHER).astype(object),
        }
    )
    if adds_up and total and not len(rest) and total > count.sum():
        reason = WITHHELD if len(shown) else NO_CELL
        hidden = pd.DataFrame({"value": [""], "status": [HIDDEN], "reason": [reason]}, index=[len(result)])
        result = pd.concat([result, hidden]) if len(result) else hidden.reindex(columns=result.columns)
    return result


def effective(total: float | np.ndarray, count: np.ndarray, accounts: np.ndarray) -> np.ndarray:
    """Independent units behind ``total``, judged by how many conversations the accounts of each cell bring."""
    return np.asarray(total / design_effect(count, accounts), dtype=np.float64)


def design_effect(count: np.ndarray, accounts: np.ndarray) -> np.ndarray:
    """Conversations per account of each cell, at least 1; 1 where nothing is known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(accounts > 0, count / accounts, 1.0)
    return np.asarray(np.maximum(np.nan_to_num(found, nan=1.0), 1.0), dtype=np.float64)


def room(breakdowns: pd.DataFrame, clusters: pd.DataFrame) -> pd.Series:
    """Per cluster id, the conversations that its shown values of one facet (or its shown weeks) leave over."""
    shown = breakdowns[breakdowns["kind"] == "value"].groupby("cluster_id")["conversations"].sum()
    sizes = pd.Series(clusters["conversations"].to_numpy(np.float64), index=clusters["cluster_id"].astype(str))
    sizes[ALL] = size_of(clusters, ALL)
    left: pd.Series = (sizes - shown.reindex(sizes.index).fillna(0)).clip(lower=0)
    return left


def in_order(values: Sequence[str], counts: Sequence[float]) -> list[str]:
    """Values in their natural order where they have one (numbers, ranges, weekdays), else the most frequent first.

    What is no answer (``n/a``, ``failed``, ``refused``) comes last.
    """
    last = {MISSING, "failed", "refused"}
    keys = {value: _rank(value) for value in values if value not in last}
    ordered = all(key is not None for key in keys.values())
    size = dict(zip(values, counts, strict=True))

    def key(value: str) -> tuple[bool, float, str]:
        rank = keys.get(value)
        return (value in last, rank if ordered and rank is not None else -size[value], value)

    return sorted(size, key=key)


def _rank(value: str) -> float | None:
    if value in _WEEKDAYS:
        return _WEEKDAYS.index(value)
    if value in _BINS:
        return _BINS.index(value) - 1.0
    found = re.match(r"\d[\d,]*(\.\d+)?(?= to |\+| and more|$)", value)
    return float(found.group().replace(",", "")) if found else None
