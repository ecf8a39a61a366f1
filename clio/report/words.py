"""The fixed text of a report, and how numbers are written, in the languages there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clio.config.report import Language
from clio.figures.texts import ENGLISH as ENGLISH_FIGURES
from clio.figures.texts import Wording
from clio.report._english import ENGLISH
from clio.report._german import GERMAN
from clio.report._german_figures import GERMAN_FIGURES
from clio.report._german_statement import SENTENCES, WORDS, in_german

TEXTS: Mapping[Language, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}
FIGURES: Mapping[Language, Wording] = {"en": ENGLISH_FIGURES, "de": GERMAN_FIGURES}


def fixed_texts() -> list[str]:
    """Every text of reports, of their figures and of privacy statements that is nobody's, in every language."""
    statement = [text for known in (SENTENCES, WORDS) for pair in known.items() for text in pair]
    figures = [text for said in FIGURES.values() for texts in (said.texts, said.values) for text in texts.values()]
    return [*(text for texts in TEXTS.values() for text in texts.values()), *figures, *statement]


WRITERS = (
    "contents", "table", "figure", "page", "data_of_figure", "data_of_figures", "skip", "of", "content_hash",
)  # fmt: skip
"""Keys that a document hands to its writers."""


@dataclass(frozen=True, slots=True)
class Words:
    """Texts by key, and numbers for a reader, in one language."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its places filled. A value is never itself read for places."""
        return TEXTS[self.language][key].format(**values)

    @property
    def figures(self) -> Wording:
        """What figures say in this language."""
        return FIGURES[self.language]

    def count(self, number: float | None) -> str:
        """``1,234``."""
        return self("not_shown") if number is None else self.figures.number(number)

    def accounts(self, number: float | None, at_most: bool) -> str:
        """``1,234``, or ``at most 1,234`` where the same person may be counted twice."""
        told = self.count(number)
        return self("at_most", n=told) if at_most and told != self("not_shown") else told

    def share(self, share: float | None) -> str:
        """``12 %``, one place below 10. Counts with noise can add up to more than all: no share is written as more."""
        return self("not_shown") if share is None or share != share else self.figures.percent(min(share, 1.0))

    def interval(self, low: float, high: float) -> str:
        """``9.5 to 15 %``; empty where there is none."""
        return self.figures.between(low, high)

    def ratio(self, ratio: float) -> str:
        """``1.8×``."""
        if ratio != ratio:
            return self("not_shown")
        return self.figures.figure(ratio, ".2g" if ratio < 10 else ".0f") + "×"

    def ratios(self, low: float, high: float) -> str:
        """``1.2 to 2.3×``; empty where there is none."""
        if low != low or high != high:
            return ""
        if high == float("inf"):
            return f"{self('at_least')} {self.ratio(low)}"
        return f"{self.ratio(low).removesuffix('×')} {self('to')} {self.ratio(high)}"

    def facet(self, name: str, label: str) -> str:
        """A facet for a reader: those that are always there have names of their own, others keep theirs."""
        return TEXTS[self.language].get(f"facet_{name}", label)

    def decimal(self, number: float) -> str:
        """``3.4``."""
        return self.figures.figure(number, ".1f")

    def hundredths(self, number: float) -> str:
        """``0.85``."""
        return self.figures.figure(number, ".2f")

    def value(self, value: str) -> str:
        """A value of a facet: what Clio itself writes (no answer, ranges, weekdays) is told in this language."""
        return self("no_answer") if value == "n/a" else self.figures.value(value)

    def said(self, text: str) -> str:
        """A text of the run's privacy statement in this language, where it is known; else as it is."""
        return in_german(text) if self.language == "de" else text

    def for_writers(self) -> dict[str, str]:
        """What writers need to know."""
        return {key: self(key) for key in WRITERS}
