from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.models.protocol import Usage
from clio.models.throttle import (
    DECREASE,
    FIRST_WAIT_S,
    LONGEST_ASKED_S,
    LONGEST_WAIT_S,
    Breaker,
    Throttle,
    backoff,
)
from tests.models.virtual_clock import now, run

TINY = 1e-6


# --- a world of workers on a virtual clock


@dataclass(frozen=True)
class Work:
    """What one worker does."""

    arrives: float
    takes: float
    outcome: str
    """``passed``, ``later`` or ``fails``."""
    retry_after: float | None = None
    cancelled_after: float | None = None


@dataclass
class World:
    throttle: Throttle
    starts: list[float] = field(default_factory=list)
    out: int = 0
    not_before: float = 0.0
    limit: float = 0.0
    broken: list[str] = field(default_factory=list)

    async def work(self, one: Work) -> str:
        await asyncio.sleep(one.arrives)
        slot = await self.throttle.acquire()
        try:
            self.out += 1
            self.starts.append(now())
            if self.out > int(self.throttle.limit):
                self.broken.append(f"{self.out} out where {self.throttle.limit} may be")
            if now() < self.not_before - TINY:
                self.broken.append(f"started at {now()}, asked to wait until {self.not_before}")
            await asyncio.sleep(one.takes)
            if one.outcome == "passed":
                self.throttle.passed({})
            elif one.outcome == "later":
                self.throttle.later(slot, one.retry_after)
                if one.retry_after is not None:
                    self.not_before = max(self.not_before, now() + min(one.retry_after, LONGEST_ASKED_S))
            return one.outcome
        finally:
            self.out -= 1
            self.throttle.release()


async def all_at_work(world: World, works: list[Work]) -> list[object]:
    tasks = [asyncio.create_task(world.work(one)) for one in works]
    for task, one in zip(tasks, works, strict=True):
        if one.cancelled_after is not None:
            asyncio.get_running_loop().call_later(one.cancelled_after, task.cancel)
    return list(await asyncio.gather(*tasks, return_exceptions=True))


SECONDS = st.one_of(st.just(0.0), st.integers(1, 40).map(lambda n: n / 8))
WORKS = st.lists(
    st.builds(
        Work,
        arrives=SECONDS,
        takes=SECONDS,
        outcome=st.sampled_from(["passed", "passed", "later", "fails"]),
        retry_after=st.one_of(st.none(), st.integers(0, 30).map(float), st.just(math.inf)),
        cancelled_after=st.one_of(st.none(), st.none(), SECONDS),
    ),
    min_size=1,
    max_size=40,
)


@given(
    works=WORKS, most=st.integers(1, 6), per_minute=st.one_of(st.none(), st.integers(6, 600)), seed=st.integers(0, 9)
)
def test_never_too_many_never_too_early_and_everybody_gets_a_turn(
    works: list[Work], most: int, per_minute: int | None, seed: int
) -> None:
    async def scene() -> None:
        world = World(Throttle(most, per_minute, seed=seed))
        ends = await all_at_work(world, works)
        assert world.broken == []
        assert world.throttle.out == 0
        assert 1 <= world.throttle.limit <= most
        for one, end in zip(works, ends, strict=True):
            assert end == one.outcome or (one.cancelled_after is not None and isinstance(end, asyncio.CancelledError))
        # All slots still work: whoever comes now gets one.
        assert await asyncio.gather(*(world.work(Work(0, 0, "passed")) for _ in range(most))) == ["passed"] * most
        if per_minute is not None:
            assert all(after - before >= 60 / per_minute - TINY for before, after in pairwise(world.starts))

    run(scene())


@given(most=st.integers(1, 8), count=st.integers(1, 60))
def test_as_many_as_may_be_are_out(most: int, count: int) -> None:
    """Nobody waits without need: equal work takes as many rounds as it must."""

    async def scene() -> float:
        world, began = World(Throttle(most)), now()
        await all_at_work(world, [Work(0, 1.0, "passed") for _ in range(count)])
        return now() - began

    assert run(scene()) == pytest.approx(math.ceil(count / most))


def test_the_pace_is_used_up() -> None:
    async def scene() -> float:
        world, began = World(Throttle(50, per_minute=120)), now()
        await all_at_work(world, [Work(0, 0.1, "passed") for _ in range(61)])
        return now() - began

    assert run(scene()) == pytest.approx(30.1, abs=0.01)


def test_first_come_first_served() -> None:
    async def scene() -> None:
        throttle, order = Throttle(2), list[int]()

        async def one(number: int) -> None:
            await throttle.acquire()
            order.append(number)
            await asyncio.sleep(1 + number % 3)
            throttle.release()

        await asyncio.gather(*(one(number) for number in range(20)))
        assert order == list(range(20))

    run(scene())


# --- being pushed back


