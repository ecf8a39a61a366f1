from __future__ import annotations

import json

import pytest

from clio.conversations.types import Turn

GOOD = {
    "id": "s1_0",
    "conversations": [
        {"from": "system", "value": "Be kind."},
        {"from": "human", "value": "Hello"},
        {"from": "gpt", "value": "Good day"},
        {"from": "function_call", "value": "look()"},
        {"from": "observation", "value": "seen"},
    ],
}
TURNS = (
    Turn("system", "Be kind."),
    Turn("user", "Hello"),
    Turn("assistant", "Good day"),
    Turn("assistant", "look()", "tool_call"),
    Turn("tool", "seen", "tool_result"),
)


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array(indent, write, reading) -> None:
    found, rejected = reading(write(json.dumps([GOOD] * 3, indent=indent), "x.json"))
    assert rejected == []
    assert [(c.turns, c.source_id, c.record) for c in found] == [(TURNS, "s1_0", n) for n in (1, 2, 3)]


def test_lines(write, reading) -> None:
    found, rejected = reading(write([GOOD, GOOD]))
    assert [c.turns for c in found] == [TURNS, TURNS]
    assert rejected == []


def test_a_broken_element_spoils_itself_only(write, reading) -> None:
    good = json.dumps(GOOD)
    broken = good.replace('"id"', "id")
    text = f"[{good}, {broken}, {good}, null, {good}"
    found, rejected = reading(write(text))
    assert [c.record for c in found] == [1, 3]
    assert rejected == [(2, "not JSON"), (4, "not a conversation"), (5, "file ends early")]


def test_roles_and_empty_fragments(write, reading) -> None:
    records = [
        {"conversations": [{"from": "narrator", "value": "x"}]},
        {"conversations": []},
        {"conversations": [{"from": "gpt", "value": "x"}]},
        {"conversations": None},
    ]
    _, rejected = reading(write(records), format="sharegpt")
    assert [why for _, why in rejected] == ["unknown role", "no user turn", "no user turn", "not a conversation"]


def test_malformed(malformed) -> None:
    malformed("sharegpt", GOOD)
