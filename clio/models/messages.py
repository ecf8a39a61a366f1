"""The writer behind any endpoint that speaks the Messages API.

What was asked before is taken from the reply cache; what is asked twice at once is asked once; the rest goes through
:mod:`clio.models.dialogue`, side by side, and comes back in order. Facets are kept one by one: when the wording of one
changes, only that one is asked again. The cache knows a conversation by an HMAC of its text and nothing of whose it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from clio.config.facets import Facet
from clio.config.models import MessagesWriter as MessagesConfig
from clio.models.asked import Asked, Judged
from clio.models.batches import Book, Limits
from clio.models.dialogue import Dialogue, Question, add, body_of
from clio.models.endpoint import Endpoint, Sent
from clio.models.ledger import FILE, STAGE_OF, Ledger, facet_shares
from clio.models.pool import Job, Ordered, Pool
from clio.models.prices import Price, cost, price_of, require_prices
from clio.models.protocol import Answer, Description, Evidence, Reply, Request, Transcript, Usage
from clio.models.reply_cache import ReplyCache
from clio.models.schema import faults
from clio.models.throttle import Throttle
from clio.models.warming import BOOK, Sort, Wanted, Warmer
from clio.prompts.describe import describe_request, description_of
from clio.prompts.facets import conversation_message

AHEAD = 16
"""Conversations handed in ahead of the results, per request on the wire: a stalled request does not hold the rest."""
FORM = "1"
"""Part of every cache key: raised when what is kept under a key changes its form."""


class MessagesBackend:
    """A :class:`~clio.models.protocol.StructuredWriter`. Nothing is reached before the first question.

    ``folder`` is where spending is counted (``workspace`` of a run); ``cache`` None and ``reply_cache`` set in the
    config means the user's own.
    """

    def __init__(self, config: MessagesConfig, folder: Path | None = None, cache: ReplyCache | None = None) -> None:
        self._config, self.folder = config, folder
        self.id = config.model
        self.ahead = max(256, AHEAD * config.concurrency)
        self._cache = cache or (ReplyCache() if config.reply_cache else None)
        self._usage: dict[str, Usage] = {}
        self._prices: dict[str, Price | None] = {}
        self._flying: dict[bytes, asyncio.Future[Any]] = {}
        self._dialogue: Dialogue | None = None
        self._ledger: Ledger | None = None
        self._making = threading.Lock()
        self._endpoint = Endpoint(config)
        self._pool = Pool(self._open, self._endpoint.close)
        self.say: Callable[[str], None] = lambda _line: None

    @property
    def ledger(self) -> Ledger:
        """What this run has bought; one for all threads. ModelSetupError where there is a budget and no price."""
        with self._making:
            if self._ledger is None:
                config = self._config
                models = list(dict.fromkeys([config.model, config.names_model or config.model]))
                require_prices(models, config.prices, config.budget_usd)
                path = self.folder / FILE if self.folder else None
                self._ledger = Ledger(path, config.prices, config.budget_usd)
            return self._ledger

    @property
    def usage(self) -> dict[str, Usage]:
        """Tokens bought by this writer so far, by purpose (``facets``, ``describe``...)."""
        return dict(self._usage)

    def spending(self) -> dict[str, Any]:
        """For the manifest: tokens, cost, retries by stage and facet, earlier sessions of the run included."""
        found = self.ledger.summary()
        if self._cache is not None and self._cache.notes:
            found["cache_notes"] = list(self._cache.notes)
        if "_warmer" in self.__dict__:
            found["batches"] = self._warmer.reports
        return found

    def warms(self, stage: str) -> bool:
        """Whether requests of a stage go in batches first."""
        return stage in self._config.batches

    def warm(self, groups: Callable[[], Iterable[Sequence[Transcript]]], facets: Sequence[Facet]) -> None:
        """Have facets of many conversations answered by batches, which takes minutes to a day; :meth:`answer` then
        finds them in the cache. ``groups`` is read once, or again where the budget lets out a part at a time.
        """
        asked = Asked.of(facets)

        def shares(value: Mapping[str, Any]) -> Mapping[str, float]:
            return facet_shares([facet for facet in asked.facets if facet.name in value] or asked.facets, value)

        def wanted() -> Iterator[Wanted]:
            for transcript in (transcript for group in groups() for transcript in group):
                message = conversation_message(transcript.text)
                keys = self._facet_keys(message, asked)
                kept = self._known(None, keys)
                missing = [key not in kept for key in keys]
                if transcript.text.strip() and any(missing):
                    yield from self._unanswered([asked.only(missing).request(message)])

        if asked.facets:
            self._warmer.warm(Sort(asked.purpose, self.id, shares), wanted, self.say)

    def _unanswered(self, requests: Iterable[Request]) -> Iterator[Wanted]:
        if self._config.structured_outputs == "auto" and self._config.base_url is not None:
            self._pool.open()  # which finds out
        structured = self._dialogue.structured if self._dialogue else self._config.structured_outputs is not False
        for request in requests:
            model = self.model_for(request.purpose)
            key = self._request_key("batch", request, model)
            if self._cache is not None and self._cache.get(key) is None:
                body = body_of(request, model, self._config, structured=structured)
                yield Wanted(key, request, body)

    def _warm_requests(self, requests: Sequence[Request]) -> None:
        purpose = requests[0].purpose
        model = self.model_for(purpose)
        new = [r for r in requests if not self._known(None, [self._request_key("reply", r, model)])]
        if new:
            self._warmer.warm(Sort(purpose, model), lambda: self._unanswered(new), self.say)

    @cached_property
    def _warmer(self) -> Warmer:
        if self._cache is None or self.folder is None:
            raise self._endpoint.setup_error("batches need the reply cache, and a run to note them in")
        limits = Limits(requests=self._config.batch_requests)
        budgeted = self._config.budget_usd is not None
        book = Book(self.folder / BOOK)
        return Warmer(self._endpoint, self.ledger, self._cache, book, limits, self._config.batch_poll_s, budgeted)

    def close(self) -> None:
        """Close connections and files. A later question opens them again."""
        self._pool.close()
        if self._ledger is not None:
            self._ledger.close()
        if self._cache is not None:
            self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        """One request per conversation for all facets that are not in the cache. A facet whose answer does not fit
        after the re-ask is failed; the others of the same conversation stand. The requests leave at once, whether or
        not the result is iterated.
        """
        asked = Asked.of(facets)
        return self._pool.submit([self._answering(transcript, asked) for transcript in transcripts])

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """One description per cluster, none where the model refused or failed twice."""
        replies = self._replies([describe_request(one) for one in evidence], lambda v: _description_faults(v, self.id))
        model = self.model_for("describe")
        for reply in replies:
            found = description_of(reply.value, model) if reply.status == "answered" else None
            yield [found] if found else []

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """One reply per request, in order; its value fits the request's schema exactly when it is answered."""
        return self._replies(requests)

    def model_for(self, purpose: str) -> str:
        """Facets are asked of ``model``, names and hierarchy of ``names_model``."""
        config = self._config
        return config.model if STAGE_OF.get(purpose) == "extract_facets" else config.names_model or config.model

    async def _open(self) -> None:
        config = self._config
        await self._endpoint.open()
        throttle = Throttle(config.concurrency, config.requests_per_minute)
        self._dialogue = Dialogue(config, self._endpoint, throttle, self.ledger)
        if config.structured_outputs == "auto" and config.base_url is not None:
            await self._dialogue.probe(config.model)

    def _answering(self, transcript: Transcript, asked: Asked) -> Job[Sequence[Answer]]:
        async def run() -> Sequence[Answer]:
            if not transcript.text.strip() or not asked.facets:
                return [Answer("na", writer=self.id, reason="no text") for _ in asked.facets]
            message = conversation_message(transcript.text)
            keys = self._facet_keys(message, asked)
            kept = self._known(asked.purpose, keys)
            missing = [key not in kept for key in keys]
            if any(missing):
                left = asked.only(missing)
                wanted = [key for key in keys if key not in kept]
                kept |= await self._once(b"".join(wanted), lambda: self._bought(message, left, wanted))
            return [_answer_of(kept[key], self.id) for key in keys]

        return run

    async def _bought(self, message: str, asked: Asked, keys: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
        """Ask, and keep each answer under its key: what is wrong, or was not given, is not kept."""
        facets, judged = asked.facets, Judged(asked.facets, self.id)
        question = Question(asked.request(message), self.id, judged.faults, judged.shares)
        reply, usd = await self._asked(question)
        if reply.status == "answered" or reply.value:
            answers = judged.answers(reply.value)
        else:
            answers = [Answer(reply.status, writer=self.id, reason=reply.reason) for _ in facets]
        shares = judged.shares(reply.value)
        entries: list[tuple[bytes, dict[str, Any], float]] = []
        found: dict[bytes, dict[str, Any]] = {}
        for facet, key, answer in zip(facets, keys, answers, strict=True):
            found[key] = {"status": answer.status, "value": answer.value, "reason": answer.reason}
            if answer.status != "failed":
                entries.append((key, found[key], shares[facet.name]))
        self._keep(entries, _tokens(reply.usage), usd)
        return found

    def _keep(self, entries: Sequence[tuple[bytes, dict[str, Any], float]], tokens: int, usd: float) -> None:
        """Each entry under its key, with its share of what the reply cost."""
        if self._cache is None or not entries:
            return
        self._cache.put_many(
            [
                (key, entry | {"tokens": round(tokens * share), "usd": usd * share}, round(tokens * share), usd * share)
                for key, entry, share in entries
            ]
        )

    def _price(self, model: str) -> Price | None:
        if model not in self._prices:
            self._prices[model] = price_of(model, self._config.prices)
        return self._prices[model]

    def _replies(
        self, requests: Sequence[Request], further: Callable[[Mapping[str, Any]], list[str]] | None = None
    ) -> Ordered[Reply]:
        def job(request: Request) -> Job[Reply]:
            def validate(value: Mapping[str, Any]) -> list[str]:
                return faults(value, request.schema) or (further(value) if further else [])

            model = self.model_for(request.purpose)

            async def run() -> Reply:
                key = self._request_key("reply", request, model)
                kept = self._known(request.purpose, [key]).get(key)
                if kept is not None:
                    return Reply(kept["status"], kept["value"], kept["reason"])
                reply: Reply = await self._once(key, lambda: self._reply(Question(request, model, validate), key))
                return reply

            return run

        # A handful of texts to be rephrased holds up the batch they are of: they do not wait for a day.
        if requests and requests[0].purpose != "rephrase" and self.warms(STAGE_OF.get(requests[0].purpose, "")):
            self._warm_requests(requests)
        return self._pool.submit([job(request) for request in requests])

    async def _reply(self, question: Question, key: bytes) -> Reply:
        reply, usd = await self._asked(question)
        if reply.status == "failed":
            return Reply("failed", {}, reply.reason, reply.usage)
        entry = {"status": reply.status, "value": dict(reply.value), "reason": reply.reason}
        self._keep([(key, entry, 1.0)], _tokens(reply.usage), usd)
        return reply

    async def _asked(self, question: Question) -> tuple[Reply, float]:
        """The reply, and what it cost in USD: 0 where the price is unknown."""
        if self._dialogue is None:
            raise AssertionError("the endpoint is not open")
        first = self._from_batch(question)
        reply = await self._dialogue.ask(question, first)
        purpose, price, usd = question.request.purpose, self._price(question.model), 0.0
        if price is not None:
            usd = cost(reply.usage, price) + (cost(first.usage, price, batch=True) if first else 0.0)
        if first is not None:
            reply = replace(reply, usage=add(reply.usage, first.usage))
        self._usage[purpose] = add(self._usage.get(purpose, Usage()), reply.usage)
        return reply, usd

    def _from_batch(self, question: Question) -> Sent | None:
        """A reply that came in a batch and has not been looked at."""
        if self._cache is None or STAGE_OF.get(question.request.purpose) not in self._config.batches:
            return None
        kept = self._cache.get(self._request_key("batch", question.request, question.model))
        return Sent(kept["text"], kept["stop_reason"], Usage(*kept.get("usage", ()))) if kept else None

    def _request_key(self, kind: str, request: Request, model: str) -> bytes:
        if self._cache is None:
            return repr((kind, model, request.system, request.user, json.dumps(request.schema))).encode()
        schema = json.dumps(request.schema, sort_keys=True)
        return self._cache.key_for(kind, FORM, model, request.system, schema, request.user)

    def _facet_keys(self, message: str, asked: Asked) -> list[bytes]:
        digest = hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()
        if self._cache is None:
            return [f"{prompt}\0{digest}".encode() for prompt in asked.prompts]
        return [self._cache.key_for("facet", FORM, self.id, prompt, digest) for prompt in asked.prompts]

    def _known(self, purpose: str | None, keys: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
        """What the cache has of ``keys``; counted as saved where a purpose is given."""
        if self._cache is None:
            return {}
        found = {key: entry for key, entry in self._cache.get_many(keys).items() if _whole(entry)}
        if found and purpose is not None:
            entries = found.values()
            tokens, usd = sum(int(e.get("tokens", 0)) for e in entries), sum(float(e.get("usd", 0)) for e in entries)
            self.ledger.saved(purpose, 1, tokens, usd)
        return found

    async def _once(self, key: bytes, work: Callable[[], Awaitable[Any]]) -> Any:
        """Equal questions that are asked at the same time share one request, and nothing else."""
        while (flying := self._flying.get(key)) is not None:
            await asyncio.wait([flying])
            if not flying.cancelled():
                return flying.result()
            # Whoever asked was stopped: the next one asks.
        self._flying[key] = future = asyncio.get_running_loop().create_future()
        try:
            result = await work()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # it may be that nobody waits
            raise
        else:
            future.set_result(result)
            return result
        finally:
            del self._flying[key]


def _answer_of(entry: Mapping[str, Any], writer: str) -> Answer:
    return Answer(entry["status"], entry["value"], writer, entry["reason"])


def _whole(entry: Mapping[str, Any]) -> bool:
    return entry.get("status") in ("answered", "na", "refused") and "value" in entry and "reason" in entry


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens


def _description_faults(value: Mapping[str, Any], writer: str) -> list[str]:
    return (
        [] if description_of(value, writer) else ["`name` must have one to ten words and `summary` must not be empty"]
    )
