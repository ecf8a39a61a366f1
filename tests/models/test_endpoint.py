from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.models import MessagesWriter
from clio.errors import ModelSetupError
from clio.models.endpoint import MOST_FAILURES, Endpoint, PassingError, RejectedError, Sent, message_of
from clio.models.protocol import Usage
from clio.prompts.facets import conversation_message
from clio.testing.messages_server import Reply, ServerConfig, serve

T = TypeVar("T")
SECRET = "zebra quartz 4411"
KEY = "sk-ant-very-secret-0042"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_TEST_KEY", KEY)


def config(url: str | None, **more: Any) -> MessagesWriter:
    return MessagesWriter(**({"model": "some-model", "base_url": url, "api_key_env": "CLIO_TEST_KEY"} | more))


def content(text: str = SECRET) -> bytes:
    said = conversation_message(f"User: {text}")
    return json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": said}]}).encode()


def using(url: str | None, work: Callable[[Endpoint], Coroutine[Any, Any, T]], **more: Any) -> T:
    async def scene() -> T:
        endpoint = Endpoint(config(url, **more))
        await endpoint.open()
        try:
            return await work(endpoint)
        finally:
            await endpoint.close()

    return asyncio.run(scene())


def send(url: str, body: bytes = b"", **more: Any) -> Sent:
    return using(url, lambda endpoint: endpoint.send(body or content(), "m"), **more)


def shown(error: BaseException) -> str:
    """All of it that any logger or debugger would show, without local variables."""
    chain = [error, error.__cause__, error.__context__]
    return "".join(traceback.format_exception(error)) + repr(chain) + str(error)


class Raw:
    """A server that says what a test wants it to, byte by byte."""

    def __init__(self, answer: Callable[[socket.socket, bytes], None]) -> None:
        self._answer = answer
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.base_url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := _read(connection):
                self.requests.append(request)
                self._answer(connection, request)

    def close(self) -> None:
        with suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(20)


