from __future__ import annotations

import json
from pathlib import Path

import pytest

from clio.config.ingest import IngestConfig
from clio.conversations.detect import detect
from clio.errors import InputError

MESSAGES = [{"role": "user", "content": "a secret word"}, {"role": "assistant", "content": "ok"}]
SAID = [{"from": "human", "value": "x"}]
SAMPLES = {
    "clio": {"id": "1", "messages": MESSAGES, "user_id": None, "timestamp": None, "metadata": {}},
    "openai": {"messages": MESSAGES},
    "anthropic": {"system": "s", "messages": MESSAGES},
    "sharegpt": {"id": "1", "conversations": SAID},
    "wildchat": {"conversation_hash": "h", "conversation": MESSAGES},
    "lmsys": {"conversation_id": "h", "conversation": MESSAGES},
    "oasst": {"message_tree_id": "t", "prompt": {"text": "x"}},
    "hh-rlhf": {"chosen": "\n\nHuman: x\n\nAssistant: y", "rejected": ""},
    "claude-export": {"uuid": "u", "chat_messages": []},
    "chatgpt-export": {"mapping": {}, "current_node": None},
}


@pytest.mark.parametrize("form", SAMPLES)
def test_every_format_is_found_by_looking(form: str, write) -> None:
    record = SAMPLES[form]
    junk = "not json\n\n"
    for content in ([record], json.dumps([record]), json.dumps(record, indent=1), junk + json.dumps(record)):
        assert detect(write(content, "name.dat"), IngestConfig()) == form


@pytest.mark.parametrize(("first", "second"), [("sharegpt", "openai"), ("openai", "sharegpt")])
def test_of_mixed_formats_the_commoner_is_read_and_the_rest_rejected(first, second, write, reading) -> None:
    path = write([SAMPLES[second], *[SAMPLES[first]] * 3])
    assert detect(path, IngestConfig()) == first
    found, rejected = reading(path)
    assert len(found) == 3
    assert rejected == [(1, "not a conversation")]


def test_columns_win_where_they_are_named_and_there(write) -> None:
    path = write([{**SAMPLES["openai"], "ask": "x"}])
    assert detect(path, IngestConfig(columns={"user": "ask"})) == "columns"
    assert detect(path, IngestConfig(columns={"user": "nonesuch"})) == "openai"


@pytest.mark.parametrize(
    "content",
    [
        [{"secret": "a secret word"}] * 3,
        "a secret word\n" * 100,
        b"\x7fELF\0\0secret\xff\xfe" * 5000,
        b"\0" * 5000,
        b"\x1f\x8bsecret",
        b"\x28\xb5\x2f\xfdsecret",
        b"PAR1 secret PAR1",
        b"PK\x03\x04secret",
        b"   \n \n",
        "secret,word\na,b\n",
        "[1, 2, 3]",
        "{}",
        b"\x89PNG\r\n\x1a\nsecret",
    ],
)
def test_what_is_of_no_format_is_an_error_that_tells_no_content(content, write) -> None:
    path = write(content)
    for config in (IngestConfig(), IngestConfig(columns={"user": "question"})):
        with pytest.raises(InputError) as caught:
            detect(path, config)
        message = str(caught.value)
        assert str(path) in message
        assert "secret" not in message


def test_the_error_says_why_not_for_each_format(write) -> None:
    with pytest.raises(InputError) as caught:
        detect(write([{"other": 1}]), IngestConfig())
    assert all(f"  {form}: " in str(caught.value) for form in SAMPLES)


def test_a_missing_file_a_directory_and_an_empty_one(tmp_path: Path, write) -> None:
    for path, why in ((tmp_path / "no", "No such file"), (tmp_path, "is a directory"), (write(b""), "is empty")):
        with pytest.raises(InputError, match=why):
            detect(path, IngestConfig())
