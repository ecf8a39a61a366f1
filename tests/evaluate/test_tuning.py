"""Figures for choosing k and thresholds, on clusters that are known."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import clio
from clio.errors import RunError
from clio.evaluate.tuning import lost, numbers_of_clusters
from tests.fakes import corpus
from tests.released import finished_run

TOPICS = 6


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> clio.Run:
    return clio.open_run(finished_run(tmp_path_factory.mktemp("tuned"), corpus(240, topics=TOPICS, accounts=60)))


def test_the_planted_number_of_clusters_is_the_most_stable(run: clio.Run) -> None:
    found = numbers_of_clusters(run, [2, TOPICS, 40]).set_index("k")
    assert found["spread"].is_monotonic_decreasing
    assert found["silhouette"].idxmax() == TOPICS
    assert found.loc[TOPICS, "stability"] > max(0.9, found.loc[40, "stability"])


def test_one_seed_says_nothing_of_stability(run: clio.Run) -> None:
    assert numbers_of_clusters(run, [3], seeds=[0])["stability"].isna().all()


def test_stricter_thresholds_and_more_clusters_lose_more(run: clio.Run) -> None:
    cautions = [clio.Thresholds(1, 1, 1.0), clio.Thresholds(10, 5, 0.5), clio.Thresholds(30, 20, 0.5)]
    found = lost(run, [TOPICS, 40], cautions)
    for _, rows in found.groupby("k"):
        assert rows["kept"].iloc[0] == 1.0
        assert rows["kept"].is_monotonic_decreasing
        assert (rows["clusters"] <= rows["found"]).all()
    at = found.set_index(["k", "min_accounts"])["kept"]
    assert at[40, 20] < at[TOPICS, 20]


def test_a_purged_run_says_so(run: clio.Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run", ignore=shutil.ignore_patterns("workspace"))
    with pytest.raises(RunError, match="no vectors"):
        numbers_of_clusters(clio.Run(tmp_path / "run"), [2])