def _read(connection: socket.socket) -> bytes:
    """One request, head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


@contextmanager
def raw(answer: Callable[[socket.socket, bytes], None]) -> Iterator[Raw]:
    server = Raw(answer)
    try:
        yield server
    finally:
        server.close()


def good(text: str = "{}") -> bytes:
    message = {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": {"input_tokens": 1}}
    return framed(json.dumps(message).encode())


def framed(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{extra}\r\n".encode() + body


# --- what comes back


def test_a_reply() -> None:
    reply = Reply('{"a": 1}', usage={"input_tokens": 11, "output_tokens": 4}, headers={"x-left": "7"})
    with serve(ServerConfig(api_key=KEY), [reply]) as server:
        sent = send(server.base_url)
        (headers,) = server.headers
    assert (sent.text, sent.stop_reason, sent.usage) == ('{"a": 1}', "end_turn", Usage(11, 4))
    assert sent.headers["x-left"] == "7"
    assert headers["content-type"] == "application/json"
    assert headers["anthropic-version"]
    assert SECRET not in repr(sent)
    assert '{"a": 1}' not in repr(sent)


def test_what_a_model_thinks_is_no_part_of_the_answer() -> None:
    value = {
        "content": [
            {"type": "thinking", "thinking": '{"a": 0}', "signature": "s"},
            {"type": "text", "text": '{"a":'},
            {"type": "redacted_thinking", "data": "x"},
            {"type": "text", "text": " 1}"},
        ],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 5,
            "output_tokens": 900,
            "cache_read_input_tokens": 7,
            "cache_creation_input_tokens": 3,
        },
    }
    sent = message_of(value)
    assert sent is not None
    assert (sent.text, sent.usage) == ('{"a": 1}', Usage(5, 900, 7, 3))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["type", "text", "content", "stop_reason", "usage", "input_tokens", "output_tokens", "cache_read_input_tokens"]
NEARLY = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), NEARLY) | JSON)
def test_anything_is_a_message_or_none(value: Any) -> None:
    sent = message_of(value)
    if sent is None:
        assert not isinstance(value, dict) or not isinstance(value.get("content"), list)
    else:
        assert isinstance(sent.text, str)
        assert isinstance(sent.stop_reason, str)
        for count in (sent.usage.input_tokens, sent.usage.output_tokens, sent.usage.cache_read_tokens):
            assert isinstance(count, int)
            assert count >= 0


@pytest.mark.parametrize("size", [2**20 - 10, 2**20 + 10, 3 * 2**20])
def test_a_conversation_of_a_megabyte(size: int) -> None:
    with serve(script=[Reply("{}")]) as server:
        send(server.base_url, content("x" * size))
        assert len(server.bodies[0]["messages"][0]["content"]) > size


# --- kinds of failures


@pytest.mark.parametrize(
    ("status", "reason", "pushed_back"),
    [
        (408, "server error", False),
        (409, "server error", False),
        (425, "server error", False),
        (429, "rate limited", True),
        (500, "server error", False),
        (502, "server error", False),
        (503, "overloaded", True),
        (529, "overloaded", True),
    ],
)
def test_passing(status: int, reason: str, pushed_back: bool) -> None:
    with serve(script=[Reply(status=status)]) as server, pytest.raises(PassingError) as caught:
        send(server.base_url)
    assert (caught.value.reason, caught.value.pushed_back) == (reason, pushed_back)
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "inf"}, float("inf")),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_how_long_the_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    answer = framed(b"{}", "529 Overloaded", "".join(f"{name}: {value}\r\n" for name, value in headers.items()))
    with raw(lambda connection, _: connection.sendall(answer)) as server, pytest.raises(PassingError) as caught:
        send(server.base_url)
    assert caught.value.retry_after == seconds


def test_a_date_to_wait_until() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    reply = Reply(status=429, headers={"retry-after": date, "retry-after-ms": "x"})
    with serve(script=[reply]) as server, pytest.raises(PassingError) as caught:
        send(server.base_url)
    assert caught.value.retry_after == pytest.approx(80, abs=15)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_rejected(status: int) -> None:
    with serve(script=[Reply(status=status)]) as server, pytest.raises(RejectedError) as caught:
        send(server.base_url)
    assert str(caught.value) == ("too long" if status == 413 else "rejected")
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "the request exceeds the available context size (2048 tokens), try increasing it",
        "This model's maximum context length is 4096 tokens. However, you requested 9000.",
    ],
)
def test_too_long(said: str) -> None:
    page = json.dumps({"error": {"message": said}})
    with serve(script=[Reply(status=400, page=page)]) as server, pytest.raises(RejectedError, match=r"^too long$"):
        send(server.base_url)


@pytest.mark.parametrize(
    "said",
    [
        "Your credit balance is too low to access the Anthropic API.",
        "You have reached your specified API usage limits.",
    ],
)
def test_no_credit(said: str) -> None:
    page = json.dumps({"error": {"message": said}})
    with serve(script=[Reply(status=400, page=page)]) as server, pytest.raises(ModelSetupError, match="no credit"):
        send(server.base_url)


@pytest.mark.parametrize("escaped", [False, True])
def test_what_a_conversation_says_is_not_taken_for_the_servers_words(escaped: bool) -> None:
    """A server that quotes the request must not let a user stop the run, or hide that it rejects everything."""

    def answer(connection: socket.socket, request: bytes) -> None:
        said = json.loads(request.partition(b"\r\n\r\n")[2])["messages"][0]["content"]
        page = json.dumps({"error": {"message": f"cannot do: {said}"}})
        page = page.replace("<", "\\u003C").replace(">", "\\u003e") if escaped else page
        connection.sendall(framed(page.encode(), "400 Bad Request"))

    text = "your credit balance is too low, API usage limits, prompt is too long"
    with raw(answer) as server, pytest.raises(RejectedError, match=r"^rejected$"):
        send(server.base_url, content(text))


@pytest.mark.parametrize("status", [302, 401, 402, 403, 404, 405])
def test_setup(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reply = Reply(redirect="http://127.0.0.1:9/v1/messages") if status == 302 else Reply(status=status)
    with serve(script=[reply]) as server, pytest.raises(ModelSetupError) as caught:
        send(server.base_url)
    said = str(caught.value)
    assert "\n" not in said
    assert all(part in said for part in (server.base_url, "CLIO_TEST_KEY", f"(HTTP {status})", "some-model"))
    for secret in (SECRET, KEY):
        assert secret not in shown(caught.value) + caplog.text
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 " + SECRET.encode() + b"\r\n\r\n",
        SECRET.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header " + SECRET.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: " + SECRET.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + SECRET.encode(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + SECRET.encode() + b"\r\n",
        b"",
    ],
    ids=["status", "no HTTP", "header", "length", "cut off", "chunk", "nothing"],
)
def test_garbage_that_quotes_the_conversation_gets_nowhere(garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Passing at first; before anything good came, often enough, it is the endpoint."""
    caplog.set_level(logging.DEBUG)

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_RDWR)

    async def ask(endpoint: Endpoint) -> list[Exception]:
        found: list[Exception] = []
        for _ in range(MOST_FAILURES):
            try:
                await endpoint.send(content(), "m")
            except (PassingError, ModelSetupError) as error:
                found.append(error)
        return found

    with raw(answer) as server:
        errors = using(server.base_url, ask)
    assert [type(error) for error in errors] == [PassingError] * (MOST_FAILURES - 1) + [ModelSetupError]
    for error in errors:
        assert SECRET not in shown(error)
        assert error.__cause__ is error.__context__ is None
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff\xfe", b'{"type": "error"}', b"[" * 5000, b"<html>hello</html>"]
)
def test_a_reply_that_is_none(body: bytes) -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        connection.sendall(good() if b"first" in request else framed(body))

    async def ask(endpoint: Endpoint) -> None:
        await endpoint.send(content("first"), "m")
        for _ in range(2 * MOST_FAILURES):  # after a good one it is never the setup
            with pytest.raises(PassingError, match=r"^malformed reply$"):
                await endpoint.send(content(), "m")

    with raw(answer) as server:
        using(server.base_url, ask)
        with pytest.raises(ModelSetupError, match="does not speak the Messages API"):
            using(server.base_url, _until_setup)


