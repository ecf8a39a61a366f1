"""How much stricter thresholds would hide, from the released counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release

MOST_CONVERSATIONS, MOST_ACCOUNTS = 1_000, 500
"""Thresholds beyond these are not offered."""
STEPS = 40


@dataclass(frozen=True, slots=True)
class Loss:
    """Of one kind of cell."""

    what: str
    shown: int
    hidden: int
    """Would fall under the thresholds. More would go with them, so that none of these could be worked out."""
    conversations: int
    """Conversations in what would be hidden; 0 where a conversation is in many cells."""


def stricter(release: Release, conversations: int, accounts: int) -> list[Loss]:
    """What thresholds of so many conversations and accounts would hide, at the least.

    Counted as if every cell that falls under were left out; a run may join small clusters to their siblings instead.
    """
    base = release.clusters[release.clusters["level"] == 0] if len(release.clusters) else release.clusters
    upper = release.clusters[release.clusters["level"] > 0] if len(release.clusters) else release.clusters
    weeks, cells = (t[t["kind"] == "value"] for t in (release.trends, release.breakdowns))
    found = []
    for what, table, counted in (
        ("Base clusters", base, True),
        ("Clusters above them", upper, False),
        ("Facet values in clusters", cells, False),
        ("Weeks in clusters", weeks, False),
        ("Squares of the map", release.squares, True),
    ):
        under = table[(table["conversations"] < conversations) | (table["accounts"] < accounts)]
        lost = int(under["conversations"].sum()) if counted else 0
        found.append(Loss(what, len(table), len(under), lost))
    return found


def reach(release: Release) -> tuple[int, int]:
    """Conversations and accounts up to which stricter thresholds are worth trying: the largest base cluster's."""
    base = release.clusters[release.clusters["level"] == 0]
    most = (int(base[name].max()) if len(base) else 0 for name in ("conversations", "accounts"))
    least = release.thresholds
    bounds = ((least.conversations, MOST_CONVERSATIONS), (least.accounts, MOST_ACCOUNTS))
    conversations, accounts = (max(low + 1, min(high, m)) for m, (low, high) in zip(most, bounds, strict=True))
    return conversations, accounts


def kept(release: Release, losses: Sequence[Loss]) -> float:
    """Share of the released conversations that would still be in a base cluster."""
    base = release.clusters[release.clusters["level"] == 0]
    return 1.0 - losses[0].conversations / max(1, int(base["conversations"].sum()))


def as_table(losses: Sequence[Loss]) -> pd.DataFrame:
    """For a reader: what, shown now, would be hidden, and its share."""
    import pandas as pd

    return pd.DataFrame(
        {
            "What": [loss.what for loss in losses],
            "Shown now": [loss.shown for loss in losses],
            "Would be hidden": [loss.hidden for loss in losses],
            "Share hidden": [loss.hidden / loss.shown if loss.shown else 0.0 for loss in losses],
        }
    )


def steps(release: Release) -> list[int]:
    """Least numbers of accounts to draw :func:`curve` at, from the threshold in force up, evenly spread."""
    low, high = release.thresholds.accounts, reach(release)[1]
    return sorted({low + round((high - low) * n / STEPS) for n in range(STEPS + 1)})


def curve(release: Release, steps: list[int]) -> list[dict[str, float]]:
    """Share of base clusters, of their conversations and of cells kept at each least number of accounts."""
    clusters = release.clusters[release.clusters["level"] == 0] if len(release.clusters) else release.clusters
    cells = release.breakdowns[release.breakdowns["kind"] == "value"]
    total = max(1, int(clusters["conversations"].sum()))
    rows = []
    for least in steps:
        kept = clusters[clusters["accounts"] >= least]
        rows.append(
            {
                "accounts": float(least),
                "clusters": len(kept) / max(1, len(clusters)),
                "conversations": int(kept["conversations"].sum()) / total,
                "cells": float((cells["accounts"] >= least).sum()) / max(1, len(cells)),
            }
        )
    return rows
