"""Ten things a researcher does with the explorer, in a real browser, on a desk and on a phone."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from clio.explore.release import Release, load
from clio.explore.search import WordIndex
from clio.explore.tree import rows
from tests.app.walk.conftest import Served, Walk
from tests.app.walk.walker import DRAWN, WIDTHS

both = pytest.mark.parametrize("width", ["desktop", pytest.param("phone", marks=pytest.mark.slow)])
"""`make test` walks at a desk and opens every page on a phone; `make test-all` walks on a phone, too."""


@pytest.fixture(scope="session")
def release(run: Path) -> Release:
    return load(run)


@both
def test_1_the_shape_is_there_at_once(walk: Walk, release: Release, width: str) -> None:
    there = walk(width).open()
    assert there.metric("Conversations") == f"{release.about['conversations']:,}"
    assert there.metric("Clusters") == f"{(release.clusters['level'] == 0).sum():,}"
    assert there.map("m.circles.length") == len(release.marks())
    assert there.map("m.placed.length") >= 3
    assert "First findings" in there.text()
    there.shot("1-shape")


@both
def test_2_search_and_open_what_was_found(walk: Walk, release: Release, width: str) -> None:
    there = walk(width).open()
    box = there.page.get_by_placeholder("Search names, summaries and terms")
    box.fill("sourdough")
    there.page.get_by_text(re.compile(r"clusters? match")).wait_for()
    there.until_param("q", "sourdough")
    there.settled()
    there.until_map("m.circles.some(c => m.model.dimmed(c.row)) && m.circles.some(c => !m.model.dimmed(c.row))")
    there.shot("2-found")
    hits = frozenset(hit.cluster_id for hit in WordIndex(release.rows).search("sourdough"))
    listed = rows(release, None, hits)["cluster_id"].tolist()
    found = next(name for name in listed if "sourdough" in release.rows[name]["name"].lower())
    there.click_row(listed.index(found))
    there.until_param("c", found)
    row = release.rows[found]
    there.page.locator(".st-key-w_detail h4").get_by_text(row["name"]).wait_for()
    there.settled()
    there.page.get_by_role("link", name="All about it").click()
    there.page.get_by_role("heading", level=1, name=row["name"]).wait_for()
    there.settled().shot("2-opened")


@both
def test_3_one_selection_everywhere(walk: Walk, release: Release, width: str) -> None:
    there = walk(width).open()
    top = release.children[None][0]
    there.click_row(0)
    there.until_param("c", top)
    there.page.locator(".st-key-w_detail").get_by_text(release.rows[top]["name"]).first.wait_for()
    there.until_map(f"m.selected != null && m.model.ids[m.selected] === '{top}'")
    there.settled().shot("3-from-list")
    mark = there.clear_marks()[0]
    there.click_mark(mark)
    there.until_param("c", mark)
    there.page.locator(".st-key-w_detail h4").get_by_text(release.rows[mark]["name"]).wait_for()
    there.settled().shot("3-from-map")
    there.page.get_by_role("button", name="Clear", exact=True).click()
    there.until_param("c", None)


@both
def test_4_what_is_known_of_one_cluster(walk: Walk, release: Release, width: str) -> None:
    mark = release.marks()[0]
    row = release.rows[mark]
    there = walk(width).open(f"cluster?c={mark}")
    there.page.get_by_role("heading", level=1, name=row["name"]).wait_for()
    assert there.metric("Conversations") == f"{row['conversations']:,}"
    assert there.metric("Accounts") == f"{row['accounts']:,}"
    charts = there.page.get_by_test_id("stPlotlyChart")
    there.page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for()
    before = charts.count()
    assert before >= 3
    there.page.get_by_test_id("stButtonGroup").get_by_text("Surface", exact=True).click()
    there.settled()
    there.page.locator("[data-testid=stPlotlyChart]").get_by_text("web", exact=True).first.wait_for()
    there.page.get_by_text("Where this comes from").click()
    there.page.get_by_text(re.compile("prompt|writer|model", re.I)).first.wait_for()
    there.shot("4-cluster")


@both
def test_5_a_filter_says_what_it_hides_and_why(walk: Walk, release: Release, width: str) -> None:
    from clio.explore.slices import answer

    facet, value = next(
        (f.name, v)
        for f in release.single.values()
        for v in f.order
        if len(answer(release, [(f.name, (v,))]).cells) < len(release.rows)
    )
    there = walk(width).open()
    there.press(there.page.get_by_role("button", name="Filter"))
    there.press(there.page.get_by_label("Only where"))
    there.press(there.page.get_by_role("option", name=release.single[facet].label, exact=True))
    there.settled()
    there.press(there.page.get_by_label("is one of"))
    there.press(there.page.get_by_role("option", name=value, exact=True))
    there.until_param("f", f"{facet}={value}")
    there.page.keyboard.press("Escape")
    there.settled()
    note = there.page.get_by_text(re.compile(r"drawn hollow"))
    note.wait_for()
    found = answer(release, [(facet, (value,))])
    hollow = len([name for name in release.rows if name not in found.cells])
    assert f"{hollow} of {len(release.rows)} clusters are drawn hollow" in there.text()
    there.shot("5-filter")
    mark = next(name for name in release.marks() if name not in found.cells)
    there.open(f"?f={facet}={value}&c={mark}")
    assert release.why_hidden()[:40] in there.text()
    there.shot("5-hidden")


@both
def test_6_what_moved(walk: Walk, release: Release, width: str) -> None:
    there = walk(width).open("trends")
    there.page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for()
    there.shot("6-over-time")
    there.page.get_by_role("tab", name="Fastest movers").click()
    there.settled()
    there.page.get_by_role("tab", name="Before and after").click()
    there.page.get_by_text(re.compile(r"weeks before, \d+ after")).wait_for()
    there.open(f"trends?split={release.weeks[2]}")
    there.page.get_by_role("tab", name="Before and after").click()
    there.page.get_by_text(f"2 weeks before, {len(release.weeks) - 2} after.").wait_for()
    there.settled().shot("6-before-after")
    there.page.get_by_role("tab", name="Weekday and hour").click()
    there.page.get_by_text("Weekday by hour is not released").wait_for()
    there.settled().shot("6-clock")


@both
def test_7_two_slices_beside_each_other(walk: Walk, release: Release, width: str) -> None:
    one, other = release.single["surface"].order[:2]
    there = walk(width).open(f"compare?compare=surface&compare={one}&compare={other}")
    there.page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for()
    assert "false discovery rate" in there.text()
    there.page.get_by_label("One", exact=True).click()
    there.page.get_by_role("option", name=other, exact=True).click()
    there.page.get_by_text("Choose two different values.").wait_for()
    assert there.params()["compare"] == ["surface", other, other]
    there.page.get_by_label("The other", exact=True).click()
    there.page.get_by_role("option", name=one, exact=True).click()
    there.page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for()
    there.settled().shot("7-slices")


@both
def test_8_what_is_protected_and_what_stricter_would_hide(walk: Walk, release: Release, width: str) -> None:
    there = walk(width).open("privacy")
    assert f"at least {release.thresholds.conversations:,} conversations" in there.text()
    before = there.metric("Conversations shown")
    slider = there.page.get_by_role("slider", name="At least so many conversations")
    slider.focus()
    slider.press("End")
    for _ in range(200):
        if there.metric("Conversations shown") != before:
            break
        there.page.wait_for_timeout(25)
    assert there.metric("Conversations shown") != before
    there.settled()
    slider.scroll_into_view_if_needed()
    there.shot("8-what-if")


@both
def test_9_a_name_is_changed_and_changed_back(walk: Walk, served: Served, release: Release, width: str) -> None:
    mark = release.marks()[-1]
    old, new = release.rows[mark]["name"], f"Renamed on the {width}"
    there = walk(width).open(f"curate?c={mark}")
    try:
        there.page.get_by_label("New name").fill(new)
        there.page.get_by_label("Why").fill("to see it work")
        there.page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
        there.page.get_by_text(re.compile(r"Edit \d+ is kept")).wait_for()
        there.settled().shot("9-renamed")
        elsewhere = walk(width).open(f"cluster?c={mark}")
        elsewhere.page.get_by_role("heading", level=1, name=new).wait_for()
        there.page.get_by_role("button", name="Undo", exact=True).click()
        there.settled()
        elsewhere.open(f"cluster?c={mark}")
        elsewhere.page.get_by_role("heading", level=1, name=old).wait_for()
    finally:
        (served.run / "edits.jsonl").unlink(missing_ok=True)


@both
def test_10_the_address_is_the_view(walk: Walk, browser: Any, release: Release, width: str) -> None:
    mark = release.marks()[1]
    there = walk(width).open()
    there.page.get_by_label("Colour", exact=True).click()
    there.page.get_by_role("option", name="Conversations per account").click()
    there.until_param("colour", "accounts")
    there.settled()
    there.click_row(_listed(release).index(release.path(mark)[0]))
    there.until_param("c", release.path(mark)[0])
    shared = there.page.url
    wide, high = WIDTHS[width]
    fresh = browser.new_context(viewport={"width": wide, "height": high})
    try:
        other = walk(width, fresh)
        other.page.goto(shared)
        other.page.locator(DRAWN).wait_for()
        other.settled()
        assert other.params() == there.params()
        other.until_map(f"m.selected != null && m.model.ids[m.selected] === '{release.path(mark)[0]}'")
        other.page.get_by_role("combobox", name="Colour").wait_for()
        assert "Conversations per account" in other.page.get_by_test_id("stMain").inner_html()
        other.open("take_away")
        with other.page.expect_download() as waiting:
            other.page.get_by_role("button", name="clusters (CSV)").click()
        text = Path(waiting.value.path()).read_text("utf-8-sig")
        taken = list(csv.DictReader(io.StringIO(text)))
        assert {row["cluster_id"] for row in taken} == set(release.rows)
        other.shot("10-download")
        other.check()
    finally:
        fresh.close()


def _listed(release: Release) -> list[str]:
    """Ids in the order of the list."""
    found: list[str] = []
    waiting = release.children[None][::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += release.children.get(found[-1], [])[::-1]
    return found


@pytest.mark.parametrize("page", ["", "cluster", "trends", "compare", "privacy", "curate", "runs", "take_away"])
def test_no_page_is_wider_than_a_phone(walk: Walk, release: Release, page: str) -> None:
    there = walk("phone").open(f"{page}?c={release.marks()[0]}")
    there.shot(f"wide-{page or 'explore'}")
