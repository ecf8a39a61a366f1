"""Lists of messages with a role and content, as the chat APIs and their many imitations write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from clio.conversations.types import Role, Turn, UnreadableError
from clio.conversations.values import clean, listed, mapping, role_of

_TEXT = {"text", "input_text", "output_text"}
_IMAGE = {"image", "image_url", "input_image", "image_file", "image_asset_pointer"}
_REASONING = {"thinking", "redacted_thinking", "reasoning"}
_CALL = {"tool_use", "server_tool_use", "mcp_tool_use", "function_call", "tool_call"}
_RESULT = ("_result", "_call_output")
"""Endings of the names of blocks that hold what a tool gave back."""


def message_turns(messages: object) -> Iterator[Turn]:
    """The turns of a list of ``{role, content}`` or ``{from, value}`` objects. Raises UnreadableError."""
    for message in listed(messages):
        yield from turns_of(mapping(message))


def turns_of(message: Mapping[str, Any]) -> Iterator[Turn]:
    """The turns of one message: its content, then the calls that stand beside it. Raises UnreadableError."""
    role = role_of(message.get("role", message.get("from")))
    content = message.get("content", message.get("value"))
    yield from content_turns(role, content)
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        yield Turn(role, clean(refusal))
    calls = message.get("tool_calls") or ()
    for call in (*(listed(calls)), message.get("function_call")):
        if isinstance(call, Mapping):
            yield Turn("assistant", _call_text(call), "tool_call")


def content_turns(role: Role, content: object) -> Iterator[Turn]:
    """The turns of one message's content: text, blocks, or nothing. Raises UnreadableError for anything else."""
    if content is None:
        return
    if isinstance(content, str):
        yield Turn(role, clean(content), "tool_result" if role == "tool" else "text")
        return
    for block in [content] if isinstance(content, Mapping) else listed(content):
        if isinstance(block, str):
            yield Turn(role, clean(block), "tool_result" if role == "tool" else "text")
        elif block is not None:
            yield _block_turn(role, mapping(block))


def _block_turn(role: Role, block: Mapping[str, Any]) -> Turn:
    told = block.get("type", block.get("content_type", "text"))
    kind = told if isinstance(told, str) else ""
    if kind in _IMAGE:
        return Turn(role, "", "image")
    if kind in _CALL:
        return Turn("assistant", _call_text(block), "tool_call")
    if kind.endswith(_RESULT):
        return Turn("tool", joined(block.get("content", block.get("output"))), "tool_result")
    if kind in _REASONING:
        return Turn(role, joined(block.get("thinking", block.get("text"))), "reasoning")
    if kind in _TEXT or isinstance(block.get("text"), str):
        text = block.get("text")
        if not isinstance(text, (str, type(None))):
            raise UnreadableError("not a conversation")
        return Turn(role, clean(text or ""), "tool_result" if role == "tool" else "text")
    if kind == "refusal":
        return Turn(role, joined(block.get("refusal")))
    # Documents, files, sound, and whatever comes next year: counted as attachments, with their text if they tell it.
    return Turn(role, _document_text(block), "attachment")


def joined(content: object) -> str:
    """All the text in a content value, blocks joined by newlines; empty where there is none."""
    found: list[str] = []
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            found.append(clean(part))
        elif isinstance(part, (list, tuple)):
            waiting += reversed(part)
        elif isinstance(part, Mapping):
            waiting.append(part.get("text", part.get("content")))
    return "\n".join(found)


def response_turns(response: object) -> Iterator[Turn]:
    """The turns of an API's answer: text, a message, a Messages reply, or a completion with choices."""
    if response is None:
        return
    if isinstance(response, Mapping):
        body = response.get("body")
        if isinstance(body, Mapping):
            response = body
        choices = response.get("choices")
        if isinstance(choices, (list, tuple)):
            # One answer was shown; further choices are other drafts of it.
            for choice in choices[:1]:
                answer = mapping(choice)
                yield from turns_of(
                    {"role": "assistant", **mapping(answer.get("message", {"content": answer.get("text")}))}
                )
            return
        if "content" in response:
            yield from turns_of({**response, "role": response.get("role", "assistant")})
            return
        response = response.get("text", response.get("output"))
    yield from content_turns("assistant", response)


def _call_text(call: Mapping[str, Any]) -> str:
    function = call.get("function")
    call = function if isinstance(function, Mapping) else call
    name, arguments = call.get("name"), call.get("arguments", call.get("input"))
    if not isinstance(arguments, (str, type(None))):
        try:
            arguments = json.dumps(arguments, ensure_ascii=False, default=lambda _: None)
        except (ValueError, TypeError, RecursionError):
            arguments = None
    return clean(" ".join(part for part in (name, arguments) if isinstance(part, str) and part))


def _document_text(block: Mapping[str, Any]) -> str:
    source = block.get("source")
    if isinstance(source, Mapping):
        kind = source.get("type")
        if kind == "text" and isinstance(source.get("data"), str):
            return clean(source["data"])
        if kind == "content":
            return joined(source.get("content"))
    transcript = block.get("transcript", block.get("extracted_content"))
    return clean(transcript) if isinstance(transcript, str) else ""
