"""Cluster, describe, arrange and project."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clio.config.base import Section

TERM_ACCOUNTS = {"research": 5, "public": 25}
"""Least accounts behind a word, by release preset. 25 is also where CanaryBench (arXiv 2601.18834) finds no planted
string left in 52 clusters."""


class ClusterConfig(Section):
    """How vectors become base clusters (level 0)."""

    method: Literal["kmeans", "hdbscan"] = "kmeans"
    k: int | None = Field(default=None, ge=1)
    """Default: sqrt(n) up to 10,000 conversations, n/100 beyond."""
    iterations: int = Field(default=25, ge=1)
    restarts: int = Field(default=1, ge=1)
    """k-means runs from different random rows; the one with the best objective is kept (1 above 200,000 rows). One is
    enough as a rule: exchanges between the iterations mend a poor start (docs/benchmarks.md)."""
    two_level_above: int = Field(default=20_000, ge=2)
    """With more clusters than this, k-means runs on coarse parts, then within each."""
    hdbscan_min_size: int = Field(default=15, ge=2)
    silhouette_sample: int = Field(default=5_000, ge=0)
    """Conversations on which the silhouette is computed; 0 leaves it out."""
    stability_draws: int = Field(default=4, ge=0, le=100)
    """How often half of the accounts are clustered anew, with another seed, to see which clusters are found again
    (1 above 200,000 conversations). Each takes about half as long as the clustering itself; 0 leaves it out."""


class DescribeConfig(Section):
    """How clusters are named."""

    inside: int = Field(default=50, ge=1)
    """Members shown to the namer (Clio paper, G.5: 50)."""
    outside: int = Field(default=50, ge=0)
    """Nearest conversations outside shown to the namer (Clio paper, G.5: 50)."""
    terms: int = Field(default=12, ge=1)
    """Distinctive terms kept per cluster."""
    term_accounts: int | None = Field(default=None, ge=1)
    """A word that fewer distinct accounts of the cluster used is shown to no reader: not as a term, and in no name or
    summary. Default: 5, and 25 with `release.preset: public`, a tenth of the accounts its smallest cluster has; the
    preset's own 250 would leave only words that everybody used."""
    term_margin: int | None = Field(default=None, ge=0)
    """Up to so many accounts more, drawn in secret for each word of each cluster, so that nobody who owns accounts can
    count up to the threshold (docs/attacks.md). Default: one less than `term_accounts`."""
    per_account_evidence: int = Field(default=3, ge=1)
    """The most conversations of one account that count in what a cluster's name is made of. Samples shown to a model
    hold one per account."""
    candidates: int = Field(default=4, ge=1)
    """Names the embedded model proposes per cluster; the one nearest the members wins."""

    def margin(self, preset: str) -> int:
        """``term_margin``, or what follows from the threshold."""
        return self.least_accounts(preset) - 1 if self.term_margin is None else self.term_margin

    def least_accounts(self, preset: str) -> int:
        """``term_accounts``, or what the release preset makes of it."""
        return self.term_accounts or TERM_ACCOUNTS[preset]


class ArrangeConfig(Section):
    """How base clusters become a hierarchy."""

    levels: int = Field(default=3, ge=1, le=6)
    """Levels in all, base clusters included; fewer where there are too few clusters."""
    top: int = Field(default=10, ge=2)
    """About how many clusters the top level has (Clio paper, Table 3: 10)."""
    neighbourhood: int = Field(default=40, ge=4)
    """Average clusters shown to the model at once (Clio paper, G.7: 40)."""
    method: Literal["auto", "model", "ward"] = "auto"
    """``model``: propose, deduplicate, assign, rename; ``ward``: linkage of centroids; ``auto``: by the writer."""


class ProjectConfig(Section):
    """The two-dimensional map. For display only: no other stage uses it."""

    neighbours: int = Field(default=15, ge=2)
    min_distance: float = Field(default=0.0, ge=0, le=1)
    fit_rows: int = Field(default=50_000, ge=100)
    """Above this many conversations UMAP is fitted on a sample and the rest are placed from their neighbours."""
