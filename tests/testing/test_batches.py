from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clio.errors import ConfigError
from clio.models.schema import faults
from clio.testing import _batches
from clio.testing.messages_server import Reply, ServerConfig, serve
from tests.testing.kit import SCHEMA, SECRET, USER, ended, items, params, raw, running, text


def test_a_batch_ends_with_a_result_for_every_item_in_another_order() -> None:
    with running() as (server, client):
        alone = {n: text(client.messages.create(**params(f"{USER} {n}"))) for n in range(120)}
        batch = client.messages.batches.create(requests=items(120))
        assert batch.processing_status == "in_progress"
        assert (batch.expires_at - batch.created_at).total_seconds() == 24 * 3600
        batch = ended(client, batch)
        assert batch.request_counts.to_dict() == {
            "succeeded": 120, "processing": 0, "errored": 0, "canceled": 0, "expired": 0,
        }  # fmt: skip
        results = list(client.messages.batches.results(batch.id))
        order = [result.custom_id for result in results]
        assert order != [f"item-{n}" for n in range(120)]
        assert sorted(order) == sorted(f"item-{n}" for n in range(120))
        for result in results:
            assert text(result.result.message) == alone[int(result.custom_id.split("-")[1])]
            assert result.result.message.usage.service_tier == "batch"
        stats = server.stats()
        assert (stats["requests"], stats["batches"], stats["batch_items"]) == (120, 1, 120)
        assert stats["bought"] == stats["delivered"] == 240
        assert 2 * stats["billed_in_batches"]["output_tokens"] == stats["billed"]["output_tokens"]


@pytest.mark.parametrize("kind", ["expired", "errored", "canceled", "refusal", "schema", "max_tokens"])
def test_items_of_a_batch_can_fail_one_by_one(kind: str) -> None:
    with running(faults={kind: 0.5}, batch_ms=0) as (server, client):
        batch = ended(client, client.messages.batches.create(requests=items(40)))
        results = [result.result for result in client.messages.batches.results(batch.id)]
        struck = server.stats()["faults"][kind]
        assert 0 < struck < 40
        if kind in ("expired", "errored", "canceled"):
            assert sum(result.type == kind for result in results) == struck == getattr(batch.request_counts, kind)
            assert batch.request_counts.succeeded == 40 - struck == server.stats()["bought"]
        elif kind == "schema":
            assert sum(bool(faults(json.loads(text(result.message)), SCHEMA)) for result in results) == struck
        else:
            assert sum(result.message.stop_reason == kind for result in results) == struck
        if kind == "errored":
            error = next(result for result in results if result.type == "errored")
            assert error.error.error.type == "api_error"
            assert SECRET in error.error.error.message


def test_all_items_of_a_batch_can_expire() -> None:
    with running(faults={"expired": 1.0}, batch_ms=0) as (server, client):
        batch = ended(client, client.messages.batches.create(requests=items(3)))
        assert batch.request_counts.expired == 3
        assert {result.result.type for result in client.messages.batches.results(batch.id)} == {"expired"}
        assert server.stats()["billed"]["input_tokens"] == 0


def test_an_item_that_is_no_request_is_an_errored_result() -> None:
    with running(batch_ms=0) as (_, client):
        requests = [*items(1), {"custom_id": "bad", "params": {**params(), "max_tokens": 0}}]
        batch = ended(client, client.messages.batches.create(requests=requests))
        assert (batch.request_counts.succeeded, batch.request_counts.errored) == (1, 1)
        (bad,) = [r for r in client.messages.batches.results(batch.id) if r.custom_id == "bad"]
        assert bad.result.error.error.type == "invalid_request_error"


@pytest.mark.parametrize(
    "requests",
    [
        [], [*items(2), *items(1)], [{"custom_id": "with space", "params": params()}],
        [{"custom_id": "x" * 65, "params": params()}], [{"custom_id": "", "params": params()}], items(6),
        [{"params": params()}], [{"custom_id": "a"}],
    ],
)  # fmt: skip
def test_what_is_no_batch_is_rejected_and_leaves_nothing(requests: list[Any]) -> None:
    import anthropic

    with running(max_batch_requests=5) as (server, client):
        with pytest.raises(anthropic.BadRequestError):
            client.messages.batches.create(requests=requests)
        assert list(client.messages.batches.list()) == []
        assert server.stats()["batches"] == 0


def test_a_batch_that_is_too_large_gets_413() -> None:
    import anthropic

    with running(max_batch_bytes=2000, max_body_bytes=10**6) as (_, client):
        with pytest.raises(anthropic.APIStatusError) as caught:
            client.messages.batches.create(requests=items(20))
        assert caught.value.status_code == 413
        client.messages.batches.create(requests=items(1))


