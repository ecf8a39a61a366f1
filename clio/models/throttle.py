"""How many requests are out at once, and when the next may leave: one for all workers of a run.

Nothing here knows of HTTP. A reply that says "later" slows everybody down: the next request of any worker waits for as
long as the server asked, and fewer go out side by side afterwards; replies that come through let their number grow
again, one per round (additive increase, multiplicative decrease, as in TCP: Chiu and Jain 1989).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from clio.models.protocol import Usage

DECREASE = 0.7
"""What is left of the limit after a server pushed back."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
"""Waits double between these two where the server does not say how long."""
LONGEST_ASKED_S = 300.0
"""A server that asks for a longer wait than this is asked again after this."""
WINDOW = 100
"""Attempts by which the circuit breaker judges."""
PATIENCE_S = 60.0
"""How long nearly everything may fail for passing reasons before the breaker opens."""
NEARLY_ALL = 0.95
_RATES = {
    what: tuple(f"anthropic-ratelimit-{what}-{name}" for name in ("remaining", "reset", "limit"))
    for what in ("requests", "tokens", "input-tokens", "output-tokens")
}
_NOTHING = Usage()


def backoff(attempt: int, rng: random.Random) -> float:
    """Seconds before attempt number ``attempt`` (from 1): exponential, between half and all of it at random."""
    whole = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, 30))
    return whole * (0.5 + rng.random() / 2)


class Throttle:
    """A bounded number of slots, a common pause, and a pace. Used from one event loop only."""

    def __init__(self, most: int, per_minute: int | None = None, *, seed: int | None = None) -> None:
        self.most = most
        self.limit = float(most)
        self.out = 0
        self.pushed_back = 0
        self._spacing = 60.0 / per_minute if per_minute else 0.0
        self._not_before = 0.0
        self._next_start = 0.0
        self._round = 0
        self._in_a_row = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._rng = random.Random(seed)  # noqa: S311 - jitter

    async def acquire(self) -> int:
        """Wait for a slot; gives the round that it belongs to, to be handed to :meth:`later`."""
        if self._waiting or not self._free():
            await self._turn(first=False)
            while self._now() < self._not_before:  # pushed back between the slot and its use
                self.out -= 1
                await self._turn(first=True)
        else:
            self._take()
        return self._round

    def release(self) -> None:
        """Give the slot back."""
        self.out -= 1
        self._wake()

    def passed(self, headers: Mapping[str, str], usage: Usage = _NOTHING) -> None:
        """A reply came through: grow, and mind what the server says is left."""
        self._in_a_row = 0
        if self.limit < self.most:
            self.limit = min(self.most, self.limit + 1 / self.limit)
        wait = _until_refilled(headers, self.out, usage)
        if wait > 0:
            self._not_before = max(self._not_before, self._now() + min(wait, LONGEST_ASKED_S))

    def later(self, round_: int, retry_after: float | None) -> None:
        """The server pushed back a request of that round: everybody waits.

        Requests that were out together count as one sign, not as many. A wait of 0 counts as none told.
        """
        self.pushed_back += 1
        wait = 0.0
        if round_ == self._round:
            self._round += 1
            self._in_a_row += 1
            self.limit = max(1.0, self.limit * DECREASE)
            wait = backoff(self._in_a_row, self._rng)
        if retry_after:
            # A little later than asked, and not all at the same moment.
            wait = min(retry_after, LONGEST_ASKED_S) * (1 + self._rng.random() / 20)
        self._not_before = max(self._not_before, self._now() + wait)

    def _free(self) -> bool:
        return self.out < int(self.limit) and self._now() >= max(self._not_before, self._next_start)

    def _take(self) -> None:
        self.out += 1
        if self._spacing:
            self._next_start = max(self._now(), self._next_start) + self._spacing

    async def _turn(self, *, first: bool) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(waiter)
        else:
            self._waiting.append(waiter)
        self._wake()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()  # the slot came together with the cancellation
            else:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
            raise

    def _wake(self) -> None:
        while self._waiting and self._free():
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._take()
                waiter.set_result(None)
        if self._waiting and self.out < int(self.limit) and self._alarm is None:
            wait = max(self._not_before, self._next_start) - self._now()
            self._alarm = asyncio.get_running_loop().call_later(max(wait, 0.0), self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._wake()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _until_refilled(headers: Mapping[str, str], out: int, usage: Usage) -> float:
    """Seconds until the server has room again for as much as is out, by its rate headers; 0 where there is room.

    ``reset`` is when the bucket will be full again; it fills evenly. What is out is taken to be like the reply that
    came, with ``usage``.
    """
    read, written = usage.input_tokens + usage.cache_write_tokens, usage.output_tokens
    each = {"requests": 1, "tokens": read + written, "input-tokens": read, "output-tokens": written}
    longest = 0.0
    for what, (remaining_name, reset_name, limit_name) in _RATES.items():
        remaining = headers.get(remaining_name)
        if remaining is None:
            continue
        with suppress(ValueError, TypeError):
            if float(remaining) > 0:
                continue
            full_in = (datetime.fromisoformat(headers.get(reset_name, "")) - _clock_of(headers)).total_seconds()
            limit = float(headers.get(limit_name, "0"))
            share = min(1.0, max(1, out) * max(1, each[what]) / limit) if limit > 0 else 1.0
            longest = max(longest, full_in * share)
    return longest


def _clock_of(headers: Mapping[str, str]) -> datetime:
    """The server's time: its clock and this machine's may differ by more than the wait."""
    with suppress(ValueError, TypeError):
        told = parsedate_to_datetime(headers.get("date", ""))
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    return datetime.now(UTC)


class Breaker:
    """Opens when nearly everything fails for long: what it says then is the reason to stop the run."""

    def __init__(self, window: int = WINDOW, patience_s: float = PATIENCE_S, clock: Callable[[], float] | None = None):
        self._window, self._patience_s = window, patience_s
        self._clock = clock or time.monotonic
        self._good: deque[bool] = deque(maxlen=window)
        self._reasons: deque[str] = deque(maxlen=window)
        self._since: float | None = None
        """Since when nearly everything has failed."""

    @property
    def failing(self) -> bool:
        """Whether nearly everything fails: then it is the endpoint and not the request."""
        return len(self._good) == self._window and self._failed >= NEARLY_ALL

    @property
    def _failed(self) -> float:
        return 1 - sum(self._good) / len(self._good) if self._good else 0.0

    def good(self) -> None:
        """An attempt came through."""
        self._good.append(True)

    def bad(self, reason: str) -> str:
        """An attempt failed; gives the commonest reason (a fixed word or two) if it is time to stop, else nothing."""
        self._good.append(False)
        self._reasons.append(reason)
        now = self._clock()
        if self._failed < NEARLY_ALL:
            self._since = None
        elif self._since is None:
            self._since = now
        if self._since is None or now - self._since < self._patience_s or not self.failing:
            return ""
        return max(set(self._reasons), key=list(self._reasons).count)
