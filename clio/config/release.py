"""What may leave a run."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from clio.config.base import Section
from clio.config.noise import NoiseConfig

PRESETS: dict[str, dict[str, int]] = {
    "research": {"min_conversations": 15, "min_accounts": 5},
    "public": {"min_conversations": 500, "min_accounts": 250},
}
"""Thresholds of the follow-up studies to the Clio paper: arXiv 2503.04761 (15 and 5) and the Economic Index reports
of September 2025 and January 2026 (500 and 250 for bottom-up clusters)."""


class ReleaseConfig(Section):
    """The thresholds every cell must reach, at every level, in every table."""

    preset: Literal["research", "public"] = "research"
    min_conversations: int = Field(default=15, ge=1)
    min_accounts: int = Field(default=5, ge=1)
    max_account_share: float = Field(default=0.5, gt=0, le=1)
    """The largest share of a cell's conversations that one account may have."""
    under_threshold: Literal["merge", "drop"] = "merge"
    """A cluster under threshold joins its nearest sibling, or leaves the release. Counted either way."""
    over_share: Literal["trim", "suppress"] = "trim"
    """What happens where one account has more than its share of a cluster: its excess conversations are left out of
    every count (``trim``), or the cluster is treated as under threshold (``suppress``). Counted either way."""
    map_depth: int = Field(default=7, ge=0, le=12)
    """How often a square of the density map may be split in four, as long as every part passes the thresholds."""

    round_to: int = Field(default=1, ge=1, le=1000)
    """Every released count is rounded to the nearest multiple of this, each by itself; 1 leaves them as they are.
    Rounded numbers need not add up."""
    earlier: Literal["protect", "ignore"] = "protect"
    """Whether earlier releases of this run count as known to readers. ``protect``: nothing new is shown that gives
    away a hidden cell together with them, and clusters are counted as they were in the first. ``ignore`` is for
    releases that nobody was ever shown."""
    noise: NoiseConfig = NoiseConfig()
    """Differentially private counts: `dp` for the defaults, or the section below."""

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {**PRESETS.get(str(data.get("preset", "research")), {}), **data}
        return data
