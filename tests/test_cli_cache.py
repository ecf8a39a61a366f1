from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from clio.cli_cache import cache_app
from clio.errors import ConfigError, RunError
from clio.models.reply_cache import FILE, ReplyCache
from clio.runs.keys import reply_key_path

WORDS = {"NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIO_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "replies"


def filled(entries: int = 40) -> ReplyCache:
    cache = ReplyCache()
    for number in range(entries):
        cache.put(cache.key_for("asked", str(number)), {"value": "answered " * 40}, tokens=1000, cost=0.05)
    cache.close()
    return cache


def aged(cache: ReplyCache, entries: int, days: float) -> None:
    cache._store.run(
        lambda connection: connection.execute(
            "UPDATE replies SET written = written - ? WHERE id <= ?", (int(days * 86_400), entries)
        )
    )
    cache.close()


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cache_app, arguments, env=WORDS)


def shown(output: str) -> dict[str, str]:
    return dict(re.split(r"\s{2,}", line, maxsplit=1) for line in output.splitlines())  # type: ignore[misc]


def test_info_of_no_cache_makes_none(folder: Path) -> None:
    result = run("info")
    assert result.exit_code == 0
    facts = shown(result.output)
    assert (facts["folder"], facts["key file"]) == (str(folder), str(reply_key_path()))
    assert (facts["entries"], facts["on disk"], facts["written"]) == ("0", "0 bytes", "nothing yet")
    assert not folder.exists()
    assert not reply_key_path().exists()


def test_info_says_what_is_kept_and_what_it_had_cost(folder: Path) -> None:
    info = filled(1234).info()
    facts = shown(run("info").output)
    assert (facts["entries"], facts["tokens"], facts["had cost"]) == ("1,234", "1,234,000", "$61.70")
    assert facts["written"] == f"{info.oldest} to {info.newest}"
    assert re.fullmatch(r"\d+ kB|1(\.\d+)? MB", facts["on disk"])


def test_info_for_programs(folder: Path) -> None:
    info = filled().info()
    result = run("info", "--json")
    assert result.output.count("\n") == 1
    assert json.loads(result.output) == {
        "folder": str(folder),
        "key_file": str(reply_key_path()),
        "entries": 40,
        "bytes": info.bytes,
        "oldest": info.oldest,
        "newest": info.newest,
        "tokens": 40_000,
        "cost": 2.0,
        "notes": [],
    }


def test_a_damaged_file_is_told_of(folder: Path) -> None:
    filled()
    (folder / FILE).write_bytes(b"damaged " * 2000)
    result = run("info")
    assert result.exit_code == 0
    assert f"set aside as {FILE}.damaged-1" in result.output.splitlines()[-1]
    (folder / FILE).write_bytes(b"damaged " * 2000)
    assert json.loads(run("info", "--json").output)["notes"][0].endswith("a new cache was begun.")


def test_clear_without_a_terminal_wants_a_word(folder: Path) -> None:
    cache = filled()
    result = run("clear")
    assert result.exit_code == 2
    assert "pass --yes" in result.output
    assert cache.info().entries == 40


def test_clear_says_what_is_gone(folder: Path) -> None:
    cache = filled()
    before = (folder / FILE).stat().st_size
    result = run("clear", "--yes")
    assert result.exit_code == 0
    assert re.fullmatch(r"Removed 40 replies \(.* kB\) that had cost 40,000 tokens and \$2\.00\.\n", result.output)
    assert cache.info().entries == 0
    assert (folder / FILE).stat().st_size < before
    assert reply_key_path().exists()
    again = run("clear", "--yes")
    assert again.exit_code == 0
    assert again.output == "Removed 0 replies (0 bytes) that had cost 0 tokens and $0.00.\n"


def test_clear_takes_what_is_older_only(folder: Path) -> None:
    cache = filled()
    aged(cache, 10, 30)
    assert run("clear", "--yes", "--older-than", "31").output.startswith("Removed 0 replies")
    assert "Removed 10 replies" in (shown := run("clear", "-y", "--older-than", "29.5").output)
    assert "10,000 tokens and $0.50." in shown
    assert cache.info().entries == 30


@pytest.mark.parametrize("days", ["-1", "nan", "soon"])
def test_days_that_are_none(folder: Path, days: str) -> None:
    cache = filled(3)
    result = run("clear", "--yes", "--older-than", days)
    assert result.exit_code == 2
    assert "--older-than" in result.output
    assert cache.info().entries == 3


def test_clear_where_there_is_nothing(folder: Path) -> None:
    assert run("clear", "--yes").exit_code == 0
    assert not folder.exists()


def asked(monkeypatch: pytest.MonkeyPatch, answer: str, *arguments: str) -> int:
    """The command at a terminal of its own; its exit code."""
    ours, theirs = os.openpty()
    os.write(ours, answer.encode())
    with open(theirs, encoding="utf-8") as terminal:  # noqa: PTH123 - a descriptor, not a path
        monkeypatch.setattr(sys, "stdin", terminal)
        try:
            return int(cache_app(["clear", *arguments], standalone_mode=False) or 0)
        except typer.Exit as left:
            return left.exit_code
        finally:
            os.close(ours)


def test_a_terminal_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cache = filled()
    assert asked(monkeypatch, "n\n") == 1
    out = capsys.readouterr().out
    assert re.search(r"Remove 40 replies \(.* kB, bought for \$2\.00\)\?", out)
    assert out.endswith("Nothing was removed.\n")
    assert asked(monkeypatch, "\n", "--older-than", "3") == 1
    assert "Remove what is older than 3 days, of 40 replies" in capsys.readouterr().out
    assert cache.info().entries == 40
    assert asked(monkeypatch, "y\n") == 0
    assert "Removed 40 replies" in capsys.readouterr().out
    assert cache.info().entries == 0


def test_a_terminal_is_not_asked_with_yes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled()
    assert asked(monkeypatch, "", "--yes") == 0
    assert capsys.readouterr().out.startswith("Removed 40 replies")


def test_what_goes_wrong_has_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """clio.cli makes a paragraph and an exit code of it."""
    filled()
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "cache" / "replies" / "keys"))
    assert isinstance(run("info").exception, ConfigError)
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "keys"))
    (tmp_path / "cache" / "replies" / "replies.lock").unlink()
    (tmp_path / "cache" / "replies" / "replies.lock").mkdir()
    for arguments in (["info"], ["clear", "--yes"]):
        assert isinstance(run(*arguments).exception, RunError)


@pytest.mark.parametrize("name", ["info", "clear"])
def test_help_has_an_example_and_every_option(name: str) -> None:
    text = " ".join(run(name, "--help").output.replace("`", "").split())
    assert f"Example: clio cache {name}" in text
    command: Any = typer.main.get_command(cache_app)
    for param in command.commands[name].params:
        assert param.help
