from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clio.conversations.types import Turn

NOON = datetime(2023, 4, 9, 12, tzinfo=UTC)
LATER = datetime(2023, 4, 9, 13, tzinfo=UTC)


def record(json_time: bool = True) -> dict[str, object]:
    def time(moment: datetime) -> object:
        return moment.isoformat() if json_time else moment

    return {
        "conversation_hash": "h1",
        "model": "gpt-x",
        "timestamp": time(LATER),
        "conversation": [
            {"role": "user", "content": "Hello", "hashed_ip": "ip1", "timestamp": None},
            {"role": "assistant", "content": "Good day", "hashed_ip": None, "timestamp": time(NOON)},
        ],
        "turn": 1,
        "language": "English",
        "openai_moderation": [{"flagged": False}],
        "toxic": False,
        "hashed_ip": "ip1",
        "country": "Chile",
    }


def check(conversation) -> None:
    assert conversation.turns == (Turn("user", "Hello"), Turn("assistant", "Good day"))
    assert (conversation.source_id, conversation.account) == ("h1", "ip1")
    assert conversation.started_at == NOON
    assert conversation.metadata == {"model": "gpt-x", "language": "English", "country": "Chile", "toxic": "false"}


def test_lines(write, reading) -> None:
    found, rejected = reading(write([record()]))
    assert rejected == []
    check(found[0])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet(unit, tmp_path, reading) -> None:
    table = pa.Table.from_pylist([record(json_time=False)] * 600)
    times = table["timestamp"].cast(pa.timestamp(unit, "UTC"))
    pq.write_table(table.set_column(2, "timestamp", times), tmp_path / "w.parquet")
    found, rejected = reading(tmp_path / "w.parquet")
    assert rejected == []
    assert [c.record for c in found] == list(range(1, 601))
    check(found[-1])


def test_an_address_in_the_turns_only(write, reading) -> None:
    without = {key: value for key, value in record().items() if key != "hashed_ip"}
    found, _ = reading(write([without]))
    assert found[0].account == "ip1"


def test_impossible_times_and_text_that_is_not_utf8_in_parquet(tmp_path, reading) -> None:
    turns = [[{"role": "user", "content": "x"}]] * 3
    ids = pa.StringArray.from_buffers(3, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffc"))
    times = pa.array([2**62, 1_700_000_000_000_000, -(2**62)], pa.timestamp("us", "UTC"))
    table = pa.table({"conversation_hash": ids, "conversation": turns, "timestamp": times})
    pq.write_table(table, tmp_path / "w.parquet")
    found, rejected = reading(tmp_path / "w.parquet")
    assert rejected == [(2, "not UTF-8")]
    assert [(c.source_id, c.started_at) for c in found] == [("a", None), ("c", None)]


def test_a_row_that_is_too_long(tmp_path, reading) -> None:
    rows = [record() for _ in range(3)]
    rows[1]["conversation"] = [{"role": "user", "content": "x" * 50_000}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "w.parquet")
    found, rejected = reading(tmp_path / "w.parquet", max_record_bytes=10_000)
    assert [c.record for c in found] == [1, 3]
    assert rejected == [(2, "record too long")]


def test_malformed(malformed) -> None:
    malformed("wildchat", record())
