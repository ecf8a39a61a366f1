"""A purge takes the whole private side and nothing else, whenever it is stopped; retention sees to it in time."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import clio
from clio.cli import app
from clio.errors import ConfigError, RunError
from clio.runs import access_log, retention
from clio.runs.inspect import inspect_run
from clio.runs.journal import JOURNAL
from clio.runs.manifest import Manifest
from clio.runs.purge import purge
from tests.fakes import corpus
from tests.quick import digests, quick_run

RECORDS = corpus(72, accounts=20)


@pytest.fixture
def run(tmp_path: Path, finished: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "run")


def private_values(run: Path) -> set[str]:
    """Pseudonyms and answers: what of single conversations a workspace holds."""
    from clio.runs.files import read_table

    facets = read_table(run / "workspace" / "facets.parquet")
    texts = {value for value in facets.column("value").to_pylist() if value and len(value) > 20}
    return texts | set(facets.column("conversation_id").to_pylist())


def holds(folder: Path, values: set[str]) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [path.name for value in values if value.encode() in content]
    return found


def test_the_private_side_is_gone_and_the_release_works(run: Path) -> None:
    values, released = private_values(run), digests(run / "release")
    private = [path for path in (run / "workspace").rglob("*") if path.is_file()]
    opened = clio.open_run(run)
    tree, clusters = opened.tree(), opened.clusters
    opened.conversations(purpose="see before it goes")
    done = purge(run)
    assert not (run / "workspace").exists()
    assert (done.before, done.files) == (False, len(private) + 1)  # the lock of the log, which itself moved out
    assert holds(run, values) == []
    assert digests(run / "release") == released
    again = clio.open_run(run)
    assert again.tree() == tree
    assert again.clusters.equals(clusters)
    assert len(again.privacy) > 0
    assert Manifest.open(run).data["purge"]["finished_at"] == done.at
    assert inspect_run(run)["workspace"] == f"purged on {done.at[:10]}"
    assert [entry.purpose for entry in access_log.read_log(run)] == ["see before it goes"]
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} == {
        "access.jsonl", "access.head.json", "manifest.json", "release"
    }  # fmt: skip


def test_what_cannot_be_done_afterwards(run: Path) -> None:
    purge(run)
    before = digests(run)
    with pytest.raises(RunError, match=r"was purged on 20\d\d-\d\d-\d\d.*choose another output"):
        quick_run(RECORDS, run, {"title": "Test"})
    with pytest.raises(RunError, match="was purged"):
        clio.Run(run).conversations(purpose="why not")
    assert digests(run) == before
    assert not (run / "workspace").exists()


def test_a_second_purge_has_nothing_to_do(run: Path) -> None:
    first = purge(run)
    second = purge(run)
    assert (second.before, second.at, second.files, second.bytes) == (True, first.at, first.files, first.bytes)


@given(stop=st.integers(0, 40), damage=st.booleans())
def test_a_purge_stopped_anywhere_is_finished_by_the_next(
    tmp_path_factory: pytest.TempPathFactory, finished: Path, stop: int, damage: bool
) -> None:
    """Whatever is removed first and last, the n-th removal is where the process dies."""
    run = shutil.copytree(finished, tmp_path_factory.mktemp("purge") / "run")
    released = digests(run / "release")
    access_log.record(run, purpose="before", what="x", rows=1)
    if damage:  # what holds tables need not be whole to be removed
        (run / "workspace" / "facets.parquet").write_bytes(b"")
    calls = 0
    originals = {name: getattr(os, name) for name in ("unlink", "rmdir", "replace", "fsync")}

    def counting(name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > stop:
                raise KeyboardInterrupt
            return originals[name](*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in originals:
            patch.setattr(os, name, counting(name))
        try:
            purge(run)
        except KeyboardInterrupt:
            interrupted = True
        else:
            interrupted = False
    if interrupted and Manifest.open(run).data.get("purge"):
        with pytest.raises(RunError, match=r"half purged|was purged"):
            quick_run(RECORDS, run, {"title": "Test"})
        assert retention.expired(run.parent) == ([] if Manifest.open(run).data["purge"].get("finished_at") else [run])
    purge(run)
    assert not (run / "workspace").exists()
    assert digests(run / "release") == released
    assert [entry.purpose for entry in access_log.read_log(run)] == ["before"]
    assert not list(run.glob(".*.tmp"))


def test_a_run_that_released_nothing(tmp_path: Path, finished: Path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    shutil.rmtree(run / "release")
    purge(run)
    assert not (run / "workspace").exists()


def test_what_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "mine").write_text("keep")
    with pytest.raises(RunError, match="is not the folder of a run"):
        purge(tmp_path)
    with pytest.raises(RunError, match="is not the folder of a run"):
        purge(tmp_path / "absent")
    assert (tmp_path / "workspace" / "mine").exists()
    assert not (tmp_path / "absent").exists()


def test_links_are_removed_and_not_followed(tmp_path: Path, run: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("keep")
    (run / "workspace" / "link").symlink_to(outside)
    os.link(run / "workspace" / "facets.parquet", tmp_path / "another name")
    done = purge(run)
    assert (outside / "file").read_text() == "keep"
    assert any("1 files had another name" in line for line in done.remains)


def test_a_workspace_that_is_a_link_is_refused(tmp_path: Path, run: Path) -> None:
    (run / "workspace").rename(tmp_path / "elsewhere")
    (run / "workspace").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is a link"):
        purge(run)
    assert (tmp_path / "elsewhere" / "facets.parquet").exists()


def test_a_file_that_cannot_be_removed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(RunError, match=r"not all of it could be removed \(Permission denied"):
            purge(run)
    assert not purge(run).before


def test_it_is_said_what_remains(run: Path) -> None:
    lines = "\n".join(purge(run).remains)
    assert "source files" in lines
    assert "Backups" in lines
    assert "cache" not in lines, "this run bought nothing"
    data = json.loads((run / "manifest.json").read_text())
    data["config"]["writer"]["backend"] = "messages"
    data["purge"]["batches"] = True
    (run / "manifest.json").write_text(json.dumps(data))
    lines = "\n".join(purge(run).remains)
    assert "clio cache clear" in lines
    assert "batches" in lines


# --- retention


def dated(run: Path, days_ago: float, keep_days: int | None) -> None:
    data = json.loads((run / "manifest.json").read_text())
    since = datetime.now(UTC) - timedelta(days=days_ago)
    data["workspace"] = {"since": since.isoformat(timespec="seconds"), "keep": "all", "keep_days": keep_days}
    (run / "manifest.json").write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("days_ago", "keep_days", "due"), [(10, None, False), (10, 11, False), (10, 10, True), (10, 9, True), (0, 1, False)]
)
def test_when_a_run_is_due(run: Path, days_ago: float, keep_days: int | None, due: bool) -> None:
    dated(run, days_ago, keep_days)
    assert retention.expired(run.parent) == ([run] if due else [])
    facts = inspect_run(run)["workspace"]
    assert ("past its retention since" in facts) is due
    if due:
        with pytest.raises(RunError, match="past its retention"):
            clio.Run(run).conversations(purpose="too late")
    else:
        clio.Run(run).conversations(purpose="in time")
    assert ("to be gone on" in facts) is (keep_days is not None and not due)


def test_going_on_does_not_prolong_and_says_so(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dated(run, 10, 5)
    since = Manifest.open(run).data["workspace"]["since"]
    quick_run(RECORDS, run, {"title": "Test", "workspace": {"keep_days": 5}}, progress="plain")
    assert "past its retention since" in "".join(capsys.readouterr())
    assert Manifest.open(run).data["workspace"]["since"] == since
    quick_run(RECORDS, run, {"title": "Test", "workspace": {"keep_days": 50}})
    assert not retention.is_past(Manifest.open(run).data)


def test_all_runs_in_a_folder(tmp_path: Path, finished: Path) -> None:
    folder = tmp_path / "runs"
    for name, days in (("a", 3), ("deep/b", 3), ("c", 30), ("d", None), ("e", 3)):
        dated(shutil.copytree(finished, folder / name), 10, days)
    (folder / "e" / "manifest.json").write_text("{")  # damaged: nobody can tell, so it is said
    (folder / "no run").mkdir()
    due = retention.expired(folder)
    assert due == [folder / "a", folder / "deep" / "b", folder / "e"]
    result = CliRunner().invoke(app, ["purge", "--expired", str(folder), "--yes"])
    assert isinstance(result.exception, RunError)
    assert "2 of 3 runs that were due are purged." in result.output
    assert f"{folder / 'e'}: not purged." in result.output
    left = {path.parent.relative_to(folder).as_posix() for path in folder.rglob("workspace")}
    assert left == {"c", "d", "e"}
    assert retention.expired(folder) == [folder / "e"]


def test_a_run_that_keeps_nothing(tmp_path: Path) -> None:
    config = {"title": "Test", "workspace": {"keep": "nothing"}}
    made = quick_run(RECORDS, tmp_path / "run", config)
    assert not (tmp_path / "run" / "workspace").exists()
    assert len(made.clusters) > 0
    assert made.manifest["status"] == "finished"
    with pytest.raises(RunError, match="was purged"):
        quick_run(RECORDS, tmp_path / "run", config)


def test_a_run_that_keeps_tables(tmp_path: Path, finished: Path) -> None:
    config = {"title": "Test", "workspace": {"keep": "tables"}}
    run = tmp_path / "run"
    quick_run(RECORDS, run, config)
    assert not (run / "workspace" / JOURNAL).exists()
    # Words are shown by a margin that the key decides, and the other run was made with another key.
    mine, other = digests(run / "release"), digests(finished / "release")
    assert mine.keys() == other.keys()
    assert {name for name in mine if mine[name] != other[name]} <= {"clusters.parquet"}
    # Publishing anew with other thresholds needs nothing that went.
    made = quick_run(RECORDS, run, {**config, "release": {"min_conversations": 6, "min_accounts": 4}})
    assert made.manifest["status"] == "finished"


def test_a_run_that_failed_keeps_all(tmp_path: Path) -> None:
    config = {"workspace": {"keep": "nothing"}, "release": {"min_conversations": 5, "min_accounts": 3}}
    with pytest.raises(ConfigError):
        quick_run(RECORDS, tmp_path / "run", config, force=["no such stage"])
    from unittest import mock

    with (
        mock.patch("clio.stages.publish.check_release", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        quick_run(RECORDS, tmp_path / "run", config)
    assert (tmp_path / "run" / "workspace" / JOURNAL).exists()


# --- the command


def test_the_command(run: Path) -> None:
    invoke = CliRunner().invoke
    for arguments in ([str(run)], ["--workspace"], [], [str(run), "--expired", str(run)], [str(run), "--workspace"]):
        assert invoke(app, ["purge", *arguments]).exit_code == 2, arguments
    assert (run / "workspace").exists()
    result = invoke(app, ["purge", str(run), "--workspace", "--yes"])
    assert result.exit_code == 0
    assert "the private side is gone" in result.output
    assert "What remains" in result.output
    assert "was purged before" in invoke(app, ["purge", str(run), "--workspace", "--yes"]).output
    assert invoke(app, ["tree", str(run)]).exit_code == 0
    assert "purged on" in invoke(app, ["inspect", str(run)]).output
