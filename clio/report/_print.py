"""What the writers of paged files share: fixed words, clean text, places where long words may break, column widths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from clio.privacy.wall import clean_text
from clio.report.document import Document, Picture, Section, Table

LONG_WORD = 30
"""Characters of the longest word that is left to the line breaker."""
BREAK = "\N{ZERO WIDTH SPACE}"
DEEPEST = 12
"""Levels of a tree, and of sections, that are indented; what lies deeper stands at the last one."""
_PIECE = 4
_WORDS = {
    "en": {"contents": "Contents", "table": "Table", "figure": "Figure", "page": "Page", "of": "of",
           "data_of_figures": "Data of the figures"},
    "de": {"contents": "Inhalt", "table": "Tabelle", "figure": "Abbildung", "page": "Seite", "of": "von",
           "data_of_figures": "Zahlen der Abbildungen"},
}  # fmt: skip


def language(document: Document) -> str:
    """The primary subtag of the document's language, ``en`` where there is none."""
    primary = document.language.split("-")[0].lower()
    return primary if 2 <= len(primary) <= 3 and primary.isascii() and primary.isalpha() else "en"


def words(document: Document) -> dict[str, str]:
    """The document's words for writers; English, or German, where it has none."""
    own = {key: clean_text(text) for key, text in document.words.items()}
    return {**_WORDS.get(language(document), _WORDS["en"]), **own}


def pictures(sections: tuple[Section, ...]) -> Iterator[Picture]:
    """Every picture, in reading order."""
    for section in sections:
        yield from (block for block in section.blocks if isinstance(block, Picture))
        yield from pictures(section.sections)


def breakable(text: str, longest: int = LONG_WORD) -> str:
    """Clean text in which a word of more than ``longest`` characters may break after every few of them.

    No break falls before a combining mark, a joiner or a modifier: a letter stays whole.
    """
    return " ".join(word if len(word) <= longest else _pieces(word) for word in clean_text(text).split(" "))


def _pieces(word: str) -> str:
    parts: list[str] = []
    since = 0
    for character in word:
        if since >= _PIECE and not _attached(character) and parts[-1] != "\N{ZERO WIDTH JOINER}":
            parts.append(BREAK)
            since = 0
        parts.append(character)
        since += 1
    return "".join(parts)


def _attached(character: str) -> bool:
    return (
        unicodedata.category(character)[0] == "M"
        or character == "\N{ZERO WIDTH JOINER}"
        or "\U0001f1e6" <= character <= "\U0001f1ff"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def widths(table: Table, line: int) -> list[int]:
    """Widths of the columns in characters within a line of so many: numbers stay whole, text gives way."""
    heads = [max((_width(word) for word in name.split()), default=0) for name in table.columns]
    wide = [_wanted(table, index, _width(name)) for index, name in enumerate(table.columns)]
    if sum(wide) <= line:
        return wide
    narrow = [_wanted(table, index, head) for index, head in enumerate(heads)]
    text = [index for index in range(len(narrow)) if index not in table.numeric]
    least = {index: min(narrow[index], max(heads[index], 14) * 6 // 5 + 2) for index in text}
    free = line - sum(narrow) + sum(narrow[index] - least[index] for index in text)
    spare = sum(narrow[index] - least[index] for index in text)
    if sum(narrow) > line and spare:
        for index in text:
            narrow[index] = least[index] + max(free, 0) * (narrow[index] - least[index]) // spare
    return narrow


def _wanted(table: Table, column: int, head: int) -> int:
    """Characters that a column asks for, given those of its head (set bold, and so wider)."""
    longest = max((_width(row[column]) for row in table.rows[:2_000] if column < len(row)), default=0)
    return max(min(head * 6 // 5, 32), min(longest, 24 if column in table.numeric else 90), 3) + 3


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
