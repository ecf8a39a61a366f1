"""How the app is started, where it may listen, who may see it, and which runs it knows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clio.explore.launch import Arguments, command_line, loopback, parse, refusal, siblings
from clio.explore.login import LogIn, called, log_in


@pytest.mark.parametrize(
    ("address", "alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.9.1", True), ("0.0.0.0", False), ("", False),
     (None, False), ("192.168.1.4", False), ("example.org", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_only_loopback_is_open_without_a_log_in(address: str | None, alone: bool) -> None:
    assert loopback(address) is alone
    assert (refusal(address, LogIn()) == "") is alone
    assert refusal(address, LogIn(True, ("@example.org",))) == ""
    assert "nobody is named" in refusal(address, LogIn(True))
    if not alone:
        assert "secrets.toml" in refusal(address, LogIn())
        assert refusal(address, LogIn(False, ("@example.org",)))


def write(folder: Path, text: str) -> Path:
    (folder / ".streamlit").mkdir(parents=True, exist_ok=True)
    (folder / ".streamlit" / "secrets.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_log_in_is_configured_by_a_secrets_file(tmp_path: Path) -> None:
    assert log_in([tmp_path]) == LogIn()
    for text in ("not toml [", "[other]\nx = 1\n", "[auth]\n"):
        assert log_in([write(tmp_path, text)]) == LogIn()
    assert log_in([write(tmp_path, '[auth]\ncookie_secret = "made-up"\n')]) == LogIn(True)


def test_who_may_come_in_is_in_the_secrets_file_the_later_one_first(tmp_path: Path) -> None:
    first = write(tmp_path / "one", '[auth]\ncookie_secret = "x"\n[clio]\nallowed = ["*"]\n')
    second = write(tmp_path / "two", '[clio]\nallowed = ["Ann@Example.org", "@b.example", "c.example", 7]\n')
    assert log_in([first]).allowed == ("*",)
    assert log_in([first, second]) == LogIn(True, ("ann@example.org", "@b.example"))
    for odd in ('allowed = "@example.org"', "allowed = [1]", "", 'allowed = [""]'):
        assert log_in([write(tmp_path, f"[clio]\n{odd}\n")]).allowed == ()
    assert log_in([write(tmp_path, "clio = 3\n")]) == LogIn()


@pytest.mark.parametrize(
    ("address", "let_in"),
    [("ann@example.org", True), ("ANN@EXAMPLE.ORG", True), ("who@b.example", True), ("bob@example.org", False),
     ("who@evil-b.example", False), ("who@b.example.evil.example", False), ("who@sub.b.example", False), ("", False),
     ("@b.example", False), ("b.example", False), ("ann@example.org@evil.example", False), (None, False), (7, False)],
)  # fmt: skip
def test_only_those_who_are_named_come_in(address: object, let_in: bool) -> None:
    login = LogIn(True, ("ann@example.org", "@b.example"))
    claims = {"is_logged_in": True, "email": address, "email_verified": True}
    assert login.lets_in(claims) is let_in
    assert not login.lets_in(claims | {"is_logged_in": False})
    assert not LogIn(True).lets_in(claims)
    assert LogIn(True, ("*",)).lets_in(claims)
    for unsure in ({"email_verified": False}, {"email_verified": "false"}, {"email_verified": None}):
        assert not login.lets_in(claims | unsure)
    lenient = LogIn(True, login.allowed, unverified=True)
    assert lenient.lets_in({"is_logged_in": True, "email": address}) is let_in
    assert not lenient.lets_in(claims | {"email_verified": False})


def test_what_a_reader_is_called() -> None:
    assert called({}) is None
    assert called({"is_logged_in": False, "email": "ann@example.org"}) is None
    assert called({"is_logged_in": True, "email": "ann@example.org", "name": "Ann"}) == "ann@example.org"
    assert called({"is_logged_in": True, "email": "ann@example.org"}, public=True) == "ann"
    assert called({"is_logged_in": True, "sub": "7"}) == "7"
    assert called({"is_logged_in": True}), "an edit by somebody who is logged in is never by nobody"


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
