"""Values of source records, of any type at all, made into what a conversation holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clio.conversations.types import Conversation, Role, Turn, UnreadableError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""No assistant of the kind we read about is older: an earlier time is a default value or a broken clock."""
MAX_METADATA = 200
"""Characters; a longer value is no label but a text, and texts do not belong in metadata."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "prompter", "customer", "person"), "user"),
    **dict.fromkeys(
        ("assistant", "gpt", "bot", "chatbot", "model", "ai", "chatgpt", "bing", "bard", "claude", "gpt-4"), "assistant"
    ),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(
        ("tool", "function", "observation", "tool_response", "function_response", "ipython", "environment"), "tool"
    ),
}


def clean(text: str) -> str:
    """``text`` with lone surrogates as U+FFFD: they can be neither encoded nor stored."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("�", text)
    return text


def mapping(value: object) -> Mapping[str, Any]:
    """``value`` if it is a mapping; raises UnreadableError else."""
    if isinstance(value, Mapping):
        return value
    raise UnreadableError("not a conversation")


def listed(value: object) -> Sequence[Any]:
    """``value`` if it is a list or a tuple; raises UnreadableError else."""
    if isinstance(value, (list, tuple)):
        return value
    raise UnreadableError("not a conversation")


def role_of(value: object) -> Role:
    """Raises UnreadableError for a role nobody uses."""
    role = _ROLES.get(value.strip().lower()) if isinstance(value, str) else None
    if role is None:
        raise UnreadableError("unknown role")
    return role


def name_of(*values: object) -> str | None:
    """The first of ``values`` that can be an id: a text that is not blank, or a whole number."""
    for value in values:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**128:
            return str(value)
        if isinstance(value, str) and (text := clean(value.strip())):
            return text
    return None


def when(*values: object) -> datetime | None:
    """The first possible time among ``values``, aware and in UTC: datetimes, ISO 8601 text, seconds since 1970 or
    milli-, micro- or nanoseconds, told apart by their size. Times before 2015 or after tomorrow are not possible.
    """
    latest = datetime.now(UTC) + timedelta(days=1)
    for value in values:
        try:
            moment = _moment(value)
            # A pandas NaT is a datetime that no comparison holds for.
            if moment is not None and EARLIEST <= moment <= latest:
                return moment
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 64:
            return None
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII) and len(text.partition(".")[0]) >= 9:
            return _moment(float(text))
        value = datetime.fromisoformat(text.removesuffix(" UTC"))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            return None
        # Each unit's range of plausible values lies a thousandfold apart from the next one's.
        scale = next((unit for unit in (1e9, 1e6, 1e3) if value > 1e8 * unit), 1)
        return EPOCH + timedelta(seconds=value / scale)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return None


def flat(*sources: object, **fields: object) -> dict[str, str]:
    """Metadata as text: the plain values of every mapping in ``sources`` and of ``fields``, later ones winning.

    Nested and long values are left out: they are, or may hold, what somebody wrote.
    """
    pairs: list[tuple[object, object]] = []
    for source in sources:
        if isinstance(source, Mapping):
            pairs += source.items()
    told: dict[str, str] = {}
    for key, value in (*pairs, *fields.items()):
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, (int, float)):
            # No comparison holds for NaN; a number of thousands of digits cannot be printed.
            value = str(value) if abs(value) < 2**128 else None
        if isinstance(key, str) and isinstance(value, str) and 0 < len(value := value.strip()) <= MAX_METADATA:
            told[clean(key[:MAX_METADATA])] = clean(value)
    return told


def conversation(
    record: int,
    turns: Iterable[Turn],
    *,
    source_id: str | None = None,
    account: str | None = None,
    started_at: datetime | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Conversation:
    """One conversation without its blank turns. Raises UnreadableError where the user has no turn."""
    kept = tuple(turn for turn in turns if turn.kind != "text" or (turn.text and not turn.text.isspace()))
    if not any(turn.role == "user" for turn in kept):
        raise UnreadableError("no user turn")
    return Conversation(kept, source_id, account, started_at, record, metadata or {})
