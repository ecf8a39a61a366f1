"""Text in, text without private matter out; or no text at all, when that cannot be promised."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from clio.config.redact import RedactConfig
from clio.errors import ClioError, MissingExtraError, PrivacyError
from clio.privacy.redact import identifiers, names, secrets
from clio.privacy.redact.cues import CueDetector
from clio.privacy.redact.normalise import View, normalise
from clio.privacy.redact.phones import PhoneDetector
from clio.privacy.redact.spans import PLACEHOLDER, Detector, Ranges, Span, merged, run_rules, without

P = ParamSpec("P")
T = TypeVar("T")
TOO_LONG = "too long"
FAILED = "redactor failed"
_PASSES = 8
"""Passes until nothing more is found. Two are the rule: the second confirms the first."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text after redaction. ``text`` is None where it could not be redacted, and ``reason`` then says why."""

    text: str | None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Placeholders put in, by type."""
    reason: str = ""


class RuleDetector:
    """The rule tables: identifiers, secrets, and last what looks random and stands in nothing else."""

    name = "rules"
    version = "1"

    def detect(self, view: str) -> list[Span]:
        """Spans of every type but NAME and PHONE."""
        found = run_rules(view, secrets.RULES)
        found += run_rules(view, identifiers.RULES)
        links = [match.span() for match in re.finditer(r"://[^\s<>\"'`]{1,2048}", view)]
        taken = Ranges([*((span.start, span.end) for span in found), *links])
        random = run_rules(view, (secrets.RANDOM,))
        found += [span for span in random if not any(taken.meeting(span.start, span.end))]
        return found


class Redactor:
    """Rules always; names by cue and, where the ``ner`` extra is installed, by model.

    ``extra`` takes further detectors (a language pack, a second model); they count as name detectors. ``model=False``
    leaves the name model out where it is installed: what a machine without the extra finds.
    """

    def __init__(self, config: RedactConfig, extra: Sequence[Detector] = (), *, model: bool = True) -> None:
        self.config = config
        allow = frozenset(config.allow)
        self._rules: tuple[Detector, ...] = (RuleDetector(), PhoneDetector())
        self._named: tuple[Detector, ...] = (CueDetector(allow), *extra) if config.names != "off" else ()
        present = model and config.names != "off" and names.model_path() is not None
        if config.names == "required" and not present:
            raise MissingExtraError("Finding person names (redact.names: required)", "ner")
        self._model = names.SpacyDetector(allow) if present else None

    @property
    def names_available(self) -> bool:
        """Whether a model for person names takes part. Name cues work either way, unless ``names`` is off."""
        return self._model is not None

    def describe(self) -> dict[str, Any]:
        """For the manifest: which detectors run, their versions, how many rules, and whether names are found."""
        model: tuple[Detector, ...] = (self._model,) if self._model else ()
        return {
            "detectors": {d.name: d.version for d in (*self._rules, *self._named, *model)},
            "rules": len(secrets.RULES) + len(identifiers.RULES) + 1,
            "names": "off" if self.config.names == "off" else "model and cues" if self._model else "cues only",
            "names_available": self.names_available,
            "own_allowed_terms": len(self.config.allow),
            "max_characters": self.config.max_characters,
        }

    def redact(self, text: str, *, names: bool = True) -> Redacted:
        """The text with a placeholder for everything found. ``names=False`` leaves names alone (identifiers never)."""
        return self.redact_many([text], names=names)[0]

    def redact_many(self, texts: Sequence[str], *, names: bool = True) -> list[Redacted]:
        """Like :meth:`redact` for each text, with one batch per pass for the name model. One text that fails does not
        touch the others. Apart from a missing package nothing is raised.
        """
        current: list[str | None] = [t if len(t) <= self.config.max_characters else None for t in texts]
        counts: list[Counter[str]] = [Counter() for _ in texts]
        reasons = ["" if t is not None else TOO_LONG for t in current]
        waiting = [i for i, t in enumerate(current) if t]
        for _ in range(_PASSES):
            if not waiting:
                break
            spans = self._spans([current[i] or "" for i in waiting], names)
            still = []
            for i, found in zip(waiting, spans, strict=True):
                if found is None:
                    current[i], reasons[i], counts[i] = None, FAILED, Counter()
                elif found:
                    current[i] = _cut(current[i] or "", found)
                    counts[i].update(span.type for span in found)
                    still.append(i)
            waiting = still
        for i in waiting:  # it never came to rest: nothing is promised, so nothing is given out
            current[i], reasons[i], counts[i] = None, FAILED, Counter()
        return [Redacted(t, dict(c), r) for t, c, r in zip(current, counts, reasons, strict=True)]

    def scan(self, text: str, *, names: bool = True) -> list[Span]:
        """What would be redacted, in order, disjoint, in offsets of ``text``; empty exactly where :meth:`redact` would
        change nothing.

        Raises:
        ------
        PrivacyError
            where the text is too long or a detector fails.
        """
        return self.scan_many([text], names=names)[0]

    def scan_many(self, texts: Sequence[str], *, names: bool = True) -> list[list[Span]]:
        """Like :meth:`scan` for each text, with one batch for the name model."""
        if any(len(text) > self.config.max_characters for text in texts):
            raise PrivacyError(f"A text could not be scanned: {TOO_LONG}.")
        found = []
        for spans in self._spans(texts, names):
            if spans is None:
                raise PrivacyError(f"A text could not be scanned: {FAILED}.")
            found.append(spans)
        return found

    def _spans(self, texts: Sequence[str], names: bool) -> list[list[Span] | None]:
        """Disjoint spans per text in its own offsets; None for a text on which a detector failed."""
        views = [_guarded(normalise, text) for text in texts]
        with_names = names and self.config.names != "off"
        detectors = (*self._rules, *self._named) if with_names else self._rules
        found = [None if view is None else _guarded(_all, detectors, view.text) for view in views]
        if with_names and self._model:
            self._add_model_names(self._model, views, found)
        return [
            None if view is None or spans is None else _guarded(_settled, view, spans, with_names)
            for view, spans in zip(views, found, strict=True)
        ]

    @staticmethod
    def _add_model_names(model: names.SpacyDetector, views: list[View | None], found: list[list[Span] | None]) -> None:
        rows = [(i, view.text) for i, view in enumerate(views) if view is not None and found[i] is not None]
        batch = _guarded(model.detect_many, [text for _, text in rows])
        for number, (i, text) in enumerate(rows):
            spans = batch[number] if batch is not None else _guarded(model.detect, text)
            before = found[i]
            found[i] = None if spans is None or before is None else [*before, *spans]


def _guarded(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """The one boundary where anything may be caught: a detector that fails must cost the text, never show it. What it
    says is dropped too, for it may quote the text.
    """
    try:
        return call(*args, **kwargs)
    except ClioError:
        raise
    except Exception:  # noqa: BLE001
        return None


def _all(detectors: Sequence[Detector], view: str) -> list[Span]:
    return [span for detector in detectors for span in detector.detect(view)]


def _settled(view: View, spans: list[Span], names: bool) -> list[Span]:
    """Spans disjoint, clear of placeholders, with every repetition of a found name, in offsets of the original."""
    text = view.text
    holes = [match.span() for match in PLACEHOLDER.finditer(text)]
    if names:
        spans = [*spans, *_repetitions(text, spans)]
    result = []
    for span in merged(without(spans, holes, text)):
        start, end = view.original(span.start, span.end)
        if start < end:
            result.append(Span(start, end, span.type, span.detector, span.score))
    return merged(result)


def _repetitions(text: str, spans: Sequence[Span]) -> list[Span]:
    """Where else in the text a name stands that was found once, so that one value has one fate."""
    values = {text[span.start : span.end] for span in spans if span.type == "NAME"}
    values = {value for value in values if len(value) >= 3 and " " in value}
    found = []
    for value in sorted(values)[:200]:
        for match in re.finditer(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", text):
            found.append(Span(*match.span(), "NAME", "repetition", 0.6))  # noqa: PERF401
    return found


def _cut(text: str, spans: Sequence[Span]) -> str:
    pieces, at = [], 0
    for span in spans:
        pieces += [text[at : span.start], f"[{span.type}]"]
        at = span.end
    return "".join([*pieces, text[at:]])
