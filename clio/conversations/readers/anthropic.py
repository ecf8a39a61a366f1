"""Anthropic Messages records: requests with ``system`` and content blocks, with or without the answer, and batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers import openai
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection

_BLOCKS = ("image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking")


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    request = openai.asked(record)
    messages = request.get("messages")
    if not isinstance(messages, list):
        return "no list `messages` (alone or within `request`, `body` or `params`)"
    response = record.get("response")
    if isinstance(response, Mapping) and (
        response.get("type") == "message" or isinstance(response.get("content"), list)
    ):
        return ""
    if isinstance(request.get("system"), (str, list)):
        return ""
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else None
        for block in content if isinstance(content, list) else ():
            if isinstance(block, Mapping) and block.get("type") in _BLOCKS:
                return ""
    return "neither `system` nor a content block of this API"


def parse(number: int, value: object) -> Conversation:
    """One record. Raises UnreadableError."""
    # The two APIs' records differ in blocks and names that never clash: one parser knows them all.
    return openai.parse(number, value)


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, parse)
