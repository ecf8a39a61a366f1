"""How many conversations an input holds, by ``ingest``'s own rules; of a large one, by its beginning."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from clio.config import RunConfig
from clio.conversations.types import Conversation, Rejection
from clio.errors import InputError
from clio.runs.context import Sources

_LEAST_READ = 4 * 2**20
"""Bytes of a file that are read in any case: readers hold up to 256 KiB that they have not cut into records yet."""
_EVERY = 256
"""Records between looks at the clock."""
_KEY = bytes(32)
"""Pseudonyms made here are forgotten: they need no secret, and the user's key is left alone."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read, and what the whole comes to."""

    kept: pa.Table
    """Rows of the ``conversations`` table for what was read and is kept (before ``ingest.sampling.size`` where only a
    part was read)."""
    records: int
    rejected: int
    conversations: int
    accounts: int
    """Of what was read and is kept."""
    share: float
    """Share (0 to 1) of the bytes that was read."""


def scan(sources: Sources, config: RunConfig, until: float) -> Scan:
    """Read ``sources`` to their end, or to where ``until`` (of ``time.monotonic``) is reached.

    Raises:
        InputError: nothing of it can be used, or the sampling rules leave nothing.
    """
    from clio.conversations.sample import choose
    from clio.stages.ingest import ingest

    reader = _Reader(sources, config, until)
    found = ingest(reader.records(), _KEY, config.ingest.metadata)
    if not found.conversations.num_rows:
        reasons = dict(Counter(reason for _, _, reason in found.rejections))
        raise InputError(f"no usable conversation in {len(sources.paths)} input(s); rejected: {reasons or 'nothing'}")
    sampling = config.ingest.sampling
    whole = reader.share >= 1
    rules = sampling if whole else sampling.model_copy(update={"size": None})
    kept = found.conversations.filter(pc.is_null(choose(found.conversations, rules, config.seed)))
    if not kept.num_rows:
        raise InputError(f"the sampling rules leave no conversation of {found.conversations.num_rows}")
    conversations = round(kept.num_rows / reader.share)
    if sampling.size is not None:
        conversations = min(conversations, sampling.size)
    return Scan(
        kept,
        round((found.conversations.num_rows + len(found.rejections)) / reader.share),
        round(len(found.rejections) / reader.share),
        conversations,
        len(pc.unique(kept.column("account_id"))),
        reader.share,
    )


class _Reader:
    """Records until the time is up, and then the share of the bytes that they came from."""

    def __init__(self, sources: Sources, config: RunConfig, until: float) -> None:
        self._sources, self._config, self._until = sources, config, until
        self.share = 1.0

    def records(self) -> Iterator[tuple[int, Conversation | Rejection]]:
        paths = self._sources.paths
        sizes = [path.stat().st_size for path in paths]
        for number, stream in self._sources.read(self._config):
            before = sum(sizes[:number])
            if number and time.monotonic() > self._until:
                self.share = before / sum(sizes)
                return
            for seen, record in enumerate(stream, 1):
                yield number, record
                if seen % _EVERY or time.monotonic() <= self._until:
                    continue
                part = _part(paths[number], sizes[number], seen)
                if part is not None:
                    self.share = (before + part * sizes[number]) / sum(sizes)
                    return


def _part(path: Path, size: int, seen: int) -> float | None:
    """The share of a file that is read so far; None while it cannot be told well enough."""
    from clio.conversations.files import magic

    if magic(path) == b"PAR1":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            return min(1.0, seen / file.metadata.num_rows) if file.metadata.num_rows else None
    place = _position(path)
    return place / size if place >= _LEAST_READ else None


def _position(path: Path) -> int:
    """How far this process has read a file: the furthest of its descriptors that are open on it."""
    target = path.stat()
    furthest = 0
    try:
        names = [entry.name for entry in Path("/dev/fd").iterdir()]
    except OSError:
        return 0
    for name in names:
        try:
            found = os.fstat(int(name))
            if (found.st_dev, found.st_ino) == (target.st_dev, target.st_ino):
                furthest = max(furthest, os.lseek(int(name), 0, os.SEEK_CUR))
        except (OSError, ValueError):  # closed meanwhile, or no file that has a position
            continue
    return furthest
