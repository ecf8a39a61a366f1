"""``clio report`` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from clio.cli import app
from clio.errors import ConfigError, RunError
from tests.released import finished_run

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("cli"))


def typed(*words: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(app, ["report", *words])
    return result.exit_code, result.output, result.exception


def test_it_writes_a_page(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    code, said, _ = typed(str(run), "-o", str(path), "--language", "de", "--detail", "brief")
    assert code == 0, said
    assert "bytes" in said
    assert "Die Antwort auf einer Seite" in path.read_text(encoding="utf-8")
    _, _, fault = typed(str(run), "-o", str(path))
    assert isinstance(fault, RunError)
    assert typed(str(run), "-o", str(path), "--detail", "brief", "--force")[0] == 0


@pytest.mark.parametrize("format_", ["pdf", "docx", "md"])
def test_every_format_passes_the_last_look(run: Path, tmp_path: Path, format_: str) -> None:
    pytest.importorskip({"pdf": "typst", "docx": "docx", "md": "vl_convert"}[format_])
    path = tmp_path / f"r.{format_}"
    code, said, fault = typed(str(run), "-o", str(path), "--format", format_, "--detail", "brief")
    assert code == 0, (said, fault)
    assert path.stat().st_size > 2_000


def test_a_release_alone_is_enough(run: Path, tmp_path: Path) -> None:
    code, said, _ = typed(str(run / "release"), "-o", str(tmp_path / "r.html"), "--detail", "brief")
    assert code == 0, said


def test_what_cannot_be(run: Path, tmp_path: Path) -> None:
    _, _, fault = typed(str(run), "-o", str(tmp_path / "r.md"), "--format", "md", "--interactive")
    assert isinstance(fault, ConfigError)
    _, _, fault = typed(str(tmp_path), "-o", str(tmp_path / "r.html"))
    assert isinstance(fault, RunError)
    assert typed(str(run), "-o", str(tmp_path / "r.odt"), "--format", "odt")[0] == 2
    assert not list(tmp_path.iterdir())
