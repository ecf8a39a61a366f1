"""Which files the browser may name: those below the runs folder, and no other, whatever is typed, linked or sent."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clio.errors import InputError, RunError
from clio.runs.manifest import FILE as MANIFEST
from clio.runs.permissions import make_folder

UPLOADS = "uploads"
SUFFIXES = (".jsonl", ".json", ".ndjson", ".csv", ".parquet", ".zip", ".gz", ".zst")
MOST_FILES = 500
DEEPEST = 3
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def inside(folder: Path, name: str) -> Path:
    """The file or folder of this name below ``folder``; ``name`` is relative, its parts divided by ``/``.

    Raises:
        InputError: the name leads out of the folder, by itself or through a link, or is hidden.
    """
    parts = name.split("/")
    if not name or any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        raise InputError("This name does not lead to a file in the runs folder.")
    root = folder.resolve()
    try:
        path = (root / name).resolve()
    except (OSError, RuntimeError, ValueError):
        path = root
    if path == root or not path.is_relative_to(root):
        raise InputError("This name leads out of the runs folder; nothing outside it is opened from the browser.")
    return path


def released(folder: Path, name: str) -> Path | None:
    """The folder of this run below ``folder``; None where it holds no release, or what it holds lies elsewhere."""
    try:
        run = inside(folder, name)
        manifest = inside(folder, f"{name}/release/{MANIFEST}")
    except InputError:
        return None
    return run if manifest.is_file() and manifest.is_relative_to(run) else None


def run_name(name: str) -> str:
    """The name, if a new run may have it: letters, digits, dot, dash and underscore.

    Raises:
        RunError: it may not.
    """
    if not _NAME.fullmatch(name) or name == UPLOADS:
        raise RunError("A run is named with letters, digits, dots, dashes and underscores, at most 80, a letter first.")
    return name


def sources(folder: Path) -> list[str]:
    """Files below the runs folder that may hold conversations, by name; files of runs are not among them."""
    found: list[str] = []
    for above, below, files in os.walk(folder):
        here = Path(above)
        depth = len(here.relative_to(folder).parts)
        run = (here / MANIFEST).is_file() or (here / ".job").is_dir() or depth > DEEPEST
        below[:] = [] if run else sorted(name for name in below if not name.startswith("."))
        for name in () if run else sorted(files):
            relative = (here / name).relative_to(folder).as_posix()
            if name.lower().endswith(SUFFIXES) and _allowed(folder, relative):
                found.append(relative)
        if len(found) >= MOST_FILES:
            break
    return found[:MOST_FILES]


def _allowed(folder: Path, name: str) -> bool:
    try:
        return inside(folder, name).is_file()
    except InputError:
        return False


def keep_upload(folder: Path, name: str, data: bytes) -> str:
    """Write a file that was sent, its owner's alone, and give its name below the runs folder.

    An upload never writes over another: the second of one name gets a number.

    Raises:
        InputError: its kind is none that is read.
        RunError: it cannot be written.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".-")[-80:].lstrip(".-")
    if not plain.lower().endswith(SUFFIXES):
        raise InputError(f"A file of this kind is not read; there are {', '.join(SUFFIXES)}.")
    place = folder / UPLOADS
    if place.is_symlink():
        raise RunError(f"{UPLOADS} is a link. Nothing was kept; put a folder in its place.")
    try:
        make_folder(place)
        for number in range(1, 1_000):
            path = place / (plain if number == 1 else f"{number}-{plain}")
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            return f"{UPLOADS}/{path.name}"
    except OSError as fault:
        raise RunError(f"The file could not be kept ({fault.strerror}). Make room or mend the permissions.") from None
    raise RunError("There are too many uploads of this name. Remove some.")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, as it lies there."""

    name: str
    """Below the runs folder."""
    bytes: int
    time: datetime
    """When it was kept."""


def uploads(folder: Path) -> list[Upload]:
    """Files that were sent, the newest first; links are left out."""
    place = folder / UPLOADS
    if place.is_symlink() or not place.is_dir():
        return []
    found = []
    for path in place.iterdir():
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            stat = path.stat()
            kept = datetime.fromtimestamp(stat.st_mtime, UTC)
            found.append(Upload(f"{UPLOADS}/{path.name}", stat.st_size, kept))
    return sorted(found, key=lambda upload: upload.time, reverse=True)


def remove_upload(folder: Path, name: str) -> None:
    """Delete a file that was sent; no other file can be deleted from the browser.

    Raises:
        RunError: it is none, or cannot be deleted.
    """
    if name not in {upload.name for upload in uploads(folder)}:
        raise RunError("This is no file that was sent. Nothing was deleted.")
    try:
        (folder / name).unlink()
    except OSError as fault:
        raise RunError(f"The file could not be deleted ({fault.strerror}). Mend the permissions.") from None
