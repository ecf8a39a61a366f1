from __future__ import annotations

import gc
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clio.errors import ConfigError
from clio.models.schema import faults
from clio.testing.messages_server import Reply, Script, Server, ServerConfig, in_turn, main, serve
from tests.testing.kit import (
    SCHEMA,
    SECRET,
    USER,
    ended,
    items,
    open_requests,
    params,
    post,
    raw,
    running,
    sdk,
    text,
    until,
    wire,
)


@pytest.fixture(scope="module")
def plain() -> Iterator[Server]:
    with serve(ServerConfig(keep=False)) as server:
        yield server


# Other endpoints


def test_tokens_are_counted_as_they_are_billed() -> None:
    import anthropic

    asked = params(system=[{"type": "text", "text": "Describe." * 50}])
    with running() as (_, client):
        counted = client.messages.count_tokens(**{k: v for k, v in asked.items() if k != "max_tokens"})
        assert counted.input_tokens == client.messages.create(**asked).usage.input_tokens
        with pytest.raises(anthropic.BadRequestError):
            client.messages.count_tokens(model="m", messages=[])
    with running(without=["count_tokens"]) as (_, client), pytest.raises(anthropic.NotFoundError):
        client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "a"}])


def test_models_are_listed_and_looked_up() -> None:
    import anthropic

    names = [f"claude-haiku-{n}" for n in range(5)]
    with running(models=names, any_model=False) as (_, client):
        assert [model.id for model in client.models.list(limit=2)] == names
        assert [model.id for model in client.models.list(limit=2, before_id=names[4]).data] == names[2:4]
        assert client.models.retrieve(names[0]).line == "haiku"
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("other")
        with pytest.raises(anthropic.NotFoundError):
            client.messages.create(**params())
    with running(without=["models"]) as (_, client), pytest.raises(anthropic.NotFoundError):
        client.models.list()


def test_only_the_right_key_is_let_in() -> None:
    import anthropic

    with running(api_key="right") as (server, client), sdk(server, api_key="right") as let_in:
        with pytest.raises(anthropic.AuthenticationError, match=SECRET):
            client.messages.create(**params())
        let_in.messages.create(**params())
        assert server.stats()["requests"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b'"text"', b"null", {}, {**params(), "max_tokens": 0}, {**params(), "max_tokens": True},
        {**params(), "stream": True}, {**params(), "messages": []}, {**params(), "messages": ["a"]},
        {**params(), "model": ""},
        {**params(), "messages": [{"role": "robot", "content": "a"}]}, {**params(), "messages": [{"role": "user"}]},
    ],
)  # fmt: skip
def test_what_is_no_request_is_rejected(plain: Server, body: Any) -> None:
    status, _, data = raw(plain, "POST", "/v1/messages", body)
    assert status == 400
    assert json.loads(data)["error"]["type"] == "invalid_request_error"


# Scripts


def test_a_script_replies_in_turn() -> None:
    import anthropic

    replies = [
        Reply("one", stop_reason="stop_sequence", usage={"input_tokens": 7}, headers={"x-told": "yes"}),
        None,
        Reply(status=503, headers={"retry-after": "9"}),
        Reply(page="<html>busy</html>", status=502),
        Reply(hang_up=True),
        Reply(redirect="/elsewhere"),
        Reply(fault="refusal"),
        Reply("last"),
    ]
    with running(replies) as (server, client):
        raw_response = client.messages.with_raw_response.create(**params())
        message = raw_response.parse()
        assert (text(message), message.stop_reason, message.usage.input_tokens) == ("one", "stop_sequence", 7)
        assert raw_response.headers["x-told"] == "yes"
        assert faults(json.loads(text(client.messages.create(**params()))), SCHEMA) == []
        with pytest.raises(anthropic.InternalServerError) as caught:
            client.messages.create(**params())
        assert (caught.value.status_code, caught.value.response.headers["retry-after"]) == (503, "9")
        assert SECRET in str(caught.value.body)
        with pytest.raises(anthropic.InternalServerError, match="busy"):
            client.messages.create(**params())
        with pytest.raises(anthropic.APIConnectionError):
            client.messages.create(**params())
        assert raw(server, "POST", "/v1/messages", params())[:2][1]["location"] == "/elsewhere"
        assert client.messages.create(**params()).stop_reason == "refusal"
        for _ in range(2):
            assert text(client.messages.create(**params())) == "last"
        assert len(server.bodies) == len(server.headers) == 9


