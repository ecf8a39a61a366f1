"""The report as PDF, read back by pypdf: what is there, in which order, and that it stays on the page."""

from __future__ import annotations

import dataclasses
import io
import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from clio.errors import ConfigError
from clio.report.document import Document, Paragraph, Section, Table
from tests.report.documents import DOCUMENT, HOSTILE, bare, every_kind, hostile, large, lost, titles, whole

pytest.importorskip("typst")
pypdf = pytest.importorskip("pypdf")
from clio.report import pdf  # noqa: E402
from clio.report.pdf import TEMPLATE, pdf_bytes, pdf_pages, pdf_text, undrawn  # noqa: E402
from clio.report.write import write_report  # noqa: E402


def opened(data: bytes) -> Any:
    return pypdf.PdfReader(io.BytesIO(data))


def outline(items: Any) -> list[str]:
    return [title for item in items for title in (outline(item) if isinstance(item, list) else [item.title])]


def pages(data: bytes) -> list[str]:
    return [page.extract_text() for page in opened(data).pages]


def body(document: Document) -> str:
    """All text without page feet, which fall into the middle of what runs over pages."""
    foot = re.escape(pdf._data(document)["running"])
    return re.sub(rf"(?:{foot})?\s*Page \d+ of \d+", "", pdf_text(pdf_bytes(document)))


def test_every_string_is_in_the_file() -> None:
    assert lost(whole(), pdf_text(pdf_bytes(whole()))) == []


@settings(max_examples=25, deadline=None)
@given(DOCUMENT)
def test_every_string_of_any_document_is_in_the_file(document: Document) -> None:
    assert lost(document, body(document)) == []


@pytest.mark.parametrize("text", [text for text in HOSTILE if "ש" not in text and len(text) < 200])
def test_hostile_text_is_printed_as_it_is(text: str) -> None:
    document = Document(text, text, text, "en", ((text, text),), (Section("s", text, every_kind(text)),))
    assert lost(document, pdf_text(pdf_bytes(document))) == []


