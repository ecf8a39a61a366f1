from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.vectors.kmeans import centroids_of, default_k, grouped, merge_small, relabelled, spherical_kmeans
from tests.vectors.blobs import blobs, unit

FEW, _ = blobs(40, 4)
EDGES = {
    "no point": (FEW[:0], 3, 0),
    "one point": (FEW[:1], 3, 1),
    "two points": (FEW[:2], 2, 2),
    "two points, one cluster": (FEW[:2], 1, 1),
    "k larger than n": (FEW[:7], 50, 7),
    "k equal to n": (FEW, 40, 40),
    "k nought": (FEW, 0, 1),
    "all duplicates": (np.repeat(FEW[:1], 30, axis=0), 5, 1),
    "fewer distinct than k": (np.repeat(FEW[:3], 10, axis=0), 8, 3),
    "one dimension": (unit(np.array([[1.0], [-1.0], [1.0], [-1.0]])), 2, 2),
    "opposites cancel": (unit(np.array([[1.0, 0.0], [-1.0, 0.0]])), 1, 1),
    "zero rows": (np.zeros((6, 4), np.float32), 3, 1),
    "float64": (FEW.astype(np.float64), 4, 4),
}


@pytest.mark.parametrize(("vectors", "k", "expected"), EDGES.values(), ids=EDGES.keys())
def test_edges(vectors, k, expected) -> None:
    found = spherical_kmeans(vectors, k, seed=3)
    assert len(found.centroids) == expected
    assert found.labels.dtype == np.int32
    assert found.centroids.dtype == np.float32
    assert sorted(set(found.labels.tolist())) == list(range(expected))
    assert np.isfinite(found.centroids).all()
    assert np.isfinite(found.objective)
    sizes = np.bincount(found.labels, minlength=expected)
    assert (np.diff(sizes) <= 0).all()


@pytest.mark.parametrize(
    ("n", "k"), [(0, 0), (1, 1), (2, 2), (3, 2), (100, 10), (10_000, 100), (20_000, 200), (10**6, 10_000)]
)
def test_default_k(n, k) -> None:
    assert default_k(n) == k


def test_blobs_are_found_whatever_the_start() -> None:
    vectors, truth = blobs(1_500, 30)
    for seed in range(5):
        found = spherical_kmeans(vectors, 30, seed=seed)
        # One to one with the truth: as many pairs as clusters.
        assert len(set(zip(found.labels.tolist(), truth.tolist(), strict=True))) == 30


def test_centroids_are_the_unit_means_and_rows_are_with_the_nearest() -> None:
    vectors, _ = blobs(2_000, 25, spread=0.8)
    found = spherical_kmeans(vectors, 25)
    for c in range(25):
        mean = vectors[found.labels == c].mean(axis=0)
        np.testing.assert_allclose(found.centroids[c], mean / np.linalg.norm(mean), atol=1e-5)
    similarity = vectors @ found.centroids.T
    own = similarity[np.arange(len(vectors)), found.labels]
    assert abs(found.objective - own.mean()) < 1e-5
    assert (own >= similarity.max(axis=1) - 0.02).mean() > 0.98


