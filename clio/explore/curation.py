"""Edits to what is shown of a release: names, places, notes, what is left out. Kept beside it in ``edits.jsonl``.

The file only grows; undoing is a line too. The release itself is never changed, so hiding a cluster is a matter of
order and no protection: its files still hold it. Edits are as public as the release, so every text in them is bounded,
cleaned, and refused where the redactor's rules find an identifier or a secret.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from filelock import FileLock, Timeout

from clio.errors import PrivacyError, RunError
from clio.explore._apply import Curated, Edit, Kind, World, apply_edits, in_force
from clio.privacy.wall import clean_text
from clio.runs.files import sync_folder

if TYPE_CHECKING:
    import pandas as pd

    from clio.privacy.redact import Redactor

__all__ = [
    "FILE", "Curated", "Curation", "Edit", "EditsError", "Kind", "add", "apply_edits", "as_rows", "in_force",
    "of_release", "read_edits", "release_id", "squares_left",
]  # fmt: skip

FILE = "edits.jsonl"
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST = {"text": 500, "why": 300, "who": 80}
"""Characters. A name of a cluster is held to LONGEST_NAME."""
LONGEST_NAME = 120
MOST = 10_000
"""Edits of one run."""
WAIT_S = 10.0
_ID = re.compile(r"[0-9]{1,2}-[0-9]{1,9}")
_RELEASE = re.compile(r"[0-9a-f]{16}")
_FIELDS = tuple(field.name for field in fields(Edit))


class EditsError(RunError):
    """``edits.jsonl`` cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Curation:
    """The edits of a run, as far as they concern one release."""

    edits: tuple[Edit, ...] = ()
    """All of them, oldest first, those of other releases too."""
    release: str = ""

    @property
    def own(self) -> tuple[Edit, ...]:
        """Those that were made for this release."""
        return tuple(edit for edit in self.edits if edit.release == self.release)

    @property
    def active(self) -> tuple[Edit, ...]:
        """Those of them that were not undone."""
        return tuple(in_force(self.own))


def release_id(clusters: pd.DataFrame) -> str:
    """16 hexadecimal digits that change when a release has other clusters: ids are counted anew by every run."""
    columns = ["cluster_id", "parent_id", "name", "conversations"]
    rows = sorted(tuple(map(str, row)) for row in clusters[columns].itertuples(index=False))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def read_edits(folder: Path) -> tuple[Edit, ...]:
    """Every edit of a run, oldest first; none where there is no file.

    Raises:
        EditsError: a line is no edit; the message says which and why.
    """
    return _read(folder / FILE)[0]


def of_release(folder: Path, clusters: pd.DataFrame) -> Curation:
    """The edits beside a release whose clusters, as released, are these."""
    return Curation(read_edits(folder), release_id(clusters))


def add(
    folder: Path,
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    kind: Kind,
    *,
    cluster: str = "",
    to: str = "",
    text: str = "",
    of: int = 0,
    why: str = "",
    who: str = "",
) -> Edit:
    """Check one edit against what is there now and add it, on disk before this returns.

    Args:
        folder: of the run, or of a release that was passed on alone.
        tables: clusters, breakdowns and trends as released, without edits.
        kind: as in :class:`Edit`, with the fields that it needs.
        cluster: as in :class:`Edit`.
        to: as in :class:`Edit`.
        text: as in :class:`Edit`.
        of: as in :class:`Edit`.
        why: as in :class:`Edit`.
        who: a name; the operating system's name of the user where none is given.

    Raises:
        PrivacyError: a text holds what looks like an identifier or a secret. It was not kept.
        RunError: the edit does not apply, says nothing, or cannot be written.
    """
    release = release_id(tables[0])
    made = Edit(
        0, datetime.now(UTC).isoformat(timespec="seconds"), who or _user(), kind, release, cluster, to, text, of, why
    )
    made = _clean(made)
    path = folder / FILE
    try:
        with FileLock(path.with_name(f".{FILE}.lock"), timeout=WAIT_S):
            edits, end = _read(path)
            if len(edits) >= MOST:
                raise RunError(f"{path}: holds {MOST:,} edits, the most there can be.")
            made = replace(made, number=len(edits) + 1)
            fault = _malformed(made) or _no_use(made, [e for e in edits if e.release == release], tables)
            if fault:
                raise RunError(f"{fault} Nothing was changed.")
            _append(path, made, end)
    except Timeout:
        raise RunError(f"{path}: another process holds it for too long. Nothing was changed; try again.") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}). Nothing was changed.") from None
    return made


