from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config import RunConfig, load_config
from clio.conversations.types import REASONS, Conversation, Rejection, Turn
from clio.errors import InputError
from clio.runs.context import Context, Sources
from clio.runs.keys import load_key
from clio.runs.manifest import Manifest
from clio.runs.progress import make_reporter
from clio.stages.ingest import REJECTED, Ingested, ingest, run
from clio.tables import CONVERSATIONS

KEY = b"k" * 32
SECRET = "Zebra"
PLACE = ("file", "record")
Records = list[tuple[int, Conversation | Rejection]]

turns = st.builds(
    Turn, st.sampled_from(["user", "assistant", "tool"]), st.sampled_from(["hi", f"I am {SECRET}", "é\ud800"])
)
conversations = st.builds(
    Conversation,
    st.lists(turns, min_size=1, max_size=3).map(tuple),
    st.sampled_from([None, "", f"id-{SECRET}", "id-2", "id-3"]),
    st.sampled_from([None, " ", f"{SECRET}@example.org", "account-2"]),
    st.sampled_from([None, datetime(2025, 3, 2, 23, tzinfo=UTC), datetime(2025, 3, 3, 1, tzinfo=UTC)]),
    st.just(0),
    st.dictionaries(
        st.sampled_from(["model", "surface", "country", "note"]),
        st.sampled_from(["a", "b", "lone \ud800"]),
    ),
)  # fmt: skip
rejections = st.builds(Rejection, st.just(0), st.sampled_from(REASONS))


