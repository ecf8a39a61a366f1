"""The view and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.privacy.redact import PLACEHOLDER, TYPES, normalise


@given(st.text(max_size=200))
def test_every_character_of_the_view_points_into_the_original_in_order(text: str) -> None:
    view = normalise(text)
    last = 0
    for place in range(len(view.text)):
        start, end = view.original(place, place + 1)
        assert last <= start <= end <= len(text)
        last = start
    start, end = view.original(0, len(view.text))
    assert 0 <= start <= end <= len(text)


@given(st.text(max_size=100))
def test_what_the_map_leaves_out_shows_nothing(text: str) -> None:
    view = normalise(text)
    kept = {i for place in range(len(view.text)) for i in range(*view.original(place, place + 1))}
    assert not any(text[i].isascii() and text[i].isprintable() for i in range(len(text)) if i not in kept)


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=32), max_size=100))
def test_ascii_is_its_own_view(text: str) -> None:
    view = normalise(text)
    assert view.text == text
    assert view.starts is None


@given(st.text(max_size=100))
def test_the_view_of_a_view_is_the_view_of_its_text(text: str) -> None:
    once = normalise(text).text
    assert len(normalise(once).text) <= len(once) + once.count("\ufffd") + len(once)
    assert "\u200b" not in once


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com"),
        ("𝐣𝐚𝐧𝐞", "jane"),
        ("٤١٥", "415"),
        ("jаne", "jane"),
        ("анна", "анна"),
        ("联系jane谢谢", "联系 jane 谢谢"),
        ("ja\u200bne\u00ad", "jane"),
        ("cafe\u0301", "café"),
        ("j\u0336a\u0336ne", "jane"),
        ("415\u2011555", "415-555"),
        ("I\u2019m", "I'm"),
        ("a\x00b\x0bc", "ab c"),
        ("x\ud800y", "x\ufffdy"),
        ("1\ufe0f\u20e32", "12"),
        ("jane@example。com", "jane@example.com"),
        ("", ""),
    ],
)
def test_spellings(text: str, view: str) -> None:
    assert normalise(text).text == view


@pytest.mark.parametrize("kind", TYPES)
def test_a_placeholder_is_its_own_view(kind: str) -> None:
    assert normalise(f"[{kind}]").text == f"[{kind}]"
    assert PLACEHOLDER.fullmatch(normalise(f"[{kind}]").text)
