"""The ChatGPT account export: ``conversations.json``, or the zip that holds it.

A conversation is a tree, because an edited question starts a branch. The branch that was open last is read: from
``current_node`` back to the root.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.readers._exports import owner
from clio.conversations.readers._messages import content_turns, joined
from clio.conversations.records import read_records
from clio.conversations.types import Conversation, Rejection, Role, Turn, UnreadableError
from clio.conversations.values import clean, conversation, flat, listed, mapping, name_of, role_of, when

_RESULTS = {"execution_output", "tether_browsing_display", "tether_quote", "system_error", "computer_output"}
_REASONING = {"thoughts", "reasoning_recap"}
_CONTEXT = {"user_editable_context", "model_editable_context"}
"""Custom instructions and memory: put before every conversation, not said in it."""


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    return "" if isinstance(record.get("mapping"), Mapping) else "no object `mapping`"


def parse(number: int, value: object, fallback: str | None = None) -> Conversation:
    """One record; ``fallback`` is the account where the record tells none. Raises UnreadableError."""
    record = mapping(value)
    messages = [mapping(message) for node in _branch(record) if (message := node.get("message")) is not None]
    models = (about.get("model_slug") for m in messages if isinstance(about := m.get("metadata"), Mapping))
    model = record.get("default_model_slug") or next((slug for slug in models if slug), None)
    return conversation(
        number,
        (turn for message in messages for turn in _turns(message)),
        source_id=name_of(record.get("conversation_id"), record.get("id")),
        account=name_of(record.get("user_id")) or fallback,
        started_at=when(record.get("create_time"), *(message.get("create_time") for message in messages)),
        metadata=flat(model=model, surface="chatgpt.com"),
    )


def _branch(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The nodes from the root to the current one. Raises UnreadableError where parents form a ring or are missing."""
    nodes = mapping(record.get("mapping"))
    at = record.get("current_node")
    if not isinstance(at, str):
        # An export without it: the newest leaf is the one that the tree lists last.
        at = next((key for key in reversed(list(nodes)) if not mapping(nodes[key]).get("children")), None)
    branch: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    while at is not None:
        if not isinstance(at, str) or at in seen or at not in nodes:
            raise UnreadableError("broken tree")
        seen.add(at)
        branch.append(mapping(nodes[at]))
        at = branch[-1].get("parent")
    return branch[::-1]


def _turns(message: Mapping[str, Any]) -> Iterator[Turn]:
    author, content = mapping(message.get("author")), mapping(message.get("content"))
    role, kind = role_of(author.get("role")), str(content.get("content_type"))
    about = message.get("metadata")
    hidden = isinstance(about, Mapping) and about.get("is_visually_hidden_from_conversation") is True
    if kind in _CONTEXT or (hidden and role != "tool"):
        role = "system"
    parts = content.get("parts")
    text = clean(parts) if isinstance(parts, str) else _told(content)
    if kind in _REASONING:
        yield Turn(role, text or _thoughts(content), "reasoning")
    elif kind in _RESULTS:
        yield Turn("tool", text, "tool_result")
    elif kind == "code" or (role == "assistant" and message.get("recipient", "all") not in ("all", None)):
        yield Turn("assistant", text or joined(parts), "tool_call")
    elif parts is None or isinstance(parts, str):
        yield from content_turns(role, text)
    else:
        for part in listed(parts):
            yield from _part_turns(role, part)


def _part_turns(role: Role, part: object) -> Iterator[Turn]:
    kind = part.get("content_type") if isinstance(part, Mapping) else None
    if isinstance(kind, str) and kind.endswith("_asset_pointer") and not kind.startswith("image"):
        yield Turn(role, "", "attachment")
    elif kind == "audio_transcription" and isinstance(part, Mapping):
        yield from content_turns(role, joined(part.get("text")))
    else:
        yield from content_turns(role, [part])


def _told(content: Mapping[str, Any]) -> str:
    return joined(content.get("text", content.get("result", content.get("user_profile"))))


def _thoughts(content: Mapping[str, Any]) -> str:
    thoughts = content.get("thoughts")
    if not isinstance(thoughts, list):
        return joined(content.get("content"))
    return joined([thought.get("content") for thought in thoughts if isinstance(thought, Mapping)])


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError."""
    return read_records(path, config, partial(parse, fallback=owner(path, config.max_depth)))
