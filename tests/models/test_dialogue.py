from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.models import MessagesWriter
from clio.config.prices import PriceConfig
from clio.errors import BudgetError, ModelPassingError, ModelSetupError
from clio.models.dialogue import MORE_ROOM, PATIENCE, THINKING_ROOM, Dialogue, Question, body_of, refuses
from clio.models.endpoint import Endpoint, PassingError, RejectedError, Sent
from clio.models.ledger import Ledger, most_input_tokens
from clio.models.protocol import Reply, Request, Usage
from clio.models.schema import faults
from clio.models.throttle import LONGEST_ASKED_S, PATIENCE_S, WINDOW, Throttle
from tests.models.virtual_clock import now, run

SECRET = "zebra quartz 4411"
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "kind": {"type": "string", "enum": ["code", "prose"]}},
    "required": ["n", "kind"],
    "additionalProperties": False,
}
GOOD = '{"n": 3, "kind": "code"}'
Outcome = Sent | Exception
Answering = Callable[[dict[str, Any], int], Outcome]


def sent(text: str = GOOD, stop: str = "end_turn", usage: Usage = Usage(100, 10)) -> Sent:  # noqa: B008
    return Sent(text, stop, usage)


@dataclass
class Wire:
    """Stands for the endpoint, so that hours of waiting pass on a virtual clock."""

    answer: Answering
    takes: Callable[[dict[str, Any]], float] = lambda _: 1.0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    out: int = 0
    most: int = 0

    async def send(self, content: bytes, model: str) -> Sent:
        body = json.loads(content)
        assert body["model"] == model
        number = len(self.bodies)
        self.bodies.append(body)
        self.at.append(now())
        self.out += 1
        self.most = max(self.most, self.out)
        try:
            await asyncio.sleep(self.takes(body))
        finally:
            self.out -= 1
        outcome = self.answer(body, number)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def in_turn(*outcomes: Outcome) -> Answering:
    return lambda _, number: outcomes[min(number, len(outcomes) - 1)]


@dataclass
class World:
    wire: Wire
    dialogue: Dialogue
    ledger: Ledger
    throttle: Throttle

    async def ask(self, number: int = 0, first: Sent | None = None, max_tokens: int = 500) -> Reply:
        request = Request("facets", "Answer.", f"User: {SECRET} no. {number}", SCHEMA, max_tokens)
        return await self.dialogue.ask(Question(request, "some-model", lambda v: faults(v, SCHEMA)), first)

    def paid(self) -> int:
        return int(self.ledger.summary()["total"]["replies"])

    def retries(self) -> dict[str, int]:
        return dict(self.ledger.summary()["total"]["retries"])


def scene(
    work: Callable[[World], Coroutine[Any, Any, Any]],
    *answers: Outcome | Answering,
    ledger: Ledger | None = None,
    **more: Any,
) -> World:
    """Run ``work`` in a world whose endpoint gives those answers."""
    made: list[World] = []

    async def live() -> None:
        first = answers[0] if answers else sent()
        answer = first if callable(first) else in_turn(*cast("tuple[Outcome, ...]", answers or (sent(),)))
        settings = {"max_retries": 2, "structured_outputs": True, "concurrency": 4, **more}
        config = MessagesWriter(model="some-model", base_url="http://127.0.0.1:9", **settings)
        book = ledger or Ledger(None, {"some-model": PRICE}, config.budget_usd)
        wire, throttle = Wire(answer), Throttle(config.concurrency, config.requests_per_minute, seed=1)
        world = World(wire, Dialogue(config, cast(Endpoint, wire), throttle, book), book, throttle)
        made.append(world)
        await work(world)
        assert throttle.out == 0

    run(live())
    return made[0]


PRICE = PriceConfig(input=1.0, output=5.0)


def nothing_is_set_aside(world: World) -> None:
    """Else the ledger would say: try again when that is settled."""
    with pytest.raises(BudgetError):
        world.ledger.reserve("some-model", 10**9, 10**9)


# --- what is asked


def body(**more: Any) -> dict[str, Any]:
    config = MessagesWriter(**({"model": "claude-haiku-5-5"} | more))
    request = Request("facets", "Answer.", "the data", SCHEMA | {"minProperties": 1}, 500)
    return body_of(request, config.model, config, structured=config.structured_outputs is not False)


