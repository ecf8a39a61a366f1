from __future__ import annotations

from clio.conversations.types import Turn

GOOD = {
    "model": "claude-x",
    "system": [{"type": "text", "text": "Be brief."}],
    "metadata": {"user_id": "u1"},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "base64", "data": "AAAA"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a long report"}},
                {"type": "document", "source": {"type": "base64", "data": "AAAA"}},
                {"type": "text", "text": "Sum up"},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "One moment"},
                {"type": "tool_use", "id": "t", "name": "look", "input": {"q": "é"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "found"}]},
                {"type": "tool_result", "tool_use_id": "t", "content": "twice"},
            ],
        },
    ],
    "response": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "Here it is"}],
    },
}
TURNS = (
    Turn("system", "Be brief."),
    Turn("user", "", "image"),
    Turn("user", "a long report", "attachment"),
    Turn("user", "", "attachment"),
    Turn("user", "Sum up"),
    Turn("assistant", "hm", "reasoning"),
    Turn("assistant", "One moment"),
    Turn("assistant", 'look {"q": "é"}', "tool_call"),
    Turn("tool", "found", "tool_result"),
    Turn("tool", "twice", "tool_result"),
    Turn("assistant", "Here it is"),
)


def test_blocks_become_typed_turns(write, reading) -> None:
    found, rejected = reading(write([GOOD]))
    assert rejected == []
    assert found[0].turns == TURNS
    assert (found[0].source_id, found[0].account) == ("msg_1", "u1")
    assert found[0].metadata["model"] == "claude-x"


def test_batch_requests(write, reading) -> None:
    params = {key: value for key, value in GOOD.items() if key != "response"}
    found, _ = reading(write([{"custom_id": "c1", "params": params}]))
    assert found[0].turns == TURNS[:-1]
    assert (found[0].source_id, found[0].account) == ("c1", "u1")


def test_a_tool_result_alone_is_no_turn_by_the_user(write, reading) -> None:
    record = {"system": "x", "messages": [{"role": "user", "content": [{"type": "tool_result", "content": "y"}]}]}
    assert reading(write([record])) == ([], [(1, "no user turn")])


def test_malformed(malformed) -> None:
    malformed("anthropic", GOOD)
