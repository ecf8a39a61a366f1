from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from clio.conversations.types import Turn
from clio.errors import InputError

COLUMNS = {"user": "question", "assistant": "answer", "id": "no", "account": "who", "started_at": "at",
           "metadata": {"model": "engine"}}  # fmt: skip
ROWS = [
    {"question": 'He said: "hello",\nand left; \u2028 so', "answer": "Yes", "no": "1", "who": "w",
     "at": "2024-05-06T12:00:00Z", "engine": "m", "rest": ""},
    {"question": "Short", "answer": "", "no": "2", "who": "", "at": "never", "engine": "", "rest": "x"},
]  # fmt: skip


def as_csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def check(found) -> None:
    assert found[0].turns == (Turn("user", ROWS[0]["question"]), Turn("assistant", "Yes"))
    assert (found[0].source_id, found[0].account) == ("1", "w")
    assert found[0].started_at == datetime(2024, 5, 6, 12, tzinfo=UTC)
    assert found[0].metadata == {"model": "m"}
    assert found[1].turns == (Turn("user", "Short"),)
    assert (found[1].source_id, found[1].account, found[1].started_at) == ("2", None, None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv(delimiter, write, reading) -> None:
    for settings in ({"format": "columns"}, {}):
        found, rejected = reading(write(as_csv(ROWS, delimiter)), columns=COLUMNS, **settings)
        assert rejected == []
        check(found)
        assert [c.record for c in found] == [2, 4]


def test_parquet_and_json_lines(write, tmp_path: Path, reading) -> None:
    pd.DataFrame(ROWS).to_parquet(tmp_path / "t.parquet")
    for path in (tmp_path / "t.parquet", write(ROWS), write(json.dumps(ROWS))):
        found, rejected = reading(path, columns=COLUMNS)
        assert rejected == []
        check(found)


def test_messages_as_lists_as_text_and_within_other_fields(write, reading) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"from": "gpt", "value": "Hello"}]
    turns = (Turn("user", "Hi"), Turn("assistant", "Hello"))
    for value in (messages, json.dumps(messages)):
        found, rejected = reading(write([{"log": {"turns": value}}]), columns={"messages": "log.turns"})
        assert ([c.turns for c in found], rejected) == ([turns], [])
    text = as_csv([{"turns": json.dumps(messages)}, {"turns": "["}, {"turns": "[" * 9000}, {"turns": ""}])
    found, rejected = reading(write(text), columns={"messages": "turns"})
    assert [c.turns for c in found] == [turns]
    assert [why for _, why in rejected] == ["not JSON", "nested too deeply", "not JSON"]


def test_missing_columns_are_an_input_error(write, tmp_path, reading) -> None:
    pd.DataFrame(ROWS).to_parquet(tmp_path / "t.parquet")
    for path in (write(as_csv(ROWS)), tmp_path / "t.parquet"):
        with pytest.raises(InputError, match="nonesuch"):
            reading(path, format="columns", columns={"user": "nonesuch"})


def test_broken_rows_of_csv(write, reading) -> None:
    data = (
        b"question,answer\r\n"
        b"one,1\r\n"
        b"two\r\n"
        b"three,3,3\r\n"
        b"\xff\xfe,4\r\n"
        b"\r\n"
        b'"' + b"y" * 3000 + b'",5\r\n'
        b"six,6\r\n"
        b'"open,7\r\n'
    )
    found, rejected = reading(write(data), columns={"user": "question", "assistant": "answer"}, max_record_bytes=2000)
    assert [(c.record, c.turns[0].text) for c in found] == [(2, "one"), (8, "six")]
    assert rejected == [
        (3, "not a table row"), (4, "not a table row"), (5, "not UTF-8"), (7, "record too long"),
        (9, "file ends early"),
    ]  # fmt: skip


def test_cells_beyond_the_csv_modules_own_limit(write, reading) -> None:
    found, rejected = reading(write(as_csv([{"q": "x" * 500_000}])), columns={"user": "q"})
    assert rejected == []
    assert len(found[0].turns[0].text) == 500_000


def test_a_header_alone_and_no_header(write, reading) -> None:
    assert reading(write("question,answer\n"), format="columns", columns={"user": "question"}) == ([], [])
    for content in ("\n\n", b"\xff\xff"):
        with pytest.raises(InputError, match="header"):
            reading(write(content), format="columns", columns={"user": "question"})


def test_utf16_and_a_mark(write, reading) -> None:
    for data in (as_csv(ROWS).encode("utf-16"), as_csv(ROWS).encode("utf-8-sig")):
        found, rejected = reading(write(data), columns=COLUMNS)
        assert rejected == []
        check(found)