def test_nothing_in_the_file_acts_or_points_outside() -> None:
    data = pdf_bytes(hostile())
    for word in (b"/URI", b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/SubmitForm"):
        assert word not in data
    for page in opened(data).pages:
        for link in page.get("/Annots", ()):
            about = link.get_object()
            assert "/A" not in about or about["/A"]["/S"] == "/GoTo"


@pytest.mark.slow
def test_words_of_ten_thousand_letters_stay_between_the_margins() -> None:
    document = Document(
        "W" * 10_000, "x", "y", "en", (("f", "W" * 3_000),), (Section("s", "M" * 10_000, every_kind("W" * 10_000)),)
    )
    right: list[float] = []
    data = pdf_bytes(document)
    reader = opened(data)
    for page in reader.pages:
        size = float(page.mediabox.width)

        def visit(text: str, _: Any, matrix: Any, font: Any, points: float, size: float = size) -> None:
            if text.strip():
                right.append(matrix[4] / size)

        page.extract_text(visitor_text=visit)
    assert len(reader.pages) > 10
    assert max(right) < 1
    # A word that does not break runs past the margin in one line: then its page has few letters.
    assert bare(pdf_text(data)).count("W") >= 10_000 * 9


def test_headings_are_the_outline_and_the_contents_name_their_pages() -> None:
    document = whole(sections=3)
    data = pdf_bytes(document)
    reader = opened(data)
    told = outline(reader.outline)
    assert told[-1].endswith("Data of the figures")
    expected = titles(document.sections)
    assert [bare(re.sub(r"^[\d.]+ ", "", title)) for title in told if "Recipes" in title] == [bare(t) for t in expected]
    printed = pages(data)
    contents = next(text for text in printed if "Contents" in text)
    for title in ("Recipes 0", "Recipes 1", "Recipes 2"):
        number = int(re.search(rf"\d+\s+{title}[ .]*?\s*(\d+)\s*\n", contents + "\n")[1])  # type: ignore[index]
        assert title in printed[number - 1]


def test_every_page_but_the_first_says_which_it_is() -> None:
    printed = pages(pdf_bytes(whole(sections=4)))
    assert "Page 1 of" not in printed[0]
    for number, text in enumerate(printed[1:], 2):
        assert f"Page {number} of {len(printed)}" in text


def test_the_file_says_what_it_is_and_is_tagged() -> None:
    document = dataclasses.replace(whole(), title="What people ask", organisation="Research", language="de-AT")
    reader = opened(pdf_bytes(document))
    root = reader.trailer["/Root"]
    assert (reader.metadata.title, reader.metadata.author) == ("What people ask", "Research")
    assert root["/Lang"] == "de"
    assert root["/MarkInfo"]["/Marked"]
    assert "/CreationDate" not in reader.metadata
    assert "Abbildung 1" in pdf_text(pdf_bytes(document))


def test_a_figure_is_drawn_as_vectors_with_the_text_that_stands_for_it() -> None:
    picture = dataclasses.replace(every_kind("Bars")[5], alt="Two bars, the first longer.")  # type: ignore[type-var]
    data = pdf_bytes(Document("T", "", "", "en", (), (Section("s", "S", (picture,)),)))
    assert "Two bars, the first longer." in pdf_text(data)
    assert all(not page.images for page in opened(data).pages)


@pytest.mark.slow
def test_the_last_mark_of_a_figure_of_thousands_is_read_back(caplog: pytest.LogCaptureFixture) -> None:
    """Each mark that lets something through is a form of its own; pypdf stops at 5,000 of them by itself."""
    marks = "".join(
        f'<g opacity="0.5"><rect x="1" y="1" width="9" height="9"/><text x="2" y="{n % 70 + 9}">mark {n}</text></g>'
        for n in range(5_200)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="320" height="80" viewBox="0 0 320 80">{marks}</svg>'
    picture = dataclasses.replace(every_kind("Bars")[5], light=svg)  # type: ignore[type-var]
    text = pdf_text(pdf_bytes(Document("T", "", "", "en", (), (Section("s", "S", (picture,)),))))
    assert "mark 5199" in text
    assert not caplog.records


def test_the_same_document_gives_the_same_bytes() -> None:
    assert pdf_bytes(whole()) == pdf_bytes(whole())
    assert pdf_bytes(whole()) != pdf_bytes(whole("Other"))


def test_a_long_table_repeats_its_header_and_loses_no_row() -> None:
    document = large()
    printed = pages(pdf_bytes(document))
    with_rows = [text for text in printed if "Cluster number" in text]
    assert len(with_rows) > 50
    assert all("Conversations" in text for text in with_rows)
    numbers = [int(n) for n in itertools.chain(*(re.findall(r"Cluster number (\d+)", text) for text in with_rows))]
    assert numbers == list(range(5_000))


def test_long_words_are_whole_again_in_the_text_for_the_scan() -> None:
    secret = "sk-" + "".join(f"{i:03d}" for i in range(60))
    table = Table("", ("a", "b", "c"), (("x " * 20, secret, "z " * 20),))
    document = Document("T", "", "", "en", (), (Section("s", "S", (Paragraph(f"{'word ' * 12}{secret} end"), table)),))
    assert pdf_text(pdf_bytes(document)).count(secret) >= 1


def test_other_scripts_and_emoji_do_not_stop_it() -> None:
    text = "العربية مرحبا 中文字符 हिन्दी 👩🏽‍🔬 🇩🇪 e\u0301\u0301 \u202eevil \ud800 \x00 \x1b[31m"
    data = pdf_bytes(whole(text))
    assert len(opened(data).pages) > 2
    assert "\u202e" not in pdf_text(data)


def test_empty_sections_and_blocks_are_no_fault() -> None:
    empty = Table("", (), ())
    document = Document(
        "", "", "", "", (), (Section("s", ""), Section("t", "T", (Paragraph(""), empty, Table("", ("a",), ()))))
    )
    assert len(opened(pdf_bytes(document)).pages) >= 2
    assert len(pdf_pages(document, ppi=20)) >= 2


def test_a_template_of_ones_own_gets_the_same_data(tmp_path: Path) -> None:
    own = tmp_path / "own.typ"
    own.write_text("#let report = json(bytes(sys.inputs.report))\nOwn: #report.title")
    assert "Own: *x* #emph[y]" in pdf_text(pdf_bytes(dataclasses.replace(whole(), title="*x* #emph[y]"), own))
    copy = tmp_path / "report.typ"
    copy.write_bytes(TEMPLATE.read_bytes())
    assert pdf_bytes(whole(), copy) == pdf_bytes(whole())


def test_a_wrong_template_is_named_without_the_text_of_the_report(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.typ"
    wrong.write_text("#let report = json(bytes(sys.inputs.report))\n#report.nothing")
    with pytest.raises(ConfigError, match="does not compile") as raised:
        pdf_bytes(whole("Private words"), wrong)
    assert "Private words" not in str(raised.value)
    with pytest.raises(ConfigError, match="is not there; `templates` of"):
        pdf_bytes(whole(), tmp_path / "absent.typ")


class OwnFonts:
    """typst with the fonts it brings and those that it is given, whatever this computer has."""

    def __init__(self, typst: Any) -> None:
        self.typst, self.TypstError, self.asked = typst, typst.TypstError, []

    def compile(self, *given: Any, **named: Any) -> Any:
        self.asked.append(named["font_paths"])
        return self.typst.compile(*given, **named, ignore_system_fonts=True)


@pytest.fixture
def own_fonts(monkeypatch: pytest.MonkeyPatch) -> OwnFonts:
    made = OwnFonts(pdf._typst())
    monkeypatch.setattr(pdf, "_typst", lambda: made)
    return made


def test_characters_that_no_font_has_are_told(own_fonts: OwnFonts) -> None:
    document = whole("Grüße αβγ שלום ﬁne 中文 हि 😀")
    assert undrawn(document) == sorted("中文😀")
    assert undrawn(whole()) == []


def test_a_folder_of_fonts_draws_them(own_fonts: OwnFonts, tmp_path: Path) -> None:
    found = list(Path("/usr/share/fonts").rglob("NotoSansThai-*.ttf"))
    if not found:
        pytest.skip("needs Noto Sans Thai under /usr/share/fonts")
    shutil.copy(found[0], tmp_path)
    document = whole("ไทยแลนด์")
    assert undrawn(document) == sorted(set("ไทยแลนด"))
    assert undrawn(document, [tmp_path]) == []
    assert pdf_text(pdf_bytes(document, fonts=[tmp_path])).count("\N{REPLACEMENT CHARACTER}") == 0


def test_the_config_names_the_folder_and_the_command_tells_what_is_missing(
    run: Path, own_fonts: OwnFonts, tmp_path: Path
) -> None:
    (tmp_path / "fonts").mkdir()
    said: list[str] = []
    config = {"title": "中文", "detail": "brief", "fonts": tmp_path / "fonts"}
    write_report(run, tmp_path / "r.pdf", format="pdf", config=config, say=said.append)
    assert own_fonts.asked[-1] == [tmp_path / "fonts"]
    (line,) = said
    assert "2 characters" in line
    assert "中 (U+4E2D)" in line
    write_report(run, tmp_path / "plain.pdf", format="pdf", config={"detail": "brief"}, say=said.append)
    assert len(said) == 1
