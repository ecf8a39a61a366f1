"""What a detector is and what it says: spans of the normalised view, and the data row that makes one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

Type = Literal["NAME", "EMAIL", "PHONE", "CARD", "KEY", "ADDRESS", "URL", "HANDLE", "PATH", "ID", "IP"]
TYPES: tuple[Type, ...] = get_args(Type)

PLACEHOLDER = re.compile(r"\[(?:" + "|".join(TYPES) + r")\]")
"""A typed placeholder such as ``[EMAIL]``. What is one already is never looked at again."""


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open character range of the text that was searched, and what stands there."""

    start: int
    end: int
    type: Type
    detector: str
    """Which rule or model, for example ``card`` or ``spacy``."""
    score: float = 1.0
    """0 to 1: 1 where a checksum or an exact shape decided, less where context did."""


@runtime_checkable
class Detector(Protocol):
    """Anything that finds private matter in a normalised view. Offsets are those of the view."""

    @property
    def name(self) -> str:
        """What the manifest and the spans call it."""
        ...

    @property
    def version(self) -> str:
        """For the manifest."""
        ...

    def detect(self, view: str) -> list[Span]:
        """Every span found. Raising is safe: the redactor withholds the text."""
        ...


@runtime_checkable
class BatchDetector(Detector, Protocol):
    """A detector that is quicker with many texts at once."""

    def detect_many(self, views: Sequence[str]) -> list[list[Span]]:
        """The spans of each view, in order: the same as of :meth:`detect`."""
        ...


@runtime_checkable
class LanguagePack(Detector, Protocol):
    """A detector of names of one language, registered in ``redact.packs`` by that language's code. It is shown every
    text and leaves alone what is not in its language.
    """

    @property
    def language(self) -> str:
        """ISO 639 code."""
        ...


def words(text: str) -> frozenset[str]:
    """The words of a list as it is written in the source."""
    return frozenset(text.split())


Check = Callable[[re.Match[str]], tuple[int, int] | None]
"""Looks at a match and returns the range to redact, or None to reject it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a rule table."""

    id: str
    type: Type
    pattern: re.Pattern[str]
    """Bounded repeats only: the work per character is then bounded too, and the whole text can be searched at once,
    without windows at whose edges something could be lost."""
    example: str
    """A text that the rule must find (held by a test)."""
    needs: tuple[str, ...] = ()
    """Lower-case literals of which the lower-cased view must hold one: spares the search of most texts."""
    check: Check | None = None
    group: int = 0
    """The group to redact where there is no check."""
    score: float = 1.0


def run_rules(view: str, rules: Iterable[Rule]) -> list[Span]:
    """Every accepted match of every rule. A rejected match is not skipped whole: what begins inside it is tried too."""
    lowered = view.lower()
    found: list[Span] = []
    for rule in rules:
        if rule.needs and not any(literal in lowered for literal in rule.needs):
            continue
        at = 0
        while match := rule.pattern.search(view, at):
            where = rule.check(match) if rule.check else match.span(rule.group)
            if where is None or where[0] >= where[1]:
                at = match.start() + 1
                continue
            found.append(Span(where[0], where[1], rule.type, rule.id, rule.score))
            at = max(where[1], match.start() + 1)
    return found


class Ranges:
    """Half-open ranges, asked many times which of them meet another: sorted once, then found by bisection."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        disjoint: list[tuple[int, int]] = []
        for start, end in sorted(ranges):
            if disjoint and start < disjoint[-1][1]:
                disjoint[-1] = (disjoint[-1][0], max(disjoint[-1][1], end))
            else:
                disjoint.append((start, end))
        self._ranges = disjoint
        self._ends = [end for _, end in disjoint]

    def meeting(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Those that share a character with ``[start, end)``, in order. Ranges that overlap count as one."""
        at = bisect_right(self._ends, start)
        while at < len(self._ranges) and self._ranges[at][0] < end:
            yield self._ranges[at]
            at += 1


def without(spans: Sequence[Span], holes: Sequence[tuple[int, int]], view: str) -> list[Span]:
    """The spans less the holes; pieces without a letter or digit are dropped."""
    if not holes:
        return list(spans)
    ranges = Ranges(holes)
    kept: list[Span] = []
    for span in spans:
        at = span.start
        pieces = []
        for start, end in ranges.meeting(span.start, span.end):
            pieces.append((at, start))
            at = end
        pieces.append((at, span.end))
        for start, end in pieces:
            if start < end and any(letter.isalnum() for letter in view[start:end]):
                kept.append(Span(start, end, span.type, span.detector, span.score))
    return kept


_RANK: dict[str, int] = {
    kind: rank
    for rank, kind in enumerate(
        ("KEY", "URL", "EMAIL", "CARD", "ID", "PATH", "IP", "PHONE", "ADDRESS", "HANDLE", "NAME")
    )
}


def merged(spans: Iterable[Span]) -> list[Span]:
    """Disjoint spans in order. Where some overlap their union is cut, under the type that ranks highest."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end, _RANK[s.type])):
        if result and span.start < result[-1].end:
            last = result[-1]
            lead = min(last, span, key=lambda s: (_RANK[s.type], s.start, -s.end))
            end, score = max(last.end, span.end), max(last.score, span.score)
            result[-1] = Span(last.start, end, lead.type, lead.detector, score)
        else:
            result.append(span)
    return result