def test_a_script_sees_bodies_and_numbers_items_of_batches_too() -> None:
    seen: list[tuple[str, int]] = []

    def script(body: dict[str, Any], number: int) -> Reply | None:
        seen.append((body["messages"][0]["content"][-1], number))
        return Reply(status=400) if number == 2 else Reply(f"reply {number}")

    with running(script, batch_ms=0) as (_, client):
        assert text(client.messages.create(**params(f"{USER} 9"))) == "reply 0"
        batch = ended(client, client.messages.batches.create(requests=items(3)))
        results = {r.custom_id: r.result for r in client.messages.batches.results(batch.id)}
        assert text(results["item-0"].message) == "reply 1"
        assert results["item-1"].type == "errored"
        assert seen == [("9", 0), ("0", 1), ("1", 2), ("2", 3)]


def test_a_script_can_make_a_client_wait() -> None:
    import anthropic

    with running([Reply(wait_s=30)], client={"timeout": 0.03}) as (server, client):
        with pytest.raises(anthropic.APITimeoutError):
            client.messages.create(**params())
        assert server.stats()["undelivered"] == 1


def test_what_a_script_raises_reaches_the_test() -> None:
    import anthropic

    def script(body: dict[str, Any], number: int) -> Reply:
        raise LookupError("from the script")

    def ask() -> None:
        with running(script) as (_, client), pytest.raises(anthropic.InternalServerError):
            client.messages.create(**params())

    with pytest.raises(LookupError, match="from the script"):
        ask()


# HTTP


