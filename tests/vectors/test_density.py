import numpy as np

from clio.vectors.density import density_clusters
from tests.vectors.blobs import blobs, unit


def test_few_rows_without_umap_and_noise_stays_noise() -> None:
    vectors, truth = blobs(60, 3, spread=0.1)
    stray = unit(np.random.default_rng(5).normal(size=(6, 16)))
    found = density_clusters(np.concatenate([vectors, stray]), 5)
    assert (found.labels[60:] == -1).sum() >= 4  # HDBSCAN may hang a stray on the outermost cluster
    kept = found.labels[:60] >= 0
    assert kept.mean() > 0.8
    assert len(found.centroids) == 3
    assert len(set(zip(found.labels[:60][kept].tolist(), truth[kept].tolist(), strict=True))) == 3


def test_with_umap_the_same_seed_gives_the_same_labels() -> None:
    vectors, truth = blobs(240, 3, spread=0.2)
    one, other = density_clusters(vectors, 15, seed=4), density_clusters(vectors, 15, seed=4)
    assert one.labels.tolist() == other.labels.tolist()
    kept = one.labels >= 0
    assert kept.mean() > 0.8
    assert len(set(zip(one.labels[kept].tolist(), truth[kept].tolist(), strict=True))) == len(one.centroids)


def test_fewer_rows_than_a_cluster_needs_are_noise() -> None:
    for n in (0, 1, 4):
        found = density_clusters(blobs(4, 2)[0][:n], 5)
        assert found.labels.tolist() == [-1] * n
        assert found.centroids.shape == (0, 16)
