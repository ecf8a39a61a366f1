"""Hostile names through the whole of it, to the finished file: nothing acts, nothing breaks, nothing is lost."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from clio.privacy.wall import clean_text
from clio.report.write import FORMATS, file_texts, write_report
from tests.report.browser import opened
from tests.report.documents import bare
from tests.report.hostile import NAMES, hostile_run
from tests.report.test_html import assert_inert
from tests.report.test_markdown import ALLOWED, parsed
from tests.report.test_pdf import opened as opened_pdf

for package in ("jinja2", "vl_convert", "typst", "docx", "pypdf", "markdown_it"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def files(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    made = hostile_run(run, folder / "run")
    return {form: write_report(made, folder / f"r.{form}", format=form) for form in FORMATS}


@pytest.mark.parametrize("form", FORMATS)
def test_every_name_is_there_whole(files: dict[str, Path], form: Any) -> None:
    text = "\n".join(file_texts(files[form].read_bytes(), form))
    if form == "md":
        text = parsed(files[form].read_text(encoding="utf-8"))[1]
    there = bare(text)
    assert not set("\u202e\u2066\u2069\u200f\x00") & set(text)
    for name in NAMES:
        wanted = bare(clean_text(name))
        if form == "pdf" and not wanted.isascii():  # lines of other scripts come back in the order they are drawn in
            assert {letter for letter in wanted if letter.isalpha()} <= set(there), name
        elif form == "pdf" and len(wanted) > 5_000:  # page feet stand between
            assert there.count(wanted[0]) >= len(wanted)
        else:
            assert wanted in there, name[:60]


def test_nothing_of_the_page_acts(files: dict[str, Path]) -> None:
    assert_inert(files["html"].read_text(encoding="utf-8"))
    for width in (1280, 390):
        with opened(files["html"], width=width) as view:
            view.unfold()
            assert view.page.evaluate("document.documentElement.scrollWidth") <= width
            assert view.asked == [files["html"].as_uri()]
            assert view.said == []


def test_nothing_of_the_pdf_acts_or_runs_over_the_page(files: dict[str, Path]) -> None:
    data = files["pdf"].read_bytes()
    for word in (b"/URI", b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/SubmitForm"):
        assert word not in data
    right: list[float] = []
    for page in opened_pdf(data).pages:
        size = float(page.mediabox.width)

        def visit(text: str, _: Any, matrix: Any, font: Any, points: float, size: float = size) -> None:
            if text.strip():
                right.append(matrix[4] / size)

        page.extract_text(visitor_text=visit)
    assert max(right) < 1


def test_nothing_of_the_docx_acts_or_points_outside(files: dict[str, Path]) -> None:
    with zipfile.ZipFile(io.BytesIO(files["docx"].read_bytes())) as parts:
        for name in parts.namelist():
            assert b'TargetMode="External"' not in parts.read(name)
        codes = re.findall(rb"<w:instrText[^>]*>([^<]*)<", parts.read("word/document.xml"))
    assert {code.split()[0] for code in codes} == {b"TOC"}


def test_nothing_of_the_markdown_is_markup(files: dict[str, Path]) -> None:
    kinds, _ = parsed(files["md"].read_text(encoding="utf-8"))
    assert kinds <= ALLOWED
