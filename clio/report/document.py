"""What a report is, whatever it is written as: sections of a few kinds of blocks.

Every string is plain text, cleaned by :func:`clio.explore.safe.plain` when the document is made. None is markup in any
language: each writer escapes all of them in its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; ``quiet`` for notes set smaller."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One headline number, written out for a reader: ``value`` is "1,204", not 1204."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Headline numbers side by side."""

    items: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers with a caption. Cells are written out for a reader; ``numeric`` says which columns align right."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    folded: bool = False
    """Whether a page on screen shows it only when it is opened (the data behind a figure)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as SVG, in both themes, with what stands for it where it is not seen."""

    key: str
    """Letters, digits and dashes; unique in the document."""
    title: str
    light: str
    """SVG for paper and light screens."""
    dark: str
    """SVG for dark screens; empty where there is no such screen."""
    alt: str
    note: str
    table: Table
    """What is drawn."""


@dataclass(frozen=True, slots=True)
class Node:
    """One cluster of the hierarchy as a report shows it."""

    cluster_id: str
    name: str
    summary: str
    facts: str
    """Counts, accounts, share, in one line."""
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """The hierarchy, to fold and unfold."""

    nodes: tuple[Node, ...]
    note: str = ""


Block = Paragraph | Points | Metrics | Table | Picture | Tree


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with blocks and sections under it."""

    key: str
    """Letters, digits and dashes; unique in the document: the anchor."""
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    organisation: str
    language: str
    """BCP 47 tag of the fixed text: ``en`` or ``de``."""
    facts: tuple[tuple[str, str], ...]
    """What stands on the title page: period, conversations, accounts, version, run digest, content hash."""
    sections: tuple[Section, ...]
    words: Mapping[str, str] = field(default_factory=dict)
    """Fixed words that writers need ("Contents", "Table", "Figure", "Page", "Data of this figure"), in ``language``."""
