"""What objects look like in a notebook: names are shown, never obeyed."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

import clio
from clio.runs.read import Run
from tests.released import finished_run, with_hostile_names, without_clusters

TAGS = {"p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code"}


class Tags(HTMLParser):
    """What a browser would act on."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("shown"))


def html_of(folder: Path) -> str:
    found = clio.open_run(folder)._repr_html_()
    assert found is not None
    return found


def test_a_run_shows_its_headline_and_the_top_of_its_tree(run: Path) -> None:
    opened, tags = clio.open_run(run), Tags(html_of(run))
    assert tags.seen <= TAGS
    assert f"{opened.released['conversations']} conversations" in tags.text
    top = opened.clusters[opened.clusters["level"] == opened.clusters["level"].max()]
    assert all(name in tags.text for name in top["name"])


def test_hostile_names_are_text(run: Path, tmp_path: Path) -> None:
    page = html_of(with_hostile_names(run, tmp_path / "run"))
    tags = Tags(page)
    assert tags.seen <= TAGS
    assert tags.attributes <= {"style", "scope"}
    assert "<script>alert(1)</script>" in tags.text
    assert "\u202e" not in page
    assert len(page) < 12_000


def test_a_run_without_clusters_and_one_without_a_release(run: Path, tmp_path: Path) -> None:
    assert "No cluster passed the thresholds" in html_of(without_clusters(run, tmp_path / "run"))
    assert Run(tmp_path / "nothing")._repr_html_() is None
