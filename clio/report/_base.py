"""What every section is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from clio.explore.release import ALL
from clio.explore.safe import plain

if TYPE_CHECKING:
    import pandas as pd

    from clio.config.report import ReportConfig
    from clio.explore.release import Release
    from clio.report._pictures import Pictures
    from clio.report.words import Words

NAME = 160
"""Characters of a name within a sentence or a heading. Lists and tables have longer ones."""
WHOLE = 20_000
"""Characters of a name or summary where it stands for itself: more than the longest that a release has."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is shown at a level of detail; what is beyond is said and left to ``clio export``."""

    areas: int
    children: int
    pictures: int
    """Facets drawn in each area."""
    nodes: int
    rows: int
    """Rows of an appendix table."""
    summaries: int
    """Clusters up to which every summary is shown in the tree."""


BOUNDS = {
    "brief": Bounds(areas=6, children=8, pictures=0, nodes=200, rows=0, summaries=100),
    "standard": Bounds(areas=16, children=25, pictures=3, nodes=8_000, rows=1_000, summaries=1_500),
    "full": Bounds(areas=60, children=200, pictures=20, nodes=50_000, rows=50_000, summaries=8_000),
}


@dataclass(frozen=True)
class Base:
    """A release, how it is to be told, and what draws its figures."""

    release: Release
    config: ReportConfig
    words: Words
    pictures: Pictures

    @property
    def bounds(self) -> Bounds:
        return BOUNDS[self.config.detail]

    @cached_property
    def areas(self) -> list[str]:
        """Clusters without a parent, the largest first."""
        return self.release.children.get(None, [])

    @cached_property
    def shares(self) -> dict[str, dict[str, Any]]:
        """Shares of the clusters of the top level with their intervals, by id."""
        from clio.measures import cluster_shares

        frame: pd.DataFrame = cluster_shares(self.release.clusters, self.release.top)
        return {str(row["cluster_id"]): {str(k): v for k, v in row.items()} for row in frame.to_dict("records")}

    def name(self, cluster_id: str, longest: int = NAME) -> str:
        """A cluster's name; one without a visible character is called by its id."""
        return plain(self.release.rows[cluster_id]["name"], longest) or cluster_id

    def people(self, cluster_id: str) -> int | None:
        """Accounts of a cluster, or of the whole: after edits no more than those of its parts together."""
        if cluster_id != ALL:
            return int(self.release.rows[cluster_id]["accounts"])
        told = self.release.about.get("accounts")
        if not isinstance(told, int) or ALL not in self.release.at_most:
            return told if isinstance(told, int) else None
        return min(told, sum(int(self.release.rows[name]["accounts"]) for name in self.areas))

    def accounts(self, cluster_id: str) -> str:
        """The same for a reader: what is an upper bound is written as one."""
        return self.words.accounts(self.people(cluster_id), cluster_id in self.release.at_most)

    def facts(self, cluster_id: str) -> str:
        """Counts, accounts and share in one line."""
        row, w = self.release.rows[cluster_id], self.words
        return w(
            "node", conversations=w.count(row["conversations"]), accounts=self.accounts(cluster_id),
            share=w.share(row["share"]),
        )  # fmt: skip

    def stability(self, cluster_id: str) -> float | None:
        """How well the run found a cluster again, 0 to 1; None where that is not known."""
        value = self.release.rows[cluster_id].get("stability")
        return float(value) if isinstance(value, float) and value == value else None

    @cached_property
    def tells_stability(self) -> bool:
        """Whether the release tells it of any cluster."""
        return any(self.stability(name) is not None for name in self.release.rows)

    def facet(self, name: str) -> str:
        """A facet for a reader."""
        info = self.release.facets.get(name)
        label = info.label if info else name.replace("_", " ").capitalize()
        return plain(self.words.facet(name, label), 80)

    @cached_property
    def halves(self) -> tuple[list[str], list[str]] | None:
        """Earlier and later weeks, as many of each as can be; None under four weeks."""
        weeks = list(self.release.weeks)
        middle = len(weeks) // 2
        return (weeks[:middle], weeks[middle:]) if len(weeks) >= 4 else None

    @cached_property
    def moved(self) -> list[dict[str, Any]]:
        """Movements of the areas between the two halves."""
        if self.halves is None or not self.areas:
            return []
        from clio.measures import movement

        frame = movement(self.release.trends, self.release.clusters, *self.halves, level=self.release.top)
        return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