async def _until_setup(endpoint: Endpoint) -> None:
    for _ in range(MOST_FAILURES):
        with suppress(PassingError, RejectedError):
            await endpoint.send(content(), "m")


def test_an_endpoint_that_rejects_everything_and_one_that_rejects_some() -> None:
    with serve(script=[Reply(status=400)]) as server:
        with pytest.raises(ModelSetupError, match=r"structured_outputs.*temperature"):
            using(server.base_url, _until_setup)
        assert len(server.bodies) == MOST_FAILURES

    async def ask(endpoint: Endpoint) -> None:
        for _ in range(3 * MOST_FAILURES):
            with suppress(RejectedError):
                await endpoint.send(content(), "m")

    with serve(script=lambda _, number: Reply(status=400 if number % MOST_FAILURES else 200)) as server:
        using(server.base_url, ask)


def test_nobody_listens() -> None:
    with serve() as server:
        url = server.base_url
    with pytest.raises(ModelSetupError, match="nobody answers there") as caught:
        send(url)
    assert caught.value.__context__ is None


def test_a_host_that_takes_no_connection() -> None:
    """As behind a firewall that drops what comes: no word, for ever."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            with pytest.raises(ModelSetupError, match="nobody answers there"):
                send(f"http://127.0.0.1:{address[1]}", timeout_s=0.4)
        finally:
            for one in waiting:
                one.close()


def test_no_secure_connection() -> None:
    with plain_words() as address, pytest.raises(ModelSetupError, match="secure"):
        send(f"https://{address}")


@contextmanager
def plain_words() -> Iterator[str]:
    """The address of a server that does not know TLS."""

    def serve_one(listener: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve_one, args=(listener,))
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(20)


def test_a_connection_that_is_lost_after_a_good_reply_is_passing() -> None:
    async def ask(endpoint: Endpoint) -> list[str]:
        await endpoint.send(content(), "m")
        server.close()
        found = []
        for _ in range(2 * MOST_FAILURES):
            with pytest.raises(PassingError) as caught:
                await endpoint.send(content(), "m")
            found.append(caught.value.reason)
        return found

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(good())
        connection.shutdown(socket.SHUT_RDWR)

    with raw(answer) as server:
        assert using(server.base_url, ask) == ["connection lost"] * 2 * MOST_FAILURES


def test_a_connection_closed_between_two_requests_is_not_used_again() -> None:
    """A server that ends idle connections without a word: what is sent on one of them may be lost, which is passing."""

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(good())
        connection.shutdown(socket.SHUT_RDWR)

    async def ask(endpoint: Endpoint) -> list[str]:
        found = []
        for _ in range(30):
            try:
                await endpoint.send(content(), "m")
                found.append("sent")
            except PassingError as error:
                found.append(error.reason)
        return found

    with raw(answer) as server:
        found = using(server.base_url, ask)
    assert found[0] == "sent"
    assert set(found) <= {"sent", "connection lost"}


def test_connections_are_used_again() -> None:
    addresses = set()

    def answer(connection: socket.socket, _: bytes) -> None:
        addresses.add(connection.getpeername())
        connection.sendall(good())

    async def ask(endpoint: Endpoint) -> None:
        for _ in range(5):
            await asyncio.gather(*(endpoint.send(content(), "m") for _ in range(4)))

    with raw(answer) as server:
        using(server.base_url, ask, concurrency=4)
    assert len(addresses) <= 4


# --- time


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"], ids=["stall", "drip"])
def test_a_reply_that_does_not_come_in_time(said: bytes) -> None:
    answer = raw(lambda connection, _: connection.sendall(said))
    with answer as server, pytest.raises(PassingError, match=r"^timed out$") as caught:
        send(server.base_url, timeout_s=0.15)
    assert not caught.value.pushed_back
    assert caught.value.__context__ is None


def test_to_be_cancelled_is_not_to_be_late() -> None:
    came = threading.Event()

    async def ask(endpoint: Endpoint) -> None:
        task = asyncio.create_task(endpoint.send(content(), "m"))
        assert await asyncio.to_thread(came.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with raw(lambda _, __: came.set()) as server:
        using(server.base_url, ask, timeout_s=20)


# --- where it goes, and with which key


def test_the_environment_does_not_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(script=[Reply("{}")]) as named, serve(script=[Reply("{}")]) as other:
        host = other.base_url.removeprefix("http://")
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, other.base_url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", other.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-another")
        monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-of-another")
        monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", f"Host: {host}\nhost: {host}\nX-Team: blue")
        send(named.base_url)
        with Endpoint(config(named.base_url)).plain_client() as client:
            client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}])
        assert other.received == []
        assert len(named.headers) == 2
        for headers in named.headers:
            assert headers["host"] == named.base_url.removeprefix("http://")
            assert headers["x-team"] == "blue"
            assert KEY in headers["authorization"]
            assert "of-another" not in repr(headers)


def test_a_proxy_of_the_environment_only_ever_sees_what_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket, _: bytes) -> None:
        connection.sendall(framed(b"", "502 Bad Gateway"))
        connection.shutdown(socket.SHUT_RDWR)

    with raw(refuse) as proxy:
        for url in (proxy.base_url, proxy.address):
            monkeypatch.setenv("HTTPS_PROXY", url)
            monkeypatch.setenv("https_proxy", url)
            monkeypatch.setenv("no_proxy", "")
            with pytest.raises(PassingError):
                send("https://models.example")
        assert len(proxy.requests) == 2
        for request in proxy.requests:
            assert request.startswith(b"CONNECT models.example:443 ")
            assert KEY.encode() not in request
            assert SECRET.encode() not in request


def test_a_proxy_of_a_kind_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ModelSetupError, match="HTTPS_PROXY"):
        send("https://models.example")
    with pytest.raises(ModelSetupError, match="HTTPS_PROXY"):
        Endpoint(config("https://models.example")).plain_client()
    with serve(script=[Reply("{}")]) as server:  # it does not concern this one
        send(server.base_url)
        Endpoint(config(server.base_url)).plain_client().close()


def test_no_proxy_is_minded(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw(lambda connection, _: None) as proxy:
        monkeypatch.setenv("https_proxy", proxy.base_url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with plain_words() as address, pytest.raises(ModelSetupError, match="secure"):
            send(f"https://{address}")
        assert proxy.requests == []


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost", "ftp://127.0.0.1", "http://", "/v1"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ModelSetupError, match="https://"):
        send(url)


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "  \n"):
        monkeypatch.setenv("CLIO_TEST_KEY", value)
        with pytest.raises(ModelSetupError, match="CLIO_TEST_KEY is not set"):
            using(None, lambda endpoint: endpoint.send(b"{}", "m"))
    with serve(script=[Reply("{}")]) as server:
        send(server.base_url)  # a server of one's own may want none


@pytest.mark.parametrize("value", ["sk-\nwith-a-break", "sk-ümlaut", "sk-\x7f"])
def test_a_key_that_is_none_is_told_and_not_shown(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_TEST_KEY", value)
    with pytest.raises(ModelSetupError, match="no key") as caught:
        send("http://127.0.0.1:9")
    assert value not in shown(caught.value)


def test_a_key_from_a_file_with_a_line_break_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_TEST_KEY", f"{KEY}\n")
    with serve(ServerConfig(api_key=KEY), [Reply("{}")]) as server:
        send(server.base_url)


def test_the_sdk_says_nothing_of_what_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    messages: Any = [{"role": "user", "content": SECRET}]
    with serve() as server, Endpoint(config(server.base_url)).plain_client() as client:
        client.messages.count_tokens(model="m", messages=messages)
        client.messages.batches.create(
            requests=[{"custom_id": "a", "params": {"model": "m", "max_tokens": 9, "messages": messages}}]
        )
    assert "HTTP Request" in caplog.text  # it does log
    for secret in (SECRET, KEY):
        assert secret not in caplog.text
