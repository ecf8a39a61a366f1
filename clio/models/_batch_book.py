"""Which batches are out and which are collected: a file that a run which was killed goes on from."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clio.errors import RunError
from clio.models._batch_items import ID_BYTES


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch, or the intent to make one."""

    uuid: str
    purpose: str
    ids: bytes = field(repr=False)
    """Packed, those that are sent for the first time first."""
    attempts: tuple[int, ...]
    """How many of them are sent for the first time, for the second..."""
    time: float
    """When it was about to be sent, seconds since 1970 by this machine's clock."""
    batch_id: str = ""
    number: int = 0
    """1, 2... among the batches of its purpose."""

    @property
    def requests(self) -> int:
        """How many."""
        return len(self.ids) // ID_BYTES

    def attempted(self) -> Iterator[tuple[bytes, int]]:
        """Every id with its attempt, from 0."""
        start = 0
        for attempt, count in enumerate(self.attempts):
            for place in range(start, start + count):
                yield self.ids[place * ID_BYTES : (place + 1) * ID_BYTES], attempt
            start += count


class Book:
    """One JSON line per event, on disk before what it announces happens. It holds ids and counts, no content.

    A batch has a line before it is sent, one when its id is known, and one when all its results were handed on. The
    end of a line that a kill cut short is written over; a damaged line is passed over and counted in ``unreadable``.
    Raises RunError where the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self.known: set[str] = set()
        """Ids of all batches that were ever submitted."""
        self._entries: dict[str, Entry] = {}
        self._totals: dict[str, Counter[str]] = {}
        self._end = 0
        if path.exists():
            self._load()

    def open(self, purpose: str) -> list[Entry]:
        """Submitted and not collected, oldest first."""
        return [entry for entry in self._entries.values() if entry.purpose == purpose and entry.batch_id]

    def intents(self, purpose: str) -> list[Entry]:
        """About to be submitted when the process ended: whether they were is not known."""
        return [entry for entry in self._entries.values() if entry.purpose == purpose and not entry.batch_id]

    def totals(self, purpose: str) -> Mapping[str, int]:
        """``batches``, ``submitted``, ``resubmitted``, and results by kind, over the whole file."""
        return self._totals.get(purpose, Counter())

    def intend(self, purpose: str, ids: bytes, attempts: Sequence[int], time: float) -> Entry:
        """Before a batch is sent."""
        name = uuid.uuid4().hex
        line = {
            "event": "intent",
            "batch": name,
            "purpose": purpose,
            "requests": len(ids) // ID_BYTES,
            "attempts": list(attempts),
            "digest": _digest(ids),
            "time": datetime.fromtimestamp(time, UTC).isoformat(),
            "ids": base64.b64encode(ids).decode(),
        }
        self._note(line)
        return self._entries[name]

    def submitted(self, entry: Entry, batch_id: str) -> Entry:
        """When its id is known."""
        self._note({"event": "submitted", "batch": entry.uuid, "id": batch_id})
        return self._entries[entry.uuid]

    def dropped(self, entry: Entry) -> None:
        """It was never submitted, or cannot be found."""
        self._note({"event": "dropped", "batch": entry.uuid})

    def collected(self, entry: Entry, counts: Mapping[str, int]) -> None:
        """All its results were handed on, or are gone for good (``lost``)."""
        self._note({"event": "collected", "batch": entry.uuid, "counts": dict(counts)})

    def _apply(self, line: Mapping[str, Any]) -> None:
        event, name = line["event"], line["batch"]
        if event == "intent":
            self._entries[name] = _entry(line)
            return
        if event == "submitted":
            self.known.add(line["id"])
            entry = self._entries[name]
            totals = self._totals.setdefault(entry.purpose, Counter())
            totals.update(batches=1, submitted=entry.requests, resubmitted=sum(entry.attempts[1:]))
            self._entries[name] = replace(entry, batch_id=line["id"], number=totals["batches"])
        elif event == "collected":
            counts = {str(kind): int(count) for kind, count in line["counts"].items()}
            self._totals.setdefault(self._entries.pop(name).purpose, Counter()).update(counts)
        elif event == "dropped":
            del self._entries[name]
        else:
            raise ValueError

    def _load(self) -> None:
        try:
            with self.path.open("rb") as handle:
                for data in handle:
                    if not data.endswith(b"\n"):
                        break
                    self._end += len(data)
                    try:
                        self._apply(json.loads(data))
                    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                        self.unreadable += 1
        except OSError as fault:
            raise RunError(
                f"{self.path}: cannot be read ({fault.strerror}), so it is not known which batches were bought. Mend "
                "its permissions, then run the same command again."
            ) from None

    def _note(self, line: Mapping[str, Any]) -> None:
        """On disk first, after the last whole line."""
        data = json.dumps(line).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            with os.fdopen(os.open(self.path, flags, 0o600), "ab") as handle:
                if os.fstat(handle.fileno()).st_mode & 0o077:
                    os.fchmod(handle.fileno(), 0o600)
                handle.truncate(self._end)
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            if not self._end:
                from clio.runs.files import sync_folder

                sync_folder(self.path.parent)
        except OSError as fault:
            raise RunError(
                f"{self.path}: cannot be written ({fault.strerror}). Batches that were submitted go on at the "
                "endpoint: make room or mend the permissions, then run the same command again to collect them."
            ) from None
        self._end += len(data)
        self._apply(line)


def _entry(line: Mapping[str, Any]) -> Entry:
    """Raises ValueError where the ids are not the ones that were written."""
    ids = base64.b64decode(line["ids"], validate=True)
    attempts = tuple(int(count) for count in line["attempts"])
    if _digest(ids) != line["digest"] or sum(attempts) * ID_BYTES != len(ids) or min(attempts, default=0) < 0:
        raise ValueError
    time = datetime.fromisoformat(line["time"]).timestamp()
    return Entry(str(line["batch"]), str(line["purpose"]), ids, attempts, time)


def _digest(ids: bytes) -> str:
    return hashlib.sha256(ids).hexdigest()
