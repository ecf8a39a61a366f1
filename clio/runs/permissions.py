"""Who may read the private side: its owner alone, whatever the umask of the process that made it.

Modes are what POSIX systems keep. On Windows they mean nothing, so nothing is judged there: access follows what the
folder inherits, and a run belongs in the user's own profile.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OTHERS = 0o077
_WRITE_OTHERS = 0o022
POSIX = os.name == "posix"


@dataclass(frozen=True, slots=True)
class Exposure:
    """What others may do with the private side of a run."""

    entries: int = 0
    """Files and folders below ``workspace``, itself included, whose mode lets others in."""
    first: Path | None = None
    """One of them."""
    run_writable: bool = False
    """Others may rename or replace what lies in the run's folder, and so put another workspace in its place."""
    foreign: int = 0
    """Files and folders that belong to another user than ``workspace`` does."""

    def __bool__(self) -> bool:
        return bool(self.entries or self.run_writable or self.foreign)


def make_folder(folder: Path) -> None:
    """The folder and those of its parents that are absent, for their owner alone. One that is there stays as it is."""
    absent = [folder]
    while not absent[-1].parent.exists():
        absent.append(absent[-1].parent)
    for path in reversed(absent):
        path.mkdir(mode=0o700, exist_ok=True)


def make_file(path: Path) -> None:
    """An empty file for its owner alone, in place of what was there: a mode does not change for those who opened it
    before.
    """
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def close_to_others(folder: Path) -> int:
    """Take away what others may do with a folder and all in it; the number of entries that were open.

    Links are not followed. An entry that cannot be changed stays open, and :func:`exposure` tells of it.
    """
    mended = 0
    if not POSIX:
        return 0
    for path, found in _entries(folder):
        if found.st_mode & OTHERS:
            with suppress(OSError):
                path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
                mended += 1
    return mended


def exposure(run: Path) -> Exposure:
    """What others may do with the private side of a run, by the modes of its files and folders.

    Access lists (ACLs) beyond the mode, and who may read the disk itself, are not seen here.
    """
    workspace = run / "workspace"
    if not POSIX or not workspace.is_dir():
        return Exposure()
    owner = workspace.lstat().st_uid
    entries, foreign, first = 0, 0, None
    for path, found in _entries(workspace):
        foreign += found.st_uid != owner
        if found.st_mode & OTHERS:
            entries, first = entries + 1, first or path
    mode = run.stat().st_mode
    return Exposure(entries, first, bool(mode & _WRITE_OTHERS and not mode & stat.S_ISVTX), foreign)


def told(run: Path) -> str:
    """One line for a reader: how the private side stands, and what to do."""
    if not (run / "workspace").is_dir():
        return "absent"
    if not POSIX:
        return "not judged: this system keeps no POSIX modes"
    found = exposure(run)
    faults = []
    if found.entries:
        faults.append(f"{found.entries} files or folders are open to others (chmod -R go= {run / 'workspace'})")
    if found.run_writable:
        faults.append(f"others may write in the run's folder (chmod go-w {run})")
    if found.foreign:
        faults.append(f"{found.foreign} files or folders belong to another user")
    return "; ".join(faults) or "owner only"


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The folder and all below it, without following links; what goes away meanwhile is left out."""
    with suppress(OSError):
        yield folder, folder.lstat()
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(above, name)
            with suppress(OSError):
                found = path.lstat()
                if not stat.S_ISLNK(found.st_mode):
                    yield path, found
