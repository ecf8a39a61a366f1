"""A report as GitHub-flavoured Markdown. Names are written by models: none becomes a link, an image, HTML or a formula.

Figures are their title, what they show in words, and their data as a table. Nothing here needs an extra.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clio.privacy.wall import clean_text
from clio.report.document import Block, Document, Metrics, Node, Paragraph, Picture, Points, Section, Table, Tree

_MARKS = re.compile(r"([\\`*_{}\[\]<>&|~$^])")
# What only begins a line makes a heading, a list, a quote, a fence, a rule or the underline of a heading.
_FIRST = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=[#+\-=:]))")
_JOINER = "\N{WORD JOINER}"
# Web and mail addresses, :emoji:, @mentions and #issues are looked for in the finished text, after escapes are undone:
# only a character in between keeps them plain.
_LIVE = re.compile(r"(?<=[:@#])(?=[^\s:@#])|(?<=www)(?=\.)|(?<=\bGH-)(?=\d)", re.I)
_DEEPEST = 12


def markdown_text(document: Document) -> str:
    """The document as one Markdown text: headings, paragraphs, lists and tables."""
    lines = [f"# {escaped(document.title)}", ""]
    lines += [escaped(document.subtitle), ""] if document.subtitle else []
    lines += [escaped(document.organisation), ""] if document.organisation else []
    lines += [f"- {escaped(key)}: {escaped(value)}" for key, value in document.facts]
    for section in document.sections:
        lines += ["", *_section(section, 2)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def escaped(text: str) -> str:
    """One clean line, for any place within a line or at the head of one, of which Markdown reads nothing as markup."""
    marked = _MARKS.sub(r"\\\1", _LIVE.sub(_JOINER, clean_text(text)))
    return _FIRST.sub(lambda found: (found[1] or "") + "\\", marked)


def _bold(text: str) -> str:
    marked = escaped(text)
    return f"**{marked}**" if marked else ""


def _section(section: Section, level: int) -> Iterator[str]:
    yield from (f"{'#' * min(level, 6)} {escaped(section.title)}", "")
    for block in section.blocks:
        yield from (*_block(block), "")
    for below in section.sections:
        yield from (*_section(below, level + 1), "")


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield escaped(block.text)
        case Points():
            # Another mark than that of headline numbers: two lists with the same would be one.
            yield from (f"* {escaped(item)}" for item in block.items)
        case Metrics():
            for item in block.items:
                note = f" ({escaped(item.note)})" if item.note else ""
                yield f"- {escaped(item.label)}: {_bold(item.value)}{note}"
        case Table():
            yield from _table(block)
        case Picture():
            yield from (_bold(block.title), "", escaped(block.alt), "")
            yield from (*_table(block.table), "", escaped(block.note))
        case Tree():
            yield from (escaped(block.note), "", *_nodes(block.nodes))


def _table(table: Table) -> Iterator[str]:
    yield from (_bold(table.caption), "")
    if not table.columns:
        return
    yield _row(table.columns)
    yield _row(["---:" if index in table.numeric else "---" for index in range(len(table.columns))], raw=True)
    yield from (_row(row) for row in table.rows)


def _row(cells: tuple[str, ...] | list[str], raw: bool = False) -> str:
    return f"| {' | '.join(cell if raw else escaped(cell) for cell in cells)} |"


def _nodes(nodes: tuple[Node, ...], depth: int = 0) -> Iterator[str]:
    indent = "  " * min(depth, _DEEPEST)
    for node in nodes:
        yield f"{indent}- {_bold(node.name)} {escaped(node.facts)}".rstrip()
        if node.summary:
            yield from ("", f"{indent}  {escaped(node.summary)}", "")
        yield from _nodes(node.children, depth + 1)
