"""Documents for the writers: hand-written, hostile, and random."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from clio.privacy.wall import clean_text
from clio.report.document import (
    Block,
    Document,
    Metric,
    Metrics,
    Node,
    Paragraph,
    Picture,
    Points,
    Section,
    Table,
    Tree,
)  # fmt: skip

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="80" viewBox="0 0 320 80">'
    '<rect width="200" height="40" fill="#0b4f8a"/><text x="4" y="70" font-size="12">Bars</text></svg>'
)
HOSTILE = (
    "<script>alert(1)</script>", "![x](https://example.invalid/a.png)", "[click](javascript:alert(1))",
    "$x^2$ and $$y$$",
    "*bold* _em_ `code` ~~gone~~ ``` fence", "#emph[typst] #read(\"/etc/passwd\") #import \"@preview/x:0.1.0\": *",
    "= heading", "# heading", "- item", "1. item", "> quote", "---", "a | b | c", "\\ \\\\ \\#",
    "&lt;b&gt; &#64; &amp;",
    "https://example.invalid/x www.example.invalid mail@example.invalid", "<https://example.invalid>",
    ":smile: @someone #12",
    "W" * 10_000, "[x]: https://example.invalid", "<!-- hidden --> ]]> <?php", "=HYPERLINK(\"http://example.invalid\")",
    "שלום עולם", "@label <label> $ sum_1^2 $ // comment /* c */", "[^1] [x][y] ![a][b]", "+ plus", "1) one", "~~~",
    "===",
    "{{ 7 * 7 }} {% raw %}", "|", "**", "`", "www.example.invalid", "Electroencephalographically yours",
)  # fmt: skip


def picture(text: str = "Bars", key: str = "bars") -> Picture:
    table = Table(text, (text, "Count"), ((text, "12"),), frozenset({1}), folded=True)
    return Picture(key, text, SVG, "", text, text, table)


def every_kind(text: str) -> tuple[Block, ...]:
    node = Node("0", text, text, text, (Node("1", text, text, text),))
    return (
        Paragraph(text), Paragraph(text, quiet=True), Points((text, text)), Metrics((Metric(text, text, text),)),
        Table(text, (text, text), ((text, text), (text, "2")), frozenset({1})), picture(text), Tree((node,), text),
    )  # fmt: skip


def whole(text: str = "Recipes", sections: int = 2) -> Document:
    made = tuple(Section(f"s{i}", f"{text} {i}", every_kind(text), (Section(f"s{i}b", f"{text} {i} b"),))
                 for i in range(sections))  # fmt: skip
    return Document(text, text, text, "en", ((text, text),), made, {"contents": "Contents", "page": "Page"})


def hostile() -> Document:
    sections = tuple(Section(f"h{i}", text, every_kind(text)) for i, text in enumerate(HOSTILE))
    return Document(HOSTILE[0], HOSTILE[5], HOSTILE[1], "en", tuple((text, text) for text in HOSTILE), sections)


def texts(value: Any) -> Iterator[str]:
    """Every string that a reader is shown, or told in place of a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Picture):
        yield from (value.title, value.alt, value.note, *texts(value.table))
    elif isinstance(value, Document):
        yield from texts((value.title, value.subtitle, value.organisation, value.facts, value.sections))
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in ("key", "cluster_id"):
                yield from texts(getattr(value, field.name))


def sections(found: tuple[Section, ...]) -> Iterator[Section]:
    """Every section, those within others too."""
    for one in found:
        yield one
        yield from sections(one.sections)


def section(document: Document, key: str) -> Section:
    return next(one for one in sections(document.sections) if one.key == key)


def said(value: Any) -> str:
    """All strings as one."""
    return "\n".join(texts(value))


def bare(text: str) -> str:
    """Text without spaces and marks that writers put in to break or to disarm it."""
    return re.sub(r"[\s\u200b\u2060]+", "", text)


def lost(document: Document, output: str) -> list[str]:
    """Strings of a document that an output does not hold."""
    there = bare(output)
    return sorted({text for text in texts(document) if bare(clean_text(text)) not in there})


def titles(sections: tuple[Section, ...]) -> list[str]:
    return [title for section in sections for title in (section.title, *titles(section.sections))]


# Letters of which fonts that come with typst have all; other scripts depend on the computer's fonts.
_ALPHABET = st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")) | st.sampled_from(
    "äöüßéñçøАБВгдеαβγ“”–…·€×%"
)
_WORDS = st.text(_ALPHABET, max_size=40)
TEXT = st.one_of(_WORDS, st.sampled_from(HOSTILE).filter(lambda text: "ש" not in text and len(text) < 200))
BLOCK = st.one_of(
    st.builds(Paragraph, TEXT, st.booleans()),
    st.builds(Points, st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(Metrics, st.lists(st.builds(Metric, TEXT, TEXT, TEXT), max_size=5).map(tuple)),
    st.builds(lambda caption, columns, rows: Table(caption, tuple(columns), tuple(rows), frozenset({1})), TEXT,
              st.lists(TEXT, min_size=2, max_size=2), st.lists(st.tuples(TEXT, TEXT), max_size=4)),
    TEXT.map(picture),
    st.builds(lambda name, text: Tree((Node("0", name, text, text, (Node("1", text, name, name),)),), text), TEXT,
              TEXT),
)  # fmt: skip
SECTION = st.builds(
    lambda title, blocks, below: Section("s", title, tuple(blocks), tuple(below)), TEXT, st.lists(BLOCK, max_size=3),
    st.lists(st.builds(lambda title: Section("b", title), TEXT), max_size=2),
)  # fmt: skip
DOCUMENT = st.builds(
    lambda title, subtitle, organisation, facts, sections: Document(
        title, subtitle, organisation, "en", tuple(facts), tuple(sections)
    ),
    TEXT, TEXT, TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=3), st.lists(SECTION, max_size=3),
)  # fmt: skip


def large(rows: int = 5_000) -> Document:
    lines = tuple((f"Cluster number {i}", str(i), f"{i / rows:.1%}") for i in range(rows))
    table = Table("All clusters", ("Name", "Conversations", "Share"), lines, frozenset({1, 2}))
    return Document("Large", "", "", "en", (), (Section("t", "Tables", (table,)),))
