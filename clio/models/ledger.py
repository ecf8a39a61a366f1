"""What a run has bought so far, and whether the next request still fits its budget.

Every reply is one line of ``workspace/spending.jsonl`` from the moment it is paid for: numbers, what it was for, the
model and the facets' shares, never a word of a prompt or a reply. One write appends a line, so a killed process leaves
whole lines and at most one that is cut, which is dropped. A run that is taken up goes on counting where it stopped.

Before a request is sent its worst case is reserved; what is spent and what is reserved never pass the budget together.
Requests that were in flight when a process was killed may have been paid for without a reply: nobody can count those.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from clio.config.facets import Facet
from clio.config.prices import PriceConfig
from clio.errors import BudgetError, ModelSetupError, RunError
from clio.models._spending import STAGE_OF, Sums
from clio.models.prices import PICO, Price, most_picodollars, no_price, picodollars, price_of, require_prices
from clio.models.protocol import Request, Usage

__all__ = ["FILE", "STAGE_OF", "Ledger", "Reservation", "facet_shares", "most_input_tokens", "usd"]

FILE = "spending.jsonl"
OVERHEAD = 1_000
"""Tokens that an endpoint may add to a request of its own: roles, and the instructions for structured outputs."""
_WORDS = re.compile(r"[a-z0-9][a-z0-9 _,/'-]{0,47}")
"""What a purpose, a reason or a facet looks like. Anything else might be somebody's words: it becomes ``other``."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The worst case of one request in flight."""

    number: int
    model: str
    batch: bool
    most_usd: float


class Ledger:
    """The spending of one run. Safe to share between threads.

    Args:
        path: the file of lines, made with the first of them; what is in it counts. None keeps everything in memory.
        prices: the config's ``writer.prices``; models that are not in it are looked up (:mod:`clio.models.prices`).
        budget_usd: the most that the run may spend, over all its sessions; None for no limit.

    Raises:
        ModelSetupError: there is a budget, and what was bought earlier has no known price.
        RunError: the file cannot be read.
    """

    def __init__(self, path: Path | None, prices: Mapping[str, PriceConfig], budget_usd: float | None) -> None:
        self._path, self._overrides, self._budget_usd = path, dict(prices), budget_usd
        self._budget = None if budget_usd is None else int(Fraction(budget_usd) * PICO)
        self._lock = threading.Lock()
        self._known: dict[str, Price | None] = {}
        self._sums = Sums(self._price)
        self._open: dict[int, int] = {}
        self._reserved = self._last = self._unreadable = 0
        self._handle: int | None = None
        if path is not None and path.exists():
            self._load(path)

    @property
    def spent_usd(self) -> float:
        """What was spent so far at known prices, earlier sessions included."""
        with self._lock:
            return self._sums.picodollars / PICO

    def add(
        self,
        purpose: str,
        model: str,
        usage: Usage,
        *,
        batch: bool = False,
        facets: Mapping[str, float] | None = None,
        retries: int = 0,
    ) -> None:
        """Count one reply that was paid for; it is on file when this returns.

        Args:
            purpose: the request's, see STAGE_OF.
            model: who wrote it.
            usage: all tokens of it, those of re-asks too.
            batch: whether it came in a batch.
            facets: which part of it each facet takes, see :func:`facet_shares`.
            retries: requests before this one whose reason was not told by :meth:`retried`.

        Raises:
            RunError: the file cannot be written.
        """
        with self._lock:
            self._add(purpose, model, usage, batch, facets, retries)

    def saved(self, purpose: str, n: int, tokens: int, cost: float | None) -> None:
        """Count ``n`` replies taken from the cache, with the tokens and USD that buying them again would have cost."""
        with self._lock:
            self._enter({"purpose": _plain(purpose), "saved": n, "tokens": tokens, "usd": cost})

    def retried(self, purpose: str, n: int, reason: str) -> None:
        """Count ``n`` requests that had to be sent again; ``reason`` is a fixed word or two."""
        with self._lock:
            self._enter({"purpose": _plain(purpose), "retried": n, "reason": _plain(reason)})

    def reserve(self, model: str, input_tokens: int, max_output_tokens: int, batch: bool = False) -> Reservation | None:
        """Set aside the most that a request can cost; None while it does not fit beside those in flight: try again
        after one of them is settled.

        ``input_tokens`` must not be fewer than the endpoint will count: see :func:`most_input_tokens`.

        Raises:
            BudgetError: it does not fit, and nothing is in flight that could turn out cheaper.
            ModelSetupError: there is a budget, and the model has no known price.
        """
        with self._lock:
            price = self._price(model)
            if price is None:
                require_prices([model], self._overrides, self._budget_usd)
            most = most_picodollars(price, input_tokens, max_output_tokens, batch=batch) if price else 0
            spent = self._sums.picodollars
            if self._budget is not None and spent + self._reserved + most > self._budget:
                if self._open:
                    return None
                raise BudgetError(
                    f"The budget is used up: {usd(spent / PICO)} of {usd(self._budget / PICO)} is spent, and the next "
                    f"request could cost {usd(most / PICO)}. What was bought is kept: raise writer.budget_usd and run "
                    "the same command again to go on."
                )
            self._last += 1
            self._open[self._last] = most
            self._reserved += most
            return Reservation(self._last, model, batch, most / PICO)

    def settle(
        self,
        reservation: Reservation,
        usage: Usage | None = None,
        purpose: str = "",
        *,
        facets: Mapping[str, float] | None = None,
        retries: int = 0,
    ) -> None:
        """Give a reservation back; with ``usage``, also count what was bought, as :meth:`add` does, in one step.

        A reservation that was settled before is no longer held; what is given with it still counts.
        """
        with self._lock:
            self._reserved -= self._open.pop(reservation.number, 0)
            if usage is not None:
                self._add(purpose, reservation.model, usage, reservation.batch, facets, retries)

    def summary(self) -> dict[str, Any]:
        """For the manifest: tokens, cost and replies in ``total``, by ``stages`` and by ``facets``. A cost is None
        where a price is unknown. ``prices`` are those that were used, in USD per million tokens, each with its source.
        """
        with self._lock:
            prices = {model: self._price(model) for model in self._sums.models()}
            found = self._sums.summary() | {
                "prices": {model: asdict(price) if price else None for model, price in prices.items()},
                "budget_usd": self._budget_usd,
            }
            return found | ({"unreadable_lines": self._unreadable} if self._unreadable else {})

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            self.close()

    def _price(self, model: str) -> Price | None:
        if model not in self._known:
            self._known[model] = price_of(model, self._overrides)
        return self._known[model]

    def _add(
        self,
        purpose: str,
        model: str,
        usage: Usage,
        batch: bool,
        facets: Mapping[str, float] | None,
        retries: int,
    ) -> None:
        price = self._price(model)
        line: dict[str, Any] = {
            "purpose": _plain(purpose),
            "model": model,
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cache_read": usage.cache_read_tokens,
            "cache_write": usage.cache_write_tokens,
            "usd": picodollars(usage, price, batch=batch) / PICO if price else None,
        }
        line |= {"batch": True} if batch else {}
        line |= {"retries": retries} if retries else {}
        line |= {"facets": {_plain(name): round(share, 6) for name, share in facets.items()}} if facets else {}
        self._enter(line)

    def _enter(self, line: Mapping[str, Any]) -> None:
        """Counted first: it is paid for, whether or not it can be written down."""
        self._sums.count(line)
        if self._path is None:
            return
        data = (json.dumps(line) + "\n").encode()
        try:
            if self._handle is None:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            written = os.write(self._handle, data)
        except OSError as fault:
            raise self._unwritable(fault.strerror) from None
        if written != len(data):
            raise self._unwritable("no space left")

    def _unwritable(self, why: str | None) -> RunError:
        return RunError(
            f"{self._path}: cannot be written ({why}), so spending cannot be counted. What was finished is kept: make "
            "room or mend the permissions, then run the same command again."
        )

    def _load(self, path: Path) -> None:
        """Count what earlier sessions bought, and cut off what a killed one left unfinished at the end."""
        end = 0
        try:
            with path.open("rb") as handle:
                for data in handle:
                    if not data.endswith(b"\n"):
                        os.truncate(path, end)
                        break
                    end += len(data)
                    self._take(data)
        except OSError as fault:
            raise RunError(
                f"{path}: cannot be read ({fault.strerror}), so it is not known what this run has spent. Mend its "
                "permissions, then run the same command again."
            ) from None
        unknown = self._sums.unpriced()
        if self._budget is not None and unknown:
            raise ModelSetupError(
                f"{path}: this run has bought replies whose price is not known, so writer.budget_usd cannot be held: "
                f"{no_price(unknown)}, or leave out the budget."
            )

    def _take(self, data: bytes) -> None:
        try:
            line = json.loads(data)
            if not isinstance(line, dict):
                raise TypeError
            self._sums.count(line)
        except (ValueError, KeyError, TypeError, RecursionError):
            self._unreadable += 1


