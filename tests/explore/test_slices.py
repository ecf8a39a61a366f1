"""No filter shows what the release does not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from clio.explore.release import ALL, Release, load
from clio.explore.slices import Answer, answer, cells_of, first_pair, size_of
from clio.explore.state import period
from tests.released import variant


def choices(release: Release) -> dict[str, list[str]]:
    return {"week": list(release.weeks)} | {f.name: list(f.order) for f in release.single.values() if f.order}


@given(data=st.data())
def test_every_answer_is_a_sum_of_released_cells_and_passes(release: Release, data: st.DataObject) -> None:
    known = choices(release)
    facet = data.draw(st.sampled_from(sorted(known)))
    values = tuple(data.draw(st.lists(st.sampled_from(known[facet]), min_size=1, unique=True)))
    found = answer(release, [(facet, values)])
    table = cells_of(release, facet)
    shown = table[(table["kind"] == "value") & table["value"].isin(values)]
    least = release.thresholds
    assert set(found.cells) == set(shown["cluster_id"])
    for name, cell in found.cells.items():
        parts = shown[shown["cluster_id"] == name]
        assert cell.conversations == parts["conversations"].sum()
        assert cell.conversations >= least.conversations
        assert cell.accounts >= least.accounts
        # Never a group smaller than one that is released already.
        assert cell.conversations >= parts["conversations"].min()
        assert cell.accounts >= parts["accounts"].max()
        assert cell.accounts <= cell.accounts_most
        assert cell.conversations <= size_of(release, name)
        if len(values) == 1:
            assert cell.exact


@given(data=st.data())
def test_two_facets_are_answered_from_crossed_cells_or_refused(release: Release, data: st.DataObject) -> None:
    known = choices(release)
    one, other = data.draw(st.lists(st.sampled_from(sorted(known)), min_size=2, max_size=2, unique=True))
    filters = [(f, (data.draw(st.sampled_from(known[f])),)) for f in (one, other)]
    found = answer(release, filters)
    if {one, other} == {"model", "surface"}:
        assert found.whole_only
        assert not found.refused
        assert set(found.cells) <= {ALL}
        crossed = release.breakdowns[release.breakdowns["facet"] == "model x surface"]
        for cell in found.cells.values():
            assert cell.conversations in set(crossed["conversations"])
    else:
        assert found.refused
        assert not found.cells
        assert f"{one}, {other}" in found.refused


def test_three_facets_are_refused(release: Release) -> None:
    known = choices(release)
    assert answer(release, [(f, (known[f][0],)) for f in list(known)[:3]]).refused


def test_a_forged_cell_under_threshold_is_not_shown(run: Path, tmp_path: Path) -> None:
    def forge(frame: pd.DataFrame) -> pd.DataFrame:
        small = (frame["facet"] == "model") & (frame["cluster_id"] != ALL)
        return frame.assign(accounts=frame["accounts"].where(~small, 2))

    forged = load(variant(run, tmp_path / "forged", breakdowns=forge))
    found = answer(forged, [("model", ("large",))])
    assert set(found.cells) <= {ALL}
    assert set(found.hidden(forged)) == set(forged.rows)


def test_several_labels_of_one_conversation_are_not_added(run: Path, tmp_path: Path) -> None:
    import dataclasses

    release = load(run)
    about = dict(release.about)
    about["facets"] = [{**f, "kind": "multi"} if f["name"] == "model" else f for f in about["facets"]]
    changed = dataclasses.replace(release, about=about)
    both = answer(changed, [("model", ("large", "small"))]).cells[ALL]
    single = [answer(changed, [("model", (value,))]).cells[ALL].conversations for value in ("large", "small")]
    assert both.conversations == max(single)
    assert not both.exact


def test_a_value_hidden_in_a_cluster_makes_the_sum_a_least(release: Release) -> None:
    facet = "concern"
    values = release.single[facet].order
    found = answer(release, [(facet, tuple(values))])
    table = cells_of(release, facet)
    shown = table[table["kind"] == "value"].groupby("cluster_id")
    partly = [n for n, rows in shown if len(rows) < len(values) and rows["conversations"].sum() < size_of(release, n)]
    assert partly, "the fixture hides something"
    assert not any(found.cells[name].exact for name in partly)


def test_nothing_is_filtered_by_nothing(release: Release) -> None:
    assert answer(release, []) == answer(release, [("turns", ())]) == Answer()
    assert Answer().hidden(release) == []
    one = ("model", ("large",))
    assert answer(release, [("turns", ()), one]) == answer(release, [one])
    assert answer(release, [("model", ("no such value",))]).cells == {}


def test_a_comparison_begins_with_two_halves_of_the_weeks(release: Release) -> None:
    one, other = (period(release, text) for text in first_pair(release, "week"))
    assert one + other == release.weeks
    assert first_pair(release, "surface") == release.single["surface"].order[:2]
