"""A small real HTTP server on the loopback interface that answers like a Messages endpoint, by script."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Scripted:
    """One reply: a message, an HTTP error, a page that is no message, or a connection that breaks."""

    text: str = "{}"
    stop_reason: str = "end_turn"
    status: int = 200
    hang_up: bool = False
    page: str = ""
    wait_s: float = 0.0
    redirect: str = ""


Script = Callable[[dict[str, Any], int], Scripted]
"""From the request's body and its number (from 0) to the reply."""


@dataclass
class Endpoint:
    base_url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0


def in_turn(*replies: Scripted) -> Script:
    """The replies one after the other; the last one for ever."""
    return lambda body, number: replies[min(number, len(replies) - 1)]


def said(body: dict[str, Any]) -> str:
    """The first user message of a request."""
    content = body["messages"][0]["content"]
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


@contextmanager
def serve(script: Script | Sequence[Scripted]) -> Iterator[Endpoint]:
    answer = script if callable(script) else in_turn(*script)
    lock = threading.Lock()
    running = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            nonlocal running
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(endpoint.bodies)
                endpoint.bodies.append(body)
                endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
                running += 1
                endpoint.most_at_once = max(endpoint.most_at_once, running)
            reply = answer(body, number)
            if reply.wait_s:
                time.sleep(reply.wait_s)
            with lock:
                running -= 1
            self._send(reply, body)

        def _send(self, reply: Scripted, body: dict[str, Any]) -> None:
            if reply.hang_up:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            payload: Any = {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": body["model"],
                "content": [{"type": "text", "text": reply.text}] if reply.text else [],
                "stop_reason": reply.stop_reason,
                "stop_sequence": None,
                "usage": {"input_tokens": 10, "output_tokens": 3},
            }
            if reply.status >= 400:
                # Like real servers, quote the request: none of it may reach an exception or a log.
                payload = {"type": "error", "error": {"type": "some_error", "message": f"cannot do {said(body)}"}}
            data = (reply.page or json.dumps(payload)).encode()
            self.send_response(302 if reply.redirect else reply.status)
            if reply.redirect:
                self.send_header("Location", reply.redirect)
            self.send_header("Content-Type", "text/html" if reply.page else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        endpoint = Endpoint(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()
