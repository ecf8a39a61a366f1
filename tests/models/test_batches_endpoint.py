"""Endpoints that are down, that refuse, and that answer nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clio.errors import ModelPassingError, ModelSetupError
from clio.models import _batch_calls
from clio.models.batches import BatchReport, Limits
from clio.testing.messages_server import serve
from tests.models.batch_world import (
    CANARY,
    World,
    assert_silent,
    ids,
    is_list,
    is_results,
    json_response,
    replacing_results,
    some,
    world,
)

# --- what may be wrong with results


def wrap(custom_id: str, result: Any) -> bytes:
    return json.dumps({"custom_id": custom_id, "result": result}).encode() + b"\n"


def test_hostile_results_raise_nothing_and_hand_over_nothing_that_was_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_batch_calls, "MOST_LINE", 20_000)
    items = some(3)
    good = items[0].custom_id
    message = {"type": "succeeded", "message": {"content": CANARY}}
    junk = [
        b"\n", b"null\n", b"[1, 2]\n", b'"' + CANARY.encode() + b'"\n', b"<p>" + CANARY.encode() + b"\n", b"\xff\xfe\n",
        b"[" * 9_000 + b"\n", b'{"custom_id": ' + b"9" * 9_000 + b', "result": {}}\n',
        wrap("f" * 64, message), wrap(good.upper(), message), wrap(f" {good}", message), wrap("", message),
        wrap(good, None), wrap(good, []), wrap(good, "succeeded"), wrap(good, {"type": ["succeeded"]}),
        wrap(good, {"type": CANARY}), wrap(good, {"type": "succeeded", "message": {"content": "x" * 30_000}}),
    ]  # fmt: skip

    with world(tmp_path) as found:
        found.wire.after = replacing_results(lambda body: b"".join(junk) + body + b"".join(junk) + body)
        report = found.run(items)
        assert (report.succeeded, report.left, report.errored) == (3, 0, 0)
        assert found.cache.keys() == ids(items)
        assert CANARY not in str(found.cache[good]["content"])
        assert set(found.handed.values()) == {1}
        assert_silent(found)


@pytest.mark.parametrize(
    "result",
    [
        {"type": "succeeded"},
        {"type": "succeeded", "message": CANARY},
        {"type": "errored", "error": CANARY},
        {"type": "errored", "error": {"error": {"type": ["invalid_request_error"]}}},
        {"type": "errored", "error": {"type": "error", "error": {"type": "api_error", "message": CANARY}}},
    ],
)
def test_results_without_a_message_count_as_errors(tmp_path: Path, result: Any) -> None:
    items = some(2)
    with world(tmp_path) as found:
        found.wire.after = replacing_results(lambda _: b"".join(wrap(one.custom_id, result) for one in items))
        report = found.run(items)
        assert (report.errored, report.submitted, report.left) == (4, 4, 2)
        assert_silent(found)


def test_missing_results_are_looked_for_again_and_then_count_as_errors(tmp_path: Path) -> None:
    items = some(3)
    with world(tmp_path) as found:
        found.wire.after = replacing_results(lambda body: b"".join(body.splitlines(keepends=True)[:2]))
        report = found.run(items, Limits(requests=3, resubmits=0))
        assert (report.succeeded, report.errored, report.left) == (2, 1, 1)
        assert found.wire.count("GET", "/results") == 3
    looks = 0

    def first_nothing(body: bytes) -> bytes:
        nonlocal looks
        looks += 1
        return b"<html>try later</html>" if looks == 1 else body

    with world(tmp_path / "later") as found:
        found.wire.after = replacing_results(first_nothing)
        report = found.run(items)
        assert (report.submitted, report.succeeded, report.errored) == (3, 3, 0)


def test_a_download_that_breaks_off_goes_on_and_hands_nothing_over_twice(tmp_path: Path) -> None:
    broken = 2

    class Broken(httpx2.SyncByteStream):
        def __init__(self, data: bytes) -> None:
            self.data = data

        def __iter__(self) -> Iterator[bytes]:
            yield self.data[: len(self.data) * 2 // 3]
            raise httpx2.RemoteProtocolError(CANARY)

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        nonlocal broken
        if not is_results(request) or not broken:
            return response
        broken -= 1
        return httpx2.Response(200, stream=Broken(response.read()))

    with world(tmp_path) as found:
        found.wire.after = after
        report = found.run(some(3))
        assert (report.submitted, report.succeeded) == (3, 3)
        assert set(found.handed.values()) == {1}
        assert found.wire.count("GET", "/results") == 3
        assert_silent(found)


def test_the_key_goes_to_no_address_that_an_answer_names(tmp_path: Path) -> None:
    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method == "GET" and not is_results(request):
            return json_response(json.loads(response.read()) | {"results_url": "http://elsewhere.example/results"})
        return response

    with world(tmp_path) as found:
        found.wire.after = after
        assert found.run(some(3)).succeeded == 3
        assert {request.url.host for request in found.wire.seen} == {"127.0.0.1"}


def test_odd_states_are_waited_out(tmp_path: Path) -> None:
    """A status that is no batch, or another's, is no reason to believe anything."""
    odd: list[Any] = [
        {}, [], "x", {"id": "msgbatch_other", "processing_status": "ended"},
        {"processing_status": ["ended"], "request_counts": {"processing": "7", "errored": -3, "expired": 10**400}},
    ]  # fmt: skip

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != "GET" or is_results(request) or not odd:
            return response
        value = odd.pop()
        own = json.loads(response.read())
        return json_response({"id": own["id"], **value} if isinstance(value, dict) and value else value)

    with world(tmp_path) as found:
        found.wire.after = after
        report = found.run(some(3))
        assert (report.submitted, report.succeeded) == (3, 3)
        assert not odd


