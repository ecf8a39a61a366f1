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


def widths(table: Table) -> list[int]:
    """Widths of the columns in characters, as they share a line: numbers whole, text up to a readable line."""
    wanted = []
    for index, column in enumerate(table.columns):
        cells = [_width(row[index]) for row in table.rows[:2_000] if index < len(row)]
        head = max((_width(word) for word in column.split()), default=0)
        longest = max(cells, default=0)
        wanted.append(max(min(head, 24), min(longest, 24 if index in table.numeric else 60), 4) + 2)
    return wanted


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
