from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config.release import ReleaseConfig
from clio.config.stages import ClusterConfig
from clio.runs.files import load_array
from clio.stages import cluster as stage
from clio.stages.cluster import NO_TEXT, NOISE, cluster
from clio.vectors.stability import NOT_DRAWN, found_again
from clio.vectors.store import store_vectors
from tests.fakes import HashingEncoder
from tests.privacy.people import seeds
from tests.stages.workspaces import draw_workspace
from tests.vectors.blobs import blobs

QUICK = ClusterConfig(iterations=8, restarts=1, silhouette_sample=50)


@settings(max_examples=15)
@given(seeds, st.integers(20, 200), st.integers(1, 12), st.integers(2, 20), st.integers(1, 8))
def test_what_reaches_naming_passes_the_thresholds(seed: int, n: int, k: int, least: int, accounts: int) -> None:
    """Or it is the one cluster that is left."""
    vectors, _ = blobs(n, k, seed=seed % 1000)
    who = np.random.default_rng(seed).integers(0, max(1, n // 3), n)
    release = ReleaseConfig(min_conversations=least, min_accounts=accounts)
    found = cluster(vectors, who, QUICK.model_copy(update={"k": k}), release, seed)
    sizes = np.bincount(found.labels)
    assert found.labels.shape == (n,)
    assert len(found.centroids) == len(sizes)
    assert sizes.min() > 0
    assert (np.diff(sizes) <= 0).all()
    assert np.allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)
    if len(sizes) > 1:
        for number in range(len(sizes)):
            assert sizes[number] >= least
            assert len(set(who[found.labels == number])) >= accounts
    assert found.notes["clusters_found"] - found.notes["joined_before_naming"] == len(sizes)


def test_clear_topics_are_found_and_the_seed_decides() -> None:
    vectors, truth = blobs(300, 5, dimensions=32, spread=0.2, seed=3)
    who = np.arange(300)
    config = ClusterConfig(k=5)
    one, other = (
        cluster(vectors, who, config, ReleaseConfig(min_conversations=2, min_accounts=2), 7) for _ in range(2)
    )
    assert np.array_equal(one.labels, other.labels)
    assert np.array_equal(one.centroids, other.centroids)
    for number in range(len(one.centroids)):
        inside = Counter(truth[one.labels == number].tolist())
        assert inside.most_common(1)[0][1] == inside.total()


def test_a_loud_account_takes_nobody_with_it() -> None:
    """Shares are settled when counting: a cluster that is mostly one account's keeps its others until then."""
    vectors, truth = blobs(120, 3, dimensions=32, spread=0.1, seed=1)
    who = np.where((truth == 0) & (np.arange(120) % 3 > 0), 0, np.arange(120) + 1)
    found = cluster(vectors, who, ClusterConfig(k=3), ReleaseConfig(min_conversations=5, min_accounts=3), 0)
    assert len(found.centroids) == 3


def test_density_leaves_noise_out() -> None:
    vectors, truth = blobs(90, 3, dimensions=8, spread=0.05, seed=2)
    far = np.eye(8, dtype=np.float32)[:1] * -1
    config = ClusterConfig(method="hdbscan", hdbscan_min_size=10)
    found = cluster(np.vstack([vectors, far]), np.arange(91), config, ReleaseConfig(), 0)
    assert found.labels[-1] == NOISE
    assert len(found.centroids) == found.labels.max() + 1
    assert len(np.unique(truth)) >= len(found.centroids)


def test_the_stage_has_one_row_per_kept_conversation(tmp_path: Path) -> None:
    drawn = draw_workspace(2, 60)
    context = drawn.context(tmp_path, **{"cluster.k": 3})
    texts = [row for row in drawn.facets if row["facet"] == "request" and row["status"] == "answered"]
    vectors = HashingEncoder(32).encode([row["value"] for row in texts])
    store_vectors(vectors, context.workspace / "vectors")
    stage.run(context.config, context)
    rows = context.read("assignments").to_pylist()
    assert [row["conversation_id"] for row in rows] == [row["conversation_id"] for row in drawn.conversations]
    answered = {row["conversation_id"] for row in texts}
    assert {row["conversation_id"] for row in rows if row["cluster"] != NO_TEXT} == answered
    assert all((row["similarity"] is None) == (row["cluster"] < 0) for row in rows)
    redrawn = load_array(context.workspace / "redrawn.npy")
    assert redrawn.shape == (context.config.cluster.stability_draws, len(rows))
    for row, column in zip(rows, redrawn.T, strict=True):
        assert row["cluster"] != NO_TEXT or (column == NOT_DRAWN).all()
    centroids = load_array(context.workspace / "centroids.npy")
    place = {row["conversation_id"]: n for n, row in enumerate(texts)}
    for row in rows:
        if row["cluster"] >= 0:
            near = float(vectors[place[row["conversation_id"]]] @ centroids[row["cluster"]])
            assert row["similarity"] == pytest.approx(near, abs=1e-5)
    assert context.notes["base_clusters"] == len(centroids)


def test_half_of_the_accounts_are_clustered_anew() -> None:
    vectors, truth = blobs(300, 5, dimensions=32, spread=0.2, seed=3)
    who = np.arange(300) // 2
    release = ReleaseConfig(min_conversations=2, min_accounts=2)
    found = cluster(vectors, who, ClusterConfig(k=5, stability_draws=3), release, 7)
    assert found.redrawn.shape == (3, 300)
    halves = [frozenset(who[draw != NOT_DRAWN]) for draw in found.redrawn]
    assert {len(half) for half in halves} == {75}
    assert len(set(halves)) == 3
    for draw in found.redrawn:
        assert (found_again(found.labels, draw) == 1).all()  # topics that are clear are found whole
        assert (found_again(truth, draw) == 1).all()
    by_chance = cluster(np.roll(vectors, 1, axis=0)[:, :2], who, ClusterConfig(k=25), release, 7)
    assert np.nanmean(found_again(by_chance.labels, by_chance.redrawn[0])) < 0.8


def test_no_draws_where_none_are_asked_for_and_one_where_there_are_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, _ = blobs(60, 3)
    release = ReleaseConfig(min_conversations=2, min_accounts=2)
    none = cluster(vectors, np.arange(60), QUICK.model_copy(update={"stability_draws": 0}), release, 7)
    assert none.redrawn.shape == (0, 60)
    monkeypatch.setattr(stage, "RESTART_ROWS", 59)
    assert cluster(vectors, np.arange(60), QUICK, release, 7).redrawn.shape == (1, 60)
