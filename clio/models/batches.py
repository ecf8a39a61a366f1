"""Message Batches: requests sent in bulk, at half the price, whose replies are there within a day.

A batch only warms the reply cache: its results are handed to ``collect``, and whoever asks afterwards finds them there.
What is not answered (``left``) is asked one by one. Items are streamed: memory holds one batch that is being filled,
packed ids of those that are out, and 13 to 27 bytes for every item that was met.

Whatever ends the process, the same call goes on from the :class:`Book`: a batch is noted before it is sent, so none is
sent twice, and nothing is canceled, for what was submitted is paid for. A kill while results are being handed over has
them handed over again: ``collect`` must take the same id twice and count it once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from clio.models._batch_book import Book, Entry
from clio.models._batch_calls import BatchCalls, Result, Status
from clio.models._batch_items import Body, Item, Seen, Spool, encoded, packed
from clio.runs.progress import duration

if TYPE_CHECKING:
    from anthropic import Anthropic

__all__ = ["BatchReport", "Book", "Item", "Limits", "run_batches"]
Collect = Callable[[str, Mapping[str, Any]], None]
PATIENCE_S = 3600.0
"""How long an endpoint that is overloaded or out of reach is waited for."""
LOOKS = 3
"""How often a batch that is not there, or results that are missing, are looked for before they count as gone: they are
paid for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one batch, and of all together."""

    requests: int = 10_000
    """The Message Batches API takes 100,000."""
    bytes: int = 100 * 2**20
    """Of the body that is sent. The Message Batches API takes 256 MB."""
    open: int = 8
    """Batches that are out at once."""
    resubmits: int = 1
    """How often an item that expired, was canceled or met an error of the service is sent again."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Counts of requests and results; of the whole book, killed runs included, except for ``left``."""

    batches: int = 0
    submitted: int = 0
    resubmitted: int = 0
    """Of the submitted, those that were sent before."""
    succeeded: int = 0
    errored: int = 0
    expired: int = 0
    canceled: int = 0
    lost: int = 0
    """In batches that the endpoint no longer knew."""
    left: int = 0
    """Items of this call that no batch answered: to be asked one by one."""