def numbered(items: Sequence[Conversation | Rejection]) -> Records:
    """Two files, records numbered as they come."""
    return [(n % 2, replace(item, record=n // 2 + 1)) for n, item in enumerate(items)]


many = st.lists(conversations | rejections, max_size=12)


def without_place(table: pa.Table) -> list[dict[str, Any]]:
    return table.drop_columns(list(PLACE)).to_pylist()


@given(many, st.randoms(use_true_random=False))
def test_shuffling_the_input_changes_only_where_records_stand(
    items: list[Conversation | Rejection], chance: random.Random
) -> None:
    one = ingest(numbered(items), KEY, ("country",))
    shuffled = items.copy()
    chance.shuffle(shuffled)
    other = ingest(numbered(shuffled), KEY, ("country",))
    assert without_place(one.conversations) == without_place(other.conversations)
    assert Counter(reason for *_, reason in one.rejections) == Counter(reason for *_, reason in other.rejections)


@given(many)
def test_every_record_ends_in_one_place(items: list[Conversation | Rejection]) -> None:
    records = numbered(items)
    found = ingest(records, KEY)
    kept = list(zip(*(found.conversations.column(name).to_pylist() for name in PLACE), strict=True))
    rejected = [(file, record) for file, record, _ in found.rejections]
    assert sorted(kept + rejected) == sorted((file, record.record) for file, record in records)
    assert found.rejections == sorted(found.rejections)
    assert len(set(found.conversations.column("conversation_id").to_pylist())) == len(kept)


@given(many)
def test_the_table_holds_no_text_and_no_source_id(items: list[Conversation | Rejection]) -> None:
    found = ingest(numbered(items), KEY, ("country",))
    assert SECRET not in json.dumps(found.conversations.to_pylist(), default=str)
    assert found.conversations.schema.equals(CONVERSATIONS.schema)
    assert not found.conversations.num_rows or found.conversations.column("order").to_pylist() == sorted(
        found.conversations.column("order").to_pylist()
    )


def said(*texts: str, **fields: Any) -> Conversation:
    told = {"source_id": None, "account": None, "started_at": None, "record": 1, "metadata": {}} | fields
    return Conversation(tuple(Turn("user", text) for text in texts), **told)


def of(*items: Conversation | Rejection) -> Ingested:
    return ingest([(0, replace(item, record=n)) for n, item in enumerate(items, 1)], KEY)


def test_a_repeated_id_keeps_its_latest_state() -> None:
    found = of(
        said("a", source_id="x"), said("a", "b", "c", source_id="x"), said("a", "b", source_id="x"), said("z")
    )  # fmt: skip
    assert sorted(found.conversations.column("turns").to_pylist()) == [1, 3]
    assert found.rejections == [(0, 1, "duplicate id"), (0, 3, "duplicate id")]


def test_of_equally_many_turns_the_longer_text_is_kept() -> None:
    items = [said("short", source_id="x"), said("much longer", source_id="x")]
    for order in (items, items[::-1]):
        assert of(*order).conversations.column("characters").to_pylist() == [len("much longer")]


def test_the_same_words_without_an_id_are_several_conversations() -> None:
    found = of(said("hi"), said("hi"), said("hi", account="a"), said("hi", account="a"))
    table = found.conversations
    assert not found.rejections
    assert len(set(table.column("conversation_id").to_pylist())) == 4
    assert len(set(table.column("account_id").to_pylist())) == 3
    assert table.column("account_given").to_pylist().count(True) == 2


def test_accounts_are_keyed_pseudonyms() -> None:
    items = [(0, said("a", account=f" {SECRET} ")), (0, said("b", account=SECRET)), (0, said("c", account="other")),
             (0, said("d", source_id=SECRET)), (0, said("e", source_id="s2"))]  # fmt: skip
    one, other = (ingest(items, key).conversations for key in (KEY, b"q" * 32))
    accounts = one.column("account_id").to_pylist()
    assert len(set(accounts)) == 4
    assert not set(accounts) & set(other.column("account_id").to_pylist())
    assert not set(accounts) & set(one.column("conversation_id").to_pylist())
    assert one.column("order").to_pylist() == other.column("order").to_pylist()


def test_times_are_utc_to_the_microsecond() -> None:
    moment = datetime(2025, 3, 2, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    assert of(said("a", started_at=moment)).conversations.column("started_at").to_pylist() == [moment.astimezone(UTC)]


def test_progress_is_told() -> None:
    told: list[int] = []
    ingest(((0, said(str(n), record=n)) for n in range(2500)), KEY, advance=told.append)
    assert sum(told) == 2500


def context_of(folder: Path, source: Path | None, config: RunConfig, records: Sequence[Any] = ()) -> Context:
    sources = Sources((source,) if source else (), records)
    return Context(folder, config, sources, make_reporter("quiet"), Manifest.open(folder))


def lines(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"{SECRET}-{n}", "user_id": f"{SECRET}-{n % 3}", "timestamp": f"2025-03-0{1 + n % 9}T10:00:00Z",
         "messages": [{"role": "user", "content": f"{SECRET} {n}"}, {"role": "assistant", "content": "Yes"}],
         "metadata": {"model": "m", "country": "NZ", "note": SECRET}}
        for n in range(count)
    ]  # fmt: skip


def test_a_file_with_broken_lines(tmp_path: Path) -> None:
    source = tmp_path / "source.jsonl"
    good = [json.dumps(line) for line in lines(12)]
    bad = ["{" + SECRET, json.dumps({"id": "e", "user_id": "u", "messages": []}), good[0]]
    source.write_text("\n".join(good[:6] + bad + good[6:]) + "\n")
    config = load_config(
        {
            "seed": 1,
            "ingest": {"format": "clio", "metadata": ["country"], "sampling": {"size": 5, "since": "2025-03-02"}},
        }
    )
    context = context_of(tmp_path / "run", source, config)
    run(config, context)
    counts, notes = context.notes["counts"], context.notes
    table = context.read("conversations")
    assert counts["input"] == 15
    assert counts["rejected"] == sum(notes["reasons"]["rejected"].values()) == 3
    assert counts["sampled_out"] == sum(notes["reasons"]["sampled_out"].values())
    assert counts["input"] == counts["rejected"] + counts["sampled_out"] + table.num_rows
    assert table.num_rows == 5
    rejected = [json.loads(line) for line in (context.workspace / REJECTED).read_text().splitlines()]
    assert {line["file"] for line in rejected} == {"source.jsonl"}
    assert [line["line"] for line in rejected[:-1]] == [7, 8]
    assert rejected[-1] == {"file": "source.jsonl", "line": 9, "reason": "duplicate id"}
    assert all(line["reason"] in (*REASONS, "duplicate id") for line in rejected)
    for path in context.workspace.rglob("*"):
        assert SECRET.encode() not in path.read_bytes(), path.name
    assert SECRET not in json.dumps(notes)
    assert notes["accounts"]["distinct"] == len(set(table.column("account_id").to_pylist())) <= 3
    assert notes["accounts"]["note"] == ""


def test_records_from_python(tmp_path: Path) -> None:
    config = RunConfig()
    records = [*lines(2), said("own", metadata={"model": "lone \ud800"}), {"messages": 3}]
    context = context_of(tmp_path / "run", None, config, records)
    run(config, context)
    assert context.read("conversations").column("file").to_pylist() == [-1] * 3
    assert "lone ?" in context.read("conversations").column("model").to_pylist()
    (line,) = (context.workspace / REJECTED).read_text().splitlines()
    assert json.loads(line) == {"file": "(records)", "line": 4, "reason": "not a conversation"}
    assert context.notes["accounts"]["conversations_with_account"] == 2
    assert context.notes["accounts"]["note"].startswith("1 conversations name no account")


def test_nothing_usable_is_an_input_error_that_says_why(tmp_path: Path) -> None:
    config = RunConfig()
    with pytest.raises(InputError, match=r"no usable conversation.*'not a conversation': 1"):
        run(config, context_of(tmp_path / "run", None, config, [{"messages": SECRET}]))
    assert (tmp_path / "run" / "workspace" / REJECTED).exists()
    strict = load_config({"ingest": {"sampling": {"min_turns": 9}}})
    with pytest.raises(InputError, match="leave no conversation of 2"):
        run(strict, context_of(tmp_path / "other", None, strict, lines(2)))


def test_the_key_is_the_users_own(tmp_path: Path) -> None:
    context = context_of(tmp_path / "run", None, RunConfig(), lines(1))
    assert context.key == load_key()
    assert not list(tmp_path.rglob("*.key"))
