from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clio.config.ingest import IngestConfig
from clio.conversations.readers import from_records, read
from clio.conversations.types import Conversation, Rejection, Turn

GOOD = {
    "id": "a1",
    "messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello\u2028there"},
        {"role": "assistant", "content": [{"type": "text", "text": "Good day"}]},
    ],
    "user_id": 42,
    "timestamp": "2024-05-06T12:00:00Z",
    "metadata": {"model": "m", "language": "en", "score": 0.5, "labels": ["x"], "none": None},
}


def test_everything_arrives(write, reading) -> None:
    found, rejected = reading(write([GOOD]))
    assert rejected == []
    assert found == [
        Conversation(
            (Turn("system", "Be kind."), Turn("user", "Hello\u2028there"), Turn("assistant", "Good day")),
            "a1",
            "42",
            datetime(2024, 5, 6, 12, tzinfo=UTC),
            1,
            {"model": "m", "language": "en", "score": "0.5"},
        )
    ]


def test_malformed(malformed) -> None:
    malformed("clio", GOOD)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"messages": None}, "not a conversation"),
        ({"messages": "hello"}, "not a conversation"),
        ({"messages": ["hello"]}, "not a conversation"),
        ({"messages": [{"role": "user", "content": 5}]}, "not a conversation"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "unknown role"),
        ({"messages": [{"content": "x"}]}, "unknown role"),
        ({"messages": []}, "no user turn"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "no user turn"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "no user turn"),
    ],
)
def test_reasons(change, reason, write, reading) -> None:
    found, rejected = reading(write([GOOD, GOOD | change, GOOD]))
    assert [c.record for c in found] == [1, 3]
    assert rejected == [(2, reason)]


def test_clock_nonsense_is_no_time_and_no_rejection(write, reading) -> None:
    clocks = ["1970-01-01", "3024-01-01T00:00:00Z", float("nan"), float("inf"), "now", -5, {}, [], True, 10**30]
    found, rejected = reading(write([GOOD | {"timestamp": clock} for clock in clocks]))
    assert rejected == []
    assert [c.started_at for c in found] == [None] * len(clocks)


def test_duplicate_ids_pass(write, reading) -> None:
    found, _ = reading(write([GOOD, GOOD]))
    assert [c.source_id for c in found] == ["a1", "a1"]


def test_lone_surrogates_become_the_replacement_character(write, reading) -> None:
    text = r'{"id": "\ud800", "timestamp": null, "messages": [{"role": "user", "content": "a\udfffb \ud83d\ude00"}]}'
    found, _ = reading(write(text))
    assert found[0].turns[0].text == "a\ufffdb \U0001f600"
    assert found[0].source_id == "\ufffd"


def test_records_given_in_python() -> None:
    ready = Conversation((Turn("user", "x"),), None, None, None, 9)
    ring: list[object] = []
    ring.append(ring)
    items = list(from_records([GOOD, ready, {"messages": []}, 7, {"messages": ring}]))  # type: ignore[list-item]
    assert isinstance(items[0], Conversation)
    assert items[1] is ready
    assert items[2:] == [
        Rejection(3, "no user turn"),
        Rejection(4, "not a conversation"),
        Rejection(5, "nested too deeply"),
    ]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("chat_arena_dev", 1357),
        ("chat_chitchat_dev", 3359),
        ("chat_hh_harmless_dev", 1154),
        ("chat_oasst_en_dev", 473),
        ("chat_oasst_zh_dev", 336),
        ("chat_sharegpt_dev", 6109),
        ("chat_wildchat_dev", 290),
    ],
)
def test_the_shared_data_reads_whole(name: str, rows: int, shared_data: Path) -> None:
    path = shared_data / f"{name}.jsonl.gz"
    found = list(read(path, IngestConfig()))
    assert [item for item in found if isinstance(item, Rejection)] == []
    assert len(found) == rows
    with gzip.open(path) as file:
        for item, line in zip(found[:200], file, strict=False):
            assert isinstance(item, Conversation)
            record = json.loads(line)
            said = [(m["role"], m["content"]) for m in record["messages"] if m["content"].strip()]
            assert [(turn.role, turn.text) for turn in item.turns] == said
            assert item.account == record["user_id"]
