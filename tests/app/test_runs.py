"""The page of runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from clio.demo import CONVERSATIONS
from tests.app.conftest import Open
from tests.app.test_pages import fine, words


def test_a_file_is_told_about_and_the_form_makes_a_config(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    shutil.copy(CONVERSATIONS, folder / "chats.jsonl")
    app = fine(opened(folder / "one", page="runs"))
    assert "finished" in words(app)
    fine(app.selectbox(key="w_source").set_value("chats.jsonl").run())
    facts = app.dataframe[0].value.set_index("Fact")["Value"]
    assert facts["Format"] == "clio"
    assert not app.error
    start = next(b for b in app.button if b.label == "Start")
    assert start.disabled
    fine(app.selectbox(key="w_base").set_value("claude").run())
    estimate = next(b for b in app.button if b.label.startswith("Estimate"))
    fine(estimate.click().run())
    assert "extract_facets" in app.code[0].value
    fine(app.text_input(key="w_run_name").set_value("../x").run())
    fine(next(b for b in app.button if b.label == "Start").click().run())
    assert "letters" in app.error[0].value
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


def test_another_run_is_opened(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    shutil.copytree(run, folder / "two")
    app = fine(opened(folder / "one", page="runs"))
    assert app.button(key="w_open_one").disabled
    fine(app.button(key="w_open_two").click().run())
    assert app.session_state["clio_given"].run == (folder / "two").resolve()
    assert app.session_state["clio_given"].runs_folder == folder.absolute()


def test_runs_are_there_where_there_is_nothing_to_explore(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "empty").mkdir()
    app = fine(opened(tmp_path / "empty", page="runs"))
    assert app.title[0].value == "Runs"
    assert "no run in this folder" in words(app)
