"""Filling the reply cache through Message Batches before a stage asks.

The stage's own pass follows and finds the replies: it judges them, asks again for what does not fit, and asks one by
one for what no batch answered. So whatever holds for a reply bought singly holds for one that came in a batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, field
from typing import Any

from clio.errors import BudgetError, RunError
from clio.models.batches import Book, Item, Limits, run_batches
from clio.models.endpoint import Endpoint, message_of
from clio.models.ledger import Ledger, Reservation, most_input_tokens
from clio.models.protocol import Request
from clio.models.reply_cache import ReplyCache
from clio.models.schema import object_in

BOOK = "batches.jsonl"
LONGEST_SLEEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that is not in the cache."""

    key: bytes
    """Under which its reply is kept; the only thing that names it at the endpoint."""
    request: Request = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sort:
    """What the requests of one warming have in common."""

    purpose: str
    model: str
    shares: Callable[[Mapping[str, Any]], Mapping[str, float]] | None = None
    """Which part of a reply's cost each facet takes, by what it says."""


@dataclass(slots=True)
class Warmer:
    """One backend's means to warm its cache."""

    endpoint: Endpoint
    ledger: Ledger
    cache: ReplyCache
    book: Book
    limits: Limits
    poll_s: float
    budgeted: bool
    reports: dict[str, dict[str, int]] = field(default_factory=dict)
    """What became of the batches of each purpose, for the manifest."""

    def warm(self, sort: Sort, wanted: Callable[[], Iterable[Wanted]], say: Callable[[str], None]) -> None:
        """Have every request answered by a batch that can be. ``wanted`` is called again where the budget only lets a
        part of it out at a time.

        Raises:
            ClioError: see :func:`clio.models.batches.run_batches`; also BudgetError. What was bought is kept.
        """
        offered: set[bytes] = set()
        left = 0
        while True:
            load = _Load(self, sort, wanted, offered)
            try:
                with self.endpoint.plain_client() as client:
                    report = run_batches(
                        load.items(),
                        client,
                        self.book,
                        purpose=sort.purpose,
                        limits=self.limits,
                        poll_s=self.poll_s,
                        say=say,
                        collect=load.collect,
                    )
            finally:
                load.close()
            left += report.left
            self.reports[sort.purpose] = asdict(report) | {"left": left}
            if not load.held_back:
                return
            if not load.offered_more:  # all that is left is set aside for requests in flight
                time.sleep(min(self.poll_s, LONGEST_SLEEP_S))


class _Load:
    """One pass over what is wanted. ``offered``: keys that a pass before this one, or this one, has sent; what no
    batch answered is not tried again, or there would be no end to it.
    """

    def __init__(self, warmer: Warmer, sort: Sort, wanted: Callable[[], Iterable[Wanted]], offered: set[bytes]) -> None:
        self._warmer, self._sort, self._wanted, self._offered = warmer, sort, wanted, offered
        self._reserved: dict[str, Reservation] = {}
        self.held_back = self.offered_more = False

    def items(self) -> Iterator[Item]:
        if not self._warmer.budgeted:
            yield from (Item(one.key.hex(), one.body) for one in self._wanted())
            return
        try:
            for one in self._wanted():
                if one.key not in self._offered:
                    if not self._set_aside(one):
                        return
                    yield Item(one.key.hex(), one.body)
        except BudgetError:
            # Either what is set aside here leaves nothing for finding out what is wanted, or there is nothing left.
            if not self._reserved:
                raise
            self.held_back = True

    def _set_aside(self, one: Wanted) -> bool:
        tokens, room = most_input_tokens(one.request), one.body["max_tokens"]
        reservation = self._warmer.ledger.reserve(self._sort.model, tokens, room, batch=True)
        if reservation is None:  # when these are in, it will be known what there is left to spend
            self.held_back = True
            return False
        self._reserved[one.key.hex()] = reservation
        self._offered.add(one.key)
        self.offered_more = True
        return True

    def collect(self, custom_id: str, message: Mapping[str, Any]) -> None:
        """Keep a reply and count what it cost, once, however often it is handed over."""
        warmer, key = self._warmer, bytes.fromhex(custom_id)
        sent = message_of(message)
        if sent is None or warmer.cache.get(key) is not None:
            return
        sort = self._sort
        shares = sort.shares(object_in(sent.text) or {}) if sort.shares else None
        reservation = self._reserved.pop(custom_id, None)
        if reservation is not None:
            warmer.ledger.settle(reservation, sent.usage, sort.purpose, facets=shares)
        else:
            warmer.ledger.add(sort.purpose, sort.model, sent.usage, batch=True, facets=shares)
        kept = {"text": sent.text, "stop_reason": sent.stop_reason, "usage": list(astuple(sent.usage))}
        if not warmer.cache.put(key, kept):
            raise RunError(
                f"{warmer.cache.folder}: replies of a batch cannot be kept there ({'; '.join(warmer.cache.notes)}). "
                "Nothing is lost: mend it and run the same command again, and they are collected."
            )

    def close(self) -> None:
        """Give back what was set aside for requests that no batch answered."""
        for reservation in self._reserved.values():
            self._warmer.ledger.settle(reservation)
        self._reserved.clear()
