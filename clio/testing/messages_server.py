"""A Messages endpoint on this machine for tests and benchmarks: real HTTP, settable latency, limits and faults.

    python -m clio.testing.messages_server --port 8765 --latency-ms 50 --fault 429=0.1 --fault hangup=0.05

    with serve(ServerConfig(faults={"schema": 1.0})) as server:
        client = anthropic.Anthropic(base_url=server.base_url, api_key="any")

It answers with plausible values that fit whatever JSON Schema is asked for, always the same for the same request, so
that a run with faults ends like one without. Its errors quote the request, as some servers do: no client may let that
out. It listens on the loopback interface and nowhere else, and needs nothing but the standard library; with ``uvloop``
installed it is faster.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from clio.errors import ConfigError
from clio.testing._answers import failed
from clio.testing._config import ENDPOINTS, FAULTS, Body, Reply, Script, ServerConfig, every_fault, fault_of
from clio.testing._http import Connection
from clio.testing._service import Received, Service
from clio.testing._text import said

__all__ = ["FAULTS", "Received", "Reply", "Script", "Server", "ServerConfig", "every_fault", "in_turn", "said", "serve"]
T = TypeVar("T")
HOST = "127.0.0.1"
_BACKLOG = 4096
_LONGEST_CALL_S = 30.0
_MOST_STEPS = 1000
"""Steps of the loop by which every aborted connection is gone; two are enough."""


def in_turn(*replies: Reply | None) -> Script:
    """A script: the replies one after the other, the last one for ever; None is the built-in reply."""
    return lambda _, number: replies[min(number, len(replies) - 1)]


class Server:
    """A scripted server; :func:`serve` starts and closes one. What it saw can be read while it runs and afterwards."""

    def __init__(self, config: ServerConfig | None = None, script: Script | None = None) -> None:
        self._config = config or ServerConfig()
        self._loop = _new_loop()
        self._connections: set[Connection] = set()
        self._thread: threading.Thread | None = None
        try:
            self._service = Service(self._config, script, self._defer)
            self._server = self._loop.run_until_complete(self._listen())
        except BaseException:
            self._loop.close()
            raise
        self.base_url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"
        self._service.base_url = self.base_url

    def _defer(self, seconds: float, work: Callable[[], None]) -> None:
        if seconds > 0:
            self._loop.call_later(seconds, work)
        else:  # a timer of no time at all can keep uvloop from looking at its sockets
            self._loop.call_soon(work)

    async def _listen(self) -> asyncio.Server:
        service = self._service

        def connection() -> Connection:
            return Connection(service.handle, failed, service.limit, self._loop, self._connections)

        try:
            return await self._loop.create_server(connection, HOST, self._config.port, backlog=_BACKLOG)
        except (OSError, OverflowError):
            raise ConfigError(
                f"Port {self._config.port} of {HOST} cannot be used: take another, or 0 for any that is free."
            ) from None

    @property
    def received(self) -> list[Received]:
        """Every request to an endpoint under ``/v1``, in order; empty where the config does not keep them."""
        return list(self._service.received)

    @property
    def bodies(self) -> list[Body]:
        """The parsed bodies of ``POST /v1/messages``, in order."""
        return [one.body for one in self._asked()]

    @property
    def headers(self) -> list[Mapping[str, str]]:
        """The headers of the same requests, names in lower case."""
        return [one.headers for one in self._asked()]

    @property
    def most_at_once(self) -> int:
        """Most requests for a message that were being answered at one time."""
        return self._service.stats.most_at_once

    def _asked(self) -> list[Received]:
        return [one for one in self.received if (one.method, one.path) == ("POST", "/v1/messages")]

    def stats(self) -> dict[str, Any]:
        """Counts since the start or the last reset.

        ``requests`` for messages, ``batches`` and ``batch_items``; ``distinct`` bodies of both; ``in_progress`` and
        ``most_at_once`` of the requests; ``rate_limited`` by the limits; ``faults`` by kind; ``calls`` by endpoint.
        ``bought``: replies that the model wrote, so they are paid for; of these ``delivered`` (sent whole, or in a
        batch that ended) and ``undelivered`` (broken off, unreadable, or still on their way). ``billed``,
        ``billed_in_batches`` (part of it) and ``billed_and_delivered`` (part of it): tokens by the names of the API.
        """
        return self._in_loop(lambda: self._service.stats.as_dict())

    def reset(self) -> None:
        """As freshly started: no counts, no requests kept, no prompt cache, full limits, no batches."""
        self._in_loop(self._service.reset)

    def _in_loop(self, work: Callable[[], T]) -> T:
        if self._thread is None or not self._thread.is_alive() or threading.current_thread() is self._thread:
            return work()

        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_LONGEST_CALL_S)

    def start(self) -> None:
        """Answer, in a thread of its own."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="messages-server", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Answer, in this thread, until a signal to stop."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._loop.stop)
        self._loop.run_forever()

    def close(self) -> None:
        """Break all connections and stop listening. Raises what a script raised first."""
        if self._loop.is_closed():
            return
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        try:
            self._loop.run_until_complete(self._closed())
        finally:
            self._loop.close()

    async def _closed(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        for _ in range(_MOST_STEPS):
            if not self._connections:
                break
            await asyncio.sleep(0)
        await self._server.wait_closed()

    def check(self) -> None:
        """Raise what a script raised first, if one did."""
        if self._service.error is not None:
            raise self._service.error


@contextlib.contextmanager
def serve(
    config: ServerConfig | None = None, script: Script | Sequence[Reply | None] | None = None
) -> Iterator[Server]:
    """A running server. ``script`` replies in place of the built-in model: a function, or replies in turn.

    Raises ConfigError where the port cannot be used, and at the end what the script raised.
    """
    server = Server(config, script if script is None or callable(script) else in_turn(*script))
    server.start()
    try:
        yield server
    finally:
        server.close()
    server.check()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m clio.testing.messages_server",
        description="A scripted Messages endpoint on this machine's loopback interface.",
    )
    known = ServerConfig()

    def option(name: str, kind: Callable[[str], Any], text: str) -> None:
        default = getattr(known, name)
        shown = "" if default is None else f" (default {default})"
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=text + shown)

    option("port", int, "0: any that is free")
    option("latency_ms", float, "before every reply")
    kinds = f"share (0 to 1) of requests; kinds: {', '.join(FAULTS)}; every=SHARE: all alike"
    parser.add_argument("--fault", action="append", default=[], metavar="KIND=SHARE", help=kinds)
    parser.add_argument("--faults-everywhere", action="store_true", help="on batches, models and counting too")
    option("seed", int, "decides which requests are struck, and what is said")
    option("requests_per_minute", int, "limit; none by default")
    option("input_tokens_per_minute", int, "limit; none by default")
    option("burst_s", float, "seconds' worth of the limits that can be saved up")
    option("max_concurrent", int, "requests at once; more get HTTP 429")
    option("retry_after_s", float, "what a 429 fault tells the client")
    shapes = ("yes", "no", "ignore")
    parser.add_argument("--structured-outputs", choices=shapes, default="yes", help="no: HTTP 400; ignore: prose")
    off = parser.add_argument("--no-structured-outputs", action="store_const", const="no", help="HTTP 400 for them")
    off.dest = "structured_outputs"
    option("batch_ms", float, "from a batch's creation to its end")
    option("stall_s", float, "how long a stalled request gets no byte")
    option("max_tokens_room", int, "the max_tokens fault strikes requests below it")
    option("min_cache_tokens", int, "shortest prefix that is cached")
    option("max_batch_requests", int, "more get HTTP 400")
    option("max_batch_bytes", int, "more get HTTP 413")
    parser.add_argument("--without", action="append", default=[], choices=ENDPOINTS, help="endpoints that answer 404")
    option("state", Path, "a JSON file that keeps the batches over a restart")
    parser.add_argument("--json", action="store_true", help="tell the address as a JSON object")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; one line on standard output says where. Exit code 2 for settings that make no sense."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    as_json = given.pop("json")
    faults: dict[str, float] = {}
    for text in given.pop("fault"):
        try:
            faults |= fault_of(text)
        except ValueError as error:
            parser.error(f"--fault {error}")
    try:
        server = Server(ServerConfig(**given, faults=faults, keep=False))
    except ConfigError as error:
        parser.error(str(error))
    line = json.dumps({"base_url": server.base_url}) if as_json else f"listening on {server.base_url}"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        server.close()
    try:
        server.check()
    except ConfigError as error:  # the file of the batches
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
