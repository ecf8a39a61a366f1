"""Whoever receives a report and the release can tell whether the one is of the other, word for word."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clio.cli import app
from clio.errors import ConfigError, RunError
from clio.report.verify import verify_report
from clio.report.write import FORMATS, Format, write_report
from tests.released import variant

for package in ("jinja2", "vl_convert", "typst", "docx", "pypdf"):
    pytest.importorskip(package)
CONFIG = {"detail": "brief", "title": "What people ask"}


@pytest.fixture(scope="module")
def files(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sent")
    return {form: write_report(run, folder / f"r.{form}", format=form, config=CONFIG) for form in FORMATS}


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_known_again_by_the_release_alone(
    run: Path, files: dict[str, Path], tmp_path: Path, form: Format
) -> None:
    shutil.copytree(run / "release", tmp_path / "alone")
    found = verify_report(tmp_path / "alone", files[form], CONFIG)
    assert (found.holds, found.exact) == (True, True)


def test_one_whose_figures_move_is_known_too(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    path = write_report(run, tmp_path / "r.html", config=CONFIG, interactive=True)
    assert verify_report(run, path, CONFIG).exact
    path.write_bytes(path.read_bytes().replace(b"use strict", b"use  strict"))
    found = verify_report(run, path, CONFIG)
    assert (found.holds, found.exact) == (True, False)
    assert "no text" in found.told()


@pytest.mark.parametrize("form", FORMATS)
def test_another_config_is_said_to_be_one(run: Path, files: dict[str, Path], form: Format) -> None:
    found = verify_report(run, files[form], {"detail": "brief"})
    assert (found.same_release, found.same_hash, found.holds) == (True, False, False)
    assert "another config" in found.told()


@pytest.mark.parametrize("form", FORMATS)
def test_another_release_is_said_to_be_one(run: Path, files: dict[str, Path], tmp_path: Path, form: Format) -> None:
    other = variant(run, tmp_path / "run")
    manifest = other / "release" / "manifest.json"
    manifest.write_text(re.sub(r'("digest": ?)"[0-9a-f]+"', r'\1"' + "0" * 64 + '"', manifest.read_text()))
    found = verify_report(other, files[form], CONFIG)
    assert (found.same_release, found.holds) == (False, False)


def in_text(data: bytes) -> bytes:
    return data.replace(b"conversations of", b"inventions of", 1)


def in_office(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as made:
        for part in given.infolist():
            made.writestr(part, in_text(given.read(part)) if part.filename == "word/document.xml" else given.read(part))
    return out.getvalue()


@pytest.mark.parametrize(("form", "change"), [("html", in_text), ("md", in_text), ("docx", in_office)])
def test_a_word_that_was_changed_is_found(
    run: Path, files: dict[str, Path], tmp_path: Path, form: Format, change: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"changed.{form}"
    path.write_bytes(change(files[form].read_bytes()))
    found = verify_report(run, path, CONFIG)
    assert (found.same_hash, found.changed, found.holds) == (True, 2, False)


def test_what_is_no_report_is_said_to_be_none(run: Path, tmp_path: Path) -> None:
    for form in FORMATS:
        path = tmp_path / f"x.{form}"
        path.write_bytes(b"\x00\xff nothing")
        if form in ("html", "md"):
            assert not verify_report(run, path).same_release
        else:
            with pytest.raises(RunError, match="cannot be read"):
                verify_report(run, path)
    with pytest.raises(ConfigError, match="no format"):
        verify_report(run, tmp_path / "x.odt")
    with pytest.raises(RunError, match="cannot be read"):
        verify_report(run, tmp_path / "absent.html")


def typed(*words: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(app, ["report", *words])
    return result.exit_code, result.output, result.exception


def test_the_command(run: Path, files: dict[str, Path], tmp_path: Path) -> None:
    config = tmp_path / "r.yaml"
    config.write_text("title: What people ask\ndetail: brief\n", encoding="utf-8")
    code, said, _ = typed(str(run), "--verify", str(files["html"]), "--config", str(config))
    assert (code, "byte for byte" in said) == (0, True)
    fault: Any
    _, _, fault = typed(str(run), "--verify", str(files["html"]))
    assert isinstance(fault, RunError)
    _, _, fault = typed(str(run))
    assert isinstance(fault, ConfigError)
    _, _, fault = typed(str(run), "-o", str(tmp_path / "r.html"), "--verify", str(files["html"]))
    assert isinstance(fault, ConfigError)
    assert not (tmp_path / "r.html").exists()
