"""What was looked at cannot be unsaid: every change to the log is told, and nothing is shown that is not entered."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import clio
from clio.cli import app
from clio.errors import PrivacyError, RunError
from clio.runs import access_log
from clio.runs.access_log import FILE, HEAD, log_path, move_out, one_line, read_log, record, verify
from clio.runs.restricted import conversations, private_table


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run" / "workspace").mkdir(parents=True)
    return tmp_path / "run"


def looked(run: Path, times: int) -> list[bytes]:
    for number in range(times):
        record(run, purpose=f"reason {number}", what=f"cluster 0-{number:04d}", rows=number)
    return log_path(run).read_bytes().splitlines(keepends=True) if times else []


def test_what_is_entered_comes_back(run: Path) -> None:
    entered = [record(run, purpose=" why\nso ", what="cluster 0-0001", rows=7, title="T", who=w) for w in (None, "Ann")]
    assert read_log(run) == entered
    assert [entry.number for entry in entered] == [1, 2]
    first, second = entered
    assert first.who == first.os_user == second.os_user
    assert (second.who, second.purpose, second.rows, second.run) == ("Ann", "why so", 7, "T (run)")
    assert first.time.endswith("+00:00")
    for name in (FILE, HEAD):
        assert stat.S_IMODE((run / "workspace" / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("purpose", ["", " \n\t", "\x00\x1b", "\u202e\u200b"])
def test_no_purpose_no_entry(run: Path, purpose: str) -> None:
    with pytest.raises(PrivacyError, match="stated purpose"):
        record(run, purpose=purpose, what="x", rows=1)
    assert read_log(run) == []


@given(st.sampled_from([FILE, HEAD]), st.integers(0, 10**6), st.integers(1, 255))
def test_any_changed_byte_is_told(tmp_path_factory: pytest.TempPathFactory, name: str, place: int, change: int) -> None:
    run = tmp_path_factory.mktemp("run")
    looked(run, 4)
    content = bytearray((run / name).read_bytes())
    counted = json.loads((run / HEAD).read_bytes())
    content[place % len(content)] = (content[place % len(content)] + change) % 256
    (run / name).write_bytes(content)
    with contextlib.suppress(ValueError):
        if name == HEAD and json.loads(content) == counted:  # white space of the file that counts
            assert len(verify(run)) == 4
            return
    with pytest.raises((PrivacyError, RunError)):
        verify(run)
    with pytest.raises((PrivacyError, RunError)):
        record(run, purpose="go on", what="x", rows=1)


@given(st.lists(st.integers(0, 4), max_size=7).filter(lambda order: order != [0, 1, 2, 3, 4]))
def test_any_lines_taken_out_repeated_or_moved_are_told(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    run = tmp_path_factory.mktemp("run")
    lines = looked(run, 5)
    (run / FILE).write_bytes(b"".join(lines[number] for number in order))
    with pytest.raises(PrivacyError, match="does not hold together"):
        verify(run)


def test_a_log_of_another_run_does_not_pass_for_this_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        looked(tmp_path / name, 3)
    shutil.copy(tmp_path / "two" / FILE, tmp_path / "one" / FILE)
    with pytest.raises(PrivacyError):
        verify(tmp_path / "one")


def test_without_the_key_nobody_can_write_another_history(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked(run, 3)
    original = {name: (run / "workspace" / name).read_bytes() for name in (FILE, HEAD)}
    with monkeypatch.context() as patch:
        patch.setenv("CLIO_KEY_DIR", str(run / "another"))
        with pytest.raises(RunError, match="under another key"):
            verify(run)
        for name in original:
            (run / "workspace" / name).unlink()
        looked(run, 2)  # forged, with a key of the forger's own
    with pytest.raises(RunError, match="under another key"):
        verify(run)
    # Not even with the right name of the key.
    lines = [json.loads(line) for line in original[FILE].splitlines()]
    forged = [json.loads(line) | {"key": lines[0]["key"]} for line in log_path(run).read_bytes().splitlines()]
    log_path(run).write_text("".join(json.dumps(line) + "\n" for line in forged))
    with pytest.raises(PrivacyError):
        verify(run)


@pytest.mark.parametrize("kept", range(0, 120, 7))
def test_a_kill_in_the_middle_of_a_line_is_no_tampering(run: Path, kept: int) -> None:
    """A line cut short was not finished, so its rows were not shown; it is written over."""
    lines = looked(run, 2)
    log_path(run).write_bytes(b"".join(lines) + lines[1][:kept].rstrip(b"\n"))
    assert len(verify(run)) == 2
    record(run, purpose="after", what="x", rows=1)
    assert [entry.purpose for entry in verify(run)] == ["reason 0", "reason 1", "after"]


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_kill_between_the_line_and_the_count(run: Path, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    looked(run, before)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(access_log, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            record(run, purpose="cut off", what="x", rows=1)
    assert len(verify(run)) == before + 1
    record(run, purpose="after", what="x", rows=1)
    assert len(verify(run)) == before + 2


def test_many_at_once(run: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: record(run, purpose=f"reason {n}", what="x", rows=n), range(24)))
    entries = verify(run)
    assert [entry.number for entry in entries] == list(range(1, 25))
    assert {entry.rows for entry in entries} == set(range(24))


def test_the_log_moves_out_whole_and_goes_on(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked(run, 3)
    replace = Path.replace
    with monkeypatch.context() as patch:

        def once(self: Path, target: Path) -> Path:
            if self.name == HEAD:
                raise KeyboardInterrupt
            return replace(self, target)

        patch.setattr(Path, "replace", once)
        with pytest.raises(KeyboardInterrupt):
            move_out(run)
    assert len(verify(run)) == 3
    move_out(run)
    move_out(run)
    shutil.rmtree(run / "workspace")
    assert log_path(run) == run / FILE
    record(run, purpose="after", what="x", rows=0)
    assert len(verify(run)) == 4


@given(st.text(max_size=700))
def test_what_is_printed_is_one_harmless_line(text: str) -> None:
    shown = one_line(text)
    assert len(shown) <= 500
    assert shown.isprintable()
    assert one_line(shown) == shown


# --- the restricted view


def test_rows_are_shown_for_a_purpose_and_entered(tmp_path: Path, finished: Path) -> None:
    run = clio.Run(shutil.copytree(finished, tmp_path / "run"))
    everything = run.conversations(purpose="check the read API")
    assert len(everything) == run.manifest["counts"]["conversations"]
    assert {"conversation_id", "cluster_id", "request", "similarity"} <= set(everything.columns)
    by_cluster = {name: len(run.conversations(name, purpose="count")) for name in everything["cluster_id"].unique()}
    assert by_cluster == everything["cluster_id"].value_counts().to_dict()
    top = run.clusters[run.clusters["parent_id"].isna()]["cluster_id"]
    assert sum(len(run.conversations(name, purpose="count")) for name in top) == len(everything)
    entries = read_log(run.folder)
    assert entries[0].what == "all conversations"
    assert entries[0].rows == len(everything)
    assert entries[0].run == "Test (run)"
    assert {entry.what: entry.rows for entry in entries[1 : 1 + len(by_cluster)]} == {
        f"cluster {name}": rows for name, rows in by_cluster.items()
    }


def test_no_rows_without_an_entry(tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    with pytest.raises(PrivacyError, match="stated purpose"):
        conversations(run, purpose=" ")
    private_table(run, "facets", purpose="one")
    log = log_path(run)
    log.write_bytes(log.read_bytes().replace(b"one", b"two"))
    with pytest.raises(PrivacyError, match="does not hold together"):
        conversations(run, purpose="fine")
    log.unlink()
    log.mkdir()
    with pytest.raises(RunError):
        conversations(run, purpose="fine")


def test_what_is_not_there(tmp_path: Path, finished: Path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    with pytest.raises(RunError, match="no cluster of this id"):
        conversations(run, "0-9999", purpose="fine")
    with pytest.raises(RunError, match="no private table"):
        private_table(run, "clusters", purpose="fine")
    assert read_log(run) == []
    with pytest.raises(RunError, match="is not the folder of a run"):
        conversations(tmp_path, purpose="fine")


def test_the_command(tmp_path: Path, finished: Path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    assert "Nobody has looked" in CliRunner().invoke(app, ["access-log", str(run)]).output
    private_table(run, "facets", purpose="see \x1b[31m", who="Ann\x07 \u202e")
    out = CliRunner().invoke(app, ["access-log", str(run)]).output
    assert "Ann (as " in out
    assert "table facets" in out
    assert "see [31m" in out
    assert "\x1b" not in out
    line = json.loads(CliRunner().invoke(app, ["access-log", str(run), "--json"]).output)
    assert (line["who"], line["purpose"]) == ("Ann", "see [31m")
    result = CliRunner().invoke(app, ["access-log", str(tmp_path)])
    assert isinstance(result.exception, RunError)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="another system names its users otherwise")
def test_a_user_without_a_name(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import getpass

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert record(run, purpose="why", what="x", rows=1).who == f"uid {os.getuid()}"
