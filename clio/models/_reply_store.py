"""The SQLite file of the reply cache: made private, shared by processes, and given up rather than waited for.

It knows keys and encrypted values as bytes; what they mean is :mod:`clio.models.reply_cache`'s.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

FILE = "replies.sqlite"
BUSY_S = 10.0
"""How long a reader or writer waits for other processes before the cache switches itself off."""
SCHEMA = (
    "CREATE TABLE replies (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, written INTEGER NOT NULL, "
    "tokens INTEGER NOT NULL, cost REAL NOT NULL, value BLOB NOT NULL)"
)
"""A replaced row gets a new id, so ids are in the order of writing. The value stands last: counting never reads it."""

_LOCK = "replies.lock"
_APPLICATION_ID = int.from_bytes(b"Clio")
_VERSION = 1
_BATCH = 5_000
"""Rows dropped per transaction, and at most at one look at the size: other processes wait no longer than for this."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""The last is for statements that do not fit the file; ours fit every file that is whole."""
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the folder cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_BUSY: "another process holds it for too long",
    sqlite3.SQLITE_LOCKED: "another process holds it for too long",
}


class OffError(Exception):
    """The cache cannot be used; the message is a reason in fixed words."""


class _ForeignError(Exception):
    """There is a database of something else where the cache should be."""


class Store:
    """The file: opened late, reopened where it was moved, replaced where it is damaged, given up where all fails."""

    def __init__(self, folder: Path) -> None:
        self.notes: list[str] = []
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._closing: Callable[[], object] = lambda: None
        self._identity: tuple[int, int] | None = None
        self._off = ""

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Raises OffError, from the first failure on that nothing mends."""
        with self._lock:
            for last in (False, True):
                if self._off:
                    raise OffError(self._off)
                try:
                    return work(self._open())
                except (sqlite3.Error, UnicodeError, OSError, _ForeignError, OffError) as fault:
                    self._recover(fault, last)
            raise OffError(self._off)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._connection = None
        with suppress(sqlite3.Error):
            self._closing()

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            if self._identity == _identity(self._path):
                return self._connection
            self._close()  # another process set the file aside, or a user deleted it
        _make_private(self._path.parent)
        with self._locked():
            if not self._path.exists():
                self._begin()
            self._identity = _identity(self._path)
            for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
                _tighten(self._path.with_name(name), 0o600)
            connection = sqlite3.connect(self._path, BUSY_S, isolation_level=None, check_same_thread=False)
            self._closing = weakref.finalize(self, connection.close)  # else a warning, from Python 3.13 on
            _prepare(connection)
            self._connection = connection
        return connection

    def _begin(self) -> None:
        """An empty file that only its owner reads; SQLite gives what it puts beside it the same mode."""
        for suffix in ("-wal", "-shm"):
            self._path.with_name(FILE + suffix).unlink(missing_ok=True)
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def _locked(self) -> Any:
        """Opening and setting aside, one process at a time."""
        from filelock import FileLock

        return FileLock(self._path.with_name(_LOCK), timeout=BUSY_S, mode=0o600)

    def _recover(self, fault: Exception, last: bool) -> None:
        """Put the cache in a state to try again, or switch it off."""
        self._close()
        foreign = isinstance(fault, _ForeignError)
        try:
            if not last and (foreign or _code(fault) in _DAMAGED):
                self._set_aside("was not a reply cache of this toolkit" if foreign else "was damaged")
            elif last or self._identity in (None, _identity(self._path)):
                self._switch_off(_reason(fault))
        except OSError as another:
            self._switch_off(_reason(another))

    def _set_aside(self, why: str) -> None:
        with self._locked():
            if self._identity != _identity(self._path):
                return  # another process was quicker
            taken = {path.name for path in self._path.parent.iterdir()}
            number = next(n for n in range(1, len(taken) + 2) if f"{FILE}.damaged-{n}" not in taken)
            aside = f"{FILE}.damaged-{number}"
            self._path.rename(self._path.with_name(aside))
            with suppress(FileNotFoundError):
                self._path.with_name(f"{FILE}-wal").rename(self._path.with_name(f"{aside}-wal"))
            self._path.with_name(f"{FILE}-shm").unlink(missing_ok=True)
        self.notes.append(
            f"{self._path}: {why}. It was set aside as {aside}, which nothing reads, and a new cache was begun."
        )

    def _switch_off(self, reason: str) -> None:
        self._off = reason
        self.notes.append(
            f"{self._path.parent}: the reply cache is off for the rest of this run: {reason}. The run goes on; replies "
            "are bought and not kept."
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - at every get and put: a third of the time of Path.stat
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _code(fault: Exception) -> int:
    """SQLite's primary result code; 0 for what has none."""
    undecodable = isinstance(fault, sqlite3.OperationalError) and not hasattr(fault, "sqlite_errorcode")
    if undecodable or isinstance(fault, UnicodeError):
        return sqlite3.SQLITE_CORRUPT  # damage that Python meets first, in a text column or in SQLite's own message
    return int(getattr(fault, "sqlite_errorcode", 0)) & 0xFF


