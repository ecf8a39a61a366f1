"""Requests to answers: the endpoints of the Messages API without sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from clio.testing._accounting import Stats, input_tokens
from clio.testing._answers import failed, failure, ok, page, quoted_from
from clio.testing._batches import Batches, Defer
from clio.testing._config import Body, Script, ServerConfig
from clio.testing._http import Request, Response
from clio.testing._messages import Faults, Messages
from clio.testing._models import model_info
from clio.testing._replies import message_problem

Query = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Received:
    """One request to an endpoint under ``/v1``; ``body`` is None where there was none, or none that is JSON."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Any


class Service:
    """Everything behind the socket. Used from one thread."""

    def __init__(self, config: ServerConfig, script: Script | None, defer: Defer) -> None:
        self._config, self._script, self._loop_defer = config, script, defer
        self.base_url = ""
        self.error: Exception | None = None
        """What a script raised first."""
        self._faults = Faults(config)
        self._answered = self._others = 0
        self._begin()
        self._batches.load()

    def _begin(self) -> None:
        self.stats, self.received = Stats(), list[Received]()
        self._messages = Messages(self._config, self._faults, self._script, self.stats)
        self._batches = Batches(self._config, self._item, self.stats, self._defer)

    def _defer(self, seconds: float, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised again in the thread that started the server
                self.error = self.error or error

        self._loop_defer(seconds, guarded)

    def _item(self, params: Any, number: int) -> tuple[str, Body]:
        try:
            return self._messages.item(params, number)
        except Exception as error:  # noqa: BLE001 - as above; the batch comes to its end all the same
            self.error = self.error or error
            return "errored", failure(500, "the script failed")

    def reset(self) -> None:
        """As freshly started: no counts, no requests kept, no prompt cache, full limits, no batches."""
        self._batches.forget()
        self._others = 0
        self._begin()

    def limit(self, path: str) -> int:
        """Bytes that a request's body may have."""
        config = self._config
        return config.max_batch_bytes if path.rstrip("/") == "/v1/messages/batches" else config.max_body_bytes

    def handle(self, request: Request) -> Response:
        """The answer to one request. What a script raises is kept, and answered with HTTP 500."""
        try:
            response = self._routed(request)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that started the server
            self.error = self.error or error
            response = failed(500, "the script failed")
        self._answered += 1
        response.headers = {"request-id": f"req_{self._answered:024d}", **response.headers}
        return response

    def _routed(self, request: Request) -> Response:
        method, path = request.method, request.path.rstrip("/")
        if path.startswith("/_"):
            return self._control(method, path)
        parts = path.split("/")[1:]
        self.stats.calls[f"{method} {_template(parts)}"] += 1
        body = _parsed(request.body)
        config = self._config
        if config.keep:
            self.received.append(Received(method, path, request.headers, body))
        if config.api_key is not None and _key(request.headers) != config.api_key:
            return failed(401, "invalid x-api-key", quoted_from(body))
        if parts == ["v1", "messages"]:
            return self._messages.answer(request.body, body) if method == "POST" else failed(405, "Method Not Allowed")
        number, self._others = self._others, self._others + 1
        fault = self._faults.drawn("other", number)
        if fault:
            self.stats.faults[fault] += 1
        if refused := self._faults.refused(fault, quoted_from(body)):
            return refused
        response = self._elsewhere(method, parts, body, parse_qs(request.query))
        return self._faults.struck(fault, response, quoted_from(body)) if fault else response

    def _control(self, method: str, path: str) -> Response:
        if (method, path) == ("GET", "/_stats"):
            return ok(self.stats.as_dict())
        if (method, path) == ("POST", "/_reset"):
            self.reset()
            return ok({})
        return failed(404, "Not Found")

    def _elsewhere(self, method: str, parts: Sequence[str], body: Any, query: Query) -> Response:
        config = self._config
        match method, parts:
            case "POST", ["v1", "messages", "count_tokens"] if "count_tokens" not in config.without:
                fault = message_problem(body) if isinstance(body, dict) else "Input should be a valid dictionary"
                return failed(400, fault, quoted_from(body)) if fault else ok({"input_tokens": input_tokens(body)})
            case "GET", ["v1", "models"] if "models" not in config.without:
                return ok(page([model_info(name, config) for name in config.models], query))
            case "GET", ["v1", "models", quoted] if "models" not in config.without:
                name = unquote(quoted)
                known = config.any_model or name in config.models
                return ok(model_info(name, config)) if known else failed(404, f"model: {name}")
            case _, ["v1", "messages", "batches"] if "batches" not in config.without:
                return self._all_batches(method, body, query)
            case _, ["v1", "messages", "batches", quoted, *rest] if "batches" not in config.without:
                return self._one_batch(method, unquote(quoted), rest)
        return failed(404, "Not Found", quoted_from(body))

    def _all_batches(self, method: str, body: Any, query: Query) -> Response:
        if method == "GET":
            return ok(page(self._batches.listed(self.base_url), query))
        if method != "POST":
            return failed(405, "Method Not Allowed")
        fault = self._batches.problem(body)
        return failed(400, fault, quoted_from(body)) if fault else ok(self._batches.create(body, self.base_url))

    def _one_batch(self, method: str, name: str, rest: Sequence[str]) -> Response:
        batches = self._batches
        if name not in batches:
            return failed(404, f"Message Batch with ID {name} was not found")
        match method, rest:
            case "GET", []:
                return ok(batches.shown(name, self.base_url))
            case "GET", ["results"]:
                if not batches.ended(name):
                    return failed(400, "the batch has no results before it has ended")
                return Response(200, batches.results(name), content_type="application/x-jsonl")
            case "POST", ["cancel"]:
                if batches.ended(name):
                    return failed(400, "the batch has ended")
                return ok(batches.cancel(name, self.base_url))
            case "DELETE", []:
                if not batches.ended(name):
                    return failed(400, "the batch is being processed: cancel it first")
                batches.delete(name)
                return ok({"id": name, "type": "message_batch_deleted"})
        return failed(404, "Not Found")


def _key(headers: Mapping[str, str]) -> str:
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


def _template(parts: Sequence[str]) -> str:
    known = ("v1", "messages", "batches", "models", "count_tokens", "results", "cancel")
    return "/" + "/".join(part if part in known else "{id}" for part in parts)


def _parsed(data: bytes) -> Any:
    if not data:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
