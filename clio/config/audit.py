"""Who judges names and summaries before they are published, and what does not pass."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clio.config.base import Section


class AuditConfig(Section):
    """Every name and summary, of all levels, is judged on two scales of 1 (worst) to 5; what stays below is withheld.

    The scales: could the text point to a person or a small group, and does it state a sensitive attribute (health,
    sexuality, immigration, crime, religion, politics...) of what may be few people.
    """

    judge: Literal["auto", "required", "off"] = "auto"
    """``auto``: the capable model of the run, where it has one; the privacy table says where it has none. ``required``
    stops a run without one; ``off`` asks none. The list of sensitive words is held to either way."""
    least: int = Field(default=3, ge=1, le=5)
    """Least verdict on either scale (Clio paper, appendix D: 3 and above passes). A missing or invalid verdict is a 1.
    Below it a text is rewritten once and judged again; still below, it is withheld. 1 withholds nothing."""
    sensitive_accounts: int = Field(default=50, ge=0)
    """A listed word for a sensitive attribute is shown only for a group of at least this many accounts, with or without
    a model. 0 turns the list off."""
    measure_model: str | None = None
    """Which model measures what was published, at the endpoint of ``writer``. Default: the one that filters, asked in
    other words, which is less independent of it."""
