from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from clio.errors import ConfigError
from clio.models.schema import faults, object_in
from clio.testing.messages_server import FAULTS, Reply, Server, ServerConfig, every_fault, in_turn, serve
from tests.testing.kit import SCHEMA, SCHEMAS, SECRET, USER, items, objects, params, post, raw, running, sdk, text, wire


def error_of(status: int, kind: str) -> None:
    import anthropic

    with running(faults={kind: 1.0}) as (server, client):
        with pytest.raises(anthropic.APIStatusError) as caught:
            client.messages.create(**params())
        assert caught.value.status_code == status
        assert SECRET in str(caught.value.body)
        assert server.stats()["faults"] == {kind: 1}
        assert server.stats()["bought"] == 0
        after = [caught.value.response.headers.get(name) for name in ("retry-after", "retry-after-ms")]
        assert after == (["0.050", "50"] if kind == "429" else [None, None])


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("429-bare", 429), ("500", 500), ("529", 529)])
def test_errors_have_their_status_and_quote_the_request(kind: str, status: int) -> None:
    error_of(status, kind)


def test_the_sdk_retries_by_the_header_it_is_given() -> None:
    script = in_turn(Reply(fault="429"), Reply(fault="429"), None)
    with running(script, retry_after_s=0.001, client={"max_retries": 2}) as (server, client):
        assert json.loads(text(client.messages.create(**params())))
        assert server.stats()["requests"] == 3
        assert server.stats()["distinct"] == server.stats()["bought"] == server.stats()["delivered"] == 1


def test_a_dripped_reply_comes_in_pieces_and_is_whole() -> None:
    with serve(ServerConfig(faults={"drip": 1.0}, latency_ms=3)) as server:
        connection = socket.create_connection(("127.0.0.1", int(server.base_url.rsplit(":", 1)[1])), timeout=5)
        with connection:
            connection.sendall(post(params()))
            pieces = []
            while piece := connection.recv(65536):
                pieces.append(piece)
        assert len(pieces) > 2
        assert json.loads(b"".join(pieces).split(b"\r\n\r\n")[1])["stop_reason"] == "end_turn"
        with sdk(server) as client:
            assert json.loads(text(client.messages.create(**params())))
        assert server.stats()["delivered"] == 2


def test_a_stalled_request_gets_no_byte_and_is_paid_for() -> None:
    import anthropic

    with running(faults={"stall": 1.0}, client={"timeout": 0.03}) as (server, client):
        with pytest.raises(anthropic.APITimeoutError):
            client.messages.create(**params())
        stats = server.stats()
        assert (stats["bought"], stats["delivered"], stats["undelivered"]) == (1, 0, 1)
    with running(faults={"stall": 1.0}, stall_s=0.01) as (server, client):
        client.messages.create(**params())


def test_a_hang_up_comes_after_half_of_the_body() -> None:
    import anthropic

    with running(faults={"hangup": 1.0}) as (server, client):
        with pytest.raises(anthropic.APIConnectionError):
            client.messages.create(**params())
        head, _, body = wire(server, post(params())).partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert 0 < len(body) == length // 2
        stats = server.stats()
        assert (stats["bought"], stats["delivered"]) == (2, 0)
        assert stats["billed"]["output_tokens"] > stats["billed_and_delivered"]["output_tokens"] == 0


def test_a_malformed_reply_is_no_json_and_quotes_the_request() -> None:
    with serve(ServerConfig(faults={"malformed": 1.0})) as server:
        status, headers, data = raw(server, "POST", "/v1/messages", params())
        assert (status, headers["content-type"]) == (200, "application/json")
        with pytest.raises(json.JSONDecodeError):
            json.loads(data)
        assert SECRET.encode() in data
        assert server.stats()["undelivered"] == 1


def test_whole_replies_can_be_of_no_use() -> None:
    def answered(kind: str) -> Any:
        with running(faults={kind: 1.0}) as (server, client):
            message = client.messages.create(**params())
            assert server.stats()["faults"] == {kind: 1}
            assert server.stats()["delivered"] == 1
            return message

    assert object_in(text(answered("notjson"))) is None
    assert faults(json.loads(text(answered("schema"))), SCHEMA)
    refused = answered("refusal")
    assert (refused.stop_reason, refused.content) == ("refusal", [])
    assert (answered("refusal-text").stop_reason, text(answered("refusal-text"))) == (
        "end_turn",
        "I can't help with that request.",
    )


