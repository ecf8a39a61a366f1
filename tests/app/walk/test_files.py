"""What a browser really gets: figures as PNG and SVG, reports, the map with its filter, and a map without WebGL."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from clio.explore.release import Release, load
from clio.map.payload import unpack
from tests.app.walk.conftest import Served, Walk
from tests.app.walk.walker import _MARK, DRAWN, WIDTHS, Walker

BLIND = """const had = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return /webgl/.test(kind) ? null : had.call(this, kind, ...more);
};"""


@pytest.fixture(scope="session")
def release(run: Path) -> Release:
    return load(run)


@pytest.fixture
def blind(browser: Any, served: Served) -> Iterator[Walker]:
    """A browser whose WebGL is switched off."""
    wide, high = WIDTHS["desktop"]
    context = browser.new_context(viewport={"width": wide, "height": high}, accept_downloads=True)
    context.add_init_script(BLIND)
    yield (walker := Walker(context, served.address, "desktop"))
    walker.check()
    context.close()


def saved(there: Walker, button: Any) -> tuple[str, bytes]:
    with there.page.expect_download() as waiting:
        button.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize("address", ["trends", pytest.param("?tree=icicle", marks=pytest.mark.slow)])
def test_a_figure_is_saved_as_png_and_as_svg(walk: Walk, address: str) -> None:
    there = walk("desktop").open(address)
    there.page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for()
    there.settled()
    name, png = saved(there, there.page.get_by_role("button", name="Save the figure above as PNG").first)
    assert name.endswith(".png")
    assert png.startswith(b"\x89PNG\r\n")
    name, svg = saved(there, there.page.get_by_role("button", name="Save the figure above as SVG").first)
    assert name.endswith(".svg")
    drawn = ElementTree.fromstring(svg)
    assert drawn.tag.endswith("svg")
    there.shot("files-figure")
    words = {"".join(node.itertext()) for node in drawn.iter() if node.tag.endswith("text")}
    shown = there.page.locator("[data-testid=stPlotlyChart]").first.locator("text").all_text_contents()
    assert words & {text for text in shown if text.strip()}  # it is the figure above, and no other


@pytest.mark.slow
def test_a_report_is_handed_over(walk: Walk) -> None:
    there = walk("desktop").open("take_away")
    there.page.get_by_role("button", name="Make the report").click()
    ready = there.page.get_by_role("button", name=re.compile("Download the report"))
    ready.wait_for(timeout=60_000)
    there.settled().shot("files-report")
    name, page = saved(there, ready)
    assert name.endswith("-report.html")
    assert page.lower().startswith(b"<!doctype html>")


def test_the_map_file_keeps_filter_colour_and_size(walk: Walk, release: Release) -> None:
    value = release.single["model"].order[0]
    there = walk("desktop").open(f"take_away?f=model={value}&size=accounts")
    _, page = saved(there, there.page.get_by_role("button", name="Map (HTML)"))
    header, _ = unpack(base64.b64decode(page.split(b'id="clio-map-data">', 1)[1].split(b"<", 1)[0]))
    assert header["size"] == "accounts"
    assert header["colours"]["kind"] == "sequential"


def test_without_webgl_it_says_so_and_a_plotly_map_selects(blind: Walker, release: Release) -> None:
    blind.page.goto(f"{blind.address}/")
    blind.page.get_by_text("This browser has no WebGL").wait_for()
    blind.settled()
    assert blind.page.locator(".clio-map").count() == 0
    chart = blind.page.locator("[data-testid=stPlotlyChart]").first
    chart.locator(".points path").first.wait_for()
    blind.shot("files-blind")
    boxes = [point.bounding_box() for point in chart.locator(".points path").all()]
    largest = max(boxes, key=lambda box: box["width"])
    blind.page.mouse.click(largest["x"] + largest["width"] / 2, largest["y"] + largest["height"] / 2)
    for _ in range(400):
        if "c" in blind.params():
            break
        blind.page.wait_for_timeout(25)
    assert blind.params()["c"][0] in release.marks()
    name = release.rows[blind.params()["c"][0]]["name"]
    blind.page.locator(".st-key-w_detail h4").get_by_text(name).wait_for()
    blind.settled().shot("files-blind-chosen")


@pytest.mark.slow
def test_the_view_of_the_map_is_in_the_address_and_survives(walk: Walk, release: Release) -> None:
    there = walk("desktop").open()
    mark = there.clear_marks()[0]
    there.page.mouse.move(*there.page.locator(".clio-map").evaluate(_MARK, mark))
    there.page.mouse.wheel(0, -200)
    there.page.wait_for_url("**/?v=*")
    zoom, view = there.map("m.camera.zoom"), there.params()["v"]
    there.click_mark(mark)
    there.until_param("c", mark)
    there.settled()
    there.page.get_by_label("Colour", exact=True).click()
    there.page.get_by_role("option", name="Conversations per account").click()
    there.until_param("colour", "accounts")
    there.settled()
    there.until_param("v", view[0])
    assert there.map("m.camera.zoom") == zoom
    other = walk("desktop").open(f"?{urlsplit(there.page.url).query}")
    other.until_param("v", view[0])
    assert other.params() == there.params()
    assert other.map("m.camera.zoom") == pytest.approx(zoom, rel=1e-3)
    there.page.locator(".clio-stage").focus()
    there.page.keyboard.press("+")
    there.page.wait_for_url(lambda url: "v=" in url and parse_qs(urlsplit(url).query)["v"] != view)
    zoom, view = there.map("m.camera.zoom"), there.params()["v"]
    there.page.get_by_test_id("stButtonGroup").get_by_text("Icicle", exact=True).click()
    there.until_param("tree", "icicle")
    there.settled()
    there.until_param("v", view[0])
    there.menu("Trends")
    there.menu("Map and tree")
    there.page.locator(DRAWN).wait_for()
    there.until_param("v", view[0])
    assert there.map("m.camera.zoom") == zoom
    there.page.locator(".clio-stage").focus()
    there.page.keyboard.press("0")
    there.until_param("v", None)
    there.page.get_by_test_id("stButtonGroup").get_by_text("List", exact=True).click()
    there.until_param("tree", None)
    there.settled()
    assert "v" not in there.params()
