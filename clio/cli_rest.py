"""``clio purge`` and ``clio access-log``: the private side of a run, destroyed or looked into."""

from __future__ import annotations

import dataclasses
import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="The result as JSON lines.")]
PURGE_EPILOG = "Example: `clio purge runs/demo --workspace` or `clio purge --expired runs`"
ACCESS_LOG_EPILOG = "Example: `clio access-log runs/demo`"


def purge(
    run: Annotated[Path | None, typer.Argument(help="The folder of a run.")] = None,
    workspace: Annotated[
        bool, typer.Option("--workspace", help="Destroy the private side of this run; what was released stays.")
    ] = False,
    expired: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Do so for every run in a folder that is past `workspace.keep_days`."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Destroy the private side of a run: rows of single conversations, vectors, journal. The release works on.

    Stopped, the same command goes on where it was. What remains is said at the end.
    """
    if (run is None) == (expired is None) or workspace is (run is None):
        raise typer.BadParameter("give a run and --workspace, or --expired and a folder of runs.")
    if not (yes or sys.stdin.isatty()):
        raise typer.BadParameter("there is no terminal to ask on; pass --yes to destroy without being asked.")
    if run is not None:
        _purge_one(run, yes)
    elif expired is not None:
        _purge_expired(expired, yes)


def _purge_one(run: Path, yes: bool) -> None:
    from clio.errors import RunError
    from clio.runs.manifest import FILE
    from clio.runs.purge import purge as purge_run

    if not (run / FILE).is_file():
        raise RunError(f"{run}: is not the folder of a run (it holds no {FILE})")
    if not (yes or typer.confirm(f"Destroy {run / 'workspace'}? The run cannot be gone on with or published again.")):
        _print("Nothing was removed.")
        raise typer.Exit(1)
    done = purge_run(run)
    _print(
        f"{run}: was purged before, on {done.at[:10]}."
        if done.before
        else f"{run}: the private side is gone: {done.files:,} files, {done.bytes:,} bytes."
    )
    _print("What remains of the conversations:")
    for line in done.remains:
        _print(f"  {line}")


def _purge_expired(folder: Path, yes: bool) -> None:
    from clio.errors import RunError
    from clio.runs.retention import expired, purge_expired

    due = expired(folder)
    for path in due:
        _print(str(path))
    if due and not (yes or typer.confirm(f"Destroy the private side of these {len(due)} runs?")):
        _print("Nothing was removed.")
        raise typer.Exit(1)
    failed = 0
    for outcome in purge_expired(due):
        failed += outcome.purged is None
        if outcome.purged is None:
            _print(f"{outcome.run}: not purged. {outcome.fault}")
    _print(f"{len(due) - failed} of {len(due)} runs that were due are purged.")
    if failed:
        raise RunError(f"{failed} runs could not be purged; see above.")


def access_log(run: Annotated[Path, typer.Argument(help="The folder of a run.")], json: Json = False) -> None:
    """Print who looked at rows of single conversations, when, why and at how many; verified line by line."""
    from clio.errors import RunError
    from clio.runs.access_log import one_line, read_log
    from clio.runs.manifest import FILE

    if not (run / FILE).is_file():
        raise RunError(f"{run}: is not the folder of a run (it holds no {FILE})")
    entries = read_log(run)
    if json:
        for entry in entries:
            _print(json_format.dumps(dataclasses.asdict(entry), ensure_ascii=False))
        return
    if not entries:
        _print("Nobody has looked at rows of single conversations through this toolkit.")
    for entry in entries:
        who = entry.who if entry.who == entry.os_user else f"{entry.who} (as {entry.os_user})"
        _print(f"{entry.number:>4}  {entry.time}  {one_line(who)}: {one_line(entry.what)}, {entry.rows:,} rows")
        _print(f"      {one_line(entry.purpose)}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
