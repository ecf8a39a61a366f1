from __future__ import annotations

import asyncio
import gc
import signal
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.errors import BudgetError, ClioError, ModelSetupError
from clio.models.pool import Job, Ordered, Pool, StoppedError

NAME = "clio-messages"
SECRET = "zebra quartz 4411"


class Opened:
    """What a pool opens and closes, and what went wrong about it."""

    def __init__(self, *faults: BaseException) -> None:
        self.open = 0
        self.opened = 0
        self.most = 0
        self._faults = list(faults)

    async def opening(self) -> None:
        await asyncio.sleep(0)
        if self._faults:
            raise self._faults.pop(0)
        self.opened += 1
        self.open += 1
        self.most = max(self.most, self.open)

    async def closing(self) -> None:
        await asyncio.sleep(0)
        self.open = 0


@contextmanager
def pool(opened: Opened | None = None) -> Iterator[Pool]:
    opened = opened or Opened()
    made = Pool(opened.opening, opened.closing)
    try:
        yield made
    finally:
        made.close()
        assert opened.open == 0
        assert NAME not in {thread.name for thread in threading.enumerate()}


def gives(value: Any, seconds: float = 0.0) -> Job[Any]:
    async def job() -> Any:
        await asyncio.sleep(seconds)
        return value

    return job


def raises(error: BaseException, after: Callable[[], Coroutine[Any, Any, Any]] | None = None) -> Job[Any]:
    async def job() -> Any:
        if after is not None:
            await after()
        raise error

    return job


class Never:
    """A job that ends only when it is cancelled."""

    def __init__(self) -> None:
        self.running = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    async def __call__(self) -> Any:
        self.running.release()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.release()

    def has_ended(self, times: int = 1) -> bool:
        return all(self.ended.acquire(timeout=20) for _ in range(times))


