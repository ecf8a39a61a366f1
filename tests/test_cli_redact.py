"""``clio redact`` as a shell starts it: what comes out, what is counted, and what fails closed."""

from __future__ import annotations

import gzip
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from clio.cli_redact import redact
from clio.config.ingest import IngestConfig
from clio.config.redact import RedactConfig
from clio.conversations.readers import read
from clio.conversations.types import Conversation
from clio.errors import ClioError, ConfigError, InputError
from clio.privacy.redact import Redactor
from tests.privacy.redact.redaction_cases import CASES, KEYS

APP = typer.Typer()
APP.command()(redact)
RECORDS = [
    {
        "id": "chat-of-jane",
        "messages": [
            {"role": "user", "content": "Write to jane@example.com that card 4111 1111 1111 1111 is lost"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "her number is +1 415 555 0132"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "name": "m", "input": {"to": "j.doe@example.org"}}]},
            {"role": "tool", "content": "sent from 203.0.113.57"},
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "thanks"}]},
        ],
        "user_id": "jane.doe@example.com",
        "timestamp": "2025-03-03T08:00:00+00:00",
        "metadata": {"model": "large", "contact": "jane@example.com"},
    },
    {
        "id": "other",
        "messages": [{"role": "user", "content": "Bake bread"}],
        "user_id": "jane.doe@example.com",
        "timestamp": None,
    },
]  # fmt: skip
PRIVATE = ("jane", "4111", "415 555", "j.doe", "203.0.113")


def run(*arguments: str, text: str | bytes = "") -> Any:
    return CliRunner().invoke(APP, [*arguments, "--names", "off"], input=text, env={"NO_COLOR": "1"})


