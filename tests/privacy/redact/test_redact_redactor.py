"""The redactor's promises: closed on failure, at rest after one call, the same for a value wherever it stands."""

from __future__ import annotations

import dataclasses
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.redact import RedactConfig
from clio.errors import MissingExtraError, PrivacyError
from clio.privacy.redact import PLACEHOLDER, Redactor, Span, names, redactor
from tests.privacy.redact.redaction_cases import CASES, KEYS

PLAIN = Redactor(RedactConfig(), model=False)
HAS_MODEL = names.model_path() is not None
needs_model = pytest.mark.skipif(not HAS_MODEL, reason="the `ner` extra is not installed")
TEXTS = [case.text for rows in CASES.values() for case in rows] + [f"it is {key}" for key in KEYS.values()]


class Broken:
    name, version = "broken", "0"

    def detect(self, view: str) -> list[Span]:
        if "boom" in view:
            raise ValueError(f"cannot read {view}")
        return []


def test_a_detector_that_fails_costs_its_text_and_no_other() -> None:
    withheld, fine = Redactor(RedactConfig(), [Broken()], model=False).redact_many(
        ["boom jane@example.com", "hi there"]
    )
    assert (withheld.text, withheld.reason, withheld.counts) == (None, "redactor failed", {})
    assert (fine.text, fine.reason) == ("hi there", "")


def test_a_scan_that_fails_says_so_without_the_text() -> None:
    with pytest.raises(PrivacyError) as caught:
        Redactor(RedactConfig(), [Broken()], model=False).scan("boom jane@example.com")
    assert "boom" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_failing_name_model_costs_only_the_text_it_fails_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model(names.SpacyDetector):
        def detect_many(self, views: object) -> list[list[Span]]:
            if any("boom" in view for view in views):  # type: ignore[attr-defined]
                raise RuntimeError("secret words")
            return [[] for _ in views]  # type: ignore[attr-defined]

    monkeypatch.setattr(names, "SpacyDetector", Model)
    monkeypatch.setattr(names, "model_path", lambda: Path("somewhere"))
    results = Redactor(RedactConfig()).redact_many(["boom", "fine"])
    assert [r.text for r in results] == [None, "fine"]


def test_a_long_text_is_refused() -> None:
    small = Redactor(RedactConfig(max_characters=1_000), model=False)
    assert small.redact("x" * 1_001) == redactor.Redacted(None, {}, "too long")
    assert small.redact("x" * 1_000).text == "x" * 1_000
    with pytest.raises(PrivacyError, match="too long"):
        small.scan("x" * 1_001)


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "\ud800", "[NAME]", "[EMAIL][KEY] [NAME], [PHONE]"])
def test_what_holds_nothing_comes_back_as_it_was(text: str) -> None:
    assert PLAIN.redact(text) == redactor.Redacted(text, {}, "")


@pytest.mark.parametrize("text", TEXTS)
def test_twice_is_once(text: str) -> None:
    once = PLAIN.redact(text)
    assert once.text is not None
    assert PLAIN.redact(once.text) == redactor.Redacted(once.text, {}, "")
    assert PLAIN.scan(once.text) == []
    assert sum(once.counts.values()) >= len(PLACEHOLDER.findall(once.text)) > 0


@given(st.lists(st.sampled_from([*TEXTS, "[NAME]", " ", "@", "\n", "password=", "My name is ", "x"]), max_size=5))
def test_twice_is_once_for_any_mixture(pieces: list[str]) -> None:
    once = PLAIN.redact("".join(pieces))
    assert once.text is not None
    assert PLAIN.redact(once.text).text == once.text


@given(st.text(max_size=200))
def test_any_text_at_all_is_redacted_and_at_rest(text: str) -> None:
    once = PLAIN.redact(text)
    assert once.text is not None
    assert PLAIN.redact(once.text).text == once.text


@needs_model
def test_twice_is_once_with_the_model() -> None:
    full = Redactor(RedactConfig())
    once = full.redact_many(TEXTS)
    assert [r.text for r in full.redact_many([r.text or "" for r in once])] == [r.text for r in once]


def test_spans_are_in_order_disjoint_and_of_the_original() -> None:
    text = "请联系jane@example.com，电话是１３８００１３８０００。"
    spans = PLAIN.scan(text)
    assert [text[s.start : s.end] for s in spans] == ["jane@example.com", "１３８００１３８０００"]
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert PLAIN.redact(text).text == "请联系[EMAIL]，电话是[PHONE]。"


