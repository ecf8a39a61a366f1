"""Which conversations are read, and which of them are kept."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from clio.config.base import Section

Format = Literal[
    "auto", "clio", "openai", "anthropic", "sharegpt", "wildchat", "lmsys", "oasst", "hh-rlhf",
    "claude-export", "chatgpt-export", "columns",
]  # fmt: skip


class Columns(Section):
    """Which column of a CSV, Parquet or JSONL table holds what (``format: columns``)."""

    messages: str | None = None
    """Column with a list of {role, content} objects, or that list as JSON text."""
    user: str | None = None
    """Column with what the user said, for tables with one exchange a row."""
    assistant: str | None = None
    """Column with the answer, for tables with one exchange a row."""
    id: str | None = None
    account: str | None = None
    started_at: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    """Metadata name to column name, for example ``{model: engine}``."""

    @model_validator(mode="after")
    def _some_text(self) -> Columns:
        if self.messages is None and self.user is None:
            raise ValueError("name at least `messages` or `user`")
        return self


class Sampling(Section):
    """Which of the readable conversations are kept. All rules together; each drop is counted with its reason."""

    size: int | None = Field(default=None, ge=1)
    """Keep at most this many, chosen at random by the run's seed and not by file order."""
    per_account: int | None = Field(default=None, ge=1)
    """Keep at most this many of any one account. 1 is one conversation per account."""
    since: date | None = None
    """Keep conversations that started on or after this day (UTC)."""
    until: date | None = None
    """Keep conversations that started before the end of this day (UTC)."""
    min_turns: int = Field(default=1, ge=1)
    """Keep conversations with at least this many turns that the user wrote."""


class IngestConfig(Section):
    """How source files become conversations."""

    format: Format = "auto"
    """What the files hold; ``auto`` looks at the first records."""
    columns: Columns | None = None
    metadata: tuple[str, ...] = ()
    """Extra metadata fields to carry along as computed facets, for example ``[country]``."""
    sampling: Sampling = Sampling()
    max_record_bytes: int = Field(default=32 * 2**20, ge=1024)
    """A longer record is rejected, not read into memory."""
    max_depth: int = Field(default=64, ge=8, le=500)
    """A record nested deeper than this is rejected."""

    @model_validator(mode="after")
    def _columns_given(self) -> IngestConfig:
        if self.format == "columns" and self.columns is None:
            raise ValueError("format `columns` needs the `columns` section")
        return self
