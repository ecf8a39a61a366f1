from __future__ import annotations

import pytest

from clio.config.facets import Facet, Option
from clio.models.similarity import LABEL, Chooser, examples_of, texts_for
from tests.models.fakes import WordEncoder

OPTIONS = (
    Option(value="cooking", description="bake bread in the oven; recipe for soup and rice"),
    Option(value="code", description="fix python function error; write javascript loop"),
    Option(value="travel", description="book flight to island; hotel near beach"),
)
CATEGORY = Facet(name="use", kind="category", question="Which?", options=OPTIONS)
MULTI = Facet(name="uses", kind="multi", question="Which?", options=OPTIONS)
SCALE = Facet(name="rate", kind="scale", question="How?", minimum=1, maximum=3, options=OPTIONS)


def one(text: str, facet: Facet) -> tuple[str, object, str]:
    encoder = WordEncoder()
    (answer,) = Chooser(encoder).answer(encoder.encode([text]), facet)
    assert answer.writer == LABEL
    return answer.status, answer.value, answer.reason


def test_the_nearest_option_is_taken() -> None:
    assert one("recipe to bake bread", CATEGORY) == ("answered", "cooking", "")
    assert one("fix javascript error", CATEGORY) == ("answered", "code", "")


def test_nothing_near_is_na() -> None:
    for facet in (CATEGORY, MULTI, SCALE):
        assert one("zebra quartz", facet) == ("na", None, "nothing near")


def test_a_tie_is_na() -> None:
    options = (Option(value="a", description="red blue"), Option(value="b", description="red green"))
    assert one("red", CATEGORY.model_copy(update={"options": options})) == ("na", None, "too close to tell")


def test_multi_takes_all_that_are_about_as_near() -> None:
    options = (Option(value="b", description="fix python error"), Option(value="a", description="bake rye bread"))
    facet = MULTI.model_copy(update={"options": (*options, Option(value="c", description="book flight to island"))})
    assert one("fix python error, bake rye bread", facet) == ("answered", ["a", "b"], "")
    assert one("fix python", facet) == ("answered", ["b"], "")


def test_scale_answers_with_a_step() -> None:
    assert one("recipe to bake bread", SCALE) == ("answered", 1, "")
    assert one("book hotel near beach flight", SCALE) == ("answered", 3, "")


def test_boolean_needs_descriptions_of_yes_and_no() -> None:
    bare = Facet(name="b", kind="boolean", question="Is it?")
    assert one("anything", bare) == ("na", None, "needs descriptions")
    yes_no = (Option(value="yes", description="bake bread"), Option(value="no", description="write code"))
    facet = bare.model_copy(update={"options": yes_no})
    assert one("bake some bread", facet) == ("answered", True, "")
    assert one("write some code", facet) == ("answered", False, "")


@pytest.mark.parametrize("facet", [Facet(name="n", kind="number", question="How many?")])
def test_numbers_are_beyond_it(facet: Facet) -> None:
    assert one("there are 3 of them", facet) == ("na", None, "needs a larger model")


def test_examples_are_encoded_once() -> None:
    encoder = WordEncoder()
    chooser = Chooser(encoder)
    vectors = encoder.encode(["bake bread"])
    chooser.answer(vectors, CATEGORY)
    seen = encoder.seen
    chooser.answer(vectors, CATEGORY)
    assert encoder.seen == seen


def test_small_helpers() -> None:
    assert examples_of("one; two ;; three") == ["one", "two", "three"]
    assert texts_for(["  a \n b ", "x" * 5_000]) == ["a b", "x" * 1_000]
    assert Chooser(WordEncoder()).answer(WordEncoder().encode([]), CATEGORY) == []
