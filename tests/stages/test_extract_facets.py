from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config import load_config
from clio.config.facets import Facet, FacetsConfig, Screener, Window
from clio.conversations.types import Conversation, Turn
from clio.errors import ModelPassingError, ModelSetupError
from clio.models.protocol import Answer, Description, Evidence, Reply, Request, Transcript
from clio.privacy.duplicates import groups, signature
from clio.privacy.leaks import Gauge
from clio.privacy.redact import Redactor
from clio.privacy.redact.policy import Verdict, judge_all
from clio.stages._answers import held
from clio.stages._transcripts import SEAM, Source
from clio.stages.extract_facets import Tools, extract_facets, flights
from clio.tables import FACETS, SCREENED
from tests.fakes import HashingEncoder, ScriptedWriter, words_of

CANARY = "zxcanaryqv"
REDACTOR = Redactor(load_config({"redact": {"names": "off"}}).redact)
OPTIONS = [{"value": value} for value in ("alpha", "beta", "gamma")]
FACETS_ASKED: tuple[Facet, ...] = tuple(
    Facet.model_validate(given)
    for given in (
        {"name": "request", "kind": "text", "question": "?", "cluster": True},
        {"name": "task", "kind": "text", "question": "?"},
        {"name": "use", "kind": "category", "question": "?", "options": OPTIONS},
        {"name": "tags", "kind": "multi", "question": "?", "options": OPTIONS},
        {"name": "concern", "kind": "scale", "question": "?"},
        {"name": "flag", "kind": "boolean", "question": "?"},
        {"name": "amount", "kind": "number", "question": "?", "minimum": 0},
        {"name": "turns", "kind": "computed"},
        {"name": "language", "kind": "computed"},
        {"name": "model", "kind": "computed"},
    )
)
ASKED = sum(facet.answered_by_model for facet in FACETS_ASKED)
JUDGE = partial(judge_all, redactor=REDACTOR)
Redact = Callable[[Sequence[str]], list[str | None]]


def redact(texts: Sequence[str]) -> list[str | None]:
    return [found.text for found in REDACTOR.redact_many(texts, names=False)]


def source(number: int, *texts: str, kind: str = "text") -> Source:
    """User turns with an answer after each."""
    turns = tuple(
        turn
        for text in texts
        for turn in (Turn("user", text, kind), Turn("assistant", "Here you are."))  # type: ignore[arg-type]
    )
    row = {
        "conversation_id": f"c{number}", "started_at": datetime(2025, 3, 3, tzinfo=UTC), "turns": len(turns),
        "characters": sum(len(turn.text) for turn in turns), "model": None, "surface": None, "metadata": "{}",
    }  # fmt: skip
    return Source(row, Conversation(turns, None, None, None, number))


def extracted(
    batch: Sequence[Source],
    writer: Any = None,
    *,
    config: FacetsConfig | None = None,
    facets: Sequence[Facet] = FACETS_ASKED,
    source_redactor: Redact = redact,
    written_redactor: Redact = redact,
) -> tuple[dict[tuple[str, str], dict[str, Any]], list[dict[str, Any]]]:
    """Rows by conversation and facet (each there once), and what the screener left out."""
    tools = Tools(writer or ScriptedWriter(), HashingEncoder(), source_redactor, written_redactor, JUDGE)
    rows, screened = extract_facets(batch, facets, config or FacetsConfig(), tools)
    FACETS.build(rows)
    SCREENED.build(screened)
    by_key = {(row["conversation_id"], row["facet"]): row for row in rows}
    left_out = {row["conversation_id"] for row in screened}
    kept = [s.row["conversation_id"] for s in batch if s.row["conversation_id"] not in left_out]
    assert len(rows) == len(by_key)
    assert [(row["conversation_id"], row["facet"]) for row in rows] == [(n, f.name) for n in kept for f in facets]
    assert len(screened) == len(left_out)
    for row in rows:
        assert (row["value"] is not None) == (row["status"] == "answered")
        assert 0 <= row["read_share"] <= 1
    return by_key, screened