@pytest.mark.parametrize("most", [1, 2, 10, 64])
def test_the_limit_shrinks_once_for_all_that_were_out_together(most: int) -> None:
    async def scene() -> None:
        throttle = Throttle(most, seed=1)
        limits = []
        for _ in range(3):
            together = int(throttle.limit)
            slots = await asyncio.gather(*(throttle.acquire() for _ in range(together)))
            for slot in slots:
                await asyncio.sleep(0.01)
                throttle.later(slot, 0.5)
                throttle.release()
            limits.append(throttle.limit)
        assert limits == pytest.approx([max(1.0, most * DECREASE**n) for n in (1, 2, 3)])

    run(scene())


def test_the_limit_recovers_by_about_one_per_round() -> None:
    async def scene() -> None:
        throttle = Throttle(10, seed=1)
        throttle.later(await throttle.acquire(), 1.0)
        throttle.release()
        rounds = [throttle.limit]
        while throttle.limit < 10:
            for _ in range(int(throttle.limit)):
                await throttle.acquire()
                throttle.passed({})
                throttle.release()
            rounds.append(throttle.limit)
        assert rounds[0] == pytest.approx(7)
        assert 3 <= len(rounds) - 1 <= 4
        assert all(0.8 < after - before <= 1.01 for before, after in pairwise(rounds[:-1]))

    run(scene())


def test_a_late_sign_of_an_earlier_round_does_not_shrink_the_limit_but_its_wait_counts() -> None:
    async def scene() -> None:
        throttle = Throttle(10, seed=1)
        early, slow = await throttle.acquire(), await throttle.acquire()
        throttle.later(early, 1.0)
        throttle.release()
        limit = throttle.limit
        await asyncio.sleep(5)
        later = await throttle.acquire()
        throttle.later(slow, 20.0)
        throttle.release()
        assert throttle.limit == limit
        throttle.later(later, None)
        throttle.release()
        assert throttle.limit == pytest.approx(limit * DECREASE)
        began = now()
        await throttle.acquire()
        assert 20 <= now() - began <= 21

    run(scene())


def test_a_slot_that_was_given_just_before_a_push_back_is_not_used_during_the_pause() -> None:
    async def scene() -> None:
        throttle = Throttle(2)
        pushed, passing = await throttle.acquire(), await throttle.acquire()
        waiting = asyncio.create_task(throttle.acquire())
        await asyncio.sleep(0)
        assert passing == pushed
        throttle.release()  # the slot goes to whoever waits, and in the same step the other request is pushed back
        throttle.later(pushed, 10.0)
        throttle.release()
        began = now()
        await waiting
        assert now() - began >= 10
        assert throttle.out == 1

    run(scene())


def waits(throttle: Throttle, told: list[float | None]) -> Iterator[float]:
    """How long everybody waits after each of several push-backs in a row."""

    async def scene() -> list[float]:
        found = []
        for retry_after in told:
            throttle.later(await throttle.acquire(), retry_after)
            throttle.release()
            began = now()
            await throttle.acquire()
            throttle.release()
            found.append(now() - began)
        return found

    return iter(run(scene()))


def test_without_a_word_from_the_server_waits_double_up_to_an_end() -> None:
    found = list(waits(Throttle(4, seed=3), [None] * 10))
    for number, wait in enumerate(found):
        whole = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**number)
        assert whole / 2 <= wait <= whole + TINY


def test_what_the_server_asks_for_is_waited_for_and_a_little_more() -> None:
    (wait,) = waits(Throttle(4), [7.0])
    assert 7.0 <= wait <= 7.35 + TINY


@pytest.mark.parametrize("told", [math.inf, 1e9, 301.0])
def test_nobody_waits_for_ever(told: float) -> None:
    (wait,) = waits(Throttle(4), [told])
    assert LONGEST_ASKED_S <= wait <= LONGEST_ASKED_S * 1.05 + TINY


def test_a_server_that_asks_for_no_wait_is_not_asked_at_once_again_and_again() -> None:
    assert sum(waits(Throttle(4), [0.0] * 6)) > 5


def test_a_reply_that_comes_through_ends_the_doubling() -> None:
    async def scene() -> None:
        throttle = Throttle(4, seed=1)
        for _ in range(6):
            throttle.later(await throttle.acquire(), None)
            throttle.release()
        await throttle.acquire()
        throttle.passed({})
        throttle.release()
        throttle.later(await throttle.acquire(), None)
        throttle.release()
        began = now()
        await throttle.acquire()
        assert now() - began <= FIRST_WAIT_S + TINY

    run(scene())


@given(st.integers(1, 20) | st.integers(1, 10**9), st.integers(0, 1000))
def test_backoff(attempt: int, seed: int) -> None:
    whole = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, 50))
    assert whole / 2 <= backoff(attempt, random.Random(seed)) <= whole


# --- rate-limit headers


