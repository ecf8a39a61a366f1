"""The journal of a long stage: what is finished, batch by batch, on disk before the next one begins."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clio.errors import RunError

Rows = list[dict[str, Any]]


class Journal:
    """Finished batches, one JSON line each, synced. A line that is cut short by a kill is not there.

    Only batch numbers stay in memory; :meth:`entries` reads the rows back from disk.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key
        self.done: set[int] = set()
        self.conversations = 0
        end = 0
        if path.exists():
            with path.open("rb") as handle:
                if handle.readline() == self._head():
                    end = handle.tell()
                    for line in handle:
                        if not line.endswith(b"\n"):
                            break
                        self._count(json.loads(line))
                        end += len(line)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as handle:
            handle.truncate(end)
            if not end:
                handle.write(self._head())
                os.fsync(handle.fileno())

    def _head(self) -> bytes:
        return (json.dumps({"journal": 1, "key": self.key}) + "\n").encode()

    def _count(self, entry: dict[str, Any]) -> None:
        self.done.add(entry["batch"])
        self.conversations += entry["conversations"]

    def add(self, batch: int, facets: Rows, screened: Rows) -> None:
        """Keep a finished batch, on disk before this returns."""
        conversations = len({row["conversation_id"] for row in facets}) + len(screened)
        entry = {"batch": batch, "conversations": conversations, "facets": facets, "screened": screened}
        try:
            with self.path.open("ab") as handle:
                handle.write((json.dumps(entry, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as fault:
            raise RunError(
                f"{self.path}: cannot be written ({fault.strerror}). What was finished is kept: make room, run again."
            ) from None
        self._count(entry)

    def entries(self) -> Iterator[tuple[Rows, Rows]]:
        """The facet and screened rows of every finished batch."""
        with self.path.open("rb") as handle:
            handle.readline()
            for line in handle:
                entry = json.loads(line)
                yield entry["facets"], entry["screened"]
