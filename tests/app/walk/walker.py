"""One page of the explorer in a real browser: where it went, what it said, and what went wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.map.browser import DRAWN

WIDTHS = {"desktop": (1360, 860), "phone": (390, 844)}
PICTURES = os.environ.get("CLIO_WALK_PICTURES")
"""A folder to keep a picture of every step in, to look at."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
KNOWN = (
    "GPU stall due to ReadPixels",
    "Automatic fallback to software WebGL",
)
"""What Chromium says of its own software WebGL: no fault of the page."""
PROBE = re.compile(r"/[a-z_]+/_stcore/(health|host-config)$")
"""On a page's own address Streamlit looks below it for a server first, is told 404, and goes on to the root."""
_IDLE = """() => { const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState === 'notRunning' && !document.querySelector('[data-stale=true]'); }"""
_MARK = """(e, row) => { const m = e.clioMap, s = m.parts.stage.getBoundingClientRect();
  const c = m.circles.find(c => m.model.ids[c.row] === row); return c && [s.left + c.x, s.top + c.y]; }"""
_ON_TOP = """e => { const m = e.clioMap, s = m.parts.stage.getBoundingClientRect(), root = m.parts.root.getRootNode();
  return m.circles.filter(c => {
    const x = s.left + c.x, y = s.top + c.y, at = root.elementFromPoint(x, y);
    return at && m.parts.stage.contains(at) && m.circles.every(o => o === c || Math.hypot(o.x - c.x, o.y - c.y) > o.r);
  }).map(c => m.model.ids[c.row]); }"""


class Walker:
    """Everything a page of the context asks for is kept, from its first byte on."""

    def __init__(self, context: Any, address: str, width: str) -> None:
        self.address, self.width, self.steps = address, width, 0
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._told)
        self.page.on("dialog", lambda dialog: (self.faults.append("dialog"), dialog.dismiss()))

    def _told(self, message: Any) -> None:
        where = str((message.location or {}).get("url", ""))
        probe = "404" in message.text and PROBE.search(urlsplit(where).path)
        if message.type == "error" and not probe and not any(known in message.text for known in KNOWN):
            self.faults.append(f"{message.text} ({urlsplit(where).path})")

    def open(self, path: str = "") -> Walker:
        """Go to a page of the app and wait until it is drawn."""
        self.page.goto(f"{self.address}/{path}")
        self.page.locator("h1").first.wait_for()
        if urlsplit(f"/{path}").path == "/":
            self.page.locator(DRAWN).wait_for()
        return self.settled()

    def menu(self, title: str) -> Walker:
        """To another page, as a person goes there."""
        if self.width == "phone":
            self.page.get_by_test_id("stExpandSidebarButton").click()
        self.page.get_by_role("link", name=title, exact=True).first.click()
        return self.settled()

    def settled(self) -> Walker:
        """Until the script has run and nothing on the page is stale."""
        self.page.wait_for_timeout(50)
        self.page.wait_for_function(_IDLE)
        return self

    def press(self, what: Any) -> None:
        """A tap on a phone, a click at a desk."""
        what.tap() if self.width == "phone" else what.click()

    def params(self) -> dict[str, list[str]]:
        """The address as the browser shows it."""
        return parse_qs(urlsplit(self.page.url).query)

    def until_param(self, name: str, value: str | None) -> None:
        """Until the address names it (None: names none)."""
        for _ in range(400):
            if self.params().get(name, [None])[-1] == value:
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"the address never came to {name}={value}: {self.params()}")

    def map(self, expression: str) -> Any:
        """Of the map: ``m`` is the object that draws it."""
        return self.page.locator(".clio-map").evaluate(f"e => {{ const m = e.clioMap; return {expression}; }}")

    def until_map(self, expression: str) -> None:
        """Until it holds of the map."""
        for _ in range(400):
            if self.map(expression):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"never true of the map: {expression}")

    def clear_marks(self) -> list[str]:
        """Marks that a pointer reaches: on the screen, under no other mark and not under the legend."""
        self.page.locator(".clio-stage").scroll_into_view_if_needed()
        found: list[str] = self.page.locator(".clio-map").evaluate(_ON_TOP)
        return found

    def click_mark(self, cluster: str) -> None:
        """Click a cluster on the map."""
        place = self.page.locator(".clio-map").evaluate(_MARK, cluster)
        self.page.mouse.click(*place)

    def click_row(self, row: int, table: int = 0) -> None:
        """Click a row's box, counted from 0. Tables are drawn on a canvas: a row is where its height puts it."""
        grid = self.page.get_by_test_id("stDataFrame").nth(table)
        grid.scroll_into_view_if_needed()
        grid.click(position={"x": 16, "y": 36 + 35 * row + 17})

    def text(self) -> str:
        """What is on the page, as one line."""
        return " ".join(self.page.get_by_test_id("stMain").inner_text().split())

    def metric(self, label: str) -> str:
        """The value of a headline number."""
        found = self.page.get_by_test_id("stMetric").filter(has_text=label)
        return str(found.get_by_test_id("stMetricValue").first.inner_text())

    def shot(self, name: str) -> None:
        """A picture, where they are wanted."""
        if PICTURES:
            self.steps += 1
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.wait_for_timeout(50)
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}-{self.steps}-{self.width}.png"))

    def check(self) -> None:
        """Nothing asked of another host, nothing failed, nothing wider than the screen."""
        hosts = [url for url in self.asked if not url.startswith(("data:", "blob:"))]
        assert hosts, "nothing was recorded: this check sees nothing"
        assert [url for url in hosts if urlsplit(url).hostname not in LOOPBACK] == []
        assert not self.faults, "; ".join(self.faults)[:2_000]
        self.fits()

    def fits(self) -> None:
        """The page does not scroll sideways, and no block sticks out of it."""
        wide = self.page.evaluate(
            "most => [document.documentElement, document.querySelector('[data-testid=stMain]')]"
            ".filter(e => e.scrollWidth > Math.min(most, e.clientWidth) + 1).map(e => [e.tagName, e.scrollWidth])",
            WIDTHS[self.width][0],
        )
        assert wide == [], f"the page is wider than the {self.width}: {wide}"
