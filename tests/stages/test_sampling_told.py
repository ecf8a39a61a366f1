"""How conversations were chosen is told with a release, and tells no count that the thresholds hide."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clio.config import load_config
from clio.stages._statements import about, public_manifest

COUNTS = {"released_clusters": 3, "suppressed_clusters": 0, "suppressed_cells": 0}
SAMPLING = {"size": 400, "per_account": 3, "since": "2026-01-05", "until": "2026-03-01", "min_turns": 2}


def public(released: int, outside: dict[int, int], **config: Any) -> dict[str, Any]:
    made = load_config({"release": {"min_conversations": 10, "min_accounts": 5}} | config)
    return public_manifest(made, {}, (), (released, released // 3), outside, COUNTS)


def test_settings_are_told_as_they_were_given() -> None:
    screener = {"question": "Is it about cooking?", "keep": False, "yes": "recipes", "no": "all else"}
    window = {"characters": 4_000, "head": 0.5, "tail": 0.2}
    told = public(400, {}, ingest={"sampling": SAMPLING}, facets={"screener": screener, "window": window})
    assert told["settings"]["sampling"] == SAMPLING | {"limited": True}
    assert told["settings"]["window"] == window
    assert told["screener"] == {"question": "Is it about cooking?", "keep": False}
    assert public(400, {})["screener"] is None


@given(st.integers(20, 500), st.dictionaries(st.integers(1, 40), st.integers(1, 9), max_size=40), st.integers(1, 600))
def test_the_size_of_a_sample_gives_no_hidden_count_away(released: int, outside: dict[int, int], size: int) -> None:
    told = public(released, outside, ingest={"sampling": {"size": size}})
    shown = told["settings"]["sampling"]["size"]
    assert told["settings"]["sampling"]["limited"]
    if shown is None:
        return
    assert told["conversations_outside"] is not None
    assert shown - told["conversations"] - told["conversations_outside"] == 0


@given(st.integers(0, 30))
def test_what_was_put_aside_before_is_not_told_by_it_either(put_aside: int) -> None:
    """The screener's are in no number of the release, and so are not among those outside."""
    told = public(100, {}, ingest={"sampling": {"size": 100 + put_aside}})
    assert (told["settings"]["sampling"]["size"] is not None) == (put_aside == 0)


def test_with_rounding_or_noise_it_is_never_told() -> None:
    rounded = {"min_conversations": 10, "min_accounts": 5, "round_to": 5}
    told = public(100, {}, ingest={"sampling": {"size": 100}}, release=rounded)
    assert told["settings"]["sampling"]["size"] is None
    config = load_config({"ingest": {"sampling": {"size": 100}}})
    assert about(config, {}, ())["settings"]["sampling"]["size"] is None


def test_outside_is_told_and_so_is_the_size_where_both_are_many() -> None:
    told = public(80, Counter(dict.fromkeys(range(20), 1)), ingest={"sampling": {"size": 100}})
    assert told["conversations_outside"] == 20
    assert told["settings"]["sampling"]["size"] == 100
