"""The report as Markdown, read back by a parser."""

from __future__ import annotations

import html

import pytest
from hypothesis import given, settings

from clio.report.document import Document, Section
from clio.report.markdown import escaped, markdown_text
from tests.report.documents import BLOCK, DOCUMENT, HOSTILE, TEXT, every_kind, hostile, large, lost, titles, whole

MarkdownIt = pytest.importorskip("markdown_it").MarkdownIt

ALLOWED = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "bullet_list_open",
    "bullet_list_close", "list_item_open", "list_item_close", "table_open", "table_close", "thead_open", "thead_close",
    "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "text",
    "strong_open", "strong_close", "softbreak",
}  # fmt: skip


def parsed(text: str) -> tuple[set[str], str]:
    """Kinds of tokens, and the text that a reader sees."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    kinds, said = set(), []
    for token in parser.parse(text):
        kinds.add(token.type)
        for child in token.children or ():
            kinds.add("text" if child.type == "text_special" else child.type)
            said.append(child.content)
        said.append("\n")
    return kinds, "".join(said)


def test_nothing_that_a_name_holds_becomes_a_link_a_picture_or_markup() -> None:
    kinds, said = parsed(markdown_text(hostile()))
    assert kinds <= ALLOWED
    assert lost(hostile(), said) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_every_hostile_text_is_read_as_itself_wherever_it_stands(text: str) -> None:
    document = Document(text, text, text, "en", ((text, text),), (Section("s", text, every_kind(text)),))
    kinds, said = parsed(markdown_text(document))
    assert kinds <= ALLOWED
    assert lost(document, said) == []


@settings(max_examples=150, deadline=None)
@given(DOCUMENT)
def test_every_string_of_any_document_is_there_as_plain_text(document: Document) -> None:
    kinds, said = parsed(markdown_text(document))
    assert kinds <= ALLOWED
    assert lost(document, said) == []


@given(TEXT, BLOCK)
def test_addresses_and_mentions_are_not_whole_in_the_rendered_text(text: str, block: object) -> None:
    """Hosts look for them after Markdown is undone, so no parser shows it: the text itself must not have them."""
    shown = html.unescape(escaped(text)).replace("\\", "")
    for live in ("://", "www.", "@s", "@e", ":smile", "#12"):
        assert live not in shown.lower()


def test_headings_stand_in_order_and_no_deeper_than_there_are() -> None:
    document = whole()
    heads = [line.lstrip("# ") for line in markdown_text(document).splitlines() if line.startswith("#")]
    assert heads == [document.title, *titles(document.sections)]
    deep = Section("s", "Deepest")
    for level in range(12):
        deep = Section("s", f"Above {level}", (), (deep,))
    assert "\n###### Deepest" in markdown_text(Document("", "", "", "en", (), (deep,)))


def test_a_table_keeps_its_shape_whatever_its_cells_hold() -> None:
    rows = [line for line in markdown_text(large(300)).splitlines() if line.startswith("|")]
    assert len(rows) == 302
    assert rows[1] == "| --- | ---: | ---: |"


def test_an_empty_document_is_an_empty_report() -> None:
    assert markdown_text(Document("T", "", "", "en", (), (Section("s", "Empty"),))) == "# T\n\n## Empty\n"


def test_numbers_stay_readable() -> None:
    assert escaped("9.5 to 15 %") == "9.5 to 15 %"
    assert escaped("weeks of 2026-09-07") == "weeks of 2026-09-07"
