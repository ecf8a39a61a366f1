"""No verdict on two runs of the same conversations."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from clio.explore.beside import relation, shares
from clio.explore.release import ALL, Release, load
from tests.released import variant, without_clusters, without_times


def inputs(release: Release, *names: str) -> Release:
    private = {**(release.private or {}), "inputs": [{"sha256": name, "records": 1} for name in names]}
    return dataclasses.replace(release, private=private)


def longer(release: Release) -> Release:
    """Other counts by week, and other totals."""
    trends = release.trends
    about = {**release.about, "conversations": release.about["conversations"] + 7, "accounts": 3}
    return dataclasses.replace(release, trends=trends.assign(conversations=trends["conversations"] + 1), about=about)


def test_a_run_and_its_copy_are_the_same(run: Path, release: Release, tmp_path: Path) -> None:
    assert relation(release, load(variant(run, tmp_path / "copy"))).kind == "same"


@pytest.mark.parametrize(
    ("files", "others", "kind"),
    [(["a"], ["a"], "same"), (["a", "b"], ["b"], "same"), (["a"], ["b"], "not known"), ([], [], "not known")],
)
def test_the_files_that_were_read_decide(release: Release, files: list[str], others: list[str], kind: str) -> None:
    found = relation(inputs(release, *files), inputs(longer(release), *others))
    assert found.kind == kind
    assert found.verdicts == (kind == "not known")


def test_of_releases_alone_the_counts_tell(release: Release) -> None:
    alone = dataclasses.replace(release, private=None)
    assert relation(alone, dataclasses.replace(alone)).kind == "alike"
    assert relation(alone, longer(alone)).kind == "not known"
    assert relation(inputs(release, "a"), inputs(release, "b")).kind == "alike"


def test_without_dates_totals_tell(run: Path, tmp_path: Path) -> None:
    dateless = dataclasses.replace(load(without_times(run, tmp_path / "dateless")), private=None)
    assert relation(dateless, dateless).kind == "alike"
    assert relation(dateless, longer(dateless)).kind == "not known"
    secret = dataclasses.replace(dateless, about={**dateless.about, "conversations_outside": None})
    assert relation(secret, secret).kind == "not known"


def test_nothing_released_tells_nothing(run: Path, tmp_path: Path) -> None:
    empty = dataclasses.replace(load(without_clusters(run, tmp_path / "none")), private=None)
    assert relation(empty, longer(empty)).verdicts


def test_shares_hold_no_verdict(release: Release) -> None:
    frame = shares(release, release, "surface")
    assert list(frame.columns) == ["value", "share_one", "share_other"]
    cells = release.breakdowns
    whole = cells[(cells["facet"] == "surface") & (cells["cluster_id"] == ALL) & (cells["kind"] == "value")]
    assert set(frame["value"]) == set(whole["value"])
    assert frame["share_one"].tolist() == sorted(frame["share_one"], reverse=True)
