"""Many texts as numbers: one pass that tokenises, and remembers how words were written and used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.text.languages import reads_english
from clio.text.stopwords import STOP_WORDS
from clio.text.words import Word, words

Ints = NDArray[np.int64]
BREAK = -1
"""Stands where no phrase runs on, and at the end of every text."""
OTHER, NOUN, VERB = 0, 1, 2

_MODALS = frozenset(("can", "could", "will", "would", "should", "must", "please", "let's", "lets", "don't"))
_ASKED = frozenset(("can", "could", "will", "would", "do"))
"""Before ``you``: what follows then is a verb (``can you book``, not ``were you born``)."""
_DETERMINERS = frozenset(
    ("a", "an", "the", "my", "your", "his", "her", "our", "their", "this", "that", "these", "those", "any", "some")
)
_PREPOSITIONS = frozenset(("of", "for", "in", "on", "at", "with", "from", "by", "about", "to", "and", "or"))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of many texts, one after the other. Numbers follow the sorted words and not the order of texts."""

    keys: Ints
    """A number into ``index`` per token, or BREAK."""
    forms: Ints
    """A number into ``form_names`` per token, or BREAK."""
    rows: Ints
    """Which text each token belongs to."""
    index: Mapping[str, int]
    """Word key to number, sorted."""
    form_names: tuple[str, ...]
    """Words as written, sorted; in lower case where a capital only marked the beginning of a sentence."""
    kinds: NDArray[np.int8]
    """Per word NOUN, VERB or OTHER, by where it mostly stood: a rough guess for phrasing, nothing else."""
    english: NDArray[np.bool_]
    """Per text: whether it reads as English."""


def tokenise(texts: Sequence[str]) -> Tokens:
    """Number the words of all texts; one text's words stay together, with a BREAK after them."""
    first: dict[str, int] = {}
    forms: dict[str, int] = {}
    uses = _Uses()
    tokens: list[int] = []
    written: list[int] = []
    rows: list[int] = []
    english: list[bool] = []
    for row, text in enumerate(texts):
        found = list(words(text))
        english.append(reads_english(text, [word for word in found if word is not None]))
        for at, word in enumerate([*found, None]):
            rows.append(row)
            if word is None:
                tokens.append(BREAK)
                written.append(BREAK)
                continue
            number = first.setdefault(word.key, len(first))
            folded = word.text.casefold().replace("’", "'")
            form = folded if word.starts and not word.text.isupper() else word.text.replace("’", "'")
            tokens.append(number)
            written.append(forms.setdefault(form.removesuffix("'s"), len(forms)))
            uses.count(number, folded == word.key, _around(found, at))
    keys, index = _renumbered(tokens, first)
    form_numbers, form_index = _renumbered(written, forms)
    kinds = np.array([uses.kind(first[key], key) for key in index], dtype=np.int8)
    return Tokens(
        keys, form_numbers, np.asarray(rows, dtype=np.int64), index, tuple(form_index), kinds,
        np.asarray(english, dtype=bool),
    )  # fmt: skip


class _Uses:
    """How often each word stood where verbs stand, and where nouns stand."""

    def __init__(self) -> None:
        self._verb: list[int] = []
        self._head: list[int] = []
        self._determined: list[int] = []
        self._all: list[int] = []

    def count(self, number: int, base_form: bool, around: tuple[str, str, str]) -> None:
        """One use: ``around`` is the word before the one before, the one before, and the one after (empty: none)."""
        if number == len(self._all):
            for counter in (self._verb, self._head, self._determined, self._all):
                counter.append(0)
        earlier, before, after = around
        closes = after == "" or after in STOP_WORDS
        self._all[number] += 1
        self._determined[number] += before in _DETERMINERS or before in ("of", "for", "in", "on", "at", "with")
        content = before != "" and before not in STOP_WORDS
        self._head[number] += closes and (content or before in _DETERMINERS or before in _PREPOSITIONS or not base_form)
        if base_form:
            goal = before == "to" and after != "" and after not in _PREPOSITIONS
            opens = before == "" and (after in _DETERMINERS or after == "me")
            self._verb[number] += goal or opens or before in _MODALS or (before == "you" and earlier in _ASKED)

    def kind(self, number: int, key: str) -> int:
        """The kind that the uses speak for."""
        if key.endswith(("ed", "ly")) and len(key) > 4:
            return OTHER
        if self._verb[number] >= max(3, 2 * self._determined[number]) and not key.endswith("ing"):
            return VERB
        return NOUN if 4 * self._head[number] >= self._all[number] else OTHER


def _around(found: list[Word | None], at: int) -> tuple[str, str, str]:
    texts = []
    for place in (at - 2, at - 1, at + 1):
        word = found[place] if 0 <= place < len(found) else None
        texts.append(word.text.casefold().replace("’", "'") if word is not None else "")
    return texts[0], texts[1], texts[2]


def _renumbered(values: list[int], first: dict[str, int]) -> tuple[Ints, dict[str, int]]:
    order = sorted(first)
    renumber = np.full(len(order) + 1, BREAK, dtype=np.int64)
    renumber[[first[key] for key in order]] = np.arange(len(order))
    numbers = renumber[np.asarray(values, dtype=np.int64)] if values else np.zeros(0, dtype=np.int64)
    return numbers, {key: number for number, key in enumerate(order)}
