"""The first things a reader should see: sentences made of released numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clio.explore.release import ALL
from clio.explore.safe import plain

if TYPE_CHECKING:
    from clio.explore.release import Release

SPIKE = 1.5
"""A week stands out where a cluster has so many times the share of it that the whole release has."""
SPIKE_ACCOUNTS = 10
"""Fewer people than this make no spike that is worth a sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence (plain text, to be escaped where it is shown) and the cluster that it is about."""

    title: str
    text: str
    cluster_id: str | None = None


def findings(release: Release) -> list[Finding]:
    """At most four."""
    found = [_largest(release), _spike(release), _languages(release), _concern(release)]
    return [finding for finding in found if finding is not None]


def _largest(release: Release) -> Finding | None:
    tops = release.children.get(None, [])
    if len(tops) < 2:
        return None
    first = release.rows[tops[0]]
    three = sum(release.rows[name]["share"] for name in tops[:3])
    more = f" The three largest of {len(tops)} areas hold {three:.0%}." if len(tops) > 3 else ""
    return Finding("Largest area", f"{plain(first['name'], 90)}: {first['share']:.0%} of conversations.{more}", tops[0])


def _spike(release: Release) -> Finding | None:
    weeks = release.trends[(release.trends["kind"] == "value") & release.trends["week"].isin(release.weeks)]
    usual = weeks[weeks["cluster_id"] == ALL].set_index("week")["share"]
    best: tuple[float, str, str, float] | None = None
    columns = (weeks["cluster_id"], weeks["week"], weeks["share"], weeks["accounts"])
    for name, week, share, accounts in zip(*(column.tolist() for column in columns), strict=True):
        if name not in release.rows or week not in usual.index or accounts < SPIKE_ACCOUNTS:
            continue
        times = share / usual[week] if usual[week] else 0.0
        if times >= SPIKE and (best is None or (times, release.rows[name]["level"]) > (best[0], 0)):
            best = (times, name, week, share)
    if best is None:
        return None
    times, name, week, share = best
    return Finding(
        "A week that stands out",
        f"{share:.0%} of “{plain(release.rows[name]['name'], 90)}” came in the week of {week}, "
        f"{times:.1f} times that week's part of everything.",
        name,
    )


def _languages(release: Release) -> Finding | None:
    facet = release.single.get("language")
    if facet is None or len(facet.order) < 2:
        return None
    whole = release.breakdowns[
        (release.breakdowns["cluster_id"] == ALL)
        & (release.breakdowns["facet"] == "language")
        & (release.breakdowns["kind"] == "value")
    ].sort_values("conversations", ascending=False)
    told = [f"{plain(v, 20)} {s:.0%}" for v, s in zip(whole["value"], whole["share"], strict=True)][:4]
    return Finding("Languages", ", ".join(told) + ". Rarer ones are not shown.")


def _concern(release: Release) -> Finding | None:
    """The cluster with the largest released share of the upper steps of a facet named ``concern``."""
    if "concern" not in release.single:
        return None
    cells = release.breakdowns
    high = cells[
        (cells["facet"] == "concern")
        & (cells["kind"] == "value")
        & cells["value"].isin(["3", "4", "5"])
        & (cells["cluster_id"] != ALL)
    ]
    if not len(high):
        return None
    totals = high.groupby("cluster_id")["share"].sum().sort_values(ascending=False)
    name, share = str(totals.index[0]), float(totals.iloc[0])
    if name not in release.rows or share < 0.1:
        return None
    return Finding(
        "Most concern",
        f"At least {share:.0%} of “{plain(release.rows[name]['name'], 90)}” was judged 3 or more of 5 for concern.",
        name,
    )
