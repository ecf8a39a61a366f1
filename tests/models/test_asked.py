from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.facets import Facet, Option
from clio.models.asked import Asked, Judged
from clio.prompts.facets import prompt_for, schema_for, shipped

SECRET = "zebra quartz 4411"
KIND = Facet(name="kind", kind="category", question="Which?", options=(Option(value="code"), Option(value="prose")))
FACETS = (shipped()["request"], KIND, shipped()["concern"])
GOOD = {"request": "fix a loop", "kind": "code", "concern": "1"}


def test_one_request_for_all_facets_that_a_model_answers() -> None:
    computed = [facet for facet in shipped().values() if not facet.answered_by_model]
    asked = Asked.of([*computed, *FACETS])
    assert asked.facets == FACETS
    request = asked.request("the message")
    assert (request.purpose, request.user) == ("facets", "the message")
    assert request.system == prompt_for(FACETS)
    assert request.schema == schema_for(FACETS)
    assert request.max_tokens >= 256
    assert Asked.of(computed).facets == ()


def test_the_screener_is_counted_apart() -> None:
    screener = Facet(name="screener", kind="boolean", question="Is it about work?")
    assert Asked.of([screener]).purpose == "screener"
    assert Asked.of([screener, KIND]).purpose == "facets"


def test_more_questions_get_more_room() -> None:
    rooms = [Asked.of(FACETS[:count]).room for count in range(4)]
    assert rooms == sorted(set(rooms))


def test_a_facets_key_depends_on_itself_alone() -> None:
    """Order, neighbours and their wording change nothing; its own wording, options and bounds do."""
    alone = Asked.of([KIND]).prompts[0]
    for order in itertools.permutations(FACETS):
        asked = Asked.of(order)
        assert asked.prompts[asked.facets.index(KIND)] == alone
    changes: list[dict[str, Any]] = [
        {"name": "sort"},
        {"question": "Which one?"},
        {"options": (*KIND.options, Option(value="other"))},
        {"options": (Option(value="code", description="programs"), KIND.options[1])},
    ]
    keys = {Asked.of([KIND.model_copy(update=change)]).prompts[0] for change in changes}
    assert len(keys | {alone}) == len(changes) + 1
    number = Facet(name="hours", kind="number", question="How many?", minimum=0, maximum=10)
    wider = number.model_copy(update={"maximum": 20})
    assert Asked.of([number]).prompts != Asked.of([wider]).prompts


def test_some_of_the_facets_are_the_same_for_every_conversation() -> None:
    """Prompt and schema are made once, and are known again by being the same."""
    asked = Asked.of(FACETS)
    first, second = asked.only([False, True, False]), asked.only([False, True, False])
    assert first is second
    assert first.facets == (KIND,)
    assert first.request("a").schema is second.request("b").schema
    assert asked.only([True, True, True]) is asked
    assert asked.only([False] * 3).facets == ()


def test_a_reply_is_judged_once_by_what_it_is() -> None:
    judged = Judged(FACETS, "m")
    answers = judged.answers(GOOD)
    assert [(answer.status, answer.value, answer.writer) for answer in answers] == [
        ("answered", "fix a loop", "m"),
        ("answered", "code", "m"),
        ("answered", 1, "m"),
    ]
    assert judged.answers(GOOD) is answers
    assert judged.faults(GOOD) == []
    assert sum(judged.shares(GOOD).values()) == pytest.approx(1)
    assert {answer.status for answer in judged.answers({})} == {"failed"}
    assert judged.answers(dict(GOOD)) == answers


def test_what_is_wrong_is_told_without_quoting_it() -> None:
    value = {"request": "x " * 400 + SECRET, "kind": SECRET, "concern": [SECRET]}
    found = Judged(FACETS, "m").faults(value)
    assert [line.split(":")[0] for line in found] == ["`request`", "`kind`", "`concern`"]
    assert '"code", "prose", "n/a"' in found[1]
    assert SECRET not in " ".join(found)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["code", "n/a", "3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "other"]), VALUES))
def test_whatever_a_model_says_there_is_one_answer_per_facet(value: dict[str, Any]) -> None:
    judged = Judged(FACETS, "m")
    answers = judged.answers(value)
    assert len(answers) == len(FACETS)
    assert len(judged.faults(value)) == sum(answer.status == "failed" for answer in answers)
    assert sum(judged.shares(value).values()) == pytest.approx(1)
    for answer in answers:
        assert (answer.value is not None) == (answer.status == "answered")
        json.dumps(answer.value)