def test_the_body() -> None:
    assert body() == {
        "model": "claude-haiku-5-5",
        "max_tokens": 500 + THINKING_ROOM,
        "system": [{"type": "text", "text": "Answer.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "the data"}],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA | {"minProperties": 1}}},
    }
    assert body(prompt_caching=False)["system"] == "Answer."
    assert body(thinking="disabled")["thinking"] == {"type": "disabled"}
    assert body(thinking="disabled")["max_tokens"] == 500
    assert body(effort="low")["output_config"]["effort"] == "low"
    assert body(temperature=0.3)["temperature"] == 0.3
    assert body(model="claude-haiku-4-5")["max_tokens"] == 500


def test_names_are_asked_of_another_model_with_its_own_effort() -> None:
    config = MessagesWriter(model="small", names_model="claude-opus-5-5", effort="low", thinking="disabled")
    request = Request("describe", "", "notes", SCHEMA, 500)
    for effort in (None, "high"):
        asked = config.model_copy(update={"names_effort": effort})
        found = body_of(request, "claude-opus-5-5", asked, structured=True)
        assert found["output_config"].get("effort") == effort
        assert "thinking" not in found  # it is told of `model` only
        assert found["max_tokens"] == 500 + THINKING_ROOM
        assert "system" not in found  # an empty text block is none


def test_without_structured_outputs_the_schema_is_in_the_prompt() -> None:
    asked = body(structured_outputs=False)
    assert "output_config" not in asked
    assert json.dumps(SCHEMA | {"minProperties": 1}) in asked["messages"][0]["content"]


def test_what_is_sent_is_the_body() -> None:
    """The bytes are put together from a shared part and the request's own: they say what ``body_of`` says."""

    async def work(world: World) -> None:
        for number in range(3):
            await world.ask(number)
        await world.dialogue.ask(Question(Request("facets", "Other.", "ö \ud800 ", {}), "other-model", lambda _: []))

    world = scene(work, effort="low", temperature=0.5)
    config = MessagesWriter(model="some-model", effort="low", temperature=0.5)
    for number in range(3):
        request = Request("facets", "Answer.", f"User: {SECRET} no. {number}", SCHEMA, 500)
        assert world.wire.bodies[number] == body_of(request, "some-model", config, structured=True)
    assert world.wire.bodies[3]["system"][0]["text"] == "Other."
    assert world.wire.bodies[3]["messages"][0]["content"] == "ö ? "
    assert world.wire.bodies[3]["model"] == "other-model"


# --- from a reply to an answer


def test_a_reply_that_fits() -> None:
    async def work(world: World) -> None:
        assert await world.ask() == Reply("answered", {"n": 3, "kind": "code"}, "", Usage(100, 10))

    world = scene(work)
    assert world.paid() == 1
    assert world.retries() == {}


@pytest.mark.parametrize("text", [f"Here:\n```json\n{GOOD}\n```\nDone.", f"  {GOOD}  ", f"It is {GOOD}, I think."])
def test_words_around_the_object_do_no_harm(text: str) -> None:
    async def work(world: World) -> None:
        assert (await world.ask()).status == "answered"

    scene(work, sent(text))


def test_what_does_not_fit_is_asked_for_again_once_with_what_is_wrong() -> None:
    async def work(world: World) -> None:
        reply = await world.ask()
        assert (reply.status, reply.value, reply.usage) == ("answered", {"n": 3, "kind": "code"}, Usage(200, 20))

    world = scene(work, sent('{"n": "x", "kind": "music"}'), sent())
    again = world.wire.bodies[1]["messages"]
    assert [message["role"] for message in again] == ["user", "assistant", "user"]
    assert again[:2] == [
        *world.wire.bodies[0]["messages"],
        {"role": "assistant", "content": '{"n": "x", "kind": "music"}'},
    ]
    assert "`n` must be integer" in again[2]["content"]
    assert "music" not in again[2]["content"]
    assert world.paid() == 2
    assert world.retries() == {"does not fit": 1}


@pytest.mark.parametrize(
    ("second", "value", "reason"),
    [
        (sent('{"n": 4, "kind": "music"}'), {"n": 4, "kind": "music"}, "does not fit the schema"),
        (sent("I would rather talk."), {"n": 3, "kind": "music"}, "does not fit the schema"),
        (sent('{"n": 4', "max_tokens"), {"n": 3, "kind": "music"}, "max tokens"),
        (sent("", "model_context_window_exceeded"), {"n": 3, "kind": "music"}, "too long"),
        (RejectedError("rejected"), {"n": 3, "kind": "music"}, "rejected"),
        (PassingError("server error"), {"n": 3, "kind": "music"}, "server error"),
    ],
)
def test_what_came_last_is_kept_for_the_parts_that_fit(second: Outcome, value: Any, reason: str) -> None:
    async def work(world: World) -> None:
        reply = await world.ask()
        assert (reply.status, reply.value, reply.reason) == ("failed", value, reason)

    scene(work, sent('{"n": 3, "kind": "music"}'), second)


def test_an_empty_reply_is_asked_for_again_without_quoting_nothing() -> None:
    async def work(world: World) -> None:
        assert (await world.ask()).status == "answered"

    world = scene(work, sent(" "), sent())
    assert [message["role"] for message in world.wire.bodies[1]["messages"]] == ["user"]


def test_a_reply_cut_off_gets_more_room_once() -> None:
    async def work(world: World) -> None:
        assert (await world.ask(max_tokens=300)).status == "answered"
        failed = await world.ask(1, max_tokens=300)
        assert (failed.status, failed.reason, failed.usage) == ("failed", "max tokens", Usage(200, 20))

    cut = sent('{"n": 3, "ki', "max_tokens")
    world = scene(work, cut, sent(), cut, cut)
    assert [asked["max_tokens"] for asked in world.wire.bodies] == [300, 300 * MORE_ROOM] * 2
    assert world.wire.bodies[1]["messages"] == world.wire.bodies[0]["messages"]
    assert world.paid() == 4
    assert world.retries() == {"cut off": 2}


def test_cut_off_and_then_wrong_and_then_right() -> None:
    async def work(world: World) -> None:
        assert (await world.ask()).status == "answered"

    world = scene(work, sent("{", "max_tokens"), sent('{"n": 1}'), sent())
    assert [asked["max_tokens"] for asked in world.wire.bodies] == [500, 1000, 1000]
    assert world.retries() == {"cut off": 1, "does not fit": 1}


@pytest.mark.parametrize(
    "reply", [sent("", "refusal"), sent(GOOD, "refusal"), sent("I'm sorry, but I can't help with that.")]
)
def test_a_refusal_is_no_failure_and_is_not_argued_with(reply: Sent) -> None:
    async def work(world: World) -> None:
        assert await world.ask() == Reply("refused", {}, "refused", reply.usage)

    assert len(scene(work, reply).wire.bodies) == 1


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("I cannot assist with this request.", True),
        ("I can’t discuss that.", True),
        ("  Sorry, no.", True),
        ("I apologize, but no.", True),
        ("I won't describe this.", True),
        ("As an AI language model, I ...", True),
        ("I must decline.", True),
        ("I am unable to do so.", True),
        ("The user says: I'm sorry.", False),
        ("I can see that the user wants a poem.", False),
        ("Canned soup.", False),
        ("I'm sorry. " + "x" * 1200, False),
        ("", False),
    ],
)
def test_refusals_in_words(text: str, refused: bool) -> None:
    assert refuses(text) == refused