def most_input_tokens(request: Request) -> int:
    """More tokens than any endpoint counts for a request: a token is at least one byte of UTF-8."""
    schema = json.dumps(request.schema, ensure_ascii=False)
    return OVERHEAD + sum(len(text.encode("utf-8", "replace")) for text in (request.system, request.user, schema))


def facet_shares(facets: Sequence[Facet], value: Mapping[str, Any]) -> dict[str, float]:
    """Which part of one reply's tokens and cost each facet answered by a model takes; the parts add up to 1.

    The conversation is read for all facets alike and each question takes the room it takes: of the input, half is
    shared equally and half by the length of the questions with their options. The output is shared by the length of
    each answer as JSON. A facet's part is the mean of the two, or the input's where nothing was answered.
    """
    asked = [facet for facet in facets if facet.answered_by_model]
    if not asked:
        return {}
    questions = [_question_length(facet) for facet in asked]
    answers = [len(_json(value[facet.name])) if facet.name in value else 0 for facet in asked]
    inputs = [0.5 / len(asked) + 0.5 * part for part in _parts(questions)]
    outputs = _parts(answers) if any(answers) else inputs
    return {facet.name: (a + b) / 2 for facet, a, b in zip(asked, inputs, outputs, strict=True)}


def usd(amount: float) -> str:
    """An amount as it is shown: two digits behind the point, four below ten cents, and what little there is of less."""
    if amount >= 0.1 or amount == 0:
        return f"${amount:,.2f}"
    return f"${amount:.4f}" if amount >= 0.0001 else f"${amount:.1g}"


def _question_length(facet: Facet) -> int:
    options = sum(len(option.value) + len(option.description) for option in facet.options)
    return len(facet.question) + len(facet.prefix) + options


def _parts(lengths: Sequence[int]) -> list[float]:
    total = sum(lengths)
    return [length / total if total else 1 / len(lengths) for length in lengths]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _plain(text: str) -> str:
    return text if _WORDS.fullmatch(text) else "other"
