"""Headline numbers say what the release says, and mark what an edit made an upper bound."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from clio.explore.curation import add
from clio.explore.numbers import headline, size, together, told_by_week
from clio.explore.release import ALL, Release, load
from tests.released import variant, without_clusters, without_times


def test_the_headline_is_the_manifests(release: Release) -> None:
    found = headline(release)
    assert (found.conversations, found.accounts) == (release.about["conversations"], release.about["accounts"])
    assert found.clusters == len(release.rows) >= found.base > 0
    assert (found.weeks, found.first, found.last) == (len(release.weeks), release.weeks[0], release.weeks[-1])
    assert found.share_hidden == pytest.approx(found.hidden / (found.hidden + found.cells))
    assert not found.at_most


def test_what_was_left_out_may_be_too_little_to_say(release: Release) -> None:
    for outside, share in ((None, None), (0, 0.0), (release.about["conversations"], 0.5)):
        changed = dataclasses.replace(release, about={**release.about, "conversations_outside": outside})
        assert headline(changed).share_outside == share


def test_releases_with_nothing_in_them(run: Path, tmp_path: Path) -> None:
    nothing = headline(load(without_clusters(run, tmp_path / "none")))
    assert (nothing.conversations, nothing.base, nothing.share_hidden > 0) == (0, 0, True)
    assert headline(load(without_times(run, tmp_path / "dateless"))).first == ""


def test_hiding_makes_accounts_an_upper_bound(run: Path, tmp_path: Path) -> None:
    folder = variant(run, tmp_path / "edited")
    before = load(folder)
    assert before.published is not None
    add(folder, before.published, "hide", cluster=before.marks()[0], who="a test")
    after = load(folder)
    assert ALL in after.at_most
    assert headline(after).at_most


def test_the_size_of_a_cluster(release: Release) -> None:
    for name, row in release.rows.items():
        found = size(release, name)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.share <= found.high
        assert found.each * found.accounts == pytest.approx(row["conversations"])
        assert found.stability is None or 0 <= found.stability <= 1


def test_a_merged_cluster_has_no_interval_and_bounds_no_sum(run: Path, tmp_path: Path) -> None:
    folder = variant(run, tmp_path / "merged")
    before = load(folder)
    assert before.published is not None
    into, gone, other = before.marks()[:3]
    add(folder, before.published, "merge", cluster=gone, to=into, who="a test")
    after = load(folder)
    found = size(after, into)
    assert found.at_most
    assert (found.low, found.high, found.stability) == (None, None, None)
    assert together(after, [into, other]).accounts == after.rows[other]["accounts"]
    assert together(after, [into]).accounts == after.thresholds.accounts


def test_several_add_up_and_none_twice(release: Release) -> None:
    names = release.marks()[:3]
    found = together(release, names)
    assert found.conversations == sum(release.rows[name]["conversations"] for name in names)
    assert found.accounts == max(release.rows[name]["accounts"] for name in names)
    assert together(release, [*names, *names]) == found
    everything = together(release, list(release.rows))
    assert everything.conversations == release.about["conversations"]
    assert everything.share == 1.0


def test_lines_are_of_clusters_that_have_two_weeks(run: Path, tmp_path: Path) -> None:
    release = load(run)
    names = list(release.rows)
    weeks = release.trends[release.trends["kind"] == "value"].groupby("cluster_id")["week"].nunique()
    assert told_by_week(release, names) == [name for name in names if weeks.get(name, 0) > 1] != []
    single = variant(run, tmp_path / "single", trends=lambda f: f.drop_duplicates("cluster_id"))
    assert told_by_week(load(single), names) == []
