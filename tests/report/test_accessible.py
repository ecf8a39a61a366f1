"""The page under axe-core, where somebody unpacked it (`npm pack axe-core`) and says where in CLIO_AXE."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from clio.config.report import ReportConfig
from clio.explore.release import Release
from clio.report.content import compose
from clio.report.html import page
from tests.map.browser import launcher

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_axe_finds_nothing(release: Release, tmp_path: Path, width: int, scheme: Any) -> None:
    axe = Path(os.environ.get("CLIO_AXE", ""))
    if not axe.is_file():
        pytest.skip("needs axe-core: npm pack axe-core, unpack it, CLIO_AXE=package/axe.min.js")
    path = tmp_path / "report.html"
    path.write_bytes(page(compose(release, ReportConfig())))
    with launcher() as launch:
        view = launch().new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        view.goto(path.as_uri())
        view.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        view.evaluate(axe.read_text(encoding="utf-8"))
        found = view.evaluate("axe.run()")
        assert [(rule["id"], rule["impact"], len(rule["nodes"])) for rule in found["violations"]] == []
