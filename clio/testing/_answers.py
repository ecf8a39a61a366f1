"""Answers in the form of the real service: objects, pages of lists, errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from clio.testing._config import Body
from clio.testing._http import Response
from clio.testing._text import said

ERRORS = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 405: "invalid_request_error", 408: "timeout_error", 411: "invalid_request_error",
    413: "request_too_large", 429: "rate_limit_error", 431: "request_too_large", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip
_LONGEST_QUOTE = 2_000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def ok(body: Mapping[str, Any]) -> Response:
    """HTTP 200 with an object."""
    return Response(200, dumped(body))


def failed(status: int, reason: str, quoted: str = "") -> Response:
    """An HTTP error. It quotes the request, as some servers do: no client may let that out."""
    return Response(status, dumped(failure(status, reason, quoted)))


def failure(status: int, reason: str, quoted: str = "") -> Body:
    """The body of an error."""
    message = f'{reason} (the request was: "{quoted[:_LONGEST_QUOTE]}")' if quoted else reason
    return {"type": "error", "error": {"type": ERRORS.get(status, "api_error"), "message": message}, "request_id": None}


def quoted_from(body: Any) -> str:
    """What an error can quote of anything that was sent."""
    try:
        return said(body)
    except (AttributeError, TypeError, KeyError):
        return "" if body is None else json.dumps(body)[:_LONGEST_QUOTE]


def retry_after(seconds: float) -> dict[str, str]:
    """Both headers by which a client is told to wait."""
    return {"retry-after": f"{seconds:.3f}", "retry-after-ms": f"{seconds * 1000:.0f}"}


def page(rows: Sequence[Body], query: Mapping[str, list[str]]) -> Body:
    """One page of a list, by ``limit``, ``after_id`` and ``before_id``."""
    given = query.get("limit", ["20"])[0]
    limit = min(max(int(given), 1), 1000) if given.isdecimal() else 20
    names = [row["id"] for row in rows]
    start, stop = 0, len(rows)
    after, before = query.get("after_id", [""])[0], query.get("before_id", [""])[0]
    if after in names:
        start = names.index(after) + 1
    if before in names:
        stop = names.index(before)
        start = max(start, stop - limit)
    shown = rows[start : min(stop, start + limit)]
    more = start > 0 if before in names else start + limit < stop
    ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {"first_id": None, "last_id": None}
    return {"data": list(shown), "has_more": more, **ends}


def dumped(body: Mapping[str, Any]) -> bytes:
    """JSON as the real service writes it, one line."""
    return _encode(body).encode("utf-8", "replace")
