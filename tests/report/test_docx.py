"""The report as DOCX, read back by python-docx."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from clio.errors import ConfigError
from clio.report.document import Document, Paragraph, Section, Table
from tests.report.documents import DOCUMENT, HOSTILE, every_kind, hostile, large, lost, titles, whole

docx = pytest.importorskip("docx")
pytest.importorskip("vl_convert")
from docx.oxml.ns import qn  # noqa: E402

from clio.report.docx import docx_bytes  # noqa: E402


def opened(data: bytes) -> Any:
    return docx.Document(io.BytesIO(data))


def said(data: bytes) -> str:
    """All text, in order, and what stands for figures."""
    body = opened(data).element.body
    told = [node.text or "" if node.tag == qn("w:t") else "\n" for node in body.iter(qn("w:t"), qn("w:p"))]
    alts = [node.get("descr", "") for node in body.iter(qn("wp:docPr"))]
    return "\n".join(["".join(told), *alts])


def test_every_string_is_in_the_file() -> None:
    assert lost(whole(), said(docx_bytes(whole()))) == []


@settings(max_examples=25, deadline=None)
@given(DOCUMENT)
def test_every_string_of_any_document_is_in_the_file(document: Document) -> None:
    assert lost(document, said(docx_bytes(document))) == []


def test_hostile_text_is_text_and_nothing_points_outside() -> None:
    data = docx_bytes(hostile())
    assert lost(hostile(), said(data)) == []
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            assert b'TargetMode="External"' not in parts.read(name)
        codes = re.findall(rb"<w:instrText[^>]*>([^<]*)<", parts.read("word/document.xml"))
    assert codes == [b'TOC \\o "1-2" \\h \\z \\u']


def test_headings_are_real_in_order_and_the_contents_lead_to_them() -> None:
    document = whole(sections=3)
    word = opened(docx_bytes(document))
    heads = [(p.style.name, p.text) for p in word.paragraphs if p.style.name.startswith("Heading")]
    assert [text for _, text in heads] == [*titles(document.sections), "Data of the figures"]
    assert heads[:2] == [("Heading 1", "Recipes 0"), ("Heading 2", "Recipes 0 b")]
    marks = {node.get(qn("w:name")): node.getparent() for node in word.element.body.iter(qn("w:bookmarkStart"))}
    for link in word.element.body.iter(qn("w:hyperlink")):
        text = "".join(node.text or "" for node in link.iter(qn("w:t")))
        assert text == "".join(node.text or "" for node in marks[link.get(qn("w:anchor"))].iter(qn("w:t")))


def test_tables_repeat_their_header_and_set_numbers_right() -> None:
    word = opened(docx_bytes(large()))
    table = word.tables[0]._tbl
    rows = table.findall(qn("w:tr"))
    assert len(rows) == 5_001
    assert [row.find(f".//{qn('w:tblHeader')}") is not None for row in rows[:3]] == [True, False, False]
    sides = [cell.find(f".//{qn('w:jc')}") for cell in rows[1].findall(qn("w:tc"))]
    assert [side is not None and side.get(qn("w:val")) for side in sides] == [False, "right", "right"]
    last = ["".join(node.text for node in cell.iter(qn("w:t"))) for cell in rows[-1].findall(qn("w:tc"))]
    assert last == ["Cluster number 4999", "4999", "100.0%"]


def test_figures_are_pictures_with_the_text_that_stands_for_them() -> None:
    word = opened(docx_bytes(Document("T", "", "", "en", (), (Section("s", "S", every_kind("Two bars")),))))
    assert len(word.inline_shapes) == 1
    assert word.inline_shapes[0]._inline.docPr.get("descr") == "Two bars"
    assert word.inline_shapes[0].width <= 6.5 * 914_400


def test_the_same_document_gives_the_same_bytes_and_no_date_of_today() -> None:
    data = docx_bytes(whole())
    assert data == docx_bytes(whole())
    about = opened(data).core_properties
    assert (about.title, about.author, about.language) == ("Recipes", "Recipes", "en")
    assert about.created.year == about.modified.year == 1980
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_characters_that_xml_does_not_allow_are_left_out() -> None:
    text = "q\x00u\x0bv\ufffew\ud800x\x1b y\u202ez 👩🏽‍🔬 العربية"
    output = said(docx_bytes(whole(text)))
    assert output.count("q u vwx yz 👩🏽🔬 العربية") > 10
    assert lost(whole(text), output) == []
    assert not set(output) & set("\x00\x0b\ufffe\ud800\x1b\u202e")


def test_empty_sections_and_blocks_are_no_fault() -> None:
    blocks = (Paragraph(""), Table("", (), ()), Table("", ("a",), ()))
    document = Document("", "", "", "", (), (Section("s", ""), Section("t", "T", blocks)))
    assert [p.text for p in opened(docx_bytes(document)).paragraphs if p.style.name == "Heading 1"] == ["", "T"]


@pytest.mark.parametrize("text", [HOSTILE[0], HOSTILE[18]])
def test_titles_of_any_length_do_for_the_properties(text: str) -> None:
    document = Document(text, text, text, "en", (), ())
    assert len(opened(docx_bytes(document)).core_properties.title) <= 255


def template(folder: Path, change: Any = None) -> Path:
    word = docx.Document()
    word.add_paragraph("Words of the template")
    word.sections[0].header.paragraphs[0].text = "House of Tests"
    word.sections[0].footer.paragraphs[0].text = "Street 1"
    word.styles["Heading 1"].font.name = "Georgia"
    if change is not None:
        change(word)
    word.save(str(folder / "report.docx"))
    return folder / "report.docx"


def test_a_template_of_ones_own_gives_page_styles_header_and_footer(tmp_path: Path) -> None:
    data = docx_bytes(whole(), template(tmp_path))
    assert lost(whole(), said(data)) == []
    word = opened(data)
    assert "Words of the template" not in said(data)
    assert word.sections[0].header.paragraphs[0].text == "House of Tests"
    foot = [paragraph.text for paragraph in word.sections[0].footer.paragraphs]
    assert foot[0] == "Street 1"
    assert "Page" in foot[1]
    assert word.styles["Heading 1"].font.name == "Georgia"
    assert docx_bytes(whole(), template(tmp_path)) == data


def test_a_template_may_lack_table_styles_and_deep_headings(tmp_path: Path) -> None:
    def bare_bones(word: Any) -> None:
        for name in ("Light List Accent 1", "Table Grid", "Heading 4", "Heading 9"):
            word.styles[name].element.getparent().remove(word.styles[name].element)

    deep = Section("s", "Deepest")
    for level in range(12):
        deep = Section("s", f"Above {level}", every_kind("x"), (deep,))
    document = Document("T", "", "", "en", (), (deep,))
    word = opened(docx_bytes(document, template(tmp_path, bare_bones)))
    assert [p.text for p in word.paragraphs if p.style.name == "Heading 3"][-1] == "Deepest"


def test_a_template_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    def without_title(word: Any) -> None:
        word.styles["Title"].element.getparent().remove(word.styles["Title"].element)

    def linked(word: Any) -> None:
        word.part.relate_to("https://example.invalid/x.png", "http://x/image", is_external=True)

    with pytest.raises(ConfigError, match="lacks the styles Title"):
        docx_bytes(whole(), template(tmp_path, without_title))
    with pytest.raises(ConfigError, match="points outside"):
        docx_bytes(whole(), template(tmp_path, linked))
    (tmp_path / "report.docx").write_text("no zip")
    with pytest.raises(ConfigError, match="is no DOCX file"):
        docx_bytes(whole(), tmp_path / "report.docx")
