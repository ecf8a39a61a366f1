"""Methods tell which conversations were kept and what was asked first, as far as the release tells it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from clio.config.report import ReportConfig
from clio.explore.release import Release, load
from clio.report.content import build
from clio.report.document import Table
from clio.report.write import write_report
from tests.fakes import corpus
from tests.released import finished_run
from tests.report.documents import section

pytest.importorskip("vl_convert")


def methods(release: Release, **config: Any) -> dict[str, str]:
    document = build(release, ReportConfig(sections=("methods", "privacy", "limits"), **config))
    table = next(block for block in section(document, "methods").blocks if isinstance(block, Table))
    return {row[0]: row[1] for row in table.rows}


def told(release: Release, sampling: dict[str, Any], **about: Any) -> Release:
    settings = {**release.about["settings"], "sampling": sampling}
    return dataclasses.replace(release, about={**release.about, "settings": settings, **about})


def test_a_run_says_what_it_read(release: Release) -> None:
    found = methods(release)
    assert found["Conversations kept"] == "every one that could be read"
    assert found["Screener"].startswith("none")
    assert found["Read of each conversation"] == (
        "up to 12,000 characters: the first 40 %, the last 30 %, the rest from turns between them"
    )


def test_every_rule_of_sampling_is_told(release: Release) -> None:
    rules = {"size": 1_000, "per_account": 3, "since": "2026-01-05", "until": "2026-03-01", "min_turns": 2}
    found = methods(told(release, rules | {"limited": True}))["Conversations kept"]
    for part in ("a random sample of 1,000", "at most 3 of an account", "on 2026-01-05 or later",
                 "on 2026-03-01 or before", "at least 2 turns"):  # fmt: skip
        assert part in found
    hidden = methods(told(release, rules | {"size": None, "limited": True}))["Conversations kept"]
    assert "chosen at random" in hidden
    assert "1,000" not in hidden


@pytest.mark.parametrize(("language", "row", "word"), [("en", "Screener", "no"), ("de", "Vorfrage", "nein")])
def test_the_screener_is_told_with_its_question(release: Release, language: Any, row: str, word: str) -> None:
    asked = told(release, {}, screener={"question": "Is it about cooking? " * 40, "keep": False})
    found = methods(asked, language=language)[row]
    assert ("Is it about cooking? " * 40).strip() in found
    assert word in found.split()


def test_what_an_older_release_does_not_tell_is_not_made_up(release: Release) -> None:
    settings = {k: v for k, v in release.about["settings"].items() if k not in ("sampling", "window")}
    about = {k: v for k, v in release.about.items() if k != "screener"} | {"settings": settings}
    found = methods(dataclasses.replace(release, about=about))
    assert {found[key][:8] for key in ("Conversations kept", "Screener", "Read of each conversation")} == {"not told"}


def test_a_real_run_with_both_is_published_and_reported(tmp_path: Path) -> None:
    use = ["request", "concern", "language"]
    run = finished_run(
        tmp_path, corpus(280, topics=6, accounts=70, weeks=6), ingest={"sampling": {"per_account": 3, "size": 200}},
        facets={"use": use, "screener": {"question": "Does the user want something?", "keep": True}},
    )  # fmt: skip
    found = methods(load(run))
    assert "at most 3 of an account" in found["Conversations kept"]
    assert "Does the user want something?" in found["Screener"]
    text = write_report(run, tmp_path / "r.md", format="md").read_text(encoding="utf-8")
    assert "Does the user want something?" in text
