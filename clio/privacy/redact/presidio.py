"""Presidio beside our own rules (``redact.presidio: true``), for those who have it installed already.

Left to itself it downloads: a public suffix list at the first mail address, a spaCy model where the named one is
missing. And a pattern that runs out of time is skipped with a warning, so that its text passes. None of that here.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from clio.errors import ConfigError
from clio.privacy.redact import lexicon
from clio.privacy.redact.names import chunks, model_path
from clio.privacy.redact.spans import PLACEHOLDER, Span, Type

_TYPES: dict[str, Type] = {
    "PERSON": "NAME",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IP_ADDRESS": "IP",
}
"""Every other type of a number that stands for somebody becomes ID."""
_LEFT = frozenset({"LOCATION", "ORGANIZATION", "NRP", "DATE_TIME", "URL"})
"""A country, a firm, a date and a public page name nobody."""
_LEAST = 0.4
_SECONDS = 10
"""Per pattern and text. Presidio's own limit is a minute."""


class PresidioDetector:
    """What Presidio's English recognisers find, with a score of at least 0.4.

    Raises:
        ConfigError: Presidio, or a spaCy model on disk for it, is not installed.
    """

    name = "presidio"

    def __init__(self, allow: frozenset[str] = frozenset()) -> None:
        self._own = allow
        self._engine: Any = None
        if find_spec("presidio_analyzer") is None:
            raise ConfigError(
                "redact.presidio is on, and Presidio is not installed. It is not needed: turn it off, or install it "
                "with: pip install presidio-analyzer"
            )
        if model_path() is None:
            raise ConfigError(
                "redact.presidio is on, and no spaCy model is on disk; it would download one. Turn it off, or install "
                "the model with: pip install 'clio-toolkit[ner]'"
            )

    @property
    def version(self) -> str:
        """Of the package."""
        try:
            return version("presidio-analyzer")
        except PackageNotFoundError:
            return "unknown"

    def load(self) -> None:
        """Makes the engine at first use (about a second), from files on disk alone."""
        if self._engine is not None:
            return
        path = model_path()
        if path is None or not path.exists():
            raise ValueError("the spaCy model is gone")
        import tldextract
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider

        # The recogniser of mail asks the module's own function. Without addresses it uses the list in its package.
        tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
        models = [{"lang_code": "en", "model_name": str(path)}]
        provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
        engine = AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])
        _close()
        self._wanted = sorted(set(engine.get_supported_entities("en")) - _LEFT)
        self._engine = engine

    def detect(self, view: str) -> list[Span]:
        """The spans in one view. Raises where a pattern runs out of time: the redactor withholds the text."""
        self.load()
        found = []
        for start, end in chunks(view):
            line = view[start:end]
            holes = [match.span() for match in PLACEHOLDER.finditer(line)]
            for hit in self._engine.analyze(line, language="en", entities=self._wanted, score_threshold=_LEAST):
                text, kind = line[hit.start : hit.end], _TYPES.get(hit.entity_type, "ID")
                if any(a < hit.end and b > hit.start for a, b in holes):
                    continue
                if kind == "NAME" and (text in self._own or text in lexicon.allowed()):
                    continue
                found.append(Span(start + hit.start, start + hit.end, kind, self.name, float(hit.score)))
        return found


class _Closed:
    """In the place of a module's logger: what would be logged while a time-out is handled is raised instead."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)

    def warning(self, *words: Any, **more: Any) -> None:
        """As the logger's, but for a time-out."""
        if isinstance(sys.exc_info()[1], TimeoutError):
            raise TimeoutOfPatternError from None
        self._logger.warning(*words, **more)


class TimeoutOfPatternError(Exception):
    """A pattern ran out of time: what it would have found is not known."""


def _close() -> None:
    """Make every recogniser that was imported fail where it would have gone on, and sooner."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("presidio_analyzer"):
            continue
        limit = getattr(module, "REGEX_TIMEOUT_SECONDS", None)
        if limit is not None:
            module.REGEX_TIMEOUT_SECONDS = min(limit, _SECONDS)  # type: ignore[attr-defined]
        logger = getattr(module, "logger", None)
        if logger is not None and not isinstance(logger, _Closed):
            module.logger = _Closed(logger)  # type: ignore[attr-defined]
