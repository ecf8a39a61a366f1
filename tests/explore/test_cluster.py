"""Several clusters beside everything outside of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.explore.cluster import GROUP, apart, group, group_told
from clio.explore.release import ALL, Release
from clio.explore.slices import size_of
from clio.measures import representation


def test_one_cluster_is_told_as_its_own_page_tells_it(release: Release) -> None:
    name = release.children[None][0]
    alone = representation(release.breakdowns, release.clusters, name).set_index(["facet", "value"])
    together = group(release, [name]).set_index(["facet", "value"])
    assert set(together.index) <= set(alone.index)
    told = together[together["share_rest"].notna()]
    assert len(told)
    same = alone.loc[told.index]
    for column in ("conversations", "share", "share_rest", "ratio"):
        np.testing.assert_allclose(told[column].astype(float), same[column].astype(float))
    # The whole's design effect is never smaller, and so no interval is narrower.
    assert (told["low"] <= same["low"] + 1e-9).all()
    assert (told["high"] >= same["high"] - 1e-9).all()


@given(data=st.data())
def test_numbers_are_sums_of_released_cells_and_the_rest_passes(release: Release, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(release.rows)), min_size=2, max_size=12, unique=True))
    frame = group(release, names)
    assert list(frame.columns) == list(GROUP)
    chosen = apart(release, names)
    cells = release.breakdowns[release.breakdowns["kind"] == "value"]
    size = sum(size_of(release, name) for name in chosen)
    for row in frame.to_dict("records"):
        mine = cells[(cells["facet"] == row["facet"]) & (cells["value"] == row["value"])].set_index("cluster_id")
        counts = mine["conversations"]
        if row["status"] == "shown":
            assert row["conversations"] == counts.reindex(chosen).sum()
            assert set(chosen) <= set(counts.index)
        else:
            assert not set(chosen) <= set(counts.index)
            assert np.isnan(row["conversations"])
            assert np.isnan(row["ratio"])
        if not np.isnan(row["share_rest"]):
            rest = counts[ALL] - row["conversations"]
            assert rest >= release.thresholds.conversations
            assert row["share_rest"] == pytest.approx(rest / (size_of(release, ALL) - size))
        if row["verdict"] in ("over", "under"):
            assert row["q"] <= 0.05


def test_a_clear_difference_has_its_verdict(release: Release) -> None:
    inside = release.children[None][0]
    made = release.breakdowns
    grow = (made["facet"] == "surface") & (made["value"] == "web") & (made["cluster_id"] == inside)
    drop = (made["facet"] == "surface") & (made["value"] == "api") & (made["cluster_id"] == inside)
    size = size_of(release, inside)
    counts = made["conversations"].mask(grow, size - 5).mask(drop, 5)
    accounts = made["accounts"].mask(grow, min(size - 5, 60))
    changed = dataclasses.replace(release, breakdowns=made.assign(conversations=counts, accounts=accounts))
    row = group(changed, [inside]).set_index(["facet", "value"]).loc[("surface", "web")]
    assert row["verdict"] == "over"
    assert row["low"] > 1


def test_nothing_is_left_over_of_everything(release: Release) -> None:
    frame = group(release, release.marks())
    assert set(frame["verdict"]) == {"not shown"}
    assert frame["share_rest"].isna().all()


def test_no_conversation_is_counted_twice(release: Release) -> None:
    child = next(name for name, row in release.rows.items() if row["parent_id"])
    parent = release.rows[child]["parent_id"]
    assert apart(release, [child, parent, parent]) == [parent]
    assert apart(release, release.marks()) == release.marks()


def test_what_is_told_is_for_a_reader(release: Release) -> None:
    frame = group(release, [release.children[None][0]])
    told = group_told(frame)
    assert len(told) == (frame["verdict"] != "not shown").sum() > 0
    assert set(told["Verdict"]) <= {"over", "under", "not clear"}
    assert told["Here"].dropna().between(0, 1).all()
    spoiled = group_told(frame.assign(value="x\u202e![y](z)\n"))
    assert all(value.isprintable() for value in spoiled["Value"])
    assert not len(group_told(group(release, release.marks())))
