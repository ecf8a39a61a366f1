from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio import tables
from clio.errors import TableError
from clio.tables import TABLES, Column, Table

ROOT = Path(__file__).resolve().parents[1]
RELEASE = [table for table in TABLES.values() if table.side == "release"]
FREE_TEXT = {("clusters", "name"), ("clusters", "summary"), ("clusters", "terms")}
"""The only release columns whose values a model or a conversation had a hand in: the wall checks each of them."""
FORBIDDEN = re.compile(
    r"account_id|conversation_id|user|embedding|vector|centroid|text|prompt|transcript|turns?\b|message|evidence|"
    r"order|record|file|hash|digest|title|started_at"
)


def example(column: Column) -> Any:
    if pa.types.is_list(column.type):
        return ["a", "b"]
    if pa.types.is_string(column.type):
        return "a"
    if pa.types.is_binary(column.type):
        return b"a"
    if pa.types.is_boolean(column.type):
        return True
    if pa.types.is_timestamp(column.type):
        return datetime(2025, 1, 6, tzinfo=UTC)
    return 3 if pa.types.is_integer(column.type) else 0.5


def rows(table: Table, times: int = 2) -> list[dict[str, Any]]:
    return [{column.name: example(column) for column in table.columns} for _ in range(times)]


def test_the_page_is_in_step() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == tables.markdown(), "run: python -m clio.tables > docs/tables.md"


@pytest.mark.parametrize("table", RELEASE, ids=lambda table: table.name)
def test_no_release_column_can_hold_a_person(table: Table) -> None:
    """Plain numbers and labels only: nothing that is a list of numbers, bytes, or a time of day of one event."""
    for column in table.columns:
        assert not FORBIDDEN.search(column.name), column.name
        plain = (
            pa.types.is_string(column.type) or pa.types.is_boolean(column.type)
            or column.type in (pa.int32(), pa.int64(), pa.float64())
        )  # fmt: skip
        assert plain or (column.type == pa.list_(pa.string()) and (table.name, column.name) in FREE_TEXT), column
        if column.name.endswith("_id"):
            assert column.name in ("cluster_id", "parent_id")


def test_every_release_cell_says_how_many_people_it_is_about() -> None:
    for name in ("clusters", "breakdowns", "trends", "map"):
        assert {"conversations", "accounts"} <= {column.name for column in TABLES[name].columns}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_tables_are_declared_well(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z][a-z_]*", name) for name in names)
    assert all(column.meaning.endswith(".") for column in table.columns)
    assert table.row
    assert TABLES[table.name] is table


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_rows_become_a_table_and_stay_one(table: Table) -> None:
    built = table.build(rows(table))
    assert built.schema.equals(table.schema)
    assert table.validate(built.select(built.column_names[::-1])).equals(built)
    assert table.build([]).schema.equals(table.schema)


@given(st.sampled_from(list(TABLES.values())), st.data())
def test_what_differs_is_named_and_nothing_is_quoted(table: Table, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(table.columns))
    built = table.build(rows(table))
    with pytest.raises(TableError, match=rf"{table.name}: missing columns \['{column.name}'\]"):
        table.validate(built.drop_columns([column.name]))
    with pytest.raises(TableError, match=r"unexpected columns \['zebra'\]"):
        table.validate(built.append_column("zebra", pa.array([1, 2])))
    with pytest.raises(TableError, match="twice"):
        table.validate(built.append_column(column.name, built.column(column.name)))
    with pytest.raises(TableError, match=r"unexpected columns \['zebra'\]"):
        table.build([*rows(table), {**rows(table)[0], "zebra": 1}])
    if not column.nullable:
        with pytest.raises(TableError, match=rf"no value in required columns \['{column.name}'\]"):
            table.build([{**rows(table)[0], column.name: None}])


@pytest.mark.parametrize("table", list(TABLES.values()), ids=lambda table: table.name)
def test_a_value_that_does_not_fit_is_not_shown(table: Table) -> None:
    secret = "my name is Zebra"
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_list(column.type) or pa.types.is_binary(column.type):
            continue
        spoiled = pa.table({c.name: [secret] if c is column else pa.array([example(c)], c.type) for c in table.columns})
        for attempt in (
            lambda spoiled=spoiled: table.validate(spoiled),
            lambda column=column: table.build([{**rows(table)[0], column.name: secret}]),
        ):
            with pytest.raises(TableError) as caught:
                attempt()
            fault: BaseException | None = caught.value
            while fault is not None:
                assert "Zebra" not in str(fault)
                fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def test_numbers_are_not_cut_to_fit() -> None:
    for value in (2**40, 1.5, math.nan):
        row = {**rows(tables.LEVELS, 1)[0], "level": value}
        with pytest.raises(TableError):
            tables.LEVELS.validate(pa.table({name: [given] for name, given in row.items()}))