def test_batches_are_listed_newest_first_and_can_be_deleted_when_they_have_ended() -> None:
    import anthropic

    with running(batch_ms=0) as (_, client):
        made = [client.messages.batches.create(requests=items(1)).id for _ in range(5)]
        assert [batch.id for batch in client.messages.batches.list(limit=2)] == made[::-1]
        ended(client, client.messages.batches.retrieve(made[0]))
        assert client.messages.batches.delete(made[0]).type == "message_batch_deleted"
        with pytest.raises(anthropic.NotFoundError):
            client.messages.batches.retrieve(made[0])
    with running(batch_ms=60_000) as (server, client):
        batch = client.messages.batches.create(requests=items(1))
        with pytest.raises(anthropic.BadRequestError):
            client.messages.batches.delete(batch.id)
        assert raw(server, "GET", f"/v1/messages/batches/{batch.id}/results")[0] == 400
    with running(without=["batches"]) as (_, client), pytest.raises(anthropic.NotFoundError):
        client.messages.batches.create(requests=items(1))


def test_a_cancelled_batch_keeps_what_its_time_sufficed_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import anthropic

    later = [0.0]
    monkeypatch.setattr(_batches, "time", SimpleNamespace(time=lambda: time.time() + later[0]))
    with running(batch_ms=100_000) as (server, client):
        batch = client.messages.batches.create(requests=items(120))
        later[0] = 50.0
        cancelled = client.messages.batches.cancel(batch.id)
        assert cancelled.processing_status == "canceling"
        assert cancelled.cancel_initiated_at is not None
        batch = ended(client, batch)
        assert 0 < batch.request_counts.canceled <= 60
        assert batch.request_counts.canceled + batch.request_counts.succeeded == 120
        results = list(client.messages.batches.results(batch.id))
        assert sum(result.result.type == "canceled" for result in results) == batch.request_counts.canceled
        assert server.stats()["bought"] == batch.request_counts.succeeded
        with pytest.raises(anthropic.BadRequestError):
            client.messages.batches.cancel(batch.id)


def test_a_batch_that_was_cancelled_ends_once() -> None:
    with running(batch_ms=40) as (_, client):
        batch = client.messages.batches.create(requests=items(2))
        client.messages.batches.cancel(batch.id)
        first = ended(client, batch)
        time.sleep(0.03)  # until it would have ended by itself
        assert client.messages.batches.retrieve(batch.id).ended_at == first.ended_at


def test_a_script_that_fails_leaves_no_batch_behind_that_never_ends() -> None:
    def script(body: dict[str, Any], number: int) -> Reply:
        raise LookupError("from the script")

    def ask() -> None:
        with running(script, batch_ms=0) as (_, client):
            assert ended(client, client.messages.batches.create(requests=items(2))).request_counts.errored == 2

    with pytest.raises(LookupError, match="from the script"):
        ask()


def test_a_restarted_server_knows_its_batches(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    shares = {"errored": 0.3, "expired": 0.3}
    with running(state=state, batch_ms=0, faults=shares) as (_, client):
        done = ended(client, client.messages.batches.create(requests=items(30)))
        results = {r.custom_id: r.result.to_json() for r in client.messages.batches.results(done.id)}
    with running(state=state, batch_ms=60_000, faults=shares) as (server, client):
        again = client.messages.batches.retrieve(done.id)
        assert again.request_counts == done.request_counts
        assert again.ended_at == done.ended_at
        assert {r.custom_id: r.result.to_json() for r in client.messages.batches.results(done.id)} == results
        assert server.stats()["bought"] == 0  # it was billed when it ended
        waiting = client.messages.batches.create(requests=items(30))
    saved = json.loads(state.read_text())
    saved["batches"][1]["ends"] = 0.0  # the minute is over
    state.write_text(json.dumps(saved))
    with running(state=state, faults=shares) as (server, client):
        batch = ended(client, waiting)
        other = {r.custom_id: r.result.type for r in client.messages.batches.results(batch.id)}
        assert other != {name: json.loads(result)["type"] for name, result in results.items()}  # numbers go on
        assert server.stats()["bought"] == batch.request_counts.succeeded
        server.reset()
        assert list(client.messages.batches.list()) == []
    assert json.loads(state.read_text())["batches"] == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"batches": [{"id": "a"}], "items": 1}', "\x00"])
def test_a_state_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(content)
    with pytest.raises(ConfigError, match="does not hold"), serve(ServerConfig(state=state)):
        pass
    assert state.read_text() == content