# --- what may be wrong with the endpoint


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "key is not accepted"), (402, "no credit"), (403, "may not use batches"), (404, "writer.batches"),
        (405, "writer.batches"), (400, "rejected"), (413, "writer.batch_requests"), (302, "rejected"),
        (501, "writer.batches"),
    ],
)  # fmt: skip
def test_what_waiting_does_not_mend_stops_at_once(tmp_path: Path, status: int, words: str) -> None:
    with world(tmp_path) as found:
        found.wire.before = lambda _: json_response(
            {"type": "error", "error": {"type": "x", "message": CANARY}}, status, location="http://elsewhere.example"
        )
        with pytest.raises(ModelSetupError, match=words) as caught:
            found.run(some(3))
        assert len(found.wire.seen) == 1
        assert "127.0.0.1" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert_silent(found, caught.value)
        found.wire.before = lambda _: None
        assert found.run(some(3)) == BatchReport(batches=1, submitted=3, succeeded=3)


def test_a_key_that_is_refused_and_an_endpoint_without_batches(tmp_path: Path) -> None:
    with world(tmp_path / "a", api_key="another") as found, pytest.raises(ModelSetupError, match="HTTP 401"):
        found.run(some(1))
    with world(tmp_path / "b", without=["batches"]) as found, pytest.raises(ModelSetupError, match=r"writer\.batches"):
        found.run(some(1))


def test_an_address_where_nobody_is(tmp_path: Path) -> None:
    with serve() as server:
        pass
    found = World(server, tmp_path)
    with found.client, pytest.raises(ModelSetupError, match="nobody answers") as caught:
        found.run(some(1))
    assert sum(found.slept) < 10
    assert_silent(found, caught.value)


