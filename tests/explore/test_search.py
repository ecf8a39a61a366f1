from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.explore.release import Release
from clio.explore.search import Meanings, WordIndex, encoder_of, fold, joined
from tests.fakes import HashingEncoder

ROWS: dict[str, dict[str, Any]] = {
    "0-0000": {"name": "Bake sourdough bread", "summary": "Ovens.", "terms": ["starter", "crème"], "conversations": 9},
    "0-0001": {"name": "Debug Python", "summary": "Users bake scripts.", "terms": ["import"], "conversations": 50},
    "0-0002": {"name": "Plan travel", "summary": "Trains.", "terms": ["bread and breakfast"], "conversations": 20},
}


def found(query: str) -> list[str]:
    return [hit.cluster_id for hit in WordIndex(ROWS).search(query)]


def test_a_name_counts_for_more_than_a_term_or_a_summary() -> None:
    assert found("bread") == ["0-0000", "0-0002"]
    assert found("bake") == ["0-0000", "0-0001"]


def test_words_match_from_their_beginning_without_accents_or_case() -> None:
    assert found("PYTH") == ["0-0001"]
    assert found("creme") == found("Crème") == ["0-0000"]
    assert found("ython") == []


def test_every_word_must_be_there() -> None:
    assert found("bake bread") == ["0-0000"]
    assert found("bake trains") == []
    assert found("") == found("!?") == []


def test_it_says_where() -> None:
    assert WordIndex(ROWS).search("bake oven")[0].where == "name and summary"


@given(st.text(max_size=40))
def test_any_query_is_answered(query: str) -> None:
    hits = WordIndex(ROWS).search(query)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert {hit.cluster_id for hit in hits} <= set(ROWS)


@given(st.text(max_size=40))
def test_folding_leaves_no_case_and_no_accent(text: str) -> None:
    folded = fold(text)
    assert not any(unicodedata.combining(c) for c in folded)
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@given(data=st.data())
def test_every_word_of_a_cluster_finds_it(release: Release, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(release.rows)))
    word = data.draw(st.sampled_from(str(release.rows[name]["name"]).split()))
    assert name in {hit.cluster_id for hit in WordIndex(release.rows).search(word, most=10_000)}


def test_meaning_finds_what_is_near_and_nothing_else() -> None:
    index = Meanings(HashingEncoder()).index(ROWS)
    assert index.search("sourdough bread starter")[0].cluster_id == "0-0000"
    assert index.search("zebra quantum") == []
    assert index.search("  ") == []


def test_after_an_edit_only_new_texts_are_encoded() -> None:
    encoder = HashingEncoder()
    known = Meanings(encoder)
    before = known.index(ROWS).search("sourdough bread starter")
    assert encoder.calls == len(ROWS) + 1
    known.index(ROWS)
    assert encoder.calls == len(ROWS) + 1
    renamed = ROWS | {"0-0001": ROWS["0-0001"] | {"name": "Feed a starter"}}
    index = known.index(renamed)
    assert encoder.calls == len(ROWS) + 2
    assert {hit.cluster_id for hit in index.search("starter")} == {"0-0000", "0-0001"}
    without = known.index({name: row for name, row in renamed.items() if name != "0-0001"})
    assert encoder.calls == len(ROWS) + 3  # the queries alone
    assert without.search("sourdough bread starter") == before
    assert known.index({}).search("bread") == []


def test_words_come_before_meaning() -> None:
    index = Meanings(HashingEncoder()).index(ROWS)
    both = joined(WordIndex(ROWS).search("travel"), index.search("travel bread"))
    assert both[0].cluster_id == "0-0002"
    assert len({hit.cluster_id for hit in both}) == len(both)


def test_no_other_model_stands_in_for_the_runs_own(release: Release) -> None:
    assert isinstance(encoder_of(release), str)  # made by a test double
    assert "not on this machine" in str(encoder_of(release))


def test_the_command_that_gets_the_weights(
    release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import dataclasses

    monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path_factory.mktemp("none")))
    changed = dataclasses.replace(release, about={**release.about, "encoder": "all-minilm-l6-v2/float32"})
    assert str(encoder_of(changed)).endswith("clio models pull all-minilm-l6-v2")
