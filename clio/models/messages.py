"""The writer behind any endpoint that speaks the Messages API, through the ``anthropic`` SDK.

Requests of one call run side by side, bounded by ``concurrency``, and come back in order. Every reply is held to the
schema that was asked for, whether or not the endpoint promises structured outputs; one that does not fit is asked for
once more with the list of what is wrong. What concerns one conversation (a refusal, an answer cut off, an overloaded
server after the SDK's own retries) becomes a row with a reason; what concerns all of them (key, model, route) stops
the run with one paragraph. No message holds text of a conversation or of a reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from clio.config.facets import Facet
from clio.config.models import MessagesWriter as MessagesConfig
from clio.errors import ModelSetupError
from clio.models.protocol import Answer, Description, Evidence, Reply, Request, Transcript, Usage
from clio.models.schema import faults, object_in, sendable
from clio.prompts.describe import describe_request, description_of
from clio.prompts.facets import conversation_message, parse, prompt_for, schema_for

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message, MessageParam

T = TypeVar("T")
Validate = Callable[[Mapping[str, Any]], list[str]]
MOST_FAILURES = 5
"""Requests in a row that the endpoint rejects, or connections that break, before the run is stopped: by then it is the
endpoint and not the conversation."""
_SETTLE_S = 0.01
"""Connections that were cancelled while they opened are closed by the loop one step later."""
_PASSING = {408, 409, 425, 429}
_SETUP = {401, 402, 403, 404, 405}


class _RejectedError(Exception):
    """One request failed for good; the reason is a fixed word or two."""


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


class MessagesBackend:
    """A :class:`~clio.models.protocol.StructuredWriter`. Nothing is reached before the first question."""

    def __init__(self, config: MessagesConfig) -> None:
        self._config = config
        self.id = config.model
        self._lock = threading.Lock()
        self._usage: dict[str, Usage] = {}
        self._succeeded = False
        self._failures = 0

    @property
    def usage(self) -> dict[str, Usage]:
        """Tokens bought so far by purpose (``facets``, ``describe``...), whole replies only."""
        with self._lock:
            return dict(self._usage)

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        """One request per conversation for all facets. A facet whose answer does not fit after the re-ask is failed;
        the others of the same conversation stand.
        """
        asked = [facet for facet in facets if facet.answered_by_model]
        system, schema = prompt_for(asked), schema_for(asked)
        room = 256 + sum(256 if facet.kind == "text" else 64 for facet in asked)

        def job(transcript: Transcript) -> Callable[[AsyncAnthropic], Awaitable[Sequence[Answer]]]:
            async def run(client: AsyncAnthropic) -> Sequence[Answer]:
                if not transcript.text.strip() or not asked:
                    return [Answer("na", writer=self.id, reason="no text") for _ in asked]
                request = Request("facets", system, conversation_message(transcript.text), schema, room)
                reply = await self._reply(client, request, lambda value: _facet_faults(value, asked))
                if reply.status == "answered" or reply.value:
                    return parse(reply.value, asked, self.id)
                return [Answer(reply.status, writer=self.id, reason=reply.reason) for _ in asked]

            return run

        yield from self._side_by_side([job(transcript) for transcript in transcripts])

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """One description per cluster, none where the model refused or failed twice."""
        requests = [describe_request(one) for one in evidence]
        for reply in self._replies(requests, lambda value: _description_faults(value, self.id)):
            found = description_of(reply.value, self._model_for("describe")) if reply.status == "answered" else None
            yield [found] if found else []

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """One reply per request, in order; its value fits the request's schema exactly when it is answered."""
        return self._replies(requests)

    def _replies(self, requests: Sequence[Request], further: Validate | None = None) -> Iterator[Reply]:
        def job(request: Request) -> Callable[[AsyncAnthropic], Awaitable[Reply]]:
            async def run(client: AsyncAnthropic) -> Reply:
                def validate(value: Mapping[str, Any]) -> list[str]:
                    return faults(value, request.schema) or (further(value) if further else [])

                reply = await self._reply(client, request, validate)
                return reply if reply.status == "answered" else Reply(reply.status, {}, reply.reason, reply.usage)

            return run

        return self._side_by_side([job(request) for request in requests])

    def _model_for(self, purpose: str) -> str:
        return self._config.model if purpose == "facets" else self._config.names_model or self._config.model

    async def _reply(self, client: AsyncAnthropic, request: Request, validate: Validate) -> Reply:
        """Ask, and once more with what was wrong. A last value that does not fit comes back as ``failed``."""
        user = request.user
        if not self._config.structured_outputs:
            user += f"\n\nThe object must fit this JSON Schema:\n{_compact(request.schema)}"
        messages: list[MessageParam] = [{"role": "user", "content": user}]
        usage = Usage()
        value: Mapping[str, Any] = {}
        for attempt in range(2):
            try:
                message = await self._create(client, request, messages)
            except _RejectedError as error:
                return Reply("failed", {}, str(error), usage)
            usage = _sum(usage, self._count(request.purpose, message))
            if message.stop_reason == "refusal":
                return Reply("refused", {}, "refused", usage)
            if message.stop_reason in ("max_tokens", "model_context_window_exceeded"):
                return Reply("failed", {}, message.stop_reason.replace("_", " "), usage)
            text = "".join(block.text for block in message.content if block.type == "text")
            found = object_in(text)
            value = found if found is not None else {}
            wrong = validate(value) if found is not None else ["the answer is not one JSON object"]
            if not wrong:
                return Reply("answered", value, "", usage)
            if attempt == 0 and text.strip():
                complaint = (
                    "That does not fit:\n- " + "\n- ".join(wrong) + "\nGive the whole JSON object again, mended."
                )
                messages += [{"role": "assistant", "content": text}, {"role": "user", "content": complaint}]
        return Reply("failed", value, "does not fit the schema", usage)

    async def _create(self, client: AsyncAnthropic, request: Request, messages: list[MessageParam]) -> Message:
        import anthropic

        config = self._config
        extra: dict[str, Any] = {}
        if config.structured_outputs:
            extra["output_config"] = {"format": {"type": "json_schema", "schema": sendable(request.schema)}}
        if config.temperature is not None:
            extra["extra_body"] = {"temperature": config.temperature}
        try:
            message = await client.messages.create(
                model=self._model_for(request.purpose),
                max_tokens=request.max_tokens,
                system=request.system,
                messages=list(messages),
                **extra,
            )
        # SDK errors quote the server's reply, which may quote the conversation: none of them is chained or shown.
        except anthropic.APITimeoutError:
            raise _RejectedError("timed out") from None
        except anthropic.APIConnectionError:
            self._fail("the connection breaks again and again", always=not self._succeeded)
            raise _RejectedError("connection lost") from None
        except anthropic.APIStatusError as error:
            raise self._status_error(error.status_code, request.purpose) from None
        except anthropic.AnthropicError:
            self._fail("what answers does not speak the Messages API", always=not self._succeeded)
            raise _RejectedError("malformed reply") from None
        if not isinstance(message, anthropic.types.Message) or not isinstance(message.content, list):
            self._fail("what answers does not speak the Messages API", always=not self._succeeded)
            raise _RejectedError("malformed reply")
        self._succeeded, self._failures = True, 0
        return message

    def _status_error(self, status: int, purpose: str) -> _RejectedError:
        """What to raise for an HTTP status; raises ModelSetupError itself where nothing will work."""
        if status in _PASSING or status >= 500:
            return _RejectedError("overloaded")
        if status in _SETUP or status < 400:
            cause = {
                401: f"the key in {self._config.api_key_env} is not accepted",
                402: "the account behind the key has no credit",
                403: f"the key in {self._config.api_key_env} may not use this model or endpoint",
            }.get(status, f"there is no model `{self._model_for(purpose)}` there, or the address is wrong")
            raise self._setup_error(f"{cause} (HTTP {status})")
        self._fail(
            f"every request is rejected (HTTP {status}); a server without structured outputs needs "
            "`writer.structured_outputs: false`, one that takes no temperature needs `writer.temperature` left out"
        )
        return _RejectedError("too long" if status == 413 else "rejected")

    def _fail(self, cause: str, *, always: bool = False) -> None:
        with self._lock:
            self._failures += 1
            many = self._failures >= MOST_FAILURES
        if always or many:
            raise self._setup_error(cause)

    def _setup_error(self, cause: str) -> ModelSetupError:
        where = self._config.base_url or os.environ.get("ANTHROPIC_BASE_URL") or "the default endpoint"
        return ModelSetupError(
            f"The model endpoint cannot be used: {cause}. Asked: {where} (writer.base_url), model "
            f"`{self._config.model}`, with the key in the environment variable {self._config.api_key_env}."
        )

    def _count(self, purpose: str, message: Message) -> Usage:
        given = message.usage
        usage = Usage(
            given.input_tokens or 0,
            given.output_tokens or 0,
            given.cache_read_input_tokens or 0,
            given.cache_creation_input_tokens or 0,
        )
        with self._lock:
            self._usage[purpose] = _sum(self._usage.get(purpose, Usage()), usage)
        return usage

    def _client(self) -> AsyncAnthropic:
        import anthropic

        config = self._config
        key = os.environ.get(config.api_key_env)
        elsewhere = config.base_url or os.environ.get("ANTHROPIC_BASE_URL")
        if not key and not elsewhere:
            raise self._setup_error(f"there is no key: {config.api_key_env} is not set")
        return anthropic.AsyncAnthropic(
            api_key=key or "none",  # servers of one's own seldom want one
            base_url=config.base_url,
            timeout=config.timeout_s,
            max_retries=config.max_retries,
            # Conversations go to the configured address and nowhere else: no redirects, no traces.
            http_client=anthropic.DefaultAsyncHttpxClient(follow_redirects=False, timeout=config.timeout_s),
            open_telemetry=False,
        )

    def _side_by_side(self, jobs: Sequence[Callable[[AsyncAnthropic], Awaitable[T]]]) -> Iterator[T]:
        """Results in the order of ``jobs``, at most ``concurrency`` of them running.

        The loop lives in a thread of its own for as long as the iterator does, so that this works in a notebook (which
        has a running loop) and leaves no connection open. The first error ends it, and the jobs still running.
        """
        if not jobs:
            return
        results: queue.Queue[T | _Failed] = queue.Queue()
        work = _Work(self._client(), self._config.concurrency)

        def thread() -> None:
            try:
                asyncio.run(work.drive(jobs, results))
            except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits, whatever it is
                results.put(_Failed(error))

        worker = threading.Thread(target=thread, name="clio-messages", daemon=True)
        worker.start()
        try:
            for _ in jobs:
                result = results.get()
                if isinstance(result, _Failed):
                    raise result.error
                yield result
        finally:
            work.stop()
            worker.join()