@pytest.mark.parametrize(
    "page", [b"<html>welcome</html>", b'{"id": 7}', b"[]", b"", b'{"id": "..", "type": "message_batch"}']
)
def test_an_address_where_something_else_is(tmp_path: Path, page: bytes) -> None:
    with world(tmp_path) as found:
        found.wire.before = lambda _: httpx2.Response(
            200, content=page + b" " * 5, headers={"content-type": "application/json"}
        )
        with pytest.raises(ModelSetupError, match="does not answer as it should"):
            found.run(some(1))


def test_a_password_in_the_address_is_not_shown(tmp_path: Path) -> None:
    with world(tmp_path, api_key="another") as found:
        base = found.server.base_url.replace("http://", "http://me:hunter2@")
        found.client = found.client.with_options(base_url=base)
        with pytest.raises(ModelSetupError) as caught:
            found.run(some(1))
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 529, 408])
def test_an_overloaded_endpoint_is_waited_for_as_long_as_it_asks(tmp_path: Path, status: int) -> None:
    refused = {"POST": 2, "GET": 2}

    def before(request: httpx2.Request) -> httpx2.Response | None:
        if is_list(request) or not refused[request.method]:
            return None
        refused[request.method] -= 1
        return json_response({"error": {"message": CANARY}}, status, **{"retry-after": "7"})

    with world(tmp_path) as found:
        found.wire.before = before
        report = found.run(some(3))
        assert (report.submitted, report.succeeded) == (3, 3)
        long = [seconds for seconds in found.slept if seconds > 1]
        assert len(long) == 4
        assert all(7 <= seconds <= 7.5 for seconds in long)
        assert len(set(long)) == 4, "jittered"
        assert_silent(found)


@pytest.mark.parametrize("asked", ["nan", "inf", "-5", "soon", "99999999"])
def test_nonsense_in_retry_after_is_survived(tmp_path: Path, asked: str) -> None:
    refused = 3

    def before(request: httpx2.Request) -> httpx2.Response | None:
        nonlocal refused
        refused -= refused > 0
        return json_response({}, 429, **{"retry-after": asked}) if refused else None

    with world(tmp_path) as found:
        found.wire.before = before
        assert found.run(some(1)).succeeded == 1
        assert all(0 <= seconds <= 320 for seconds in found.slept)


@pytest.mark.parametrize("at", ["POST", "GET"])
def test_patience_ends_and_the_same_call_goes_on_later(tmp_path: Path, at: str) -> None:
    def down(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == at:
            return json_response({"error": {"message": CANARY}}, 529)
        return None

    with world(tmp_path) as found:
        found.wire.before = down
        with pytest.raises(ModelPassingError, match="same command collects them") as caught:
            found.run(some(3), patience_s=600)
        assert 500 < sum(found.slept) <= 601
        waits = [seconds for seconds in found.slept if seconds > 0.1]
        assert waits[-1] > 10 * waits[0], "longer and longer"
        assert_silent(found, caught.value)
        found.wire.before = lambda _: None
        report = found.run(some(3))
        assert (report.submitted, report.succeeded) == (3, 3)


def test_connections_that_break_while_it_waits(tmp_path: Path) -> None:
    number = 0

    def before(request: httpx2.Request) -> None:
        nonlocal number
        number += 1
        if request.method == "GET" and number % 3:
            raise (httpx2.ConnectError, httpx2.ReadError, httpx2.ReadTimeout)[number % 3](CANARY)

    with world(tmp_path) as found:
        found.wire.before = before
        report = found.run(some(7))
        assert (report.submitted, report.succeeded) == (7, 7)
        assert_silent(found)


def test_transport_faults_everywhere(tmp_path: Path) -> None:
    shares = dict.fromkeys(("429", "500", "529", "hangup", "malformed"), 0.09)
    with world(tmp_path, faults=shares, faults_everywhere=True, seed=4) as found:
        report = found.run(some(24))
        assert (report.succeeded, report.left, report.submitted) == (24, 0, 24)
        assert found.server.stats()["batch_items"] == 24
        assert sum(found.server.stats()["faults"].values()) >= 5
        assert_silent(found)