values = st.one_of(
    st.none(), st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=5)),
    st.sampled_from(["alpha", ["alpha", "beta"], [], ["alpha", CANARY], 3, True, 7.5, "baking bread", -1, b"x"]),
)  # fmt: skip
answers = st.builds(
    Answer,
    st.sampled_from(["answered", "answered", "na", "refused", "failed", CANARY]),
    values,
    st.sampled_from(["w", "extractive", f"{CANARY} wrote"]),
    st.sampled_from(["", "nothing near", f"The user said {CANARY}", "9 lives"]),
)
said = st.sampled_from(
    ["help me bake bread", "", "   ", "what does baking bread at home cost?", "🍞", "Write to me@example.org please"]
)


@settings(max_examples=30)
@given(st.lists(st.lists(said, min_size=1, max_size=2), max_size=4), st.data())
def test_one_row_per_conversation_and_facet_whatever_the_writer_does(
    talks: list[list[str]], data: st.DataObject
) -> None:
    def script(_: Transcript, __: Facet) -> Answer:
        return data.draw(answers)

    batch = [source(number, *texts) for number, texts in enumerate(talks)]
    found, _ = extracted(batch, ScriptedWriter(script))
    assert len(found) == len(batch) * len(FACETS_ASKED)
    assert CANARY not in json.dumps(list(found.values()))
    for (_, name), row in found.items():
        facet = next(f for f in FACETS_ASKED if f.name == name)
        assert row["status"] in ("answered", "na", "refused", "failed")
        if row["status"] != "answered":
            continue
        if facet.kind == "category":
            assert row["value"] in ("alpha", "beta", "gamma")
        elif facet.kind == "multi":
            assert set(json.loads(row["value"])) <= {"alpha", "beta", "gamma"}
        elif facet.kind == "scale":
            assert json.loads(row["value"]) in range(1, 6)
        elif facet.kind == "number":
            assert 0 <= json.loads(row["value"]) < float("inf")
        elif facet.kind == "boolean":
            assert row["value"] in ("true", "false")


def test_every_kind_is_stored_as_it_was_answered() -> None:
    found, _ = extracted([source(1, "help me bake sourdough bread")])
    row = {name: found["c1", name] for name in ("request", "use", "tags", "concern", "flag", "amount", "turns")}
    assert row["request"]["value"] == "bake sourdough bread"
    assert row["use"]["value"] in ("alpha", "beta", "gamma")
    assert isinstance(json.loads(row["tags"]["value"]), list)
    assert {type(json.loads(row[name]["value"])) for name in ("concern", "flag", "amount")} == {int, bool, float}
    assert (row["turns"]["value"], row["turns"]["writer"]) == ("2", "computed")
    assert found["c1", "model"]["status"] == "na"
    assert {r["status"] for r in row.values()} == {"answered"}


def always(answer: Answer) -> ScriptedWriter:
    return ScriptedWriter(lambda _, facet: answer if facet.kind == "text" else None)


@pytest.mark.parametrize("status", ["na", "refused", "failed"])
def test_what_was_not_answered_stays_so(status: Any) -> None:
    found, _ = extracted([source(1, "help me bake bread")], always(Answer(status, writer="w", reason="overloaded")))
    row = found["c1", "request"]
    assert (row["status"], row["reason"], row["writer"]) == (status, "overloaded", "w")
    assert found["c1", "use"]["status"] == "answered"


@pytest.mark.parametrize(
    ("text", "fault"),
    [("the history of the Roman empire", "not grounded"), ("bake bread " * 60, "too long"), ("!!!", "malformed"),
     ("bake bake bake bread", "repetition"), ("[EMAIL]", "placeholder only"),
     ("Summary: bake bread", "echo of the prompt")],
)  # fmt: skip
def test_a_text_that_does_not_hold_gives_way_to_the_users_sentence(text: str, fault: str) -> None:
    said = "Please help me bake sourdough bread."
    found, _ = extracted([source(1, said), source(2, "unrelated and fine")], always(Answer("answered", text, "w")))
    row = found["c1", "request"]
    assert (row["value"], row["writer"], row["reason"]) == ("Please help me bake sourdough bread.", "extractive", fault)


def test_the_stand_in_is_redacted_too() -> None:
    said = "Please help me write to anna.schmidt@example.org about the sourdough."
    found, _ = extracted([source(1, said)], always(Answer("answered", "the Roman empire", "w")))
    assert found["c1", "request"]["value"] == "Please help me write to [EMAIL] about the sourdough."


class Rephrasing(ScriptedWriter):
    """A writer that follows instructions: asked for other words it says ``words``, or nothing."""

    def __init__(self, script: Any, words: str | None) -> None:
        super().__init__(script)
        self.words, self.requests = words, list[Request]()

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        self.requests += requests
        for _ in requests:
            yield Reply("failed") if self.words is None else Reply("answered", {"text": self.words})


