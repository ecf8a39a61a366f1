"""Density clustering: UMAP to ten dimensions, then HDBSCAN. What belongs nowhere stays noise (-1)."""

from __future__ import annotations

import warnings

import numpy as np

from clio.models.protocol import Vectors
from clio.vectors.kmeans import Clustering, finished
from clio.vectors.threads import one_thread_each

DIMENSIONS = 10
NEIGHBOURS = 15
DIRECT_ROWS = 100
"""Up to this many rows UMAP has too little to go by: HDBSCAN then sees the vectors themselves."""


def density_clusters(vectors: Vectors, min_size: int, seed: int = 0) -> Clustering:
    """Clusters of at least ``min_size`` (>= 2) rows; all the rest is labelled -1 and is in no centroid.

    UMAP and HDBSCAN hold all rows in memory and run on one core (that is what makes a seed hold): meant for up to some
    50,000 rows; :func:`clio.vectors.kmeans.spherical_kmeans` is for more.
    """
    n = len(vectors)
    if n < min_size:
        return finished(vectors, np.full(n, -1, np.int32))
    with warnings.catch_warnings(), one_thread_each():
        warnings.simplefilter("ignore")  # old scikit-learn names, numba's advice: nothing a user can act on
        import hdbscan

        points = np.asarray(vectors, dtype=np.float64) if n <= DIRECT_ROWS else _reduced(vectors, seed)
        search = hdbscan.HDBSCAN(min_cluster_size=min_size, core_dist_n_jobs=1)
        labels = search.fit_predict(points)
    return finished(vectors, labels.astype(np.int32))


def _reduced(vectors: Vectors, seed: int) -> Vectors:
    import umap

    reducer = umap.UMAP(
        n_components=DIMENSIONS, n_neighbors=NEIGHBOURS, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1
    )
    points: Vectors = reducer.fit_transform(np.asarray(vectors))
    # Rows that UMAP could connect to nothing come back as NaN; far from everything else is what they are.
    return np.nan_to_num(points, nan=float(np.nanmax(np.abs(points), initial=1.0)) * 10.0)
