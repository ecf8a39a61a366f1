"""Who looked at rows of single conversations, when, why and at how many: ``access.jsonl``, which only grows.

The log lies in the workspace, and beside the manifest once the workspace was purged: who saw what must outlive what
was seen. It holds no row and no text of a conversation, and is never encrypted.

Each line carries an HMAC over itself and the line before it, under a key in the user's data folder
(:func:`clio.runs.keys.access_key_path`), and a file beside the log holds how many lines there are, under the same
key. :func:`verify` so tells of a line that was edited, removed, added or put elsewhere, and of lines cut off at the
end, by anybody who has not got the key. Whoever has the key (the owner, or the administrator of the owner's machine)
can write another history, and whoever can read the workspace's files can read them without this log: against these,
send every line to a machine they do not rule.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
import os
import unicodedata
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from clio.errors import PrivacyError, RunError
from clio.runs.files import sync_folder, write_json
from clio.runs.keys import key_id, load_access_key
from clio.runs.permissions import make_file, make_folder

FILE = "access.jsonl"
HEAD = "access.head.json"
"""How many lines the log has, and the last one's HMAC. One line more is there where a process died between the two."""
LONGEST = 500
"""Characters of a purpose or a name."""
WAIT_S = 10.0
_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Access:
    """One look at rows of single conversations."""

    number: int
    """1, 2... in the order of looking."""
    time: str
    """UTC, ISO 8601, by this machine's clock."""
    who: str
    """The name given, else the operating system's name of the user."""
    os_user: str
    """The operating system's name of the user, whatever name was given."""
    purpose: str
    run: str
    """Title and folder name of the run."""
    what: str
    """Cluster id, or the name of a table."""
    rows: int
    """How many rows were shown."""


def log_path(run: Path) -> Path:
    """Where the log of a run lies: in its workspace as long as there is one."""
    workspace = run / "workspace"
    return (workspace if workspace.is_dir() and not (run / FILE).is_file() else run) / FILE


def record(run: Path, *, purpose: str, what: str, rows: int, title: str = "", who: str | None = None) -> Access:
    """Enter a look, on disk before this returns: what cannot be entered must not be shown.

    Raises:
        PrivacyError: there is no purpose, or the log does not hold together, so that nothing may be added to it.
        RunError: it cannot be written.
    """
    purpose, name = one_line(purpose), one_line(who or "") or _os_user()
    if not purpose:
        raise PrivacyError(
            "Rows of single conversations are shown for a stated purpose only: say in a sentence what you need them "
            "for. It is written down with your name."
        )
    path = log_path(run)
    try:
        make_folder(path.parent)
        with FileLock(path.with_name(f".{FILE}.lock"), timeout=WAIT_S, mode=0o600):
            return _append(path, purpose, name, what, rows, f"{one_line(title)} ({run.absolute().name})".strip())
    except Timeout:
        raise RunError(f"{path}: another process holds it for too long. Nothing was shown; try again.") from None
    except OSError as fault:
        raise RunError(
            f"{path}: cannot be written ({fault.strerror}), and nothing is shown that is not entered. Make room or "
            "mend the permissions, then try again."
        ) from None


def read_log(run: Path) -> list[Access]:
    """Every look, oldest first; empty where there was none.

    Raises:
        PrivacyError: the log was tampered with or is damaged: see :func:`verify`.
    """
    return verify(run)


def verify(run: Path) -> list[Access]:
    """The looks of a log that holds together.

    Raises:
        PrivacyError: a line was edited, removed, added or moved, or the log is not whole; says where.
        RunError: the log was written under another key, or cannot be read.
    """
    return [_access(line) for line in _checked(log_path(run))[0]]


def move_out(run: Path) -> None:
    """Put the log beside the manifest, before the workspace goes. May be called again after a kill."""
    workspace = run / "workspace"
    for name in (FILE, HEAD):
        if (workspace / name).is_file() and not (run / name).exists():
            (workspace / name).replace(run / name)
    sync_folder(run)


