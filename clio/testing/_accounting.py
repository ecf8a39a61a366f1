"""Tokens, the prompt cache, rate limits and counts."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = 4
"""Characters of a token: near enough for English."""
_encode = json.JSONEncoder(ensure_ascii=False).encode
KINDS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def tokens(characters: int) -> int:
    """Characters to tokens, rounded up."""
    return -(-characters // TOKEN)


def _length(block: Any) -> int:
    if isinstance(block, str):
        return len(block)
    text = block.get("text") if isinstance(block, dict) else None
    return len(text) if isinstance(text, str) else len(_encode(block))


def _blocks(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content or ""]


def _extras(body: Mapping[str, Any]) -> str:
    """What stands before the system prompt: tools and the schema of structured outputs."""
    given = [body.get("tools"), (body.get("output_config") or {}).get("format")]
    return _encode(given) if any(given) else ""


def input_tokens(body: Mapping[str, Any], extras: str | None = None) -> int:
    """Of system prompt, messages, tools and schema. ``extras``: what :func:`_extras` gives, if it is at hand."""
    characters = len(_extras(body) if extras is None else extras) + sum(map(_length, _blocks(body.get("system"))))
    for message in body["messages"]:
        characters += sum(map(_length, _blocks(message["content"])))
    return tokens(characters)


@dataclass(frozen=True, slots=True)
class Prompt:
    """How many tokens of a request are new, read from the cache, and written to it; and what to remember."""

    fresh: int
    read: int = 0
    written: int = 0
    hour: bool = False
    prefixes: tuple[bytes, ...] = ()


class PromptCache:
    """Which prefixes were seen. A prefix ends at a block with ``cache_control``; nothing is forgotten by time."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._seen: set[bytes] = set()

    def look(self, body: Mapping[str, Any]) -> Prompt:
        """How a request stands to the cache; it changes nothing until :meth:`keep`."""
        extras = _extras(body)
        total = input_tokens(body, extras)
        messages = [block for message in body["messages"] for block in _blocks(message["content"])]
        blocks = [*_blocks(body.get("system")), *messages]
        marked = [n for n, block in enumerate(blocks) if isinstance(block, dict) and block.get("cache_control")]
        controls = [blocks[n]["cache_control"] for n in marked]
        if body.get("cache_control"):
            marked, controls = [*marked, len(blocks) - 1], [*controls, body["cache_control"]]
        if not marked:
            return Prompt(total)
        running = hashlib.blake2b(f"{body.get('model')}\n{extras}".encode("utf-8", "replace"), digest_size=16)
        length, start, read, last = len(extras), 0, 0, 0
        prefixes = []
        for place in sorted(set(marked)):
            for block in blocks[start : place + 1]:
                text = block.get("text") if isinstance(block, dict) else block
                text = text if isinstance(text, str) else _encode(block)
                running.update(f"\x00{len(text)} {text}".encode("utf-8", "replace"))
                length += len(text)
            start = place + 1
            if (size := min(tokens(length), total)) < self._least:
                continue
            digest, last = running.digest(), size
            prefixes.append(digest)
            read = size if digest in self._seen else read
        hour = any(isinstance(control, dict) and control.get("ttl") == "1h" for control in controls)
        return Prompt(total - last, read, last - read, hour, tuple(prefixes))

    def keep(self, prompt: Prompt) -> None:
        """From now on the request's prefixes are read instead of written."""
        self._seen.update(prompt.prefixes)


def usage_of(prompt: Prompt, characters: int, tier: str) -> dict[str, Any]:
    """The ``usage`` of a message with that many characters."""
    return {
        "input_tokens": prompt.fresh,
        "cache_creation_input_tokens": prompt.written,
        "cache_read_input_tokens": prompt.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if prompt.hour else prompt.written,
            "ephemeral_1h_input_tokens": prompt.written if prompt.hour else 0,
        },
        "output_tokens": max(1, tokens(characters)),
        "service_tier": tier,
    }


class Bucket:
    """What may be used per minute: refilled evenly, and saved up for at most ``burst_s`` seconds."""

    def __init__(self, name: str, per_minute: int, burst_s: float) -> None:
        self._name, self._limit = name, per_minute
        self._per_s = per_minute / 60
        self._room = max(1.0, self._per_s * burst_s)
        self._level, self._at = self._room, time.monotonic()

    def wait(self, amount: float) -> float:
        """Seconds until ``amount`` is there; 0: take it now. More than there is ever room for waits for a full one."""
        now = time.monotonic()
        self._level = min(self._room, self._level + (now - self._at) * self._per_s)
        self._at = now
        return max(0.0, (min(amount, self._room) - self._level) / self._per_s)

    def take(self, amount: float) -> None:
        """Use it, as :meth:`wait` allowed."""
        self._level -= amount

    def headers(self) -> dict[str, str]:
        """The headers in which the real service tells limit, rest, and when it will be full again (RFC 3339)."""
        full = datetime.now(UTC) + timedelta(seconds=max(0.0, self._room - self._level) / self._per_s)
        name = f"anthropic-ratelimit-{self._name}"
        return {
            f"{name}-limit": str(self._limit),
            f"{name}-remaining": str(max(0, int(self._level))),
            f"{name}-reset": full.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@dataclass(slots=True)
class Stats:
    """Counts since the start or the last reset."""

    requests: int = 0
    distinct: set[bytes] = field(default_factory=set)
    running: int = 0
    most_at_once: int = 0
    bought: int = 0
    delivered: int = 0
    rate_limited: int = 0
    batches: int = 0
    batch_items: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    billed: Counter[str] = field(default_factory=Counter)
    billed_in_batches: Counter[str] = field(default_factory=Counter)
    billed_and_delivered: Counter[str] = field(default_factory=Counter)

    def arrive(self, data: bytes) -> None:
        """One more request to a model, known by its body."""
        self.distinct.add(hashlib.blake2b(data, digest_size=12).digest())

    def buy(self, usage: Mapping[str, Any], *, batch: bool = False) -> None:
        """A reply that was written, and so is paid for, whether or not it arrives."""
        self.bought += 1
        for kind in KINDS:
            self.billed[kind] += usage[kind]
            if batch:
                self.billed_in_batches[kind] += usage[kind]

    def deliver(self, usage: Mapping[str, Any]) -> None:
        """A bought reply that went out whole."""
        self.delivered += 1
        for kind in KINDS:
            self.billed_and_delivered[kind] += usage[kind]

    def as_dict(self) -> dict[str, Any]:
        """What ``GET /_stats`` answers."""
        return {
            "requests": self.requests,
            "distinct": len(self.distinct),
            "batches": self.batches,
            "batch_items": self.batch_items,
            "in_progress": self.running,
            "most_at_once": self.most_at_once,
            "rate_limited": self.rate_limited,
            "faults": dict(sorted(self.faults.items())),
            "bought": self.bought,
            "delivered": self.delivered,
            "undelivered": self.bought - self.delivered,
            "billed": {kind: self.billed[kind] for kind in KINDS},
            "billed_in_batches": {kind: self.billed_in_batches[kind] for kind in KINDS},
            "billed_and_delivered": {kind: self.billed_and_delivered[kind] for kind in KINDS},
            "calls": dict(sorted(self.calls.items())),
        }
