"""Destroying the private side of a run. What was released goes on to work.

A purge that was stopped is finished by the next one: the manifest says that it was begun before anything is removed,
and from then on nothing reads or writes the private side.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clio.errors import RunError
from clio.runs import access_log, workspace_key
from clio.runs.files import sync_folder
from clio.runs.manifest import FILE, Manifest
from clio.runs.seal import read_marker

BATCHES = "batches.jsonl"


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did."""

    at: str
    """When the private side was gone, UTC."""
    files: int
    """How many were removed, by a purge that was stopped before too."""
    bytes: int
    before: bool
    """Whether it was gone already, and nothing had to be done."""
    remains: tuple[str, ...]
    """What of the conversations is still there, and where; one sentence each."""


def purge(run: Path) -> Purged:
    """Destroy the private side of a run: everything in ``workspace``, and what a killed process left beside it.

    ``release``, ``manifest.json`` and the access log stay; the manifest says when the purge was. Files are removed,
    not overwritten: see docs/at-rest.md. The data key of an encrypted workspace goes first.

    Raises:
        RunError: it is no run, another process is writing it, or something could not be removed. What was removed
            stays removed; the same call goes on.
    """
    from clio.runs.runner import locked

    if not (run / FILE).is_file():
        raise RunError(f"{run}: is not the folder of a run (it holds no {FILE})")
    with locked(run):
        return purge_held(run, Manifest.open(run))


def purge_held(run: Path, manifest: Manifest) -> Purged:
    """As :func:`purge`, for who holds the run's lock and its manifest."""
    workspace = run / "workspace"
    if workspace.is_symlink():
        raise RunError(
            f"{workspace}: is a link. Nothing was removed, for removing a link leaves what it names: put the folder "
            "itself in the link's place, or remove it by hand, then purge again."
        )
    noted: dict[str, Any] = dict(manifest.data.get("purge", {}))
    if noted.get("finished_at") and not workspace.exists():
        return Purged(noted["finished_at"], noted["files"], noted["bytes"], True, _remains(manifest, run, 0))
    noted.setdefault("begun_at", _now())
    noted.pop("finished_at", None)
    manifest.data["purge"] = noted
    noted.setdefault("batches", (workspace / BATCHES).is_file())
    run_id = _data_key(workspace)
    if run_id is not None:
        noted.setdefault("key", "destroyed" if workspace_key.wrapped_path(run_id).is_file() else "not found")
    manifest.save()
    try:
        if run_id is not None:
            workspace_key.destroy(run_id)
        access_log.move_out(run)
        files, size, linked = _measure(workspace)
        noted |= {"files": noted.get("files", 0) + files, "bytes": noted.get("bytes", 0) + size}
        manifest.save()
        if workspace.exists():
            shutil.rmtree(workspace)
        for leftover in run.glob(".*.tmp"):
            leftover.unlink()
        sync_folder(run)
    except OSError as fault:
        raise RunError(
            f"{workspace}: not all of it could be removed ({fault.strerror}). Mend the permissions, then purge again: "
            "it goes on where it was. Nothing reads what is left."
        ) from None
    noted["finished_at"] = _now()
    manifest.save()
    return Purged(noted["finished_at"], noted["files"], noted["bytes"], False, _remains(manifest, run, linked))


def refuse_purged(folder: Path, manifest: Manifest) -> None:
    """RunError where the private side was purged, or is being purged: nothing can be made from it any more."""
    noted = manifest.data.get("purge")
    if not noted:
        return
    if not noted.get("finished_at"):
        raise RunError(
            f"{folder}: the private side of this run is half purged. Finish it with `clio purge {folder} --workspace`; "
            "what was released can still be read. For a new run, choose another output."
        )
    raise RunError(
        f"{folder}: the private side of this run was purged on {noted['finished_at'][:10]}, so it cannot be gone on "
        "with. What was released can still be read; for a new run, choose another output."
    )


def told(manifest: dict[str, Any]) -> str:
    """One line on the purge of a run; empty where there was none."""
    noted = manifest.get("purge")
    if not noted:
        return ""
    return f"purged on {noted['finished_at'][:10]}" if noted.get("finished_at") else "half purged: purge it again"


def _data_key(workspace: Path) -> str | None:
    """The id of the data key; None where there is none, or where nobody can tell it any more."""
    with suppress(RunError):
        marked = read_marker(workspace)
        if marked is not None:
            workspace_key.wrapped_path(marked.id)
            return marked.id
    return None


def _measure(workspace: Path) -> tuple[int, int, int]:
    """Files, bytes, and files that have another name elsewhere."""
    files = size = linked = 0
    for above, _, names in os.walk(workspace):
        for name in names:
            with suppress(FileNotFoundError):
                found = Path(above, name).lstat()
                files, size, linked = files + 1, size + found.st_size, linked + (found.st_nlink > 1)
    return files, size, linked


def _remains(manifest: Manifest, run: Path, linked: int) -> tuple[str, ...]:
    from clio.models.reply_cache import cache_folder

    left = [
        "The source files that the run read are as they were.",
        f"{FILE}: names and digests of the source files, and true counts of the whole run.",
    ]
    if (run / access_log.FILE).is_file():
        left.append(f"{access_log.FILE}: who looked at rows of single conversations, and why.")
    if (manifest.data.get("config", {}).get("writer", {})).get("backend") == "messages":
        left.append(
            f"Replies of this run in the encrypted cache {cache_folder()}: it holds no mark of the run they were "
            "bought for. `clio cache clear` removes those of all runs."
        )
    noted = manifest.data.get("purge", {})
    if noted.get("batches"):
        left.append("What the endpoint keeps of the batches sent to it, for as long as its provider says.")
    if noted.get("key") == "not found":
        left.append(
            f"The data key of the encrypted workspace, which was not in {workspace_key.wrapped_path('0' * 32).parent}: "
            "whoever has it can read copies of the workspace."
        )
    if linked:
        left.append(f"{linked} files had another name (a hard link) outside the workspace, and are still there.")
    if noted.get("key") == "destroyed":
        left.append("Backups and snapshots, unreadable without the data key, unless they hold that file of keys too.")
    else:
        left.append("Backups and snapshots of this disk, and what a storage device keeps of removed blocks, in clear.")
    return tuple(left)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
