"""The state and its address."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clio.explore.colours import options
from clio.explore.release import Release
from clio.explore.state import SIZES, TREES, State, from_params, to_params, valid

ids = st.from_regex(r"[0-9]-[0-9]{4}", fullmatch=True)
values = st.text(min_size=1, max_size=20)
facets = st.sampled_from(["language", "week", "use", "a1"])
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
)  # fmt: skip


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


@given(st.dictionaries(st.sampled_from(["c", "m", "colour", "size", "tree", "q", "by", "f", "split", "compare", "zz"]),
                       st.lists(st.text(max_size=30), max_size=4)))  # fmt: skip
def test_any_address_gives_a_state(params: dict[str, list[str]]) -> None:
    state = from_params(params)
    assert from_params(to_params(state)) == state


@given(state=states)
def test_what_the_release_does_not_have_is_dropped(release: Release, state: State) -> None:
    found = valid(state, release)
    assert found.cluster is None or found.cluster in release.rows
    assert found.colour in options(release)
    for facet, chosen in found.filters:
        assert set(chosen) <= set(release.weeks if facet == "week" else release.single[facet].order)
    assert valid(found, release) == found


def test_what_the_release_has_is_kept(release: Release) -> None:
    name = next(iter(release.rows))
    state = State(cluster=name, filters=(("model", ("large",)), ("week", release.weeks[:2])), split=release.weeks[1])
    state = replace(state, colour="share:model=large", compare=("model", "large", "small"))
    assert valid(state, release) == state


def test_at_most_two_facets_are_filtered() -> None:
    state = State()
    for facet in ("one", "two", "three"):
        state = state.filtered(facet, ["x"])
    assert [facet for facet, _ in state.filters] == ["two", "three"]
    assert state.filtered("two", []).filters == (("three", ("x",)),)
