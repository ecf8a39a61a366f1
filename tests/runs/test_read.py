from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import clio
from clio.errors import RunError, TableError
from clio.runs.files import write_table
from clio.tables import TABLES

RELEASED = [table.name for table in TABLES.values() if table.side == "release"]


@pytest.mark.parametrize("name", RELEASED)
def test_every_release_table_is_a_frame(finished: Path, name: str) -> None:
    run = clio.open_run(finished)
    frame = getattr(run, name)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == [column.name for column in TABLES[name].columns]
    assert len(frame)
    assert frame.equals(run.table(name))


def test_a_workspace_table_is_not_to_be_had(finished: Path) -> None:
    run = clio.open_run(str(finished))
    for name in ("facets", "conversations", "nonsense", "../workspace/facets"):
        with pytest.raises(RunError, match=r"no release table .*clusters"):
            run.table(name)


def test_what_a_run_says_of_itself(finished: Path) -> None:
    run = clio.open_run(finished)
    assert repr(run) == f"Run({str(finished)!r}, {len(run.clusters)} clusters, 72 conversations)"
    assert run.manifest["status"] == "finished"
    assert run.released["conversations"] == 72
    assert "inputs" not in run.released


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError, match=r"is not the folder of a run \(it holds no manifest.json\)"):
            clio.open_run(path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"stages": 3}', "\x00\xff"])
def test_a_manifest_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(RunError, match=r"manifest\.json: "):
        clio.open_run(tmp_path)


def test_a_run_that_released_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"status": "running", "stages": {}}))
    with pytest.raises(RunError, match=r"nothing yet \(status: running\)\. Run the same `clio run` command again"):
        clio.open_run(tmp_path)
    assert repr(clio.Run(tmp_path)).endswith("running, nothing released)")


def test_a_release_that_was_passed_on_alone(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished / "release", tmp_path / "given")
    run = clio.open_run(tmp_path / "given")
    assert run.clusters.equals(clio.open_run(finished).clusters)
    assert run.tree() == clio.open_run(finished).tree()
    assert "72 conversations" in repr(run)
    with pytest.raises(RunError, match="is a release alone"):
        _ = run.manifest


def test_a_release_inside_its_run_is_the_same(finished: Path) -> None:
    assert clio.open_run(finished / "release").levels.equals(clio.open_run(finished).levels)


def test_a_table_that_is_missing_damaged_or_another(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / "release" / "trends.parquet").unlink()
    (folder / "release" / "map.parquet").write_bytes(b"PAR1")
    write_table(folder / "release" / "levels.parquet", TABLES["privacy"].build([]))
    run = clio.open_run(folder)
    with pytest.raises(RunError, match=r"trends\.parquet: not found"):
        _ = run.trends
    with pytest.raises(RunError, match=r"map\.parquet: damaged"):
        _ = run.map
    with pytest.raises(TableError, match="table levels: missing columns"):
        _ = run.levels
    assert len(run.clusters)
