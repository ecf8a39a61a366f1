"""The adversarial table and the benign lines: what the redactor finds, held to floors."""

from __future__ import annotations

import pytest

from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor, Span
from clio.privacy.redact.names import model_path
from tests.privacy.redact.redaction_cases import BENIGN, CASES, KEYS, KNOWN_MISSES

RULES_ONLY = Redactor(RedactConfig(), model=False)


def covers(text: str, value: str, spans: list[Span]) -> bool:
    start = text.index(value)
    places = [i for i in range(start, start + len(value)) if text[i].isalnum()]
    return all(any(span.start <= i < span.end for span in spans) for i in places)


@pytest.mark.parametrize("category", CASES)
def test_everything_planted_is_covered_but_the_known_misses(category: str) -> None:
    missed = set()
    for case in CASES[category]:
        spans = RULES_ONLY.scan(case.text)
        missed |= {(category, value) for value in case.planted if not covers(case.text, value, spans)}
    assert missed == {miss for miss in KNOWN_MISSES if miss[0] == category}


def test_the_table_has_every_category_of_the_reference_and_enough_rows() -> None:
    assert len(CASES) >= 14
    assert sum(len(case.planted) for rows in CASES.values() for case in rows) >= 130
    assert len(KEYS) >= 28
    assert len(BENIGN) >= 40


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_goes_whole_in_an_assignment_and_in_prose(kind: str) -> None:
    key = KEYS[kind]
    for before, after in (('api_key="', '"'), ("use ", " for it, ok?"), ("新的密钥", "在这里")):
        redacted = RULES_ONLY.redact(f"{before}{key}{after}", names=False)
        assert redacted.text in (f"{before}[KEY]{after}", f"{before}[URL]{after}")


@pytest.mark.parametrize("line", BENIGN)
def test_a_technical_line_stays_as_it_is(line: str) -> None:
    assert RULES_ONLY.scan(line, names=False) == []
    assert RULES_ONLY.redact(line).text == line


@pytest.mark.skipif(model_path() is None, reason="the `ner` extra is not installed")
def test_the_name_model_flags_at_most_one_technical_line_in_twenty_and_adds_names() -> None:
    redactor = Redactor(RedactConfig(names="required"))
    flagged = [line for line, spans in zip(BENIGN, redactor.scan_many(BENIGN), strict=True) if spans]
    assert len(flagged) <= len(BENIGN) // 20
    text = "The novelist met Ignatz Wolkenstein about it."
    assert RULES_ONLY.redact(text).text == text
    assert redactor.redact(text).text == "The novelist met [NAME] about it."
