"""One request for a message: limits, faults, and the model's reply; alone or as an item of a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from clio.testing._accounting import Bucket, Prompt, Stats
from clio.testing._answers import failed, failure, ok, quoted_from, retry_after
from clio.testing._config import CONTENT_FAULTS, ITEM_FAULTS, TRANSPORT_FAULTS, Body, Reply, Script, ServerConfig
from clio.testing._http import Response
from clio.testing._replies import Replies, problem
from clio.testing._text import said

_STATUSES = {
    "429": (429, "this request would exceed a rate limit"),
    "429-bare": (429, "this request would exceed a rate limit"),
    "500": (500, "Internal server error"),
    "529": (529, "Overloaded"),
}
_DRIP = 4
"""A dripped body takes this many times the latency."""
_NO_SUCH_FIELD = "output_config: Extra inputs are not permitted"


class Faults:
    """Which faults strike: by seed, by stream (requests, items, other endpoints) and by running number in it."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        elsewhere = TRANSPORT_FAULTS if config.faults_everywhere else ()
        self._kinds = {
            "request": self._cumulated((*TRANSPORT_FAULTS, *CONTENT_FAULTS)),
            "item": self._cumulated((*CONTENT_FAULTS, *ITEM_FAULTS)),
            "other": self._cumulated(elsewhere),
        }

    def _cumulated(self, kinds: Sequence[str]) -> list[tuple[str, float]]:
        found, total = [], 0.0
        for kind in kinds:
            if share := self._config.faults.get(kind):
                total += share
                found.append((kind, total))
        return found

    def drawn(self, stream: str, number: int) -> str:
        """The kind that strikes; empty for none."""
        kinds = self._kinds[stream]
        if not kinds:
            return ""
        data = hashlib.blake2b(f"{self._config.seed}/{stream}/{number}".encode(), digest_size=8).digest()
        share = int.from_bytes(data, "little") / 2**64
        return next((kind for kind, below in kinds if share < below), "")

    def refused(self, kind: str, quoted: str) -> Response | None:
        """The HTTP error that a fault consists in, if it is one."""
        if kind not in _STATUSES:
            return None
        response = failed(*_STATUSES[kind], quoted)
        response.headers = retry_after(self._config.retry_after_s) if kind == "429" else {}
        return response

    def struck(self, kind: str, response: Response, quoted: str) -> Response:
        """The same response in the manner of a transport fault."""
        match kind:
            case "drip":
                response.manner, response.drip_s = "drip", _DRIP * self._config.latency_ms / 1000
            case "stall":
                response.delay_s += self._config.stall_s
            case "hangup":
                response.manner = "half"
            case "malformed":
                half = response.body[: len(response.body) // 2]
                response.body = half + f' <the request was: "{quoted}">'.encode("utf-8", "replace")
        return response


@dataclass(slots=True)
class _Outcome:
    """An answer, with the usage that is billed for it, and whether a client can read it if it arrives whole."""

    response: Response
    usage: dict[str, Any] | None = None
    readable: bool = True


class Messages:
    """The model and everything before it, since the last reset."""

    def __init__(self, config: ServerConfig, faults: Faults, script: Script | None, stats: Stats) -> None:
        self._config, self._faults, self._script, self._stats = config, faults, script, stats
        self._replies = Replies(config)
        self._number = self._asked = 0
        given = [("requests", config.requests_per_minute), ("input-tokens", config.input_tokens_per_minute)]
        self._buckets = {name: Bucket(name, limit, config.burst_s) for name, limit in given if limit is not None}

    def answer(self, data: bytes, body: Any) -> Response:
        """The answer to ``POST /v1/messages``. A request that got as far as the model is billed here, whatever becomes
        of the reply on its way.
        """
        number, self._number = self._number, self._number + 1
        stats = self._stats
        stats.requests += 1
        stats.arrive(data)
        stats.running += 1
        stats.most_at_once = max(stats.most_at_once, stats.running)
        try:
            outcome = self._outcome(body, number)
        except BaseException:
            stats.running -= 1
            raise
        usage = outcome.usage
        if usage is not None:
            stats.buy(usage)

        def done(whole: bool) -> None:
            stats.running -= 1
            if usage is not None and whole and outcome.readable:
                stats.deliver(usage)

        response = outcome.response
        response.done = done
        if self._buckets:
            response.headers = {**self._limits(), **response.headers}
        return response

    def _outcome(self, body: Any, number: int) -> _Outcome:
        fault = problem(body)
        if fault:
            return _Outcome(failed(400, fault, quoted_from(body)))
        if not self._config.any_model and body["model"] not in self._config.models:
            return _Outcome(failed(404, f"model: {body['model']}", said(body)))
        reply = self._told(body)
        prompt = self._replies.cache.look(body)
        if limited := self._limited(body, prompt.fresh + prompt.written):
            return _Outcome(limited)
        if reply is not None and not reply.fault:
            outcome = self._scripted(reply, body, number, prompt)
        else:
            kind = reply.fault if reply else self._faults.drawn("request", number)
            outcome = self._built_in(kind, body, number, prompt)
        if outcome.response.status != 429:
            outcome.response.delay_s += self._config.latency_ms / 1000
        return outcome

    def _told(self, body: Body) -> Reply | None:
        number, self._asked = self._asked, self._asked + 1
        return self._script(body, number) if self._script else None

    def _scripted(self, reply: Reply, body: Body, number: int, prompt: Prompt) -> _Outcome:
        outcome = _Outcome(self._page(reply, body) or Response())
        if not outcome.response.body and not reply.redirect:
            message = self._replies.scripted(body, f"{number:024d}", prompt, reply)
            outcome = _Outcome(ok(message), message["usage"])
            outcome.response.headers = reply.headers
        outcome.response.manner = "none" if reply.hang_up else "whole"
        outcome.response.delay_s = reply.wait_s
        return outcome

    def _page(self, reply: Reply, body: Body) -> Response | None:
        """A scripted answer that is no message."""
        if reply.redirect:
            return Response(302, b"", {"location": reply.redirect, **reply.headers})
        if reply.page:
            return Response(reply.status, reply.page.encode(), reply.headers, "text/html")
        if reply.status >= 400:
            headers = {**retry_after(self._config.retry_after_s), **reply.headers}
            return replace(failed(reply.status, "scripted", said(body)), headers=headers)
        return None

    def _built_in(self, kind: str, body: Body, number: int, prompt: Prompt) -> _Outcome:
        kind = self._taking_place(kind, body)
        if refused := self._faults.refused(kind, said(body)):
            return _Outcome(refused)
        if self._config.structured_outputs == "no" and "output_config" in body:
            return _Outcome(failed(400, _NO_SUCH_FIELD, said(body)))
        message = self._replies.message(body, f"{number:024d}", prompt, kind)
        response = self._faults.struck(kind, ok(message), said(body))
        return _Outcome(response, message["usage"], kind != "malformed")

    def _taking_place(self, kind: str, body: Body) -> str:
        kind = kind if kind and self._replies.strikes(kind, body) else ""
        if kind:
            self._stats.faults[kind] += 1
        return kind

    def item(self, params: Any, number: int) -> tuple[str, Body]:
        """What comes of one item of a batch: the type of its result, and the message, the error, or nothing."""
        if fault := problem(params):
            return "errored", failure(400, fault, quoted_from(params))
        reply = self._told(params)
        if reply is not None and not reply.fault and reply.status >= 400:
            return "errored", failure(reply.status, "scripted", said(params))
        name, prompt = f"batch{number:019d}", self._replies.cache.look(params)
        if reply is not None and not reply.fault:
            return "succeeded", self._replies.scripted(params, name, prompt, reply, tier="batch")
        kind = self._taking_place(reply.fault if reply else self._faults.drawn("item", number), params)
        if kind in ("expired", "canceled"):
            return kind, {}
        if kind == "errored":
            return kind, failure(500, "Internal server error", said(params))
        if self._config.structured_outputs == "no" and "output_config" in params:
            return "errored", failure(400, _NO_SUCH_FIELD, said(params))
        return "succeeded", self._replies.message(params, name, prompt, kind, tier="batch")

    def _limited(self, body: Body, tokens: int) -> Response | None:
        """HTTP 429 where a limit is reached; otherwise the request is counted against the limits."""
        most = self._config.max_concurrent
        wanted = {"requests": 1, "input-tokens": tokens}
        wait = max((bucket.wait(wanted[name]) for name, bucket in self._buckets.items()), default=0.0)
        if most is not None and self._stats.running > most:
            wait = max(wait, self._config.retry_after_s, 0.001)
        if wait > 0:
            self._stats.rate_limited += 1
            return replace(failed(429, "this request would exceed a rate limit", said(body)), headers=retry_after(wait))
        for name, bucket in self._buckets.items():
            bucket.take(wanted[name])
        return None

    def _limits(self) -> dict[str, str]:
        return {name: value for bucket in self._buckets.values() for name, value in bucket.headers().items()}
