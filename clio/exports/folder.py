"""An export: a folder of tables, made of a release alone, looked through, and moved into its place whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clio.errors import ClioError, RunError
from clio.exports import package
from clio.exports.formats import FORMATS, Format, write_files
from clio.exports.guard import hold_thresholds, redactor_of, refuse_within
from clio.exports.look import look
from clio.exports.scope import Scope, scoped
from clio.runs.files import read_json, replacing, sync_folder, write_json
from clio.runs.read import Run, open_run

if TYPE_CHECKING:
    from clio.explore.release import Release


def export(
    run: Run | str | Path,
    folder: str | Path,
    *,
    format: str = "csv",  # noqa: A002 - the option's name
    cluster: str | None = None,
    level: int | None = None,
    bom: bool = True,
    force: bool = False,
    edits: bool = True,
) -> Path:
    """Write the tables of a release to ``folder``, with ``datapackage.json`` and a data dictionary.

    Args:
        run: a finished run, or the folder of one, or of a release that was passed on alone.
        folder: new or empty.
        format: csv, parquet, json or xlsx.
        cluster: this cluster and everything below it only.
        level: clusters of this level only.
        bom: begin CSV with a byte-order mark, without which spreadsheets misread other scripts.
        force: a former export in ``folder`` may be replaced; no other file ever is.
        edits: apply the edits that people made to names and places of clusters.

    Raises:
        RunError: no release, no such cluster or level, or ``folder`` is in use or cannot be written.
        PrivacyError: a finished file holds what looks like an identifier or a cell under threshold. Nothing is written.
        MissingExtraError: XLSX without the ``report`` extra, or the run requires a detector that is not installed.
    """
    from clio.explore.release import load

    if format not in FORMATS:
        raise RunError(f"there is no export to `{format}`; there are {', '.join(FORMATS)}.")
    opened = run if isinstance(run, Run) else open_run(run)
    target = Path(folder)
    _refuse(target, opened, force)
    release = load(opened.folder, edited=edits)
    hold_thresholds(release)
    scope = Scope(cluster, level)
    tables = scoped(release, scope)
    fresh = target.with_name(f".{target.name or 'export'}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _write(fresh, release, tables, scope, format, bom)
        look(fresh, redactor_of(release), package.said(release), _ours(release, fresh))
        _swap(fresh, target)
    except OSError as fault:
        raise RunError(f"{target}: cannot be written ({fault.strerror}). Choose another folder with -o.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _write(
    fresh: Path, release: Release, tables: Mapping[str, pa.Table], scope: Scope, form: Format, bom: bool
) -> None:
    fresh.mkdir(parents=True)
    lines = package.notes(release, tables, scope, form)
    if form == "xlsx":
        from clio.exports.workbook import write_workbook

        written = write_workbook(fresh, tables, [line.removeprefix("# ") for line in lines])
    else:
        written = write_files(fresh, tables, form, bom=bom)
    with replacing(fresh / package.README, public=True) as handle:
        handle.write(package.markdown(lines).encode("utf-8", "replace"))
    described = package.describe(release, tables, written, scope, form, fresh)
    write_json(fresh / package.FILE, described, public=True)


def _ours(release: Release, fresh: Path) -> set[str]:
    """Digests, in which a card number stands now and then, as the scan meets them."""
    described: dict[str, Any] = read_json(fresh / package.FILE)
    ours = {f"hash: {one['hash']}" for one in described["resources"]} | {one["hash"] for one in described["resources"]}
    digest = str(release.about.get("digest", ""))
    ours |= {package.PROFILE, f"$schema: {package.PROFILE}"}
    return ours | {digest, f"digest: {digest}", described["name"], f"name: {described['name']}"}


def _refuse(target: Path, run: Run, force: bool) -> None:
    """Raise where ``target`` is not ours to write."""
    refuse_within(target, run, "Choose a folder outside it with -o.")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise RunError(f"{target}: is no folder. Choose another with -o.")
    present = {path.name for path in target.iterdir()} if target.exists() else set()
    if not present:
        return
    if not force:
        raise RunError(f"{target}: is not empty. Choose another folder with -o, or replace a former export by --force.")
    foreign = sorted(present - _former(target))
    if foreign:
        raise RunError(
            f"{target}: holds {len(foreign)} files that no export wrote, so it is not replaced. Choose another."
        )


def _former(target: Path) -> set[str]:
    """Names of the files of a former export; none where there was none."""
    try:
        described = read_json(target / package.FILE)
    except ClioError:
        return set()
    if not isinstance(described, dict) or "clio" not in described:
        return set()
    resources = described.get("resources")
    paths = [one.get("path") for one in resources if isinstance(one, dict)] if isinstance(resources, list) else []
    return {package.FILE, package.README, *(path for path in paths if isinstance(path, str))}


def _swap(fresh: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    sync_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)
