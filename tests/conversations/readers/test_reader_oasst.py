from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clio.conversations.types import Turn


def message(name: str, role: str, text: str, **more: Any) -> dict[str, Any]:
    return {"message_id": name, "user_id": f"u-{name}", "role": role, "text": text, "lang": "es",
            "created_date": "2023-02-07T17:29:24.727400+00:00", **more}  # fmt: skip


GOOD = {
    "message_tree_id": "t1",
    "tree_state": "ready_for_export",
    "prompt": message("q", "prompter", "Hola", replies=[
        message("a1", "assistant", "second", rank=1, replies=[]),
        message("a2", "assistant", "best", rank=0, replies=[
            message("q2", "prompter", "gone", deleted=True, replies=[]),
            message("q3", "prompter", "more", replies=[]),
            message("q4", "prompter", "other", replies=[]),
        ]),
    ]),
}  # fmt: skip
TURNS = (Turn("user", "Hola"), Turn("assistant", "best"), Turn("user", "more"))


def flat(node: dict[str, Any], parent: str | None = None) -> list[dict[str, Any]]:
    own = {key: value for key, value in node.items() if key != "replies"}
    rows = [{"rank": None, "deleted": False, **own, "parent_id": parent, "message_tree_id": "t1"}]
    for reply in node["replies"]:
        rows += flat(reply, node["message_id"])
    return rows


def test_the_best_path_of_a_tree_is_one_conversation(write, reading) -> None:
    found, rejected = reading(write([GOOD]))
    assert rejected == []
    assert [c.turns for c in found] == [TURNS]
    assert (found[0].source_id, found[0].account) == ("t1", "u-q")
    assert found[0].started_at == datetime(2023, 2, 7, 17, 29, 24, 727400, UTC)
    assert found[0].metadata == {"language": "es"}


def test_flat_messages_are_put_together_again(write, tmp_path, reading) -> None:
    rows = flat(GOOD["prompt"])  # type: ignore[arg-type]
    second = [row | {"message_tree_id": "t2"} for row in rows]
    pq.write_table(pa.Table.from_pylist(rows + second), tmp_path / "o.parquet")
    for path in (write(rows + second), tmp_path / "o.parquet"):
        found, rejected = reading(path)
        assert rejected == []
        assert [(c.turns, c.source_id, c.record) for c in found] == [(TURNS, "t1", 1), (TURNS, "t2", len(rows) + 1)]


def test_broken_trees(write, reading) -> None:
    rows = flat(GOOD["prompt"])  # type: ignore[arg-type]
    ring = [row | {"message_tree_id": "t3"} for row in rows]
    ring[0] = ring[0] | {"parent_id": ring[1]["message_id"]}
    twice = [row | {"message_tree_id": "t4", "parent_id": None} for row in rows[:2]]
    found, rejected = reading(write([*rows, *ring, *twice, *rows]))
    assert [c.source_id for c in found] == ["t1", "t1"]
    assert rejected == [(len(rows) + 1, "broken tree"), (2 * len(rows) + 1, "broken tree")]


def test_odd_replies_and_ranks(write, reading) -> None:
    def tree(**changes: Any) -> dict[str, Any]:
        return {"message_tree_id": "t", "prompt": message("q", "prompter", "Hola") | changes}

    records = [tree(replies=None), tree(replies="x"), tree(replies=[3, None]), tree(text=None), tree(role="judge"),
               tree(replies=[message("a", "assistant", "x", rank="first")])]  # fmt: skip
    found, rejected = reading(write(records))
    assert [c.record for c in found] == [1, 3, 6]
    assert rejected == [(2, "not a conversation"), (4, "not a conversation"), (5, "unknown role")]


def test_malformed(malformed) -> None:
    malformed("oasst", GOOD)
