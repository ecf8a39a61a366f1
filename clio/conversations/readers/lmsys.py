"""LMSYS-Chat-1M as Parquet or JSON lines: ``conversation`` with ``conversation_id``; no account, no time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers._messages import message_turns
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection
from clio.conversations.values import conversation, flat, mapping, name_of, when

FIELDS = ("conversation_id", "model", "conversation", "language", "redacted", "tstamp", "user_id")


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    if not isinstance(record.get("conversation"), list):
        return "no list `conversation`"
    return "" if "conversation_id" in record else "no `conversation_id`"


def parse(number: int, value: object) -> Conversation:
    """One record. Raises UnreadableError."""
    record = mapping(value)
    return conversation(
        number,
        message_turns(record.get("conversation")),
        source_id=name_of(record.get("conversation_id")),
        account=name_of(record.get("user_id")),
        started_at=when(record.get("tstamp")),
        metadata=flat({key: record.get(key) for key in ("model", "language", "redacted")}),
    )


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, parse, FIELDS)
