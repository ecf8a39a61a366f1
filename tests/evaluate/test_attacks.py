"""The four attacks on small data: with the rules on no better than blind, with the rules off they work."""

from __future__ import annotations

import json
import logging
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clio.cli_attack import attack_app
from clio.config import RunConfig, load_config
from clio.errors import InputError
from clio.evaluate.attacks import canary as canary_module
from clio.evaluate.attacks.canary import canary, listening
from clio.evaluate.attacks.difference import difference
from clio.evaluate.attacks.extract import extract
from clio.evaluate.attacks.link import link
from clio.evaluate.attacks.outcome import Outcome
from clio.evaluate.attacks.pipeline import Models, attacked, load_records
from clio.evaluate.attacks.rules import no_redaction, thresholds_alone
from clio.evaluate.attacks.standins import Copying, HashedWords
from tests.fakes import corpus
from tests.quick import write_jsonl

FACETS = ["request", "use", "model", "surface", "week"]


def _config(**more: Any) -> RunConfig:
    return load_config({"facets": {"use": FACETS}, **more})


def _models() -> Models:
    return Models(Copying(), HashedWords(), quick=True)


@pytest.fixture(scope="module")
def chats() -> list[dict[str, Any]]:
    """Sentences with words of their own, which a copying namer could give away."""
    return _chats(corpus(130, topics=4, accounts=60))


def _chats(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**record, "messages": [{**record["messages"][0], "content": record["messages"][0]["content"] + _own(n)}]}
        for n, record in enumerate(records)
    ]


def _own(number: int) -> str:
    letters = "bcdfghjklm"
    word = "".join(letters[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:03d}")
    return f" It is for my {word}wort and the {word}feld."


def _held(outcome: Outcome) -> None:
    assert not outcome.on.beats(outcome.baseline), outcome.text()
    said = json.loads(json.dumps(outcome.as_json()))
    assert said["low"] <= said["rate"] <= said["high"]
    assert {"baseline", "rate_rules_off", "beats_baseline"} <= said.keys()


def test_canary_finds_nothing_with_the_rules_and_something_without(
    chats: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    finder = canary_module.Finder
    monkeypatch.setattr(
        canary_module, "Finder", lambda found: seen.append({one.where for one in found}) or finder(found)
    )
    outcome = canary(_config(), chats[:100], 1, 0, _models(), count=60)
    assert outcome.on.hits == 0, outcome.text()
    assert outcome.on.trials == outcome.off.trials == 60 + 3 * 8
    assert outcome.baseline == 0
    assert outcome.off.interval[0] > 0
    assert "release" in outcome.details["places_rules_off"]
    assert outcome.details["workspace"]["hits"] < outcome.details["workspace_rules_off"]["hits"], "redaction matters"
    wanted = {"release", "manifest", "workspace", "output", "errors", "rejected records", "reply cache", "spending"}
    assert wanted <= seen[0], "looked at every place"


def test_what_is_printed_and_logged_is_heard() -> None:
    output = StringIO()
    with listening(output):
        print("one")
        print("two", file=sys.stderr)
        logging.getLogger("any").debug("three")
    assert output.getvalue().split() == ["one", "two", "three"]


def test_extract_reads_the_condition_without_the_rules_only(chats: list[dict[str, Any]]) -> None:
    outcome = extract(
        _config(), chats[:60], 1, 0, Models(encoder=HashedWords(), quick=True), targets=5, modes=("instruct",)
    )
    _held(outcome)
    assert outcome.off.beats(outcome.baseline), outcome.text()


def test_a_way_that_succeeds_with_the_rules_on_is_said_aloud() -> None:
    from clio.evaluate.attacks.extract import _MORE, _outcome
    from clio.evaluate.attacks.wilson import Rate

    rates = {(rules, "obedient", "stuff"): Rate(18, 20) for rules in (True, False)}
    more = {(what, rules): Rate(20, 20) for what in _MORE for rules in (True, False)}
    outcome = _outcome(rates, more, 1)  # type: ignore[arg-type]
    assert "ABOVE the blind guess" in outcome.text()
    assert outcome.as_json()["ways_above_baseline"] == ["obedient stuff"]


def test_difference_determines_nothing_with_the_rules(chats: list[dict[str, Any]]) -> None:
    outcome = difference(_config(release={"min_conversations": 8, "min_accounts": 3}), chats, 1, 0, _models())
    _held(outcome)
    assert outcome.details["determined"]["hits"] == 0, outcome.text()
    assert outcome.details["determined_rules_off"]["hits"] > 0, outcome.text()
    assert outcome.details["presence"]["trials"] > 0


def test_link_points_at_a_member_without_the_rules_only() -> None:
    chats = _chats(corpus(300, topics=6, accounts=150))
    outcome = link(_config(cluster={"k": 6}), chats, 2, 0, _models())
    _held(outcome)
    assert outcome.off.beats(outcome.details["baseline_rules_off"]), outcome.text()


def test_what_is_switched_off_is_on_again_afterwards(chats: list[dict[str, Any]], tmp_path: Path) -> None:
    """Off lasts as long as the attack's run, and no config leads there: the same config gives the same release."""
    from clio.privacy import redact
    from clio.stages import _breakdowns

    before = redact.Redactor, _breakdowns.shown
    on = attacked(_config(), chats, tmp_path / "on", _models(), rules=True)
    off = attacked(_config(), chats, tmp_path / "off", _models(), rules=False)
    with no_redaction(), thresholds_alone():
        assert redact.Redactor is not before[0]
        assert _breakdowns.shown is not before[1]
    assert (redact.Redactor, _breakdowns.shown) == before
    again = attacked(_config(), chats, tmp_path / "again", _models(), rules=True)
    assert on.clusters.equals(again.clusters)
    assert off.clusters["conversations"].min() < 15 <= on.clusters["conversations"].min()


def test_the_command_ends_with_a_json_line_and_leaves_no_key(tmp_path: Path, chats: list[dict[str, Any]]) -> None:
    source = write_jsonl(tmp_path / "chats.jsonl", chats[:70])
    result = CliRunner().invoke(attack_app, ["link", "--quick", "--runs", "1", "--input", str(source), "--seed", "4"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout.splitlines()[-1])
    assert {"rate", "low", "high", "baseline", "rate_rules_off"} <= said.keys()
    assert (said["runs"], said["seed"], said["quick"], said["conversations"]) == (1, 4, True, 70)
    only = CliRunner().invoke(attack_app, ["link", "--quick", "--runs", "1", "--input", str(source), "--json"])
    assert len(only.stdout.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chats.jsonl"]


def test_too_few_conversations_are_an_error_with_a_remedy(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "chats.jsonl", corpus(12))
    with pytest.raises(InputError, match="at least 30"):
        load_records([source], _config(), 100, 0)
