"""The calls of the Message Batches API: what is worth waiting for is waited for, everything else is one paragraph.

The SDK's own retries stay off: a batch that was taken in, and whose answer was lost, must not be sent a second time.
No SDK error is shown, chained or kept as context: they quote replies, which may quote conversations.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from clio.errors import ModelPassingError, ModelSetupError
from clio.models._batch_items import Body
from clio.models.endpoint import _retry_after
from clio.models.throttle import LONGEST_ASKED_S, LONGEST_WAIT_S, backoff

if TYPE_CHECKING:
    from anthropic import Anthropic
    from httpx2 import Response

T = TypeVar("T")
CREATE_TIMEOUT_S = 600.0
"""For each step of sending a batch (the SDK's own default): a body of 100 MB takes a while to be looked through."""
SKEW_S = 300.0
"""How far the clocks of this machine and the endpoint may be apart."""
FIRST_TRIES = 4
"""Attempts at the very first call, where nothing answers or what answers is no such endpoint, until it is given up."""
MOST_BLIND = 3
"""Attempts to send a batch while nobody can tell whether the one before arrived."""
MOST_LINE = 16 * 2**20
"""Bytes of one result; a longer line is passed over."""
_PAGES, _PAGE = 10, 100
_MOST = 10**9
_PASSING = {408, 409, 425, 429}
_ABSENT = {404, 405, 410, 501}
_KINDS = {"succeeded", "errored", "expired", "canceled"}
_ID = re.compile(r"(?!\.+$)[\w.:~-]{1,200}", re.ASCII)


class _PassingError(Exception):
    """Worth another try. The message is a fixed word or two."""

    def __init__(self, reason: str, *, retry_after: float | None = None, foreign: bool = False, sure: bool = False):
        super().__init__(reason)
        self.retry_after = retry_after
        self.foreign = foreign
        """As if no such endpoint were there."""
        self.sure = sure
        """The endpoint refused: what was sent did not arrive."""


class _AbsentError(Exception):
    """There is no such thing at the endpoint."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far a batch is."""

    ended: bool
    archived: bool
    """Its results are no longer there."""
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class Result:
    """One line of results."""

    custom_id: str
    kind: str
    """``succeeded``, ``errored``, ``expired``, ``canceled``."""
    message: Mapping[str, Any] | None = field(default=None, repr=False)
    invalid: bool = False
    """Errored, and will again."""


class BatchCalls:
    """Every method waits up to ``patience_s`` for an endpoint that is overloaded or out of reach.

    Raises ModelPassingError after that, and ModelSetupError at once where waiting would not help.
    """

    def __init__(
        self,
        client: Anthropic,
        *,
        patience_s: float,
        poll_s: float,
        say: Callable[[str], None],
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        reached: bool,
    ) -> None:
        self._client = client.with_options(max_retries=0)
        self._patience_s, self._poll_s = patience_s, poll_s
        self._say, self._sleep, self._clock = say, sleep, clock
        self._reached = reached
        """Whether batches were ever submitted here."""
        self._rng = random.Random()  # noqa: S311 - jitter

    def create(self, body: Body, arrived: Callable[[], str | None]) -> str:
        """Send a batch; gives its id. ``arrived`` looks for it after an attempt whose fate is not known: its id, empty
        where it is not there, None where that cannot be told.
        """
        from anthropic.types.messages import MessageBatch

        blind = 0

        def send() -> str:
            batch = self._translated(
                lambda: self._client.post(
                    "/v1/messages/batches",
                    cast_to=MessageBatch,
                    content=body,
                    # With its length given, a body in pieces is sent as if it were one.
                    options={"timeout": CREATE_TIMEOUT_S, "headers": {"Content-Length": str(body.size)}},
                ),
                creating=True,
            )
            found = _id_of(batch)
            if not found:
                raise _PassingError("no batch in the answer", foreign=True)
            return found

        def look() -> str | None:
            nonlocal blind
            found = arrived()
            blind += found is None
            if blind >= MOST_BLIND:
                raise self._passing_error("it cannot be told whether a batch has arrived there")
            return found or None

        return self._patiently(send, look)

    def status(self, batch_id: str) -> Status | None:
        """None: there is no such batch."""
        from anthropic.types.messages import MessageBatch

        def ask() -> Status:
            batch: object = self._translated(lambda: self._client.messages.batches.retrieve(batch_id))
            if not isinstance(batch, MessageBatch) or batch.id != batch_id:
                raise _PassingError("no batch in the answer", foreign=True)
            counts = _counts(batch)
            done = sum(counts.values()) - counts["processing"]
            archived = bool(getattr(batch, "archived_at", None))
            return Status(batch.processing_status == "ended", archived, done, done - counts["succeeded"])

        try:
            return self._patiently(ask)
        except _AbsentError:
            return None

    def created_since(self, moment: float, requests: int) -> list[str] | None:
        """Ids of the endpoint's batches of that size, with room for clocks that differ; None where it lists none."""
        from anthropic.pagination import SyncPage

        def page(get: Callable[[], Any]) -> Any:
            found = self._translated(get)
            if not isinstance(found, SyncPage) or not isinstance(found.data, list):
                raise _PassingError("no list in the answer", foreign=True)
            return found

        def ask() -> list[str]:
            found: list[str] = []
            shown = page(lambda: self._client.messages.batches.list(limit=_PAGE))
            for number in range(_PAGES):
                for batch in shown.data:
                    created = getattr(batch, "created_at", None)
                    if not isinstance(created, datetime) or created.tzinfo is None:
                        continue
                    recent = created.timestamp() >= moment - SKEW_S
                    if recent and sum(_counts(batch).values()) == requests and _id_of(batch):
                        found.append(batch.id)
                if number == _PAGES - 1 or not shown.has_next_page():
                    break
                shown = page(shown.get_next_page)
            return found

        try:
            return self._patiently(ask)
        except _AbsentError:
            return None

    def results(self, batch_id: str, take: Callable[[Result], None]) -> bool:
        """Hand over every result that can be read, in the order they come, again from the first if the connection
        breaks. False: they are not there.
        """
        # Not the address that the answer gives (`results_url`): the key would go wherever it says.
        path = f"/v1/messages/batches/{batch_id}/results"

        def ask() -> bool:
            import httpx2

            response: Response = self._translated(
                lambda: self._client.get(
                    path, cast_to=httpx2.Response, options={"headers": {"Accept": "application/binary"}}, stream=True
                )
            )
            with closing(response):
                for line in lines(_chunks(response), MOST_LINE):
                    result = result_in(line)
                    if result is not None:
                        take(result)
            return True

        try:
            return self._patiently(ask)
        except _AbsentError:
            return False

    def _patiently(self, call: Callable[[], T], look: Callable[[], T | None] = lambda: None) -> T:
        """``look``: whether an attempt that failed for unknown reasons came to something all the same."""
        started: float | None = None
        attempt = 0
        while True:
            try:
                result = call()
            except _PassingError as error:
                problem = error
            else:
                self._reached = True
                return result
            started = self._clock() if started is None else started
            attempt += 1
            if problem.foreign and not self._reached and attempt >= FIRST_TRIES:
                raise self._setup_error(f"what is there does not answer as it should ({problem})")
            wait = self._wait(problem, attempt)
            if self._clock() - started + wait > self._patience_s:
                raise self._passing_error(str(problem))
            self._say(f"the batch endpoint does not answer as it should ({problem}): next try in {wait:.1f} s")
            self._sleep(wait)
            if not problem.sure and (found := look()) is not None:
                return found

    def _wait(self, problem: _PassingError, attempt: int) -> float:
        asked = problem.retry_after
        if asked is not None and math.isfinite(asked):
            return min(asked, LONGEST_ASKED_S) * (1 + self._rng.random() / 20)
        # What may have arrived is given time to show up.
        return max(backoff(attempt, self._rng), 0.0 if problem.sure else min(self._poll_s, LONGEST_WAIT_S))

    def _translated(self, call: Callable[[], T], *, creating: bool = False) -> T:
        """What the SDK raises, as one of ours. It is raised outside of the handlers, so that it keeps nothing of it."""
        import anthropic
        import httpx2

        try:
            return call()
        except anthropic.APIStatusError as error:
            problem: Exception = self._by_status(error.status_code, _retry_after(error.response.headers), creating)
        except anthropic.APITimeoutError:
            problem = _PassingError("timed out", foreign=True)
        except anthropic.APIConnectionError as error:
            nobody = isinstance(error.__cause__, httpx2.ConnectError)
            problem = _PassingError("nobody answers" if nobody else "connection lost", foreign=True, sure=nobody)
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError, RuntimeError):
            problem = _PassingError("malformed", foreign=True)
        raise problem

    def _by_status(self, status: int, retry_after: float | None, creating: bool) -> Exception:
        if status in _ABSENT and not creating:
            return _AbsentError()
        if status in _ABSENT:
            return self._setup_error(
                f"there are none at that address (HTTP {status}). Leave out writer.batches, so that requests go out "
                "one by one, or mend the address"
            )
        if status in _PASSING or status >= 500:
            return _PassingError(f"HTTP {status}", retry_after=retry_after, sure=status == 429)
        cause = {
            401: "the key is not accepted",
            402: "the account behind the key has no credit",
            403: "the key may not use batches there",
            413: "a batch is too large for that endpoint: lower writer.batch_requests",
        }.get(status, "the request is rejected")
        return self._setup_error(f"{cause} (HTTP {status})")

    def _setup_error(self, cause: str) -> ModelSetupError:
        return ModelSetupError(
            f"Message batches (writer.batches) cannot be used: {cause}. Asked: {self._where()} (writer.base_url), "
            "with the key in the environment variable that writer.api_key_env names. Batches that were submitted go "
            "on: once this is mended, the same command collects them."
        )

    def _passing_error(self, cause: str) -> ModelPassingError:
        return ModelPassingError(
            f"The batch endpoint {self._where()} was waited for in vain for up to {self._patience_s:.0f} s ({cause}). "
            "Batches that were submitted go on there, and nothing is lost: the same command collects them later."
        )

    def _where(self) -> str:
        url = self._client.base_url
        port = f":{url.port}" if url.port else ""
        return f"{url.scheme}://{url.host}{port}{url.path}".rstrip("/")


