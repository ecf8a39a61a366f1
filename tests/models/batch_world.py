"""A server, a client and a cache for tests of batches, with a wire on which anything can happen."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from clio.models.batches import BatchReport, Book, Item, Limits, run_batches
from clio.testing.messages_server import Script, Server, ServerConfig, serve

CANARY = "my landlord Tomasz Wierzbicki"
SMALL = Limits(requests=3, open=2)


class Killed(BaseException):
    """Stands for a process that ends here."""


class Wire(httpx2.BaseTransport):
    """The real connection, with something happening before a request leaves or after its answer came."""

    def __init__(self) -> None:
        self._inner = httpx2.HTTPTransport(verify=False)  # loopback: no certificates to load
        self.before: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None
        self.after: Callable[[httpx2.Request, httpx2.Response], httpx2.Response] = lambda _, response: response
        self.seen: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        return self.before(request) or self.after(request, self._inner.handle_request(request))

    def close(self) -> None:
        self._inner.close()

    def count(self, method: str, end: str = "/batches") -> int:
        return sum(one.method == method and one.url.path.endswith(end) for one in self.seen)


@dataclass
class World:
    """A server, a client, a book, and a cache that outlives a run."""

    server: Server
    folder: Path
    wire: Wire = field(default_factory=Wire)
    cache: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    handed: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    extra: float = 0.0
    step: Callable[[], None] = lambda: None
    opened: Callable[[Path], Book] = Book

    def __post_init__(self) -> None:
        http = httpx2.Client(transport=self.wire, follow_redirects=False)
        self.client = anthropic.Anthropic(api_key="key", base_url=self.server.base_url, http_client=http)

    @property
    def book(self) -> Path:
        return self.folder / "workspace" / "batches.jsonl"

    def collect(self, custom_id: str, message: Mapping[str, Any]) -> None:
        self.step()
        self.cache[custom_id] = message
        self.handed[custom_id] += 1

    def say(self, text: str) -> None:
        self.said.append(text)
        self.step()

    def sleep(self, seconds: float) -> None:
        """Long waits pass at once, for a clock that runs ahead; short ones are what a batch takes."""
        self.step()
        self.slept.append(seconds)
        time.sleep(min(seconds, 0.01))
        self.extra += max(0.0, seconds - 0.01)

    def clock(self) -> float:
        return time.time() + self.extra

    def run(self, items: Iterable[Item], limits: Limits = SMALL, **options: Any) -> BatchReport:
        """What the cache has is not asked for, as in a stage."""
        missing = (item for item in items if item.custom_id not in self.cache)
        known: dict[str, Any] = {
            "purpose": "facets", "limits": limits, "poll_s": 0.005, "say": self.say, "collect": self.collect,
            "sleep": self.sleep, "clock": self.clock,
        }  # fmt: skip
        return run_batches(missing, self.client, self.opened(self.book), **{**known, **options})

    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.book.read_bytes().splitlines()]

    def sent(self) -> list[list[str]]:
        """The ids of every batch that the server took."""
        bodies = [
            one.body for one in self.server.received if (one.method, one.path) == ("POST", "/v1/messages/batches")
        ]
        return [[request["custom_id"] for request in body["requests"]] for body in bodies]


@contextmanager
def world(folder: Path, script: Script | None = None, **config: Any) -> Iterator[World]:
    with serve(ServerConfig(**{"batch_ms": 1.0, **config}), script) as server:
        found = World(server, folder)
        with found.client:
            yield found


def item(number: int, text: str = CANARY) -> Item:
    content = f"{text} {number}"
    return Item(
        hashlib.sha256(content.encode()).hexdigest(),
        {"model": "claude-haiku-5-5", "max_tokens": 64, "messages": [{"role": "user", "content": content}]},
    )


def some(count: int, text: str = CANARY) -> list[Item]:
    return [item(number, text) for number in range(count)]


def ids(items: Iterable[Item]) -> set[str]:
    return {one.custom_id for one in items}


def json_response(value: Any, status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(
        status, content=json.dumps(value).encode(), headers={"content-type": "application/json"} | headers
    )


def is_create(request: httpx2.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/batches")


def is_results(request: httpx2.Request) -> bool:
    return request.url.path.endswith("/results")


def is_list(request: httpx2.Request) -> bool:
    return request.method == "GET" and request.url.path.endswith("/batches")


def replacing_results(
    content: Callable[[bytes], bytes],
) -> Callable[[httpx2.Request, httpx2.Response], httpx2.Response]:
    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        return httpx2.Response(200, content=content(response.read())) if is_results(request) else response

    return after


def assert_silent(found: World, error: BaseException | None = None) -> None:
    """Nothing of a conversation was said, or stands in an error or in what an error keeps."""
    texts = list(found.said)
    while error is not None:
        assert not isinstance(error, (anthropic.AnthropicError, httpx2.HTTPError, json.JSONDecodeError))
        texts.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    assert not any("Tomasz" in text or "landlord" in text for text in texts), texts


def killed_after_submitting(found: World, items: list[Item], limits: Limits = SMALL) -> None:
    def step() -> None:
        if any("submitted" in text for text in found.said):
            found.step = lambda: None
            raise Killed

    found.step = step
    with pytest.raises(Killed):
        found.run(items, limits)
    found.said.clear()
