from __future__ import annotations

import time
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from clio.config.facets import Window
from clio.conversations.types import Turn
from clio.conversations.window import window
from clio.models.extractive import LONGEST, OPENING, SENTENCES, extract, opening, sentences_of, shorten
from clio.models.protocol import Transcript
from tests.models.fakes import WordEncoder, transcript


def of(text: str) -> str:
    (found,) = extract([transcript(text)], WordEncoder())
    return found


def test_the_sentence_nearest_to_the_whole_is_taken() -> None:
    text = (
        "Good morning to everyone here. I want to bake bread with rye flour at home. My oven is old. "
        "How long do I bake rye bread?"
    )
    assert of(text) in ("I want to bake bread with rye flour at home.", "How long do I bake rye bread?")


def test_greetings_and_thanks_are_taken_only_alone() -> None:
    assert of("Hi!") == "Hi!"
    assert of("Hi! Please translate this letter. Thanks!") == "Please translate this letter."


def test_nothing_said() -> None:
    assert extract([], WordEncoder()) == []
    assert of("") == ""
    assert of(" \n\t ") == ""


def test_sentences_of_other_scripts() -> None:
    assert sentences_of("我想学做饭。怎么做面条？谢谢！") == ["我想学做饭。", "怎么做面条？", "谢谢！"]
    assert sentences_of("मुझे मदद चाहिए। यह क्या है?") == ["मुझे मदद चाहिए।", "यह क्या है?"]
    assert sentences_of("ما هذا؟ أريد المساعدة.") == ["ما هذا؟", "أريد المساعدة."]
    assert sentences_of("Costs 3.50 at example.org, e.g. now. Next one\nlast") == [
        "Costs 3.50 at example.org, e.g.", "now.", "Next one", "last",
    ]  # fmt: skip


def test_order_of_conversations_does_not_matter() -> None:
    texts = [f"Please explain topic number {n}. I know little about it. It is for a talk." for n in range(9)]
    encoder = WordEncoder()
    forward = extract([transcript(text) for text in texts], encoder)
    backward = extract([transcript(text) for text in reversed(texts)], encoder)
    assert forward == backward[::-1]


def test_work_is_bounded_for_a_very_long_conversation() -> None:
    encoder = WordEncoder()
    text = "".join(f"This is sentence number {n} of many more. " for n in range(50_000))
    began = time.perf_counter()
    (found,) = extract([transcript(text)], encoder)
    assert found
    assert encoder.seen <= SENTENCES
    assert time.perf_counter() - began < 5


@given(st.text(max_size=2_000))
def test_always_one_short_line(text: str) -> None:
    found = of(text)
    assert len(found) <= LONGEST
    assert found == " ".join(found.split())
    assert bool(found) == bool(text.split())


@given(st.text(max_size=400), st.integers(10, 200))
def test_shorten(text: str, longest: int) -> None:
    short = shorten(text, longest)
    assert len(short) <= longest
    whole = " ".join(text.split())
    assert short == whole or (short.endswith("…") and whole.startswith(short[:-1]))


def opened(*turns: Turn) -> str:
    seen = window(turns, Window())
    (found,) = opening([Transcript("c", seen.text, seen.user_text, seen.read_share)])
    return found


def test_the_opening_is_the_first_telling_turn() -> None:
    hello, request = Turn("user", "Hi!"), Turn("user", "Please fix this:\n  User: not a mark\n\nThank you")
    said = "Please fix this: User: not a mark Thank you"
    assert opened(Turn("assistant", "Welcome, I can do a great many things."), hello, request) == said
    assert opened(request, Turn("assistant", "Done."), Turn("user", "Now do the same with another one.")) == said
    assert opened(hello) == "Hi!"
    assert opened(hello, Turn("user", "Yes, hello")) == "Yes, hello"
    assert opened(Turn("user", "料理の作り方を教えて")) == "料理の作り方を教えて"


def test_an_image_or_attachment_is_no_opening() -> None:
    request = Turn("user", "What is in this picture?")
    assert opened(Turn("user", "", "image"), request) == request.text
    assert opened(Turn("user", "long file " * 90, "attachment"), request) == request.text
    assert opened(Turn("user", "", "image")) == ""
    assert opened(Turn("assistant", "Anyone there? Hello?")) == ""
    assert opened() == ""


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(max_size=80)), max_size=6))
def test_an_opening_is_one_line_of_the_users_own(parts: list[tuple[Literal["user", "assistant"], str]]) -> None:
    found = opened(*(Turn(role, text) for role, text in parts))
    assert len(found) <= OPENING
    assert found == " ".join(found.split())
    said = " ".join(" ".join(text.split()) for role, text in parts if role == "user")
    assert "".join(found.split()) in "".join(said.split())