def test_a_sorry_with_an_object_is_an_answer() -> None:
    async def work(world: World) -> None:
        assert (await world.ask()).status == "answered"

    scene(work, sent(f"Sorry for the wait: {GOOD}"))


def test_half_a_surrogate_pair_does_not_get_through() -> None:
    """A model may write one as an escape; no table could hold it."""
    texts = ['{"n": 1, "kind": "a\\ud83d"}', '{"n": 1, "kind": "a\\uD83D\\uDE00"}', '{"n": 1, "kind": "a\ud83d"}']

    async def work(world: World) -> None:
        for wanted in ("a�", "a😀", "a�"):
            reply = await world.dialogue.ask(Question(Request("facets", "s", "u", {}), "some-model", lambda _: []))
            assert reply.value["kind"] == wanted

    scene(work, *map(sent, texts))


@given(st.text(max_size=40) | st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3).map(json.dumps))
def test_any_reply_ends_in_an_answer_or_a_row(text: str) -> None:
    async def work(world: World) -> None:
        reply = await world.ask()
        assert reply.status in ("refused", "failed")
        json.dumps(reply.value, ensure_ascii=False).encode()

    scene(work, sent(text))


def test_a_reply_that_came_in_a_batch_is_judged_like_any_other() -> None:
    async def work(world: World) -> None:
        reply = await world.ask(first=sent())
        assert (reply.status, reply.usage) == ("answered", Usage())
        assert world.wire.bodies == []
        reply = await world.ask(first=sent('{"n": 1}'))
        assert (reply.status, reply.usage) == ("answered", Usage(100, 10))
        reply = await world.ask(first=sent("{", "max_tokens"))
        assert (reply.status, reply.usage) == ("answered", Usage(100, 10))
        assert (await world.ask(first=sent("", "refusal"))).status == "refused"

    world = scene(work)
    assert len(world.wire.bodies) == 2
    assert len(world.wire.bodies[0]["messages"]) == 3
    assert world.wire.bodies[1]["max_tokens"] == 1000
    assert world.paid() == 2


