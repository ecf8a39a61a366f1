"""Just enough of HTTP/1.1, as an asyncio protocol: kept-alive connections, bodies with a length, one answer at a time.

Answers can be late, dripped, cut in half or not sent at all; whoever made one is told whether it went out whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

MOST_HEAD = 64 * 1024
_PIECES = 8
_REASONS = {
    200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 411: "Length Required", 413: "Content Too Large",
    429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error", 529: "Overloaded",
}  # fmt: skip


@dataclass(slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Response:
    """What to answer, when, and in which manner."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay_s: float = 0.0
    manner: Literal["whole", "drip", "half", "none"] = "whole"
    """``half``: the length is that of the whole body, and the connection closes after half of it; ``none``: it closes
    without a byte."""
    drip_s: float = 0.0
    """How long a dripped body takes."""
    done: Callable[[bool], None] | None = None
    """Is called once, with whether every byte was handed to the connection."""


Handle = Callable[[Request], Response]
Refuse = Callable[[int, str], Response]
"""From an HTTP status and a reason to the answer to what is no proper request."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(
        self,
        handle: Handle,
        refuse: Refuse,
        limit: Callable[[str], int],
        loop: asyncio.AbstractEventLoop,
        others: set[Connection],
    ) -> None:
        self._handle, self._refuse, self._limit, self._loop, self._others = handle, refuse, limit, loop, others
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._head: tuple[Request, int] | None = None
        self._keep_alive = True
        self._skip = 0
        self._pending: Response | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember how to answer."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._others.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base class names it so
        """Give up what was still to be sent."""
        self._transport = None
        self._others.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._finished(whole=False)

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, in whatever pieces they come."""
        if self._skip:
            self._skip = max(0, self._skip - len(data))
            if not self._skip and self._transport is not None:
                self._transport.close()
            return
        self._buffer += data
        if self._pending is None:
            self._advance()

    def _advance(self) -> None:
        """Answer the next request if all of it is here."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._pending is not None:
            return
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MOST_HEAD:
                    self._reject(431, "the headers are too large")
                return
            head = self._buffer[:end].decode("latin-1")
            del self._buffer[: end + 4]
            parsed = _parsed(head)
            if isinstance(parsed, int):
                self._reject(parsed, "this is no HTTP/1.1 request with a content-length")
                return
            request, length, self._keep_alive = parsed
            if length > self._limit(request.path):
                self._reject(413, "the request is too large", length)
                return
            self._head = request, length
        request, length = self._head
        if len(self._buffer) < length:
            return
        if len(self._buffer) == length:
            request.body, self._buffer = bytes(self._buffer), bytearray()
        else:
            request.body = bytes(memoryview(self._buffer)[:length])
            del self._buffer[:length]
        self._head = None
        self._answer(self._handle(request))

    def _reject(self, status: int, reason: str, length: int = 0) -> None:
        """Answer and close. What is still to come of the body is read first: a client that writes would else see the
        connection break before it sees the answer.
        """
        self._keep_alive = False
        self._skip = max(0, length - len(self._buffer))
        self._buffer.clear()
        self._answer(self._refuse(status, reason))

    def _answer(self, response: Response) -> None:
        self._pending = response
        if response.delay_s > 0:
            self._timer = self._loop.call_later(response.delay_s, self._send, response)
        else:
            self._send(response)

    def _send(self, response: Response) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        body = response.body
        match response.manner:
            case "whole":
                transport.write(_head(response, self._keep_alive) + body)
                self._finished(whole=True)
            case "drip":
                transport.write(_head(response, self._keep_alive))
                self._drip(response, 0)
            case "half":
                transport.write(_head(response, self._keep_alive) + body[: len(body) // 2])
                transport.close()
                self._finished(whole=False)
            case "none":
                transport.close()
                self._finished(whole=False)

    def _drip(self, response: Response, at: int) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        size = max(1, -(-len(response.body) // _PIECES))
        self._transport.write(response.body[at : at + size])
        if at + size >= len(response.body):
            self._finished(whole=True)
            return
        self._timer = self._loop.call_later(response.drip_s / _PIECES, self._drip, response, at + size)

    def _finished(self, *, whole: bool) -> None:
        response, self._pending, self._timer = self._pending, None, None
        if response is not None and response.done is not None:
            response.done(whole)
        if self._transport is None or self._transport.is_closing() or self._skip:
            return
        if not self._keep_alive:
            self._transport.close()
        elif self._buffer:
            self._loop.call_soon(self._advance)


def _parsed(head: str) -> tuple[Request, int, bool] | int:
    """The request, the length of its body, and whether the connection stays; an HTTP status for what is none."""
    first, *rest = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        return 400
    headers: dict[str, str] = {}
    for line in rest:
        name, separator, value = line.partition(":")
        if not separator:
            return 400
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        return 411
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        return 400
    stays = headers.get("connection", "").lower() != "close" and parts[2] != "HTTP/1.0"
    path, _, query = parts[1].partition("?")
    return Request(parts[0], path, query, headers, b""), int(length), stays


def _head(response: Response, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Other')}",
        f"content-type: {response.content_type}",
        f"content-length: {len(response.body)}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    if not keep_alive:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
