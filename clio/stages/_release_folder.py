"""From checked tables to the folder that people see: written, looked through, swapped in whole."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clio.errors import PrivacyError, RunError
from clio.privacy.page import page
from clio.privacy.redact.artefacts import Finding, scan_artefacts
from clio.privacy.redact.redactor import Redactor
from clio.runs.files import replacing, sync_folder, write_json, write_table
from clio.stages._breakdowns import Tables

_TOLD = 5
"""Findings that an error names."""


def write_release(
    release: Path, tables: Tables, manifest: Mapping[str, Any], statement: Mapping[str, Any], redactor: Redactor
) -> None:
    """The new release stands complete and looked through beside the old one before it takes its place.

    A process that is killed between the two renames leaves both beside the empty place; the next publishing heals it.

    Raises:
        PrivacyError: the last look found what looks like an identifier, a secret or a name. The old release is kept.
        RunError: the folder cannot be written or replaced.
    """
    fresh, old = release.with_name("release.new"), release.with_name("release.old")
    if old.exists() and not release.exists():
        old.rename(release)
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, table in tables.items():
        write_table(fresh / f"{name}.parquet", table, public=True)
    write_json(fresh / "manifest.json", manifest, public=True)
    write_json(fresh / "privacy.json", statement, public=True)
    with replacing(fresh / "privacy.html", public=True) as handle:
        handle.write(page(str(manifest.get("title", "")), statement).encode("utf-8", "replace"))
    digests = {"digest": manifest["digest"], **manifest["prompts"]}
    ours = {text for name, digest in digests.items() for text in (digest, f"{name}: {digest}")}
    findings = scan_artefacts(fresh, redactor, known=ours)
    if findings:
        shutil.rmtree(fresh, ignore_errors=True)
        raise PrivacyError(_said(findings))
    try:
        if release.exists():
            release.rename(old)
        fresh.rename(release)
    except OSError as fault:
        raise RunError(f"{release}: cannot be replaced ({fault.strerror}). The former release is kept.") from None
    finally:
        if old.exists() and not release.exists():
            old.rename(release)
    sync_folder(release.parent)
    shutil.rmtree(old, ignore_errors=True)


def _said(findings: list[Finding]) -> str:
    places = [
        f"{found.file}{f', {found.column}' if found.column else ''}"
        f"{f', row {found.row}' if found.row is not None else ''}: {found.type}"
        for found in findings[:_TOLD]
    ]
    more = f" and {len(findings) - _TOLD} more" if len(findings) > _TOLD else ""
    return (
        f"the last look at the release found {len(findings)} texts that may hold an identifier, a secret or a name "
        f"({'; '.join(places)}{more}). Nothing was published. Run the naming stages again (--force describe), or, "
        "where a term is harmless, list it under redact.allow."
    )
