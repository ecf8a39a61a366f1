"""Any CSV, Parquet or JSONL table, by the columns that the config names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from clio.config.ingest import Columns, IngestConfig
from clio.conversations.json_stream import parse_text
from clio.conversations.readers._messages import content_turns, message_turns
from clio.conversations.records import attempt, table_rows
from clio.conversations.types import Conversation, Rejection, Turn, UnreadableError
from clio.conversations.values import conversation, flat, mapping, name_of, when
from clio.errors import InputError


def recognise(record: Mapping[str, Any], columns: Columns) -> str:
    """Why ``record`` cannot be read by ``columns``; empty if it can."""
    if missing := [name for name in text_columns(columns) if _cell(record, name) is None]:
        return f"no {' and no '.join(f'`{name}`' for name in missing)}"
    return ""


def text_columns(columns: Columns) -> list[str]:
    """The columns without which there is no conversation."""
    return [name for name in (columns.messages, columns.user) if name is not None]


def parse(number: int, value: object, columns: Columns, max_depth: int) -> Conversation:
    """One row. Raises UnreadableError."""
    row = mapping(value)
    return conversation(
        number,
        _turns(row, columns, max_depth),
        source_id=name_of(_cell(row, columns.id)),
        account=name_of(_cell(row, columns.account)),
        started_at=when(_cell(row, columns.started_at)),
        metadata=flat({name: _cell(row, column) for name, column in columns.metadata.items()}),
    )


def _turns(row: Mapping[str, Any], columns: Columns, max_depth: int) -> Iterator[Turn]:
    if columns.messages is not None:
        messages = _cell(row, columns.messages)
        if isinstance(messages, str):
            messages = parse_text(messages, max_depth)
        yield from message_turns(messages)
    else:
        yield from content_turns("user", _text(row, columns.user))
        yield from content_turns("assistant", _text(row, columns.assistant))


def _text(row: Mapping[str, Any], column: str | None) -> str | None:
    value = _cell(row, column)
    if isinstance(value, (str, type(None))):
        return value
    raise UnreadableError("not a conversation")


def _cell(row: Mapping[str, Any], column: str | None) -> Any:
    """The value of a column; ``a.b`` also means the field ``b`` within ``a``."""
    if column is None or column in row:
        return row[column] if column is not None else None
    value: Any = row
    for name in column.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """Conversations and rejections in file order. Raises InputError, also where the table lacks a named column."""
    columns = config.columns
    if columns is None:
        raise InputError(f"{path}: format `columns` needs the `columns` section of the config")
    parse_row = partial(parse, columns=columns, max_depth=config.max_depth)
    others = [columns.assistant, columns.id, columns.account, columns.started_at, *columns.metadata.values()]
    optional = [name for name in others if name is not None]
    for row in table_rows(path, config, text_columns(columns), optional):
        yield row if isinstance(row, Rejection) else attempt(parse_row, *row)
