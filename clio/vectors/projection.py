"""The two-dimensional map. For display only: distances and areas on it decide nothing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clio.config.stages import ProjectConfig
from clio.models.protocol import Vectors
from clio.vectors.threads import in_order, one_thread_each

SMALL = 20
"""Up to this many rows there are no neighbourhoods to speak of: principal components are drawn."""
PLACING_NEIGHBOURS = 5
"""Fewer than UMAP's own: a mean of many neighbours pulls rows between two clusters into the void."""
_INDEXED = 10_000
_BLOCK = 16_384


def project(
    vectors: Vectors, config: ProjectConfig, seed: int = 0, sample_rows: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Positions of shape (n, 2), finite, the same for the same input and seed on one machine.

    UMAP is fitted on ``sample_rows`` (default: all rows, or a seeded sample of ``config.fit_rows`` of more); any other
    row is placed at the mean of its nearest fitted rows, the nearer the heavier. Where UMAP finds no layout (hardly
    any rows, or hardly any different ones) the first two principal components stand in.
    """
    n = len(vectors)
    if sample_rows is None and n > config.fit_rows:
        sample_rows = np.sort(np.random.default_rng(seed).choice(n, config.fit_rows, replace=False))
    if sample_rows is None or len(sample_rows) >= n:
        return _fitted(np.asarray(vectors, dtype=np.float32), config, seed)
    known = np.asarray(vectors[sample_rows], dtype=np.float32)
    fitted = _fitted(known, config, seed)
    out = np.empty((n, 2), np.float32)
    out[sample_rows] = fitted
    rest = np.setdiff1d(np.arange(n), sample_rows)
    starts = range(0, len(rest), _BLOCK)
    index = _index(known)

    def place(start: int) -> NDArray[np.float32]:
        rows = np.ascontiguousarray(vectors[rest[start : start + _BLOCK]], dtype=np.float32)
        similarity, near = index.search(rows, min(PLACING_NEIGHBOURS, len(known)))
        # An index over cells may find fewer than asked for (-1): those weigh nothing.
        weight = np.where(near >= 0, 1.0 / (np.sqrt(np.maximum(2.0 - 2.0 * similarity, 0.0)) + 1e-3), 0.0)
        total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        placed: NDArray[np.float32] = (fitted[near] * (weight / total)[:, :, None]).sum(axis=1).astype(np.float32)
        return placed

    for start, placed in zip(starts, in_order(place, starts), strict=True):
        out[rest[start : start + _BLOCK]] = placed
    return out


def _fitted(vectors: Vectors, config: ProjectConfig, seed: int) -> NDArray[np.float32]:
    """UMAP of all rows, equal rows at one place; principal components where that fails."""
    distinct, inverse = np.unique(vectors, axis=0, return_inverse=True) if len(vectors) else (vectors, np.zeros(0, int))
    if len(distinct) <= SMALL:
        return _components(vectors)
    with warnings.catch_warnings(), one_thread_each():
        warnings.simplefilter("ignore")  # umap's import, numba's advice, a failed spectral start: nothing to act on
        import umap

        reducer = umap.UMAP(
            n_components=2,
            n_neighbors=min(config.neighbours, len(distinct) - 1),
            min_dist=config.min_distance,
            metric="cosine",
            random_state=seed,
            n_jobs=1,
        )
        # Sorted distinct rows: the layout does not depend on the order or the repetition of rows.
        points = np.asarray(reducer.fit_transform(distinct), dtype=np.float32)[inverse.reshape(-1)]
    return points if np.isfinite(points).all() else _components(vectors)


def _components(vectors: Vectors) -> NDArray[np.float32]:
    out = np.zeros((len(vectors), 2), np.float32)
    if len(vectors) > 1:
        centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
        # The two leading axes from the d x d products: sound for many rows, and signs fixed by the largest entry.
        _, axes = np.linalg.eigh(centred.T @ centred)
        axes = axes[:, ::-1][:, :2]
        strongest = np.abs(axes).argmax(axis=0)
        axes = axes * np.sign(axes[strongest, np.arange(axes.shape[1])])
        out[:, : axes.shape[1]] = centred @ axes
    return out


def _index(known: Vectors) -> Any:
    import faiss

    flat = faiss.IndexFlatIP(known.shape[1])
    if len(known) <= _INDEXED:
        flat.add(known)
        return flat
    cells = int(4 * len(known) ** 0.5)
    index = faiss.IndexIVFFlat(flat, known.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = 1
    index.nprobe = 16
    with one_thread_each():
        index.train(known)
        index.add(known)
    return index
