"""The journal of a long stage: what is finished, batch by batch, on disk before the next one begins."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clio.errors import RunError
from clio.runs.permissions import make_file, make_folder
from clio.runs.seal import seal_of

Rows = list[dict[str, Any]]
JOURNAL = "extract_facets.journal.jsonl"
"""The journal of facets; it begins with the stage's name, by which the runner finds what to forget."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished batch, without its vectors."""

    facets: Rows
    screened: Rows
    signatures: Mapping[str, bytes]
    counts: Mapping[str, int]


class Journal:
    """Finished batches, one JSON line each, synced. A line that is cut short by a kill is not there, nor is any
    line after one that is damaged.

    Only batch numbers stay in memory; :meth:`entries` reads the rows back from disk. In an encrypted workspace each
    line but the first, which holds no more than the stage's key, is encrypted by itself.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key
        self.done: set[int] = set()
        self.conversations = 0
        self._end = 0
        seal = seal_of(path)
        self._lines = seal.lines(path) if seal is not None else None
        with self._writing():
            make_folder(path.parent)
            if path.exists():
                self._take_up()
            else:
                make_file(path)
            self._append(b"" if self._end else self._head())

    def _take_up(self) -> None:
        """Count what is whole. The rest, cut short or damaged, is done again."""
        with self.path.open("rb") as handle:
            if handle.readline() != self._head():
                return
            self._end = handle.tell()
            for line in handle:
                try:
                    self._count(self._decoded(line[: line.index(b"\n")], self._end))
                except (ValueError, KeyError, TypeError):
                    return
                self._end += len(line)

    def _head(self) -> bytes:
        return (json.dumps({"journal": 1, "key": self.key}) + "\n").encode()

    def _count(self, entry: dict[str, Any]) -> None:
        self.done.add(entry["batch"])
        self.conversations += entry["conversations"]

    def add(
        self,
        batch: int,
        facets: Rows,
        screened: Rows,
        vectors: Mapping[str, str] | None = None,
        signatures: Mapping[str, bytes] | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """Keep a finished batch, on disk before this returns.

        ``vectors`` (packed) and ``signatures`` are by conversation; ``counts`` are summed over all batches.
        """
        conversations = len({row["conversation_id"] for row in facets}) + len(screened)
        entry = {"batch": batch, "conversations": conversations, "facets": facets, "screened": screened}
        if vectors is not None:
            entry["vectors"] = vectors
        if signatures:
            entry["signatures"] = {name: base64.b64encode(value).decode() for name, value in signatures.items()}
        if counts:
            entry["counts"] = dict(counts)
        with self._writing():
            self._append(self._encoded(entry) + b"\n")
        self._count(entry)

    def _encoded(self, entry: dict[str, Any]) -> bytes:
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace")
        return line if self._lines is None else self._lines.seal(line, f"{self.key} {self._end}")

    def _decoded(self, line: bytes, place: int) -> Any:
        return json.loads(line if self._lines is None else self._lines.unseal(line, f"{self.key} {place}"))

    def _append(self, line: bytes) -> None:
        """After the last whole line, whatever a write that failed left behind it."""
        with self.path.open("ab") as handle:
            handle.truncate(self._end)
            handle.write(line)
            handle.flush()
            os.fsync(handle.fileno())
        self._end += len(line)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise RunError(
                f"{self.path}: cannot be written ({fault.strerror}). What was finished is kept: make room, run again."
            ) from None

    def entries(self) -> Iterator[Entry]:
        """What is kept of every finished batch."""
        for entry in self._read():
            signatures = {name: base64.b64decode(value) for name, value in entry.get("signatures", {}).items()}
            yield Entry(entry["facets"], entry["screened"], signatures, entry.get("counts", {}))

    def vectors(self) -> Iterator[dict[str, str]]:
        """The packed vectors of every finished batch, by conversation."""
        for entry in self._read():
            yield entry.get("vectors", {})

    def _read(self) -> Iterator[dict[str, Any]]:
        with self.path.open("rb") as handle:
            handle.readline()
            while (place := handle.tell()) < self._end:
                yield self._decoded(handle.readline().rstrip(b"\n"), place)
