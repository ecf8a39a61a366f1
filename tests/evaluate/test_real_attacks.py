"""The attacks on real conversations, as the command makes them: longer, so marked slow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clio.cli_attack import attack_app

pytestmark = pytest.mark.slow


def _attacked(shared_data: Path, attack: str, *options: str) -> dict[str, Any]:
    files = [shared_data / "chat_arena_dev.jsonl.gz", shared_data / "chat_oasst_en_dev.jsonl.gz"]
    inputs = [part for file in files for part in ("--input", str(file))]
    result = CliRunner().invoke(attack_app, [attack, "--quick", "--json", *inputs, *options])
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return said


def test_no_canary_of_real_conversations_is_found(shared_data: Path) -> None:
    said = _attacked(shared_data, "canary", "--runs", "2", "--sample", "300")
    assert (said["hits"], said["trials"]) == (0, 2 * 184)
    assert said["low_rules_off"] > said["baseline"]


def test_subtraction_determines_no_cell_of_real_conversations(shared_data: Path) -> None:
    said = _attacked(shared_data, "difference", "--runs", "1", "--sample", "400")
    assert said["determined"]["hits"] == 0
    assert said["determined_rules_off"]["low"] > 0
    assert not said["beats_baseline"]


def test_no_text_leads_back_to_a_real_conversation(shared_data: Path) -> None:
    said = _attacked(shared_data, "link", "--runs", "2", "--sample", "500")
    assert not said["beats_baseline"]
    assert said["low_rules_off"] > said["baseline_rules_off"]