@given(schema=objects(SCHEMAS))
def test_an_object_of_the_wrong_shape_fits_no_schema_that_can_be_missed(wrong: Server, schema: dict[str, Any]) -> None:
    _, _, data = raw(wrong, "POST", "/v1/messages", params(schema=schema))
    value = json.loads(json.loads(data)["content"][0]["text"])
    assert faults(value, schema) or not (schema["required"] or "additionalProperties" in schema)


@pytest.fixture(scope="module")
def wrong() -> Iterator[Server]:
    with serve(ServerConfig(keep=False, faults={"schema": 1.0})) as server:
        yield server


def test_a_cut_off_reply_is_whole_with_more_room() -> None:
    with running(faults={"max_tokens": 1.0}) as (server, client):
        for most in (500, 500, 400):
            cut = client.messages.create(**params(max_tokens=most))
            assert cut.stop_reason == "max_tokens"
            assert object_in(text(cut)) is None
        whole = client.messages.create(**params(max_tokens=501))
        assert whole.stop_reason == "end_turn"
        assert text(whole).startswith(text(cut))
        other = client.messages.create(**params(USER + "!", max_tokens=501))
        assert other.stop_reason == "max_tokens"
        assert server.stats()["faults"] == {"max_tokens": 4}
    with running(faults={"max_tokens": 1.0}, max_tokens_room=500) as (server, client):
        assert client.messages.create(**params(max_tokens=500)).stop_reason == "end_turn"
        assert server.stats()["faults"] == {}


def statuses(count: int, **settings: Any) -> tuple[list[int], dict[str, int]]:
    with serve(ServerConfig(keep=False, **settings)) as server:
        port = int(server.base_url.rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        found = []
        for n in range(count):
            connection.request("POST", "/v1/messages", json.dumps(params(f"{USER} {n % 7}")))
            response = connection.getresponse()
            response.read()
            found.append(response.status)
        connection.close()
        return found, server.stats()["faults"]


def test_faults_strike_by_share_seed_and_number() -> None:
    shares = {"429": 0.2, "500": 0.1, "refusal": 0.1}
    first, counts = statuses(400, faults=shares)
    assert statuses(400, faults=shares) == (first, counts)
    assert statuses(400, faults=shares, seed=1)[0] != first
    assert counts == {"429": first.count(429), "500": first.count(500), "refusal": counts["refusal"]}
    # Six standard deviations on either side; the seed is fixed, so that this passes always or never.
    for kind, share in shares.items():
        assert abs(counts[kind] - 400 * share) < 6 * (400 * share * (1 - share)) ** 0.5


def test_faults_strike_other_endpoints_only_where_asked() -> None:
    import anthropic

    with running(faults={"500": 1.0}) as (_, client):
        client.models.list()
    with running(faults={"500": 1.0}, faults_everywhere=True) as (server, client):
        for call in (client.models.list, lambda: client.messages.batches.create(requests=items(2))):
            with pytest.raises(anthropic.InternalServerError):
                call()
        assert server.stats()["batches"] == 0
    with running(faults={"hangup": 1.0}, faults_everywhere=True) as (server, client):
        with pytest.raises(anthropic.APIConnectionError):
            client.messages.batches.create(requests=items(2))
        assert server.stats()["batches"] == 1  # the client cannot know


@pytest.mark.parametrize(
    "settings",
    [
        {"faults": {"nope": 0.1}}, {"faults": {"429": 1.5}}, {"faults": {"429": -0.1}},
        {"faults": {"429": 0.6, "500": 0.6}}, {"faults": {"expired": 0.6, "refusal": 0.6}},
        {"faults": {"429": float("nan")}}, {"port": 70_000}, {"port": -1},
        {"structured_outputs": "perhaps"}, {"latency_ms": -1},
        {"requests_per_minute": 0}, {"without": ["messages"]}, {"latency_ms": float("inf")},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        ServerConfig(**settings)


def test_every_fault_alike_adds_up() -> None:
    assert set(every_fault(0.2)) == set(FAULTS)
    assert sum(every_fault(0.2)[kind] for kind in FAULTS if kind not in ("expired", "errored", "canceled")) == (
        pytest.approx(0.2)
    )
    ServerConfig(faults=every_fault(1.0))