def jsonl(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_conversations_come_out_clean_and_can_be_read_again(tmp_path: Path) -> None:
    source, clean = jsonl(tmp_path / "chats.jsonl", RECORDS), tmp_path / "clean.jsonl"
    result = run(str(source), "--output", str(clean), "--json")
    assert result.exit_code == 0, result.output
    written = clean.read_text(encoding="utf-8")
    assert not [private for private in PRIVATE if private in written.lower()]
    before = [c for c in read(source, IngestConfig()) if isinstance(c, Conversation)]
    after = [c for c in read(clean, IngestConfig()) if isinstance(c, Conversation)]
    assert [[(t.role, t.kind) for t in c.turns] for c in after] == [[(t.role, t.kind) for t in c.turns] for c in before]
    assert [c.started_at for c in after] == [c.started_at for c in before]
    assert after[0].account == after[1].account != before[0].account
    assert after[0].source_id != after[1].source_id
    assert after[1].turns[0].text == "Bake bread"
    facts = json.loads(result.stdout)
    assert facts["conversations"] == 2
    assert facts["found"] == {"CARD": 1, "EMAIL": 3, "IP": 1, "PHONE": 1}
    assert facts["withheld"] == facts["rejected"] == {}


def test_a_file_that_is_written_is_its_owners_alone(tmp_path: Path) -> None:
    clean = tmp_path / "clean.jsonl"
    run(str(jsonl(tmp_path / "chats.jsonl", RECORDS)), "--output", str(clean))
    assert sys.platform == "win32" or stat.S_IMODE(clean.stat().st_mode) == 0o600


def test_without_output_lines_go_to_standard_output_and_counts_beside(tmp_path: Path) -> None:
    result = run(str(jsonl(tmp_path / "chats.jsonl", RECORDS)), "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [len(line["messages"]) for line in lines] == [6, 1]
    assert json.loads(result.stderr)["conversations"] == 2


def test_what_is_no_conversation_is_left_out_and_counted(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "chats.jsonl", RECORDS)
    with source.open("a", encoding="utf-8") as more:
        more.write('{"id": "mail jane@example.com", "user_id": 1, "messages": [{"role": "user"\n')
    result = run(str(source), "--json")
    assert json.loads(result.stderr)["rejected"] == {"not JSON": 1}
    assert "jane" not in result.output


def test_a_text_that_is_too_long_is_withheld_and_its_neighbours_are_not(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("redact: {max_characters: 1000, names: 'off'}\n", encoding="utf-8")
    long = {"id": "x", "user_id": "u", "messages": [{"role": "user", "content": "jane@example.com " * 100}]}
    result = run(str(jsonl(tmp_path / "chats.jsonl", [long, *RECORDS])), "--config", str(config), "--json")
    assert json.loads(result.stdout.splitlines()[0])["messages"] == [{"role": "user", "content": "[WITHHELD]"}]
    facts = json.loads(result.stderr)
    assert (facts["withheld"], facts["conversations"]) == ({"too long": 1}, 3)


def test_plain_text_keeps_its_lines() -> None:
    text = "Dear all,\n\n  mail jane@example.com\n\ttabs stay\n\n\nbye"
    result = run("-", text=text)
    assert result.stdout == text.replace("jane@example.com", "[EMAIL]") + "\n"
    assert "EMAIL 1" in result.stderr


@pytest.mark.parametrize("category", CASES)
def test_the_pipe_gives_what_the_redactor_gives(category: str) -> None:
    redactor = Redactor(RedactConfig(names="off"))
    for case in CASES[category]:
        if "\n" not in case.text:
            assert run("-", text=case.text).stdout == f"{redactor.redact(case.text).text}\n"


def test_a_key_over_many_lines_goes_whole(tmp_path: Path) -> None:
    body = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"[i:] for i in range(20))
    source = tmp_path / "notes.txt"
    source.write_text(f"before\n-----BEGIN PRIVATE KEY-----\n{body}\n\n{body}\n-----END PRIVATE KEY-----\nafter\n")
    result = run(str(source))
    assert result.stdout.split() == ["before", "[KEY]", "after"]


def test_lines_that_are_not_utf8_or_too_long_are_withheld_alone() -> None:
    result = run("-", "--json", text=b"one\nj\xff\xfene@example.com\n" + b"x" * 900_000 + b"\nmail jane@example.com\n")
    assert result.stdout == "one\n[WITHHELD]\n[WITHHELD]\nmail [EMAIL]\n"
    assert json.loads(result.stderr)["withheld"] == {"not UTF-8": 1, "record too long": 1}


def test_the_rest_of_a_paragraph_stays_where_one_line_is_too_long() -> None:
    result = run("-", "--json", text="first\n" + "x" * 250_000 + "\nmail jane@example.com\n")
    assert result.stdout == "first\n[WITHHELD]\nmail [EMAIL]\n"
    assert json.loads(result.stderr)["withheld"] == {"too long": 1}


def test_a_compressed_text_and_one_that_breaks_off(tmp_path: Path) -> None:
    whole = gzip.compress(b"mail jane@example.com\n" * 3)
    (tmp_path / "a.txt").write_bytes(whole)
    assert run(str(tmp_path / "a.txt")).stdout == "mail [EMAIL]\n" * 3
    (tmp_path / "a.txt").write_bytes(whole[:-10])
    assert run(str(tmp_path / "a.txt")).stdout.endswith("[WITHHELD]\n")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["missing.jsonl"], InputError),
        (["-", "--format", "openai"], InputError),
        (["x.bin"], InputError),
        (["none.jsonl", "--format", "clio"], InputError),
        (["x.bin", "--config", "missing.yaml"], ConfigError),
    ],
)
def test_what_cannot_be_done_ends_with_an_error_of_its_kind(
    arguments: list[str], kind: type[ClioError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.bin").write_text("mail jane@example.com\n")
    jsonl(tmp_path / "none.jsonl", [{"nothing": "jane@example.com"}])
    result = run(*arguments)
    assert isinstance(result.exception, kind)
    assert "jane" not in str(result.exception)


def test_a_file_of_no_known_format_is_told_how_to_be_text(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("name,mail\nx,jane@example.com\n")
    assert "--format text" in str(run(str(source)).exception)
    assert run(str(source), "--format", "text").stdout == "name,mail\nx,[EMAIL]\n"


def test_the_source_is_never_overwritten_and_a_failure_leaves_the_old_output(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "chats.jsonl", RECORDS)
    before = source.read_bytes()
    assert run(str(source), "--output", str(source)).exit_code == 2
    assert source.read_bytes() == before
    old = tmp_path / "old.jsonl"
    old.write_text("as it was")
    assert run(str(jsonl(tmp_path / "none.jsonl", [{"x": 1}])), "--format", "clio", "--output", str(old)).exception
    assert old.read_text() == "as it was"


@pytest.mark.parametrize("kind", KEYS)
def test_no_key_comes_through(kind: str, tmp_path: Path) -> None:
    record = {"id": "k", "user_id": "u", "messages": [{"role": "user", "content": f"use {KEYS[kind]} for it"}]}
    assert KEYS[kind][:24] not in run(str(jsonl(tmp_path / "k.jsonl", [record]))).stdout
