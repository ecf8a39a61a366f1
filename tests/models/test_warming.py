from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from clio.config.facets import Facet, Option
from clio.config.models import MessagesWriter
from clio.config.prices import PriceConfig
from clio.errors import BudgetError, ModelSetupError, RunError
from clio.models import throttle
from clio.models.ledger import most_input_tokens
from clio.models.messages import MessagesBackend
from clio.models.protocol import Answer, Evidence, Request, Transcript
from clio.models.reply_cache import ReplyCache
from clio.models.warming import BOOK
from clio.prompts.facets import shipped
from clio.testing.messages_server import Reply, Server, ServerConfig, said, serve

SECRET = "zebra quartz 4411"
KIND = Facet(name="kind", kind="category", question="Which?", options=(Option(value="code"), Option(value="prose")))
WORK = Facet(name="work", kind="boolean", question="Is it about work?")
FACETS = (shipped()["request"], KIND, shipped()["concern"])
GOOD = json.dumps({"request": "fix a loop", "kind": "code", "concern": "1"})
PRICES = {"some-model": PriceConfig(input=1.0, output=5.0)}
FAST = ServerConfig(batch_ms=5)

MADE: list[MessagesBackend] = []


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(throttle, "FIRST_WAIT_S", 0.01)
    yield
    while MADE:
        MADE.pop().close()


def backend(server: Server, folder: Path | None, **more: Any) -> MessagesBackend:
    settings: dict[str, Any] = {
        "batches": ("extract_facets", "describe", "arrange"),
        "structured_outputs": True,
        "batch_poll_s": 0.01,
        "max_retries": 2,
        "concurrency": 4,
        **more,
    }
    config = MessagesWriter(model="some-model", base_url=server.base_url, **settings)
    MADE.append(MessagesBackend(config, folder, ReplyCache()))
    return MADE[-1]


def transcripts(count: int, first: int = 0) -> list[Transcript]:
    return [
        Transcript(f"c{n}", f"User: {SECRET} no. {n} here", f"{SECRET} no. {n}", 1.0, "en")
        for n in range(first, first + count)
    ]


def number_of(body: dict[str, Any]) -> int:
    return int(said(body).split("no. ")[1].split()[0])


def warm(writer: MessagesBackend, count: int, facets: Sequence[Facet] = FACETS) -> list[Sequence[Answer]]:
    """As the stage does: all that will be asked is shown first."""
    asked = transcripts(count)
    writer.warm(lambda: (asked[at : at + 4] for at in range(0, count, 4)), facets)
    return list(writer.answer(asked, facets))


def values(rows: Sequence[Sequence[Answer]]) -> list[list[Any]]:
    return [[answer.value for answer in row] for row in rows]


def nothing_is_set_aside(writer: MessagesBackend) -> None:
    """Else the ledger would say: try again when that is settled."""
    with pytest.raises(BudgetError):
        writer.ledger.reserve("some-model", 10**9, 10**9)


# --- the ordinary case


def test_facets_come_from_batches_at_half_the_price(tmp_path: Path) -> None:
    with serve(FAST) as server:
        told: list[str] = []
        writer = backend(server, tmp_path, batch_requests=8, prices=PRICES)
        writer.say = told.append
        rows = warm(writer, 20)
        stats, spent = server.stats(), writer.spending()
        assert (stats["requests"], stats["batch_items"], stats["batches"]) == (0, 20, 3)
        assert (spent["total"]["replies"], spent["total"]["in_batches"]) == (20, 20)
        billed = stats["billed_in_batches"]
        read, written = billed["cache_read_input_tokens"], billed["cache_creation_input_tokens"]
        full = billed["input_tokens"] + 0.1 * read + 1.25 * written + 5 * billed["output_tokens"]
        assert spent["total"]["cost_usd"] == pytest.approx(full / 2e6)
        assert spent["batches"]["facets"]["succeeded"] == 20
        assert spent["batches"]["facets"]["left"] == 0
        assert set(spent["facets"]) == {facet.name for facet in FACETS}
        assert writer.usage["facets"].output_tokens == billed["output_tokens"]
        assert any("20" in line or "8" in line for line in told)
        assert SECRET not in " ".join(told)
        # The answers are those that would have been given one by one.
        alone = MessagesBackend(
            MessagesWriter(model="some-model", base_url=server.base_url, structured_outputs=True, reply_cache=False)
        )
        MADE.append(alone)
        assert values(rows) == values(list(alone.answer(transcripts(20), FACETS)))