def one_line(text: str) -> str:
    """Without what a terminal obeys or what is not seen, at most LONGEST characters."""
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(shown.split())[:LONGEST]


def _append(path: Path, purpose: str, who: str, what: str, rows: int, run: str) -> Access:
    key = load_access_key()
    lines, end = _checked(path)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    access = Access(len(lines) + 1, now, who, _os_user(), purpose, run, one_line(what), rows)
    line: dict[str, Any] = {**asdict(access), "key": key_id(key)}
    line["chain"] = _mac(key, lines[-1]["chain"] if lines else _FIRST, line)
    if not path.exists():
        make_file(path)
    with path.open("r+b") as handle:
        handle.truncate(end)  # the half of a line that a kill left: what it announced was never shown
        handle.seek(end)
        handle.write(_written(line) + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
    sync_folder(path.parent)
    write_json(path.with_name(HEAD), _head(key, access.number, line["chain"]))
    return access


def _checked(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines, and where the last whole one ends."""
    heads = [path.with_name(HEAD), path.parent / "workspace" / HEAD]  # the second while a purge is under way
    try:
        told = next((json.loads(head.read_bytes()) for head in heads if head.is_file()), None)
    except (OSError, ValueError, RecursionError):
        raise _tampered(path, f"{HEAD}, which counts its lines, is damaged") from None
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    except OSError as fault:
        raise RunError(f"{path}: cannot be read ({fault.strerror}).") from None
    if told is None and not content:
        return [], 0
    key, lines, end = load_access_key(), list[dict[str, Any]](), 0
    before = _FIRST
    *whole, _cut = content.split(b"\n")
    for number, data in enumerate(whole, start=1):
        line = _line(path, number, data)
        if line["key"] != key_id(key):
            raise RunError(f"{path}, line {number}: was written under another key. Verify it where it was written.")
        if line["number"] != number or not hmac.compare_digest(_mac(key, before, line), line["chain"]):
            raise _tampered(path, f"line {number} was edited, moved, or follows a line that was removed")
        before, end = line["chain"], end + len(data) + 1
        lines.append(line)
    _check_head(path, told, lines, key)
    return lines, end


def _check_head(path: Path, told: Any, lines: list[dict[str, Any]], key: bytes) -> None:
    if told is None:
        if len(lines) > 1:
            raise _tampered(path, f"{HEAD}, which counts its lines, is gone")
        return
    try:
        count = told["lines"]
        right = told == _head(key, count, told["chain"]) and isinstance(count, int) and count >= 1
    except (KeyError, TypeError):
        right, count = False, 0
    if not right:
        raise _tampered(path, f"{HEAD}, which counts its lines, was edited")
    if len(lines) < count:
        raise _tampered(path, f"it had {count} lines and has {len(lines)}")
    if lines[count - 1]["chain"] != told["chain"] or len(lines) > count + 1:
        raise _tampered(path, "its lines are not those that were counted")


def _line(path: Path, number: int, data: bytes) -> dict[str, Any]:
    try:
        line = json.loads(data)
        _access(line)
        if _written(line) != data or not (isinstance(line["key"], str) and isinstance(line["chain"], str)):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _tampered(path, f"line {number} is damaged") from None
    return dict(line)


def _written(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "replace")


def _access(line: dict[str, Any]) -> Access:
    return Access(**{name: line[name] for name in Access.__slots__})


def _head(key: bytes, lines: int, chain: str) -> dict[str, Any]:
    return {"lines": lines, "chain": chain, "mac": _mac(key, chain, {"lines": lines})}


def _mac(key: bytes, before: str, line: dict[str, Any]) -> str:
    said = {name: value for name, value in line.items() if name != "chain"}
    text = json.dumps([before, said], sort_keys=True).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _tampered(path: Path, how: str) -> PrivacyError:
    return PrivacyError(
        f"{path}: this log of who looked at what does not hold together: {how}. Keep the file as it is and ask who "
        "had access; nothing more of this run is shown."
    )


def _os_user() -> str:
    try:
        return one_line(getpass.getuser())
    except (OSError, KeyError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
