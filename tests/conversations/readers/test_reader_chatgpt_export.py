from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from typing import Any

from clio.conversations.types import Turn


def node(name: str, parent: str | None, role: str, content: Any, **more: Any) -> dict[str, Any]:
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    message = {"author": {"role": role}, "content": content, "recipient": "all", "metadata": {}, **more}
    return {"id": name, "parent": parent, "children": [], "message": message}


HIDDEN = {"is_visually_hidden_from_conversation": True}
NODES = [
    {"id": "root", "parent": None, "children": ["s"], "message": None},
    node("s", "root", "system", "", metadata=HIDDEN),
    node("i", "s", "user", {"content_type": "user_editable_context", "user_profile": "I am a cook"}, metadata=HIDDEN),
    node("old", "i", "user", "What I asked first"),
    node("q", "i", "user", {"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}, "What is this?",
        {"content_type": "audio_transcription", "text": "and this?"},
        {"content_type": "audio_asset_pointer"}]}),
    node("t", "q", "assistant", {"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "hm"}]}),
    node("c", "t", "assistant", {"content_type": "code", "text": "look()"}, recipient="python"),
    node("r", "c", "tool", {"content_type": "execution_output", "text": "seen"}),
    node("a", "r", "assistant", "A cat", metadata={"model_slug": "gpt-y"}),
]  # fmt: skip
GOOD = {
    "conversation_id": "g1",
    "title": "A title that tells what it is about",
    "create_time": 1715000000.5,
    "default_model_slug": "gpt-x",
    "current_node": "a",
    "mapping": {item["id"]: item for item in NODES},
}
TURNS = (
    Turn("system", "I am a cook"),
    Turn("user", "", "image"),
    Turn("user", "What is this?"),
    Turn("user", "and this?"),
    Turn("user", "", "attachment"),
    Turn("assistant", "hm", "reasoning"),
    Turn("assistant", "look()", "tool_call"),
    Turn("tool", "seen", "tool_result"),
    Turn("assistant", "A cat"),
)


def test_the_open_branch_is_followed(write, reading) -> None:
    found, rejected = reading(write(json.dumps([GOOD]), "conversations.json"))
    assert rejected == []
    assert found[0].turns == TURNS
    assert found[0].source_id == "g1"
    assert found[0].started_at == datetime.fromtimestamp(1715000000.5, UTC)
    assert found[0].metadata == {"model": "gpt-x", "surface": "chatgpt.com"}


def test_the_zip_tells_the_account(tmp_path, reading) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("conversations.json", json.dumps([GOOD, GOOD]))
        archive.writestr("user.json", json.dumps({"id": "user-1", "email": "x@example.org"}))
        archive.writestr("chat.html", "<html>")
    found, rejected = reading(tmp_path / "e.zip")
    assert rejected == []
    assert [c.account for c in found] == ["user-1", "user-1"]


def test_without_a_current_node_the_last_leaf_counts(write, reading) -> None:
    found, _ = reading(write(json.dumps([{k: v for k, v in GOOD.items() if k != "current_node"}])))
    assert found[0].turns == TURNS


def test_broken_trees(write, reading) -> None:
    def changed(**changes: Any) -> dict[str, Any]:
        return GOOD | {"mapping": GOOD["mapping"] | changes}  # type: ignore[operator]

    ring = changed(s=node("s", "a", "system", ""))
    lost = changed(s=node("s", "nowhere", "system", ""))
    strange = changed(a=node("a", "r", "narrator", "x"))
    empty = GOOD | {"mapping": {}, "current_node": None}
    _, rejected = reading(write([ring, lost, strange, empty, GOOD | {"current_node": "zzz"}]), format="chatgpt-export")
    assert [why for _, why in rejected] == [
        "broken tree", "broken tree", "unknown role", "no user turn", "broken tree",
    ]  # fmt: skip


def test_a_title_is_content_and_stays_out_of_metadata(write, reading) -> None:
    found, _ = reading(write(json.dumps([GOOD])))
    assert not any("title" in value for value in (*found[0].metadata, *found[0].metadata.values()))


def test_malformed(malformed) -> None:
    malformed("chatgpt-export", GOOD)
