from __future__ import annotations

import json
from pathlib import Path

import pytest

import clio
from clio.errors import RunError
from clio.runs.manifest import FILE, Manifest, versions


def begun(folder: Path) -> Manifest:
    manifest = Manifest.open(folder)
    manifest.begin({"seed": 3}, [{"file": "a.jsonl"}], 3, "Title")
    return manifest


def test_it_is_written_whole_and_read_back(tmp_path: Path) -> None:
    manifest = begun(tmp_path)
    manifest.stage("ingest").update(key="k", done=True)
    manifest.save()
    again = Manifest.open(tmp_path)
    assert again.data == manifest.data
    assert again.stage("ingest") == {"key": "k", "done": True}
    assert again.data["clio"] == clio.__version__
    assert again.data["status"] == "running"


def test_beginning_again_keeps_what_stages_noted(tmp_path: Path) -> None:
    manifest = begun(tmp_path)
    manifest.stage("ingest").update(key="k")
    manifest.data["stopped_in"] = "embed"
    manifest.save()
    again = begun(tmp_path)
    assert again.stage("ingest") == {"key": "k"}
    assert "stopped_in" not in again.data


def test_opening_writes_nothing(tmp_path: Path) -> None:
    Manifest.open(tmp_path).stage("ingest")
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("content", ["[]", "3", "{}", '{"stages": []}', "{", ""])
def test_something_else_under_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(RunError):
        Manifest.open(tmp_path)
    assert (tmp_path / FILE).read_text() == content


@pytest.mark.parametrize(("screened", "adds_up"), [(3, True), (2, False)])
def test_what_goes_in_comes_out(tmp_path: Path, screened: int, adds_up: bool) -> None:
    manifest = begun(tmp_path)
    manifest.totals()
    assert manifest.data["adds_up"] is None
    manifest.stage("ingest")["counts"] = {"input": 100, "rejected": 10, "sampled_out": 20}
    manifest.totals()
    assert manifest.data["adds_up"] is None
    manifest.stage("extract_facets")["counts"] = {"screened_out": screened, "conversations": 67}
    manifest.totals()
    assert manifest.data["counts"]["conversations"] == 67
    assert manifest.data["adds_up"] is adds_up
    manifest.save()
    assert json.loads((tmp_path / FILE).read_text())["adds_up"] is adds_up


def test_versions_name_what_decides_results() -> None:
    found = versions()
    assert {"python", "platform", "numpy", "pyarrow", "duckdb"} <= found.keys()
    assert all(isinstance(version, str) and version for version in found.values())