class _Work:
    """One call's requests in one event loop, with a way to stop them from another thread."""

    def __init__(self, client: AsyncAnthropic, concurrency: int) -> None:
        self._client, self._concurrency = client, concurrency
        self._stopped = threading.Event()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None

    async def drive(
        self, jobs: Sequence[Callable[[AsyncAnthropic], Awaitable[T]]], results: queue.Queue[T | _Failed]
    ) -> None:
        me = asyncio.current_task()
        self._running = (asyncio.get_running_loop(), me) if me is not None else None
        gate = asyncio.Semaphore(self._concurrency)

        async def one(job: Callable[[AsyncAnthropic], Awaitable[T]]) -> T:
            async with gate:
                if self._stopped.is_set():
                    raise asyncio.CancelledError
                return await job(self._client)

        async with self._client:
            tasks = [asyncio.create_task(one(job)) for job in jobs]
            try:
                for task in tasks:
                    results.put(await task)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(_SETTLE_S)

    def stop(self) -> None:
        self._stopped.set()
        if self._running is not None:
            loop, task = self._running
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile: nothing is left to stop
                loop.call_soon_threadsafe(task.cancel)


def _facet_faults(value: Mapping[str, Any], facets: Sequence[Facet]) -> list[str]:
    """Where :func:`parse` would fail an answer, in words for the model."""
    schema: Mapping[str, Any] = schema_for(facets)["properties"]
    found = []
    for facet, answer in zip(facets, parse(value, facets), strict=True):
        if answer.status == "failed":
            wanted = faults(value.get(facet.name), schema[facet.name], facet.name)
            found.append(f"`{facet.name}`: {answer.reason}" + (f"; {wanted[0]}" if wanted else ""))
    return found


def _description_faults(value: Mapping[str, Any], writer: str) -> list[str]:
    return (
        [] if description_of(value, writer) else ["`name` must have one to ten words and `summary` must not be empty"]
    )


def _compact(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False)


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(*(getattr(one, field.name) + getattr(other, field.name) for field in fields(Usage)))
