"""What the pages say about commands and keys is so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import clio.tables
from clio.cli import app
from clio.config import load_config
from clio.config.reference import markdown
from clio.config.report import load_report_config
from clio.runs.runner import check_config

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
COMMENTS = sorted((ROOT / "configs").glob("*.yaml"))
_BLOCK = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```", re.S | re.M)
_INLINE = re.compile(r"`([^`\n]+)`")


def commands(path: Path) -> Iterator[list[str]]:
    """Arguments of every `clio ...` that stands in a code block, in code within a line, or in a config's comments."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        found = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    else:
        found = [line for block in _BLOCK.findall(text) for line in block.splitlines()]
        found += _INLINE.findall(_BLOCK.sub("", text))
    for line in found:
        line = line.strip().removeprefix("$ ").removeprefix(".venv/bin/")
        if re.match(r"clio [a-z-]", line):
            yield shlex.split(line, comments=True)[1:]


def fault(arguments: list[str]) -> str:
    """What the command line would not understand; empty where it is right."""
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while rest and hasattr(command, "commands"):
        name = rest.pop(0)
        if name.startswith("-"):
            return ""
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    options = {option: param for param in command.params for option in (*param.opts, *param.secondary_opts)}
    for argument in rest:
        if (
            len(argument) > 1
            and argument.startswith("-")
            and argument != "--help"
            and argument.partition("=")[0] not in options
        ):
            return f"no option {argument}"
    return ""


ALL = [(page.name, arguments) for page in [*PAGES, *COMMENTS] for arguments in commands(page)]


def test_commands_are_found_and_faults_noticed() -> None:
    assert len(ALL) > 5
    assert fault(["explode"]) == "no command explode"
    assert fault(["run", "x", "--fast"]) == "no option --fast"
    assert fault(["models", "steal"]) == "no command steal"
    assert fault(["models", "pull", "--source", "x"]) == ""


@pytest.mark.parametrize(("page", "arguments"), ALL, ids=[f"{page}: {' '.join(a)}" for page, a in ALL])
def test_every_command_on_a_page_exists(page: str, arguments: list[str]) -> None:
    assert fault(arguments) == ""


def test_the_page_of_settings_is_in_step() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == markdown(), "python -m clio.config.reference > docs/configuration.md"


def test_the_page_of_tables_is_in_step() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == clio.tables.markdown(), "python -m clio.tables > docs/tables.md"


@pytest.mark.parametrize("path", COMMENTS, ids=lambda path: path.name)
def test_shipped_configs_load(path: Path) -> None:
    if path.name == "report.yaml":
        load_report_config(path)
    else:
        check_config(load_config(path))
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_links_between_pages_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))]
    lost = [(p.name, link) for p, link in links if not re.match(r"[a-z]+:", link) and not (p.parent / link).exists()]
    assert lost == []


def test_make_targets_on_a_page_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        code = "\n".join([*_BLOCK.findall(text), *_INLINE.findall(text)])
        assert set(re.findall(r"^make ([a-z-]+)", code, re.M)) <= targets, page.name
