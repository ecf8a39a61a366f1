from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.conversations.types import Turn, UnreadableError
from clio.conversations.values import clean, conversation, flat, name_of, role_of, when

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
SECONDS = NOON.timestamp()


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-06T12:00:00Z",
        "2024-05-06T14:00:00+02:00",
        "2024-05-06 12:00:00",
        "2024-05-06 12:00:00 UTC",
        "20240506T120000Z",
        SECONDS,
        int(SECONDS),
        SECONDS * 1e3,
        SECONDS * 1e6,
        SECONDS * 1e9,
        str(int(SECONDS)),
        str(int(SECONDS * 1000)),
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=-7))),
        pd.Timestamp(NOON),
    ],
)
def test_times_are_read_in_every_usual_form(value: object) -> None:
    moment = when(value)
    assert moment == NOON
    assert moment is not None
    assert moment.utcoffset() == timedelta(0)


def test_a_day_is_its_midnight() -> None:
    assert when(date(2024, 5, 6)) == when("2024-05-06") == datetime(2024, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [None, "", "yesterday", "2014-12-31", 0, -1, 1, True, math.nan, math.inf, -math.inf, 10**400, "9" * 60, "2024",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 1e300, [], {}, pd.NaT, "٢٠٢٤-٠٥-٠٦",
     datetime.now(UTC) + timedelta(days=2), "2024-13-45", "x" * 10**6],
)  # fmt: skip
def test_impossible_times_are_none(value: object) -> None:
    assert when(value) is None


def test_the_first_possible_time_counts() -> None:
    assert when(None, "nonsense", SECONDS, "2020-01-01") == NOON


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@given(anything)
def test_no_value_makes_trouble(value: object) -> None:
    moment = when(value)
    assert moment is None or datetime(2015, 1, 1, tzinfo=UTC) <= moment
    name = name_of(value)
    assert name is None or name.strip()
    told = flat(value, {"x": value}, y=value)
    assert all(isinstance(k, str) and isinstance(v, str) and 0 < len(v) <= 200 for k, v in told.items())


def test_names_are_texts_and_whole_numbers() -> None:
    assert name_of(None, "  ", "a") == "a"
    assert [name_of(value) for value in (7, 7.0, "7", 7.5, True, math.nan, [1], 10**60)] == [
        "7", "7", "7", None, None, None, None, None,
    ]  # fmt: skip


def test_metadata_holds_plain_short_values_only() -> None:
    given_ = {
        "a": 1,
        "b": True,
        "c": "x",
        "d": None,
        "e": ["text"],
        "f": {"g": "text"},
        "h": "t" * 201,
        "i": 2.5,
        3: "x",
    }
    assert flat(given_, model="m", none=None) == {"a": "1", "b": "true", "c": "x", "i": "2.5", "model": "m"}
    assert flat("no mapping", None) == {}


@given(st.text(st.characters(categories=["L", "Cs", "P"])))
def test_cleaned_text_can_be_encoded_and_keeps_its_length(text: str) -> None:
    assert len(clean(text)) == len(text)
    assert clean(text).encode().decode() == clean(text)


def test_roles() -> None:
    assert [role_of(role) for role in ("Human", " gpt ", "DEVELOPER", "function", "prompter")] == [
        "user", "assistant", "system", "tool", "user",
    ]  # fmt: skip
    for role in ("narrator", "", None, 3, ["user"]):
        with pytest.raises(UnreadableError, match="unknown role"):
            role_of(role)


def test_a_conversation_needs_a_turn_by_the_user() -> None:
    said = Turn("user", "hello")
    assert conversation(1, [Turn("assistant", " "), said]).turns == (said,)
    assert conversation(1, [Turn("user", "", "image")]).turns
    for turns in ([], [Turn("user", " \n")], [Turn("assistant", "hi")], [Turn("tool", "x", "tool_result")]):
        with pytest.raises(UnreadableError, match="no user turn"):
            conversation(1, turns)
