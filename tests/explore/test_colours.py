"""What the map can be coloured by: everything that is released, hollow where a filter or hidden weeks tell nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from clio.explore.colours import choice_of, choices, colours, options
from clio.explore.release import ALL, Release, load
from clio.explore.slices import Answer, answer
from clio.explore.state import State, from_params, to_params, valid
from clio.measures.weeks import LEAST_WEEKS
from tests.released import variant


def test_every_released_value_is_a_colour_of_the_address(release: Release) -> None:
    assert max(len(facet.order) for facet in release.single.values()) > 12, "the fixture has hours"
    for facet in release.single.values():
        for value in facet.order:
            state = State(colour=f"share:{facet.name}={value}")
            assert valid(from_params(to_params(state)), release) == state


def test_what_is_chosen_first_and_after_it(release: Release) -> None:
    firsts = choices(release)
    for key in options(release):
        choice, value = choice_of(key)
        assert choice in firsts
        assert bool(value) == choice.startswith("share:")
    assert choice_of("share:model=a=b") == ("share:model", "a=b")


@given(data=st.data())
def test_a_filter_makes_hollow_whatever_the_colour(release: Release, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(options(release))))
    facet = data.draw(st.sampled_from(["model", "concern", "hour", "week"]))
    known = release.weeks if facet == "week" else release.single[facet].order
    found = answer(release, [(facet, (data.draw(st.sampled_from(known)),))])
    assert set(found.hidden(release)) <= colours(release, key, found).suppressed
    assert colours(release, key).suppressed <= colours(release, key, found).suppressed or key == "area"


def test_no_filter_and_one_that_tells_of_no_cluster_make_nothing_hollow(release: Release) -> None:
    crossed = answer(release, [("model", ("large",)), ("surface", ("web",))])
    refused = answer(release, [("model", ("large",)), ("turns", (release.single["turns"].order[0],))])
    assert crossed.whole_only
    assert refused.refused
    for found in (None, Answer(), answer(release, []), crossed, refused):
        assert not colours(release, "accounts", found).suppressed


def weeks_of(run: Path, to: Path, kept: int) -> Release:
    """A copy with the first weeks only."""

    def cut(frame: pd.DataFrame) -> pd.DataFrame:
        weeks = sorted(set(frame["week"].dropna()) - {"n/a"})[:kept]
        return frame[frame["week"].isin(weeks)]

    return load(variant(run, to, trends=cut))


def test_growth_is_offered_where_it_can_be_told(run: Path, release: Release, tmp_path: Path) -> None:
    assert len(release.weeks) > LEAST_WEEKS
    assert "growth" in options(release)
    for kept in range(1, len(release.weeks) + 1):
        cut = weeks_of(run, tmp_path / str(kept), kept)
        offered = "growth" in options(cut)
        told = any(value is not None for value in colours(cut, "growth").values.values())
        assert offered == told
        assert not offered or kept >= LEAST_WEEKS
        if not offered:
            assert valid(State(colour="growth"), cut).colour == "area"


def test_a_hidden_week_makes_hollow_and_too_few_weeks_do_not(run: Path, release: Release, tmp_path: Path) -> None:
    shown = release.trends[(release.trends["kind"] == "value") & (release.trends["cluster_id"] != ALL)]
    counts = shown.groupby("cluster_id")["week"].nunique().reindex(list(release.rows), fill_value=0)
    made = colours(release, "growth")
    assert set(counts[counts < LEAST_WEEKS].index) == made.suppressed
    assert all((made.values[name] is None) == (name in made.suppressed) for name in release.rows)
    short = weeks_of(run, tmp_path / "short", LEAST_WEEKS - 1)
    assert not colours(short, "growth").suppressed