def as_rows(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """For a table or a JSON file: every field, and whether the edit is in force."""
    by_release: dict[str, list[Edit]] = {}
    for edit in edits:
        by_release.setdefault(edit.release, []).append(edit)
    active = {edit.number for own in by_release.values() for edit in in_force(own)}
    active |= {number for own in by_release.values() for number in _active_undos(own)}
    return [asdict(edit) | {"in_force": edit.number in active} for edit in edits]


def squares_left(squares: pd.DataFrame, clusters: pd.DataFrame, gone: Collection[str]) -> pd.DataFrame:
    """Squares of the density map without those that are nearest to a base cluster that is shown no more.

    ``clusters`` as released; ``gone`` as in :attr:`Curated.gone`.
    """
    import numpy as np

    base = clusters[(clusters["level"] == 0) & clusters["x"].notna() & clusters["y"].notna()]
    away = base["cluster_id"].isin(gone).to_numpy()
    if not away.any() or not len(squares):
        return squares
    places = base[["x", "y"]].to_numpy(dtype=float)
    middles = squares[["x", "y"]].to_numpy(dtype=float) + squares[["size"]].to_numpy(dtype=float) / 2
    nearest = [int(np.argmin(((places - middle) ** 2).sum(axis=1))) for middle in middles]
    return squares[~away[nearest]]


def _no_use(edit: Edit, before: Sequence[Edit], tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> str:
    """Why the edit would do nothing to what is shown now."""
    if edit.kind == "undo":
        undos = {other.number: other for other in before}
        if edit.of not in undos:
            return f"There is no edit {edit.of} of this release to undo."
        active = {e.number for e in in_force(before)} | _active_undos(before)
        return "" if edit.of in active else f"Edit {edit.of} is undone already."
    world = World(*tables)
    for earlier in in_force(before):
        world.take(earlier)
    return world.fault(edit)


def _active_undos(edits: Sequence[Edit]) -> set[int]:
    undone: set[int] = set()
    found = set()
    for edit in reversed(edits):
        if edit.kind == "undo" and edit.number not in undone:
            undone.add(edit.of)
            found.add(edit.number)
    return found


def _clean(edit: Edit) -> Edit:
    texts = {name: clean_text(getattr(edit, name)) for name in LONGEST}
    for name, text in texts.items():
        label = {"text": "The text", "why": "The reason", "who": "The name of who edits"}[name]
        most = LONGEST_NAME if name == "text" and edit.kind == "rename" else LONGEST[name]
        if len(text) > most:
            raise RunError(f"{label} has {len(text):,} characters; the most is {most}. Nothing was changed.")
        found = sorted({span.type for span in _rules().scan(text, names=False)}) if text else []
        if found:
            raise PrivacyError(
                f"{label} holds what looks like an identifier or a secret ({', '.join(found)}), and edits are as "
                "public as the release. Say it without. Nothing was changed."
            )
    return replace(edit, text=texts["text"], why=texts["why"], who=texts["who"])


def _malformed(edit: Edit) -> str:
    """Why it is no edit that could apply to any release."""
    needed = {"rename": ("text",), "note": ("text",), "merge": ("to",), "move": ("to",)}.get(edit.kind, ())
    if edit.kind not in KINDS:
        return f"kind is none of {', '.join(KINDS)}."
    for name in needed:
        if not getattr(edit, name):
            return f"{edit.kind} needs `{name}`."
    if edit.kind == "undo":
        return "" if 0 < edit.of < edit.number else "undo needs `of`, the number of an earlier edit."
    if not _ID.fullmatch(edit.cluster) or (edit.to and not _ID.fullmatch(edit.to)):
        return "cluster and to are ids such as 0-0012."
    return ""


def _read(path: Path) -> tuple[tuple[Edit, ...], int]:
    """The edits, and where the last whole line ends."""
    if path.is_symlink():
        raise EditsError(f"{path}: is a link. Put the file itself in its place.")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return (), 0
    except OSError as fault:
        raise EditsError(f"{path}: cannot be read ({fault.strerror}).") from None
    *lines, rest = content.split(b"\n")  # what follows the last line's end is the half of a line that a kill left
    edits = []
    for number, line in enumerate(lines, start=1):
        edit, why = _edit(line, number)
        if edit is None:
            raise EditsError(
                f"{path}, line {number}: is no edit ({why}). Mend the line or put back an older copy of the file; "
                "without the file the release is shown as it was published."
            )
        edits.append(edit)
    return tuple(edits), len(content) - len(rest)


def _edit(line: bytes, number: int) -> tuple[Edit | None, str]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None, "not valid JSON"
    if not isinstance(data, Mapping) or set(data) != set(_FIELDS):
        return None, f"its fields are not {', '.join(_FIELDS)}"
    for name, value in data.items():
        if type(value) is not (int if name in ("number", "of") else str):
            return None, f"{name} is of the wrong type"
    edit = Edit(**data)
    if edit.number != number:
        return None, "its number is not that of its line"
    for name, most in LONGEST.items():
        if len(data[name]) > most or clean_text(data[name]) != data[name]:
            return None, f"{name} is not one clean line of at most {most} characters"
    if not _RELEASE.fullmatch(edit.release):
        return None, "release is not 16 hexadecimal digits"
    try:
        datetime.fromisoformat(edit.time)
    except ValueError:
        return None, "time is no ISO 8601 time"
    why = _malformed(edit)
    return (None, why.rstrip(".")) if why else (edit, "")


def _append(path: Path, edit: Edit, end: int) -> None:
    with path.open("r+b" if path.exists() else "w+b") as handle:
        handle.truncate(end)
        handle.seek(end)
        handle.write(json.dumps(asdict(edit), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
    sync_folder(path.parent)


@cache
def _rules() -> Redactor:
    from clio.config.redact import RedactConfig
    from clio.privacy.redact import Redactor

    return Redactor(RedactConfig(names="off"), model=False)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
