"""The run's own statement in German: every sentence that this version can write is known."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from clio.config import RunConfig
from clio.privacy import history, rounding
from clio.privacy._noise_statements import COUNTS, PART, UNIT, WHOLE
from clio.privacy.statement import ADVERSARY, LIMITS
from clio.privacy.statement import UNIT as ACCOUNT
from clio.report._german_statement import SENTENCES, WORDS, in_german
from clio.report.words import Words
from clio.stages._audited import rules as audit_rules
from clio.stages._statements import statements
from tests.figures.fixed import pieces

COUNTS_OF = {"suppressed_clusters": 0, "suppressed_cells": 3, "suppressed_cells_by_subtraction": 1}
SOURCES = {
    "stages/_noisy.py": ["_rules"], "stages/_audited.py": ["rules"], "stages/_statements.py": ["statements"],
    "privacy/_noise_statements.py": ["not_whole", "noise_statements"],
}  # fmt: skip
"""Functions that write sentences of a statement, by file."""


def config(**sections: object) -> RunConfig:
    return RunConfig.model_validate(sections)


def written() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    names = ({"names_available": True}, {"names": "cues only"}, {"names": "off"})
    accounts = ({}, {"note": "x", "conversations_with_account": 2}, {"note": "x", "conversations_with_account": 0})
    for redactor, whose in zip(names, accounts, strict=True):
        for taxonomy in (None, {}):
            stages = {"extract_facets": {"redactor": redactor}, "ingest": {"accounts": whose}}
            rows += statements(config(), {"stages": stages, "taxonomy": taxonomy}, COUNTS_OF)
    auditors = ("a model", "not audited: no capable model")
    judged = [{"outcome": "kept", "reason": "", "auditor": auditor} for auditor in auditors]
    for audits in ([judged[0]], [judged[1]], []):
        rows += audit_rules(config(), audits)
    rows += audit_rules(config(audit={"sensitive_accounts": 0}), [])
    return [*rows, rounding.statement(1), rounding.statement(10)]


def test_every_rule_is_told_in_german() -> None:
    for row in written():
        for key in ("rule", "statement", "unit", "setting"):
            text = str(row[key])
            if re.search("[a-z]{3}", text):
                assert in_german(text) != text, text


def test_every_sentence_of_every_statement_is_told_in_german() -> None:
    for text in (ADVERSARY, ACCOUNT, *LIMITS, UNIT, WHOLE, PART, COUNTS):
        assert in_german(text) != text, text


@pytest.mark.parametrize("source", SOURCES)
def test_no_sentence_in_the_source_is_forgotten(source: str) -> None:
    """Literals that look like sentences, put together as Python does, are part of a known one."""
    tree = ast.parse((Path(__file__).parents[2] / "clio" / source).read_text(encoding="utf-8"))
    known = " ".join([*SENTENCES, *WORDS]).casefold()
    written = [f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name in SOURCES[source]]
    assert len(written) == len(SOURCES[source])
    for node in (node for function in written for line in function.body[1:] for node in ast.walk(line)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) > 6:
            assert node.value.strip(" .,;:").casefold() in known, node.value


def test_numbers_and_further_sentences_go_along() -> None:
    assert in_german("Every number shown is about at least 15 conversations.") == (
        "Jede gezeigte Zahl handelt von mindestens 15 Unterhaltungen."
    )
    both = "Every number shown is about at least 5 distinct accounts. No conversation names an account: each of these "
    both += (
        "counts as an account of its own, so that for them this rule protects no more than the one on conversations."
    )
    told = in_german(both)
    assert told.startswith("Jede gezeigte Zahl handelt von mindestens 5 verschiedenen Konten. Keine Unterhaltung")
    assert in_german("5 + 0 to 4") == "5 + 0 bis 4"


def test_earlier_releases_are_told_of_in_german() -> None:
    cells: dict[tuple[str, str, str], tuple[int, bool]] = {}
    entry = history.Entry.__new__(history.Entry)
    for earlier in (
        history.Earlier(),
        history.Earlier(elsewhere=2, cells=cells),
        history.Earlier(entries=[entry], elsewhere=1, changed={"language", "metadata.team"}, still_public=3),
    ):
        for policy in ("protect", "ignore"):
            text = str(earlier.statement(policy)["statement"])
            assert in_german(text) != text
            assert "earlier" not in in_german(text)


def test_what_is_not_known_stays_whole() -> None:
    known = "Counts are shown as they are."
    for text in ("A sentence of another version.", f"{known} And more.", "", "{0} {x}", "x" * 20_000):
        assert in_german(text) == text


def test_english_stays_as_the_run_wrote_it() -> None:
    assert Words("en").said(ADVERSARY) == ADVERSARY


def test_german_of_the_statement_holds_no_english() -> None:
    for english, german in {**SENTENCES, **WORDS}.items():
        assert not any(piece in german for piece in pieces({"": english}) if len(piece) > 8), english
