from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.facets import COMPUTED, Facet
from clio.models.protocol import Answer
from clio.stages._computed import compute, detect_languages, monday

ROW: dict[str, Any] = {
    "started_at": datetime(2025, 3, 2, 23, 30, tzinfo=UTC),
    "turns": 4,
    "characters": 120,
    "model": "m-1",
    "surface": None,
    "metadata": '{"country": "NZ", "plan": ""}',
}
MISSING = Answer("na", None, "computed", "not told by the source")


def asked(what: str, row: dict[str, Any] = ROW, language: str | None = "en") -> Answer:
    return compute(Facet(name="it", kind="computed", compute=what), row, language)


@pytest.mark.parametrize(
    ("what", "value"),
    [("turns", 4), ("characters", 120), ("language", "en"), ("hour", 23), ("time_of_day", "18 to 23"),
     ("weekday", "Sunday"), ("week", "2025-02-24"), ("model", "m-1"), ("metadata.country", "NZ")],
)  # fmt: skip
def test_values(what: str, value: Any) -> None:
    assert asked(what) == Answer("answered", value, "computed")


@pytest.mark.parametrize("what", ["surface", "metadata.plan", "metadata.absent"])
def test_what_the_source_does_not_tell(what: str) -> None:
    assert asked(what) == MISSING


def test_no_time_and_no_language() -> None:
    untimed = ROW | {"started_at": None}
    assert {asked(what, untimed, None) for what in ("hour", "time_of_day", "weekday", "week", "language")} == {MISSING}


def test_everything_that_can_be_asked_for_has_an_answer() -> None:
    assert all(asked(what).status in ("answered", "na") for what in COMPUTED)
    assert compute(Facet(name="turns", kind="computed"), ROW, None).value == 4


@given(st.floats(1.42e9, 2.2e9), st.integers(-14, 14))
def test_hours_and_weeks_are_utc_wherever_a_conversation_began(seconds: float, offset: int) -> None:
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(hours=offset)))
    row = ROW | {"started_at": moment}
    first = date.fromisoformat(monday(moment))
    assert first.weekday() == 0
    assert timedelta(0) <= moment.astimezone(UTC).date() - first < timedelta(days=7)
    assert asked("week", row).value == first.isoformat()
    assert asked("hour", row).value == moment.astimezone(UTC).hour
    first, last = map(int, str(asked("time_of_day", row).value).split(" to "))
    assert first <= moment.astimezone(UTC).hour <= last == first + 5
    assert asked("weekday", row) == asked("weekday", ROW | {"started_at": moment.astimezone(UTC)})


def test_languages() -> None:
    texts = {
        "en": "Could you please explain how photosynthesis works in simple words?",
        "de": "Könntest du mir bitte erklären, wie die Photosynthese funktioniert?",
        "fr": "Peux-tu m'expliquer simplement comment fonctionne la photosynthèse ?",
        "ru": "Объясни, пожалуйста, простыми словами, как работает фотосинтез.",
        "zh": "请用简单的话解释一下光合作用是怎么进行的。",
        "ja": "光合成の仕組みを簡単な言葉で説明してください。",
    }
    assert detect_languages(list(texts.values())) == list(texts)
    assert detect_languages([]) == []


def test_code_links_and_placeholders_are_in_no_language() -> None:
    code = "```python\nfor item in things:\n    print(item)\n```"
    assert detect_languages([code, "[image] [PERSON]", "42 + 1 = ?", ""]) == [None] * 4
    english = "```\nprint the result of this function for every item in the list\n``` https://example.org/how-to-do-it"
    assert detect_languages([f"{english} Was macht dieser Code und warum ist er so langsam?"]) == ["de"]


def test_finding_what_is_no_language_takes_linear_time() -> None:
    """As a ratio: eight times the awkward text may not take more than some twenty times as long."""

    def taken(size: int) -> float:
        texts = [("```" * size)[:size], "[A" * (size // 2), "http://" * (size // 7), "[" + "a" * size] * 5
        start = time.process_time()
        detect_languages([text[:size] for text in texts])
        return time.process_time() - start

    taken(100)
    assert min(taken(4000) for _ in range(2)) < 20 * max(min(taken(500) for _ in range(2)), 0.02)
