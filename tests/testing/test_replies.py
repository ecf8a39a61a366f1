from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.facets import Facet
from clio.models.protocol import Evidence
from clio.models.schema import faults, object_in, sendable
from clio.prompts import assign, deduplicate, propose, rename
from clio.prompts.describe import describe_request, description_of
from clio.prompts.facets import conversation_message, parse, prompt_for, schema_for, shipped
from clio.testing.messages_server import Server, ServerConfig, serve
from clio.text.checks import name_fault, summary_fault
from tests.testing.kit import (
    CONVERSATION,
    PROMPT_MARK,
    SCHEMA,
    SCHEMAS,
    USER,
    extras,
    objects,
    params,
    raw,
    running,
    text,
)


@pytest.fixture(scope="module")
def plain() -> Iterator[Server]:
    with serve(ServerConfig(keep=False)) as server:
        yield server


def test_a_message_has_the_form_of_the_api_and_fits_the_schema() -> None:
    with running() as (server, client):
        message = client.messages.create(**params(system="Describe."))
        assert faults(json.loads(text(message)), SCHEMA) == []
        assert (message.type, message.role, message.model, message.stop_reason) == (
            "message",
            "assistant",
            "m",
            "end_turn",
        )
        assert message.usage.input_tokens == -(-(len("Describe.") + len(USER) + extras(SCHEMA)) // 4)
        assert message.usage.output_tokens == -(-len(text(message)) // 4)
        (body,), (headers,) = server.bodies, server.headers
        assert body["messages"][0]["content"] == USER
        assert "key" in (headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer "))
        assert set(headers) == {name.lower() for name in headers}


def test_the_same_request_gets_the_same_reply_from_any_server_of_the_same_seed() -> None:
    asked = [params(f"{USER} {n}") for n in range(12)]

    def replies(**settings: Any) -> list[str]:
        with running(**settings) as (_, client):
            return [text(client.messages.create(**one)) for one in asked]

    first = replies()
    assert replies() == first
    assert replies(seed=1) != first
    assert len(set(first)) > 6
    assert {json.loads(one)["kind"] for one in first} >= {"code", "prose"}


def test_a_complaint_gets_the_reply_that_the_question_gets() -> None:
    again = params()
    again["messages"] += [
        {"role": "assistant", "content": "no object"},
        {"role": "user", "content": "That does not fit:\n- the answer is not one JSON object"},
    ]
    with running() as (_, client):
        assert text(client.messages.create(**again)) == text(client.messages.create(**params()))


def test_one_facet_more_does_not_change_the_others() -> None:
    wider = {
        **SCHEMA,
        "properties": {"first": {"type": "boolean"}, **SCHEMA["properties"]},
        "required": ["first", "kind"],
    }
    with running() as (_, client):
        narrow = json.loads(text(client.messages.create(**params())))
        wide = json.loads(text(client.messages.create(**params(schema=wider))))
        assert narrow | {"first": wide["first"]} == narrow | wide


def test_texts_borrow_a_few_words_of_the_fenced_conversation_and_no_name() -> None:
    schema = {"type": "object", "properties": {"request": {"type": "string"}}, "required": ["request"]}
    with running() as (_, client):
        said = json.loads(text(client.messages.create(**params(schema=schema))))["request"]
    borrowed = {"zebra", "quartz", "tomato", "plants", "yellow", "leaves", "watering", "compost"} & set(
        said.replace(",", "").split()
    )
    assert 3 <= len(borrowed) <= 6
    assert "Assistant" not in said
    assert "4411" not in said


@given(
    schema=objects(SCHEMAS), user=st.sampled_from([USER, "Hello", "<b>ü</b> " + "x" * 3000, ""]), numbered=st.integers()
)
def test_replies_fit_any_schema_of_the_keywords_in_use(
    plain: Server, schema: dict[str, Any], user: str, numbered: int
) -> None:
    asked = params(f"{user} {numbered}", schema, max_tokens=100_000)
    status, _, data = raw(plain, "POST", "/v1/messages", asked)
    assert status == 200
    assert faults(json.loads(json.loads(data)["content"][0]["text"]), schema) == []


@given(schema=objects(SCHEMAS), place=st.integers())
def test_replies_fit_a_schema_that_stands_in_the_prompt(plain: Server, schema: dict[str, Any], place: int) -> None:
    user = f"{USER} {place} {PROMPT_MARK} of no account\n\n{PROMPT_MARK}\n{json.dumps(schema, ensure_ascii=False)}"
    status, _, data = raw(plain, "POST", "/v1/messages", params(user, None, max_tokens=100_000))
    assert status == 200
    found = object_in(json.loads(data)["content"][0]["text"])
    assert found is not None
    assert faults(found, schema) == []


@pytest.mark.parametrize(("least", "most"), [(0, 0), (0, 1), (60, 60), (150, 300)])
def test_lists_of_names_keep_their_bounds_whatever_the_prompt_says(plain: Server, least: int, most: int) -> None:
    names = {"type": "array", "items": {"type": "string"}, "minItems": least, "maxItems": most}
    schema = {"type": "object", "properties": {"names": names}, "required": ["names"]}
    for user in ("Hello", "about 9999999999999 groups"):
        _, _, data = raw(plain, "POST", "/v1/messages", params(user, schema, max_tokens=100_000))
        found = json.loads(json.loads(data)["content"][0]["text"])["names"]
        assert least <= len(found) <= most
        assert len({name.casefold() for name in found}) == len(found)


def test_schemas_that_refer_to_themselves_come_to_an_end() -> None:
    node = {
        "type": "object",
        "properties": {
            "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            "more": {"type": "array", "items": {"$ref": "#/$defs/node"}},
        },
        "required": ["next"],
    }
    with running() as (_, client):
        for n in range(20):
            asked = params(f"{USER} {n}", {"$ref": "#/$defs/node", "$defs": {"node": node}}, max_tokens=100_000)
            assert "next" in json.loads(text(client.messages.create(**asked)))


def test_a_tool_that_must_be_used_gets_its_input() -> None:
    tools = [{"name": "other", "input_schema": {"type": "object"}}, {"name": "answer", "input_schema": SCHEMA}]
    with running() as (_, client):
        asked = params(schema=None, tools=tools, tool_choice={"type": "tool", "name": "answer"})
        message = client.messages.create(**asked)
        assert message.stop_reason == "tool_use"
        assert message.content[0].name == "answer"
        assert faults(message.content[0].input, SCHEMA) == []


def test_a_reply_longer_than_its_room_is_cut_off() -> None:
    with running() as (_, client):
        message = client.messages.create(**params(max_tokens=3))
        assert message.stop_reason == "max_tokens"
        assert len(text(message)) == 12
        assert message.usage.output_tokens == 3


def asked_of(client: Any, request: Any, *, structured: bool) -> Any:
    user = request.user if structured else f"{request.user}\n\n{PROMPT_MARK}\n{json.dumps(request.schema)}"
    schema = sendable(request.schema) if structured else None
    message = client.messages.create(**params(user, schema, system=request.system, max_tokens=request.max_tokens))
    assert message.stop_reason == "end_turn"
    value = object_in(text(message))
    assert faults(value, request.schema) == []
    return value


CHILDREN = [
    f"Mend {thing} at home: People asked how to repair {thing} and related {more} without calling anyone."
    for thing, more in (("taps", "washers"), ("pipes", "joints"), ("showers", "hoses"), ("boilers", "valves"))
]


@pytest.mark.parametrize("structured", [True, False])
def test_every_step_of_a_run_gets_what_it_can_use(structured: bool) -> None:
    with running(structured_outputs="yes" if structured else "no") as (_, client):
        for n in range(10):
            inside = [f"mend a leaking tap in the bathroom {n}", "repair a dripping shower hose"]
            evidence = Evidence(inside, ["plan a trip by train"], ["leaking tap", "shower"])
            found = description_of(asked_of(client, describe_request(evidence), structured=structured), "m")
            assert found is not None
            assert name_fault(found.name) == summary_fault(found.summary) == ""

            proposed = asked_of(client, propose.request(CHILDREN, inside, 3 + n % 4), structured=structured)["names"]
            assert len({name.casefold() for name in proposed}) == len(proposed) == 3 + n % 4
            assert [name_fault(name) for name in proposed] == [""] * len(proposed)

            given = [f"Repair thing {word}" for word in ("one", "two", "three", "four", "five")]
            kept = asked_of(client, deduplicate.request(given, 3), structured=structured)["names"]
            assert len(kept) == 3
            assert set(kept) < set(given)

            groups = ["Plumbing at home", f"Heating {n}", "Garden work"]
            assert asked_of(client, assign.request(CHILDREN[n % 4], groups), structured=structured)["group"] in groups

            renamed = asked_of(client, rename.request(CHILDREN, ["hot water", "taps"]), structured=structured)
            assert name_fault(renamed["name"]) == summary_fault(renamed["summary"]) == ""


def test_facets_of_every_kind_are_answered_within_their_bounds() -> None:
    extra = (
        Facet(name="hours", kind="number", question="How many?", minimum=200, maximum=203),
        Facet(name="tools", kind="multi", question="Which?", options=[{"value": "saw"}, {"value": "drill"}]),
        Facet(name="urgent", kind="boolean", question="Is it urgent?"),
    )
    asked = [*(facet for facet in shipped().values() if facet.answered_by_model), *extra]
    with running() as (_, client):
        for n in range(30):
            user = conversation_message(f"{CONVERSATION} {n}")
            message = client.messages.create(**params(user, sendable(schema_for(asked)), system=prompt_for(asked)))
            answers = parse(json.loads(text(message)), asked)
            assert {answer.status for answer in answers} <= {"answered", "na"}
            assert answers[0].status == answers[1].status == "answered"


def test_a_server_without_structured_outputs_says_so_or_ignores_them() -> None:
    import anthropic

    with running(structured_outputs="no") as (_, client):
        with pytest.raises(anthropic.BadRequestError, match="output_config"):
            client.messages.create(**params())
        assert text(client.messages.create(**params(schema=None)))
        capabilities = client.models.retrieve("m").capabilities
        assert not capabilities.structured_outputs.supported
    with running(structured_outputs="ignore") as (_, client):
        assert object_in(text(client.messages.create(**params()))) is None
