"""WildChat as Parquet or JSON lines: ``conversation`` with ``conversation_hash`` and ``hashed_ip``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers._messages import message_turns
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection
from clio.conversations.values import conversation, flat, listed, mapping, name_of, when

FIELDS = ("conversation_hash", "conversation_id", "model", "timestamp", "conversation", "turn", "language", "toxic",
          "redacted", "state", "country", "hashed_ip")  # fmt: skip


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    if not isinstance(record.get("conversation"), list):
        return "no list `conversation`"
    return "" if {"conversation_hash", "hashed_ip"} & record.keys() else "neither `conversation_hash` nor `hashed_ip`"


def parse(number: int, value: object) -> Conversation:
    """One record. Raises UnreadableError."""
    record = mapping(value)
    messages = [mapping(message) for message in listed(record.get("conversation"))]
    # The record's own time is that of the last turn; the address may stand in the user's turns only.
    began = when(*(message.get("timestamp") for message in messages), record.get("timestamp"))
    about = ("model", "language", "country", "state", "toxic", "redacted")
    return conversation(
        number,
        message_turns(messages),
        source_id=name_of(record.get("conversation_hash"), record.get("conversation_id")),
        account=name_of(record.get("hashed_ip"), *(message.get("hashed_ip") for message in messages)),
        started_at=began,
        metadata=flat({key: record.get(key) for key in about}),
    )


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, parse, FIELDS)
