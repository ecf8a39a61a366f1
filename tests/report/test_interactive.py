"""The page whose figures move: all of them do, the map is drawn, and nothing is said, asked for or let in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clio.report.write import write_report
from tests.map.browser import DRAWN
from tests.report.browser import View, opened

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")
pytest.importorskip("plotly")

MOVING = "figure[data-key] .moving"


def looked_through(view: View) -> None:
    """As a reader would, section by section: figures begin to move when they come near the window."""
    view.unfold()
    figures = view.page.locator("figure[data-key]")
    for number in range(figures.count()):
        figures.nth(number).scroll_into_view_if_needed()
        view.page.wait_for_selector(f"figure[data-key] >> nth={number} >> .moving >> nth=0", timeout=60_000)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), pytest.param(390, "dark", marks=pytest.mark.slow)])
def test_every_figure_moves_and_nothing_is_asked_of_anyone(run: Path, tmp_path: Path, width: int, scheme: Any) -> None:
    path = write_report(run, tmp_path / "report.html", interactive=True)
    with opened(path, width=width, scheme=scheme) as view:
        looked_through(view)
        keys = view.page.evaluate("[...document.querySelectorAll('figure[data-key]')].map(f => f.dataset.key)")
        plots = view.page.evaluate(
            "[...document.querySelectorAll('.js-plotly-plot .main-svg')].map(s => s.closest('figure').dataset.key)"
        )
        assert set(plots) == set(keys) - {"map"}
        assert "map" in keys
        view.page.locator("#clio-map").scroll_into_view_if_needed()
        view.page.wait_for_selector(f"#clio-map {DRAWN}, #clio-map{DRAWN}", timeout=60_000)
        canvases = view.page.evaluate(
            "[...document.querySelectorAll('#clio-map canvas')].filter(c => c.width > 100 && c.height > 100).length"
        )
        assert canvases > 0
        drawn = view.page.evaluate(
            "[...document.querySelectorAll('.plot > .wide')].filter(e => e.checkVisibility()).length"
        )
        assert drawn == 0
        assert view.page.evaluate("document.documentElement.scrollWidth") <= width
        assert view.asked == [path.as_uri()]
        assert view.said == []


def test_hostile_names_move_without_acting(hostile_run: Path, tmp_path: Path) -> None:
    from clio.config.report import ReportConfig
    from clio.explore.release import load
    from clio.report.content import compose
    from clio.report.html import page

    release = load(hostile_run)
    path = tmp_path / "report.html"
    path.write_bytes(page(compose(release, ReportConfig(detail="brief")), moving=release))
    with opened(path) as view:
        looked_through(view)
        assert not view.page.evaluate("[...document.querySelectorAll('main a, main img, main iframe')].length")
        assert view.asked == [path.as_uri()]
        assert view.said == []


def test_on_paper_and_without_scripts_the_drawn_figures_stay(run: Path, tmp_path: Path) -> None:
    path = write_report(run, tmp_path / "report.html", interactive=True, config={"detail": "brief"})
    with opened(path) as view:
        looked_through(view)
        view.page.emulate_media(media="print")
        shown = "[...document.querySelectorAll('.plot svg[role=img]')].filter(s => s.checkVisibility()).length"
        assert view.page.evaluate(shown) == view.page.evaluate("document.querySelectorAll('figure').length")
        assert not view.page.evaluate(f"[...document.querySelectorAll('{MOVING}')].some(e => e.checkVisibility())")
        still = view.page.context.browser.new_context(java_script_enabled=False).new_page()
        still.goto(path.as_uri())
        assert still.locator(".plot > .wide svg").first.is_visible()
