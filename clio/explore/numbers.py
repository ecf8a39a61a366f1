"""Headline numbers of a release, of one cluster and of several: what the pages write down and do not work out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clio.explore.cluster import apart
from clio.explore.release import ALL
from clio.explore.slices import size_of

if TYPE_CHECKING:
    from clio.explore.release import Release


@dataclass(frozen=True, slots=True)
class Headline:
    """Of the whole release."""

    conversations: int
    accounts: int
    at_most: bool
    """Whether accounts are an upper bound, because of an edit."""
    base: int
    """Base clusters."""
    clusters: int
    """With the levels above them."""
    weeks: int
    first: str
    last: str
    outside: int | None
    """Conversations that are in no number; None where they are too few to say how many."""
    cells: int
    """Facet values and weeks of clusters that are shown."""
    hidden: int
    """And that are not."""

    @property
    def share_outside(self) -> float | None:
        """Of all that were read."""
        return None if self.outside is None else self.outside / max(1, self.outside + self.conversations)

    @property
    def share_hidden(self) -> float:
        """Of all cells."""
        return self.hidden / max(1, self.hidden + self.cells)


@dataclass(frozen=True, slots=True)
class Size:
    """Of one cluster."""

    conversations: int
    accounts: int
    at_most: bool
    """Whether accounts are an upper bound, because of an edit; then there is no interval."""
    share: float
    """Of all released conversations."""
    low: float | None
    high: float | None
    """Ends of the 95 % interval of the share."""
    each: float
    """Conversations per account; at least so many where accounts are an upper bound."""
    stability: float | None


@dataclass(frozen=True, slots=True)
class Together:
    """Of several clusters."""

    clusters: int
    conversations: int
    accounts: int
    """At least: the same people may be in several of them."""
    share: float


def headline(release: Release) -> Headline:
    """What stands above the map."""
    about, clusters = release.about, release.clusters
    cells = sum(int((table["kind"] == "value").sum()) for table in (release.breakdowns, release.trends))
    return Headline(
        conversations=size_of(release, ALL),
        accounts=int(about.get("accounts") or 0),
        at_most=ALL in release.at_most,
        base=int((clusters["level"] == 0).sum()) if len(clusters) else 0,
        clusters=len(clusters),
        weeks=len(release.weeks),
        first=release.weeks[0] if release.weeks else "",
        last=release.weeks[-1] if release.weeks else "",
        outside=about.get("conversations_outside"),
        cells=cells,
        hidden=int(about.get("suppressed_cells") or 0),
    )


def size(release: Release, cluster_id: str) -> Size:
    """What stands above everything else on the page of a cluster."""
    from clio.measures import cluster_shares

    row = release.rows[cluster_id]
    at_most = cluster_id in release.at_most
    shares = cluster_shares(release.clusters, level=int(row["level"]))
    share = shares[shares["cluster_id"] == cluster_id].iloc[0].to_dict()
    stability = row["stability"]
    return Size(
        conversations=int(row["conversations"]),
        accounts=int(row["accounts"]),
        at_most=at_most,
        share=float(row["share"]),
        low=None if at_most else float(share["low"]),
        high=None if at_most else float(share["high"]),
        each=row["conversations"] / max(1, row["accounts"]),
        stability=float(stability) if stability is not None and stability == stability else None,
    )


def together(release: Release, names: Sequence[str]) -> Together:
    """What several clusters add up to; one that lies in another of them is counted once."""
    rows = [release.rows[name] for name in apart(release, names)]
    conversations = sum(int(row["conversations"]) for row in rows)
    # An upper bound says nothing of the least: every cluster that is shown has as many as the threshold asks for.
    known = [int(row["accounts"]) for row in rows if row["cluster_id"] not in release.at_most]
    return Together(
        clusters=len(rows),
        conversations=conversations,
        accounts=max([release.thresholds.accounts, *known]),
        share=conversations / max(1, size_of(release, ALL)),
    )


def told_by_week(release: Release, names: Sequence[str]) -> list[str]:
    """Those of the clusters of which two weeks at least are shown, so that there is a line to draw."""
    shown = release.trends[release.trends["kind"] == "value"]["cluster_id"].value_counts()
    return [name for name in names if shown.get(name, 0) >= 2]
