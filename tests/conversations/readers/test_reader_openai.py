from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clio.conversations.types import Turn

GOOD = {
    "id": "chatcmpl-1",
    "model": "gpt-x",
    "created": 1715000000,
    "user": "u1",
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA"}},
                {"type": "something_new"},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "a cat"},
        {"role": "assistant", "content": "A cat.", "refusal": None},
    ],
}
TURNS = (
    Turn("system", "Be brief."),
    Turn("user", "What is this?"),
    Turn("user", "", "image"),
    Turn("user", "", "attachment"),
    Turn("user", "", "attachment"),
    Turn("assistant", 'look {"x": 1}', "tool_call"),
    Turn("tool", "a cat", "tool_result"),
    Turn("assistant", "A cat."),
)


def test_parts_and_tools_become_typed_turns(write, reading) -> None:
    found, rejected = reading(write([GOOD]))
    assert rejected == []
    assert found[0].turns == TURNS
    assert (found[0].source_id, found[0].account) == ("chatcmpl-1", "u1")
    assert found[0].started_at == datetime.fromtimestamp(1715000000, UTC)
    assert found[0].metadata == {"model": "gpt-x"}


ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
HI = (Turn("user", "Hi"), Turn("assistant", "Hello"))


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "Hi", "response": "Hello"},
        {"prompt": "Hi", "completion": "Hello"},
        {**ASKED, "response": "Hello"},
        {**ASKED, "response": {"role": "assistant", "content": "Hello"}},
        {"request": ASKED, "response": {"choices": [{"message": {"role": "assistant", "content": "Hello"}}]}},
        {"request": ASKED, "response": {"choices": [{"text": "Hello"}, {"text": "another draft"}]}},
        {"custom_id": "1", "body": ASKED, "response": {"status_code": 200, "body": {"choices": [
            {"message": {"content": "Hello"}}]}}},
    ],
)  # fmt: skip
def test_logs_of_request_and_response(record, write, reading) -> None:
    found, rejected = reading(write([record]))
    assert rejected == []
    assert found[0].turns == HI


def test_the_old_form_of_function_calls(write, reading) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "done"},
    ]
    found, _ = reading(write([{"messages": messages}]))
    assert found[0].turns[1:] == (Turn("assistant", "f {}", "tool_call"), Turn("tool", "done", "tool_result"))


def test_an_array_and_a_single_printed_object_read_too(write, reading) -> None:
    import json

    for text in (json.dumps([GOOD, GOOD]), json.dumps([GOOD, GOOD], indent=2), "\n\n[" + json.dumps(GOOD) + " , 5 ]"):
        found, rejected = reading(write(text))
        assert [c.turns for c in found] == [TURNS] * len(found)
        assert rejected == ([(2, "not a conversation")] if "5 ]" in text else [])
    found, rejected = reading(write(json.dumps(GOOD, indent=2)))
    assert ([c.turns for c in found], rejected) == ([TURNS], [])


def test_malformed(malformed) -> None:
    malformed("openai", GOOD)
