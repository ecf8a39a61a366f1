"""Whether a proposed name or summary is fit to be read: form only, no privacy and no meaning.

Every check returns a fixed phrase that says what is wrong, or an empty string. None of them quotes the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from clio.text.languages import looks_english
from clio.text.stopwords import STOP_WORDS
from clio.text.words import PLACEHOLDER, keys

MOST_NAME_WORDS = 10
MOST_SUMMARY_WORDS = 80
MOST_SENTENCES = 2
_MARKUP = re.compile(r"[<>{}\[\]|*_`~\\^=@]|(?<![cC])#|https?:|www\.|&[a-z]+;|\d{4,}")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")
_EMPTY_NAMES = frozenset(
    ("n a", "na", "none", "unknown", "name", "cluster", "untitled", "other", "others", "misc", "miscellaneous", "title",
     "request", "requests", "topic", "topics", "group", "various", "summary", "cluster name", "name of cluster")
)  # fmt: skip
_META = re.compile(
    r"^(?:name|title|summary|topic|cluster|group|answer|label|inside|outside|messages?)\s*:|^(?:as an ai|i am|i'm|"
    r"i can|i cannot|i can't|sorry|sure|here (?:is|are))\b"
    r"|\b(?:ignore|disregard)\s+(?:all|any|the|previous|prior|your)\b",
    re.IGNORECASE,
)


def tidy(text: object) -> str:
    """One line without surrounding quotes, spaces or a final full stop; empty for anything that is no string."""
    if not isinstance(text, str):
        return ""
    return text.strip().strip("\"'“”‘’«»").strip()


def name_fault(name: str) -> str:
    """What is wrong with the form of a name: at most ten words, one line, plain English, no repetition."""
    fault = _text_fault(name)
    if fault:
        return fault
    words = name.split()
    if len(words) > MOST_NAME_WORDS or len(name) > 120:
        return "too long"
    folded = " ".join(keys(name))
    if not folded or folded in _EMPTY_NAMES or all(word.isdigit() for word in folded.split()):
        return "says nothing"
    if len(_SENTENCE_END.findall(name.rstrip(".!?"))) > 0:
        return "more than one sentence"
    if repeats(name):
        return "repeats itself"
    return ""


def summary_fault(summary: str) -> str:
    """What is wrong with the form of a summary: at most two sentences of plain English on one line."""
    fault = _text_fault(summary)
    if fault:
        return fault
    if len(summary.split()) > MOST_SUMMARY_WORDS or len(summary) > 700:
        return "too long"
    if len(_SENTENCE_END.findall(summary)) > MOST_SENTENCES:
        return "too many sentences"
    return "repeats itself" if repeats(summary, most=4) else ""


def _text_fault(text: str) -> str:
    if not text.strip():
        return "empty"
    if any(character in "\n\r\t\v\f\u2028\u2029" for character in text):
        return "more than one line"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "So") for character in text):
        return "control characters"
    if PLACEHOLDER.search(text):
        return "placeholder"
    if _MARKUP.search(text):
        return "markup"
    if _META.search(text):
        return "speaks of itself"
    return "" if looks_english(text) else "not English"


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with the sign it ends with."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    parts = (text[start:end].strip() for start, end in zip([0, *ends], [*ends, len(text)], strict=True))
    return [part for part in parts if part]


def repeats(text: str, most: int = 2) -> bool:
    """Whether a content word stands more than ``most`` times, or a pair of words twice in a short text."""
    found = keys(text)
    if any(count > most for word, count in Counter(found).items() if word not in STOP_WORDS):
        return True
    pairs = Counter(pairwise(found))
    return len(found) <= MOST_NAME_WORDS + 2 and any(count > 1 for count in pairs.values())


class Wording:
    """Runs of words in the samples a model has seen, to tell an echo of one person's text from shared wording."""

    def __init__(self, inside: Iterable[str], outside: Iterable[str], length: int = 5) -> None:
        self._length = length
        self._inside = [keys(text) for text in inside]
        self._outside = [keys(text) for text in outside]

    def echoes(self, text: str, min_accounts: int) -> bool:
        """Whether five words in a row (or a whole text of four) stand in samples of fewer than ``min_accounts``.

        Wording that enough samples from inside share (they are one per account) is no one's own.
        """
        found = keys(text)
        if len(found) < self._length - 1:
            return False
        size = min(self._length, len(found))
        for start in range(len(found) - size + 1):
            run = found[start : start + size]
            inside = sum(_holds(sample, run) for sample in self._inside)
            if inside >= min_accounts:
                continue
            if inside or any(_holds(sample, run) for sample in self._outside):
                return True
        return False


def _holds(sample: Sequence[str], run: Sequence[str]) -> bool:
    size = len(run)
    first = run[0]
    return any(
        sample[at] == first and list(sample[at : at + size]) == list(run) for at in range(len(sample) - size + 1)
    )