def test_a_second_time_nothing_is_sent_and_what_it_saves_is_counted(tmp_path: Path) -> None:
    with serve(FAST) as server:
        first = backend(server, tmp_path / "one", prices=PRICES)
        rows = warm(first, 10)
        second = backend(server, tmp_path / "two", prices=PRICES)
        assert values(warm(second, 10)) == values(rows)
        assert (server.stats()["requests"], server.stats()["batch_items"]) == (0, 10)
        spent, saved = first.spending()["total"], second.spending()["total"]
    assert (saved["replies"], saved["from_cache"]) == (0, 10)
    assert saved["saved_usd"] == pytest.approx(spent["cost_usd"], rel=0.01)
    assert saved["saved_tokens"] > 0


def test_killed_before_the_stage_asked_the_replies_are_there(tmp_path: Path) -> None:
    """Collected by one process, judged by the next: paid for once, counted once."""
    with serve(FAST) as server:
        first = backend(server, tmp_path)
        first.warm(lambda: [transcripts(6)], FACETS)
        first.close()
        second = backend(server, tmp_path)
        assert len(warm(second, 6)) == 6
        assert (server.stats()["requests"], server.stats()["batch_items"]) == (0, 6)
        assert second.spending()["total"]["replies"] == 6


def test_only_a_reworded_facet_goes_in_a_batch_and_bears_its_cost(tmp_path: Path) -> None:
    reworded = KIND.model_copy(update={"question": "Which of the two?"})
    with serve(FAST) as server:
        warm(backend(server, tmp_path / "one"), 5)
        writer = backend(server, tmp_path / "two")
        assert len(warm(writer, 5, (FACETS[0], reworded, FACETS[2]))) == 5
        sent = [one.body for one in server.received if (one.method, one.path) == ("POST", "/v1/messages/batches")]
        schemas = [item["params"]["output_config"]["format"]["schema"] for item in sent[-1]["requests"]]
        assert [list(schema["properties"]) for schema in schemas] == [["kind"]] * 5
        assert server.stats()["requests"] == 0
        spent = writer.spending()["facets"]
    assert set(spent) == {"kind"}
    assert spent["kind"]["output_tokens"] > 0


def test_names_and_other_questions_go_in_batches_too(tmp_path: Path) -> None:
    evidence = [Evidence([f"mend my loop {n}"], ["bake a cake"], ["loop"]) for n in range(4)]
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    with serve(FAST) as server:
        writer = backend(server, tmp_path)
        found = list(writer.describe(evidence))
        assert all(len(names) == 1 for names in found)
        replies = list(writer.ask([Request("assign", "s", f"u {n}", schema) for n in range(3)]))
        assert {reply.status for reply in replies} == {"answered"}
        stats = server.stats()
        assert (stats["requests"], stats["batch_items"], stats["batches"]) == (0, 7, 2)
        assert set(writer.spending()["stages"]) == {"describe", "arrange"}
        again = backend(server, tmp_path)
        assert list(again.describe(evidence)) == found
        assert server.stats()["batch_items"] == 7


def test_only_the_stages_that_the_config_names(tmp_path: Path) -> None:
    with serve(FAST) as server:
        writer = backend(server, tmp_path, batches=("extract_facets",))
        assert (writer.warms("extract_facets"), writer.warms("describe")) == (True, False)
        assert len(list(writer.describe([Evidence(["mend my loop"], [], [])]))) == 1
        assert server.stats()["batches"] == 0


def test_a_run_is_needed(tmp_path: Path) -> None:
    with serve(FAST) as server, pytest.raises(ModelSetupError, match="a run to note them in"):
        warm(backend(server, None), 1)


@pytest.mark.parametrize("kind", ["yes", "no", "ignore"])
def test_a_batch_asks_as_the_endpoint_likes_it(kind: Any, tmp_path: Path) -> None:
    with serve(ServerConfig(structured_outputs=kind, batch_ms=5)) as server:
        rows = warm(backend(server, tmp_path, structured_outputs="auto"), 6)
        assert {answer.status for row in rows for answer in row} <= {"answered", "na"}
        assert (server.stats()["requests"], server.stats()["batch_items"]) == (1, 6)  # the one question, and no more


# --- what does not come back as it should


def test_a_reply_that_does_not_fit_is_asked_for_again_one_by_one(tmp_path: Path) -> None:
    wrong = json.dumps({"request": "fix a loop", "kind": "music", "concern": "1"})

    def script(body: dict[str, Any], _: int) -> Reply:
        return Reply(wrong if number_of(body) == 2 and len(body["messages"]) == 1 else GOOD)

    with serve(FAST, script) as server:
        writer = backend(server, tmp_path)
        rows = warm(writer, 5)
        assert values(rows) == [["fix a loop", "code", 1]] * 5
        (again,) = server.bodies
        assert [message["role"] for message in again["messages"]] == ["user", "assistant", "user"]
        assert "`kind`: not an option" in again["messages"][2]["content"]
        total = writer.spending()["total"]
        assert (total["replies"], total["in_batches"], total["retries"]) == (6, 5, {"does not fit": 1})