def rates(what: str, remaining: object, limit: object, full_in_s: float, skew_s: float | None = None) -> dict[str, str]:
    """The headers of a server whose clock is ``skew_s`` ahead, and says so; None: it does not say what time it has."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=skew_s or 0)
    name = f"anthropic-ratelimit-{what}"
    headers = {
        f"{name}-remaining": str(remaining),
        f"{name}-limit": str(limit),
        f"{name}-reset": (moment + timedelta(seconds=full_in_s)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return headers | ({"date": format_datetime(moment, usegmt=True)} if skew_s is not None else {})


@contextmanager
def passing(throttle: Throttle, out: int) -> Iterator[None]:
    throttle.out = out
    yield
    throttle.out = 0


def pause(headers: dict[str, str], out: int = 1, usage: Usage | None = None) -> float:
    async def scene() -> float:
        throttle, began = Throttle(200), now()
        with passing(throttle, out):
            throttle.passed(headers, usage or Usage())
        await throttle.acquire()
        return now() - began

    return run(scene())


def test_while_there_is_room_nobody_waits() -> None:
    assert pause(rates("requests", 1, 50, 60, 0)) == 0
    assert pause({}) == 0


@pytest.mark.parametrize("skew_s", [0, 86_400, -86_400])
def test_an_empty_bucket_is_waited_for_by_the_servers_clock(skew_s: float) -> None:
    """A bucket of 60 that is full again in a minute has room for 6 after 6 seconds, whatever this machine's clock."""
    assert pause(rates("requests", 0, 60, 60, skew_s), out=6) == pytest.approx(6, abs=0.01)


def test_without_a_date_this_machines_clock_counts() -> None:
    assert 4 <= pause(rates("requests", 0, 60, 60), out=6) <= 7


def test_tokens_are_waited_for_by_what_a_reply_takes() -> None:
    usage = Usage(900, 100, cache_read_tokens=50_000)
    assert pause(rates("input-tokens", 0, 90_000, 60, 0), 10, usage) == pytest.approx(6, abs=0.01)
    assert pause(rates("output-tokens", 0, 10_000, 60, 0), 10, usage) == pytest.approx(6, abs=0.01)
    assert pause(rates("tokens", 0, 10_000, 60, 0), 10, usage) == pytest.approx(60, abs=0.01)


def test_the_longest_of_several_waits_counts_and_it_has_an_end() -> None:
    both = rates("requests", 0, 1, 20, 0) | rates("tokens", 0, 1, 40, 0)
    assert pause(both) == pytest.approx(40, abs=0.01)
    assert pause(rates("requests", 0, 1, 90_000, 0)) == LONGEST_ASKED_S


@given(
    st.dictionaries(
        st.sampled_from([*rates("requests", 0, 1, 1), *rates("tokens", 0, 1, 1), "date"]),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                ["0", "nan", "-1", "inf", "-inf", "1e999", "2026-10-01", "2026-10-01T00:00:00", "9999-12-31T23:59:59Z"]
            ),
        ),
    )
)
def test_nonsense_in_headers_is_passed_over(headers: dict[str, str]) -> None:
    assert 0 <= pause(headers, out=3, usage=Usage(5, 5)) <= LONGEST_ASKED_S


# --- the breaker


class Clock:
    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_when_nearly_everything_fails_for_long() -> None:
    clock = Clock()
    breaker = Breaker(window=100, patience_s=60, clock=clock)
    for number in range(300):
        clock.now += 0.5
        said = breaker.bad("overloaded" if number % 3 else "timed out")
        assert bool(said) == (number >= 120)
    assert said == "overloaded"


def test_a_few_that_come_through_do_not_keep_it_closed() -> None:
    clock = Clock()
    breaker = Breaker(window=100, patience_s=60, clock=clock)
    said = ""
    for number in range(1000):
        clock.now += 1
        if number % 33 == 0:
            breaker.good()
        else:
            said = said or breaker.bad("server error")
    assert said == "server error"


@pytest.mark.parametrize("good_of", [2, 5, 10, 15])
def test_it_stays_closed_while_some_come_through(good_of: int) -> None:
    clock = Clock()
    breaker = Breaker(window=100, patience_s=60, clock=clock)
    breaker.good()
    for number in range(2000):
        clock.now += 1
        if number % good_of:
            assert breaker.bad("server error") == ""
        else:
            breaker.good()


def test_it_needs_many_attempts_and_starts_anew_after_a_recovery() -> None:
    clock = Clock()
    breaker = Breaker(window=100, patience_s=60, clock=clock)
    for _ in range(99):
        clock.now += 100
        assert breaker.bad("timed out") == ""
        assert not breaker.failing
    for _ in range(100):
        breaker.good()
    for _ in range(100):
        clock.now += 0.1
        assert breaker.bad("timed out") == ""
    assert breaker.failing
    clock.now += 60
    assert breaker.bad("timed out") == "timed out"


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 30)), max_size=120))
def test_the_breaker_against_its_definition(steps: list[tuple[bool, float]]) -> None:
    clock = Clock()
    breaker = Breaker(window=10, patience_s=60, clock=clock)
    told: list[tuple[float, bool]] = []
    since: float | None = None
    for good, wait in steps:
        clock.now += wait
        told.append((clock.now, good))
        last = [one for _, one in told[-10:]]
        nearly_all = Counter(last)[False] / len(last) >= 0.95
        if good:
            breaker.good()
            continue
        since = (since if since is not None else clock.now) if nearly_all else None
        opens = len(last) == 10 and since is not None and clock.now - since >= 60
        assert bool(breaker.bad("why")) == opens
