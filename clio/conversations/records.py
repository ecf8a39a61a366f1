"""Records of a source file, whatever holds them: JSON lines, a JSON array, Parquet, CSV, or a zip of JSON."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from clio.config.ingest import IngestConfig
from clio.conversations.files import ZIP_FAULTS, Line, lines, magic, open_source, text_chunks, zip_chunks
from clio.conversations.json_stream import elements, parse
from clio.conversations.rows import csv_rows, parquet_columns, parquet_rows
from clio.conversations.types import Conversation, Rejection, UnreadableError
from clio.errors import InputError

Container = Literal["lines", "array", "objects", "parquet", "zip"]
Record = tuple[int, Any]
"""Where it stands in its file (see ``Conversation.record``) and the value."""
Parse = Callable[[int, Any], Conversation]
"""One record to one conversation; raises UnreadableError."""

EXPORTED = re.compile(r"(?:^|/)conversations(?:-\d+)?\.json$")
"""The members of an account export's archive that hold conversations."""


def read_records(
    path: Path, config: IngestConfig, parse_record: Parse, fields: Sequence[str] | None = None
) -> Iterator[Conversation | Rejection]:
    """Every record of a file as what ``parse_record`` makes of it. ``fields`` spare reading other Parquet columns."""
    for record in records(path, config, fields):
        yield record if isinstance(record, Rejection) else attempt(parse_record, *record)


def attempt(parse_record: Parse, number: int, value: object) -> Conversation | Rejection:
    """The conversation that ``value`` holds, or why it holds none."""
    try:
        return parse_record(number, value)
    except UnreadableError as why:
        return Rejection(number, why.reason)


def records(path: Path, config: IngestConfig, fields: Sequence[str] | None = None) -> Iterator[Record | Rejection]:
    """The values in a file of JSON or Parquet. Raises InputError for a file that cannot be read at all."""
    limit = config.max_record_bytes
    match container(path):
        case "parquet":
            yield from parquet_rows(path, fields, limit)
        case "zip":
            yield from _zip_records(path, config)
        case "lines":
            yield from _parsed(lines(text_chunks(path), limit), config)
        case kind:
            yield from _parsed(elements(text_chunks(path), limit, array=kind == "array"), config)


def table_rows(
    path: Path, config: IngestConfig, needed: Sequence[str], optional: Sequence[str]
) -> Iterator[Record | Rejection]:
    """The rows of a table: CSV, or anything that ``records`` reads. Raises InputError for missing columns."""
    kind = container(path)
    if kind == "lines" and not _begin(path).startswith(b"{"):
        yield from csv_rows(path, needed, config.max_record_bytes)
        return
    if kind == "parquet":
        present = parquet_columns(path)
        if missing := [name for name in needed if name not in present and name.partition(".")[0] not in present]:
            raise InputError(f"{path}: lacks columns that the config names: {', '.join(missing)}")
    wanted = [*needed, *optional]
    yield from records(path, config, [*wanted, *(name.partition(".")[0] for name in wanted)])


def container(path: Path) -> Container:
    """What holds the records, by the first bytes. Raises InputError."""
    head = magic(path)
    if head == b"PAR1":
        return "parquet"
    if head.startswith(b"PK"):
        return "zip"
    begin = _begin(path)
    if begin.startswith(b"["):
        return "array"
    # An object that goes on over lines, as pretty-printers write it.
    return "objects" if begin.split(b"\n", 1)[0].strip() == b"{" else "lines"


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """The file as an open zip archive. Raises InputError."""
    with open_source(path) as file:
        try:
            opened = zipfile.ZipFile(file)
        except ZIP_FAULTS:
            raise InputError(f"{path}: begins like a zip archive and is none") from None
        with opened:
            yield opened


def _begin(path: Path) -> bytes:
    """The first text of a file from its first character that is not blank; empty where there is none near."""
    seen = b""
    try:
        for chunk in text_chunks(path):
            seen = (seen + chunk).lstrip()
            if len(seen) >= 64 * 1024:
                break
    except UnreadableError:
        pass
    return seen


def _parsed(found: Iterator[Line | Rejection], config: IngestConfig) -> Iterator[Record | Rejection]:
    for line in found:
        if isinstance(line, Rejection):
            yield line
            continue
        number, data = line
        if not data or data.isspace():
            continue
        try:
            yield number, parse(data, config.max_depth)
        except UnreadableError as why:
            yield Rejection(number, why.reason)


def _zip_records(path: Path, config: IngestConfig) -> Iterator[Record | Rejection]:
    with archive(path) as opened:
        members = sorted(name for name in opened.namelist() if EXPORTED.search(name))
        if not members:
            raise InputError(f"{path}: the archive holds no conversations.json")
        last = 0
        for member in members:
            before = last
            found = elements(zip_chunks(opened, member), config.max_record_bytes, array=True)
            for record in _parsed(found, config):
                if isinstance(record, Rejection):
                    last = before + record.record
                    yield replace(record, record=last)
                else:
                    last = before + record[0]
                    yield last, record[1]
