from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.models.check import LONGEST, check, form_fault, similarity
from tests.models.fakes import WordEncoder

REASONS = {"", "malformed", "too long", "placeholder only", "echo of the prompt", "repetition", "not grounded"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Help with a recipe for rye bread.", ""),
        ("帮助用户写一首关于秋天的诗。", ""),
        ("Fix C++ code (a linker error).", ""),
        ("", "malformed"),
        ("  \n", "malformed"),
        ("12 + 30 = 42", "malformed"),
        ("{}[]();", "malformed"),
        ("bad \x00 sign", "malformed"),
        ("[NAME]", "placeholder only"),
        ("[EMAIL_2], <PHONE NUMBER>", "placeholder only"),
        ("Message: bake bread", "echo of the prompt"),
        ("The user asked for help. The user asked for more", "echo of the prompt"),
        ("<|im_start|>user", "echo of the prompt"),
        ("food food food food", "repetition"),
        ("a list of things to do, a list of things to do, a list of things to do", "repetition"),
        ("哈哈哈哈哈哈哈哈哈哈哈哈", "repetition"),
        ("word " * 3 + "x" * LONGEST, "too long"),
    ],
)
def test_form(text: str, fault: str) -> None:
    assert form_fault(text) == fault


def test_grounded_in_what_the_user_said() -> None:
    sources = ["how do I bake rye bread", "how do I bake rye bread", ""]
    texts = ["bake rye bread", "write a poem", "bake rye bread"]
    assert check(texts, sources, WordEncoder(), 0.3) == ["", "not grounded", "not grounded"]
    assert check(texts[:1], sources[:1], WordEncoder(), 1.0) == ["not grounded"]


def test_a_request_at_the_end_of_a_long_text_grounds_too() -> None:
    source = "lorem ipsum dolor sit amet " * 2_000 + "please bake rye bread"
    (near,) = similarity(["bake rye bread"], [source], WordEncoder())
    assert near > 0


def test_nothing_to_check() -> None:
    assert check([], [], WordEncoder(), 0.3) == []


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=300)), max_size=6))
def test_always_one_of_the_fixed_words(pairs: list[tuple[str, str]]) -> None:
    faults = check([text for text, _ in pairs], [source for _, source in pairs], WordEncoder(), 0.3)
    assert len(faults) == len(pairs)
    assert set(faults) <= REASONS


def test_linear_in_a_hostile_text() -> None:
    began = time.perf_counter()
    for text in ("ab" * 300, "[" * 600, "a b " * 150, "<" * 600, "x" * 1_000_000):
        form_fault(text)
    similarity(["a"], ["[A " * 1_000_000], WordEncoder())
    assert time.perf_counter() - began < 5
