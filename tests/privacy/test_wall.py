from __future__ import annotations

import re
import traceback
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.errors import PrivacyError
from clio.privacy.thresholds import Thresholds
from clio.privacy.wall import MAX_TEXT, check_release, clean_text
from clio.stages import publish as stage
from clio.tables import CLUSTERS, TABLES
from tests.stages.workspaces import Workspace, draw_workspace

SECRET = "Wilhelmina Featherstonehaugh"
THRESHOLDS = Thresholds(5, 3, 0.5)
CELL: dict[str, Any] = {
    "cluster_id": "all", "facet": "use", "value": "alpha", "kind": "value", "conversations": 6, "accounts": 4,
    "share": 0.5,
}  # fmt: skip
GOOD: dict[str, list[dict[str, Any]]] = {
    "clusters": [
        {
            "cluster_id": "0-0000", "level": 0, "parent_id": None, "name": "A name", "summary": "A summary.",
            "terms": ["one", "two"], "conversations": 12, "accounts": 6, "share": 1.0, "merged": False, "x": 0.0,
            "y": 0.0, "stability": 0.8, "writer": "terms",
        }
    ],
    "levels": [{"level": 0, "clusters": 1, "conversations": 12, "smallest": 12, "largest": 12}],
    "breakdowns": [CELL],
    "trends": [
        {"week" if key == "value" else key: value for key, value in CELL.items() if key != "facet"}
        | {"week": "2025-03-03"}
    ],
    "map": [{"x": 0.0, "y": 0.0, "size": 1.0, "conversations": 12, "accounts": 6}],
    "privacy": [{"rule": "r", "setting": "5", "hidden": 1, "unit": "cells", "statement": "A sentence."}],
}  # fmt: skip


def scan(text: str) -> Sequence[object]:
    return [match.span() for match in re.finditer("Featherstonehaugh|@", text)]


def tables(name: str = "", /, **changes: Any) -> dict[str, pa.Table]:
    """Every release table with a row that passes; ``changes`` go into the row of the table ``name``."""
    return {
        table: TABLES[table].build([row | (changes if table == name else {}) for row in rows])
        for table, rows in GOOD.items()
    }


def refused(given: dict[str, pa.Table]) -> str:
    """The message, after a look at everything that a log could hold of the fault."""
    with pytest.raises(PrivacyError) as caught:
        check_release(given, THRESHOLDS, scan)
    whole = "".join(traceback.format_exception(caught.value))
    assert SECRET not in whole
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_what_passes_comes_back_as_it_was() -> None:
    given = tables()
    assert check_release(given, THRESHOLDS, scan) == given
    assert given.keys() == {table.name for table in TABLES.values() if table.side == "release"}


@pytest.mark.parametrize("name", ["clusters", "breakdowns", "trends", "map"])
@pytest.mark.parametrize(("column", "value"), [("conversations", 4), ("accounts", 2), ("accounts", 0)])
def test_a_cell_under_threshold(name: str, column: str, value: int) -> None:
    message = refused(tables(name, **{column: value}))
    assert name in message
    assert column in message


@pytest.mark.parametrize("column", ["conversations", "smallest", "largest"])
def test_a_level_under_threshold(column: str) -> None:
    assert "levels" in refused(tables("levels", **{column: 4}))


@pytest.mark.parametrize(
    ("name", "column"),
    [("clusters", "name"), ("clusters", "summary"), ("clusters", "writer"), ("breakdowns", "value"),
     ("breakdowns", "facet"), ("trends", "week"), ("privacy", "statement"), ("privacy", "setting")],
)  # fmt: skip
@pytest.mark.parametrize(
    "text", [SECRET, "me@example.org", "bidi \u202e mark", "two\nlines", "zero\u200bwidth", "x " * MAX_TEXT, "\x00"]
)
def test_a_text_that_must_not_leave(name: str, column: str, text: str) -> None:
    message = refused(tables(name, **{column: text}))
    assert f"table {name}, row 0: {column}" in message
    assert text not in message


def test_a_term_that_must_not_leave() -> None:
    assert "terms" in refused(tables("clusters", terms=["fine", f"of {SECRET}"]))


def test_an_extra_column() -> None:
    given = tables()
    for extra in (pa.array([SECRET]), pa.array([[0.1, 0.2]])):
        assert "clusters" in refused(given | {"clusters": given["clusters"].append_column("conversation", extra)})
        # Nor does the name of a column get into the message: it may be anybody's.
        assert "map" in refused(given | {"map": given["map"].append_column(SECRET, extra)})


