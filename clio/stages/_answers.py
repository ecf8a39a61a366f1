"""What a writer gives, held to the question: nothing that a facet's answers cannot be goes any further."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from clio.config.facets import Facet
from clio.errors import ModelSetupError
from clio.models.protocol import Answer, Status, Transcript

_PHRASE = re.compile(r"[a-z][a-z ,/'-]{0,47}")
"""A reason is a fixed word or two. One with a digit or a capital, or a long one, may be somebody's words."""
_WRITER = re.compile(r"[\w.:/@+-]{0,120}")
_STATUSES = get_args(Status)


@dataclass(slots=True)
class Pending:
    """A question that was put to the writer about several conversations, with the answers on their way."""

    asked: Sequence[Transcript]
    facets: Sequence[Facet]
    found: dict[str, dict[str, Answer]]
    replies: Iterator[Sequence[Answer]]
    writer: str

    def ready(self) -> bool:
        """Whether taking the answers would not wait. A writer that works when it is iterated is always ready."""
        done: Callable[[], bool] | None = getattr(self.replies, "done", None)
        return done is None or done()

    def wait(self, seconds: float) -> None:
        """Let some time pass in which an answer may come."""
        wait: Callable[[float], None] | None = getattr(self.replies, "wait", None)
        if wait is not None:
            wait(seconds)

    def close(self) -> None:
        """Nobody wants the answers any more."""
        close: Callable[[], None] | None = getattr(self.replies, "close", None)
        if close is not None:
            close()

    def take(self) -> dict[str, dict[str, Answer]]:
        """One answer per conversation and facet. ModelSetupError where the writer gave fewer or more."""
        # A writer of the user's own may break its word; what it gave is then anybody's.
        broken = f"the writer `{self.writer}` did not give one answer per conversation and facet"
        for transcript in self.asked:
            answers = next(self.replies, None)
            if answers is None or len(answers) != len(self.facets):
                raise ModelSetupError(broken)
            pairs = zip(answers, self.facets, strict=True)
            self.found[transcript.conversation_id] = {facet.name: held(answer, facet) for answer, facet in pairs}
        if next(self.replies, None) is not None:
            raise ModelSetupError(broken)
        return self.found


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
