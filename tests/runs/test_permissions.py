"""The private side is its owner's alone, whatever the umask was, in a finished run and in a killed one."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clio.config import RunConfig
from clio.errors import RunError
from clio.runs import at_rest
from clio.runs.doctor import examine
from clio.runs.files import replacing, write_json
from clio.runs.inspect import inspect_run
from clio.runs.journal import Journal
from clio.runs.manifest import Manifest
from clio.runs.permissions import close_to_others, exposure, make_folder, told
from tests.fakes import corpus
from tests.quick import CONFIG, ROOT, quick_run, write_jsonl

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are what POSIX systems keep")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Every file and folder below, by name relative to the folder above."""
    return {
        path.relative_to(folder.parent).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (folder, *folder.rglob("*"))
    }


def open_ones(folder: Path) -> dict[str, int]:
    return {name: mode for name, mode in modes(folder).items() if mode & 0o077}


def test_a_finished_run_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    run = tmp_path / "run"
    quick_run(corpus(72, accounts=20), run, {"title": "Test"})
    found = modes(run / "workspace")
    assert {"workspace/facets.parquet", "workspace/vectors/vectors.npy", "workspace/releases/0001.npy"} <= set(found)
    assert not open_ones(run / "workspace")
    assert stat.S_IMODE((run / "manifest.json").stat().st_mode) == 0o600
    # What is there to be shown has the modes that its owner's umask says.
    assert stat.S_IMODE((run / "release" / "clusters.parquet").stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((run / "release").stat().st_mode) == 0o777 & ~umask
    keys = Path(os.environ["CLIO_KEY_DIR"])
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys.iterdir())


def test_a_run_embedding_answers_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    """Shard by shard, the other way that vectors are written."""
    config = {"encoder": {"input": "facet", "shard_rows": 100}}
    quick_run(corpus(72, accounts=20), tmp_path / "run", config)
    assert not open_ones(tmp_path / "run" / "workspace")


def test_a_killed_run_is_its_owners_alone(tmp_path: Path) -> None:
    config, chats, run = tmp_path / "config.yaml", tmp_path / "chats.jsonl", tmp_path / "run"
    config.write_text(yaml.safe_dump(CONFIG))
    write_jsonl(chats, corpus(200, accounts=40))
    command = (sys.executable, "-m", "tests.quick", "run", config, "--input", chats, "--output", run)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "QUICK_SECONDS": "0.02"}
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=env, stderr=subprocess.DEVNULL, umask=0)
    try:
        journal, until = run / "workspace" / "extract_facets.journal.jsonl", time.monotonic() + 300
        while not (journal.exists() and journal.stat().st_size > 5_000):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert "workspace/extract_facets.journal.jsonl" in modes(run / "workspace")
    assert not open_ones(run / "workspace")
    assert exposure(run).entries == 0


def test_while_it_is_written_a_file_is_private_too(tmp_path: Path, umask: int) -> None:
    with replacing(tmp_path / "deep" / "er" / "file") as handle:
        assert stat.S_IMODE(os.fstat(handle.fileno()).st_mode) == 0o600
    assert not open_ones(tmp_path / "deep")
    write_json(tmp_path / "shown.json", {}, public=True)
    assert stat.S_IMODE((tmp_path / "shown.json").stat().st_mode) == 0o666 & ~umask


def test_a_leftover_that_others_hold_open_gets_nothing(tmp_path: Path) -> None:
    """Whoever opened the temporary file before its mode was right must not see what is written later."""
    path = tmp_path / "file"
    leftover = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    leftover.write_bytes(b"")
    leftover.chmod(0o666)
    with leftover.open("rb") as spy:
        with replacing(path) as handle:
            handle.write(b"private")
        assert spy.read() == b""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_is_private(tmp_path: Path, umask: int) -> None:
    Journal(tmp_path / "workspace" / "journal", "key").add(0, [], [])
    assert not open_ones(tmp_path / "workspace")


@given(st.lists(st.integers(0, 0o777), min_size=1, max_size=6))
def test_whatever_the_modes_were_they_are_told_and_closed(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[int]
) -> None:
    run = tmp_path_factory.mktemp("run")
    make_folder(run / "workspace" / "releases")
    run.chmod(0o755)
    for number, mode in enumerate(drawn):
        path = run / "workspace" / "releases" / f"{number}"
        path.write_bytes(b"")
        path.chmod(mode)
    loose = sum(bool(mode & 0o077) for mode in drawn)
    assert exposure(run).entries == loose
    assert close_to_others(run / "workspace") == loose
    assert not exposure(run)
    assert told(run) == "owner only"
    # What the owner may do is the owner's own affair.
    kept = [stat.S_IMODE((run / "workspace" / "releases" / f"{n}").stat().st_mode) for n in range(len(drawn))]
    assert kept == [mode & 0o700 for mode in drawn]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"")
    outside.chmod(0o644)
    make_folder(tmp_path / "run" / "workspace")
    (tmp_path / "run" / "workspace" / "link").symlink_to(outside)
    assert close_to_others(tmp_path / "run" / "workspace") == 0
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_a_workspace_that_became_readable_is_told_and_mended(tmp_path: Path, finished: Path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    assert inspect_run(run)["workspace"] == "owner only"
    (run / "workspace" / "facets.parquet").chmod(0o644)
    (run / "workspace").chmod(0o750)
    assert inspect_run(run)["workspace"].startswith("2 files or folders are open to others (chmod -R go= ")
    finding = examine(run)[-1]
    assert (finding.what, finding.state) == ("workspace", "missing")
    assert finding.remedy == f"chmod -R go= {run / 'workspace'}"
    said: list[str] = []
    at_rest.begin(run, Manifest.open(run), RunConfig().workspace, said.append)
    assert any("2 files or folders" in line and "closed now" in line for line in said)
    assert examine(run)[-1].state == "ok"


def test_a_run_folder_that_others_may_write(tmp_path: Path, finished: Path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    run.chmod(0o777)
    assert examine(run)[-1].remedy == f"chmod go-w {run}"
    run.chmod(0o1777)  # a sticky folder: others may add, not replace
    assert examine(run)[-1].state == "ok"


def test_doctor_of_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not the folder of a run"):
        examine(tmp_path)


def test_doctor_tells_of_every_key_that_is_open() -> None:
    from clio.runs.keys import load_reply_key, reply_key_path

    load_reply_key()
    assert "replies.key" not in {finding.what for finding in examine()}
    reply_key_path().chmod(0o640)
    (finding,) = [finding for finding in examine() if finding.what == "replies.key"]
    assert finding.remedy == f"chmod 600 {reply_key_path()}"
