"""Text to words: one tokeniser for counting terms, checking names and comparing wording.

A word is a run of letters and digits with inner apostrophes (``don't``, ``l'eau`` counts as ``l`` and ``eau``), or
``c++`` and ``c#``. Scripts written without spaces have no word runs to find by rule. Of those, Japanese shows its
words by changes of script, so a run of two to four Han signs or of two or more katakana counts as a word; longer
runs (Chinese clauses) and hiragana, Thai, Lao, Khmer and Burmese are left out: fragments cut from them by length
would be neither words that people shared nor readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PLACEHOLDER = re.compile(r"[\[<{(]\s?[A-Z][A-Z0-9_ ]{1,40}\s?[\]>})]")
"""What redaction leaves behind: ``[NAME]``, ``[EMAIL_2]``, ``<PHONE NUMBER>``."""

_HAN = "\u4e00-\u9fff\u3400-\u4dbf\u3005"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
_SKIPPED = "\u3041-\u309f\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f"
_UNSPACED = _HAN + _KATAKANA + _SKIPPED
_PIECE = re.compile(
    rf"(?P<han>[{_HAN}]+)|(?P<katakana>[{_KATAKANA}]+)|(?P<unspaced>[{_SKIPPED}]+)"
    rf"|(?P<word>(?:(?![{_UNSPACED}])[^\W_])+(?:['’](?:(?![{_UNSPACED}])[^\W_])+)*(?:\+\+|\#)?)"
    r"|(?P<stop>[.!?;:,()\[\]{}\"“”«»\n|/]|[。、！？；：，「」])"
)  # fmt: skip
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu)['’](?=[^\W_]{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """One word as written, and the key under which its forms are counted together."""

    text: str
    key: str
    starts: bool
    """True at the beginning of a sentence or clause, where a capital letter says nothing."""


def words(text: str) -> Iterator[Word | None]:
    """The words of a text in order; None wherever a phrase must not run on (punctuation, placeholder, skipped script).

    Linear in the length of the text.
    """
    starts = True
    for match in _PIECE.finditer(PLACEHOLDER.sub(" , ", text)):
        kind, piece = match.lastgroup, match.group()
        if kind == "stop":
            starts = starts or piece != ","
            yield None
        elif kind == "unspaced" or (kind != "word" and not 2 <= len(piece) <= (4 if kind == "han" else 40)):
            yield None
        elif kind == "word":
            piece = _ELISION.sub("", piece)
            yield Word(piece, key_of(piece), starts)
            starts = False
        else:
            yield None
            yield Word(piece, piece, starts)
            yield None
            starts = False


def keys(text: str) -> list[str]:
    """Only the keys, in order: what two wordings are compared by."""
    return [word.key for word in words(text) if word is not None]


def key_of(word: str) -> str:
    """Case folded, possessive and English plural endings taken off: ``Cities'`` and ``city`` share a key.

    Deliberately light: stronger stems join words that have nothing to do with each other (``news``, ``new``).
    """
    key = word.casefold().replace("’", "'")
    for ending in ("'s", "'"):
        key = key.removesuffix(ending)
    if len(key) <= 3 or not key.isascii():
        return key
    if key.endswith("s") and not key.endswith(
        ("ss", "us", "is", "news", "series", "species", "bias", "atlas", "canvas")
    ):
        key = key[:-1]
    if len(key) > 3 and key.endswith("ie"):
        return key[:-2] + "y"
    return key[:-1] if len(key) > 3 and key.endswith(("oe", "xe", "che", "she", "sse", "ze")) else key


def bases(key: str) -> tuple[str, ...]:
    """What an English ``-ing``, ``-ed``, ``-er`` or ``-ly`` form may come from, and the word's own ``-ing`` form."""
    found = [gerund(key)]
    for ending in ("ing", "ed", "er", "ly"):
        root = key.removesuffix(ending)
        if root != key and len(root) >= 3:
            found += [root, root + "e"]
            if len(root) >= 4 and root[-1] == root[-2]:
                found.append(root[:-1])
    return tuple(found)


def gerund(verb: str) -> str:
    """``book`` to ``booking``, ``schedule`` to ``scheduling``, ``plan`` to ``planning``."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    if re.fullmatch(r"[b-df-hj-np-tv-z]*[aeiou][b-df-hj-np-tvz]", verb) or verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    return verb + "ing"


_DOUBLED = {"cancel", "transfer", "refer", "travel", "label", "model", "format", "program", "begin", "admit", "forget",
            "quit", "submit", "debug", "equip", "commit",
            "reset", "upset", "rerun", "input", "output", "control", "unplug", "outrun"}  # fmt: skip
