"""What stricter thresholds would hide, where there is something to hide and where there is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from clio.explore.release import Release, load
from clio.explore.whatif import as_table, curve, kept, reach, steps, stricter
from tests.released import one_cluster, variant, without_clusters


@pytest.mark.parametrize("name", ["conversations", "accounts"])
def test_stricter_thresholds_hide_more(release: Release, name: str) -> None:
    least = {"conversations": release.thresholds.conversations, "accounts": release.thresholds.accounts}
    before = [loss.hidden for loss in stricter(release, **least)]
    assert sum(before) == 0
    for more in range(5, 200, 25):
        now = [loss.hidden for loss in stricter(release, **(least | {name: least[name] + more}))]
        assert all(b >= a for a, b in zip(before, now, strict=True))
        before = now
    everything = stricter(release, **(least | {name: 10**6}))
    assert all(loss.hidden == loss.shown for loss in everything)
    assert everything[0].conversations == release.about["conversations"]


def test_the_curve_falls(release: Release) -> None:
    rows = curve(release, [1, 5, 20, 1_000])
    assert rows[0]["clusters"] == rows[0]["conversations"] == rows[0]["cells"] == 1.0
    assert [row["clusters"] for row in rows] == sorted((row["clusters"] for row in rows), reverse=True)
    assert rows[-1]["conversations"] == 0.0


def test_the_sliders_reach_as_far_as_the_largest_cluster(run: Path, release: Release, tmp_path: Path) -> None:
    least = release.thresholds
    base = release.clusters[release.clusters["level"] == 0]
    assert reach(release) == (base["conversations"].max(), base["accounts"].max())
    above = load(variant(run, tmp_path / "above", clusters=lambda f: f[f["level"] > 0].assign(parent_id=None)))
    assert above.rows
    odd = [above, load(without_clusters(run, tmp_path / "none")), load(one_cluster(run, tmp_path / "one"))]
    for found in odd:
        conversations, accounts = reach(found)
        assert conversations > least.conversations
        assert accounts > least.accounts
        assert steps(found)[0] == least.accounts
        assert len(as_table(stricter(found, conversations, accounts))) == 5
        assert all(0 <= row["clusters"] <= 1 for row in curve(found, steps(found)))


def test_what_is_kept_and_what_is_hidden_are_the_whole(release: Release) -> None:
    least = release.thresholds
    assert kept(release, stricter(release, least.conversations, least.accounts)) == 1.0
    everything = stricter(release, 10**6, least.accounts)
    assert kept(release, everything) == 0.0
    frame = as_table(everything)
    assert (frame["Shown now"] == frame["Would be hidden"]).all()
    assert (frame["Share hidden"] == 1.0).all()
