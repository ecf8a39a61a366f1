"""What a writer gave, held to the question: nothing that a facet's answers cannot be goes any further."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any, get_args

from clio.config.facets import Facet
from clio.models.protocol import Answer, Status

_PHRASE = re.compile(r"[a-z][a-z ,/'-]{0,47}")
"""A reason is a fixed word or two. One with a digit or a capital, or a long one, may be somebody's words."""
_WRITER = re.compile(r"[\w.:/@+-]{0,120}")
_STATUSES = get_args(Status)


def held(answer: Answer, facet: Facet) -> Answer:
    """The answer where it fits ``facet``; else ``failed``. A value without ``answered`` is dropped, and so is a reason
    or a writer that is not of the form of one.
    """
    reason = answer.reason if _PHRASE.fullmatch(answer.reason) else "no reason given" if answer.reason else ""
    writer = answer.writer if _WRITER.fullmatch(answer.writer) else "unknown"
    if answer.status not in _STATUSES:
        return Answer("failed", writer=writer, reason="wrong status")
    if answer.status != "answered":
        return Answer(answer.status, writer=writer, reason=reason)
    if not _fits(answer.value, facet):
        return Answer("failed", writer=writer, reason="wrong value")
    return replace(answer, reason=reason, writer=writer)


def _fits(value: Any, facet: Facet) -> bool:
    options = {option.value for option in facet.options}
    match facet.kind:
        case "text":
            return isinstance(value, str) and bool(value.strip())
        case "category":
            return isinstance(value, str) and value in options
        case "multi":
            return isinstance(value, list) and all(isinstance(v, str) and v in options for v in value)
        case "boolean":
            return isinstance(value, bool)
        case "scale":
            low = 1 if facet.minimum is None else int(facet.minimum)
            return isinstance(value, int) and not isinstance(value, bool) and low <= value < low + facet.steps
        case "number":
            low_end = -math.inf if facet.minimum is None else facet.minimum
            high_end = math.inf if facet.maximum is None else facet.maximum
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return number and math.isfinite(value) and low_end <= value <= high_end
        case _:
            return False
