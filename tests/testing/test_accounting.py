from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.testing import _accounting
from clio.testing.messages_server import Reply
from tests.testing.kit import open_requests, params, running, text, until


def test_requests_per_minute_are_limited_and_told() -> None:
    import anthropic

    with running(requests_per_minute=2) as (server, client):
        left = []
        for _ in range(2):
            headers = client.messages.with_raw_response.create(**params()).headers
            left.append(headers["anthropic-ratelimit-requests-remaining"])
            assert headers["anthropic-ratelimit-requests-limit"] == "2"
            reset = datetime.strptime(headers["anthropic-ratelimit-requests-reset"], "%Y-%m-%dT%H:%M:%S%z")
            assert -1 <= (reset - datetime.now(UTC)).total_seconds() <= 61
        assert left == ["1", "0"]
        with pytest.raises(anthropic.RateLimitError) as caught:
            client.messages.create(**params())
        headers = caught.value.response.headers
        assert 0 < float(headers["retry-after"]) <= 30
        assert float(headers["retry-after-ms"]) == pytest.approx(1000 * float(headers["retry-after"]), abs=1)
        assert headers["anthropic-ratelimit-requests-remaining"] == "0"
        stats = server.stats()
        assert (stats["rate_limited"], stats["faults"], stats["bought"]) == (1, {}, 2)


def test_input_tokens_per_minute_are_limited_without_what_the_cache_holds() -> None:
    import anthropic

    system = [{"type": "text", "text": "x" * 8000, "cache_control": {"type": "ephemeral"}}]
    with running(input_tokens_per_minute=4500) as (_, client):
        for _ in range(10):
            response = client.messages.with_raw_response.create(**params("short", None, system=system))
        assert 4500 - 2000 - 20 <= int(response.headers["anthropic-ratelimit-input-tokens-remaining"]) <= 2500
        with pytest.raises(anthropic.RateLimitError):
            client.messages.create(**params("y" * 12_000, None))
    # One request larger than the whole limit waits for a full bucket and not for ever.
    with running(input_tokens_per_minute=100) as (_, client):
        client.messages.create(**params("y" * 4000, None))


def test_a_bucket_fills_evenly_and_never_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(_accounting, "time", SimpleNamespace(monotonic=lambda: now[0]))
    bucket = _accounting.Bucket("requests", 60, burst_s=10)
    for _ in range(10):
        assert bucket.wait(1) == 0
        bucket.take(1)
    assert bucket.wait(1) == pytest.approx(1)
    now[0] += 0.5
    assert bucket.wait(1) == pytest.approx(0.5)
    now[0] += 1e6
    assert bucket.wait(10) == 0
    assert bucket.wait(11) == 0
    bucket.take(11)
    assert bucket.wait(1) == pytest.approx(2)


def test_more_requests_at_once_than_allowed_are_turned_away() -> None:
    import anthropic

    with running([Reply(wait_s=30), Reply(wait_s=30), None], max_concurrent=2) as (server, client):
        with open_requests(server, 2):
            with pytest.raises(anthropic.RateLimitError) as caught:
                client.messages.create(**params())
            assert caught.value.response.headers["retry-after-ms"] == "50"
            assert (server.stats()["rate_limited"], server.most_at_once) == (1, 3)
        until(lambda: server.stats()["in_progress"] == 0)
        assert json.loads(text(client.messages.create(**params())))


def cached(size: int, **control: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": "x" * size, "cache_control": {"type": "ephemeral", **control}}]


def test_a_marked_prefix_is_written_once_and_then_read() -> None:
    with running() as (server, client):
        first, second, other = (
            client.messages.create(**params(user, None, system=cached(4096), model=model)).usage
            for user, model in (("one", "m"), ("two", "m"), ("three", "n"))
        )
        assert (first.cache_creation_input_tokens, first.cache_read_input_tokens, first.input_tokens) == (1024, 0, 1)
        assert (second.cache_creation_input_tokens, second.cache_read_input_tokens, second.input_tokens) == (0, 1024, 1)
        assert other.cache_creation_input_tokens == 1024  # another model has a cache of its own
        assert first.cache_creation.ephemeral_5m_input_tokens == 1024
        billed = server.stats()["billed"]
        assert (billed["cache_creation_input_tokens"], billed["cache_read_input_tokens"]) == (2048, 1024)
        server.reset()
        again = client.messages.create(**params("one", None, system=cached(4096))).usage
        assert again.cache_creation_input_tokens == 1024


def test_the_longest_known_prefix_is_read_and_the_rest_of_the_marked_is_written() -> None:
    def usage(user: str) -> tuple[int, int, int]:
        content = [{"type": "text", "text": user * 400, "cache_control": {"type": "ephemeral"}}]
        asked = params("", None, system=cached(400), messages=[{"role": "user", "content": content}])
        given = client.messages.create(**asked).usage
        return given.cache_read_input_tokens, given.cache_creation_input_tokens, given.input_tokens

    with running(min_cache_tokens=10) as (_, client):
        assert usage("a") == (0, 200, 0)
        assert usage("b") == (100, 100, 0)
        assert usage("b") == (200, 0, 0)


def test_short_prefixes_are_not_cached_and_an_hour_is_told_apart() -> None:
    with running() as (_, client):
        short = client.messages.create(**params("one", None, system=cached(4092))).usage
        assert (short.cache_creation_input_tokens, short.cache_read_input_tokens) == (0, 0)
    with running(min_cache_tokens=10) as (_, client):
        hour = client.messages.create(**params("one", None, system=cached(400, ttl="1h"))).usage
        assert hour.cache_creation.ephemeral_1h_input_tokens == hour.cache_creation_input_tokens == 100


@given(
    parts=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=4),
    messages=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=2),
)
def test_read_written_and_new_tokens_add_up_and_a_second_time_all_marked_are_read(
    parts: list[tuple[str, bool]], messages: list[tuple[str, bool]]
) -> None:
    def block(letter: str, marked: bool) -> dict[str, Any]:
        return {"type": "text", "text": letter * 37, **({"cache_control": {"type": "ephemeral"}} if marked else {})}

    body = {"model": "m", "system": [block(*one) for one in parts]}
    body["messages"] = [{"role": "user", "content": [block(*one)]} for one in messages]
    cache = _accounting.PromptCache(1)
    first = cache.look(body)
    cache.keep(first)
    second = cache.look(body)
    total = _accounting.input_tokens(body)
    assert first.read + first.written + first.fresh == second.read + second.written + second.fresh == total
    assert second.written == 0
    assert second.read == first.written
    assert bool(first.written) == any(marked for _, marked in (*parts, *messages))
