"""The view of a text that detectors search, and the way back from it.

People and attackers write one address in many ways: full-width or mathematical letters, Arabic digits, a zero-width
space inside, a Cyrillic letter that looks Latin. Detectors see one plain spelling; what they find is cut out of the
original, which is otherwise left exactly as it was.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from dataclasses import dataclass

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\u2800")
"""Characters of other categories than Cf that show nothing."""

_LOOK_ALIKES = str.maketrans(
    "асеорхуіјѕһԁԛԝкмтвнАВСЕНІЈКМОРЅТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαρνικτυχɑɡıӏ",
    "aceopxyijshdqwkmtbhABCEHIJKMOPSTXYABEZHIKMNOPTYXoapviktuxagil",
)
"""Cyrillic, Greek and Latin-extension letters that pass for an ASCII one."""

_PLAIN = {"‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "−": "-", "⁃": "-", "´": "'"}
_ODD_ASCII = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MIXED = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class View:
    """A normalised text. ``starts`` and ``ends`` hold, per character of ``text``, the half-open range of the original
    that it stands for (empty where a space was put in); both are None where view and original are the same.
    """

    text: str
    starts: array[int] | None = None
    ends: array[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The range of the original that the view's ``[start, end)`` stands for."""
        if self.starts is None or self.ends is None:
            return start, end
        while start < end and self.starts[start] == self.ends[start]:
            start += 1
        while end > start and self.starts[end - 1] == self.ends[end - 1]:
            end -= 1
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return at, at
        return self.starts[start], self.ends[end - 1]


class _Folded(dict[str, str]):
    """What one character becomes; filled as characters are met."""

    def __missing__(self, letter: str) -> str:
        self[letter] = folded = _fold(letter)
        return folded


def _fold(letter: str) -> str:
    category = unicodedata.category(letter)
    if (
        category == "Cf"
        or letter in _INVISIBLE
        or "\ufe00" <= letter <= "\ufe0f"
        or "\U000e0100" <= letter <= "\U000e01ef"
    ):
        return ""
    if category == "Cc":
        return letter if letter in "\t\n\r" else " " if letter in "\x0b\x0c\x1c\x1d\x1e\x1f\x85" else ""
    if category == "Cs":
        return "\ufffd"
    if category == "Nd":
        return str(unicodedata.digit(letter))
    if category == "Pd":
        return "-"
    if category in ("Zl", "Zp"):
        return "\n"
    plain = unicodedata.normalize("NFKC", _PLAIN.get(letter, letter))
    # A compatibility form may itself hold an odd character (a fraction slash, a digit of another script).
    if len(plain) == 1 and plain != letter:
        return _PLAIN.get(plain, "-" if unicodedata.category(plain) == "Pd" else plain)
    return " " if category == "Zs" else plain


_FOLDED = _Folded()


def _unspaced(letter: str) -> bool:
    """Whether it belongs to a script that does not share words with ASCII letters and digits (CJK, Thai, Arabic...)."""
    code = ord(letter)
    if code < 0x0530 or code in range(0x1E00, 0x2E80):
        return False
    if 0x1C80 <= code <= 0x1C8F or 0x1D00 <= code <= 0x1DBF or 0xA640 <= code <= 0xA69F or 0xA720 <= code <= 0xA7FF:
        return False
    if 0xAB30 <= code <= 0xAB6F:
        return False
    return unicodedata.category(letter)[0] in "LM"


def _ascii_word(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def normalise(text: str) -> View:
    """The view: format characters and variation selectors dropped, every decimal digit an ASCII one, NFKC per
    character (accents composed), dashes and quotes made plain, a space where a script without spaces meets ASCII, and
    look-alike letters folded in words that hold ASCII letters too. ASCII text comes back as it is, at no cost.
    """
    if text.isascii() and not _ODD_ASCII.search(text):
        return View(text)
    letters: list[str] = []
    starts: array[int] = array("l")
    ends: array[int] = array("l")
    border = False
    for index, letter in enumerate(text):
        if letter < "\x7f" and (letter >= " " or letter in "\t\n\r"):
            plain, mark = letter, False
        else:
            plain = _FOLDED[letter]
            mark = bool(plain) and unicodedata.category(letter) in ("Mn", "Me")
        if not plain:
            continue
        if mark and letters:
            whole = unicodedata.normalize("NFC", letters[-1] + plain)
            if len(whole) == 1 or letters[-1].isascii():
                letters[-1] = whole if len(whole) == 1 else letters[-1]
                ends[-1] = index + 1
                continue
        foreign = _unspaced(plain[0])
        if letters and ((border and _ascii_word(plain[0])) or (foreign and _ascii_word(letters[-1]))):
            letters.append(" ")
            starts.append(index)
            ends.append(index)
        for part in plain:
            letters.append(part)
            starts.append(index)
            ends.append(index + 1)
        border = _unspaced(plain[-1])
    return View(_fold_words("".join(letters)), starts, ends)


def _fold_words(view: str) -> str:
    """Look-alikes made ASCII, one for one, in words that hold ASCII letters; an ideographic full stop inside a host
    name becomes a dot.
    """

    def fold(match: re.Match[str]) -> str:
        word = match.group()
        if word.isascii() or not re.search(r"[A-Za-z]", word):
            return word
        return word.translate(_LOOK_ALIKES)

    view = _MIXED.sub(fold, view)
    if "。" in view:
        view = re.sub(r"(?<=[A-Za-z0-9])。(?=[A-Za-z0-9])", ".", view)
    return view
