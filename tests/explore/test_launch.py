"""How the app is started, where it may listen, who may see it, and which runs it knows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clio.explore.launch import Arguments, command_line, login_configured, loopback, parse, refusal, siblings


@pytest.mark.parametrize(
    ("address", "alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.9.1", True), ("0.0.0.0", False), ("", False),
     (None, False), ("192.168.1.4", False), ("example.org", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_only_loopback_is_open_without_a_log_in(address: str | None, alone: bool) -> None:
    assert loopback(address) is alone
    assert (refusal(address, login=False) == "") is alone
    assert refusal(address, login=True) == ""
    if not alone:
        assert "secrets.toml" in refusal(address, login=False)


def test_a_log_in_is_configured_by_a_secrets_file(tmp_path: Path) -> None:
    assert not login_configured([tmp_path])
    (tmp_path / ".streamlit").mkdir()
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    for text in ("not toml [", "[other]\nx = 1\n", "[auth]\n"):
        secrets.write_text(text, encoding="utf-8")
        assert not login_configured([tmp_path])
    secrets.write_text('[auth]\ncookie_secret = "made-up"\n', encoding="utf-8")
    assert login_configured([tmp_path])


def test_arguments_come_back_from_the_command_line(tmp_path: Path) -> None:
    given = Arguments(tmp_path, True, "a look -- at --port 1")
    line = command_line("python", given, port=8600, browser=False)
    assert parse(line[line.index("--") + 1 :]) == given
    assert line[line.index("--server.address") + 1] == "127.0.0.1"
    assert parse([str(tmp_path), "--restricted"]).restricted is False
    assert parse(["--nonsense"]) == Arguments(None)


@pytest.fixture
def runs(run: Path, tmp_path: Path) -> Path:
    """Two runs, and links of every kind to one that lies elsewhere."""
    folder = tmp_path / "runs"
    for place in (folder / "one", folder / "two", tmp_path / "elsewhere"):
        shutil.copytree(run, place)
    (folder / "empty").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(folder / "two")
    (folder / "half").mkdir()
    (folder / "half" / "release").symlink_to(tmp_path / "elsewhere" / "release")
    (folder / "thin" / "release").mkdir(parents=True)
    (folder / "thin" / "release" / "manifest.json").symlink_to(folder / "two" / "release" / "manifest.json")
    return folder


def test_siblings_are_the_other_runs_of_the_runs_folder(runs: Path) -> None:
    assert siblings(Arguments(runs / "one")) == [runs / "two"]
    assert siblings(Arguments(None)) == []
    assert siblings(Arguments(None, runs=runs)) == []


def test_with_a_runs_folder_of_its_own_nothing_beside_the_run_is_listed(runs: Path, tmp_path: Path) -> None:
    given = Arguments(tmp_path / "elsewhere", runs=runs)
    assert siblings(given) == [runs / "one", runs / "two"]
    (tmp_path / "other").mkdir()
    assert siblings(Arguments(runs / "one", runs=tmp_path / "other")) == []
