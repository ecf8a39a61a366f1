"""Our own JSONL: ``{"id", "messages": [{"role", "content"}], "user_id", "timestamp", "metadata"}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers._messages import message_turns
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection
from clio.conversations.values import conversation, flat, mapping, name_of, when

FIELDS = ("id", "messages", "user_id", "timestamp", "metadata")


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    if not isinstance(record.get("messages"), list):
        return "no list `messages`"
    if "id" not in record or not {"user_id", "timestamp"} & record.keys():
        return "no `id` with a `user_id` or `timestamp`"
    return ""


def parse(number: int, value: object) -> Conversation:
    """One record. Raises UnreadableError."""
    record = mapping(value)
    return conversation(
        number,
        message_turns(record.get("messages")),
        source_id=name_of(record.get("id")),
        account=name_of(record.get("user_id")),
        started_at=when(record.get("timestamp")),
        metadata=flat(record.get("metadata")),
    )


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, parse, FIELDS)
