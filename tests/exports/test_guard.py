"""What reports and exports share: both refuse the same releases, the same machines and the same places."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import clio
from clio.errors import MissingExtraError, PrivacyError, RunError
from clio.explore.release import load
from clio.exports.guard import redactor_of
from clio.privacy.redact import names
from clio.report.write import write_report
from tests.quick import digests
from tests.released import finished_run, variant

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")


def report(run: Path, out: Path, **more: Any) -> Path:
    return write_report(run, out, format="md", config={"detail": "brief"}, **more)


def export(run: Path, out: Path, **more: Any) -> Path:
    return clio.export(run, out, **more)


WAYS: tuple[Callable[..., Path], ...] = (report, export)
both = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@both
@pytest.mark.parametrize(("table", "column", "value"), [
    ("trends", "accounts", 1), ("clusters", "accounts", 2), ("breakdowns", "conversations", 4), ("map", "accounts", 1),
])  # fmt: skip
def test_a_cell_under_threshold_stops_both(
    run: Path, tmp_path: Path, way: Callable[..., Path], table: str, column: str, value: int
) -> None:
    small = variant(run, tmp_path / "run", **{table: lambda frame: frame.assign(**{column: value})})
    with pytest.raises(PrivacyError, match=f"table {table}"):
        way(small, tmp_path / "out.md")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_nothing_is_composed_of_such_a_release(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def composed(*_: Any) -> None:
        raise AssertionError("composed")

    monkeypatch.setattr("clio.report.content.compose", composed)
    small = variant(run, tmp_path / "run", trends=lambda frame: frame.assign(accounts=1))
    with pytest.raises(PrivacyError):
        report(small, tmp_path / "out.md")


@pytest.mark.parametrize("more", [{"round_to": 4}, {"min_accounts": 4}])
def test_rounded_counts_and_other_thresholds_are_no_fault(tmp_path: Path, more: dict[str, int]) -> None:
    made = finished_run(tmp_path, release={"min_conversations": 5, "min_accounts": 3, **more})
    assert report(made, tmp_path / "out.md").exists()
    assert export(made, tmp_path / "out").exists()


def requiring(run: Path, to: Path, **redact: Any) -> Path:
    shutil.copytree(run, to)
    manifest = json.loads((to / "manifest.json").read_text(encoding="utf-8"))
    manifest["config"]["redact"] = manifest["config"]["redact"] | {"names": "required"} | redact
    (to / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return to


@both
@pytest.mark.parametrize("more", [{}, {"of_another_version": 1}])
def test_a_detector_that_the_run_requires_is_required_here_too(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[..., Path], more: dict[str, Any]
) -> None:
    monkeypatch.setattr(names, "model_path", lambda: None)
    strict = requiring(run, tmp_path / "run", **more)
    with pytest.raises(MissingExtraError, match="ner"):
        way(strict, tmp_path / "out.md")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_settings_of_another_version_are_left_out(run: Path, tmp_path: Path) -> None:
    odd = requiring(run, tmp_path / "run", names="sometimes", allow=["Lovelace"])
    redactor = redactor_of(load(odd))
    assert (redactor.config.names, redactor.config.allow) == ("auto", ())


@both
@pytest.mark.parametrize("place", ["release/x.md", "workspace/x.md", "release/deep/x.md", "release", ""])
def test_nothing_is_written_into_the_release_or_the_workspace(
    run: Path, tmp_path: Path, way: Callable[..., Path], place: str
) -> None:
    shutil.copytree(run, tmp_path / "run")
    before = digests(tmp_path / "run")
    (tmp_path / "link").symlink_to(tmp_path / "run" / "release")
    for target in (tmp_path / "run" / place, tmp_path / "run" / "workspace" / ".." / place):
        with pytest.raises(RunError, match="belongs to the run"):
            way(tmp_path / "run", target, **{"overwrite" if way is report else "force": True})
    with pytest.raises(RunError, match="belongs to the run"):
        way(tmp_path / "run", tmp_path / "link" / "x.md")
    assert digests(tmp_path / "run") == before


@pytest.mark.parametrize("place", ["release/manifest.json", "manifest.json", "edits.jsonl", "access.log"])
def test_a_report_never_takes_the_place_of_a_file_of_the_run(run: Path, tmp_path: Path, place: str) -> None:
    shutil.copytree(run, tmp_path / "run")
    before = digests(tmp_path / "run")
    with pytest.raises(RunError, match=r"folder of a run|belongs to the run"):
        report(tmp_path / "run", tmp_path / "run" / place, overwrite=True)
    assert digests(tmp_path / "run") == before
    assert report(tmp_path / "run", tmp_path / "run" / "report.md").exists()


def test_a_release_that_was_passed_on_alone_is_left_alone_too(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "release", tmp_path / "alone")
    with pytest.raises(RunError, match="belongs to the run"):
        report(tmp_path / "alone", tmp_path / "alone" / "report.md")


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "parquet"])
def test_a_cell_of_any_length_is_looked_at(run: Path, tmp_path: Path, form: str) -> None:
    """131,072 characters are where the csv module of Python stops by itself."""
    long = "a good word " * 12_000
    fine = variant(run, tmp_path / "fine", clusters=lambda frame: frame.assign(summary=long))
    assert clio.export(fine, tmp_path / "out", format=form).exists()
    if form == "xlsx":  # a cell ends before what follows
        return
    bad = variant(run, tmp_path / "bad", clusters=lambda frame: frame.assign(summary=long + "jane.roe@corp.org"))
    with pytest.raises(PrivacyError, match="EMAIL"):
        clio.export(bad, tmp_path / "bad-out", format=form)
