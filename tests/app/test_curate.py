"""The page of edits."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from clio.explore.curation import read_edits
from clio.explore.release import load
from tests.app.conftest import Open
from tests.app.test_pages import fine, words


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(run, tmp_path / "run")


def press(app: Any, label: str) -> Any:
    return fine(next(b for b in app.button if b.label == label).click().run())


def test_rename_and_undo(copy: Path, opened: Open) -> None:
    name = load(copy).marks()[0]
    before = load(copy).rows[name]["name"]
    app = fine(opened(copy, page="curate", c=name))
    app.text_input(key="w_edit_text").set_value("Planting a garden")
    app.text_input(key="w_edit_why").set_value("says more")
    press(app, "Rename")
    assert "Edit 1 is kept" in words(app)
    assert load(copy).rows[name]["name"] == "Planting a garden"
    assert read_edits(copy)[0].why == "says more"
    assert app.text_input(key="w_edit_text").value == ""
    assert app.dataframe[0].value["State"].tolist() == ["in force"]
    press(app, "Undo")
    assert load(copy).rows[name]["name"] == before
    assert app.dataframe[0].value["State"].tolist() == ["", "undone"]


def test_merge_shows_at_most(copy: Path, opened: Open) -> None:
    into, gone = load(copy).marks()[:2]
    app = fine(opened(copy, page="curate", c=gone))
    app = fine(app.button_group(key="w_edit_kind").set_value("merge").run())
    app.selectbox(key="w_edit_to").set_value(into)
    press(app, "Merge")
    assert gone not in load(copy).rows
    page = fine(opened(copy, page="cluster", c=into))
    assert {m.label: m.value for m in page.metric}["Accounts"].startswith("≤")


def test_an_identifier_is_refused_with_the_reason(copy: Path, opened: Open) -> None:
    app = fine(opened(copy, page="curate", c=load(copy).marks()[0]))
    app = fine(app.button_group(key="w_edit_kind").set_value("note").run())
    app.text_area(key="w_edit_text").set_value("ask ann.smith@example.org")
    press(app, "Note")
    assert "identifier" in app.error[0].value
    assert "ann.smith" not in app.error[0].value
    assert read_edits(copy) == ()


def test_notes_are_shown_as_text(copy: Path, opened: Open) -> None:
    name = load(copy).marks()[0]
    app = fine(opened(copy, page="curate", c=name))
    app = fine(app.button_group(key="w_edit_kind").set_value("note").run())
    app.text_area(key="w_edit_text").set_value("![x](a.png) <script>")
    press(app, "Note")
    page = fine(opened(copy, page="cluster", c=name))
    assert page.info[0].value.startswith("\\!\\[x\\]")


def test_a_damaged_file_of_edits_is_explained(copy: Path, opened: Open) -> None:
    (copy / "edits.jsonl").write_text("{}\n", encoding="utf-8")
    app = fine(opened(copy))
    assert "edits" in app.title[0].value
    assert "line 1" in words(app)
    assert not app.metric
