"""How good and how concentrated a clustering is, in figures for the manifest."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clio.models.protocol import Vectors
from clio.vectors.kmeans import Integers
from clio.vectors.threads import one_thread_each


def quality(
    vectors: Vectors, labels: Integers, accounts: Integers, sample: int = 5_000, seed: int = 0
) -> dict[str, Any]:
    """Figures about a clustering, all of them plain numbers or None (what cannot be computed).

    ``silhouette``: mean cosine silhouette (-1 to 1) of ``silhouette_rows`` seeded non-noise rows. ``sizes`` and
    ``accounts``: rows and distinct accounts per cluster. ``largest_account_share``: per cluster, the share of its rows
    that its largest account has. ``noise``: rows in no cluster.
    """
    kept = np.flatnonzero(labels >= 0)
    # One row per (cluster, account) pair that occurs, with how often it does.
    pairs, counts = np.unique(np.stack([labels[kept], accounts[kept]]), axis=1, return_counts=True)
    names, first, people = np.unique(pairs[0], return_index=True, return_counts=True)
    sizes = np.add.reduceat(counts, first) if len(first) else counts
    largest = np.maximum.reduceat(counts, first) if len(first) else counts
    silhouette, rows = _silhouette(vectors, labels, kept, sample, seed)
    return {
        "clusters": len(names),
        "rows": len(labels),
        "noise": len(labels) - len(kept),
        "silhouette": silhouette,
        "silhouette_rows": rows,
        "sizes": _spread(sizes),
        "accounts": _spread(people),
        "largest_account_share": _spread(largest / np.maximum(sizes, 1), digits=4),
        "single_account_clusters": int((people == 1).sum()),
    }


def _spread(values: NDArray[Any], digits: int = 1) -> dict[str, float | None]:
    if not len(values):
        return {"min": None, "median": None, "p90": None, "max": None}
    marks = np.quantile(values.astype(np.float64), [0.0, 0.5, 0.9, 1.0])
    return dict(zip(("min", "median", "p90", "max"), (round(float(m), digits) for m in marks), strict=True))


def _silhouette(
    vectors: Vectors, labels: Integers, kept: NDArray[np.int64], sample: int, seed: int
) -> tuple[float | None, int]:
    if len(kept) > sample:
        kept = np.sort(np.random.default_rng(seed).choice(kept, sample, replace=False))
    if not 2 <= len(np.unique(labels[kept])) < len(kept):
        return None, 0
    from sklearn.metrics import silhouette_score

    with warnings.catch_warnings(), one_thread_each():
        warnings.simplefilter("ignore")
        score = float(silhouette_score(np.asarray(vectors[kept]), labels[kept], metric="cosine"))
    return round(score, 4), len(kept)