MAIL = "bake bread with anna.schmidt@example.org at home"


def test_a_written_text_with_an_identifier_gives_way_to_the_opening() -> None:
    found, _ = extracted([source(1, "how to bake bread at home")], always(Answer("answered", MAIL, "w")))
    row = found["c1", "request"]
    assert (row["value"], row["writer"]) == ("how to bake bread at home", "extractive")
    assert row["reason"] == "withheld, identifier"


def test_a_writer_that_can_is_asked_for_other_words_once() -> None:
    writer = Rephrasing(lambda _, f: Answer("answered", MAIL, "w") if f.kind == "text" else None, "bake bread at home")
    found, _ = extracted([source(1, "how to bake bread at home")], writer)
    assert found["c1", "request"]["value"] == found["c1", "task"]["value"] == "bake bread at home"
    assert (found["c1", "request"]["writer"], found["c1", "request"]["reason"]) == ("w", "")
    assert [request.purpose for request in writer.requests] == ["rephrase", "rephrase"]
    assert all(MAIL in request.user and MAIL not in request.system for request in writer.requests)


@pytest.mark.parametrize(
    ("words", "reason"),
    [(MAIL, "withheld, identifier"), (None, "withheld, not rephrased"), ("  ", "withheld, not rephrased")],
)
def test_other_words_that_do_not_pass_are_withheld(words: str | None, reason: str) -> None:
    writer = Rephrasing(lambda _, f: Answer("answered", MAIL, "w") if f.kind == "text" else None, words)
    found, _ = extracted([source(1, "how to bake bread at home")], writer)
    assert (found["c1", "request"]["writer"], found["c1", "request"]["reason"]) == ("extractive", reason)
    assert "anna" not in json.dumps(list(found.values()))
    assert len(writer.requests) == 2


def test_what_two_detectors_agree_on_is_withheld_without_asking() -> None:
    def agreed(texts: Sequence[str], *, rewritten: bool = False) -> list[Verdict]:
        return [Verdict("withhold", ("name by both detectors",)) for _ in texts]

    writer = Rephrasing(lambda _, f: Answer("answered", "bake bread", "w") if f.kind == "text" else None, "bake")
    tools = Tools(writer, HashingEncoder(), redact, redact, agreed)
    rows, _ = extract_facets([source(1, "how to bake bread")], FACETS_ASKED, FacetsConfig(), tools)
    assert rows[0]["reason"] == "withheld, name by both detectors"
    assert writer.requests == []


def test_what_is_measured_and_signed() -> None:
    long = " ".join(f"word{chr(97 + n)}" for n in range(26))
    batch = [source(1, f"{long} mail me@example.org"), source(2, "how to bake bread"), source(3, long)]
    tools = Tools(
        ScriptedWriter(), HashingEncoder(), redact, redact, JUDGE, Gauge(REDACTOR), partial(signature, key=b"key")
    )
    (flight,) = flights([(0, batch)], FACETS_ASKED, FacetsConfig(), tools)
    assert {name: flight.counts[name] for name in ("raw: texts", "redacted: texts", "facet: texts")} == {
        "raw: texts": 3, "redacted: texts": 3, "facet: texts": 6,
    }  # fmt: skip
    assert (flight.counts["raw: broad"], flight.counts["redacted: broad"], flight.counts["facet: broad"]) == (1, 0, 0)
    assert set(flight.signatures) == {"c1", "c3"}
    assert max(groups([flight.signatures["c1"], flight.signatures["c3"]])) == 0


def test_a_source_that_cannot_be_redacted_reaches_nobody() -> None:
    def refuse(texts: Sequence[str]) -> list[str | None]:
        return [None if CANARY in text else text for text in texts]

    writer = ScriptedWriter()
    batch = [source(1, "fine words about bread"), source(2, f"words with {CANARY}", "more about bread")]
    found, _ = extracted(batch, writer, source_redactor=refuse)
    assert [t.conversation_id for t in writer.seen] == ["c1"]
    rows = [found["c2", facet.name] for facet in FACETS_ASKED]
    assert [r["status"] for r in rows[:ASKED]] == ["failed"] * ASKED
    assert {r["reason"] for r in rows[:ASKED]} == {"not redacted"}
    assert found["c2", "turns"]["value"] == "4"
    assert found["c2", "language"]["status"] == "na"
    assert CANARY not in json.dumps(list(found.values()))
    _, screened = extracted(batch, config=SCREENED_FOR_BREAD, source_redactor=refuse)
    assert screened == [{"conversation_id": "c2", "status": "na", "reason": "not redacted"}]