# --- failures


def test_passing_failures_are_tried_again_with_longer_and_longer_waits() -> None:
    async def work(world: World) -> None:
        assert (await world.ask()).status == "answered"

    failure = PassingError("server error")
    world = scene(work, failure, failure, failure, failure, sent(), max_retries=4)
    gaps = [after - before - 1 for before, after in zip(world.wire.at, world.wire.at[1:], strict=False)]
    assert all(wait / 2 <= gap <= wait + 0.01 for gap, wait in zip(gaps, [0.5, 1, 2, 4], strict=True))
    assert world.retries() == {"server error": 4}
    assert world.paid() == 1


@pytest.mark.parametrize(("pushed_back", "times"), [(False, 3), (True, 2 * PATIENCE + 1)])
def test_in_the_end_it_is_a_row(pushed_back: bool, times: int) -> None:
    async def work(world: World) -> None:
        reply = await world.ask()
        assert (reply.status, reply.reason) == ("failed", "why not")

    world = scene(work, PassingError("why not", pushed_back=pushed_back), max_retries=2)
    assert len(world.wire.bodies) == times
    assert world.paid() == 0
    assert world.retries() == {"why not": times - 1}


def test_a_request_told_to_wait_waits_and_everybody_with_it() -> None:
    async def work(world: World) -> None:
        replies = await asyncio.gather(*(world.ask(number) for number in range(12)))
        assert {reply.status for reply in replies} == {"answered"}

    def answer(_: Mapping[str, Any], number: int) -> Outcome:
        return PassingError("rate limited", 50.0, pushed_back=True) if number == 5 else sent()

    world = scene(work, answer)
    told = world.wire.at[5] + 1
    assert not [at for at in world.wire.at if told + 0.001 < at < told + 50]
    assert len(world.wire.bodies) == 13


@pytest.mark.parametrize("told", [float("inf"), 86_400.0])
def test_no_server_can_put_a_request_to_sleep_for_good(told: float) -> None:
    async def work(world: World) -> None:
        assert (await world.ask()).status == "answered"

    world = scene(work, PassingError("server error", told), sent())
    assert world.wire.at[1] - world.wire.at[0] == pytest.approx(LONGEST_ASKED_S + 1)


def test_a_stalled_request_holds_nobody() -> None:
    async def work(world: World) -> None:
        world.wire.takes = lambda body: 10_000 if body["messages"][0]["content"].endswith("no. 99") else 1
        stalled = asyncio.create_task(world.ask(99))
        await asyncio.sleep(0)
        began = now()
        await asyncio.gather(*(world.ask(number) for number in range(30)))
        assert now() - began == pytest.approx(10)  # three of four slots are free
        assert not stalled.done()
        stalled.cancel()
        await asyncio.wait([stalled])

    scene(work)


