"""The state and its address."""

from __future__ import annotations

import datetime
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.explore.colours import options
from clio.explore.release import Release
from clio.explore.state import (
    COMPARE_TABS,
    MEASURES,
    MOST,
    SIZES,
    TREES,
    TREND_TABS,
    State,
    from_params,
    period,
    period_text,
    to_params,
    valid,
)

ids = st.from_regex(r"[0-9]-[0-9]{4}", fullmatch=True)
values = st.text(min_size=1, max_size=20)
facets = st.sampled_from(["language", "week", "use", "a1"])
levels = st.none() | st.integers(0, 99)
names = st.just("") | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}", fullmatch=True)
counts = st.just(0) | st.integers(1, 10**9 - 1)
states = st.builds(
    State,
    cluster=st.none() | ids,
    colour=st.sampled_from(["area", "growth", "accounts", "mean:concern"]) | values.map(lambda v: f"share:use={v}"),
    size=st.sampled_from(SIZES),
    tree=st.sampled_from(TREES),
    query=st.text(max_size=60),
    meaning=st.booleans(),
    filters=st.lists(
        st.tuples(facets, st.lists(values, min_size=1, max_size=4, unique=True).map(tuple)),
        max_size=2, unique_by=lambda pair: pair[0],
    ).map(tuple),
    split=st.just("") | st.dates().map(lambda day: day.isoformat()),
    compare=st.just(("", "", "")) | st.tuples(facets, values, values),
    facet=st.just("") | facets,
    trends=st.sampled_from(TREND_TABS),
    lines=st.none() | st.lists(ids, max_size=8, unique=True).map(tuple),
    measure=st.sampled_from(MEASURES),
    growth_level=levels,
    split_level=levels,
    comparing=st.sampled_from(COMPARE_TABS),
    compare_level=levels,
    other=names,
    run_facet=st.just("") | facets,
    least=st.tuples(counts, counts),
    run=names,
)  # fmt: skip
ADDRESS = (
    "c", "m", "colour", "size", "tree", "q", "by", "f", "facet", "trends", "l", "y", "gl", "split", "sl", "with",
    "comparing", "compare", "cl", "rf", "wc", "wa", "run",
)  # fmt: skip
digits = st.text("0123456789", min_size=1, max_size=2)
dates = st.builds("{}-{}-{}".format, st.text("0123456789", min_size=4, max_size=4), digits, digits)
"""As dates look, whether they are in the calendar or not."""


@given(states)
def test_every_state_comes_back_from_its_address(state: State) -> None:
    assert from_params(to_params(state)) == state


@given(st.lists(ids, min_size=2, max_size=8, unique=True), states)
def test_a_lasso_comes_back(names: list[str], state: State) -> None:
    held = state.lasso(names)
    assert held.several == tuple(names)
    assert held.cluster is None
    assert from_params(to_params(held)) == held


def test_the_beginning_has_no_address() -> None:
    assert to_params(State()) == {}


@given(st.dictionaries(st.sampled_from([*ADDRESS, "zz"]), st.lists(st.text(max_size=30) | dates | digits, max_size=4)))
def test_any_address_gives_a_state(params: dict[str, list[str]]) -> None:
    state = from_params(params)
    assert from_params(to_params(state)) == state


@given(dates)
def test_only_days_of_the_calendar_split(text: str) -> None:
    try:
        known = datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        known = ""
    assert from_params({"split": [text]}).split == known


def test_every_field_has_its_place_in_the_address() -> None:
    state = State(
        "0-0001", (), "growth", "accounts", "icicle", "bread", True, (("use", ("work",)),), "use", "movers",
        ("0-0001",), "conversations", 1, "2024-01-01", 0, "runs", ("use", "a", "b"), 2, "two", "use", (40, 20), "one",
    )  # fmt: skip
    fresh = State()
    assert all(getattr(state, f.name) != getattr(fresh, f.name) for f in fields(State) if f.name != "several")
    assert set(to_params(state)) == {*ADDRESS} - {"m"}
    assert from_params(to_params(state)) == state


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "a/b", "/etc", "..\\x", "a\nb", "x" * 500, "../runs"])
def test_no_path_is_a_name(name: str) -> None:
    found = from_params({"run": [name], "with": [name]})
    assert (found.run, found.other) == ("", "")


def test_a_lasso_of_many_is_whole_in_the_session_and_shortened_in_the_address() -> None:
    many = [f"0-{n:04}" for n in range(MOST + 50)]
    state = State().lasso(many)
    assert state.several == tuple(many)
    assert state.shortened
    assert from_params(to_params(state)).several == tuple(many[:MOST])
    assert not State().lasso(many[:MOST]).shortened


@given(state=states)
def test_what_the_release_does_not_have_is_dropped(release: Release, state: State) -> None:
    found = valid(state, release)
    assert found.cluster is None or found.cluster in release.rows
    assert found.colour in options(release)
    for facet, chosen in found.filters:
        assert set(chosen) <= set(release.weeks if facet == "week" else release.single[facet].order)
    if found.lines is not None:
        assert set(found.lines) <= set(release.rows)
    for level in (found.growth_level, found.split_level, found.compare_level):
        assert level is None or level <= release.top
    assert not found.facet or release.single[found.facet].order
    if found.compare[0] == "week":
        assert all(period(release, text) for text in found.compare[1:])
    assert valid(found, release) == found


def test_what_the_release_has_is_kept(release: Release) -> None:
    name = next(iter(release.rows))
    state = State(cluster=name, filters=(("model", ("large",)), ("week", release.weeks[:2])), split=release.weeks[1])
    state = replace(state, colour="share:model=large", compare=("model", "large", "small"))
    assert valid(state, release) == state
    first, last = release.weeks[0], release.weeks[-1]
    state = replace(state, compare=("week", period_text(first, first), period_text(last, last)), lines=(name,))
    state = replace(state, growth_level=0, split_level=1, compare_level=0, facet="model", least=(100, 50))
    assert valid(state, release) == state


def test_at_most_two_facets_are_filtered() -> None:
    state = State()
    for facet in ("one", "two", "three"):
        state = state.filtered(facet, ["x"])
    assert [facet for facet, _ in state.filters] == ["two", "three"]
    assert state.filtered("two", []).filters == (("three", ("x",)),)


def test_a_changed_filter_stays_in_its_box() -> None:
    state = State().filtered("model", ["large"]).filtered("surface", ["web"])
    assert state.filtered("model", ["small"]).filters == (("model", ("small",)), ("surface", ("web",)))
    changed = state.placed(0, "turns")
    assert changed.filters == (("turns", ()), ("surface", ("web",)))
    assert changed.active == (("surface", ("web",)),)
    assert changed.placed(0, "turns", ["1"]).filters == (("turns", ("1",)), ("surface", ("web",)))
    assert state.placed(0, "").filters == (("surface", ("web",)),)
    assert state.placed(0, "surface").filters == (("surface", ()),)


def test_a_facet_that_is_being_chosen_is_kept(release: Release) -> None:
    state = State(filters=(("turns", ()), ("model", ("large",))))
    assert valid(state, release) == state
    assert valid(State(filters=(("nothing", ()),)), release).filters == ()
