"""Runs from the browser: the ordinary command in its own process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clio.demo import CONVERSATIONS
from clio.errors import ClioError, InputError, RunError
from clio.explore import _process, jobs
from clio.explore._process import beginning, terminate
from clio.explore.form import form_config
from clio.explore.places import keep_upload
from clio.runs.runner import locked


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    shutil.copy(CONVERSATIONS, folder / "chats.jsonl")
    return folder


def ended(run: Path) -> None:
    jobs._started[run.resolve()].wait(timeout=120)


def test_a_run_that_fails_says_why_and_can_go_on(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_KEY_DIR", str(runs.parent / "keys"))
    (runs / "chats.jsonl").write_text("no json\n", encoding="utf-8")
    run = jobs.start(runs, "first", "chats.jsonl", form_config("embedded", {}))
    ended(run)
    assert jobs.status(run) == "failed"
    assert "chats.jsonl" in jobs.progress(run).error
    (found,) = jobs.listed(runs)
    assert (found.name, found.resumable, found.released) == ("first", True, False)
    jobs.resume(runs, "first")
    ended(run)
    assert jobs.status(run) == "failed"
    assert (run / jobs.JOB / "progress.jsonl").stat().st_mode & 0o077 == 0


def test_stopping_ends_it_as_ctrl_c_does(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_KEY_DIR", str(runs.parent / "keys"))
    run = jobs.start(runs, "first", "chats.jsonl", form_config("embedded", {}))
    assert jobs.status(run) == "running"
    with pytest.raises(RunError, match="under way"):
        jobs.resume(runs, "first")
    jobs.stop(runs, "first")
    ended(run)
    assert jobs.status(run) in ("stopped", "new")
    with pytest.raises(RunError, match="ended"):
        jobs.stop(runs, "first")


def restarted(monkeypatch: pytest.MonkeyPatch) -> dict[Path, subprocess.Popen[bytes]]:
    """As after another start of the app: the server knows of no process; what it had begun runs on."""
    before = dict(jobs._started)
    monkeypatch.setattr(jobs, "_started", {})
    return before


def test_another_server_stops_what_an_earlier_one_began(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_KEY_DIR", str(runs.parent / "keys"))
    run = jobs.start(runs, "first", "chats.jsonl", form_config("embedded", {}))
    process = restarted(monkeypatch)[run]
    (found,) = jobs.listed(runs)
    assert (found.status, found.stoppable) == ("running", True)
    with pytest.raises(RunError, match="under way"):
        jobs.resume(runs, "first")
    jobs.stop(runs, "first")
    process.wait(timeout=120)
    (found,) = jobs.listed(runs)
    assert found.status in ("stopped", "new")
    assert (found.stoppable, found.resumable) == (False, True)
    with pytest.raises(RunError, match="ended"):
        jobs.stop(runs, "first")


def test_a_pid_that_passed_to_another_process_is_left_alone(
    runs: Path, monkeypatch: pytest.MonkeyPatch, bystander: subprocess.Popen[bytes]
) -> None:
    job = runs / "first" / jobs.JOB
    job.mkdir(parents=True)
    (job / "job.json").write_text("{}", encoding="utf-8")
    began = beginning(bystander.pid)
    for told in (
        {"pid": bystander.pid, "began": f"{began}1"}, {"pid": bystander.pid, "began": ""}, {"pid": bystander.pid},
        {"pid": 0, "began": began}, {"pid": -1, "began": began}, {"pid": "x", "began": began}, [],
        {"pid": 1 << 40, "began": began}, {"pid": 1e999, "began": began},
    ):  # fmt: skip
        (job / jobs.PROCESS).write_text(json.dumps(told), encoding="utf-8")
        assert not jobs.listed(runs)[0].stoppable
        with pytest.raises(RunError):
            jobs.stop(runs, "first")
    assert bystander.poll() is None
    assert beginning(bystander.pid) == began


def test_a_process_is_told_by_its_beginning(
    bystander: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    began = beginning(bystander.pid)
    assert began
    assert beginning(os.getpid()) != began
    assert terminate(bystander.pid, began)
    os.waitid(os.P_PID, bystander.pid, os.WEXITED | os.WNOWAIT)
    assert beginning(bystander.pid) == "", "what has ended and was not waited for is no process"
    assert not terminate(bystander.pid, began)


def test_without_proc_ps_tells_the_beginning(
    bystander: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if shutil.which("ps") is None:
        pytest.skip("there is no ps on this machine")
    monkeypatch.setattr(_process, "_PROC", tmp_path)
    assert beginning(bystander.pid) == beginning(bystander.pid) != ""
    bystander.kill()
    bystander.wait()
    assert beginning(bystander.pid) == ""


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that no run knows of."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/b", "chats.jsonl"])
def test_a_run_lies_in_the_runs_folder_and_over_nothing(runs: Path, name: str) -> None:
    before = sorted(runs.parent.rglob("*"))
    with pytest.raises(RunError):
        jobs.start(runs, name, "chats.jsonl", form_config("embedded", {}))
    assert sorted(runs.parent.rglob("*")) == before


def test_a_file_that_a_run_reads_is_not_deleted(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_KEY_DIR", str(runs.parent / "keys"))
    sent = keep_upload(runs, "sent.jsonl", CONVERSATIONS.read_bytes())
    run = jobs.start(runs, "first", sent, form_config("embedded", {}))
    with pytest.raises(RunError, match="first is reading"):
        jobs.delete_upload(runs, sent)
    assert (runs / sent).exists()
    jobs.stop(runs, "first")
    ended(run)
    jobs.delete_upload(runs, sent)
    assert not (runs / sent).exists()
    with pytest.raises(RunError):
        jobs.delete_upload(runs, "chats.jsonl")
    with pytest.raises(RunError, match="no such file"):
        jobs.resume(runs, "first")


@pytest.mark.parametrize("source", ["../secret.jsonl", "/etc/passwd", "link.jsonl", "none.jsonl"])
def test_only_files_of_the_runs_folder_are_read(runs: Path, source: str) -> None:
    (runs.parent / "secret.jsonl").write_text("{}\n", encoding="utf-8")
    (runs / "link.jsonl").symlink_to(runs.parent / "secret.jsonl")
    with pytest.raises(ClioError):
        jobs.start(runs, "first", source, form_config("embedded", {}))
    assert not (runs / "first").exists()


def test_a_forged_job_reads_nothing_outside(runs: Path) -> None:
    (runs / "first" / jobs.JOB).mkdir(parents=True)
    (runs / "first" / jobs.JOB / "job.json").write_text(json.dumps({"input": "../secret.jsonl"}), encoding="utf-8")
    with pytest.raises(InputError):
        jobs.resume(runs, "first")
    with pytest.raises(ClioError):
        jobs.stop(runs, "../first")


def test_a_run_of_another_process_is_seen_and_not_stopped(runs: Path, run: Path) -> None:
    other = shutil.copytree(run, runs / "other")
    assert jobs.status(other) == "finished"
    manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8")) | {"status": "running"}
    (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert jobs.status(other) == "stopped"
    with locked(other):
        assert jobs.status(other) == "running"
        with pytest.raises(RunError, match="where it began"):
            jobs.stop(runs, "other")


def test_progress_is_read_whatever_lies_there(runs: Path) -> None:
    job = runs / "first" / jobs.JOB
    job.mkdir(parents=True)
    lines = [
        {"event": "progress", "stage": "ingest", "done": 5, "total": 10}, {"event": "message", "text": "a\x1b[2J"},
        {"event": "progress", "stage": "ingest", "done": 10, "total": 10}, {"event": "progress", "stage": 3}, [], 7,
    ]  # fmt: skip
    text = "\n".join(["half a li", *map(json.dumps, lines), "\x00\xff{"])
    (job / "progress.jsonl").write_text(text, encoding="utf-8")
    found = jobs.progress(runs / "first")
    assert found.stages == (("ingest", 10, 10),)
    assert found.messages == ("a [2J",)
    assert jobs.progress(runs / "none") == jobs.Progress()