@pytest.mark.parametrize("error", [ModelSetupError("the key"), ValueError("a defect")])
def test_what_concerns_all_is_raised_and_nothing_stays_set_aside(error: Exception) -> None:
    async def work(world: World) -> None:
        with pytest.raises(type(error)):
            await world.ask()
        nothing_is_set_aside(world)

    scene(work, error, budget_usd=1.0)


# --- when nearly everything fails


@pytest.mark.parametrize("pushed_back", [False, True])
def test_an_outage_stops_the_run_and_loses_no_conversation(pushed_back: bool) -> None:
    """From one moment on nothing comes through: not one conversation becomes a failed row, then the run stops."""
    ends: list[Reply | BaseException] = []

    async def work(world: World) -> None:
        tasks = [asyncio.create_task(world.ask(number)) for number in range(3000)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        ends.extend(task.exception() or task.result() for task in tasks if task.done())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def answer(_: Mapping[str, Any], number: int) -> Outcome:
        return sent() if number < 640 else PassingError("server error", pushed_back=pushed_back)

    world = scene(work, answer, concurrency=64, max_retries=6)
    replies = [end for end in ends if isinstance(end, Reply)]
    assert {reply.status for reply in replies} == {"answered"}
    assert len(replies) == 640
    errors = [end for end in ends if not isinstance(end, Reply)]
    assert {type(error) for error in errors} == {ModelPassingError}
    assert "(server error)" in str(errors[0])
    assert SECRET not in str(errors[0])
    stopped = max(world.wire.at) - world.wire.at[640]
    assert PATIENCE_S <= stopped < 20 * PATIENCE_S


def test_after_an_outage_that_ends_in_time_everything_is_answered() -> None:
    async def work(world: World) -> None:
        replies = await asyncio.gather(*(world.ask(number) for number in range(1000)))
        assert {reply.status for reply in replies} == {"answered"}

    def answer(_: Mapping[str, Any], number: int) -> Outcome:
        return PassingError("server error") if 1040 <= now() < 1040 + 0.7 * PATIENCE_S else sent()

    world = scene(work, answer, concurrency=8, max_retries=6)
    assert world.paid() == 1000
    assert world.retries()["server error"] > WINDOW


# --- money


def worst(max_tokens: int = 500) -> float:
    tokens = most_input_tokens(Request("facets", "Answer.", f"User: {SECRET} no. 10", SCHEMA))
    return (tokens * 1.25 * PRICE.input + max_tokens * PRICE.output) / 1e6


@given(
    costs=st.lists(st.integers(0, 500), min_size=1, max_size=40),
    share=st.floats(0.5, 12),
    seed=st.integers(0, 99),
    wrong=st.sets(st.integers(0, 60)),
)
def test_the_budget_is_never_passed_and_nobody_waits_for_ever(
    costs: list[int], share: float, seed: int, wrong: set[int]
) -> None:
    """Requests of all costs, some that do not fit, some that fail: each ends with a reply or with the budget's end."""
    rng, budget = random.Random(seed), share * worst()
    ends: list[Any] = []

    async def work(world: World) -> None:
        tasks = [asyncio.create_task(world.ask(number)) for number in range(len(costs))]
        for task in tasks:
            if rng.random() < 0.1:
                asyncio.get_running_loop().call_later(rng.random() * 5, task.cancel)
        ends.extend(await asyncio.gather(*tasks, return_exceptions=True))
        assert world.ledger.spent_usd <= budget + 1e-12
        nothing_is_set_aside(world)

    def answer(_: Mapping[str, Any], number: int) -> Outcome:
        if number in wrong:
            return rng.choice(
                [PassingError("server error"), sent("{}", usage=Usage(50, 50)), RejectedError("rejected")]
            )
        return sent(usage=Usage(100, costs[number % len(costs)]))

    scene(work, answer, budget_usd=budget)
    for end in ends:
        assert isinstance(end, (Reply, BudgetError, asyncio.CancelledError))


def test_what_turns_out_cheaper_lets_more_be_bought() -> None:
    """The worst case of two fits; each costs a tenth of it: about twenty are bought, two at a time."""
    ends: list[Any] = []

    async def work(world: World) -> None:
        ends.extend(await asyncio.gather(*(world.ask(n) for n in range(100)), return_exceptions=True))

    cheap = sent(usage=Usage(round(worst() * 1e6 / 10), 0))
    world = scene(work, cheap, budget_usd=2.05 * worst())
    bought = [end for end in ends if isinstance(end, Reply)]
    assert 10 <= len(bought) <= 12
    assert world.wire.most == 2
    assert {type(end) for end in ends} == {Reply, BudgetError}
    assert world.ledger.spent_usd <= 2.05 * worst()


def test_a_budget_set_aside_elsewhere_does_not_hang() -> None:
    """A batch that is being put together holds the rest: nothing here can change that, so it is said."""

    async def work(world: World) -> None:
        with pytest.raises(BudgetError, match="batch"):
            await world.ask()
        world.ledger.settle(held)
        assert (await world.ask()).status == "answered"

    ledger = Ledger(None, {"some-model": PRICE}, 1.0)
    held = ledger.reserve("some-model", 0, 199_999)
    assert held is not None
    scene(work, ledger=ledger, budget_usd=1.0)


def test_the_re_ask_is_set_aside_in_full() -> None:
    """It is longer than the first: what was said before goes with it."""
    long = '{"n": "' + "x" * 4000 + '"}'

    async def work(world: World) -> None:
        with pytest.raises(BudgetError):
            await world.ask()
        assert world.paid() == 1

    scene(work, sent(long), budget_usd=worst() + 200 / 1e6)


@given(st.integers(0, 40))
def test_cancelled_at_any_moment_nothing_is_held_and_what_was_paid_is_counted(steps: int) -> None:
    async def work(world: World) -> None:
        others = [asyncio.create_task(world.ask(number)) for number in range(3)]
        task = asyncio.create_task(world.ask(9))
        for _ in range(steps):
            await asyncio.sleep(0 if steps % 2 else 0.1)
        task.cancel()
        await asyncio.gather(task, *others, return_exceptions=True)
        assert world.throttle.out == 0
        answered = [one for one in (*others, task) if not one.cancelled()]
        assert len(answered) in (3, 4)
        assert world.paid() in (len(answered), 4)
        nothing_is_set_aside(world)

    scene(work, budget_usd=1.0, concurrency=2)


def stopped_when_it_is_paid(world: World) -> asyncio.Task[Reply]:
    """A question that is told to stop in the very step in which its reply is counted."""
    add = world.ledger.add

    def counted(*args: Any, **more: Any) -> None:
        add(*args, **more)
        task.cancel()

    world.ledger.add = counted  # type: ignore[method-assign]
    task = asyncio.create_task(world.ask())
    return task


def test_a_reply_that_was_paid_for_is_given_though_one_was_told_to_stop() -> None:
    """Between the reply and its keeping there is no moment at which it could be lost."""

    async def work(world: World) -> None:
        task = stopped_when_it_is_paid(world)
        assert (await task).status == "answered"
        assert world.paid() == 1

    scene(work)


def test_nothing_more_is_bought_after_one_was_told_to_stop() -> None:
    async def work(world: World) -> None:
        task = stopped_when_it_is_paid(world)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert world.paid() == len(world.wire.bodies) == 1

    scene(work, sent('{"n": "wrong"}'), sent())


# --- does the endpoint keep to a schema?


@pytest.mark.parametrize(
    ("outcome", "structured"),
    [
        (sent('{"ready": "yes"}'), True),
        (sent('{"ready": "no"}'), False),
        (sent("I am ready."), False),
        (RejectedError("rejected"), False),
        (PassingError("timed out"), False),
    ],
)
def test_the_probe(outcome: Outcome, structured: bool) -> None:
    async def work(world: World) -> None:
        await world.dialogue.probe("some-model")
        assert world.dialogue.structured is structured
        await world.dialogue.ask(Question(Request("facets", "s", "u", SCHEMA), "some-model", lambda _: []))

    world = scene(work, outcome)
    assert "output_config" in world.wire.bodies[0]
    assert ("output_config" in world.wire.bodies[-1]) == structured


def test_no_text_is_in_a_repr() -> None:
    request = Request("facets", "Answer.", SECRET, SCHEMA)
    question = Question(request, "some-model", lambda _: [])
    assert SECRET not in repr(question)
    assert SECRET not in repr(sent(SECRET))
