"""What the model of the scripted server says to one request: the same for the same request, fitting what was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clio.models.schema import faults
from clio.testing import _text
from clio.testing._accounting import TOKEN, Prompt, PromptCache, usage_of
from clio.testing._config import CONTENT_FAULTS, Body, Reply, ServerConfig
from clio.testing._fit import Filler
from clio.testing._text import Draw, Material

REFUSAL = "I can't help with that request."
Block = dict[str, Any]
_encode = json.JSONEncoder(ensure_ascii=False).encode


def problem(body: Any) -> str:
    """Why a body is no request for a message, in the words of the real service; empty where it is one."""
    if not isinstance(body, dict):
        return "Input should be a valid dictionary"
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "model: Field required"
    if body.get("stream"):
        return "stream: this server does not stream"
    most = body.get("max_tokens")
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        return "max_tokens: Field required" if most is None else "max_tokens: must be greater than or equal to 1"
    return message_problem(body)


def message_problem(body: Mapping[str, Any]) -> str:
    """The part of :func:`problem` that holds for counting tokens too."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant", "system"):
            return f"messages.{place}.role: Input should be 'user', 'assistant' or 'system'"
        if not isinstance(message.get("content"), (str, list)):
            return f"messages.{place}.content: Field required"
    return ""


@dataclass(frozen=True, slots=True)
class _Said:
    """What the model wrote."""

    content: list[Block]
    stop_reason: str
    characters: int


class Replies:
    """Composes messages. It remembers prompt-cache prefixes, and with how much room a content was first cut off."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self.cache = PromptCache(config.min_cache_tokens)
        self._rooms: dict[bytes, int] = {}

    def strikes(self, fault: str, body: Body) -> bool:
        """Whether a fault that was drawn takes place: a reply is cut off unless the request has more room than the
        first of the same content that was.
        """
        if fault != "max_tokens":
            return True
        room: int = body["max_tokens"]
        if room >= self._config.max_tokens_room:
            return False
        parts = [body["model"], body.get("system"), body["messages"]]
        key = hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).digest()
        return room <= self._rooms.setdefault(key, room)

    def message(self, body: Body, name: str, prompt: Prompt, fault: str = "", tier: str = "standard") -> Body:
        """The built-in message, with one of the content faults."""
        self.cache.keep(prompt)
        said = self._said(body, fault if fault in CONTENT_FAULTS else "")
        return _message(body, name, said, usage_of(prompt, said.characters, tier))

    def scripted(self, body: Body, name: str, prompt: Prompt, reply: Reply, tier: str = "standard") -> Body:
        """A script's message."""
        self.cache.keep(prompt)
        content = [{"type": "text", "text": reply.text}] if reply.text else []
        usage = {**usage_of(prompt, len(reply.text), tier), **reply.usage}
        return _message(body, name, _Said(content, reply.stop_reason, len(reply.text)), usage)

    def _said(self, body: Body, fault: str) -> _Said:
        if fault == "refusal":
            return _Said([], "refusal", 0)
        if fault == "refusal-text":
            return _spoken(REFUSAL)
        material = Material(body, self._config.seed)
        draw = Draw(material.key)
        if fault == "notjson":
            return _spoken(f"The user would like to {_text.phrase(material.words, draw)}. I hope this is of use.")
        if tool := _tool(body):
            value = _wrong(tool.get("input_schema", {})) if fault == "schema" else _made(material, tool["input_schema"])
            block = {"type": "tool_use", "id": f"toolu_{material.key.hex()[:24]}", "name": tool["name"], "input": value}
            return _Said([block], "tool_use", len(json.dumps(value)))
        text = self._text(body, material, draw, wrong=fault == "schema")
        most = body["max_tokens"] * TOKEN
        if fault == "max_tokens":
            most = min(most, len(text) // 2)
        if len(text) > most:
            return _Said([{"type": "text", "text": text[:most]}], "max_tokens", most)
        return _spoken(text)

    def _text(self, body: Body, material: Material, draw: Draw, *, wrong: bool) -> str:
        format_ = (body.get("output_config") or {}).get("format") or {}
        schema = format_.get("schema") if self._config.structured_outputs == "yes" else None
        if isinstance(schema, dict):
            return _encode(_wrong(schema) if wrong else _made(material, schema))
        schema = _prompted(body)
        if schema is None:
            return f"You could {_text.phrase(material.words, draw)}."
        text = _encode(_wrong(schema) if wrong else _made(material, schema))
        # Without structured outputs, models like to put something around what they were asked for.
        around = draw.at("around the object").below(4)
        return f"```json\n{text}\n```" if around == 0 else f"Here is the object:\n\n{text}" if around == 1 else text


def _made(material: Material, schema: Mapping[str, Any]) -> Any:
    return Filler(material, schema).value(schema, "", Draw(material.key))


def _wrong(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An object that does not fit, wherever there is one that does not."""
    properties = schema.get("properties", {})
    candidates: list[dict[str, Any]] = [
        {"unexpected_key": "unexpected value"},
        {name: {"unexpected_key": "unexpected value"} for name in properties},
        dict.fromkeys(properties, 0),
    ]
    return next((one for one in candidates if faults(one, schema)), candidates[0])


def _prompted(body: Body) -> Mapping[str, Any] | None:
    text = _text.schema_in(body)
    if not text:
        return None
    try:
        schema, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return schema if isinstance(schema, dict) else None


def _tool(body: Body) -> Mapping[str, Any] | None:
    """The tool that the model is made to use, if any: an older way to ask for an object."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    if not isinstance(tools, list) or not isinstance(choice, dict) or choice.get("type") not in ("tool", "any"):
        return None
    usable = [tool for tool in tools if isinstance(tool, dict) and isinstance(tool.get("input_schema"), dict)]
    return next((tool for tool in usable if choice["type"] == "any" or tool.get("name") == choice.get("name")), None)


def _spoken(text: str) -> _Said:
    return _Said([{"type": "text", "text": text}], "end_turn", len(text))


def _message(body: Body, name: str, said: _Said, usage: Mapping[str, Any]) -> Body:
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": said.content,
        "stop_reason": said.stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }
