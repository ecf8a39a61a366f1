"""The page of runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clio.demo import CONVERSATIONS
from clio.explore import jobs
from clio.explore.form import OFFERED, entries
from clio.runs.runner import locked
from tests.app.conftest import Open
from tests.app.test_pages import fine, words

KINDS = ("text_input", "number_input", "selectbox", "multiselect", "toggle", "date_input")


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
    fine(next(b for b in app.button if b.label.startswith("Estimate")).click().run())
    assert "nothing is paid for" in app.code[0].value
    assert "per conversation" in words(app)
    fine(app.selectbox(key="w_base").set_value("claude").run())
    estimate = next(b for b in app.button if b.label.startswith("Estimate"))
    fine(estimate.click().run())
    assert "extract_facets" in app.code[0].value
    fine(app.text_input(key="w_run_name").set_value("../x").run())
    fine(next(b for b in app.button if b.label == "Start").click().run())
    assert "letters" in app.error[0].value
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


@pytest.fixture
def chosen(run: Path, tmp_path: Path, opened: Open) -> Callable[..., Any]:
    """The page of runs with a file of the runs folder chosen."""

    def start(name: str, text: bytes) -> Any:
        folder = tmp_path / "runs"
        shutil.copytree(run, folder / "one")
        (folder / name).write_bytes(text)
        app = fine(opened(folder / "one", page="runs"))
        return fine(app.selectbox(key="w_source").set_value(name).run())

    return start


@pytest.mark.parametrize("base", OFFERED)
def test_every_entry_of_the_form_has_its_control(chosen: Callable[..., Any], base: str) -> None:
    app = chosen("chats.jsonl", CONVERSATIONS.read_bytes())
    fine(app.selectbox(key="w_base").set_value(base).run())
    keys = {element.key for kind in KINDS for element in getattr(app, kind)}
    asked = {entry.key for entry in entries(base) if not entry.key.startswith("ingest.columns.")}
    assert {key.rpartition("_set_")[2].partition("_")[2].removeprefix("research_") for key in keys if key} >= asked
    assert not app.error
    assert app.number_input(key=f"w_set_{base}_arrange.levels").max == 6
    assert "not by file order" in app.number_input(key=f"w_set_{base}_ingest.sampling.size").help


def test_a_fault_stands_at_its_field(chosen: Callable[..., Any], tmp_path: Path) -> None:
    app = chosen("chats.jsonl", CONVERSATIONS.read_bytes())
    fine(app.multiselect(key="w_set_embedded_facets.use").set_value(["turns", "week"]).run())
    assert "exactly one facet" in app.error[0].value
    assert "facets\\.use" in app.error[1].value
    assert not [button for button in app.button if button.label == "Start"]
    fine(app.multiselect(key="w_set_embedded_facets.use").set_value(["request", "turns"]).run())
    assert not app.error
    fine(app.selectbox(key="w_set_embedded_release.preset").set_value("public").run())
    assert app.number_input(key="w_set_embedded_public_release.min_conversations").value == 500


def test_a_table_is_read_by_the_columns_that_are_named(chosen: Callable[..., Any]) -> None:
    app = chosen("table.csv", b"asked,answered,who\nHow do I bake bread?,With flour.,a\nHello,Hi,b\n")
    assert "which of its columns" in app.info[0].value
    assert not app.dataframe
    assert app.selectbox(key="w_column_ingest.columns.user").options == ["asked", "answered", "who"]
    fine(app.selectbox(key="w_column_ingest.columns.user").set_value("asked").run())
    fine(app.selectbox(key="w_column_ingest.columns.account").set_value("who").run())
    told = app.dataframe[0].value.set_index("Fact")["Value"]
    assert (told["Format"], told["Conversations"], told["Accounts"]) == ("columns", "2", "2")
    assert not app.error


def test_another_run_is_opened(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    shutil.copytree(run, folder / "two")
    app = fine(opened(folder / "one", page="runs"))
    assert app.button(key="w_open_one").disabled
    fine(app.button(key="w_open_two").click().run())
    assert app.session_state["clio_given"].run == (folder / "two").resolve()
    assert app.session_state["clio_given"].runs_folder == folder.absolute()


def test_a_run_of_the_same_name_in_another_folder_is_another_run(run: Path, tmp_path: Path, opened: Open) -> None:
    shutil.copytree(run, tmp_path / "here" / "one")
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    app = fine(opened(tmp_path / "here" / "one", "--runs", str(folder), page="runs"))
    assert not app.button(key="w_open_one").disabled
    fine(app.button(key="w_open_one").click().run())
    assert app.session_state["clio_given"].run == (folder / "one").resolve()
    assert app.button(key="w_open_one").disabled


def test_a_file_is_sent_kept_and_deleted(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    app = fine(opened(folder / "one", page="runs"))
    assert "until it is deleted" in words(app)
    text = CONVERSATIONS.read_bytes()
    fine(app.file_uploader(key="w_upload").upload("../My chats.jsonl", text).run())
    sent = folder / "uploads" / "My-chats.jsonl"
    assert sent.read_bytes() == text
    assert app.selectbox(key="w_source").value == "uploads/My-chats.jsonl"
    assert app.dataframe[0].value.set_index("Fact")["Value"]["Format"] == "clio"
    fine(app.run())
    assert [path.name for path in sent.parent.iterdir()] == ["My-chats.jsonl"]
    fine(app.button(key="w_delete_uploads/My-chats.jsonl").click().run())
    assert not sent.exists()
    assert "is deleted" in words(app)
    assert app.selectbox(key="w_source").value is None
    assert not app.dataframe


def test_a_file_that_cannot_be_kept_is_told(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    (tmp_path / "elsewhere").mkdir()
    (folder / "uploads").symlink_to(tmp_path / "elsewhere")
    app = fine(opened(folder / "one", page="runs"))
    fine(app.file_uploader(key="w_upload").upload("chats.jsonl", b"{}").run())
    assert "is a link" in app.error[0].value
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_running_run_is_watched_stopped_and_gone_on_with(
    run: Path, tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIO_KEY_DIR", str(run.parent / "keys"))
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    shutil.copy(CONVERSATIONS, folder / "chats.jsonl")
    app = fine(opened(folder / "one", page="runs"))
    fine(app.selectbox(key="w_source").set_value("chats.jsonl").run())
    fine(app.text_input(key="w_run_name").set_value("second").run())
    fine(next(b for b in app.button if b.label == "Start").click().run())
    process = jobs._started[folder.resolve() / "second"]
    assert "The run has started" in words(app)
    assert "second · running" in words(app)
    assert "w_resume_second" not in {button.key for button in app.button}
    told = folder / "second" / jobs.JOB / "progress.jsonl"
    with told.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"event": "progress", "stage": "extract_facets", "done": 3, "total": 12}) + "\n")
    fine(app.run())
    assert process.poll() is not None or "3 of 12" in str(app.get("progress")[0].proto.text)
    # Another server: the button is still there, and works.
    monkeypatch.setattr(jobs, "_started", {})
    fine(app.button(key="w_stop_second").click().run())
    process.wait(timeout=120)
    fine(app.run())
    assert "second · running" not in words(app)
    assert "w_stop_second" not in {button.key for button in app.button}
    assert app.button(key="w_resume_second").label == "Go on"


def test_a_run_that_was_started_elsewhere_has_no_button(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(run, folder / "one")
    other = shutil.copytree(run, folder / "other")
    manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8")) | {"status": "running"}
    (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with locked(other):
        app = fine(opened(folder / "one", page="runs"))
        assert "other · running" in words(app)
        assert "stop it there" in words(app)
    assert not {"w_stop_other", "w_resume_other"} & {button.key for button in app.button}


def test_runs_are_there_where_there_is_nothing_to_explore(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "empty").mkdir()
    app = fine(opened(tmp_path / "empty", page="runs"))
    assert app.title[0].value == "Runs"
    assert "no run in this folder" in words(app)
