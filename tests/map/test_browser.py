"""The map in a real browser: what is drawn, what is sent back, and that nothing is asked of anybody."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest

from clio.map.colours import Colours
from clio.map.event import View
from clio.map.html import write_html
from clio.map.points import Points
from tests.map.browser import DRAWN, launcher, streamlit_app
from tests.map.test_payload import HOSTILE, frame

CIRCLE = """(e, i) => { const s = e.clioMap.parts.stage.getBoundingClientRect(), c = e.clioMap.circles[i];
  return [s.left + c.x, s.top + c.y, e.clioMap.model.ids[c.row]]; }"""


@pytest.fixture(scope="module")
def launch():
    with launcher() as found:
        yield found


@pytest.fixture(scope="module")
def opened(launch):
    return launch()


class Sheet:
    def __init__(self, opened: Any, address: str, **options: Any) -> None:
        self.page = opened.new_page(**({"viewport": {"width": 1000, "height": 700}} | options))
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.faults.append("dialog"), dialog.dismiss()))
        self.page.goto(address)
        self.page.wait_for_selector(DRAWN, timeout=60_000)
        self.map = self.page.locator(".clio-map")

    def get(self, expression: str) -> Any:
        return self.map.evaluate(f"e => {{ const m = e.clioMap; return {expression}; }}")

    def until(self, expression: str) -> None:
        """Waits for it to hold. Playwright's own waiting compiles text, which the page's policy forbids."""
        for _ in range(400):
            if self.get(expression):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"never true: {expression}")

    def circle(self, place: int) -> tuple[float, float, str]:
        return tuple(self.map.evaluate(CIRCLE, place))


def spread(names: list[str]) -> pd.DataFrame:
    """Clusters on a square grid, none over another."""
    clusters = frame(names)
    side = int(np.ceil(np.sqrt(len(names))))
    return clusters.assign(x=np.arange(len(names)) % side * 1.0, y=np.arange(len(names)) // side * 1.0)


def test_hostile_names_are_text_and_ask_nobody(opened, tmp_path):
    clusters = spread([*HOSTILE, "y" * 10_000])
    title = HOSTILE[2]
    colours = Colours.by_category(title, dict(zip(clusters["cluster_id"], clusters["name"], strict=True)))
    path = write_html(tmp_path / "m.html", clusters, colours=colours, title=title, caption=HOSTILE[1])
    sheet = Sheet(opened, path.as_uri())
    for place in range(len(clusters)):
        x, y, _ = sheet.circle(place)
        sheet.page.mouse.move(x, y)
    for kind in ("png", "svg"):
        size = sheet.map.evaluate(f"async e => (await e.clioMap.picture('{kind}')).size")
        assert size > 1000
    svg = sheet.map.evaluate("async e => (await e.clioMap.picture('svg')).text()")
    parsed = sheet.page.evaluate(
        "s => { const d = new DOMParser().parseFromString(s, 'image/svg+xml');"
        " return [...d.querySelectorAll('script, img, foreignObject, parsererror')].length; }",
        svg,
    )
    assert parsed == 0
    assert sheet.page.locator("main img, main script").count() == 0
    assert sheet.page.title() == "</script><script>alert(1)</script>"
    assert sheet.get("m.parts.labels.scrollWidth <= m.parts.stage.clientWidth + 1")
    assert sheet.asked == [path.as_uri()]
    assert sheet.faults == []


def test_mouse_keys_and_lasso(opened, tmp_path):
    path = write_html(tmp_path / "m.html", spread([f"cluster {i}" for i in range(9)]))
    sheet = Sheet(opened, path.as_uri())
    x, y, cluster = sheet.circle(0)
    sheet.page.mouse.click(x, y)
    assert sheet.get("m.model.ids[m.selected]") == cluster
    assert sheet.get("m.rings.length") == 1
    sheet.page.mouse.move(x, y)
    sheet.page.mouse.wheel(0, -300)
    assert sheet.get("m.camera.zoom") > 1.5
    nx, ny, _ = sheet.circle(0)
    assert abs(nx - x) < 3
    assert abs(ny - y) < 3
    stage = sheet.page.locator(".clio-stage")
    stage.focus()
    sheet.page.keyboard.press("0")
    sheet.until("m.camera.zoom === 1")
    sheet.page.keyboard.press("Escape")
    assert sheet.get("m.selected") is None
    sheet.page.keyboard.press("Enter")
    assert sheet.get("m.model.ids[m.selected]") == "0-0004"
    before = sheet.get("m.camera.x")
    sheet.page.keyboard.press("+")
    sheet.page.keyboard.press("ArrowRight")
    assert sheet.get("m.camera.x") > before
    sheet.page.keyboard.press("0")
    sheet.until("m.camera.zoom === 1")
    box = stage.bounding_box()
    sheet.page.keyboard.down("Shift")
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.5 - 0.1), (0.01, 0.5 - 0.1)]
    for i, (across, down) in enumerate(corners):
        sheet.page.mouse.move(box["x"] + across * box["width"] * 0.92, box["y"] + down * box["height"], steps=4)
        if i == 0:
            sheet.page.mouse.down()
    sheet.page.mouse.up()
    sheet.page.keyboard.up("Shift")
    assert sorted(sheet.get("[...m.lassoed].map(r => m.model.ids[r])")) == ["0-0006", "0-0007", "0-0008"]
    assert sheet.page.get_by_role("application").get_attribute("aria-label") == "Map of clusters: 9 clusters"
    assert sheet.page.locator(".clio-unseen li").count() == 9


def test_labels_do_not_overlap_at_any_zoom(opened, tmp_path):
    random = np.random.default_rng(4)
    clusters = frame([f"a name of some length {i}" for i in range(400)])
    clusters = clusters.assign(x=random.normal(size=400), y=random.normal(size=400))
    sheet = Sheet(opened, write_html(tmp_path / "m.html", clusters).as_uri())
    for _ in range(6):
        boxes = sheet.get("(m.paint(), m.placed.map(l => [l.x, l.y, l.w, l.h]))")
        assert boxes
        for i, (x, y, w, h) in enumerate(boxes):
            for u, v, s, t in boxes[:i]:
                assert x + w <= u or u + s <= x or y + h <= v or v + t <= y
        sheet.get("m.mover.zoomBy(1.7, 400, 300)")


def test_points_are_drawn_and_a_lost_context_comes_back(opened, tmp_path):
    random = np.random.default_rng(5)
    places = random.normal(size=(3000, 2)).astype(np.float32)
    points = Points.of(places[:, 0], places[:, 1], ["0-0000"] * 3000)
    path = write_html(tmp_path / "m.html", spread(["a", "b"]), points=points)
    sheet = Sheet(opened, path.as_uri())
    if not sheet.get("m.webgl"):
        pytest.skip("this Chromium has no WebGL")
    ink = """(() => { const c = document.createElement('canvas'), g = m.drawer.canvas;
      c.width = g.width; c.height = g.height; const x = c.getContext('2d'); x.drawImage(g, 0, 0);
      const d = x.getImageData(0, 0, c.width, c.height).data;
      let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()"""
    assert sheet.get(ink) > 1000
    sheet.map.evaluate("""e => {
      e.held = e.clioMap.drawer.canvas.getContext('webgl').getExtension('WEBGL_lose_context');
      e.held.loseContext(); }""")
    sheet.until("m.parts.message.textContent !== '' && m.drawer.lost")
    sheet.map.evaluate("e => e.held.restoreContext()")
    sheet.until("m.parts.message.textContent === '' && m.drawer.loaded && !m.pointsWaiting")
    sheet.until(f"{ink} > 1000")
    assert sheet.faults == []


def test_without_webgl_it_says_so_and_draws_the_clusters(launch, tmp_path):
    points = Points.of([0.0, 1.0], [0.0, 1.0], ["0-0000", None])
    path = write_html(tmp_path / "m.html", spread(["a", "b"]), points=points)
    sheet = Sheet(launch("--disable-gpu", "--disable-3d-apis"), path.as_uri())
    assert sheet.get("m.webgl") is False
    assert "no WebGL" in sheet.get("m.parts.message.textContent")
    assert sheet.get("m.circles.length") == 2


APP = """
import pandas as pd
import streamlit as st
from clio.map.colours import Colours
from clio.map.event import View
from clio.map.streamlit import cluster_map
from tests.map.test_browser import spread

clusters = spread([f"cluster {i}" for i in range(9)])
wanted = st.selectbox("Go to", [None, *clusters["cluster_id"]])
share = st.checkbox("Share")
colours = Colours.by_share("Share", {"0-0000": 0.5}) if share else None
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
view = View.read(st.session_state.setdefault("view", st.query_params.get("v")))
event = cluster_map(clusters, colours=colours, selected=wanted, key="map", height=420, view=view, view_in="v")
st.text(f"selected={event.selected} lasso={len(event.lasso)} webgl={event.webgl}")
st.text(f"runs={st.session_state['runs']} asked={st.query_params.get('v')}.")
"""


def test_in_streamlit_a_click_arrives_and_zoom_survives(opened, tmp_path):
    script = tmp_path / "app.py"
    script.write_text(APP, encoding="utf-8")
    with streamlit_app(script) as address:
        sheet = Sheet(opened, address)
        x, y, cluster = sheet.circle(2)
        sheet.page.mouse.move(x, y)
        sheet.page.mouse.wheel(0, -150)
        zoom = sheet.get("m.camera.zoom")
        sheet.page.mouse.click(x, y)
        sheet.page.get_by_text(f"selected={cluster} ").wait_for()
        sheet.page.get_by_text("Share", exact=True).click()
        sheet.page.locator(".clio-scale").wait_for()
        assert sheet.get("m.camera.zoom") == zoom
        assert sheet.get("m.model.ids[m.selected]") == cluster
        assert [url for url in sheet.asked if not url.startswith((address, "data:", "blob:"))] == []
        assert sheet.faults == []


def test_in_streamlit_the_view_is_kept_in_the_address_and_runs_nothing(opened, tmp_path):
    script = tmp_path / "app.py"
    script.write_text(APP, encoding="utf-8")
    with streamlit_app(script) as address:
        sheet = Sheet(opened, address)
        sheet.page.get_by_text("runs=1 ").wait_for()
        x, y, _ = sheet.circle(2)
        sheet.page.mouse.move(x, y)
        sheet.page.mouse.wheel(0, -150)
        sheet.page.wait_for_url("**/?v=*")
        view = View.read(parse_qs(urlsplit(sheet.page.url).query)["v"][0])
        assert view is not None
        assert view.scale == pytest.approx(sheet.get("m.camera.zoom"), rel=1e-3)
        sheet.page.wait_for_timeout(300)
        assert sheet.page.get_by_text("runs=1 asked=None.").count() == 1
        x, y, _ = sheet.circle(2)
        sheet.page.mouse.click(x, y)
        sheet.page.get_by_text("runs=2 asked=").wait_for()  # what runs next is told where the map is looked at from
        assert sheet.page.get_by_text("asked=None.").count() == 0
        there = Sheet(opened, sheet.page.url)
        assert there.get("m.camera.zoom") == pytest.approx(view.scale)
        assert there.get("m.camera.x") == pytest.approx(view.x)
        there.page.locator(".clio-stage").focus()
        there.page.keyboard.press("0")
        there.page.wait_for_url(lambda url: "v=" not in url)
        assert there.faults == sheet.faults == []
