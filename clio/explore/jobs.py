"""Runs that are started from the browser: each is the ordinary ``clio run`` in a process of its own.

What a run was started with lies in ``.job`` of its folder: the config, the name of its input, its process, and the
JSON lines of progress. So another server of the same user stops it, too. A run that was started in another way is
listed and watched, and not stopped from here.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from filelock import FileLock, Timeout

from clio.config import RunConfig
from clio.errors import ClioError, RunError
from clio.explore._process import alive, beginning, terminate
from clio.explore.places import inside, released, remove_upload, run_name
from clio.explore.safe import plain
from clio.runs.files import read_json, write_json
from clio.runs.manifest import FILE
from clio.runs.permissions import make_file, make_folder

JOB, PROCESS = ".job", "process.json"
Status = Literal["running", "finished", "stopped", "failed", "new"]
_TAIL = 65_536
"""Bytes of the end of the progress that are read."""
_started: dict[Path, subprocess.Popen[bytes]] = {}
"""Processes of this server, by the folder of their run."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One run of the runs folder."""

    name: str
    title: str
    status: Status
    conversations: int | None
    released: bool
    """Whether there is something to explore."""
    resumable: bool
    """Whether it was started from here, so that it can go on from here."""
    stoppable: bool
    """Whether it is under way in a process that was started from here."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The latest of a run's own JSON lines."""

    stages: tuple[tuple[str, int, int], ...] = ()
    """Label, how many are done, of how many; the order is that of their beginning."""
    messages: tuple[str, ...] = ()
    error: str = ""


def start(folder: Path, name: str, source: str, config: RunConfig) -> Path:
    """Start a new run of a file below the runs folder; gives the run's folder.

    Raises:
        ClioError: the name is taken or may not be, or the file is not in the runs folder.
    """
    run, file = folder.resolve() / run_name(name), inside(folder, source)
    _check_source(file)
    if run.exists() or run.is_symlink():
        raise RunError("There is a run, a folder or a file of this name already. Choose another.")
    make_folder(run / JOB)
    settings = config.model_dump(mode="json", exclude_unset=True)
    make_file(run / JOB / "config.yaml")
    (run / JOB / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")
    write_json(run / JOB / "job.json", {"input": source})
    _launch(folder, run)
    return run


def _check_source(file: Path) -> None:
    if not file.is_file():
        raise RunError("There is no such file in the runs folder.")


def resume(folder: Path, name: str) -> None:
    """Go on with a run that was started from here: the same command again.

    Raises:
        ClioError: it was not started from here, is running, or its file is gone.
    """
    run = inside(folder, name)
    if status(run) == "running":
        raise RunError("This run is under way.")
    _launch(folder, run)


def _launch(folder: Path, run: Path) -> None:
    job = run / JOB
    source = inside(folder, _input(run))
    _check_source(source)
    line = [sys.executable, "-m", "clio", "run", str(job / "config.yaml"), "--input", str(source)]
    line += ["--output", str(run), "--json"]
    told = job / "progress.jsonl"
    told.unlink(missing_ok=True)
    make_file(told)
    with told.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell, paths made by this module
            line, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    _started[run.resolve()] = process
    write_json(job / PROCESS, {"pid": process.pid, "began": beginning(process.pid)})


def _process(run: Path) -> tuple[int, str]:
    """Pid and beginning of the process that was started for a run, in whatever server; 0 where none is known."""
    try:
        told = read_json(run / JOB / PROCESS)
        return int(told["pid"]), str(told["began"])
    except (ClioError, KeyError, TypeError, ValueError, OverflowError):
        return 0, ""


def _under_way(run: Path) -> bool:
    """Whether a process that was started from here is at work on it."""
    process = _started.get(run.resolve())
    return process.poll() is None if process is not None else alive(*_process(run))


def stop(folder: Path, name: str) -> None:
    """Ask a run that was started from a page to stop, by this server or an earlier one; what is finished is kept.

    The command takes this signal as it takes Ctrl-C, also where Ctrl-C is ignored because the server runs unattended.

    Raises:
        RunError: it is not running, or was started in another way.
    """
    run = inside(folder, name)
    process = _started.get(run)
    if process is not None and process.poll() is None:
        process.send_signal(signal.SIGTERM)
    elif process is not None or not terminate(*_process(run)):
        raise RunError("This run was not started from a page of this machine, or has ended: stop it where it began.")


def delete_upload(folder: Path, name: str) -> None:
    """Delete a file that was sent, unless a run is reading it.

    Raises:
        RunError: it is none, a run that is under way reads it, or it cannot be deleted.
    """
    for run in listed(folder):
        if run.status == "running" and _input(folder / run.name) == name:
            raise RunError(f"The run {run.name} is reading this file. Nothing was deleted: stop it, or let it end.")
    remove_upload(folder, name)


def _input(run: Path) -> str:
    """Name of the file that a run was started with; empty where that is not known."""
    try:
        given = read_json(run / JOB / "job.json")
    except ClioError:
        return ""
    return str(given.get("input")) if isinstance(given, dict) else ""


def status(run: Path) -> Status:
    """How a run is: by its process, its lock, its manifest."""
    if _under_way(run):
        return "running"
    try:
        told = str(read_json(run / FILE).get("status"))
    except (ClioError, AttributeError):
        told = ""
    if told == "finished":
        return "finished"
    if told == "running" and _held(run):
        return "running"
    error = progress(run).error
    if error and not error.startswith("stopped."):
        return "failed"
    return "stopped" if told or error else "new"


def _held(run: Path) -> bool:
    if not (run / ".lock").is_file():
        return False
    try:
        with FileLock(run / ".lock", timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def listed(folder: Path) -> list[Listed]:
    """Runs directly below the folder, by name; links are left out."""
    found = []
    for run in sorted(folder.iterdir()) if folder.is_dir() else ():
        if run.name.startswith(".") or run.is_symlink() or not run.is_dir():
            continue
        job = (run / JOB / "job.json").is_file()
        if not job and not (run / FILE).is_file():
            continue
        try:
            data = read_json(run / FILE)
        except ClioError:
            data = {}
        data = data if isinstance(data, dict) else {}
        counts = data.get("counts")
        many = counts.get("conversations") if isinstance(counts, dict) else None
        found.append(
            Listed(
                run.name,
                plain(data.get("title") or run.name, 80),
                status(run),
                many if isinstance(many, int) else None,
                released(folder, run.name) is not None,
                job,
                job and _under_way(run),
            )
        )
    return found


def progress(run: Path) -> Progress:
    """What a run that was started from here said last; empty where it was started elsewhere."""
    try:
        with (run / JOB / "progress.jsonl").open("rb") as handle:
            handle.seek(max(0, handle.seek(0, 2) - _TAIL))
            lines = handle.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return Progress()
    stages: dict[str, tuple[str, int, int]] = {}
    messages: list[str] = []
    error = ""
    for line in lines:
        try:
            event = json.loads(line)
            if event["event"] == "progress":
                label = plain(event["stage"], 80)
                stages[label] = (label, int(event["done"]), int(event["total"]))
            elif event["event"] == "message":
                messages.append(plain(event["text"], 300))
            elif event["event"] == "error":
                error = plain(event["message"], 600)
        except (ValueError, KeyError, TypeError):
            continue
    return Progress(tuple(stages.values()), tuple(messages[-8:]), error)