def test_an_extract_that_cannot_be_redacted_does_not_stay() -> None:
    def refuse(texts: Sequence[str]) -> list[str | None]:
        return [None if CANARY in text else text for text in texts]

    writer = always(Answer("answered", f"bake {CANARY}", "extractive"))
    found, _ = extracted([source(1, "how to bake bread")], writer, written_redactor=refuse)
    assert (found["c1", "request"]["value"], found["c1", "request"]["reason"]) == ("how to bake bread", "not redacted")
    found, _ = extracted([source(1, f"how to bake {CANARY}")], writer, written_redactor=refuse)
    assert (found["c1", "request"]["status"], found["c1", "request"]["value"]) == ("failed", None)


SCREENED_FOR_BREAD = FacetsConfig(screener=Screener(question="Is it about bread?"))


def screening(answer: Answer) -> ScriptedWriter:
    return ScriptedWriter(lambda t, f: answer if f.name == "screener" and "odd" in t.user_text else None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Answer("answered", False), "answered no"), (Answer("refused"), "refused"), (Answer("na"), "na"),
     (Answer("failed", reason="overloaded"), "overloaded"), (Answer("answered", "maybe"), "wrong value"),
     (Answer("answered", 1), "wrong value")],
)  # fmt: skip
def test_the_screener_keeps_only_who_it_is_sure_of(answer: Answer, reason: str) -> None:
    writer = screening(answer)
    batch = [source(1, "about bread"), source(2, "odd bread"), source(3, "rye bread")]
    found, screened = extracted(batch, writer, config=SCREENED_FOR_BREAD)
    assert {name for name, _ in found} == {"c1", "c3"}
    assert [(row["conversation_id"], row["reason"]) for row in screened] == [("c2", reason)]
    assert [t.conversation_id for t in writer.seen] == ["c1", "c2", "c3", "c1", "c3"]


def test_the_screener_can_keep_the_noes_and_leave_out_everybody() -> None:
    config = FacetsConfig(screener=Screener(question="?", keep=False))
    found, screened = extracted([source(1, "bread"), source(2, "")], config=config)
    assert not found
    assert [row["reason"] for row in screened] == ["answered yes", "no user text"]


@pytest.mark.parametrize("batch", [[source(1, "")], [source(1, " \n\t ")], [source(1, "pixels", kind="image")]])
def test_who_said_nothing_is_not_asked_about(batch: list[Source]) -> None:
    writer = ScriptedWriter()
    found, _ = extracted(batch, writer)
    assert not writer.seen
    asked = [found["c1", facet.name] for facet in FACETS_ASKED if facet.answered_by_model]
    assert {(row["status"], row["reason"]) for row in asked} == {("na", "no user text")}
    assert found["c1", "turns"]["status"] == "answered"


def test_nobody_and_only_computed_facets() -> None:
    assert extracted([]) == ({}, [])
    writer = ScriptedWriter()
    found, _ = extracted([source(1, "bread")], writer, facets=FACETS_ASKED[ASKED:])
    assert not writer.seen
    assert len(found) == len(FACETS_ASKED) - ASKED


@pytest.mark.parametrize("fault", [ModelSetupError("wrong key"), ModelPassingError("overloaded"), KeyboardInterrupt()])
def test_what_stops_a_run_is_not_swallowed(fault: BaseException) -> None:
    with pytest.raises(type(fault)):
        extracted([source(1, "bread"), source(2, "more bread")], ScriptedWriter(fail_after=1, fault=fault))


class Careless(ScriptedWriter):
    """A writer of the user's own that loses count."""

    def __init__(self, transcripts: int, facets: int) -> None:
        super().__init__()
        self.short = (transcripts, facets)

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        more = len(transcripts) + self.short[0]
        for _ in range(more):
            yield [Answer("na")] * (len(facets) + self.short[1])

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        yield from ()