def lines(chunks: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Lines without their ends. One that is longer than ``most`` bytes is left out, and never held."""
    held = bytearray()
    skipping = False
    for chunk in chunks:
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            if not skipping and len(held) + end - start <= most:
                yield bytes(held) + chunk[start:end]
            held.clear()
            skipping, start = False, end + 1
        skipping = skipping or len(held) + len(chunk) - start > most
        if skipping:
            held.clear()
        else:
            held += chunk[start:]
    if held:
        yield bytes(held)


def result_in(line: bytes) -> Result | None:
    """The result in one line; None for anything else."""
    try:
        value = json.loads(line)
        custom_id, result = value["custom_id"], value["result"]
        kind = result["type"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    if not isinstance(custom_id, str) or not isinstance(kind, str) or kind not in _KINDS:
        return None
    message = result.get("message")
    if kind == "succeeded":
        return Result(custom_id, kind, message) if isinstance(message, dict) else Result(custom_id, "errored")
    return Result(custom_id, kind, invalid=kind == "errored" and _error_type(result) == "invalid_request_error")


def _error_type(result: Mapping[str, Any]) -> object:
    """Of ``{"error": {"type": "error", "error": {"type": ...}}}``, or of the inner object alone."""
    outer = result.get("error")
    inner = outer.get("error", outer) if isinstance(outer, dict) else None
    return inner.get("type") if isinstance(inner, dict) else None


def _chunks(response: Response) -> Iterator[bytes]:
    import httpx2

    stream = response.iter_bytes()
    while True:
        try:
            chunk = next(stream, None)
        except (httpx2.HTTPError, httpx2.StreamError):
            break
        if chunk is None:
            return
        yield chunk
    raise _PassingError("the results broke off")


def _id_of(batch: object) -> str:
    """Empty where it is not one that can stand in a path."""
    found = getattr(batch, "id", None)
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def _counts(batch: object) -> dict[str, int]:
    counts = getattr(batch, "request_counts", None)
    names = ("processing", "succeeded", "errored", "expired", "canceled")
    given = {name: getattr(counts, name, 0) for name in names}
    return {name: min(max(0, count), _MOST) if isinstance(count, int) else 0 for name, count in given.items()}
