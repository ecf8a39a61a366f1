"""What becomes of a text, by the stage it is at.

- Raw text of a conversation: identifiers and secrets are always cut out, names where the config wants them found there.
- Text that a model wrote: nothing is cut out. One detector that finds something asks for one rewrite, and a rewrite in
  which anything is found is withheld; where both detectors find the same thing, the text is withheld at once.
- What lies in a release: :mod:`clio.privacy.redact.artefacts`. Any finding stops the publishing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from clio.privacy.redact.redactor import Findings, Redacted, Redactor
from clio.privacy.redact.spans import Span, Type

Action = Literal["keep", "rewrite", "withhold"]
Reason = Literal[
    "identifier",
    "secret",
    "name",
    "address",
    "name by both detectors",
    "address by both detectors",
    "too long",
    "redactor failed",
]
"""Fixed words, so that reasons can be counted and shown and no text can slip into one."""
REASONS: tuple[Reason, ...] = get_args(Reason)

_BY_NAME: frozenset[Type] = frozenset({"NAME", "ADDRESS"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of one text that a model wrote. Holds nothing of the text."""

    action: Action
    reasons: tuple[Reason, ...] = ()
    """Why it is not kept, each once, in the order of :data:`REASONS`; empty exactly for ``keep``."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was found, by type. What both detectors found counts once."""


def redact_source(texts: Sequence[str], redactor: Redactor) -> list[Redacted]:
    """Raw texts with a placeholder for everything found, in order. A text that cannot be redacted is None."""
    return redactor.redact_many(texts, names=redactor.config.names_in_source)


def judge_written(text: str, redactor: Redactor, *, rewritten: bool = False) -> Verdict:
    """What is to become of a text that a model wrote; ``rewritten`` where it was asked to write it anew already."""
    return judge_all([text], redactor, rewritten=rewritten)[0]


def judge_all(texts: Sequence[str], redactor: Redactor, *, rewritten: bool = False) -> list[Verdict]:
    """Like :func:`judge_written` for each text, in one batch. Closed: a text that cannot be judged is withheld."""
    verdicts = []
    for text, findings in zip(texts, redactor.findings_many(texts), strict=True):
        if findings is None:
            long = len(text) > redactor.config.max_characters
            verdicts.append(Verdict("withhold", ("too long" if long else "redactor failed",)))
        else:
            verdicts.append(_verdict(findings, rewritten))
    return verdicts


def _verdict(findings: Findings, rewritten: bool) -> Verdict:
    reasons: set[Reason] = set()
    counts: Counter[str] = Counter(span.type for span in findings.first)
    for span in findings.first:
        if span.type not in _BY_NAME:
            reasons.add("secret" if span.type == "KEY" else "identifier")
        elif _met(span, findings.second):
            reasons.add("name by both detectors" if span.type == "NAME" else "address by both detectors")
        else:
            reasons.add("name" if span.type == "NAME" else "address")
    for span in findings.second:
        if not _met(span, findings.first, any_type=True):
            counts[span.type] += 1
            reasons.add("name" if span.type == "NAME" else "address")
    told = tuple(reason for reason in REASONS if reason in reasons)
    if not told:
        return Verdict("keep")
    sure = rewritten or any(reason.endswith("by both detectors") for reason in told)
    return Verdict("withhold" if sure else "rewrite", told, dict(sorted(counts.items())))


def _met(span: Span, others: Sequence[Span], *, any_type: bool = False) -> bool:
    """Whether the other detector marks some of the same characters, as a name or an address."""
    return any(
        other.start < span.end and span.start < other.end and (any_type or other.type in _BY_NAME) for other in others
    )