class Held:
    """A job that ends when it is told to, by any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._running = threading.Event()

    async def __call__(self) -> str:
        self._loop = asyncio.get_running_loop()
        self._running.set()
        await self._event.wait()
        return "held"

    def go(self) -> None:
        assert self._running.wait(20)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._event.set)


# --- order


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=20), max_size=4))
def test_results_come_in_the_order_of_the_jobs(calls: list[list[int]]) -> None:
    with pool() as made:
        under_way = [made.submit([gives((n, m), wait / 1000) for n, wait in enumerate(c)]) for m, c in enumerate(calls)]
        for m, call in reversed(list(enumerate(calls))):
            assert list(under_way[m]) == [(n, m) for n in range(len(call))]


def test_jobs_run_side_by_side_whether_or_not_somebody_iterates() -> None:
    together = threading.Barrier(2, timeout=20)
    first, second = asyncio.Event(), asyncio.Event()

    async def one() -> int:
        first.set()
        await second.wait()
        return 1

    async def other() -> int:
        await first.wait()
        second.set()
        await asyncio.to_thread(together.wait)
        return 2

    with pool() as made:
        results = made.submit([one, other])
        together.wait()  # not iterated so far
        assert list(results) == [1, 2]


def test_exhausted_is_exhausted() -> None:
    with pool() as made:
        results = made.submit([gives(None), gives(0)])
        assert list(results) == [None, 0]
        assert list(results) == []
        assert next(results, "end") == "end"
        assert results.done()
        assert list(made.submit([])) == []


def test_done_and_wait() -> None:
    held = Held()

    with pool() as made:
        results = made.submit([gives("there"), held])
        results.wait(20)  # for the first
        results.wait(0.01)  # for the second, in vain
        assert not results.done()
        assert next(results) == "there"
        held.go()
        results.wait(20)
        assert results.done()
        assert list(results) == ["held"]


def test_works_inside_a_running_loop() -> None:
    async def notebook() -> list[int]:
        with pool() as made:
            return list(made.submit([gives(1, 0.001), gives(2)]))

    assert asyncio.run(notebook()) == [1, 2]


# --- errors


@pytest.mark.parametrize("error", [BudgetError("money"), ModelSetupError("key"), ValueError("defect"), SystemExit(3)])
def test_an_error_comes_at_once_while_others_still_run(error: BaseException) -> None:
    never = Never()
    with pool() as made:
        results = made.submit([never, never, raises(error)])
        with pytest.raises(type(error)) as caught:
            next(results)
        assert caught.value is error
        assert never.has_ended(2)
        assert results.done()
        assert list(results) == []


def test_what_was_there_before_the_error_is_given_first() -> None:
    first = asyncio.Event()

    async def one() -> int:
        first.set()
        return 1

    never = Never()
    with pool() as made:
        results = made.submit([one, never, raises(BudgetError("money"), first.wait)])
        assert next(results) == 1
        with pytest.raises(BudgetError):
            next(results)
        assert list(results) == []


def test_an_error_ends_its_own_call_only() -> None:
    held = Held()

    with pool() as made:
        other = made.submit([held])
        with pytest.raises(ModelSetupError):
            list(made.submit([raises(ModelSetupError("key"))]))
        held.go()
        assert list(other) == ["held"]


def test_the_frames_in_which_a_deliberate_error_arose_are_let_go() -> None:
    """They hold conversations, which tools that show local variables would show."""

    async def job() -> None:
        conversation = SECRET
        raise ModelSetupError("the key is wrong" if conversation else "")

    with pool() as made:
        with pytest.raises(ModelSetupError) as caught:
            list(made.submit([job]))
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        assert not any(SECRET in str(frame.f_locals.get("conversation")) for frame in frames)


# --- leaving early


def test_closing_cancels_what_runs() -> None:
    never = Never()
    with pool() as made:
        results = made.submit([gives(1), never, never])
        assert next(results) == 1
        assert never.running.acquire(timeout=20)
        results.close()
        assert never.has_ended(2)
        assert list(results) == []
        results.close()
        assert list(made.submit([gives(2)])) == [2]


def test_letting_go_cancels_what_runs() -> None:
    never = Never()
    with pool() as made:
        results: Ordered[Any] | None = made.submit([never])
        assert never.running.acquire(timeout=20)
        assert results is not None
        results = None
        gc.collect()
        assert never.has_ended()


def test_closed_before_it_began_it_is_done() -> None:
    with pool() as made:
        for _ in range(50):
            never = Never()
            results = made.submit([never] * 3)
            results.close()
            while not results.done():
                results.wait(0.01)


# --- opening and closing


def test_it_opens_at_the_first_job_and_again_after_it_was_closed() -> None:
    opened = Opened()
    with pool(opened) as made:
        assert opened.opened == 0
        assert list(made.submit([])) == []
        assert opened.opened == 0
        made.open()
        made.open()
        assert (opened.opened, opened.open) == (1, 1)
        assert list(made.submit([gives(1)])) == [1]
        made.close()
        made.close()
        assert opened.open == 0
        assert list(made.submit([gives(2)])) == [2]
        assert opened.opened == 2


def test_an_error_in_opening_is_raised_and_the_next_call_opens_anew() -> None:
    opened = Opened(ModelSetupError("no key"), OSError("defect"))
    with pool(opened) as made:
        with pytest.raises(ModelSetupError, match="no key"):
            made.submit([gives(1)])
        with pytest.raises(OSError, match="defect"):
            made.open()
        assert list(made.submit([gives(2)])) == [2]


def test_interrupted_while_it_opens() -> None:
    """Somebody presses Ctrl-C during a long first question to the endpoint: no thread stays behind."""
    stuck: list[str] = []

    async def opening() -> None:
        if not stuck:
            stuck.append("opening")
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            try:
                await asyncio.Event().wait()
            finally:
                stuck.append("cancelled")

    async def closing() -> None:
        stuck.append("closed")

    made = Pool(opening, closing)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            made.submit([gives(1)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert stuck == ["opening", "cancelled", "closed"]
    assert NAME not in {thread.name for thread in threading.enumerate()}
    assert list(made.submit([gives(1)])) == [1]
    made.close()


def test_closed_while_another_thread_waits_for_a_result() -> None:
    never, ends = Never(), list[BaseException]()
    with pool() as made:
        results = made.submit([gives(1), never])

        def iterate() -> None:
            try:
                list(results)
            except ClioError as error:
                ends.append(error)

        thread = threading.Thread(target=iterate)
        thread.start()
        assert never.running.acquire(timeout=20)
        made.close()
        thread.join(20)
        assert not thread.is_alive()
        assert [type(error) for error in ends] == [StoppedError]
        assert "\n" not in str(ends[0])


def test_whoever_waits_is_told_even_if_the_jobs_never_began() -> None:
    """The pool is closed between handing in the jobs and their first step."""
    with pool() as made:
        for _ in range(60):
            results = made.submit([gives(n) for n in range(3)])
            made.close()
            try:
                assert list(results) == [0, 1, 2]
            except StoppedError:
                assert list(results) == []


def test_many_threads_submit_iterate_and_close() -> None:
    opened, ends = Opened(), list[str]()
    with pool(opened) as made:

        def work(number: int) -> None:
            for turn in range(15):
                if (number + turn) % 7 == 0:
                    made.close()
                try:
                    assert list(made.submit([gives(n, 0.001 * (n % 2)) for n in range(5)])) == list(range(5))
                    ends.append("done")
                except StoppedError:
                    ends.append("stopped")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    assert len(ends) == 90
    assert opened.most == 1  # never two at a time
