"""How much of identifiers and names is left at each stage, measured on a run's own data.

Three instruments. ``broad`` is a handful of patterns that know nothing of real formats: whatever looks like a mail
address, a link, a handle, or seven digits and more. It is independent of the rules that redact, and takes harmless
things too, so its rate is an upper bound for such identifiers. ``first`` and ``second`` are the two detectors of names;
where one of them also took part in removing, what it finds afterwards says little, and the figure says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, get_args

from clio.privacy.redact.redactor import Redactor
from clio.privacy.redact.spans import PLACEHOLDER

Stage = Literal["raw", "redacted", "facet", "release"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Detector = Literal["broad", "first", "second"]
MOST = 20_000
"""Characters of one text that are looked at."""

_BROAD = re.compile(
    r"[^\s@]{1,64}@[^\s@]{1,64}\.[^\s@]{2,}"  # a mail address, however odd
    r"|\b[a-z][a-z0-9+.-]{1,15}://|\bwww\."  # a link
    r"|(?<![\w@.])@\w{3,}"  # a handle
    r"|\d(?:[\s().,/-]?\d){6,}",  # seven digits, whatever stands between them
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Gauge:
    """Counts, over the conversations that are measured, those in which each instrument finds something.

    ``share`` is the part of all conversations that is measured; which ones is decided by their ids alone.
    """

    redactor: Redactor
    share: float = 1.0

    def measures(self, conversation_id: str) -> bool:
        """Whether this conversation is one of those."""
        place = int.from_bytes(blake2b(conversation_id.encode("utf-8", "replace"), digest_size=7).digest(), "big")
        return place < self.share * 2**56

    def look(self, stage: Stage, texts: Sequence[str]) -> Counter[str]:
        """``stage: texts`` and ``stage: detector``, for one text per conversation (or name)."""
        seen = [text[:MOST] for text in texts if text.strip()]
        found = Counter({f"{stage}: texts": len(seen)})
        for detector, finds in self.instruments().items():
            found[f"{stage}: {detector}"] = sum(finds(seen))
        return found

    def instruments(self) -> Mapping[Detector, Callable[[Sequence[str]], Sequence[bool]]]:
        """Those there are on this machine, each from texts to whether it finds something."""
        found: dict[Detector, Callable[[Sequence[str]], Sequence[bool]]] = {"broad": broad}
        if self.redactor.names_available:
            found["first"] = lambda texts: self._named(texts, second=False)
        if self.redactor.second_available:
            found["second"] = lambda texts: self._named(texts, second=True)
        return found

    def _named(self, texts: Sequence[str], *, second: bool) -> list[bool]:
        """Whether a detector of names finds one. A text on which it fails counts as one in which it does."""
        result = []
        for findings in self.redactor.findings_many(list(texts)):
            if findings is None:
                result.append(True)
                continue
            spans = findings.second if second else findings.first
            result.append(any(span.type in ("NAME", "ADDRESS") for span in spans))
        return result


def broad(texts: Sequence[str]) -> list[bool]:
    """Whether something in each text looks like an identifier from afar."""
    return [bool(_BROAD.search(PLACEHOLDER.sub(" ", text))) for text in texts]


def leak_rates(
    counts: Mapping[str, int], filtered: Mapping[Stage, Sequence[Detector]], least: int
) -> list[dict[str, object]]:
    """Rows for the statement: per stage and instrument the share of texts in which something was found.

    A count of conversations above 0 and below ``least`` is a cell like any other: it is told as an upper bound.
    ``filtered`` says which instruments removed what they found before that stage.
    """
    rows: list[dict[str, object]] = []
    for stage in STAGES:
        texts = counts.get(f"{stage}: texts", 0)
        if texts < least:
            continue
        for detector in get_args(Detector):
            if f"{stage}: {detector}" not in counts:
                continue
            found = counts[f"{stage}: {detector}"]
            small = 0 < found < least
            rows.append(
                {
                    "stage": stage,
                    "detector": detector,
                    "texts": texts,
                    "share": (least if small else found) / texts,
                    "at_most": small,
                    "also_filtered": detector in filtered.get(stage, ()),
                }
            )
    return rows
