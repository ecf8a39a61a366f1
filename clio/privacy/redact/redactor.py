"""Text in, text without private matter out; or no text at all, when that cannot be promised."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from clio.config.redact import RedactConfig
from clio.errors import ClioError, MissingExtraError, PrivacyError
from clio.privacy.redact import identifiers, names, packs, rampart, secrets
from clio.privacy.redact.cues import CueDetector
from clio.privacy.redact.normalise import View, normalise
from clio.privacy.redact.phones import PhoneDetector
from clio.privacy.redact.spans import PLACEHOLDER, BatchDetector, Detector, Ranges, Span, merged, run_rules, without

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


@dataclass(frozen=True, slots=True)
class Findings:
    """What independent detectors say of one text, each disjoint, in order, in offsets of the text."""

    first: tuple[Span, ...]
    """Of the rules, the cues, the first name model, language packs and Presidio."""
    second: tuple[Span, ...]
    """Of the second detector."""


class Redactor:
    """Rules always; names by cue and, where an extra is installed, by model.

    ``extra`` takes further detectors (a language pack, another model); they count as name detectors. ``model=False``
    leaves out every model and Presidio: what a machine without the extras finds.

    Raises:
        MissingExtraError: the config requires an extra that is not installed.
        WeightsError: the second detector's files are not those that were measured.
        ConfigError: a language pack cannot be loaded.
    """

    def __init__(self, config: RedactConfig, extra: Sequence[Detector] = (), *, model: bool = True) -> None:
        self.config = config
        allow = frozenset(config.allow)
        named = config.names != "off"
        self._rules: tuple[Detector, ...] = (RuleDetector(), PhoneDetector())
        self._packs = packs.load(config.packs) if named else {}
        self._named: tuple[Detector, ...] = (CueDetector(allow), *self._packs.values(), *extra) if named else ()
        present = model and named and names.model_path() is not None
        if config.names == "required" and not present:
            raise MissingExtraError("Finding person names (redact.names: required)", "ner")
        self._models: tuple[BatchDetector, ...] = (names.SpacyDetector(allow),) if present else ()
        if config.presidio and model and named:
            from clio.privacy.redact.presidio import PresidioDetector

            self._named += (PresidioDetector(allow),)
        self._second = _second(config, allow) if model and named else None

    @property
    def names_available(self) -> bool:
        """Whether a model for person names takes part. Name cues work either way, unless ``names`` is off."""
        return bool(self._models)

    @property
    def second_available(self) -> bool:
        """Whether there is a second, independent detector of names and addresses."""
        return self._second is not None

    @property
    def name_languages(self) -> frozenset[str]:
        """Codes of the languages whose names are found by more than cues. Others are to be named in a report."""
        return frozenset(self._packs) | ({"en"} if self._models or self._second else frozenset())

    def describe(self) -> dict[str, Any]:
        """For the manifest: which detectors run, their versions, how many rules, and whether names are found."""
        second = (self._second,) if self._second else ()
        return {
            "detectors": {d.name: d.version for d in (*self._rules, *self._named, *self._models, *second)},
            "rules": len(secrets.RULES) + len(identifiers.RULES) + 1,
            "names": "off" if self.config.names == "off" else "model and cues" if self._models else "cues only",
            "names_available": self.names_available,
            "second_available": self.second_available,
            "name_languages": sorted(self.name_languages),
            "own_allowed_terms": len(self.config.allow),
            "max_characters": self.config.max_characters,
        }

    def redact(self, text: str, *, names: bool = True, second: bool | None = None) -> Redacted:
        """The text with a placeholder for everything found. ``names=False`` leaves names alone (identifiers never).
        ``second`` asks the second detector too, where there is one; by default as ``second_in_source`` says.
        """
        return self.redact_many([text], names=names, second=second)[0]

    def redact_many(self, texts: Sequence[str], *, names: bool = True, second: bool | None = None) -> list[Redacted]:
        """Like :meth:`redact` for each text, with one batch per pass for the name models. One text that fails does not
        touch the others. Apart from what the constructor raises nothing is raised.
        """
        current: list[str | None] = [t if len(t) <= self.config.max_characters else None for t in texts]
        counts: list[Counter[str]] = [Counter() for _ in texts]
        reasons = ["" if t is not None else TOO_LONG for t in current]
        waiting = [i for i, t in enumerate(current) if t]
        for _ in range(_PASSES):
            if not waiting:
                break
            spans = self._spans([current[i] or "" for i in waiting], names, second)
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

    def scan(self, text: str, *, names: bool = True, second: bool | None = None) -> list[Span]:
        """What would be redacted, in order, disjoint, in offsets of ``text``; empty exactly where :meth:`redact` would
        change nothing.

        Raises:
            PrivacyError: the text is too long or a detector fails.
        """
        return self.scan_many([text], names=names, second=second)[0]

    def scan_many(self, texts: Sequence[str], *, names: bool = True, second: bool | None = None) -> list[list[Span]]:
        """Like :meth:`scan` for each text, with one batch for the name models."""
        if any(len(text) > self.config.max_characters for text in texts):
            raise PrivacyError(f"A text could not be scanned: {TOO_LONG}.")
        found = []
        for spans in self._spans(texts, names, second):
            if spans is None:
                raise PrivacyError(f"A text could not be scanned: {FAILED}.")
            found.append(spans)
        return found

    def findings_many(self, texts: Sequence[str]) -> list[Findings | None]:
        """What either detector says of each text, kept apart; None for a text that is too long or on which one failed.

        Nothing is raised apart from what the constructor raises.
        """
        within = [text if len(text) <= self.config.max_characters else "" for text in texts]
        views = [_guarded(normalise, text) for text in within]
        first = self._first(views, names=True)
        second = self._by_models((self._second,) if self._second else (), views, [[] for _ in views])
        found: list[Findings | None] = []
        for text, view, one, two in zip(texts, views, first, second, strict=True):
            if view is None or one is None or two is None or len(text) > self.config.max_characters:
                found.append(None)
                continue
            settled = _guarded(_settled, view, one, True), _guarded(_settled, view, two, False)
            found.append(
                None if settled[0] is None or settled[1] is None else Findings(tuple(settled[0]), tuple(settled[1]))
            )
        return found

    def _spans(self, texts: Sequence[str], names: bool, second: bool | None) -> list[list[Span] | None]:
        """Disjoint spans per text in its own offsets; None for a text on which a detector failed."""
        with_names = names and self.config.names != "off"
        views = [_guarded(normalise, text) for text in texts]
        found = self._first(views, names=with_names)
        wanted = self.config.second_in_source if second is None else second
        if with_names and wanted and self._second:
            found = self._by_models((self._second,), views, found)
        return [
            None if view is None or spans is None else _guarded(_settled, view, spans, with_names)
            for view, spans in zip(views, found, strict=True)
        ]

    def _first(self, views: Sequence[View | None], *, names: bool) -> list[list[Span] | None]:
        detectors = (*self._rules, *self._named) if names else self._rules
        found = [None if view is None else _guarded(_all, detectors, view.text) for view in views]
        return self._by_models(self._models, views, found) if names else found

    @staticmethod
    def _by_models(
        models: Sequence[BatchDetector], views: Sequence[View | None], found: Sequence[list[Span] | None]
    ) -> list[list[Span] | None]:
        """What was found, with what each model adds; None where a model fails."""
        result = [None if view is None else spans for view, spans in zip(views, found, strict=True)]
        for model in models:
            rows = [(i, view.text) for i, view in enumerate(views) if view is not None and result[i] is not None]
            batch = _guarded(model.detect_many, [text for _, text in rows])
            for number, (i, text) in enumerate(rows):
                spans = batch[number] if batch is not None else _guarded(model.detect, text)
                before = result[i]
                result[i] = None if spans is None or before is None else [*before, *spans]
        return result


def _second(config: RedactConfig, allow: frozenset[str]) -> rampart.RampartDetector | None:
    if config.second == "off" or (config.second == "auto" and rampart.model_folder() is None):
        return None
    return rampart.RampartDetector(allow)


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