def test_counts_by_type() -> None:
    redacted = PLAIN.redact("a@example.com, b@example.com, 203.0.113.9")
    assert redacted.counts == {"EMAIL": 2, "IP": 1}


def test_names_can_be_left_alone_and_identifiers_never() -> None:
    text = "My name is Eleanor Vance, mail ev@example.com"
    assert PLAIN.redact(text, names=False).text == "My name is Eleanor Vance, mail [EMAIL]"
    assert PLAIN.redact(text).text == "My name is [NAME], mail [EMAIL]"
    assert Redactor(RedactConfig(names="off")).redact(text).text == "My name is Eleanor Vance, mail [EMAIL]"


def test_a_name_found_once_is_gone_everywhere() -> None:
    text = "My name is Thessaly Broadhurst. Sign it as Thessaly Broadhurst, not T. B."
    assert PLAIN.redact(text).text == "My name is [NAME]. Sign it as [NAME], not T. B."


def test_the_users_own_terms_are_kept() -> None:
    own = Redactor(RedactConfig(allow=("Wilhelmina",)), model=False)
    assert own.redact("Dear Wilhelmina,\nmy name is Wilhelmina").text == "Dear Wilhelmina,\nmy name is Wilhelmina"
    assert own.redact("my name is Wilhelmina Krause").text == "my name is [NAME]"


@pytest.mark.parametrize(
    "text", ["Kafka and Jenkins", "Dear Claude,", "Bayes met Newton", "I am Claude, made by Anthropic"]
)
def test_shipped_terms_are_kept(text: str) -> None:
    assert PLAIN.redact(text).text == text


@needs_model
def test_an_allowed_word_does_not_excuse_a_longer_name() -> None:
    full = Redactor(RedactConfig())
    assert (
        full.redact("Isaac Newton and Marie Curie wrote letters.").text == "Isaac Newton and Marie Curie wrote letters."
    )
    assert full.redact("Yesterday Helen Newton called me.").text == "Yesterday [NAME] called me."


def test_required_names_without_the_extra_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "model_path", lambda: None)
    with pytest.raises(MissingExtraError, match=r"clio-toolkit\[ner\]"):
        Redactor(RedactConfig(names="required"))
    auto = Redactor(RedactConfig())
    assert not auto.names_available
    assert auto.describe()["names"] == "cues only"


def test_describe_names_detectors_and_versions() -> None:
    told = PLAIN.describe()
    assert set(told["detectors"]) == {"rules", "phone", "cues"}
    assert told["detectors"]["phone"].startswith("phonenumbers 9")
    assert told["names_available"] is False
    assert "spacy" not in Redactor(RedactConfig(names="off")).describe()["detectors"]


def test_an_extra_detector_takes_part() -> None:
    class Pack:
        name, version = "pack", "1"

        def detect(self, view: str) -> list[Span]:
            at = view.find("Zorblax")
            return [Span(at, at + 7, "NAME", self.name)] if at >= 0 else []

    packed = Redactor(RedactConfig(), [Pack()], model=False)
    assert packed.redact("meet Zorblax").text == "meet [NAME]"
    assert packed.redact("meet Zorblax", names=False).text == "meet Zorblax"


def test_one_who_never_comes_to_rest_gets_nothing() -> None:
    class Greedy:
        name, version = "greedy", "1"

        def detect(self, view: str) -> list[Span]:
            at = view.find("x")
            return [Span(at, at + 1, "ID", self.name)] if at >= 0 else []

    assert Redactor(RedactConfig(), [Greedy()], model=False).redact("x " * 50).reason == "redactor failed"


def test_results_are_frozen_and_travel() -> None:
    redacted = PLAIN.redact("a@example.com")
    with pytest.raises(dataclasses.FrozenInstanceError):
        redacted.text = "x"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(redacted)) == redacted


def test_allow_list_is_large_and_in_the_package() -> None:
    from clio.privacy.redact import lexicon

    assert len(lexicon.allowed()) >= 250
    assert {"Java", "Jenkins", "Kafka", "Claude", "Dijkstra", "Shakespeare", "Marie Curie"} <= lexicon.allowed()
