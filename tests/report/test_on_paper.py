"""The page printed: the tree unfolds, no table is clipped, figures fit, and what is for screens only is left out."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clio.config.report import ReportConfig
from clio.explore.release import Release, load
from clio.report.content import compose
from clio.report.document import Node
from clio.report.html import page
from tests.report.browser import View, opened
from tests.report.documents import bare
from tests.report.test_stability import nodes

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")
WIDTH = 666
"""Pixels of A4 less the margins of the style sheet: 176 mm at 96 to the inch."""

SEEN = """selector => [...document.querySelectorAll(selector)].filter(element => {
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && element.checkVisibility({contentVisibilityAuto: true});
}).map(element => element.textContent)"""
CLIPPED = """() => [...document.querySelectorAll('main *, header *')].filter(element => {
  if (element.closest('svg') || element.closest('.hidden') || !element.checkVisibility()) return false;
  const style = getComputedStyle(element);
  const over = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
  return over && style.overflow !== 'visible' && element.clientWidth > 0;
}).map(element => element.tagName + '.' + element.className)"""
BEYOND = """width => [...document.querySelectorAll('main *, header *')].filter(element =>
  !element.closest('.hidden') && element.checkVisibility() && element.getBoundingClientRect().right > width + 1
).map(element => element.tagName + '.' + element.className)"""


@pytest.fixture(scope="module")
def written(release: Release, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Node]]:
    report = compose(release, ReportConfig())
    path = tmp_path_factory.mktemp("printed") / "report.html"
    path.write_bytes(page(report))
    return path, nodes(report.document)


@pytest.fixture
def printed(written: tuple[Path, list[Node]]) -> Iterator[tuple[View, list[Node]]]:
    with on_paper(written[0]) as view:
        yield view, written[1]


@contextmanager
def on_paper(path: Path) -> Iterator[View]:
    with opened(path, width=WIDTH, height=1_000, scheme="dark") as view:
        view.page.emulate_media(media="print")
        yield view


def test_the_tree_unfolds_with_every_name_and_summary(printed: tuple[View, list[Node]]) -> None:
    view, found = printed
    assert view.page.evaluate("[...document.querySelectorAll('.tree details')].some(details => !details.open)")
    assert sorted(view.page.evaluate(SEEN, ".tree .name")) == sorted(node.name for node in found)
    said = [bare(text) for text in view.page.evaluate(SEEN, ".tree p")]
    assert sorted(said) == sorted(bare(node.summary) for node in found)


def test_nothing_is_clipped_and_nothing_runs_over_the_paper(printed: tuple[View, list[Node]]) -> None:
    view, _ = printed
    assert view.page.evaluate(CLIPPED) == []
    assert view.page.evaluate(BEYOND, WIDTH) == []


def test_one_drawing_of_each_figure_is_printed_and_paper_is_white(printed: tuple[View, list[Node]]) -> None:
    view, _ = printed
    shown = view.page.evaluate("[...document.querySelectorAll('.plot svg')].filter(s => s.checkVisibility()).length")
    assert shown == view.page.evaluate("document.querySelectorAll('figure').length")
    assert view.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not view.page.evaluate(SEEN, ".skip, footer, figure .data summary")


def test_the_printed_file_holds_every_name(printed: tuple[View, list[Node]]) -> None:
    pypdf = pytest.importorskip("pypdf")
    view, found = printed
    reader = pypdf.PdfReader(io.BytesIO(view.page.pdf(prefer_css_page_size=True)))
    # NFKC takes ligatures apart.
    text = bare(unicodedata.normalize("NFKC", "".join(page.extract_text() for page in reader.pages)))
    assert len(reader.pages) > 5
    assert [node.name for node in found if bare(node.name) not in text] == []
    assert [node.facts for node in found if bare(node.facts) not in text] == []


def test_hostile_names_stay_on_the_paper(hostile_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(page(compose(load(hostile_run), ReportConfig(detail="brief"))))
    with on_paper(path) as view:
        assert view.page.evaluate(BEYOND, WIDTH) == []