def test_a_reply_cut_off_gets_more_room_and_a_refusal_stands(tmp_path: Path) -> None:
    def script(body: dict[str, Any], number: int) -> Reply:
        if number >= 3:
            return Reply(GOOD)
        return [Reply('{"request": "fi', "max_tokens"), Reply("", "refusal"), Reply(GOOD)][number_of(body)]

    with serve(FAST, script) as server:
        writer = backend(server, tmp_path)
        rows = warm(writer, 3)
        assert [row[0].status for row in rows] == ["answered", "refused", "answered"]
        (more,) = server.bodies
        sent = next(one.body for one in server.received if one.path == "/v1/messages/batches")
        assert more["max_tokens"] == 2 * sent["requests"][0]["params"]["max_tokens"]
        assert writer.spending()["total"]["replies"] == 4


@pytest.mark.parametrize("fault", ["expired", "errored", "canceled"])
def test_what_no_batch_answers_is_asked_one_by_one(fault: str, tmp_path: Path) -> None:
    with serve(ServerConfig(faults={fault: 0.4}, batch_ms=5, seed=4)) as server:
        writer = backend(server, tmp_path, budget_usd=10.0, prices=PRICES)
        rows = warm(writer, 20)
        assert {answer.status for row in rows for answer in row} <= {"answered", "na"}
        stats, total = server.stats(), writer.spending()["total"]
        assert stats["requests"] > 0
        assert total["replies"] == stats["bought"] == 20
        nothing_is_set_aside(writer)


def test_equal_texts_are_one_request_and_no_id_leaves(tmp_path: Path) -> None:
    text = f"User: {SECRET}"
    both = [Transcript(f"conversation-of-{name}", text, SECRET, 1.0) for name in ("alice", "bob")]
    with serve(FAST) as server:
        writer = backend(server, tmp_path, budget_usd=10.0, prices=PRICES)
        writer.warm(lambda: [both[:1], both[1:]], FACETS)
        assert server.stats()["batch_items"] == 1
        nothing_is_set_aside(writer)
        rows = list(writer.answer(both, FACETS))
        assert values(rows)[0] == values(rows)[1]
        assert server.stats()["requests"] == 0
        sent = next(one.body for one in server.received if one.path == "/v1/messages/batches")
        assert re.fullmatch("[0-9a-f]{64}", sent["requests"][0]["custom_id"])
        assert "conversation-of" not in json.dumps(sent)
        writer.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"conversation-of" not in path.read_bytes()


def test_empty_conversations_and_no_facets_are_no_requests(tmp_path: Path) -> None:
    with serve(FAST) as server:
        writer = backend(server, tmp_path)
        writer.warm(lambda: [[Transcript("c", "  ", "", 0.0)]], FACETS)
        writer.warm(lambda: [transcripts(2)], [])
        writer.warm(list, FACETS)
        assert server.stats()["batches"] == 0


# --- money


def worst(count: int = 1) -> float:
    """What so many of the requests can cost in a batch."""
    from clio.models.asked import Asked
    from clio.prompts.facets import conversation_message

    request = Asked.of(FACETS).request(conversation_message(transcripts(1, 10)[0].text))
    return count * (1.25 * most_input_tokens(request) + 5 * request.max_tokens) / 2e6


def test_a_budget_lets_a_part_out_at_a_time(tmp_path: Path) -> None:
    """Six would fit if each were as dear as it can be; each is far cheaper, so that all are bought, a few at a time."""
    with serve(FAST) as server:
        budget = 6.5 * worst()
        writer = backend(server, tmp_path, budget_usd=budget, prices=PRICES)
        read = 0

        def groups() -> Iterator[Sequence[Transcript]]:
            nonlocal read
            read += 1
            yield from (transcripts(5, first) for first in range(0, 25, 5))

        writer.warm(groups, FACETS)
        stats = server.stats()
        assert (stats["requests"], stats["batch_items"], stats["distinct"]) == (0, 25, 25)
        assert 3 <= stats["batches"] == read <= 8
        assert writer.ledger.spent_usd <= budget
        assert writer.spending()["batches"]["facets"]["succeeded"] == 25
        nothing_is_set_aside(writer)
        assert len(list(writer.answer(transcripts(25), FACETS))) == 25
        assert server.stats()["requests"] == 0


