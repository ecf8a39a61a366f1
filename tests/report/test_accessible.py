"""The page under axe-core, everything unfolded, at desktop and phone width, light and dark, still and moving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clio.config.report import ReportConfig
from clio.explore.release import Release, load
from clio.report.content import compose
from clio.report.html import page
from tests.report.browser import View, axe_core, opened

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")


CONTRAST = {"runOnly": ["color-contrast"]}


def violations(view: View, rules: dict[str, Any] | None = None) -> list[Any]:
    view.unfold()
    view.page.evaluate(axe_core())
    found = view.page.evaluate("rules => axe.run(rules)", rules or {})["violations"]
    return [(rule["id"], rule["impact"], len(rule["nodes"])) for rule in found]


@pytest.mark.parametrize(("width", "scheme", "config", "rules"), [
    (1280, "light", {}, None),
    pytest.param(1280, "dark", {}, CONTRAST, marks=pytest.mark.slow),
    (390, "light", {"detail": "brief"}, None),
    pytest.param(1280, "light", {"detail": "brief", "language": "de"}, None, marks=pytest.mark.slow),
])  # fmt: skip
def test_axe_finds_nothing(
    release: Release, tmp_path: Path, width: int, scheme: Any, config: dict[str, Any], rules: dict[str, Any] | None
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(page(compose(release, ReportConfig(**config))))
    with opened(path, width=width, scheme=scheme) as view:
        assert violations(view, rules) == []


@pytest.mark.slow
def test_axe_finds_nothing_in_a_page_of_hostile_names(hostile_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(page(compose(load(hostile_run), ReportConfig(detail="brief"))))
    with opened(path) as view:
        assert violations(view) == []


def test_axe_would_find_something(tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text("<!doctype html><html><img src='data:,'><p style='color:#ccc;background:#fff'>pale</p>")
    with opened(path) as view:
        assert {"image-alt", "html-has-lang", "color-contrast"} <= {rule[0] for rule in violations(view)}