def test_a_missing_column_a_null_and_another_type() -> None:
    given = tables()
    refused(given | {"map": given["map"].drop_columns(["accounts"])})
    refused(given | {"map": given["map"].set_column(3, "conversations", pa.array([None], pa.int64()))})
    refused(given | {"map": given["map"].set_column(3, "conversations", pa.array([SECRET]))})


@pytest.mark.parametrize("name", ["conversations", "facets", SECRET])
def test_a_table_that_is_no_release_table(name: str) -> None:
    refused(tables() | {name: pa.table({"conversation_id": ["c"]})})


def test_a_cell_of_no_released_cluster_or_larger_than_it() -> None:
    for name in ("breakdowns", "trends"):
        refused(tables(name, cluster_id="0-0099"))
        refused(tables(name, conversations=13))
    refused(tables("clusters", parent_id="1-0000"))


def test_nothing_rides_along_in_metadata() -> None:
    """Arrow keeps metadata of tables and columns, and writes it into files."""
    notes = {"pandas": SECRET}
    given = tables()
    fields = [field.with_metadata(notes) for field in CLUSTERS.schema]
    given["clusters"] = given["clusters"].cast(pa.schema(fields, metadata=notes))
    checked = check_release(given, THRESHOLDS, scan)["clusters"]
    assert not checked.schema.metadata
    assert not any(field.metadata for field in checked.schema)


@given(st.text(max_size=60) | st.text("ab\u200b\u202e\u2066\ufeff\x00\x07\r\n\t\u2028\ud800\ue000 é字", max_size=20))
def test_clean_text(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert not {unicodedata.category(c) for c in clean} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert clean.splitlines() in ([], [clean])
    assert "  " not in clean
    assert clean == clean.strip()


@pytest.mark.parametrize(
    ("text", "clean"),
    [("a\u202eb", "ab"), ("a\u200bb", "ab"), ("a\r\nb", "a b"), ("\ufeffa", "a"), ("a\x00b", "a b"), (" a  b ", "a b"),
     ("שלום", "שלום"), ("naïve 🦊", "naïve 🦊"), ("\u2066\u2069", "")],
)  # fmt: skip
def test_clean_text_by_example(text: str, clean: str) -> None:
    assert clean_text(text) == clean


def test_no_column_of_a_release_can_hold_one_person() -> None:
    for table in TABLES.values():
        if table.side != "release":
            continue
        for column in table.columns:
            plain = {pa.int64(), pa.int32(), pa.float64(), pa.bool_(), pa.string()}
            assert column.type in plain or (column.name, column.type) == ("terms", pa.list_(pa.string()))
            assert not re.search(r"vector|embedding|text$|transcript|account_id|conversation_id", column.name)
            if re.search(r"(^|_)(id|key|order|file|record)$", column.name):
                assert column.name in ("cluster_id", "parent_id")


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return draw_workspace(11, 240)


def files_under(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_no_id_of_the_workspace_is_anywhere_in_the_release(workspace: Workspace, tmp_path: Path) -> None:
    context = workspace.context(tmp_path)
    stage.run(context.config, context)
    found = files_under(context.release)
    assert found.keys() == {f"{table.name}.parquet" for table in TABLES.values() if table.side == "release"} | {
        "manifest.json", "privacy.json", "privacy.html",
    }  # fmt: skip
    ids = {row[key] for row in workspace.conversations for key in ("conversation_id", "account_id")}
    for name, content in found.items():
        assert not any(one.encode() in content for one in ids), name
        if not name.endswith(".parquet"):
            continue
        # Parquet compresses: look at the values too.
        read = pq.read_table(context.release / name)
        assert read.num_rows, name
        said = {str(value) for column in read.column_names for value in read.column(column).to_pylist()}
        assert not any(one in text for one in ids for text in said), name
        footer = pq.read_metadata(context.release / name).metadata or {}
        assert footer.keys() <= {b"ARROW:schema"}


def test_what_does_not_pass_writes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    for row in workspace.hierarchy:
        if row["level"] == 2:
            row["name"] = "Letters to anna.schmidt@example.org"
    context = workspace.context(tmp_path)
    with pytest.raises(PrivacyError, match="table clusters") as caught:
        stage.run(context.config, context)
    assert "anna" not in "".join(traceback.format_exception(caught.value))
    assert not list(tmp_path.glob("release*"))
