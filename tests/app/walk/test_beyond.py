"""What lies beyond the ten tasks: a lasso, single conversations, two runs, a run of one's own, and hostile names."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clio.explore.release import load
from clio.models.weights import available
from clio.runs.access_log import read_log
from tests.app.walk.conftest import Served, Walk, serving
from tests.app.walk.walker import DRAWN, Walker
from tests.fakes import corpus
from tests.released import finished_run, with_hostile_names

PAGES = ("", "cluster", "trends", "compare", "privacy", "curate", "runs", "take_away")
ALONE = re.compile("Open its conversations")


@pytest.fixture(scope="module")
def hostile(browser: Any, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = with_hostile_names(run, tmp_path_factory.mktemp("hostile") / "run")
    with serving(folder, tmp_path_factory.mktemp("hostile-home")) as it:
        yield it


@pytest.fixture(scope="module")
def restricted(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A second run, beside the first one's copy, opened with a purpose."""
    folder = tmp_path_factory.mktemp("restricted")
    run = finished_run(folder, corpus(200, topics=5, accounts=60, weeks=4))
    shutil.copytree(run, folder / "copy")
    with serving(run, folder, "--restricted", "--purpose", "to see what a lasso holds") as it:
        yield it


def lasso(there: Walker) -> None:
    """Around the left half of the map, Shift held."""
    there.page.locator(".clio-stage").scroll_into_view_if_needed()
    box = there.page.locator(".clio-stage").bounding_box()
    left, right = box["x"] + 4, box["x"] + box["width"] * 0.55
    top, low = box["y"] + 4, box["y"] + box["height"] - 4
    there.page.keyboard.down("Shift")
    there.page.mouse.move(left, top)
    there.page.mouse.down()
    for x, y in ((right, top), (right, low), (left, low), (left, top)):
        there.page.mouse.move(x, y, steps=6)
    there.page.mouse.up()
    there.page.keyboard.up("Shift")


def test_a_lasso_sets_several_clusters_beside_the_rest(walk: Walk, run: Path) -> None:
    release = load(run)
    there = walk("desktop").open()
    lasso(there)
    for _ in range(400):
        if "m" in there.params() or "several" in there.params():
            break
        there.page.wait_for_timeout(25)
    there.settled()
    held = there.map("[...m.lassoed].map(r => m.model.ids[r])")
    assert 1 < len(held) < len(release.marks())
    detail = there.page.locator(".st-key-w_detail")
    detail.get_by_text(f"{len(held)} clusters", exact=True).wait_for()
    total = sum(int(release.rows[name]["conversations"]) for name in held)
    assert f"{total:,} conversations" in detail.inner_text()
    there.page.get_by_text(re.compile("Beside the rest")).click()
    there.settled().shot("lasso")
    again = walk("desktop")
    again.page.goto(there.page.url)
    again.page.locator(DRAWN).wait_for()
    again.settled()
    again.page.locator(".st-key-w_detail").get_by_text(f"{len(held)} clusters", exact=True).wait_for()


@pytest.mark.parametrize(
    ("width", "pages"),
    [
        pytest.param("desktop", PAGES, id="desktop"),
        pytest.param("phone", ("", "cluster"), id="phone", marks=pytest.mark.slow),
    ],
)
def test_hostile_names_are_text_and_fetch_nothing(
    walk: Walk, hostile: Served, pages: tuple[str, ...], width: str
) -> None:
    """That nothing was asked of another host, no script ran and nothing is too wide, every walker checks at its end."""
    mark = load(hostile.run).marks()[0]
    there = walk(width, at=hostile.address)
    for page in pages:
        there.open(f"{page}?c={mark}").shot(f"hostile-{page or 'explore'}")
        assert there.page.locator("[src*=evil], [href*=evil]:not([href^='#']), [href^=javascript]").count() == 0
        there.fits()
        if page in ("", "cluster"):
            assert "evil.example" in there.text()


def test_single_conversations_are_entered_before_they_are_shown(
    walk: Walk, restricted: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = load(restricted.run)
    mark = release.marks()[0]
    there = walk("desktop", at=restricted.address).open(f"conversations?c={mark}")
    monkeypatch.setenv("CLIO_KEY_DIR", str(restricted.run.parent / "keys"))
    before = len(read_log(restricted.run))
    there.page.get_by_role("button", name=ALONE).click()
    there.page.get_by_text(re.compile(r"of the access log")).last.wait_for()
    there.settled().shot("restricted-rows")
    assert len(read_log(restricted.run)) == before + 1
    there.menu("Map and tree")
    there.page.locator(DRAWN).wait_for()
    there.page.get_by_text("Single conversations", exact=True).click()
    there.until_map("m.points && m.points.count > 0" if there.map("!!m.points") else "true")
    there.page.get_by_text(re.compile(r"This look is line \d+ of the access log")).wait_for()
    there.settled().shot("restricted-points")
    assert len(read_log(restricted.run)) == before + 2
    assert {entry.purpose for entry in read_log(restricted.run)} == {"to see what a lasso holds"}


def test_a_run_beside_this_one_is_compared(walk: Walk, restricted: Served) -> None:
    there = walk("desktop", at=restricted.address).open("compare")
    there.page.get_by_role("tab", name="Two runs").click()
    there.page.get_by_text("Clusters of two runs are not the same clusters").wait_for()
    there.settled().shot("two-runs")


@pytest.mark.slow
@pytest.mark.models
def test_a_file_becomes_a_run_that_is_watched_and_opened(walk: Walk, served: Served, tmp_path: Path) -> None:
    if not any(row.installed for row in available() if row.name == "all-minilm-l6-v2"):
        pytest.skip("model weights are absent: clio models pull all-minilm-l6-v2")
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in corpus(90, topics=3, accounts=30)), encoding="utf-8")
    there = walk("desktop").open("runs")
    try:
        there.page.locator("input[type=file]").set_input_files(str(path))
        there.page.get_by_text(re.compile("90 conversations")).wait_for()
        there.page.get_by_label("Name of the run").fill("from-browser")
        there.page.get_by_label("Name of the run").press("Enter")
        there.settled().shot("run-form")
        there.page.get_by_role("button", name="Estimate cost and time").click()
        there.page.get_by_text(re.compile("Facets|minute|second|hour", re.I)).first.wait_for()
        there.settled().shot("run-estimate")
        there.page.get_by_role("button", name="Start", exact=True).click()
        there.page.get_by_text("The run has started.").wait_for()
        there.shot("run-started")
        opens = there.page.locator("[class*=st-key-w_open_from-browser] button")
        opens.wait_for(timeout=120_000)
        opens.click()
        there.page.get_by_text("from-browser is open now").wait_for()
        there.menu("Map and tree")
        there.page.locator(DRAWN).wait_for()
        assert there.metric("Conversations") == "90"
        there.settled().shot("run-opened")
    finally:
        for left in ("from-browser", "uploads"):
            shutil.rmtree(served.run.parent / left, ignore_errors=True)
