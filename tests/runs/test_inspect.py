from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from clio.errors import InputError, RunError
from clio.runs import inspect as inspecting
from clio.runs.inspect import inspect_input, inspect_run
from tests.fakes import corpus
from tests.quick import write_jsonl

CANARY = "peculiar zeppelin"


def test_facts_of_a_file(tmp_path: Path) -> None:
    records = corpus(30, accounts=7, extra=f"My {CANARY}.")
    path = write_jsonl(tmp_path / "chats.jsonl", records)
    with path.open("a") as handle:
        handle.write(f'{{"id": 1, "messages": "{CANARY}"}}\nnot json {CANARY}\n')
    facts = inspect_input(path)
    assert facts["format"] == "clio"
    assert (facts["records"], facts["conversations"], facts["files"]) == (32, 30, 1)
    assert sum(facts["rejected"].values()) == 2
    assert facts["accounts"] == len({record["user_id"] for record in records})
    assert facts["dates"].startswith("2025-03-")
    assert "(30 dated)" in facts["dates"]
    assert sum(facts["models"].values()) == 30
    assert facts["bytes"] == path.stat().st_size
    assert CANARY not in json.dumps(facts)


def test_a_folder_of_files(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "logs" / "a.jsonl", corpus(5))
    with gzip.open(tmp_path / "logs" / "b.jsonl.gz", "wt") as handle:
        handle.write("".join(json.dumps(record) + "\n" for record in corpus(6, seed=1)))
    facts = inspect_input(tmp_path / "logs")
    assert (facts["files"], facts["conversations"]) == (2, 11)


def test_what_the_source_does_not_tell(tmp_path: Path) -> None:
    records = [{"messages": [{"role": "user", "content": "hello there"}]} for _ in range(3)]
    facts = inspect_input(write_jsonl(tmp_path / "chats.jsonl", records))
    assert facts["accounts"] == "none named: each conversation will count as its own"
    assert facts["dates"] == "none"
    assert facts["models"] == {"not told": 3}
    assert facts["rejected"] == 0


def test_a_long_input_is_described_from_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "MOST_RECORDS", 10)
    write_jsonl(tmp_path / "logs" / "a.jsonl", corpus(8))
    write_jsonl(tmp_path / "logs" / "b.jsonl", corpus(8, seed=1))
    write_jsonl(tmp_path / "logs" / "c.jsonl", corpus(8, seed=2))
    facts = inspect_input(tmp_path / "logs")
    assert (facts["records"], facts["conversations"]) == ("the first 10", 10)


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "picture.jsonl"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(InputError, match=r"picture\.jsonl"):
        inspect_input(path)
    with pytest.raises(InputError, match="cannot be opened"):
        inspect_input(tmp_path / "nowhere.jsonl")


def test_facts_of_a_run(finished: Path) -> None:
    facts = inspect_run(finished)
    assert (facts["title"], facts["status"], facts["conversations"]) == ("Test", "finished", 72)
    assert facts["inputs"] == "records"
    assert set(facts["seconds"]) >= {"ingest", "publish"}
    assert "stopped in" not in facts


def test_facts_of_a_run_that_stopped(tmp_path: Path) -> None:
    manifest = {
        "title": "T", "status": "stopped", "stopped_in": "embed", "stopped_by": "RunError", "clio": "0.1.0",
        "inputs": [{"file": "a.jsonl"}, {"file": "b.jsonl"}], "counts": {"input": 3, "rejected": 1},
        "stages": {"ingest": {"seconds": 1.0, "reasons": {"rejected": {"not JSON": 1}, "sampled_out": {}}}},
    }  # fmt: skip
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    facts = inspect_run(tmp_path)
    assert facts["stopped in"] == "embed (RunError)"
    assert facts["inputs"] == "a.jsonl, b.jsonl"
    assert facts["why rejected"] == {"not JSON": 1}
    assert "why sampled out" not in facts


def test_a_manifest_of_something_else(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no manifest of a run"):
        inspect_run(finished / "release")
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(RunError, match="is no manifest of a run"):
        inspect_run(tmp_path)
