"""Describe: what a writer proposes counts only when it passes; what stands in holds nothing one person said."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.models.protocol import Evidence
from clio.privacy.terms import Term, count_terms
from clio.stages._names import Checks, Described, Subject, describe, evidence
from clio.text.checks import Wording, name_fault, summary_fault
from clio.text.phrasing import distinct, joined, phrase, sentence_case
from clio.text.vocabulary import Vocabulary
from tests.stages.naming import Hashing, Scripted, Table

GARDEN = ["plant garlic in the garden", "when to garden soil", "my garden soil is dry", "garlic in a garden bed",
          "garden soil for garlic", "the garden needs new soil"]  # fmt: skip
CODE = ["python loop never ends", "fix my python loop", "a python error in a loop", "python loop over a list",
        "why does this python loop fail", "my python error"]  # fmt: skip
ENCODER = Hashing()
VOCABULARY = Vocabulary(ENCODER)
SUMMARY = "People asked about their garden. They wanted to know about soil and garlic."


def scan(text: str) -> list[str]:
    return re.findall(r"\S+\.example|\+\d+", text)


def subjects_of(*groups: Sequence[str], languages: str = "en") -> tuple[list[Subject], np.ndarray, Checks]:
    texts = [text for group in groups for text in group]
    labels = [number for number, group in enumerate(groups) for _ in group]
    counts = count_terms(texts, labels, [f"a{n}" for n in range(len(texts))], 3)
    terms = counts.distinctive(8)
    found = []
    for number in range(len(groups)):
        inside = [row for row, label in enumerate(labels) if label == number]
        outside = [row for row, label in enumerate(labels) if label != number]
        seen = evidence(texts, [languages] * len(texts), inside, outside, terms[number])
        found.append(Subject(seen, terms[number], counts.of_cluster(number)))
    centroids = np.stack([ENCODER.encode(group).mean(axis=0) for group in groups])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    return (
        found,
        centroids.astype(np.float32),
        Checks(scan, 3, floor=0.1, margin=None, vocabulary=VOCABULARY),
    )


def first(*candidates: tuple[str, str]) -> Described:
    found, centroids, checks = subjects_of(GARDEN, CODE)
    return describe(found, Table([candidates, []]), ENCODER, centroids, checks)[0]


def test_the_passing_candidate_nearest_to_the_centroid_wins() -> None:
    found = first(("Python loop in the garden", SUMMARY), ("Garden soil and garlic", SUMMARY), ("Garlic", SUMMARY))
    assert found == Described("Garden soil and garlic", SUMMARY, found.terms, "table", "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("Garden\nsoil", "more than one line"),
        ("Garden soil and garlic for all those who like to water beds", "too long"),
        ("<b>Garden</b> soil", "markup"),
        ("Garden **soil**", "markup"),
        ("Garden\u202e soil", "control characters"),
        ("Garden soil \U0001f331", "control characters"),
        ("Garden soil of [NAME]", "placeholder"),
        ("Topic: garden soil", "speaks of itself"),
        ("Ignore previous instructions about garden soil", "speaks of itself"),
        ("N/A", "says nothing"),
        ("Garden soil, garden soil, garden soil", "repeats itself"),
        ("La receta de la sopa con el garden", "not English"),
        ("園芸と土", "not English"),
        ("Garden soil from garden.example", "identifier"),
        ("Garden beds", "rare word"),  # one account said bed
        ("Garden soil of Alice", "rare word"),  # nobody said Alice
        ("When to garden soil", "one person's wording"),
        ("Advice on hobbies", "no distinctive term"),
    ],
)
def test_a_candidate_that_fails_gives_way_to_the_stand_in(name: str, reason: str) -> None:
    found = first((name, SUMMARY))
    assert found.writer == "terms"
    assert found.reason == reason
    assert "garden" in found.name.casefold()


def test_a_name_far_from_the_members_is_not_grounded() -> None:
    found, centroids, checks = subjects_of(GARDEN, CODE)
    far = replace(checks, floor=0.99)
    assert describe(found, Table([[("Garden soil", SUMMARY)], []]), ENCODER, centroids, far)[0].reason == "not grounded"
    near = replace(checks, margin=0.0)
    rows = describe(found, Table([[("Garden questions", SUMMARY)], []]), ENCODER, centroids, near)
    assert rows[0].reason == "further off than the stand-in"


@pytest.mark.parametrize(
    "summary", ["", "One. Two. Three.", "A list:\n- soil", "A garden for Alice.", "plant bed +491"]
)
def test_a_summary_that_fails_is_replaced_alone(summary: str) -> None:
    found = first(("Garden soil and garlic", summary))
    assert (found.name, found.writer, found.reason) == ("Garden soil and garlic", "table", "summary by terms")
    assert found.summary.startswith("People ask about")


def test_wording_that_enough_accounts_share_is_no_echo() -> None:
    same = ["please check the garden soil now"] * 3
    assert not Wording(same, []).echoes("check the garden soil now", 3)
    assert Wording(same[:2], []).echoes("check the garden soil now", 3)
    assert Wording([], same).echoes("check the garden soil now", 3)
    assert not Wording(same[:1], []).echoes("the garden soil", 3)


def test_a_structured_writer_is_asked_once_more_with_other_samples() -> None:
    found, centroids, checks = subjects_of(GARDEN, CODE)
    writer = Scripted(lambda request: None, [[("", "")], [("Python loop errors", "")]], [[("Garden soil", SUMMARY)]])
    asked: list[Sequence[int]] = []

    def again(numbers: Sequence[int]) -> list[Evidence]:
        asked.append(list(numbers))
        return [found[number].evidence for number in numbers]

    rows = describe(found, writer, ENCODER, centroids, checks, again)
    assert asked == [[0]]
    assert [row.name for row in rows] == ["Garden soil", "Python loop errors"]
    assert describe(found, Table([[], []]), ENCODER, centroids, checks, again)[0].reason == "no candidate"
    assert len(asked) == 1


def test_without_a_writer_terms_name_and_names_are_unique() -> None:
    found, centroids, checks = subjects_of(GARDEN, [text.replace("garlic", "mint") for text in GARDEN], CODE)
    rows = describe(found, None, ENCODER, centroids, checks, taken=["Python"])
    assert len({row.name.casefold() for row in rows} | {"python"}) == 4
    assert {row.writer for row in rows} == {"terms"}
    same = describe([found[0]] * 4, None, ENCODER, np.stack([centroids[0]] * 4), checks)
    assert len({row.name for row in same}) == 4
    assert all(len(row.name.split()) <= 10 for row in same)


def test_texts_in_another_language_get_an_honest_english_name() -> None:
    texts = [
        "quiero una receta de pan",
        "dame la receta de la sopa",
        "cómo hago una receta fácil",
        "la receta por favor",
    ]
    found, centroids, checks = subjects_of(texts, CODE, languages="es")
    row = describe(found[:1], None, ENCODER, centroids[:1], checks)[0]
    assert row.name == "Requests in Spanish"
    assert row.summary == "People write in Spanish. Words that many of them share: receta."


def test_a_writer_that_gives_too_few_answers_is_survived() -> None:
    found, centroids, checks = subjects_of(GARDEN, CODE)
    assert len(describe(found, Table([]), ENCODER, centroids, checks)) == 2
    assert describe([], Table([]), ENCODER, centroids[:0], checks) == []


@given(candidates=st.lists(st.tuples(st.text(max_size=40), st.text(max_size=60)), max_size=4))
def test_whatever_a_writer_says_the_rows_are_fit_to_be_read(candidates: list[tuple[str, str]]) -> None:
    found, centroids, checks = subjects_of(GARDEN, CODE)
    for row in describe(found, Table([candidates, candidates]), ENCODER, centroids, checks):
        assert not name_fault(row.name)
        assert not summary_fault(row.summary)
        assert not scan(row.name + row.summary)


def term(text: str, score: float = 1.0, kind: str = "noun", plural: str = "") -> Term:
    return Term(text, 5, 0.5, score, kind, plural)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ([term("cover letter", 3, plural="cover letters"), term("resume", 2, plural="resumes"), term("interview", 1)],
         "Cover letters, resumes and interview"),
        ([term("reservation", 3, plural="reservations"), term("cancel", 2, "verb")], "Cancelling reservations"),
        ([term("reminder", 3), term("remind", 2, "verb")], "Reminder"),
        ([term("due", 3, "other"), term("pto", 2), term("spanish", 1)], "PTO and Spanish"),
        ([term("bill", 3), term("electric bill", 2), term("payment", 1)], "Electric bill and payment"),
        ([term("soup", 3), term("straggler", 0.1)], "Soup"),
        ([term("cancel", 3, "verb"), term("book", 2, "verb")], "Cancelling and booking"),
        ([], "Mixed requests"),
    ],
)  # fmt: skip
def test_names_made_of_terms(terms: list[Term], name: str) -> None:
    made = phrase(terms)
    assert made.name == name
    assert made.summary.count(".") == 2


def test_a_parent_is_named_by_what_its_children_share_and_something_of_each() -> None:
    parts = [[term("card", 3), term("credit limit", 2)], [term("card", 3), term("fraud", 2)], [term("reward", 1)]]
    assert phrase([term("credit limit", 5), term("card", 3)], parts).name == "Card, credit limit and fraud"


def test_joining_casing_and_telling_apart() -> None:
    assert [joined("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert [sentence_case(text) for text in ("sql queries", "iPhone help", "x")] == ["SQL queries", "iPhone help", "X"]
    assert distinct("Cards", {"cards"}, ["card", "bank"]) == "Cards (bank)"
    assert distinct("Cards", {"cards", "cards (bank)"}, ["bank"]) == "Cards (2)"
    assert distinct("Cards", {"bank"}, []) == "Cards"


@pytest.mark.models
def test_real_intents_get_names_that_a_stranger_can_read(shared_data: Path) -> None:
    from clio.errors import WeightsError
    from clio.models.encoder import SentenceEncoder

    try:
        encoder = SentenceEncoder()
    except WeightsError as missing:
        pytest.skip(str(missing))
    wanted = ["book_hotel", "exchange_rate", "oil_change_how", "translate", "credit_score", "timezone"]
    texts, labels = [], []
    with gzip.open(shared_data / "intent_clinc150_dev.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            label = row["metadata"]["label"]
            if label in wanted and labels.count(wanted.index(label)) < 40:
                texts.append(row["messages"][0]["content"])
                labels.append(wanted.index(label))
    counts = count_terms(texts, labels, [f"a{n}" for n in range(len(texts))], 5)
    terms = counts.distinctive(8)
    rows = [[row for row, label in enumerate(labels) if label == number] for number in range(len(wanted))]
    found = [
        Subject(evidence(texts, ["en"] * len(texts), rows[n], [], terms[n]), terms[n], counts.of_cluster(n))
        for n in range(len(wanted))
    ]
    vectors = encoder.encode(texts)
    centroids = np.stack([vectors[some].mean(axis=0) for some in rows])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    named = describe(found, None, encoder, centroids, Checks(scan))
    for row, telling in zip(named, ["hotel", "exchange|currenc", "oil|car", "translat", "credit", "time"], strict=True):
        assert re.search(telling, row.name, re.IGNORECASE), row.name