@pytest.mark.parametrize("two_level_above", [1_000, 5])
def test_the_same_seed_gives_the_same_labels_on_any_number_of_threads(monkeypatch, two_level_above) -> None:
    vectors, _ = blobs(9_000, 20, spread=0.7)
    results = []
    for threads in ("1", "2", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        results.append(spherical_kmeans(vectors, 20, seed=5, restarts=2, two_level_above=two_level_above))
    assert all((results[0].labels == other.labels).all() for other in results)
    assert all((results[0].centroids == other.centroids).all() for other in results)


def test_permuting_rows_permutes_labels_through_a_canonical_order() -> None:
    vectors, _ = blobs(600, 12, spread=0.6)
    names = np.arange(600)
    random = np.random.default_rng(1)

    def labels_by_name(order):
        shuffled, ids = vectors[order], names[order]
        canonical = np.argsort(ids)
        labels = spherical_kmeans(shuffled[canonical], 12, seed=2).labels
        return dict(zip(ids[canonical].tolist(), labels.tolist(), strict=True))

    assert labels_by_name(names) == labels_by_name(random.permutation(600))


def test_two_levels_part_the_rows_and_lose_little() -> None:
    vectors, _ = blobs(3_000, 60)
    flat = spherical_kmeans(vectors, 60)
    deep = spherical_kmeans(vectors, 60, two_level_above=10)
    assert 50 <= len(deep.centroids) <= 60
    assert deep.objective > 0.95 * flat.objective


def test_a_sample_is_enough_and_a_memory_map_will_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("clio.vectors.kmeans.MAX_POINTS_PER_CENTROID", 40)
    vectors, truth = blobs(6_000, 8)
    np.save(tmp_path / "v.npy", vectors)
    found = spherical_kmeans(np.load(tmp_path / "v.npy", mmap_mode="r"), 8)
    assert len(set(zip(found.labels.tolist(), truth.tolist(), strict=True))) == 8


def test_relabelled_goes_by_size_then_first_member() -> None:
    assert relabelled(np.array([7, 3, 3, -1, 9, 9, 5])).tolist() == [2, 0, 0, -1, 1, 1, 3]
    assert relabelled(np.array([], dtype=np.int32)).tolist() == []
    assert relabelled(np.array([-1, -1])).tolist() == [-1, -1]


def test_grouped_lists_members_in_order() -> None:
    order, starts = grouped(np.array([1, 0, -1, 1]), 3)
    assert order.tolist() == [1, 0, 3]
    assert starts.tolist() == [0, 1, 3, 3]


def passes(rows, accounts, min_conversations, min_accounts, max_share) -> bool:
    people = Counter(accounts[rows].tolist())
    return (
        len(rows) >= min_conversations and len(people) >= min_accounts and max(people.values()) <= max_share * len(rows)
    )


@given(
    st.lists(st.tuples(st.integers(-1, 9), st.integers(0, 12)), max_size=80),
    st.integers(1, 12),
    st.integers(1, 6),
    st.sampled_from([0.2, 0.5, 1.0]),
)
def test_after_merging_every_cluster_passes_or_one_is_left(rows, min_conversations, min_accounts, max_share) -> None:
    labels = np.array([row[0] for row in rows], dtype=np.int32)
    accounts = np.array([row[1] for row in rows], dtype=np.int64)
    vectors, _ = blobs(len(rows), 10) if rows else (FEW[:0], None)
    merged, count = merge_small(labels, vectors, accounts, min_conversations, min_accounts, max_share)
    left = sorted(set(merged[merged >= 0].tolist()))
    before = set(labels[labels >= 0].tolist())
    assert left == list(range(len(before) - count))
    assert ((merged < 0) == (labels < 0)).all()
    # What was together stays together.
    assert len(set(zip(labels.tolist(), merged.tolist(), strict=True))) == len(set(labels.tolist()))
    if len(left) > 1:
        thresholds = (min_conversations, min_accounts, max_share)
        assert all(passes(np.flatnonzero(merged == c), accounts, *thresholds) for c in left)


def test_a_small_cluster_joins_the_nearest_and_what_passes_is_left_alone() -> None:
    vectors = unit(np.array([[1, 0.0]] * 10 + [[0, 1.0]] * 10 + [[0.2, 1.0]] * 2))
    labels = np.repeat([0, 1, 2], [10, 10, 2]).astype(np.int32)
    merged, count = merge_small(labels, vectors, np.arange(22), 5, 5, 0.5)
    assert count == 1
    assert merged.tolist() == [1] * 10 + [0] * 12


def test_one_account_that_fills_a_cluster_is_merged_until_it_does_not() -> None:
    vectors = unit(np.array([[1, 0.0]] * 10 + [[1, 0.3]] * 12 + [[0, 1.0]] * 10))
    labels = np.repeat([0, 1, 2], [10, 12, 10]).astype(np.int32)
    accounts = np.concatenate([np.zeros(10), np.arange(1, 13), np.arange(20, 30)]).astype(np.int64)
    merged, count = merge_small(labels, vectors, accounts, 1, 1, 0.5)
    assert count == 1
    assert merged.tolist() == [0] * 22 + [1] * 10


def test_centroids_leave_noise_out() -> None:
    labels = np.array([0, -1, 0, 1] + [-1] * 36)
    np.testing.assert_allclose(centroids_of(FEW, labels)[1], FEW[3], atol=1e-6)
    assert centroids_of(FEW, np.full(40, -1)).shape == (0, 16)