def test_a_request_may_come_byte_by_byte_and_two_at_once(plain: Server) -> None:
    whole = post(params())
    alone = wire(plain, *(whole[n : n + 1] for n in range(len(whole))))
    both = wire(plain, post(params(), close=False) + whole)
    assert alone.count(b"HTTP/1.1 200 OK") == 1
    assert both.count(b"HTTP/1.1 200 OK") == 2
    assert both.count(b'"stop_reason":"end_turn"') == 2


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET /" + b"x" * 70_000, 431),
        (b"GET /v1/nowhere HTTP/1.0\r\n\r\n", 404),
        (b"PUT /v1/messages HTTP/1.0\r\n\r\n", 405),
        (b"GET /_nowhere HTTP/1.0\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_is_answered_and_the_connection_closed(plain: Server, head: bytes, status: int) -> None:
    found = wire(plain, head)
    assert found.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(found.split(b"\r\n\r\n")[1])["type"] == "error"


def test_a_body_that_is_too_large_gets_413_though_all_of_it_was_sent() -> None:
    import anthropic

    with running(max_body_bytes=1000) as (server, client):
        with pytest.raises(anthropic.APIStatusError) as caught:
            client.messages.create(**params("x" * 3_000_000))
        assert caught.value.status_code == 413
        assert caught.value.type == "request_too_large"
        # With nobody to take the body, writing it would end in a broken connection and not in an answer.
        assert wire(server, post(params("x" * 30_000_000))).startswith(b"HTTP/1.1 413 ")
        assert server.stats()["requests"] == 0
        assert server.received == []
        client.messages.create(**params("short", None))


def test_a_connection_is_used_again() -> None:
    with running() as (server, client):
        for _ in range(5):
            client.messages.create(**params())
        ports = {one.headers["host"] for one in server.received}
        assert ports == {server.base_url.removeprefix("http://")}
        assert len(server._connections) == 1


def test_text_of_any_script_goes_both_ways() -> None:
    with running([Reply('{"a": "日本語 🌱 \\u0000"}')]) as (server, client):
        assert text(client.messages.create(**params("ünïcödé 日本 🌱"))) == '{"a": "日本語 🌱 \\u0000"}'
        assert server.bodies[0]["messages"][0]["content"] == "ünïcödé 日本 🌱"


# Life


def test_counts_are_of_what_happened_since_the_last_reset() -> None:
    with running() as (server, client):
        for n in (0, 1, 1):
            client.messages.create(**params(f"{USER} {n}"))
        client.models.list()
        stats = server.stats()
        assert (stats["requests"], stats["distinct"], stats["bought"], stats["undelivered"]) == (3, 2, 3, 0)
        assert stats["calls"] == {"GET /v1/models": 1, "POST /v1/messages": 3}
        assert json.loads(raw(server, "GET", "/_stats")[2]) == stats
        assert raw(server, "POST", "/_reset")[0] == 200
        assert server.stats()["requests"] == 0
        assert server.bodies == server.headers == server.received == []
    assert server.stats()["calls"] == {}  # still there when it has closed


def test_most_at_once_is_what_clients_kept_open() -> None:
    with running([Reply(wait_s=30)]) as (server, _):
        with open_requests(server, 3):
            assert server.stats()["in_progress"] == 3
        until(lambda: server.stats()["in_progress"] == 0)
        assert server.most_at_once == 3


def test_without_keeping_nothing_is_kept() -> None:
    with running(keep=False) as (server, client):
        client.messages.create(**params())
        assert server.bodies == []
        assert server.stats()["requests"] == 1


def test_closing_leaves_no_thread_no_socket_and_no_warning() -> None:
    before = threading.active_count()
    with serve(ServerConfig(faults={"stall": 1.0}, batch_ms=60_000)) as server:
        port = int(server.base_url.rsplit(":", 1)[1])
        idle = socket.create_connection(("127.0.0.1", port), timeout=5)
        waiting = socket.create_connection(("127.0.0.1", port), timeout=5)
        waiting.sendall(post(params()))
        half = socket.create_connection(("127.0.0.1", port), timeout=5)
        half.sendall(post(params())[:-5])
        raw(server, "POST", "/v1/messages/batches", {"requests": items(200)})
        until(lambda: server.stats()["requests"] == 1)
    with idle, waiting, half:
        for connection in (idle, waiting, half):
            with suppress(ConnectionResetError):
                assert connection.recv(10) == b""
    assert threading.active_count() == before
    gc.collect()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    server.close()  # a second time is one too many and no more
    with serve(ServerConfig(port=port)) as again:
        assert again.base_url.endswith(f":{port}")
        with pytest.raises(ConfigError, match="cannot be used"), serve(ServerConfig(port=port)):
            pass


def test_only_the_loopback_interface_is_bound() -> None:
    with serve() as server:
        assert [one.getsockname()[0] for one in server._server.sockets] == ["127.0.0.1"]


def test_without_uvloop_it_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with running(latency_ms=1, faults={"drip": 0.5}) as (server, client):
        for n in range(4):
            assert json.loads(text(client.messages.create(**params(f"{USER} {n}"))))
        assert "asyncio" in type(server._loop).__module__


# The command


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "clio.testing.messages_server", "--port", "0", "--json"]
    more = [
        "--fault",
        "429=0.5",
        "--fault",
        "refusal=0.5",
        "--state",
        str(tmp_path / "state"),
        "--no-structured-outputs",
    ]
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = json.loads(process.stdout.readline())["base_url"]
        connection = http.client.HTTPConnection("127.0.0.1", int(url.rsplit(":", 1)[1]), timeout=5)
        for n in range(20):
            connection.request("POST", "/v1/messages", json.dumps(params(f"{USER} {n}", None)))
            connection.getresponse().read()
        connection.request("GET", "/_stats")
        stats = json.loads(connection.getresponse().read())
        assert stats["requests"] == sum(stats["faults"].values()) == 20
        assert set(stats["faults"]) == {"429", "refusal"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert process.stdout.read() == process.stderr.read() == ""
        connection.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fault", "nope=0.1"], ["--fault", "429"], ["--fault", "429=two"], ["--fault", "429=1.5"],
        ["--fault", "429=0.6", "--fault", "500=0.6"], ["--port", "many"], ["--port", "70000"], ["--latency-ms", "-1"],
        ["--fault", "429=nan"], ["--structured-outputs", "perhaps"], ["--without", "messages"],
    ],
)  # fmt: skip
def test_wrong_arguments_are_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("usage:")
    assert "error:" in told.err


def test_a_script_type_is_what_in_turn_makes() -> None:
    script: Script = in_turn(Reply("a"), None)
    assert [script({}, n) for n in range(3)] == [Reply("a"), None, None]
