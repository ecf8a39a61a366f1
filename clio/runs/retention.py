"""How much of a run's private side is kept, and how long: ``workspace.keep`` and ``workspace.keep_days``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clio.config.workspace import WorkspaceConfig
from clio.errors import ClioError, RunError
from clio.runs.journal import JOURNAL
from clio.runs.manifest import FILE, Manifest
from clio.runs.purge import Purged, purge, purge_held


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one run that is past its retention."""

    run: Path
    purged: Purged | None
    fault: str = ""
    """Why it could not be purged."""


def note(manifest: Manifest, config: WorkspaceConfig) -> None:
    """Write down since when there is a private side, and until when: the first never changes while there is one."""
    noted = manifest.data.setdefault("workspace", {})
    noted.setdefault("since", datetime.now(UTC).isoformat(timespec="seconds"))
    noted["keep"], noted["keep_days"] = config.keep, config.keep_days


def expires(manifest: dict[str, Any]) -> datetime | None:
    """When the private side is to be gone; None for a run that was told to keep it, or has none any more.

    Raises:
        RunError: the manifest does not say it in a way that can be read.
    """
    noted = manifest.get("workspace") or {}
    if noted.get("keep_days") is None or manifest.get("purge", {}).get("finished_at"):
        return None
    try:
        return datetime.fromisoformat(noted["since"]) + timedelta(days=int(noted["keep_days"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise RunError(f"{FILE}: `workspace` says `keep_days`, and not readably since when. Purge the run.") from None


def is_past(manifest: dict[str, Any], now: datetime | None = None) -> bool:
    """Whether the private side should be gone by now."""
    until = expires(manifest)
    return until is not None and (now or datetime.now(UTC)) >= until


def told(run: Path, manifest: dict[str, Any]) -> str:
    """One line on the retention of a run; empty where none was set."""
    until = expires(manifest)
    if until is None:
        return ""
    if is_past(manifest):
        return f"past its retention since {until:%Y-%m-%d}: clio purge {run} --workspace"
    return f"to be gone on {until:%Y-%m-%d}"


def at_end(folder: Path, manifest: Manifest, config: WorkspaceConfig) -> str:
    """Remove what a finished run does not keep; what was done, in a line, empty where nothing was.

    Raises:
        RunError: it could not be removed.
    """
    if config.keep == "nothing":
        done = purge_held(folder, manifest)
        return f"  the private side was purged: {done.files:,} files"
    if config.keep == "tables":
        journal = folder / "workspace" / JOURNAL
        try:
            journal.unlink(missing_ok=True)
        except OSError as fault:
            raise RunError(f"{journal}: cannot be removed ({fault.strerror}); workspace.keep asks for it.") from None
    return ""


def expired(folder: Path, now: datetime | None = None) -> list[Path]:
    """The runs in a folder, however deep, that are past their retention or half purged, or of which that cannot be
    told because the manifest is damaged.

    Raises:
        RunError: the folder is not there.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: is not a folder")
    return [run for run in _runs(folder) if _due(run, now)]


def purge_expired(runs: list[Path]) -> Iterator[Outcome]:
    """Purge each; one that cannot be purged holds up no other."""
    for run in runs:
        try:
            yield Outcome(run, purge(run))
        except ClioError as fault:
            yield Outcome(run, None, str(fault))


def _due(run: Path, now: datetime | None) -> bool:
    try:
        manifest = Manifest.open(run).data
        return (bool(manifest.get("purge")) and not manifest["purge"].get("finished_at")) or is_past(manifest, now)
    except RunError:
        return True  # purging it says what is wrong


def _runs(folder: Path) -> Iterator[Path]:
    for above, folders, files in os.walk(folder):
        folders.sort()
        if FILE in files and ("workspace" in folders or _is_run(Path(above))):
            folders.clear()  # no run lies in a run
            yield Path(above)


def _is_run(folder: Path) -> bool:
    with suppress(RunError):
        return Manifest.open(folder).path.is_file()
    return False
