"""Differentially private counts: ``release.noise``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from clio.config.base import Section


class NoiseConfig(Section):
    """Noise on every count, so that one account changes what is released by little (docs/noise.md).

    ``noise: dp`` is short for ``noise: {mechanism: dp}``.
    """

    mechanism: Literal["none", "dp"] = "none"
    """``dp``: discrete Laplace noise on counts that are bounded per account, with a threshold."""
    backend: Literal["auto", "own", "opendp"] = "auto"
    """Who draws the noise: the exact sampler of this package, or OpenDP (extra ``dp``). ``auto``: OpenDP if installed.
    Both draw the same distribution and hold the same thresholds."""
    epsilon: float = Field(default=1.0, ge=1e-4, le=100)
    """Of one release, all its tables together. The unit is an account with all its conversations."""
    delta: float = Field(default=1e-6, ge=1e-12, lt=0.5)
    """Of one release, all its tables together. Choose it well below one in the number of accounts."""
    most_clusters: int = Field(default=1, ge=1, le=1_000)
    """The most cells of any one table that an account counts in; of more, that many are chosen at random."""
    most_conversations: int = Field(default=1, ge=1, le=1_000)
    """The most conversations of an account that one cell counts. 1 counts accounts."""
    cluster_share: float = Field(default=0.5, gt=0, le=1)
    """Share of epsilon for the counts of clusters; the rest goes to breakdowns and trends in equal parts."""
    levels: Literal["base", "every"] = "base"
    """``base``: base clusters are counted and all above is their sum, at no cost. ``every``: every level is counted for
    itself with an equal part of the share, so that a broad cluster is shown where those in it are too small."""
    breakdowns: Literal["none", "whole", "every"] = "whole"
    """Facet values over the whole release only, or also by cluster at every counted level, in equal parts."""
    facets: tuple[str, ...] | None = None
    """Facets that are broken down. Default: all of the run but free text. Fewer facets, less noise on each."""
    trends: bool = False
    """Count by week too; a table like that of a facet."""
    total_epsilon: float | None = Field(default=None, gt=0)
    """No release is made that would bring all releases of the same data together above this. Default: no limit."""
    total_delta: float | None = Field(default=None, gt=0, lt=1)
    """The same for delta."""
    dataset: str = Field(default="", max_length=200)
    """A name for the body of data: releases under one name are composed even where their files differ, for example
    when a log has grown. Without a name, releases are composed that have an input file in common."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"mechanism": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _whole(self) -> NoiseConfig:
        if self.cluster_share == 1 and (self.breakdowns != "none" or self.trends):
            raise ValueError("cluster_share 1 leaves nothing for breakdowns and trends: turn them off, or lower it")
        return self

    @property
    def on(self) -> bool:
        """Whether counts get noise at all."""
        return self.mechanism == "dp"