def test_a_budget_that_is_used_up_stops_it_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    spent: list[float] = []
    with serve(FAST) as server:
        for budget in (1.5 * worst(), 2.5 * worst(), 10.0):
            writer = backend(server, tmp_path, budget_usd=budget, prices=PRICES)
            if budget < 10:
                with pytest.raises(BudgetError, match="budget_usd"):
                    warm(writer, 60)
                nothing_is_set_aside(writer)
            else:
                assert len(warm(writer, 60)) == 60
            spent.append(writer.ledger.spent_usd)
            assert spent[-1] <= budget
            writer.close()
        stats = server.stats()
    assert stats["requests"] == 0
    assert stats["batch_items"] == stats["distinct"] == stats["bought"] == 60
    assert spent == sorted(set(spent))


@pytest.mark.parametrize("fault", ["errored", "expired"])
def test_items_that_never_succeed_come_to_an_end(fault: str, tmp_path: Path) -> None:
    """With a budget that lets out a few at a time, what failed must not be offered again and again."""
    with serve(ServerConfig(faults={fault: 1.0}, batch_ms=2)) as server:
        writer = backend(server, tmp_path, budget_usd=3.5 * worst(), prices=PRICES)
        writer.warm(lambda: [transcripts(10)], FACETS)
        stats = server.stats()
        assert stats["bought"] == 0
        assert stats["batch_items"] == 20  # each is sent once more, and no more
        assert writer.spending()["batches"]["facets"]["left"] == 10
        nothing_is_set_aside(writer)


def test_finding_out_what_is_wanted_may_cost_money_too(tmp_path: Path) -> None:
    """As with a screener whose batch left some conversations unanswered: they are asked one by one while the next
    batch is put together, which holds what is left of the budget. That must neither hang nor fail.
    """
    with serve(FAST) as server:
        budget = 8 * worst()
        writer = backend(server, tmp_path, budget_usd=budget, prices=PRICES)

        def groups() -> Iterator[Sequence[Transcript]]:
            for first in range(0, 24, 4):
                part = transcripts(4, first)
                said_of = list(writer.answer(part, [WORK]))
                assert len(said_of) == 4
                yield part

        writer.warm(groups, FACETS)
        stats = server.stats()
        assert (stats["requests"], stats["batch_items"]) == (24, 24)
        assert writer.ledger.spent_usd <= budget
        nothing_is_set_aside(writer)


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (ServerConfig(without=("batches",)), ModelSetupError),
        (ServerConfig(api_key="another"), ModelSetupError),
    ],
    ids=["no batches", "wrong key"],
)
def test_what_was_set_aside_is_given_back_when_it_fails(config: ServerConfig, error: Any, tmp_path: Path) -> None:
    with serve(config) as server:
        writer = backend(server, tmp_path, budget_usd=10.0, prices=PRICES)
        with pytest.raises(error) as caught:
            warm(writer, 3)
        nothing_is_set_aside(writer)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_the_room_to_think_is_set_aside_too(tmp_path: Path) -> None:
    """A model that thinks may use all of ``max_tokens``, which is more than the answer's room."""
    with serve(FAST) as server:
        config = MessagesWriter(
            model="claude-haiku-5-5",
            base_url=server.base_url,
            structured_outputs=True,
            batches=("extract_facets",),
            batch_poll_s=0.01,
            budget_usd=worst() * 1.5,
            prices={"claude-haiku-5-5": PRICES["some-model"]},
        )
        with MessagesBackend(config, tmp_path, ReplyCache()) as writer, pytest.raises(BudgetError):
            warm(writer, 1)
        assert server.stats()["batches"] == 0


# --- nothing is lost, nothing gets out


def test_a_cache_that_cannot_keep_a_reply_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(FAST) as server:
        writer = backend(server, tmp_path, budget_usd=10.0, prices=PRICES)
        with monkeypatch.context() as broken:
            broken.setattr(ReplyCache, "put", lambda *_, **__: False)
            with pytest.raises(RunError, match="cannot be kept") as caught:
                warm(writer, 3)
        nothing_is_set_aside(writer)
        assert len(warm(writer, 3)) == 3
        stats = server.stats()
    assert (stats["requests"], stats["batch_items"]) == (0, 3)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_no_text_in_the_book_in_logs_and_in_what_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("anthropic", "httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    told: list[str] = []
    faults = {"errored": 0.3, "schema": 0.2, "500": 0.1, "529": 0.1}
    config = ServerConfig(batch_ms=5, faults=faults, faults_everywhere=True, retry_after_s=0.01, seed=3)
    with serve(config) as server:
        writer = backend(server, tmp_path, max_retries=8)
        writer.say = told.append
        warm(writer, 20)
        writer.close()
    assert told
    assert caplog.records
    for text in (*told, caplog.text, *(repr(vars(record)) for record in caplog.records)):
        assert SECRET not in text
    assert (tmp_path / BOOK).is_file()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes()
