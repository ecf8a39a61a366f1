from __future__ import annotations

from pathlib import Path
from typing import Self

import pytest
from typer.testing import CliRunner

from clio.cli import app
from clio.errors import MissingExtraError, PrivacyError, RunError


def refused(*arguments: str) -> BaseException:
    result = CliRunner().invoke(app, ["explore", *arguments])
    assert result.exception is not None
    return result.exception


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    error = refused(str(tmp_path / "none"))
    assert isinstance(error, RunError)
    assert "clio demo" in str(error)


def test_restricted_needs_a_purpose(tmp_path: Path) -> None:
    assert isinstance(refused(str(tmp_path), "--restricted"), PrivacyError)
    assert isinstance(refused(str(tmp_path), "--restricted", "--purpose", "  "), PrivacyError)


def test_other_addresses_need_a_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    error = refused(str(tmp_path), "--address", "0.0.0.0")
    assert isinstance(error, PrivacyError)
    assert "secrets.toml" in str(error)


@pytest.mark.parametrize(("named", "missing"), [("", None), ('[clio]\nallowed = ["@example.org"]\n', "authlib")])
def test_a_log_in_needs_names_and_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, missing: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    text = f'[auth]\ncookie_secret = "made-up"\n{named}'
    (tmp_path / ".streamlit" / "secrets.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("clio.cli_explore.find_spec", lambda name: None if name == missing else name)
    error = refused(str(tmp_path), "--address", "0.0.0.0")
    assert isinstance(error, MissingExtraError if missing else PrivacyError)
    assert ("clio-toolkit[app]" if missing else "nobody is named") in str(error)


def test_it_starts_streamlit_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("streamlit", reason="the explorer's extra `app` is not installed")
    started: list[list[str]] = []

    class Server:
        def __init__(self, line: list[str]) -> None:
            started.append(line)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def wait(self) -> int:
            return 0

    monkeypatch.setattr("clio.cli_explore.subprocess.Popen", Server)
    result = CliRunner().invoke(app, ["explore", str(tmp_path), "--no-browser", "--port", "8640"])
    assert result.exit_code == 0
    line = started[0]
    assert line[line.index("--server.address") + 1] == "127.0.0.1"
    assert line[line.index("--server.port") + 1] == "8640"
    assert line[-1] == str(tmp_path.resolve())
