"""OpenAI chat records: requests (``messages``), logs of request and response, and batch files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers._messages import content_turns, message_turns, response_turns
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection, Turn
from clio.conversations.values import conversation, flat, mapping, name_of, when

WRAPPERS = ("request", "body", "params")
"""Keys under which logs and batch files put the request itself."""


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    request = asked(record)
    if isinstance(request.get("messages"), list):
        return ""
    if isinstance(request.get("prompt"), str) and ("response" in record or "completion" in record):
        return ""
    return "no list `messages` (alone or within `request`, `body` or `params`), no `prompt` with a `response`"


def asked(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request within a record: the record itself, or what one of WRAPPERS holds."""
    for key in WRAPPERS:
        if isinstance(inner := record.get(key), Mapping) and ("messages" in inner or "prompt" in inner):
            return inner
    return record


def parse(number: int, value: object) -> Conversation:
    """One record. Raises UnreadableError."""
    record = mapping(value)
    return from_request(number, record, asked(record))


def from_request(number: int, record: Mapping[str, Any], request: Mapping[str, Any]) -> Conversation:
    """A conversation from an API request and, where the record has it, the answer to it."""
    answer = record.get("response", record.get("completion"))
    reply = answer if isinstance(answer, Mapping) else {}
    told = request.get("metadata")
    about = told if isinstance(told, Mapping) else {}
    return conversation(
        number,
        (*_request_turns(request), *response_turns(answer)),
        source_id=name_of(record.get("id"), record.get("custom_id"), record.get("conversation_id"), reply.get("id")),
        account=name_of(
            *(
                source.get(key)
                for source in (record, request, about)
                for key in ("user_id", "user", "safety_identifier")
            )
        ),
        started_at=when(*(source.get(k) for source in (record, request, reply) for k in _TIMES)),
        metadata=flat(about, record.get("metadata"), model=_model(record, request, reply)),
    )


_TIMES = ("timestamp", "created_at", "created")


def _model(*sources: Mapping[str, Any]) -> str | None:
    return next((model for source in sources if isinstance(model := source.get("model"), str)), None)


def _request_turns(request: Mapping[str, Any]) -> Iterator[Turn]:
    yield from content_turns("system", request.get("system"))
    if isinstance(prompt := request.get("prompt"), str) and "messages" not in request:
        yield from content_turns("user", prompt)
    else:
        yield from message_turns(request.get("messages", prompt))


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, parse)