def _reason(fault: Exception) -> str:
    """In fixed words: messages of SQLite are not passed on."""
    if isinstance(fault, OffError):
        return str(fault)
    if isinstance(fault, TimeoutError):
        return _REASONS[sqlite3.SQLITE_BUSY]
    if isinstance(fault, OSError):
        return f"the folder cannot be used ({fault.strerror or type(fault).__name__})"
    if isinstance(fault, _ForeignError):
        return "another program keeps its own file there"
    return _REASONS.get(_code(fault)) or f"SQLite failed ({getattr(fault, 'sqlite_errorname', type(fault).__name__)})"


def _make_private(folder: Path) -> None:
    """Owner only. A folder that also holds other things is left as it is: the files have modes of their own."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if all(path.name.startswith("replies.") for path in folder.iterdir()):
        _tighten(folder, 0o700)


def _tighten(path: Path, mode: int) -> None:
    with suppress(OSError):
        if path.stat().st_mode & 0o077:
            path.chmod(mode)


# --- what is done on an open connection, each statement a transaction of its own


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the table in an empty file; refuse any other that is not ours, down to the wording of the table."""
    # NORMAL: a commit is in the system's hands before it returns, and synced at checkpoints.
    connection.execute("PRAGMA synchronous = NORMAL")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    held = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    if application == _APPLICATION_ID and version > _VERSION:
        raise OffError("a newer version of the toolkit made it")
    if not held and application in (0, _APPLICATION_ID):
        # Takes hold only before the first page is written.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(SCHEMA)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    elif application != _APPLICATION_ID or version != _VERSION or held != [SCHEMA]:
        raise _ForeignError
    connection.execute("PRAGMA secure_delete = FAST")
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute("PRAGMA journal_size_limit = 16777216")


def select(keys: Sequence[bytes], connection: sqlite3.Connection) -> list[tuple[bytes, bytes]]:
    marks = ",".join("?" * len(keys))
    return connection.execute(f"SELECT key, value FROM replies WHERE key IN ({marks})", keys).fetchall()  # noqa: S608


def insert(rows: Sequence[tuple[bytes, int, int, float, bytes]], connection: sqlite3.Connection) -> None:
    statement = "INSERT OR REPLACE INTO replies (key, written, tokens, cost, value) VALUES (?, ?, ?, ?, ?)"
    if len(rows) == 1:
        connection.execute(statement, rows[0])
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def forget(key: bytes, value: bytes, connection: sqlite3.Connection) -> None:
    """Only the value that was seen: another process may have put a good one in its place."""
    connection.execute("DELETE FROM replies WHERE key = ? AND value IS ?", (key, value))


def totals(connection: sqlite3.Connection) -> tuple[int, int | None, int | None, float, float]:
    """Entries, first and last time of writing (seconds since 1970), tokens, cost."""
    found: tuple[int, int | None, int | None, float, float] = connection.execute(
        "SELECT count(*), min(written), max(written), total(tokens), total(cost) FROM replies"
    ).fetchone()
    return found


def remove(before: float | None, connection: sqlite3.Connection) -> int:
    """Drop what was written before a time (seconds since 1970), a batch of ids at a time; all of it without one."""
    if before is None:
        removed = connection.execute("DELETE FROM replies").rowcount  # SQLite empties a whole table at once
    else:
        removed = 0
        first, last = connection.execute("SELECT min(id), max(id) FROM replies").fetchone()
        for start in range(first, last + 1, _BATCH) if first is not None else ():
            removed += connection.execute(
                "DELETE FROM replies WHERE id BETWEEN ? AND ? AND written < ?", (start, start + _BATCH - 1, before)
            ).rowcount
    _vacuum(connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return removed


def trim(most_bytes: int, connection: sqlite3.Connection) -> None:
    """Drop the tenth written longest ago until the rest fits; a large cache takes several looks to get there."""
    dropped = 0
    while dropped < _BATCH and _used_bytes(connection) > most_bytes:
        (entries,) = connection.execute("SELECT count(*) FROM replies").fetchone()
        if not entries:
            return
        tenth = min(max(1, entries // 10), _BATCH - dropped)
        connection.execute("DELETE FROM replies WHERE id IN (SELECT id FROM replies ORDER BY id LIMIT ?)", (tenth,))
        dropped += tenth
    if dropped:
        _vacuum(connection)


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _vacuum(connection: sqlite3.Connection) -> None:
    """Give free pages back to the disk, some at a time."""
    while free := connection.execute("PRAGMA freelist_count").fetchone()[0]:
        connection.execute("PRAGMA incremental_vacuum(1000)").fetchall()
        if connection.execute("PRAGMA freelist_count").fetchone()[0] >= free:
            return
