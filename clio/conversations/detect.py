"""Which format a file has, by looking at its first records."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from clio.config.ingest import Format, IngestConfig
from clio.conversations.readers import RECOGNISERS, columns
from clio.conversations.records import container, records, table_rows
from clio.conversations.types import Rejection
from clio.errors import InputError

GOOD = 20
"""Readable records looked at."""
TRIED = 500
"""Records looked at in all, where the first ones are broken."""


def detect(path: Path, config: IngestConfig) -> Format:
    """The format that at least half of the first readable records have; of several, the most particular one.

    With a ``columns`` section in the config and the columns in the file, that is ``columns``. Raises InputError, which
    says for each format why not, where none fits or nothing can be read.
    """
    if config.columns is not None and _has_columns(path, config):
        return "columns"
    seen, broken = _first_records(path, config)
    if not seen:
        why = ", ".join(f"{count} x {reason}" for reason, count in sorted(broken.items())) or "nothing but blanks"
        raise InputError(
            f"{path}: holds no record that can be read ({why}). Tried as plain, gzip and zstd text: JSON lines, a JSON "
            f"array; as Parquet, and as a zip with conversations.json.{_columns_hint(config)}"
        )
    hits = {form: sum(not recognise(record) for record in seen) for form, recognise in RECOGNISERS.items()}
    for form, count in hits.items():
        if 2 * count >= len(seen):
            return form
    best = max(hits, key=lambda form: hits[form])
    if hits[best]:
        return best
    reasons = [f"  {form}: {recognise(seen[0])}" for form, recognise in RECOGNISERS.items()]
    raise InputError("\n".join([f"{path}: is of no format we know.{_columns_hint(config)} Tried:", *reasons]))


def _first_records(path: Path, config: IngestConfig) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The first objects and, by reason, how many records before them could not be read."""
    seen: list[dict[str, Any]] = []
    broken: dict[str, int] = {}
    for record in islice(records(path, config), TRIED):
        if isinstance(record, Rejection) or not isinstance(record[1], dict):
            reason = record.reason if isinstance(record, Rejection) else "no JSON object"
            broken[reason] = broken.get(reason, 0) + 1
        elif len(seen) < GOOD:
            seen.append(record[1])
        else:
            break
    return seen, broken


def _has_columns(path: Path, config: IngestConfig) -> bool:
    wanted = config.columns
    if wanted is None or container(path) == "zip":
        return False
    needed = columns.text_columns(wanted)
    try:
        rows = [row for row in islice(table_rows(path, config, needed, ()), GOOD) if not isinstance(row, Rejection)]
    except InputError:
        return False
    return any(isinstance(row, dict) and not columns.recognise(row, wanted) for _, row in rows)


def _columns_hint(config: IngestConfig) -> str:
    if config.columns is None:
        return " A table (CSV, Parquet, JSON lines) is read by the `columns` section of the config."
    return " The columns that the config names are not in it."
