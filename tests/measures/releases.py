"""Releases made of made-up people: the tables that the measures read, with small cells left out as publish would."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd

MONDAY = datetime.date(2026, 1, 5)


@dataclass(frozen=True)
class Release:
    """Tables of a release, and the people it was made of."""

    clusters: pd.DataFrame
    breakdowns: pd.DataFrame
    trends: pd.DataFrame
    squares: pd.DataFrame
    people: pd.DataFrame


def monday(n: int) -> str:
    return (MONDAY + datetime.timedelta(days=7 * n)).isoformat()


def release(people: pd.DataFrame, facets: tuple[str, ...] = ("language",), *, least: int = 15, names=None) -> Release:
    """``people``: a row a conversation with account, base (int), top (int), week (int) and the facets."""
    people = people.assign(week=[monday(int(w)) for w in people["week"]])
    base = people["base"].map("0-{:04d}".format)
    top = people["top"].map("1-{:04d}".format)
    nodes = {
        "all": people.index,
        **{k: v.index for k, v in people.groupby(base)},
        **{k: v.index for k, v in people.groupby(top)},
    }
    above = dict(zip(base, top, strict=True))
    rows = [
        {
            "cluster_id": key,
            "level": int(key[0]),
            "parent_id": above.get(key),
            "name": (names or {}).get(key, f"Cluster {key}"),
            "summary": f"People ask about {key}.",
            "terms": [],
            "conversations": len(found),
            "accounts": people.loc[found, "account"].nunique(),
            "share": len(found) / len(people),
            "merged": False,
            "x": float(n % 7) * 1.7,
            "y": float(n // 7) * 1.3,
            "stability": 0.8,
            "writer": "terms",
        }
        for n, (key, found) in enumerate(nodes.items())
        if key != "all"
    ]
    clusters = pd.DataFrame(rows)
    cells = {f: _cells(people, nodes, f, least) for f in (*facets, "week")}
    breakdowns = pd.concat([cells[f].assign(facet=f) for f in facets], ignore_index=True)
    trends = cells["week"].rename(columns={"value": "week"})
    squares = pd.DataFrame(
        [
            {"x": float(x), "y": float(y), "size": 1.0, "conversations": 15 + 7 * x * y, "accounts": 9}
            for x in range(6)
            for y in range(4)
        ]
    )
    return Release(clusters, breakdowns, trends, squares, people)


def _cells(people: pd.DataFrame, nodes: dict, column: str, least: int) -> pd.DataFrame:
    rows = []
    for key, found in nodes.items():
        part = people.loc[found]
        counts = part.groupby(column)["account"].agg(["size", "nunique"])
        kept = counts[counts["size"] >= least]
        rows += [
            _row(key, str(value), "value", int(c["size"]), int(c["nunique"]), len(part)) for value, c in kept.iterrows()
        ]
        rest = part[~part[column].isin(kept.index)]
        if len(kept) and len(rest) >= least:
            rows.append(_row(key, "", "other", len(rest), rest["account"].nunique(), len(part)))
    return pd.DataFrame(rows)


def _row(key: str, value: str, kind: str, conversations: int, accounts: int, total: int) -> dict[str, object]:
    return {
        "cluster_id": key, "value": value, "kind": kind, "conversations": conversations, "accounts": accounts,
        "share": conversations / total,
    }  # fmt: skip


def people(seed: int = 0, n: int = 3000, weeks: int = 10, bases: int = 12, tops: int = 4) -> pd.DataFrame:
    """Conversations of which nothing depends on anything else."""
    rng = np.random.default_rng(seed)
    base = rng.integers(0, bases, n)
    return pd.DataFrame(
        {
            "account": rng.integers(0, n // 2, n),
            "base": base,
            "top": base % tops,
            "week": rng.integers(0, weeks, n),
            "language": rng.choice(["en", "de", "fr", "pt"], n, p=[0.6, 0.25, 0.14, 0.01]),
            "concern": rng.choice(["1", "2", "3", "n/a"], n, p=[0.6, 0.2, 0.1, 0.1]),
            "flag": rng.choice(["yes", "no"], n, p=[0.2, 0.8]),
        }
    )
