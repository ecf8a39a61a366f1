"""A report of 5,000 clusters stays small enough to send and to open."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import made
from clio.config.report import ReportConfig
from clio.explore.release import load
from clio.report.content import compose
from clio.report.html import page
from tests.report.browser import opened

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")
pytestmark = pytest.mark.slow
CLUSTERS = 5_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    path = folder / "report.html"
    path.write_bytes(page(compose(load(made(folder / "release", CLUSTERS)), ReportConfig())))
    return path


def test_it_is_under_fifteen_megabytes(written: Path) -> None:
    assert written.stat().st_size < 15 * 2**20


def test_it_opens_with_every_cluster_in_the_tree(written: Path) -> None:
    with opened(written) as view:
        assert view.page.locator(".tree .name").count() >= CLUSTERS
        assert view.asked == [written.as_uri()]
        assert view.said == []


def test_a_report_of_few_clusters_is_far_under_it(tmp_path: Path) -> None:
    data = page(compose(load(made(tmp_path / "release", 200)), ReportConfig()))
    assert len(data) < 2 * 2**20
