"""``clio access-log``: who looked at rows of single conversations, and why."""

from __future__ import annotations

import dataclasses
import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="The result as JSON lines.")]
ACCESS_LOG_EPILOG = "Example: `clio access-log runs/demo`"


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
