"""One file a table, written as it is read: CSV, JSON and Parquet. XLSX is in :mod:`clio.exports.workbook`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa

from clio.exports.cells import BOM, flat
from clio.runs.files import replacing, write_table

Format = Literal["csv", "parquet", "json", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)
_BATCH = 4_096


@dataclass(frozen=True, slots=True)
class Written:
    """A table, or a part of one, in a finished file."""

    table: str
    file: str
    rows: int
    sheet: str = ""


def write_files(folder: Path, tables: Mapping[str, pa.Table], form: Format, *, bom: bool) -> list[Written]:
    """Every table in a file of its own, ``NAME.csv`` and so on."""
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.{form}"
        if form == "csv":
            write_csv(path, table, bom=bom)
        elif form == "json":
            write_records(path, table)
        else:
            write_table(path, table, public=True)
        written.append(Written(name, path.name, table.num_rows))
    return written


def rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Row by row, without the whole table as Python objects."""
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield from batch.to_pylist()


def write_csv(path: Path, table: pa.Table, *, bom: bool) -> None:
    """UTF-8, header, comma, quotes where needed. A null is an empty cell, lists are JSON, booleans true and false."""
    with replacing(path, public=True) as handle:
        text = io.TextIOWrapper(handle, encoding="utf-8", errors="replace", newline="", write_through=True)
        if bom:
            text.write(BOM)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table.column_names)
        for row in rows(table):
            writer.writerow([_csv(value) for value in row.values()])
        text.detach()


def _csv(value: object) -> object:
    value = flat(value)
    return str(value).lower() if isinstance(value, bool) else value


def write_records(path: Path, table: pa.Table) -> None:
    """One array of records, a record a line, UTF-8 without a byte-order mark (RFC 8259, section 8.1)."""
    with replacing(path, public=True) as handle:
        handle.write(b"[")
        for number, row in enumerate(rows(table)):
            line = json.dumps(row, ensure_ascii=False, allow_nan=False)
            handle.write((",\n" if number else "\n").encode() + line.encode("utf-8", "replace"))
        handle.write(b"\n]\n")
