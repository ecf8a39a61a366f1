"""What a model's tokens cost, where the config says so."""

from __future__ import annotations

from pydantic import Field

from clio.config.base import Section


class PriceConfig(Section):
    """USD per million tokens of one model."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cache_read: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input read from the prompt cache. Default: a tenth of ``input``."""
    cache_write: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input written to the prompt cache. Default: 1.25 times ``input``."""
