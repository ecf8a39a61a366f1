"""ShareGPT: a JSON array or JSON lines of ``{"id", "conversations": [{"from", "value"}]}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers._messages import content_turns, joined, turns_of
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection, Turn
from clio.conversations.values import conversation, flat, listed, mapping, name_of, when


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    turns = record.get("conversations", record.get("items"))
    if not isinstance(turns, list):
        return "no list `conversations`"
    if turns and not (isinstance(turns[0], Mapping) and {"from", "role"} & turns[0].keys()):
        return "no `from` in the first of `conversations`"
    return ""


def parse(number: int, value: object) -> Conversation:
    """One record. Raises UnreadableError."""
    record = mapping(value)
    return conversation(
        number,
        _turns(record),
        source_id=name_of(record.get("id"), record.get("conversation_id")),
        account=name_of(record.get("user_id"), record.get("user")),
        started_at=when(record.get("timestamp"), record.get("create_time"), record.get("created_at")),
        metadata=flat(record.get("metadata"), model=record.get("model"), language=record.get("language")),
    )


def _turns(record: Mapping[str, Any]) -> Iterator[Turn]:
    yield from content_turns("system", record.get("system"))
    for item in listed(record.get("conversations", record.get("items"))):
        message = mapping(item)
        if message.get("from", message.get("role")) in ("function_call", "tool_call"):
            yield Turn("assistant", joined(message.get("value", message.get("content"))), "tool_call")
        else:
            yield from turns_of(message)


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, parse)
