import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.vectors import contrast as module
from clio.vectors.contrast import contrast
from clio.vectors.kmeans import centroids_of, relabelled
from tests.vectors.blobs import blobs


def brute_force(vectors, labels, centroid, c, accounts, most):
    """Similarities of the nearest non-members, one per account, found by looking at every row."""
    similarity = vectors.astype(np.float64) @ centroid.astype(np.float64)
    found, seen = [], set()
    for row in np.argsort(-similarity, kind="stable"):
        if labels[row] != c and accounts[row] not in seen and len(found) < most:
            seen.add(accounts[row])
            found.append(similarity[row])
    return found


@given(
    n=st.integers(1, 120),
    clusters=st.integers(1, 8),
    people=st.integers(1, 60),
    whale=st.floats(0, 0.95),
    outside=st.integers(0, 12),
    seed=st.integers(0, 99),
)
def test_outsiders_are_the_nearest_and_nobody_speaks_twice(n, clusters, people, whale, outside, seed) -> None:
    random = np.random.default_rng(seed)
    vectors, _ = blobs(n, clusters, seed=seed)
    labels = relabelled(random.integers(-1, clusters, n))
    accounts = np.where(random.random(n) < whale, 0, random.integers(0, people, n))
    centroids = centroids_of(vectors, labels)
    samples = contrast(vectors, labels, centroids, accounts, 5, outside, seed)
    assert len(samples) == len(centroids)
    for c, sample in enumerate(samples):
        members = np.flatnonzero(labels == c)
        assert set(sample.inside.tolist()) <= set(members.tolist())
        assert len(sample.inside) == min(5, len(set(accounts[members].tolist())))
        for rows in (sample.inside, sample.outside):
            assert rows.dtype == np.int64
            assert len(set(accounts[rows].tolist())) == len(rows)
        assert c not in labels[sample.outside]
        wanted = brute_force(vectors, labels, centroids[c], c, accounts, outside)
        got = (vectors[sample.outside].astype(np.float64) @ centroids[c]).tolist()
        np.testing.assert_allclose(got, wanted, atol=1e-6)


@pytest.mark.parametrize("whale", [0.0, 0.9])
def test_blocks_change_nothing(monkeypatch, whale) -> None:
    vectors, labels = blobs(5_000, 40, spread=0.8)
    random = np.random.default_rng(0)
    accounts = np.where(random.random(5_000) < whale, 0, random.integers(0, 900, 5_000))
    centroids = centroids_of(vectors, labels)
    plain = contrast(vectors, labels, centroids, accounts, 10, 20)
    monkeypatch.setattr(module, "_ROWS", 333)
    monkeypatch.setattr(module, "_CLUSTERS", 7)
    blocked = contrast(vectors, labels, centroids, accounts, 10, 20)
    for one, other in zip(plain, blocked, strict=True):
        assert one.inside.tolist() == other.inside.tolist()
        assert len(other.outside) == 20
        assert len(set(one.outside.tolist()) & set(other.outside.tolist())) >= 19  # low bits may swap equals


def test_the_seed_decides_who_is_drawn() -> None:
    vectors, labels = blobs(400, 3)
    centroids, accounts = centroids_of(vectors, labels), np.arange(400)
    one, same, other = (contrast(vectors, labels, centroids, accounts, 10, 5, seed) for seed in (1, 1, 2))
    assert [s.inside.tolist() for s in one] == [s.inside.tolist() for s in same]
    assert [s.inside.tolist() for s in one] != [s.inside.tolist() for s in other]
    assert [s.outside.tolist() for s in one] == [s.outside.tolist() for s in other]


def test_nothing_outside_of_the_only_cluster() -> None:
    vectors, _ = blobs(10, 1)
    (sample,) = contrast(vectors, np.zeros(10, np.int32), vectors[:1], np.arange(10), 3, 3)
    assert len(sample.inside) == 3
    assert len(sample.outside) == 0
