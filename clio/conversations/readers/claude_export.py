"""The claude.ai account export: ``conversations.json``, or the zip that holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers._exports import owner
from clio.conversations.readers._messages import content_turns
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection, Role, Turn
from clio.conversations.values import clean, conversation, flat, listed, mapping, name_of, role_of, when

_IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".heic", ".bmp"}


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    return "" if isinstance(record.get("chat_messages"), list) else "no list `chat_messages`"


def parse(number: int, value: object, fallback: str | None = None) -> Conversation:
    """One record; ``fallback`` is the account where the record tells none. Raises UnreadableError."""
    record = mapping(value)
    messages = [mapping(message) for message in listed(record.get("chat_messages"))]
    account = record.get("account")
    told = account.get("uuid") if isinstance(account, Mapping) else account
    return conversation(
        number,
        (turn for message in messages for turn in _turns(message)),
        source_id=name_of(record.get("uuid")),
        account=name_of(told) or fallback,
        started_at=when(record.get("created_at"), *(message.get("created_at") for message in messages)),
        metadata=flat(model=record.get("model"), surface="claude.ai"),
    )


def _turns(message: Mapping[str, Any]) -> Iterator[Turn]:
    role = role_of(message.get("sender"))
    said = list(content_turns(role, message.get("content")))
    if not any(turn.text or turn.kind != "text" for turn in said):
        said = list(content_turns(role, message.get("text")))
    yield from said
    for attachment in listed(message.get("attachments") or []):
        text = attachment.get("extracted_content") if isinstance(attachment, Mapping) else None
        yield Turn(role, clean(text) if isinstance(text, str) else "", "attachment")
    for file in listed(message.get("files") or []):
        yield _file_turn(role, file)


def _file_turn(role: Role, file: object) -> Turn:
    name = file.get("file_name") if isinstance(file, Mapping) else None
    image = isinstance(name, str) and PurePosixPath(name.lower()).suffix in _IMAGES
    return Turn(role, "", "image" if image else "attachment")


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, partial(parse, fallback=owner(path, config.max_depth)))
