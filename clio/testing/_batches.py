"""Message Batches: kept in memory, done a slice at a time between other requests, and optionally in a file.

Results follow from the requests and their running numbers, so the file holds only those, and a restarted server makes
the results again. A batch is billed when it ends, once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from clio.errors import ConfigError
from clio.testing._accounting import Stats
from clio.testing._answers import dumped
from clio.testing._config import Body, ServerConfig

Defer = Callable[[float, Callable[[], None]], object]
"""Run something in so many seconds, in the server's thread."""
Item = Callable[[Any, int], tuple[str, Body]]
_SLICE = 50
"""Items done before other requests are looked at: a few milliseconds."""
_CANCELING_S = 0.02
"""How long a cancellation takes at most."""
_DAY = 24 * 3600
_TYPES = ("processing", "succeeded", "errored", "canceled", "expired")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(slots=True)
class _Batch:
    """One batch; times are seconds since 1970."""

    id: str
    requests: list[Body]
    first: int
    """Running number of its first item."""
    created: float
    ends: float
    """When it is due, unless it is cancelled before."""
    cancelled: float | None = None
    ended: float | None = None
    results: list[tuple[str, Body]] = field(default_factory=list)


class Batches:
    """All batches since the last reset."""

    def __init__(self, config: ServerConfig, item: Item, stats: Stats, defer: Defer) -> None:
        self._config, self._item, self._stats, self._defer = config, item, stats, defer
        self._batches: dict[str, _Batch] = {}
        self._items = 0

    def __contains__(self, name: str) -> bool:
        return name in self._batches

    def problem(self, body: Any) -> str:
        """Why a body is no batch, in the words of the real service; empty where it is one."""
        requests = body.get("requests") if isinstance(body, dict) else None
        if not isinstance(requests, list) or not requests:
            return "requests: List should have at least 1 item after validation"
        most = self._config.max_batch_requests
        if len(requests) > most:
            return f"requests: List should have at most {most} items after validation, not {len(requests)}"
        seen: set[str] = set()
        for place, request in enumerate(requests):
            given = request.get("custom_id") if isinstance(request, dict) else None
            if not isinstance(given, str) or not isinstance(request.get("params"), dict):
                return f"requests.{place}: custom_id and params are required"
            if not _CUSTOM_ID.fullmatch(given):
                return f"requests.{place}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
            if given in seen:
                return f"requests.{place}.custom_id: must be unique within the batch"
            seen.add(given)
        return ""

    def create(self, body: Body, base_url: str) -> Body:
        """Take a batch in that has no problem."""
        now = time.time()
        requests = body["requests"]
        name = f"msgbatch_{secrets.token_hex(12)}"
        batch = _Batch(name, requests, self._items, now, now + self._config.batch_ms / 1000)
        self._items += len(requests)
        self._batches[name] = batch
        self._stats.batches += 1
        self._stats.batch_items += len(requests)
        for request in requests:
            self._stats.arrive(json.dumps(request["params"]).encode())
        self._save()
        self._defer(0, lambda: self._work(batch))
        return self.shown(name, base_url)

    def ended(self, name: str) -> bool:
        """Whether there are results."""
        return self._batches[name].ended is not None

    def delete(self, name: str) -> None:
        """Forget one that has ended."""
        del self._batches[name]
        self._save()

    def cancel(self, name: str, base_url: str) -> Body:
        """Stop one: of its items those that its time so far sufficed for are done, the others are canceled."""
        batch = self._batches[name]
        if batch.cancelled is None:
            batch.cancelled = time.time()
            self._save()
            self._defer(_CANCELING_S, lambda: self._work(batch))
        return self.shown(name, base_url)

    def _work(self, batch: _Batch) -> None:
        """Do the next few items; end the batch when all are done and its time has come."""
        if self._batches.get(batch.id) is not batch or batch.ended is not None:
            return
        start = len(batch.results)
        for number, request in enumerate(batch.requests[start : start + _SLICE], start):
            batch.results.append(self._item(request["params"], batch.first + number))
        now = time.time()
        ends = batch.ends if batch.cancelled is None else min(batch.ends, batch.cancelled + _CANCELING_S)
        if len(batch.results) < len(batch.requests):
            self._defer(0, lambda: self._work(batch))
        elif now < ends:
            self._defer(ends - now, lambda: self._work(batch))
        else:
            self._end(batch, now)

    def _end(self, batch: _Batch, now: float) -> None:
        self._cut(batch)
        batch.ended = now
        for _, value in batch.results:
            if "usage" in value:
                self._stats.buy(value["usage"], batch=True)
                self._stats.deliver(value["usage"])
        self._save()

    def _cut(self, batch: _Batch) -> None:
        """After a cancellation: what the time sufficed for stays."""
        if batch.cancelled is not None:
            share = (batch.cancelled - batch.created) / max(batch.ends - batch.created, 1e-9)
            done = int(len(batch.results) * min(max(share, 0.0), 1.0))
            batch.results[done:] = [("canceled", {}) for _ in batch.results[done:]]

    def results(self, name: str) -> bytes:
        """JSON Lines, in an order of their own."""
        batch = self._batches[name]
        rows = list(zip((request["custom_id"] for request in batch.requests), batch.results, strict=True))
        order = sorted(range(len(rows)), key=lambda n: hashlib.blake2b(rows[n][0].encode(), digest_size=8).digest())
        if order == sorted(order):
            order.reverse()
        return b"".join(dumped({"custom_id": rows[n][0], "result": _result(*rows[n][1])}) + b"\n" for n in order)

    def shown(self, name: str, base_url: str) -> Body:
        """The batch in the form of the real service."""
        batch = self._batches[name]
        done = batch.ended is not None
        counts = Counter(kind for kind, _ in batch.results) if done else Counter(processing=len(batch.requests))
        status = "ended" if done else "canceling" if batch.cancelled is not None else "in_progress"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": {kind: counts[kind] for kind in _TYPES},
            "created_at": _time(batch.created),
            "expires_at": _time(batch.created + _DAY),
            "ended_at": _time(batch.ended),
            "cancel_initiated_at": _time(batch.cancelled),
            "archived_at": None,
            "results_url": f"{base_url}/v1/messages/batches/{batch.id}/results" if done else None,
        }

    def listed(self, base_url: str) -> list[Body]:
        """All of them, newest first."""
        return [self.shown(name, base_url) for name in reversed(self._batches)]

    def forget(self) -> None:
        """Drop all, from the file too."""
        self._batches.clear()
        self._items = 0
        self._save()

    def load(self) -> None:
        """Take over what an earlier server left in the file. Raises ConfigError for a file that is none of ours."""
        path = self._config.state
        if path is None or not path.exists():
            return
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            found = [_Batch(**row) for row in given["batches"]]
            self._items = int(given["items"])
        except (OSError, ValueError, TypeError, KeyError):
            raise ConfigError(
                f"{path} does not hold the batches of a scripted server. Name another file (state), or remove it."
            ) from None
        for batch in found:
            self._batches[batch.id] = batch
            self._redo(batch)

    def _redo(self, batch: _Batch) -> None:
        """Make the results of a batch from the file: at once where it has ended, so that they are there when asked."""
        if batch.ended is None:
            self._defer(0, lambda: self._work(batch))
            return
        batch.results = [self._item(request["params"], batch.first + n) for n, request in enumerate(batch.requests)]
        self._cut(batch)

    def _save(self) -> None:
        path = self._config.state
        if path is None:
            return
        rows = [
            {key: value for key, value in asdict(batch).items() if key != "results"} for batch in self._batches.values()
        ]
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            fresh.write_text(json.dumps({"items": self._items, "batches": rows}), encoding="utf-8")
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise ConfigError(
                f"The batches cannot be written to {path}: check that its folder can be written."
            ) from None


def _result(kind: str, value: Body) -> Body:
    if kind == "succeeded":
        return {"type": kind, "message": value}
    return {"type": kind, "error": value} if kind == "errored" else {"type": kind}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