def run_batches(
    items: Iterable[Item],
    client: Anthropic,
    book: Book,
    *,
    purpose: str,
    limits: Limits,
    poll_s: float,
    say: Callable[[str], None],
    collect: Collect,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> BatchReport:
    """Send ``items`` in batches and hand every message that comes back, as it came, to ``collect`` with its custom id.

    Batches of the same purpose that the book has as open are collected too; their items are not sent again. An id that
    comes twice is sent once. ``clock`` gives seconds since 1970.

    Raises:
        ModelSetupError: key, address or account will not do, or there are no batches at that address.
        ModelPassingError: the endpoint was out of reach for ``patience_s``; the same call goes on later.
        RunError: the book cannot be written.
    """

    def tell(text: str) -> None:
        say(f"{purpose}: {text}")

    reached = bool(book.known)
    calls = BatchCalls(
        client, patience_s=patience_s, poll_s=poll_s, say=tell, sleep=sleep, clock=clock, reached=reached
    )
    run = _Run(calls, book, purpose, limits, poll_s, tell, collect, sleep, clock)
    try:
        run.take_up()
        for item in items:
            run.meet(item)
        run.finish()
    finally:
        run.close()
    totals = {**book.totals(purpose), "left": run.left}
    return BatchReport(**{field.name: totals.get(field.name, 0) for field in fields(BatchReport)})


class _Open:
    """A batch that is out."""

    def __init__(self, entry: Entry, spool: Spool, *, found: bool, ours: bool) -> None:
        self.entry, self.spool = entry, spool
        self.found = found
        """Its id was not noted but found at the endpoint: it may be another's."""
        self.ours = ours
        """Sent by this call, and not by an earlier one."""
        self.absent = 0
        self.told = (0, 0)


class _Run:
    """The state of one call of :func:`run_batches`."""

    def __init__(
        self,
        calls: BatchCalls,
        book: Book,
        purpose: str,
        limits: Limits,
        poll_s: float,
        say: Callable[[str], None],
        collect: Collect,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self._calls, self._book, self._purpose, self._limits = calls, book, purpose, limits
        self._poll_s, self._say, self._collect = poll_s, say, collect
        self._sleep, self._clock = sleep, clock
        self.left = 0
        self._open: list[_Open] = []
        self._seen = Seen()
        self._earlier: dict[bytes, _Open] = {}
        """Where the ids of batches that an earlier call sent are."""
        self._failed: dict[bytes, int] = {}
        """Ids of such batches that failed before their items were met, with the attempt that is next."""
        self._again: list[tuple[Spool, dict[bytes, int]]] = []
        """What is to be sent again, with the attempt that is next."""
        self._filling: list[tuple[int, bytes, bytes]] = []
        """Attempt, id and encoded item."""
        self._size = 0

    def close(self) -> None:
        """Drop what was kept to be sent again."""
        for spool in [batch.spool for batch in self._open] + [spool for spool, _ in self._again]:
            spool.close()

    # --- what an earlier call left

    def take_up(self) -> None:
        """Open batches first, then those of which only the intent is known; collect what has ended."""
        if self._book.unreadable:
            self._say(f"{self._book.unreadable} lines of {self._book.path.name} cannot be read and are passed over")
        for entry in self._book.open(self._purpose):
            self._take_in(entry, found=False)
        for entry in self._book.intents(self._purpose):
            batch_id = self._find(entry)
            if batch_id:
                self._take_in(self._book.submitted(entry, batch_id), found=True)
            else:
                if batch_id is None:
                    self._say(f"a batch of {entry.requests:,} requests may have been sent and cannot be found")
                self._book.dropped(entry)
        if self._open:
            requests = sum(batch.entry.requests for batch in self._open)
            self._say(f"{len(self._open)} batches with {requests:,} requests were submitted earlier and are taken up")
            self._poll()

    def _take_in(self, entry: Entry, *, found: bool) -> None:
        batch = _Open(entry, self._spool(), found=found, ours=False)
        self._open.append(batch)
        self._earlier.update((raw, batch) for raw, _ in entry.attempted())

    def _find(self, entry: Entry) -> str | None:
        """The id of a batch that was sent and not noted; empty where there is none, None where that is not clear."""
        found = self._calls.created_since(entry.time, entry.requests)
        if found is None:
            return None
        fresh = [batch_id for batch_id in dict.fromkeys(found) if batch_id not in self._book.known]
        return None if len(fresh) > 1 else fresh[0] if fresh else ""

    # --- filling and sending

    def meet(self, item: Item) -> None:
        """One item of the stream."""
        raw = packed(item.custom_id)
        if raw is None:
            raise ValueError("custom_id: 64 lower-case hex digits are wanted")
        if not self._seen.add(raw):
            return
        data = encoded(item)
        earlier = self._earlier.get(raw)
        if earlier is not None:
            earlier.spool.add(raw, data)
        else:
            self._fill(raw, data, self._failed.pop(raw, 0))
        self._send_again()

    def finish(self) -> None:
        """Send what is left over, wait for everything that is out."""
        while self._filling or self._again or self._open:
            self._send_again()
            if self._filling:
                self._submit()
            elif not self._again:
                self._wait()

    def _fill(self, raw: bytes, data: bytes, attempt: int) -> None:
        most = self._limits.bytes - Body.envelope
        if attempt > self._limits.resubmits or len(data) > most:
            self.left += 1
            return
        if self._size + len(data) > most:
            self._submit()
        self._filling.append((attempt, raw, data))
        self._size += len(data) + 1
        if len(self._filling) >= self._limits.requests:
            self._submit()

    def _send_again(self) -> None:
        while self._again:
            spool, wanted = self._again.pop()
            with spool:
                for raw, data in spool.take(wanted):
                    self._fill(raw, data, wanted[raw])

    def _submit(self) -> None:
        while len(self._open) >= self._limits.open:
            self._wait()
        filling, self._filling, self._size = sorted(self._filling, key=lambda one: one[0]), [], 0
        counts = Counter(attempt for attempt, _, _ in filling)
        attempts = [counts[attempt] for attempt in range(max(counts) + 1)]
        ids = b"".join(raw for _, raw, _ in filling)
        with ExitStack() as unless_sent:
            spool = unless_sent.enter_context(self._spool())
            for attempt, raw, data in filling:
                if attempt < self._limits.resubmits:
                    spool.add(raw, data)
            body = Body([data for _, _, data in filling])
            entry = self._book.intend(self._purpose, ids, attempts, self._clock())
            entry = self._book.submitted(entry, self._calls.create(body, lambda: self._find(entry)))
            self._open.append(_Open(entry, spool, found=False, ours=True))
            unless_sent.pop_all()
        self._say(f"batch {entry.number} submitted: {entry.requests:,} requests, {body.size / 2**20:,.1f} MB")

    def _spool(self) -> Spool:
        return Spool(self._book.path.parent)

    # --- waiting and collecting

    def _wait(self) -> None:
        """Until one batch more is done with."""
        while not self._poll():
            self._sleep(self._poll_s)

    def _poll(self) -> bool:
        """One look at every batch that is out; whether one is done with."""
        out = len(self._open)
        for batch in list(self._open):
            status = self._calls.status(batch.entry.batch_id)
            if status is not None:
                self._tell(batch, status)
            if status is not None and status.archived:
                self._lose(batch)
            elif status is None or (status.ended and not self._collected(batch)):
                batch.absent += 1
                if batch.absent >= LOOKS:
                    self._lose(batch)
            else:
                batch.absent = 0
        return len(self._open) < out

    def _tell(self, batch: _Open, status: Status) -> None:
        if batch.told == (status.done, status.failed):
            return
        batch.told = status.done, status.failed
        entry, waited = batch.entry, max(0.0, self._clock() - batch.entry.time)
        rate = f"{status.done / waited:,.1f}/s, " if waited > 0 else ""
        self._say(
            f"batch {entry.number} of {self._book.totals(self._purpose)['batches']}: {status.done:,} of "
            f"{entry.requests:,} done, {status.failed:,} failed ({rate}waited {duration(waited)})"
        )

    def _collected(self, batch: _Open) -> bool:
        """Hand over the results of a batch that has ended; False where they are not there."""
        missing = dict(batch.entry.attempted())
        failed: dict[bytes, int] = {}
        counts: Counter[str] = Counter()

        def take(result: Result) -> None:
            raw = packed(result.custom_id)
            attempt = missing.get(raw) if raw is not None else None
            if raw is None or attempt is None:
                return
            if result.message is not None:
                self._collect(result.custom_id, result.message)
            else:
                failed[raw] = self._limits.resubmits + 1 if result.invalid else attempt + 1
            del missing[raw]
            counts[result.kind] += 1

        for look in range(LOOKS):
            if look:
                self._sleep(self._poll_s)
            if not self._calls.results(batch.entry.batch_id, take):
                return False
            if not missing:
                break
        if batch.found and len(missing) == batch.entry.requests:
            self._lose(batch)  # another's
            return True
        counts["errored"] += len(missing)
        failed |= {raw: attempt + 1 for raw, attempt in missing.items()}
        self._close_batch(batch, counts, failed)
        return True

    def _lose(self, batch: _Open) -> None:
        """The endpoint does not know it any more. What an earlier call sent is sent anew, as if for the first time;
        what this one sent counts as an attempt, so that no endpoint can have it sent for ever.
        """
        failed = {raw: attempt + batch.ours for raw, attempt in batch.entry.attempted()}
        self._close_batch(batch, {"lost": batch.entry.requests}, failed)

    def _close_batch(self, batch: _Open, counts: Mapping[str, int], failed: Mapping[bytes, int]) -> None:
        self._book.collected(batch.entry, counts)
        self._open.remove(batch)
        again: dict[bytes, int] = {}
        left = 0
        for raw, attempt in failed.items():
            if raw not in self._seen:
                self._failed[raw] = attempt  # of an earlier call: its item may yet come
            elif attempt > self._limits.resubmits:
                left += 1
            else:
                again[raw] = attempt
        if not batch.ours:
            for raw, _ in batch.entry.attempted():
                if self._earlier.get(raw) is batch:
                    del self._earlier[raw]
        self.left += left
        if again:
            self._again.append((batch.spool, again))
        else:
            batch.spool.close()
        told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
        more = f"; {len(again):,} to be sent again, {left:,} left" if failed else ""
        self._say(f"batch {batch.entry.number} collected: {told}{more}")
