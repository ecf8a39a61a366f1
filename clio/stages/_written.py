"""What a model wrote about a conversation, before it counts: judged, rephrased once, checked, or replaced.

A text in which a detector finds something is asked for once more in other words; what still holds something is
withheld, and so is what two detectors agree on at once (:mod:`clio.privacy.redact.policy`). What is withheld, and what
is malformed or not about the conversation, gives way to the redacted opening of the user's own words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from clio.config.facets import Facet, FacetsConfig
from clio.models.protocol import Answer, Encoder, Reply, StructuredWriter, Transcript, Writer
from clio.privacy.redact.policy import Verdict
from clio.prompts import rephrase

Answers = dict[str, dict[str, Answer]]
Place = tuple[str, str]
"""Conversation and facet."""


class Judge(Protocol):
    """:func:`clio.privacy.redact.policy.judge_all` with a run's redactor."""

    def __call__(self, texts: Sequence[str], *, rewritten: bool = False) -> Sequence[Verdict]:
        """One verdict per text, in order."""
        ...


@dataclass(slots=True)
class Written:
    """The answers about a batch, with what became of the texts that a model wrote; and a question under way."""

    answers: Answers
    withheld: dict[Place, str] = field(default_factory=dict)
    """Why, as a fixed phrase."""
    anew: list[Place] = field(default_factory=list)
    """Texts that were asked for in other words."""
    replies: Iterator[Reply] = field(default_factory=lambda: iter(()))
    counts: Counter[str] = field(default_factory=Counter)
    """Texts by what became of them: ``written``, ``rephrased``, ``withheld``."""

    def ready(self) -> bool:
        """Whether taking the other words would not wait."""
        done: Callable[[], bool] | None = getattr(self.replies, "done", None)
        return done is None or done()

    def wait(self, seconds: float) -> None:
        """Let some time pass in which they may come."""
        wait: Callable[[float], None] | None = getattr(self.replies, "wait", None)
        if wait is not None:
            wait(seconds)

    def close(self) -> None:
        """Nobody wants them any more."""
        close: Callable[[], None] | None = getattr(self.replies, "close", None)
        if close is not None:
            close()


def judged(answers: Answers, facets: Sequence[Facet], writer: Writer, judge: Judge) -> Written:
    """Judge every text that a model wrote, and ask for other words where one detector alone found something.

    A writer that follows no instructions has no other words: then the text is withheld.
    """
    found = Written(answers)
    places = [
        (name, facet.name)
        for facet in facets
        if facet.kind == "text"
        for name, by_facet in answers.items()
        if by_facet[facet.name].status == "answered" and by_facet[facet.name].writer != "extractive"
    ]
    found.counts["written"] = len(places)
    verdicts = judge([str(answers[name][facet].value) for name, facet in places])
    for place, verdict in zip(places, verdicts, strict=True):
        if verdict.action == "rewrite" and isinstance(writer, StructuredWriter):
            found.anew.append(place)
        elif verdict.action != "keep":
            found.withheld[place] = _reason(verdict)
    if found.anew and isinstance(writer, StructuredWriter):
        requests = [rephrase.request(str(answers[name][facet].value)) for name, facet in found.anew]
        found.replies = iter(writer.ask(requests))
    return found


def take_rephrased(found: Written, judge: Judge) -> None:
    """Put the other words in place; what still holds something, or did not come, is withheld."""
    texts = []
    for _ in found.anew:
        reply = next(found.replies, None)
        value = reply.value.get("text") if reply is not None and reply.status == "answered" else None
        texts.append(value.strip() if isinstance(value, str) else "")
    verdicts = judge(texts, rewritten=True)
    for (name, facet), text, verdict in zip(found.anew, texts, verdicts, strict=True):
        if not text:
            found.withheld[name, facet] = "withheld, not rephrased"
        elif verdict.action != "keep":
            found.withheld[name, facet] = _reason(verdict)
        else:
            found.answers[name][facet] = replace(found.answers[name][facet], value=text)
            found.counts["rephrased"] += 1


def _reason(verdict: Verdict) -> str:
    return f"withheld, {verdict.reasons[0]}"


def settle(
    found: Written,
    transcripts: Mapping[str, Transcript],
    facets: Sequence[Facet],
    config: FacetsConfig,
    encoder: Encoder,
    redact: Callable[[Sequence[str]], Sequence[str | None]],
) -> None:
    """Check every text in place; where one does not hold, the extractive sentence stands in.

    ``redact`` is for what was taken out of conversations: nothing is cut out of what a model wrote.
    """
    from clio.models.check import check
    from clio.models.extractive import opening

    answers = found.answers
    found.counts["withheld"] = len(found.withheld)
    suspects = [(name, facet, reason) for (name, facet), reason in found.withheld.items()]
    _redact_extracts(answers, facets, redact, suspects)
    to_check = [
        (name, facet.name, str(answers[name][facet.name].value))
        for facet in facets
        if facet.kind == "text"
        for name, by_facet in answers.items()
        if by_facet[facet.name].status == "answered"
        and by_facet[facet.name].writer != "extractive"
        and (name, facet.name) not in found.withheld
    ]
    faults = check(
        [text for _, _, text in to_check],
        [transcripts[name].user_text for name, _, _ in to_check],
        encoder,
        config.groundedness,
    )
    suspects += [(name, facet, fault) for (name, facet, _), fault in zip(to_check, faults, strict=True) if fault]
    if not suspects:
        return
    names = list(dict.fromkeys(name for name, _, _ in suspects))
    standing = dict(zip(names, redact(opening([transcripts[name] for name in names])), strict=True))
    for name, facet, fault in suspects:
        sentence = standing[name]
        answers[name][facet] = (
            Answer("answered", sentence, "extractive", fault) if sentence else Answer("failed", reason=fault)
        )


def _redact_extracts(
    answers: Answers,
    facets: Sequence[Facet],
    redact: Callable[[Sequence[str]], Sequence[str | None]],
    suspects: list[tuple[str, str, str]],
) -> None:
    """What a writer took out of the conversation instead of writing is source text: it is redacted once more."""
    places = [
        (name, facet.name)
        for facet in facets
        if facet.kind == "text"
        for name, by_facet in answers.items()
        if by_facet[facet.name].status == "answered" and by_facet[facet.name].writer == "extractive"
    ]
    texts = redact([str(answers[name][facet].value) for name, facet in places])
    for (name, facet), text in zip(places, texts, strict=True):
        if text is None:
            suspects.append((name, facet, "not redacted"))
        else:
            answers[name][facet] = replace(answers[name][facet], value=text)
