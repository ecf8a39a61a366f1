"""Whatever ends the process, no request is sent twice, and what was bought is collected."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clio.errors import ModelPassingError, RunError
from clio.models import _batch_calls
from clio.models.batches import BatchReport, Book, Item, Limits
from clio.testing.messages_server import Reply, Script
from tests.models.batch_world import (
    CANARY,
    Killed,
    World,
    assert_silent,
    ids,
    is_create,
    is_list,
    is_results,
    json_response,
    killed_after_submitting,
    some,
    world,
)

# --- going on after the end of a process


def restarted_until_done(found: World, items: list[Item], limits: Limits, place: int) -> tuple[BatchReport, bool]:
    """End the process at its ``place``-th step, then run it to the end; whether it came that far."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == place:
            raise Killed

    def before(_: httpx2.Request) -> None:
        step()

    def after(_: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        response.read()
        step()
        return response

    found.step, found.wire.before, found.wire.after = step, before, after
    killed = False
    try:
        found.run(items, limits)
    except Killed:
        killed = True
    found.step, found.wire.before, found.wire.after = (lambda: None), (lambda _: None), (lambda _, response: response)
    return found.run(items, limits), killed


def test_killed_at_any_step_every_request_is_sent_once_and_collected(tmp_path: Path) -> None:
    items = some(5)
    limits = Limits(requests=2, open=2)
    with world(tmp_path) as found:
        for place in range(1, 1000):
            found.server.reset()
            found.folder = tmp_path / str(place)
            found.cache.clear()
            report, killed = restarted_until_done(found, items, limits, place)
            assert found.cache.keys() == ids(items)
            assert Counter(chain.from_iterable(found.sent())) == dict.fromkeys(ids(items), 1), place
            assert (report.succeeded, report.submitted, report.left) == (5, 5, 0)
            if not killed:
                break
        assert place > 25


class Cut(Book):
    """Ends the process while it writes one of its lines."""

    place = 0

    def _note(self, line: Mapping[str, Any]) -> None:
        super()._note(line)
        self.place -= 1
        if self.place < 0:
            os.truncate(self.path, self._end - random.Random(self._end).randrange(1, 40))
            raise Killed


def test_killed_while_a_line_of_the_book_is_written(tmp_path: Path) -> None:
    items = some(5)
    limits = Limits(requests=2, open=2)
    with world(tmp_path) as found:
        found.run(items, limits)
        written = len(found.entries())
        for place in range(written):
            found.server.reset()
            found.folder = tmp_path / str(place)
            found.cache.clear()
            Cut.place, found.opened = place, Cut
            with pytest.raises(Killed):
                found.run(items, limits)
            found.opened = Book
            report = found.run(items, limits)
            assert report.succeeded + report.left == 5
            assert found.cache.keys() == ids(items)
            assert Counter(chain.from_iterable(found.sent())) == dict.fromkeys(ids(items), 1), place


CHILD = """
    import hashlib, json, os, sys
    from pathlib import Path
    import anthropic
    from clio.models.batches import Book, Item, Limits, run_batches

    base, folder = sys.argv[1], Path(sys.argv[2])
    cache = folder / "cache"

    def items():
        for n in range(60):
            content = f"question {n}"
            name = hashlib.sha256(content.encode()).hexdigest()
            if not (cache / name).exists():
                body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": content}]}
                yield Item(name, body)

    def collect(name, message):
        (cache / name).write_text(json.dumps(message))

    def run():
        with anthropic.Anthropic(api_key="k", base_url=base) as client:
            return run_batches(items(), client, Book(folder / "batches.jsonl"), purpose="facets", poll_s=0.005,
                               limits=Limits(requests=4, open=3), say=lambda text: None, collect=collect)

    for _ in sys.stdin:  # one process after the other, each of them from a fresh copy of this one
        pid = os.fork()
        if not pid:
            os._exit(run().left)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_killed_for_real(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    rng = random.Random(3)
    with world(tmp_path, batch_ms=10.0) as found:
        command = [sys.executable, "-c", textwrap.dedent(CHILD), found.server.base_url, str(tmp_path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin is not None
            assert child.stdout is not None

            def start() -> int:
                print("go", file=child.stdin, flush=True)
                return int(child.stdout.readline())

            for _ in range(4):
                enough = found.server.stats()["batches"] + rng.randrange(1, 3)
                pid = start()
                for _ in range(10_000):
                    if found.server.stats()["batches"] >= enough:
                        break
                    time.sleep(0.001)
                os.kill(pid, signal.SIGKILL)
                assert int(child.stdout.readline()) == -signal.SIGKILL
            start()
            assert int(child.stdout.readline()) == 0
            child.stdin.close()
        assert len(list((tmp_path / "cache").iterdir())) == 60
        assert found.server.stats()["batch_items"] == 60


def test_interrupted_while_it_waits(tmp_path: Path) -> None:
    with world(tmp_path, batch_ms=30.0) as found:

        def interrupt() -> None:
            if found.said:
                found.step = lambda: None
                raise KeyboardInterrupt

        found.step = interrupt
        with pytest.raises(KeyboardInterrupt):
            found.run(some(2))
        assert found.run(some(2)).succeeded == 2
        assert found.wire.count("POST") == 1
        assert found.wire.count("POST", "/cancel") == 0


def test_what_collect_raises_ends_the_call_and_the_batch_stays_open(tmp_path: Path) -> None:
    with world(tmp_path) as found:

        def full(custom_id: str, message: Mapping[str, Any]) -> None:
            raise RunError("the disk is full")

        with pytest.raises(RunError, match="the disk is full"):
            found.run(some(3), collect=full)
        report = found.run(some(3))
        assert (report.succeeded, report.submitted) == (3, 3)


def test_what_the_stream_raises_ends_the_call(tmp_path: Path) -> None:
    def stream() -> Iterator[Item]:
        yield from some(4)
        raise RunError("the budget is spent")

    with world(tmp_path) as found:
        with pytest.raises(RunError, match="budget"):
            found.run(stream())
        assert [len(batch) for batch in found.sent()] == [3]
        assert found.run(some(4)).succeeded == 4


@pytest.mark.parametrize("wait_ms", [1.0, 60.0])
def test_what_failed_in_an_earlier_batch_is_sent_again_from_the_stream(tmp_path: Path, wait_ms: float) -> None:
    """Whether the batch ends before its items are met again or after."""
    items = some(5)
    script: Script = lambda _, number: Reply(fault="expired") if number < 2 else None  # noqa: E731
    with world(tmp_path, script, batch_ms=wait_ms) as found:
        killed_after_submitting(found, items)
        if wait_ms == 1.0:
            time.sleep(0.02)
        report = found.run(items)
        assert (report.succeeded, report.expired, report.resubmitted, report.left) == (5, 2, 2, 0)
        assert found.cache.keys() == ids(items)
        sent = Counter(chain.from_iterable(found.sent()))
        assert sent == {one.custom_id: 2 if n < 2 else 1 for n, one in enumerate(items)}


@pytest.mark.parametrize("wait_ms", [1.0, 60.0])
def test_attempts_are_counted_over_a_restart(tmp_path: Path, wait_ms: float) -> None:
    items = some(3)
    with world(tmp_path, faults={"expired": 1.0}, batch_ms=wait_ms) as found:
        killed_after_submitting(found, items)
        if wait_ms == 1.0:
            time.sleep(0.02)
        report = found.run(items)
        assert (report.submitted, report.left, report.expired) == (6, 3, 6)


def test_an_earlier_batch_is_collected_though_its_items_come_no_more(tmp_path: Path) -> None:
    items = some(3)
    with world(tmp_path, lambda _, number: Reply(fault="expired") if number == 0 else None) as found:
        killed_after_submitting(found, items)
        report = found.run([])
        assert (report.succeeded, report.expired, report.left) == (2, 1, 0)
        assert found.cache.keys() < ids(items)


def test_another_purpose_is_none_of_its_business(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        killed_after_submitting(found, some(3))
        report = found.run(some(2, "others"), purpose="describe")
        assert (report.batches, report.succeeded) == (1, 2)
        assert len(Book(found.book).open("facets")) == 1
        assert found.run(some(3)) == BatchReport(batches=1, submitted=3, succeeded=3)


@pytest.mark.parametrize("how", ["forgotten", "archived", "no results"])
@pytest.mark.parametrize("resubmits", [0, 1])
def test_what_the_endpoint_no_longer_has_is_sent_anew(tmp_path: Path, how: str, resubmits: int) -> None:
    items = some(4)
    limits = Limits(requests=2, open=4, resubmits=resubmits)
    with world(tmp_path) as found:
        killed_after_submitting(found, items[:2], limits)
        (old,) = (line["id"] for line in found.entries() if line["event"] == "submitted")

        def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
            if old not in request.url.path:
                return response
            if how == "archived" and not is_results(request):
                return json_response(json.loads(response.read()) | {"archived_at": "2026-01-01T00:00:00Z"})
            if how == "forgotten" or is_results(request):
                return json_response({"error": {"message": CANARY}}, 400 if how == "archived" else 404)
            return response

        found.wire.after = after
        report = found.run(items, limits)
        assert (report.lost, report.submitted, report.succeeded, report.left) == (2, 6, 4, 0)
        assert report.resubmitted == 0
        assert_silent(found)


def test_a_batch_that_is_out_of_sight_for_a_moment_is_not_sent_again(tmp_path: Path) -> None:
    missing = 2

    def before(request: httpx2.Request) -> httpx2.Response | None:
        nonlocal missing
        if request.method == "GET" and missing:
            missing -= 1
            return json_response({}, 404)
        return None

    with world(tmp_path) as found:
        found.wire.before = before
        report = found.run(some(3))
        assert (report.submitted, report.lost, report.succeeded) == (3, 0, 3)


def test_an_endpoint_that_forgets_everything_is_not_fed_for_ever(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        found.wire.before = lambda request: json_response({}, 404) if request.method == "GET" else None
        report = found.run(some(3))
        assert (report.submitted, report.lost, report.left) == (6, 6, 3)


# --- batches that were sent and not noted


def killed_before_the_id_is_noted(found: World, items: list[Item]) -> None:
    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        response.read()
        if is_create(request):
            raise Killed
        return response

    found.wire.after = after
    with pytest.raises(Killed):
        found.run(items)
    found.wire.after = lambda _, response: response


def foreign_batch(found: World, count: int) -> str:
    requests = [{"custom_id": one.custom_id, "params": dict(one.params)} for one in some(count, "another run")]
    return found.client.messages.batches.create(requests=requests).id  # type: ignore[arg-type]


def test_a_batch_whose_id_was_not_noted_is_found(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        killed_before_the_id_is_noted(found, some(3))
        foreign_batch(found, 4)
        report = found.run(some(3))
        assert (report.batches, report.submitted, report.succeeded) == (1, 3, 3)
        assert found.wire.count("POST") == 2


def test_where_two_batches_fit_none_is_taken(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        killed_before_the_id_is_noted(found, some(3))
        foreign_batch(found, 3)
        report = found.run(some(3))
        assert (report.submitted, report.succeeded) == (3, 3)
        assert found.wire.count("POST") == 3
        assert any("cannot be found" in text for text in found.said)


def test_a_batch_of_another_that_was_taken_for_ours_does_no_harm(tmp_path: Path) -> None:
    items = some(3)

    def before(request: httpx2.Request) -> None:
        if is_create(request):
            raise Killed

    with world(tmp_path) as found:
        found.wire.before = before
        with pytest.raises(Killed):
            found.run(items)
        found.wire.before = lambda _: None
        foreign_batch(found, 3)
        report = found.run(items, Limits(requests=3, resubmits=0))
        assert (report.succeeded, report.lost, report.errored, report.left) == (3, 3, 0, 0)
        assert found.cache.keys() == ids(items)


def test_an_older_batch_of_the_same_size_is_not_taken(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        old = foreign_batch(found, 3)

        def before(request: httpx2.Request) -> None:
            if is_create(request):
                raise Killed

        found.wire.before = before
        with pytest.raises(Killed):
            found.run(some(3), clock=lambda: time.time() + _batch_calls.SKEW_S + 10)
        found.wire.before = lambda _: None
        report = found.run(some(3))
        assert (report.succeeded, report.lost) == (3, 0)
        assert all(line.get("id") != old for line in found.entries())


@pytest.mark.parametrize("failure", ["reset", "timeout", "500", "malformed", "no id"])
def test_a_batch_that_arrived_though_the_answer_was_lost_is_not_sent_again(tmp_path: Path, failure: str) -> None:
    lost = 1

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        nonlocal lost
        if not is_create(request) or not lost:
            return response
        lost -= 1
        response.read()
        if failure == "reset":
            raise httpx2.ReadError(CANARY)
        if failure == "timeout":
            raise httpx2.ReadTimeout(CANARY)
        if failure == "no id":
            return json_response({"id": "../messages?x=" + CANARY})
        content = {"500": b"{}", "malformed": b'{"id": "' + CANARY.encode()}[failure]
        return httpx2.Response(
            500 if failure == "500" else 200, content=content, headers={"content-type": "application/json"}
        )

    with world(tmp_path) as found:
        found.wire.after = after
        report = found.run(some(5))
        assert (report.batches, report.submitted, report.succeeded) == (2, 5, 5)
        assert found.server.stats()["batches"] == 2
        assert_silent(found)


def test_where_batches_cannot_be_listed_a_lost_answer_is_not_tried_for_ever(tmp_path: Path) -> None:
    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        response.read()
        if is_create(request):
            raise httpx2.ReadError(CANARY)
        return json_response({}, 405) if is_list(request) else response

    with world(tmp_path) as found:
        found.wire.after = after
        with pytest.raises(ModelPassingError, match="cannot be told") as caught:
            found.run(some(3))
        assert found.server.stats()["batches"] == _batch_calls.MOST_BLIND
        assert_silent(found, caught.value)


def test_a_list_of_many_pages_is_read_and_one_without_end_is_not(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        killed_before_the_id_is_noted(found, some(3))
        for _ in range(_batch_calls._PAGE + 5):
            foreign_batch(found, 1)
        found.wire.seen.clear()
        assert found.run(some(3)).submitted == 3
        assert sum(map(is_list, found.wire.seen)) == 2
    with world(tmp_path / "endless") as found:
        killed_before_the_id_is_noted(found, some(3))
        page = {"data": [], "has_more": True, "first_id": "msgbatch_1", "last_id": "msgbatch_1"}
        rows = [{"id": "msgbatch_1", "created_at": "yesterday", "request_counts": 7}, CANARY, None]
        found.wire.before = lambda request: json_response(page | {"data": rows}) if is_list(request) else None
        found.wire.seen.clear()
        assert found.run(some(3)).succeeded == 3
        assert sum(map(is_list, found.wire.seen)) == _batch_calls._PAGES
