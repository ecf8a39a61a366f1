"""A report in Chromium: opened from disk, with everything that the page says or asks for written down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.map.browser import launcher


@dataclass
class View:
    """An open page, and what it did."""

    page: Any
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def unfold(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")


@contextmanager
def opened(path: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> Iterator[View]:
    """The file in a window of that size; nothing may be asked of any host but for the file itself."""
    with launcher() as launch:
        context = launch().new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        view = View(context.new_page())
        view.page.on("request", lambda request: view.asked.append(request.url))
        view.page.on("console", lambda message: view.said.append(message.text))
        view.page.on("pageerror", lambda error: view.said.append(str(error)))
        view.page.on("dialog", lambda dialog: view.said.append("dialog"))
        view.page.goto(path.as_uri())
        yield view


def axe_core() -> str:
    """The script of axe-core: of the file in CLIO_AXE, or of the package that carries it."""
    spec = find_spec("axe_playwright_python")
    places = [Path(place) / "axe.min.js" for place in (spec.submodule_search_locations or ())] if spec else []
    if own := os.environ.get("CLIO_AXE"):
        places = [Path(own)]
    for place in places:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    pytest.skip("needs axe-core: pip install axe-playwright-python (extra dev), or CLIO_AXE=axe.min.js")
