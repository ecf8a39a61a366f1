from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime

import pytest

from clio.conversations.types import Turn
from clio.errors import InputError

GOOD = {
    "uuid": "c1",
    "name": "A title that tells what it is about",
    "created_at": "2024-05-06T12:00:00.000000Z",
    "account": {"uuid": "acc"},
    "chat_messages": [
        {
            "sender": "human",
            "text": "Sum up",
            "content": [{"type": "text", "text": "Sum up"}],
            "attachments": [{"file_name": "r.txt", "extracted_content": "a report"}],
            "files": [{"file_name": "Photo.PNG"}, {"file_name": "r.pdf"}],
        },
        {
            "sender": "assistant",
            "text": "",
            "content": [
                {"type": "thinking", "thinking": "hm"},
                {"type": "tool_use", "name": "look", "input": {}},
                {"type": "tool_result", "content": [{"type": "text", "text": "found"}]},
                {"type": "text", "text": "Here"},
            ],
        },
        {"sender": "human", "text": "Thanks", "content": [], "attachments": [], "files": []},
    ],
}
TURNS = (
    Turn("user", "Sum up"),
    Turn("user", "a report", "attachment"),
    Turn("user", "", "image"),
    Turn("user", "", "attachment"),
    Turn("assistant", "hm", "reasoning"),
    Turn("assistant", "look {}", "tool_call"),
    Turn("tool", "found", "tool_result"),
    Turn("assistant", "Here"),
    Turn("user", "Thanks"),
)


def zipped(path, members: dict[str, object]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, value if isinstance(value, (str, bytes)) else json.dumps(value))
    return path


def test_the_json_and_the_zip_that_holds_it(write, tmp_path, reading) -> None:
    archive = zipped(
        tmp_path / "export.zip", {"data/conversations.json": [GOOD], "users.json": [], "projects.json": []}
    )
    for path in (write(json.dumps([GOOD]), "conversations.json"), archive):
        found, rejected = reading(path)
        assert rejected == []
        assert [c.turns for c in found] == [TURNS]
        assert (found[0].source_id, found[0].account) == ("c1", "acc")
        assert found[0].started_at == datetime(2024, 5, 6, 12, tzinfo=UTC)
        assert found[0].metadata == {"surface": "claude.ai"}


def test_an_export_is_one_account_even_where_it_does_not_tell(tmp_path, write, reading) -> None:
    silent = {key: value for key, value in GOOD.items() if key != "account"}
    told, _ = reading(zipped(tmp_path / "a.zip", {"conversations.json": [silent], "users.json": [{"uuid": "me"}]}))
    assert told[0].account == "me"
    first, _ = reading(write(json.dumps([silent, silent]), "one.json"))
    second, _ = reading(write(json.dumps([silent]), "two.json"))
    assert len({c.account for c in (*first, *second)}) == 1
    assert first[0].account
    # Two people's export that does not tell whose is whose: not the first one's.
    both, _ = reading(
        zipped(tmp_path / "b.zip", {"conversations.json": [silent], "users.json": [{"uuid": "me"}, {"uuid": "you"}]})
    )
    assert both[0].account == first[0].account


def test_broken_archives(tmp_path, write, reading) -> None:
    with pytest.raises(InputError, match=r"holds no conversations\.json"):
        reading(zipped(tmp_path / "other.zip", {"notes.txt": "x"}))
    whole = zipped(tmp_path / "whole.zip", {"conversations.json": [GOOD] * 50}).read_bytes()
    with pytest.raises(InputError, match="zip archive and is none"):
        reading(write(whole[:-30], "cut.zip"))
    damaged = bytearray(whole)
    damaged[80:120] = b"\xaa" * 40
    found, rejected = reading(write(bytes(damaged), "damaged.zip"), format="claude-export")
    assert rejected[-1][1] in ("compressed file is damaged", "not JSON", "compressed file ends early")
    assert len(found) < 50
    _, rejected = reading(zipped(tmp_path / "odd.zip", {"conversations.json": '{"a": 1}'}), format="claude-export")
    assert rejected == [(1, "not JSON")]


def test_several_members_are_numbered_through(tmp_path, reading) -> None:
    members = {"conversations-000.json": [GOOD, 5], "conversations-001.json": [GOOD]}
    found, rejected = reading(zipped(tmp_path / "many.zip", members))
    assert [c.record for c in found] == [1, 3]
    assert rejected == [(2, "not a conversation")]


def test_malformed(malformed) -> None:
    malformed("claude-export", GOOD)
