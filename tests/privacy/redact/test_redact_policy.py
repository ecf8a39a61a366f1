"""What becomes of a text by its stage: verdicts, and the gate that matters on leaky and on harmless lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor, Span, names, rampart
from clio.privacy.redact.policy import REASONS, Verdict, judge_all, judge_written, redact_source
from clio.privacy.redact.redactor import Findings
from tests.privacy.redact.summary_cases import BENIGN_LINES, leaky

RULES = Redactor(RedactConfig(), model=False)
needs_both = pytest.mark.skipif(
    names.model_path() is None or rampart.model_folder() is None, reason="the extras `ner` and `rampart` are needed"
)


class Opinions(Redactor):
    """A redactor of which the two detectors mark given words."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(RedactConfig(), model=False)
        self.marks = first, second

    def findings_many(self, texts):  # type: ignore[no-untyped-def]
        def spans(text: str, word: str) -> tuple[Span, ...]:
            return (Span(text.index(word), text.index(word) + len(word), "NAME", "x"),) if word else ()

        return [Findings(spans(text, self.marks[0]), spans(text, self.marks[1])) for text in texts]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("", "", Verdict("keep")),
        ("Anna", "", Verdict("rewrite", ("name",), {"NAME": 1})),
        ("", "Anna", Verdict("rewrite", ("name",), {"NAME": 1})),
        ("Anna", "Anna", Verdict("withhold", ("name by both detectors",), {"NAME": 1})),
        ("Anna Berg", "Berg", Verdict("withhold", ("name by both detectors",), {"NAME": 1})),
        ("Anna", "Carl", Verdict("rewrite", ("name",), {"NAME": 2})),
    ],
)
def test_one_detector_asks_for_a_rewrite_and_both_withhold(first: str, second: str, verdict: Verdict) -> None:
    redactor = Opinions(first, second)
    assert judge_written("Help Anna Berg write to Carl", redactor) == verdict
    again = judge_written("Help Anna Berg write to Carl", redactor, rewritten=True)
    assert again.action == ("keep" if verdict.action == "keep" else "withhold")
    assert again.reasons == verdict.reasons


def test_identifiers_and_secrets_ask_for_a_rewrite_once() -> None:
    text = "Mail jane@example.com the key sk-ant-" + "api03-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z"
    verdict = judge_written(text, RULES)
    assert verdict == Verdict("rewrite", ("identifier", "secret"), {"EMAIL": 1, "KEY": 1})
    assert judge_written(text, RULES, rewritten=True).action == "withhold"


@pytest.mark.parametrize("rewritten", [False, True])
def test_what_cannot_be_judged_is_withheld(rewritten: bool) -> None:
    class Broken:
        name, version = "broken", "0"

        def detect(self, view: str) -> list[Span]:
            if "boom" in view:
                raise ValueError(view)
            return []

    redactor = Redactor(RedactConfig(max_characters=1000), [Broken()], model=False)
    verdicts = judge_all(["boom", "x" * 1001, "fine"], redactor, rewritten=rewritten)
    assert verdicts == [Verdict("withhold", ("redactor failed",)), Verdict("withhold", ("too long",)), Verdict("keep")]


@given(st.text(max_size=120))
def test_a_verdict_keeps_exactly_what_holds_nothing_and_says_nothing_of_the_text(text: str) -> None:
    verdict = judge_written(text, RULES)
    assert (verdict.action == "keep") == (RULES.scan(text) == [])
    assert set(verdict.reasons) <= set(REASONS)


def test_raw_text_always_loses_identifiers_and_names_as_the_config_wants() -> None:
    text = "My name is Eleanor Vance, mail ev@example.com"
    for wanted, expected in (
        (True, "My name is [NAME], mail [EMAIL]"),
        (False, "My name is Eleanor Vance, mail [EMAIL]"),
    ):
        redactor = Redactor(RedactConfig(names_in_source=wanted), model=False)
        assert [found.text for found in redact_source([text], redactor)] == [expected]


@needs_both
def test_no_leaky_line_is_kept_and_nearly_every_harmless_one_is() -> None:
    redactor, rows = Redactor(RedactConfig()), leaky()
    verdicts = judge_all([row.line for row in rows], redactor)
    assert [row.line for row, verdict in zip(rows, verdicts, strict=True) if verdict.action == "keep"] == []
    assert sum(verdict.action == "withhold" for verdict in verdicts) >= 170
    kept = [verdict.action for verdict in judge_all(BENIGN_LINES, redactor)]
    assert kept.count("keep") >= 88
    assert kept.count("withhold") <= 3


@needs_both
def test_either_detector_alone_lets_some_through() -> None:
    """Else the second one would not be worth its time."""
    lines = [row.line for row in leaky()]
    findings = [found for found in Redactor(RedactConfig()).findings_many(lines) if found]
    assert len(findings) == len(lines)
    assert any(not found.first and found.second for found in findings)
    assert any(found.first and not found.second for found in findings)
