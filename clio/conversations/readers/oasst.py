"""OpenAssistant: message trees, one a line, or flat messages with ``parent_id``. One conversation a tree.

Of each tree the path that was liked best is read: from the prompt on, always the reply of the best rank, the first
of the unranked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import IngestConfig
from clio.conversations.records import attempt, records
from clio.conversations.types import Conversation, Rejection, Turn, UnreadableError
from clio.conversations.values import clean, conversation, flat, listed, mapping, name_of, role_of, when

FIELDS = ("message_id", "parent_id", "message_tree_id", "user_id", "created_date", "text", "role", "lang", "rank",
          "deleted", "model_name")  # fmt: skip


def recognise(record: Mapping[str, Any]) -> str:
    """Why ``record`` is not of this format; empty if it is."""
    if isinstance(record.get("prompt"), Mapping) and "message_tree_id" in record:
        return ""
    if _is_flat(record):
        return ""
    return "neither a `message_tree_id` with a `prompt`, nor `message_id`, `parent_id`, `text` and `role`"


def parse(number: int, value: object) -> Conversation:
    """One tree. Raises UnreadableError."""
    tree = mapping(value)
    prompt = mapping(tree.get("prompt"))
    path = [prompt]
    while replies := [reply for reply in listed(path[-1].get("replies") or []) if _alive(reply)]:
        path.append(min(replies, key=_rank))
        if len(path) > 10_000:
            raise UnreadableError("broken tree")
    return _from_path(number, name_of(tree.get("message_tree_id"), prompt.get("message_id")), path)


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order; flat messages of one tree stand one after the other.

    A tree's record is its line, or the first of its messages'. Raises InputError.
    """
    tree: list[tuple[int, Mapping[str, Any]]] = []
    for record in records(path, config, FIELDS):
        if isinstance(record, Rejection):
            yield record
            continue
        number, value = record
        if not (isinstance(value, Mapping) and _is_flat(value)):
            yield attempt(parse, number, value)
            continue
        if tree and tree[0][1].get("message_tree_id") != value.get("message_tree_id"):
            yield attempt(_parse_flat, tree[0][0], tree)
            tree = []
        tree.append((number, value))
    if tree:
        yield attempt(_parse_flat, tree[0][0], tree)


def _parse_flat(number: int, tree: list[tuple[int, Mapping[str, Any]]]) -> Conversation:
    replies: dict[str | None, list[Mapping[str, Any]]] = {}
    for _, message in tree:
        if _alive(message):
            replies.setdefault(name_of(message.get("parent_id")), []).append(message)
    if len(roots := replies.pop(None, [])) != 1:
        raise UnreadableError("broken tree")
    path = roots
    # Popping keeps this finite where parents form a ring.
    while following := replies.pop(name_of(path[-1].get("message_id")), None):
        path.append(min(following, key=_rank))
    return _from_path(number, name_of(roots[0].get("message_tree_id"), roots[0].get("message_id")), path)


def _from_path(number: int, source_id: str | None, path: list[Mapping[str, Any]]) -> Conversation:
    root = path[0]
    models = (message.get("model_name") for message in path)
    return conversation(
        number,
        [Turn(role_of(message.get("role")), clean(_text(message))) for message in path],
        source_id=source_id,
        account=name_of(root.get("user_id")),
        started_at=when(root.get("created_date")),
        metadata=flat(language=root.get("lang"), model=next((model for model in models if model), None)),
    )


def _text(message: Mapping[str, Any]) -> str:
    text = message.get("text")
    if not isinstance(text, str):
        raise UnreadableError("not a conversation")
    return text


def _alive(message: object) -> bool:
    return isinstance(message, Mapping) and message.get("deleted") is not True


def _rank(message: Mapping[str, Any]) -> float:
    rank = message.get("rank")
    return float(rank) if isinstance(rank, int) and abs(rank) < 2**31 else float("inf")


def _is_flat(record: Mapping[str, Any]) -> bool:
    return {"message_id", "parent_id", "text", "role"} <= record.keys()
