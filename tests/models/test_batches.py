"""Batches: what is sent, what comes back, and that every item is answered or left."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.models._batch_items import Spool, encoded
from clio.models.batches import BatchReport, Book, Item, Limits
from clio.testing.messages_server import Reply
from tests.models.batch_world import (
    SMALL,
    assert_silent,
    ids,
    is_create,
    item,
    some,
    world,
)

# --- what is sent


def test_messages_come_back_under_their_ids_whatever_the_order(tmp_path: Path) -> None:
    items = some(7)
    with world(tmp_path) as found:
        report = found.run(items)
        assert found.cache.keys() == ids(items)
        assert all(
            message["type"] == "message" and message["usage"]["output_tokens"] for message in found.cache.values()
        )
        assert report == BatchReport(batches=3, submitted=7, succeeded=7)
        assert set(found.handed.values()) == {1}
        (first, *_) = (one for one in found.server.received if one.method == "POST")
        assert first.headers["content-type"] == "application/json"
        assert "transfer-encoding" not in first.headers
        by_id = {one.custom_id: one.params for one in items}
        assert all(by_id[request["custom_id"]] == request["params"] for request in first.body["requests"])
        assert_silent(found)


def test_batches_are_split_by_count(tmp_path: Path) -> None:
    with world(tmp_path, max_batch_requests=4) as found:
        found.run(some(10), Limits(requests=4, open=8))
        assert [len(batch) for batch in found.sent()] == [4, 4, 2]


def test_batches_are_split_by_bytes_and_what_never_fits_is_left(tmp_path: Path) -> None:
    texts = ["a" * length for length in (10, 700, 300, 20, 1200, 5000, 40)] + ["ż말" * 90]
    items = [item(number, text) for number, text in enumerate(texts)]
    with world(tmp_path, max_batch_bytes=1500) as found:
        report = found.run(items, Limits(requests=100, bytes=1500, open=8))
        sizes = [int(one.headers["content-length"]) for one in found.wire.seen if is_create(one)]
        assert max(sizes) <= 1500
        assert len(sizes) < len(items)
        assert (report.left, report.succeeded) == (1, len(items) - 1)
        assert found.cache.keys() == ids(items) - {items[5].custom_id}


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.integers(300, 900), st.integers(1, 6))
@settings(max_examples=15)
def test_no_batch_passes_a_limit_and_the_sizes_are_exact(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], most: int, requests: int
) -> None:
    items = [item(number, "b" * length) for number, length in enumerate(lengths)]
    with world(tmp_path_factory.mktemp("w"), max_batch_bytes=most, max_batch_requests=requests) as found:
        report = found.run(items, Limits(requests=requests, bytes=most, open=3))
        assert report.left == sum(len(encoded(one)) + len('{"requests":[]}') > most for one in items)
        assert report.succeeded + report.left == len(items)


def test_an_id_that_comes_twice_is_sent_once(tmp_path: Path) -> None:
    items = some(5)
    with world(tmp_path) as found:
        report = found.run([*items, *items, items[0]])
        assert (report.submitted, report.succeeded, report.left) == (5, 5, 0)


def test_nothing_to_send_reaches_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        assert found.run([]) == BatchReport()
        assert not found.wire.seen
        assert not found.book.exists()


def test_the_stream_is_read_no_further_than_one_batch_and_few_batches_are_out(tmp_path: Path) -> None:
    met = 0
    most_open = 0
    with world(tmp_path, batch_ms=15.0) as found:

        def stream() -> Iterator[Item]:
            nonlocal met, most_open
            for one in some(20):
                met += 1
                submitted = sum(map(len, found.sent()))
                assert met - submitted <= SMALL.requests
                book = Book(found.book)
                most_open = max(most_open, len(book.open("facets")))
                yield one

        assert found.run(stream()).succeeded == 20
        assert most_open == SMALL.open


def test_what_utf_8_cannot_hold_does_not_spoil_a_batch(tmp_path: Path) -> None:
    good = item(1)
    broken = Item(item(2).custom_id, {**good.params, "messages": [{"role": "user", "content": "half \ud83d a pair"}]})
    with world(tmp_path) as found:
        assert found.run([good, broken]).succeeded == 2


def test_an_id_of_another_form_is_refused_without_the_content(tmp_path: Path) -> None:
    with world(tmp_path) as found, pytest.raises(ValueError, match="64 lower-case hex digits") as caught:
        found.run([Item("A" * 64, item(1).params)])
    assert_silent(found, caught.value)
    assert "landlord" not in repr(item(1))


# --- what comes back


@pytest.mark.parametrize("kind", ["expired", "errored", "canceled"])
def test_what_fails_is_sent_again_and_then_left(tmp_path: Path, kind: str) -> None:
    with world(tmp_path, faults={kind: 1.0}) as found:
        report = found.run(some(4), Limits(requests=3, open=2, resubmits=2))
        assert (report.submitted, report.resubmitted, report.succeeded, report.left) == (12, 8, 0, 4)
        assert getattr(report, kind) == 12
        assert_silent(found)


def test_half_of_it_fails_the_first_time(tmp_path: Path) -> None:
    items = some(8)
    met: Counter[str] = Counter()

    def script(body: dict[str, Any], _: int) -> Reply | None:
        said = body["messages"][0]["content"]
        met[said] += 1
        return Reply(fault="expired") if int(said.split()[-1]) % 2 and met[said] == 1 else None

    with world(tmp_path, script) as found:
        report = found.run(items, Limits(requests=3, open=1))
        assert (report.succeeded, report.expired, report.resubmitted, report.left) == (8, 4, 4, 0)
        assert found.cache.keys() == ids(items)
        assert Counter(chain.from_iterable(found.sent())) == {one.custom_id: 1 + n % 2 for n, one in enumerate(items)}


def test_an_invalid_request_is_not_sent_again(tmp_path: Path) -> None:
    with world(tmp_path, lambda _, number: Reply(status=400) if number == 1 else None) as found:
        report = found.run(some(3), Limits(requests=3, resubmits=5))
        assert (report.submitted, report.succeeded, report.errored, report.left) == (3, 2, 1, 1)
        assert_silent(found)


def test_nothing_is_kept_that_will_not_be_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    monkeypatch.setattr(Spool, "add", lambda self, raw, data: kept.append(raw))
    with world(tmp_path) as found:
        found.run(some(4), Limits(requests=3, resubmits=0))
        assert not kept
        found.run(some(4, "others"), Limits(requests=3, resubmits=1))
        assert len(kept) == 4


def test_a_batch_that_somebody_canceled(tmp_path: Path) -> None:
    with world(tmp_path, batch_ms=150.0) as found:
        canceled: list[str] = []

        def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
            if is_create(request) and not canceled:
                canceled.append(json.loads(response.read())["id"])
                found.client.messages.batches.cancel(canceled[0])
            return response

        found.wire.after = after
        report = found.run(some(3))
        assert report.canceled == report.resubmitted >= 1
        assert report.succeeded == 3


FAULTS = st.dictionaries(st.sampled_from(["expired", "errored", "canceled"]), st.floats(0, 0.33), max_size=3)


@given(
    st.lists(st.integers(0, 25), max_size=40),
    FAULTS,
    st.builds(Limits, requests=st.integers(1, 9), open=st.integers(1, 4), resubmits=st.integers(0, 3)),
    st.integers(0, 1000),
)
@settings(max_examples=25)
def test_every_item_is_answered_or_left(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], faults: dict[str, float], limits: Limits, seed: int
) -> None:
    items = [item(number) for number in numbers]
    with world(tmp_path_factory.mktemp("w"), faults=faults, seed=seed) as found:
        report = found.run(items, limits)
        assert report.succeeded + report.left == len(ids(items))
        assert report.succeeded == len(found.cache)
        assert set(found.handed.values()) <= {1}
        assert report.submitted == found.server.stats()["batch_items"]
        assert report.submitted == report.succeeded + report.errored + report.expired + report.canceled
        assert report.submitted == len(ids(items)) + report.resubmitted
        assert not Book(found.book).open("facets")
        assert max(Counter(chain.from_iterable(found.sent())).values(), default=0) <= limits.resubmits + 1


# --- what is said


def test_progress_is_told_in_counts(tmp_path: Path) -> None:
    with world(tmp_path, faults={"errored": 0.3}, seed=1) as found:
        found.run(some(5))
    told = "\n".join(found.said)
    assert "facets: batch 1 submitted: 3 requests" in told
    assert "facets: batch 2 of 2: " in told or "facets: batch 2 of 3: " in told
    assert "waited" in told
    assert "/s" in told
    assert "succeeded" in told
    assert_silent(found)
