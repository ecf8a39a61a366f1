"""What is said of the time of a run is said with what it was judged by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clio.config import RunConfig, load_config
from clio.explore.pace import earlier, time_told


def finished(folder: Path, name: str, config: RunConfig, seconds: float, **more: Any) -> None:
    (folder / name).mkdir()
    manifest = {
        "status": "finished", "config": config.model_dump(mode="json"), "counts": {"conversations": 100},
        "stages": {"extract_facets": {"seconds": seconds - 1}, "publish": {"seconds": 1}}, **more,
    }  # fmt: skip
    (folder / name / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_finished_runs_that_are_alike_are_gone_by(tmp_path: Path) -> None:
    config = RunConfig()
    told = time_told(tmp_path, config, 200)
    assert "another machine" in told
    assert "0.3 to 1.3 s per conversation" in told
    finished(tmp_path, "one", config, 50)
    assert time_told(tmp_path, config, 200).startswith("Time: about 1 min 40 s, at 0.5 s per conversation, by the one")
    finished(tmp_path, "two", config, 100)
    assert "0.5 to 1 s per conversation, by 2 finished runs" in time_told(tmp_path, config, 200)


def test_runs_that_tell_nothing_are_left_out(tmp_path: Path) -> None:
    config, folder = RunConfig(), tmp_path / "runs"
    folder.mkdir()
    finished(folder, "stopped", config, 50, status="stopped")
    finished(folder, "other", load_config({"writer": {"backend": "embedded", "text": "model"}}), 50)
    finished(folder, "quicker", load_config({"redact": {"names": "off"}}), 50)
    finished(folder, "empty", config, 50, counts={"conversations": 0})
    finished(folder, "odd", config, 50, stages=[])
    finished(folder, "half", config, 50, stages={"publish": {}})
    (folder / "broken").mkdir()
    (folder / "broken" / "manifest.json").write_text("[", encoding="utf-8")
    finished(tmp_path, "elsewhere", config, 50)
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    assert earlier(folder, config) == []
    assert earlier(folder / "none", config) == []
