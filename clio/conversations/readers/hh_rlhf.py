"""HH-RLHF: JSON lines of ``{"chosen", "rejected"}``, each a whole conversation as one text. The chosen one is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection, Role, Turn, UnreadableError
from clio.conversations.values import clean, conversation, mapping, name_of

_MARK = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")
_ROLES: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    text = record.get("chosen")
    if not isinstance(text, str):
        return "no text `chosen`"
    return "" if _MARK.match(text.lstrip("\n")) or _MARK.match(text) else "`chosen` does not begin with a turn mark"


def parse(number: int, value: object) -> Conversation:
    """One record. Raises UnreadableError."""
    record = mapping(value)
    text = record.get("chosen")
    if not isinstance(text, str):
        raise UnreadableError("not a conversation")
    before, *parts = _MARK.split(text)
    if before.strip() or not parts:
        raise UnreadableError("not a conversation")
    turns = (Turn(_ROLES[mark], clean(said)) for mark, said in zip(parts[::2], parts[1::2], strict=True))
    return conversation(number, turns, source_id=name_of(record.get("id")))


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, parse)
