"""From one question to one reply that fits it, or to a row with a reason.

A reply is held to the schema that was asked for, whether or not the endpoint promises structured outputs. One that does
not fit is asked for again, once, with the list of what is wrong; one that was cut off gets more room, once; a passing
failure is tried again when the throttle lets it. Every attempt that was paid for is in the ledger, fitting or not.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from clio.config.models import MessagesWriter as MessagesConfig
from clio.conversations.values import clean
from clio.errors import BudgetError, ModelPassingError
from clio.models.endpoint import Endpoint, PassingError, RejectedError, Sent
from clio.models.ledger import Ledger, Reservation, most_input_tokens
from clio.models.protocol import Reply, Request, Usage
from clio.models.schema import object_in, sendable
from clio.models.throttle import LONGEST_ASKED_S, Breaker, Throttle, backoff
from clio.models.traits import thinks

THINKING_ROOM = 4_096
"""Tokens beyond the answer for models that think first. Only what is used is paid for."""
MORE_ROOM = 2
"""How many times the room a reply gets that was cut off."""
PATIENCE = 5
"""How many times ``max_retries`` a request may fail for what is no fault of its own: it is told to wait, or nearly
every request fails."""
_REFUSAL = re.compile(
    r"\s*(?:i['’]?m\s+(?:really\s+|very\s+)?sorry|sorry|i\s+apologi[sz]e|i\s+can(?:no|['’])t|i\s+can\s+not"
    r"|i['’]?m\s+(?:not\s+able|unable)|i\s+am\s+(?:not\s+able|unable|sorry)|i\s+won['’]t|i\s+will\s+not"
    r"|i\s+must\s+(?:decline|refuse)|as\s+an\s+ai\b)",
    re.IGNORECASE,
)
_LONGEST_REFUSAL = 1_200


@dataclass(frozen=True, slots=True)
class Question:
    """A request, who is asked, and how its answer is judged."""

    request: Request = field(repr=False)
    model: str
    validate: Callable[[Mapping[str, Any]], list[str]]
    """What is wrong with a value, one line each, in words for the model; empty where it fits."""
    shares: Callable[[Mapping[str, Any]], Mapping[str, float]] | None = None
    """Which part of the cost each facet takes."""


def body_of(request: Request, model: str, config: MessagesConfig, *, structured: bool) -> dict[str, Any]:
    """The body of ``POST /v1/messages``. The system text is marked for the endpoint's prompt cache."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": room_for(request, model, config),
        "messages": [{"role": "user", "content": _user(request, structured)}],
    }
    if request.system:
        mark = {"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}
        body["system"] = [mark] if config.prompt_caching else request.system
    output: dict[str, Any] = {}
    if structured:
        output["format"] = {"type": "json_schema", "schema": sendable(request.schema)}
    effort = config.effort if model == config.model else config.names_effort
    if effort is not None:
        output["effort"] = effort
    if output:
        body["output_config"] = output
    if config.thinking == "disabled" and model == config.model:
        body["thinking"] = {"type": "disabled"}
    if config.temperature is not None:
        body["temperature"] = config.temperature
    return body


def room_for(request: Request, model: str, config: MessagesConfig) -> int:
    """Tokens for the answer, and for what a model thinks before it: both count towards ``max_tokens``."""
    told_not_to = config.thinking == "disabled" and model == config.model
    return request.max_tokens + (THINKING_ROOM if thinks(model) and not told_not_to else 0)


def _user(request: Request, structured: bool) -> str:
    if structured:
        return request.user
    schema = json.dumps(request.schema, ensure_ascii=False)
    return f"{request.user}\n\nThe object must fit this JSON Schema:\n{schema}"


def _alike(one: Request, other: Request) -> bool:
    """Whether all but the user's part is the very same."""
    return one.schema is other.schema and one.system is other.system


@dataclass(slots=True)
class _Body:
    """A body in two parts: what thousands of requests share, as bytes, and what is this one's own."""

    shared: bytes = field(repr=False)
    max_tokens: int
    messages: list[dict[str, str]] = field(repr=False)
    stopped: bool = False
    """Nobody wants the answer any more: nothing more is sent."""

    def encoded(self) -> bytes:
        own = json.dumps(self.messages, ensure_ascii=False).encode("utf-8", "replace")
        return b'%s,"max_tokens":%d,"messages":%s}' % (self.shared, self.max_tokens, own)


def refuses(text: str) -> bool:
    """Whether a reply without a JSON object declines to answer."""
    return len(text) <= _LONGEST_REFUSAL and _REFUSAL.match(text) is not None


class Dialogue:
    """Asks through one endpoint, throttle and ledger. Used from one event loop."""

    def __init__(self, config: MessagesConfig, endpoint: Endpoint, throttle: Throttle, ledger: Ledger) -> None:
        self._config, self._endpoint, self._throttle, self._ledger = config, endpoint, throttle, ledger
        self._breaker = Breaker(clock=asyncio.get_running_loop().time)
        self._turn, self._settled, self._held = asyncio.Lock(), asyncio.Event(), 0
        self._used_up: BudgetError | None = None
        self._rng = random.Random()  # noqa: S311 - jitter
        self._shared: tuple[Request, str, bool, bytes] | None = None
        self.structured = config.structured_outputs is not False

    async def probe(self, model: str) -> None:
        """Find out whether the endpoint keeps to a schema: asked once, with a few tokens."""
        schema = {
            "type": "object",
            "properties": {"ready": {"type": "string", "enum": ["yes"]}},
            "required": ["ready"],
            "additionalProperties": False,
        }
        request = Request("probe", "", "Say that you are ready.", schema, 64)
        body = self._body(request, model)
        try:
            _, found = await self._send(Question(request, model, lambda _value: []), body)
        except RejectedError:
            self.structured = False
            return
        self.structured = found == {"ready": "yes"}

    def _body(self, request: Request, model: str) -> _Body:
        known, structured = self._shared, self.structured
        if known is None or known[1:3] != (model, structured) or not _alike(known[0], request):
            body = body_of(request, model, self._config, structured=structured)
            shared = {name: value for name, value in body.items() if name not in ("messages", "max_tokens")}
            encoded = json.dumps(shared, ensure_ascii=False).encode("utf-8", "replace")[:-1]
            self._shared = known = (request, model, structured, encoded)
        return _Body(
            known[3], room_for(request, model, self._config), [{"role": "user", "content": _user(request, structured)}]
        )

    async def ask(self, question: Question, first: Sent | None = None) -> Reply:
        """Ask until it fits, is refused, or has failed. ``first``: a reply that was bought before (in a batch).

        The usage is that of what is bought here, without ``first``. The last value that came and does not fit comes
        back with ``failed``: parts of it may. Raises ModelSetupError, BudgetError and ModelPassingError, which concern
        every conversation.
        """
        request = question.request
        body = self._body(request, question.model)
        usage = Usage()
        value: Mapping[str, Any] = {}
        asked_again = more_room = False
        while True:
            if first is not None:
                sent, found, first = first, _object_in(first.text), None
            else:
                try:
                    sent, found = await self._send(question, body)
                except RejectedError as error:
                    return Reply("failed", value, str(error), usage)
                usage = add(usage, sent.usage)
            if sent.stop_reason == "refusal":
                return Reply("refused", {}, "refused", usage)
            if sent.stop_reason == "model_context_window_exceeded":
                return Reply("failed", value, "too long", usage)
            if sent.stop_reason == "max_tokens":
                if more_room:
                    return Reply("failed", value, "max tokens", usage)
                more_room = True
                body.max_tokens *= MORE_ROOM
                self._ledger.retried(request.purpose, 1, "cut off")
                continue
            if found is None and refuses(sent.text):
                return Reply("refused", {}, "refused", usage)
            value = found if found is not None else value
            wrong = question.validate(value) if found is not None else ["the answer is not one JSON object"]
            if not wrong:
                return Reply("answered", value, "", usage)
            if asked_again:
                return Reply("failed", value, "does not fit the schema", usage)
            asked_again = True
            self._ledger.retried(request.purpose, 1, "does not fit")
            if sent.text.strip():
                body.messages = [body.messages[0], *_complaint(sent.text, wrong)]

    async def _send(self, question: Question, body: _Body) -> tuple[Sent, Mapping[str, Any] | None]:
        """One paid reply with the object in it: passing failures are tried again, up to ``max_retries`` times."""
        if body.stopped:
            raise asyncio.CancelledError
        attempt = 0
        while True:
            reservation = await self._reserve(question, body)
            sent: Sent | None = None
            found: Mapping[str, Any] | None = None
            failure: PassingError | None = None
            try:
                slot = await self._throttle.acquire()
                try:
                    sent = await self._endpoint.send(body.encoded(), question.model)
                    found = _object_in(sent.text)
                    self._throttle.passed(sent.headers, sent.usage)
                except PassingError as error:
                    failure = error
                    if error.pushed_back:
                        self._throttle.later(slot, error.retry_after)
                finally:
                    self._throttle.release()
            finally:
                self._settle(question, reservation, sent, found)
            if sent is not None:
                self._breaker.good()
                body.stopped = await _others_first()
                return sent, found
            if failure is None:
                raise AssertionError("an attempt either passes or fails")
            attempt += 1
            await self._after(failure, attempt, question.request.purpose)

    async def _after(self, failure: PassingError, attempt: int, purpose: str) -> None:
        """Wait before the next attempt, or raise: RejectedError, or ModelPassingError where all requests fail."""
        stop = self._breaker.bad(failure.reason)
        if stop:
            raise ModelPassingError(
                f"Nearly every request to the model endpoint fails ({stop}). What was bought is kept: run the same "
                "command again when the endpoint is well."
            )
        others_too = failure.pushed_back or self._breaker.failing
        if attempt > self._config.max_retries * (PATIENCE if others_too else 1):
            raise RejectedError(failure.reason)
        self._ledger.retried(purpose, 1, failure.reason)
        if not failure.pushed_back:
            wait = failure.retry_after or backoff(attempt, self._rng)
            await asyncio.sleep(min(wait, LONGEST_ASKED_S))

    async def _reserve(self, question: Question, body: _Body) -> Reservation | None:
        """Set the worst case aside; wait while it does not fit beside what is in flight."""
        if self._config.budget_usd is None:
            return None
        tokens = most_input_tokens(question.request)
        if len(body.messages) > 1:
            tokens += sum(len(message["content"].encode("utf-8", "replace")) for message in body.messages[1:])
        async with self._turn:  # one waits for money, the others for their turn
            while True:
                self._settled.clear()
                if self._used_up is not None:
                    raise self._used_up
                try:
                    reservation = self._ledger.reserve(question.model, tokens, body.max_tokens)
                except BudgetError as error:
                    # A smaller question that still fits would be sent, and lost when this error ends the run.
                    self._used_up = error
                    raise
                if reservation is not None:
                    self._held += 1
                    return reservation
                if not self._held:  # nothing that is settled here would change it
                    raise BudgetError(
                        "What is left of the budget is set aside for a batch that is being put together. What was "
                        "bought is kept: raise writer.budget_usd and run the same command again to go on."
                    )
                await self._settled.wait()

    def _settle(
        self,
        question: Question,
        reservation: Reservation | None,
        sent: Sent | None,
        found: Mapping[str, Any] | None,
    ) -> None:
        purpose = question.request.purpose
        shares = question.shares(found or {}) if sent is not None and question.shares is not None else None
        if reservation is not None:
            self._held -= 1
            self._settled.set()
            self._ledger.settle(reservation, sent.usage if sent else None, purpose, facets=shares)
        elif sent is not None:
            self._ledger.add(purpose, question.model, sent.usage, facets=shares)


async def _others_first() -> bool:
    """Let whoever waits for the slot send before this reply is looked at. True: one was told to stop meanwhile, which
    has to wait until the reply is kept, for it is paid for.
    """
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        return True
    return False


def _object_in(text: str) -> Mapping[str, Any] | None:
    """The object in a reply. Half a surrogate pair, which a model may write as an escape, can be stored nowhere."""
    found: Mapping[str, Any] | None = object_in(text)
    if found is None or (text.isascii() and "\\u" not in text):
        return found
    written = json.dumps(found, ensure_ascii=False)
    cleaned = clean(written)
    return found if cleaned is written else json.loads(cleaned)


def _complaint(text: str, wrong: Sequence[str]) -> list[dict[str, str]]:
    said = "That does not fit:\n- " + "\n- ".join(wrong) + "\nGive the whole JSON object again, mended."
    return [{"role": "assistant", "content": text}, {"role": "user", "content": said}]


def add(one: Usage, other: Usage) -> Usage:
    """The sum, kind by kind."""
    return Usage(*(getattr(one, field.name) + getattr(other, field.name) for field in fields(Usage)))
