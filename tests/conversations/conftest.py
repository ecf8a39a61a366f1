"""Makes source files for the readers' tests."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clio.config.ingest import IngestConfig
from clio.conversations.readers import read
from clio.conversations.types import Conversation, Rejection

Items = list[Conversation | Rejection]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes text, bytes, or records as JSON lines, and gives the path."""

    def _write(content: Any, name: str = "source.jsonl") -> Path:
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(f"{json.dumps(record)}\n" for record in content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


@pytest.fixture
def reading() -> Callable[..., tuple[list[Conversation], list[tuple[int, str]]]]:
    """Reads a file to its end: the conversations, and the rejections as (record, reason)."""

    def _reading(path: Path, **settings: Any) -> tuple[list[Conversation], list[tuple[int, str]]]:
        items: Iterator[Conversation | Rejection] = read(path, IngestConfig(**settings))
        found: Items = list(items)
        return (
            [item for item in found if isinstance(item, Conversation)],
            [(item.record, item.reason) for item in found if isinstance(item, Rejection)],
        )

    return _reading


@pytest.fixture
def malformed(write: Callable[..., Path], reading: Any) -> Callable[[str, dict[str, Any]], None]:
    """Holds a JSON-lines reader to what every one of them does with broken files around one good record."""

    def _malformed(form: str, good: dict[str, Any]) -> None:
        line = json.dumps(good).encode()
        whole, none = reading(write(line), format=form)
        assert len(whole) == 1
        assert none == []

        # One broken record of each kind between two good ones: each is counted, none takes another with it.
        deep = b'{"messages": ' + b"[" * 5000 + b"]" * 5000 + b"}"
        broken = [
            (b'{"text": "\xff\xfe caf\xe9"}', "not UTF-8"),
            (b"\0\0\0\0", "not text"),
            (line[: len(line) // 2], "not JSON"),
            (deep, "nested too deeply"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"a": "' + b"x" * 200_000 + b'"}', "record too long"),
            (b"7", "not a conversation"),
            (b"{}", "not a conversation"),
        ]
        data = b"\n".join([line, *(bad for bad, _ in broken), b"", line])
        found, rejected = reading(write(data), format=form, max_record_bytes=150_000)
        assert [c.record for c in found] == [1, len(broken) + 3]
        assert rejected == [(at, why) for at, (_, why) in enumerate(broken, 2)]
        # Duplicate ids pass: what to do with them is decided later.
        assert len({c.source_id for c in found}) == 1

        packed = gzip.compress(b"\n".join([line] * 3 + [json.dumps("noise" * 9).encode()] * 2000) + b"\n")
        found, rejected = reading(write(packed[: len(packed) - 40], "cut.gz"), format=form)
        assert len(found) == 3
        assert rejected[-1][1] == "compressed file ends early"

        marked, none = reading(write("\ufeff".encode() + line), format=form)
        assert (len(marked), none) == (1, [])
        for encoding in ("utf-16", "utf-16-be"):
            mark = b"" if encoding == "utf-16" else b"\xfe\xff"
            wide, none = reading(write(mark + (line.decode() + "\n").encode(encoding)), format=form)
            assert wide == whole
            assert none == []

    return _malformed
