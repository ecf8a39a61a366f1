"""Promise 6, as far as reading goes: any file ends in conversations, rejections or an InputError."""

from __future__ import annotations

import contextlib
import copy
import gzip
import importlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clio.config.ingest import Format, IngestConfig
from clio.conversations.readers import from_records, read
from clio.conversations.types import REASONS, Conversation, Rejection
from clio.errors import InputError

sys.path.insert(0, str(Path(__file__).parent / "readers"))
NAMES = ("anthropic", "chatgpt_export", "claude_export", "clio", "hh_rlhf", "lmsys", "oasst", "openai", "sharegpt")
GOOD: dict[str, Any] = {name: importlib.import_module(f"test_reader_{name}").GOOD for name in NAMES}
GOOD["wildchat"] = importlib.import_module("test_reader_wildchat").record()
sys.path.pop(0)
FORMATS = get_args(Format)
COLUMNS = {"messages": "messages", "started_at": "timestamp", "id": "id", "metadata": {"m": "metadata"}}
same_place = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def holds(path: Path, form: str, **more: Any) -> None:
    """Reads the file to its end and looks at everything that comes."""
    config = IngestConfig(format=form, columns=COLUMNS, **more)  # type: ignore[arg-type]
    with contextlib.suppress(InputError):
        check(read(path, config))


def check(items: Any) -> None:
    last = 0
    for item in items:
        assert isinstance(item, (Conversation, Rejection))
        assert item.record >= last
        last = item.record
        if isinstance(item, Rejection):
            assert item.reason in REASONS
            continue
        assert any(turn.role == "user" for turn in item.turns)
        texts = [turn.text for turn in item.turns] + [item.source_id or "", item.account or "", *item.metadata.values()]
        "".join(texts).encode()
        assert item.started_at is None or item.started_at.tzinfo is not None


def parquet(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", data)
    return out.getvalue()


LINES = "".join(json.dumps(record) + "\n" for record in GOOD.values()).encode()
ARRAY = json.dumps(list(GOOD.values())).encode()
SEEDS = [
    LINES, ARRAY, gzip.compress(LINES), zstandard.compress(LINES), zipped(ARRAY), LINES.decode().encode("utf-16"),
    b'messages,id,timestamp,metadata\n"[{""role"":""user"",""content"":""x""}]",1,2024-01-01,\n',
    parquet([GOOD["lmsys"]] * 3), b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"[", b"{\n", b"\xff\xfe",
]  # fmt: skip


@given(st.binary(max_size=2000), st.sampled_from(FORMATS))
@same_place
def test_any_bytes(tmp_path: Path, data: bytes, form: str) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    holds(path, form, max_record_bytes=1024)


@given(st.sampled_from(SEEDS), st.data(), st.sampled_from(FORMATS))
@settings(same_place, max_examples=250)
def test_spoilt_files(tmp_path: Path, seed: bytes, data: st.DataObject, form: str) -> None:
    spoilt = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(spoilt)))
        spoilt[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    path = tmp_path / "spoilt"
    path.write_bytes(bytes(spoilt))
    holds(path, form)


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
    | st.sampled_from(["user", "human", "assistant", "tool", "text", "image", "tool_use", "2024-01-01", "\ud800"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "from", "value"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) within a record."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                waiting.append(holder[key])
    return found


@pytest.mark.parametrize("name", GOOD)
@given(st.data())
@settings(same_place, max_examples=80)
def test_any_value_at_any_place_of_a_record(tmp_path: Path, name: str, data: st.DataObject) -> None:
    record = copy.deepcopy(GOOD[name])
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(record) or [({0: 0}, 0)]))
        if data.draw(st.booleans()) or isinstance(holder, list):
            holder[key] = data.draw(values)
        else:
            del holder[key]
    path = tmp_path / "record.jsonl"
    path.write_text(json.dumps(record) + "\n")
    holds(path, name.replace("_", "-"))
    holds(path, "auto")
    holds(path, "columns")


@given(st.lists(values | st.dictionaries(st.sampled_from(["id", "messages", "timestamp"]), values), max_size=4))
def test_any_values_given_in_python(records: list[Any]) -> None:
    items = list(from_records(records))
    assert [item.record for item in items] == list(range(1, len(records) + 1))
    check(iter(items))
