"""Rows of Parquet and CSV files as plain records."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.conversations.files import lines, open_source, text_chunks
from clio.conversations.types import Rejection, UnreadableError
from clio.conversations.values import EARLIEST, EPOCH
from clio.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 256
_SECONDS = (int((EARLIEST - EPOCH).total_seconds()), 2**33)
"""Times outside are made null before Python sees them: beyond the year 9999 they cannot be converted at all."""

Row = tuple[int, dict[str, Any]]


def parquet_columns(path: Path) -> list[str]:
    """Names of the top-level columns. Raises InputError for a file that is not whole Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    open_source(path).close()
    try:
        with pq.ParquetFile(path) as file:
            return list(file.schema_arrow.names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not whole Parquet ({type(error).__name__})") from None


def parquet_rows(path: Path, columns: Sequence[str] | None, limit: int) -> Iterator[Row | Rejection]:
    """Rows as dicts with their ordinal (from 1); ``columns`` that the file lacks are not asked for.

    A row of more than ``limit`` bytes is a rejection; a file that breaks off ends in one. Raises InputError.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    present = parquet_columns(path)
    wanted = None if columns is None else [name for name in dict.fromkeys(columns) if name in present]
    ordinal = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
                for row in _batch_rows(_possible_times(batch), limit):
                    ordinal += 1
                    yield (ordinal, row) if isinstance(row, dict) else Rejection(ordinal, row.reason)
    except (pa.ArrowException, OSError):
        yield Rejection(ordinal + 1, "compressed file is damaged")


def _batch_rows(batch: pa.RecordBatch, limit: int) -> Iterator[dict[str, Any] | UnreadableError]:
    if batch.nbytes <= limit:
        try:
            yield from batch.to_pylist()
            return
        except (ValueError, OverflowError):  # One of the rows: find it below. UnicodeDecodeError is a ValueError.
            pass
    for at in range(batch.num_rows):
        row = batch.slice(at, 1)
        if row.nbytes > limit:
            yield UnreadableError("record too long")
            continue
        try:
            yield row.to_pylist()[0]
        except UnicodeDecodeError:
            yield UnreadableError("not UTF-8")
        except (ValueError, OverflowError):
            yield UnreadableError("not a table row")


def _possible_times(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with impossible times as null and all times in microseconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for at, field in enumerate(batch.schema):
        if not pa.types.is_timestamp(field.type):
            continue
        unit = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[field.type.unit]
        ticks = batch.column(at).cast(pa.int64())
        low, high = (pa.scalar(bound * unit, pa.int64()) for bound in _SECONDS)
        possible = pc.and_(pc.greater_equal(ticks, low), pc.less(ticks, high))
        times = pc.if_else(possible, batch.column(at), pa.scalar(None, field.type))
        moments = times.cast(pa.timestamp("us", field.type.tz), safe=False)
        batch = batch.set_column(at, field.name, moments)
    return batch


def csv_rows(path: Path, needed: Sequence[str], limit: int) -> Iterator[Row | Rejection]:
    """Rows of a CSV file with a header line as dicts of text, numbered by the line they begin on.

    The delimiter (comma, semicolon or tab) is the one by which the header holds every ``needed`` column; InputError
    where none does.
    """
    # A limit of the whole process: it is only ever raised, and our own limit stands before it.
    csv.field_size_limit(max(csv.field_size_limit(), limit))
    records = _csv_records(path, limit)
    first = next(records, None)
    if first is None or isinstance(first, Rejection):
        raise InputError(f"{path}: has no header line ({first.reason if first else 'nothing but blanks'})")
    for delimiter in ",;\t":
        header = _cells(first[1], delimiter) or []
        if set(needed) <= set(header):
            break
    else:
        named = ", ".join(f"`{name}`" for name in needed)
        raise InputError(f"{path}: the header does not hold every column that the config names ({named})")
    for record in records:
        if isinstance(record, Rejection):
            yield record
            continue
        cells = _cells(record[1], delimiter)
        if cells is None or len(cells) != len(header):
            yield Rejection(record[0], "not a table row")
        else:
            yield record[0], dict(zip(header, cells, strict=True))


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        rows = list(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _csv_records(path: Path, limit: int) -> Iterator[tuple[int, str] | Rejection]:
    """Lines joined while a quoted cell is open, which is while the quotes so far are odd in number."""
    begun, held, size, quotes = 0, list[bytes](), 0, 0
    for line in lines(text_chunks(path), limit):
        if isinstance(line, Rejection):
            yield line
            held, size, quotes = [], 0, 0
            continue
        number, data = line
        if not held:
            if not data.strip():
                continue
            begun = number
        held.append(data)
        size += len(data) + 1
        quotes += data.count(b'"')
        if size > limit:
            yield Rejection(begun, "record too long")
        elif quotes % 2:
            continue
        else:
            try:
                yield begun, b"\n".join(held).decode()
            except UnicodeDecodeError:
                yield Rejection(begun, "not UTF-8")
        held, size, quotes = [], 0, 0
    if held:
        yield Rejection(begun, "file ends early")
