"""What a reader yields: conversations made of typed turns, and rejections that never hold text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

Role = Literal["user", "assistant", "system", "tool"]
TurnKind = Literal["text", "image", "attachment", "tool_call", "tool_result", "reasoning"]

Reason = Literal[
    "record too long",
    "compressed file ends early",
    "compressed file is damaged",
    "file ends early",
    "not text",
    "not UTF-8",
    "not JSON",
    "nested too deeply",
    "not a table row",
    "not a conversation",
    "broken tree",
    "unknown role",
    "no user turn",
]
"""Why a record was not read. Fixed words, so that counts can be shown and no text can slip into one."""
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message part by one side."""

    role: Role
    text: str
    """What was said. Empty for an image; an attachment's or tool's own text where the source has it."""
    kind: TurnKind = "text"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation as its source tells it, before anything was redacted. Never written to disk."""

    turns: tuple[Turn, ...]
    source_id: str | None
    """The source's own id, if any. Turned into a keyed pseudonym at ingest."""
    account: str | None
    """The source's own account id, if any. Turned into a keyed pseudonym at ingest."""
    started_at: datetime | None
    """Aware, in UTC; None where the source tells no time or an impossible one."""
    record: int
    """Where it stands in its file: the line (from 1) of a line format, else the ordinal (from 1)."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What else the source tells, flat and as text: ``model``, ``surface``, ``language``, ``country``..."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that could not be read. The reason is one of a fixed set of words, never the record's text."""

    record: int
    reason: Reason


class UnreadableError(Exception):
    """Raised and caught inside the readers only: this record, or the rest of this stream, becomes a rejection."""

    def __init__(self, reason: Reason) -> None:
        self.reason: Reason = reason
        super().__init__(reason)