@pytest.mark.parametrize("short", [(-1, 0), (1, 0), (0, -1), (0, 1)])
def test_a_writer_that_loses_count_stops_the_run(short: tuple[int, int]) -> None:
    with pytest.raises(ModelSetupError, match="one answer per conversation and facet") as caught:
        extracted([source(1, f"bread {CANARY}"), source(2, "bread")], Careless(*short))
    assert CANARY not in str(caught.value)


def test_long_conversations_are_windowed_and_the_rows_say_so() -> None:
    config = FacetsConfig(window=Window(characters=500))
    writer = ScriptedWriter()
    long = "bread " * 400
    found, _ = extracted([source(1, long, long), source(2, "bread")], writer, config=config)
    seen = {t.conversation_id: t for t in writer.seen}
    assert len(seen["c1"].text) <= 600
    assert len(seen["c1"].user_text) <= 600
    share = found["c1", "request"]["read_share"]
    assert 0.05 < share < 0.2
    assert found["c2", "request"]["read_share"] == 1
    assert found["c1", "turns"]["read_share"] == pytest.approx(share)


@pytest.mark.parametrize("identifier", ["anna.schmidt@example.org", "4111 1111 1111 1111", "+44 20 7946 0958"])
@pytest.mark.parametrize("shift", range(0, 26, 3))
def test_an_identifier_at_the_cut_through_a_very_long_turn_is_not_shown_in_half(identifier: str, shift: int) -> None:
    """The cut lies in the middle of the turn, and the window shows the middle of what is left out of a turn."""
    characters = 2000
    reach = 2 * characters + SEAM
    filler = "so many words on end " * 800
    before = filler[: reach - shift]
    after = filler[:12_000]
    text = f"{before} {identifier} {after}"
    # The same from behind: the second cut.
    behind = f"{after}{identifier}{filler[: reach - shift]}"
    writer = ScriptedWriter()
    config = FacetsConfig(window=Window(characters=characters))
    extracted([source(1, text), source(2, behind)], writer, config=config)
    assert any("[...]" in transcript.user_text for transcript in writer.seen)
    for transcript in writer.seen:
        digits = "".join(character for character in transcript.user_text if character.isdigit())
        assert not digits
        assert not {"anna", "schmidt", "example"} & set(words_of(transcript.user_text))


def test_canaries_of_the_source_are_in_no_row() -> None:
    """Written by the model or standing in: an identifier does not get into a row."""
    planted = ["anna.schmidt@example.org", "4111 1111 1111 1111", "https://example.org/u/anna?token=abcdefgh12345678"]
    batch = [source(n, f"Please help me with this bread order of {canary} today.") for n, canary in enumerate(planted)]

    def parrot(transcript: Transcript, facet: Facet) -> Answer | None:
        return Answer("answered", f"order bread for {planted[0]}", "w", planted[0]) if facet.kind == "text" else None

    for writer in (ScriptedWriter(parrot), ScriptedWriter(), always(Answer("answered", "Roman history", "w"))):
        found, screened = extracted(batch, writer, config=SCREENED_FOR_BREAD)
        everything = json.dumps([list(found.values()), screened])
        assert not any(canary in everything for canary in [*planted, "anna", "4111"])


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [("request", "a", True), ("request", "", False), ("request", 3, False), ("use", "alpha", True),
     ("use", "Alpha", False), ("tags", [], True), ("tags", ["alpha"], True), ("tags", "alpha", False),
     ("concern", 1, True),
     ("concern", 0, False),
     ("concern", True, False), ("concern", 5, True), ("concern", 6, False), ("flag", True, True), ("flag", 1, False),
     ("amount", 0, True), ("amount", -1, False), ("amount", float("nan"), False), ("amount", float("inf"), False),
     ("amount", True, False), ("turns", 3, False)],
)  # fmt: skip
def test_held(name: str, value: Any, fits: bool) -> None:
    facet = next(f for f in FACETS_ASKED if f.name == name)
    found = held(Answer("answered", value, "w"), facet)
    assert found == (Answer("answered", value, "w") if fits else Answer("failed", None, "w", "wrong value"))


def test_rows_do_not_depend_on_who_else_is_in_the_batch() -> None:
    batch = [source(n, f"help with bread and {word}") for n, word in enumerate(("rye", "spelt", "wheat"))]
    together, _ = extracted(batch)
    alone = {key: row for one in batch for key, row in extracted([one])[0].items()}
    assert together == alone
    assert np.isfinite([row["read_share"] for row in together.values()]).all()
