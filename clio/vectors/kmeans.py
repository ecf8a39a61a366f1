"""Spherical k-means that does not settle for a bad start.

Nearest centroids are found by faiss. Between Lloyd's iterations the clusters that could best be split take a centroid
from those that would be least missed; the gain of a split and the loss of a removal are both in terms of the objective.
From seeds chosen among a tenth or less of the rows this reaches what greedy k-means++ reaches with a pass over all rows
for every cluster (docs/benchmarks.md).

Results follow from the vectors in their order, ``k`` and the seed alone. Permuting the rows permutes the labels
provided that the caller first puts the rows in a canonical order (by conversation id, say).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clio.models.protocol import Vectors
from clio.vectors._partition import (
    BLOCK,
    Clustering,
    Integers,
    Labels,
    block_sums,
    centroids_of,
    finished,
    grouped,
    merge_small,
    relabelled,
)
from clio.vectors.threads import in_order, one_thread_each

__all__ = [
    "MAX_POINTS_PER_CENTROID",
    "RESTART_ROWS",
    "Clustering",
    "Integers",
    "Labels",
    "centroids_of",
    "default_k",
    "finished",
    "grouped",
    "merge_small",
    "relabelled",
    "spherical_kmeans",
]

_Pass: TypeAlias = tuple[Vectors, NDArray[np.int64]]

MAX_POINTS_PER_CENTROID = 256
"""Centroids are trained on a seeded sample of at most this many rows each (faiss's own default)."""
RESTART_ROWS = 200_000
"""With more rows than this one start is enough: what is left of chance averages out over the clusters."""
_NEAR = 9
"""Centroids looked at when the loss of a merger is estimated, the centroid itself included."""
_SEED_ROWS = 10
"""Rows per cluster among which the first centroids are chosen; fewer where that would be most of the rows."""
_WORTHWHILE = 500
"""Exchanges go on while at least one in this many centroids was moved."""
_TOLERANCE = 2e-6
"""Lloyd's iterations end when the mean cosine grows by less."""
_SPLIT_ROWS = 2_048
"""Members looked at when the gain of a split is estimated."""


def default_k(n: int) -> int:
    """Clusters for ``n`` conversations: about sqrt(n) up to 10,000, n/100 beyond; at least 2 where n allows it."""
    return min(n, max(2, round(math.sqrt(n)) if n <= 10_000 else round(n / 100)))


def spherical_kmeans(
    vectors: Vectors,
    k: int,
    seed: int = 0,
    iterations: int = 25,
    restarts: int = 1,
    two_level_above: int = 20_000,
) -> Clustering:
    """Cluster unit rows by cosine into at most ``k`` clusters, none of them empty.

    Fewer come out where there are fewer distinct rows. ``vectors`` may be a memory map larger than memory: a sample is
    loaded, the rest is assigned in blocks. With more than ``two_level_above`` clusters the rows are parted coarsely
    first and each part is clustered by itself, which takes k**1.5 instead of k**2 work per row of a cluster.
    """
    n = len(vectors)
    k = max(1, min(k, n))
    if n == 0:
        return Clustering(np.zeros(0, np.int32), np.zeros((0, vectors.shape[1]), np.float32), 0.0)
    if k <= two_level_above:
        return finished(vectors, _flat(vectors, k, seed, iterations, restarts))
    parts = _flat(vectors, round(math.sqrt(k)), seed, iterations, 1)
    order, starts = grouped(parts, int(parts.max()) + 1)
    labels, used = np.empty(n, np.int32), 0
    for part, share in enumerate(_shares(np.diff(starts), k)):
        rows = order[starts[part] : starts[part + 1]]
        if len(rows):
            inner = _flat(np.asarray(vectors[rows]), share, seed + 1 + part, iterations, 1)
            labels[rows] = inner + used
            used += int(inner.max()) + 1
    return finished(vectors, labels)


def _shares(sizes: NDArray[np.int64], k: int) -> list[int]:
    """``k`` clusters shared out over parts by size: at least one each, never more than a part has rows."""
    exact = sizes * (k / sizes.sum())
    share = np.clip(np.floor(exact).astype(np.int64), 1, np.maximum(sizes, 1))
    for part in np.argsort(-(exact - share), kind="stable"):
        if share.sum() >= k:
            break
        share[part] += share[part] < sizes[part]
    return [int(s) for s in share]


def _flat(vectors: Vectors, k: int, seed: int, iterations: int, restarts: int) -> Labels:
    """Labels of one level; a label may be unused."""
    n = len(vectors)
    random = np.random.default_rng(seed)
    most = MAX_POINTS_PER_CENTROID * k
    rows = np.sort(random.choice(n, most, replace=False)) if n > most else slice(None)
    sample = np.ascontiguousarray(vectors[rows], dtype=np.float32)
    best, best_objective = sample[:1], -math.inf
    for _ in range(restarts if n <= RESTART_ROWS else 1):
        trained, objective = _trained(sample, _seeds(sample, k, random), iterations)
        if objective > best_objective:
            best, best_objective = trained, objective
    return np.concatenate([index[:, 0] for _, index in _passes(vectors, best, 1)]).astype(np.int32)


def _seeds(sample: Vectors, k: int, random: np.random.Generator) -> Vectors:
    """Greedy k-means++ on a small part of the rows: of a few candidates the one that leaves the least distance.

    Arthur and Vassilvitskii 2007; their 2 + log(k) candidates. Uniformly drawn seeds crowd in the large clusters.
    """
    n = len(sample)
    few = max(2 * k, min(_SEED_ROWS * k, n // 4))
    pool = sample[np.sort(random.choice(n, few, replace=False))] if n > few else sample
    tries = 2 + int(math.log(k))
    chosen = [int(random.integers(len(pool)))]
    distance = 1.0 - pool @ pool[chosen[0]]
    with one_thread_each():
        while len(chosen) < k:
            distance[distance < 1e-6] = 0.0  # the row itself, or its equal, in float32
            reach = np.cumsum(distance, dtype=np.float64)
            if reach[-1] <= 0.0:
                return _distinct_rows(sample, k, random)
            picks = np.searchsorted(reach, random.random(tries) * reach[-1], side="right").clip(max=len(pool) - 1)
            left = np.minimum(distance, 1.0 - pool[picks] @ pool.T)
            best = int(left.sum(axis=1, dtype=np.float64).argmin())
            chosen.append(int(picks[best]))
            distance = left[best]
    seeds: Vectors = pool[np.sort(chosen)]
    return seeds


def _distinct_rows(sample: Vectors, k: int, random: np.random.Generator) -> Vectors:
    """At most ``k`` different rows, drawn at random: two equal centroids would leave one of them empty."""
    seen: set[bytes] = set()
    rows = []
    for row in random.permutation(len(sample)):
        content = sample[row].tobytes()
        if content not in seen:
            seen.add(content)
            rows.append(row)
            if len(rows) == k:
                break
    chosen: Vectors = sample[np.sort(rows)]
    return chosen


def _trained(sample: Vectors, centroids: Vectors, iterations: int) -> tuple[Vectors, float]:
    """Lloyd's iterations: a quarter, then one after each exchange while exchanges are found, then a fifth."""
    last = max(1, iterations // 5)
    first = max(1, iterations // 4)
    centroids, _ = _lloyd(sample, centroids, first)
    for _ in range(max(0, iterations - first - last) if len(centroids) > 1 else 0):
        centroids, exchanged = _exchanged(sample, centroids)
        if exchanged * _WORTHWHILE < len(centroids):
            break
        centroids, _ = _lloyd(sample, centroids, 1)
    return _lloyd(sample, centroids, last)


def _lloyd(sample: Vectors, centroids: Vectors, iterations: int) -> tuple[Vectors, float]:
    """New centroids, and the objective of the assignment that they are the means of. A memberless one stays put."""
    objective = -math.inf
    for _ in range(iterations):
        sums = _assigned_sums(sample, centroids)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = np.where(lengths > 1e-6, sums / np.maximum(lengths, 1e-6), centroids).astype(np.float32)
        before, objective = objective, float(lengths.sum()) / len(sample)
        if objective - before < _TOLERANCE:
            break
    return centroids, objective


def _passes(vectors: Vectors, centroids: Vectors, count: int) -> Iterator[_Pass]:
    """For each block of rows: its similarity to and the index of the ``count`` nearest centroids."""
    import faiss

    def one(start: int) -> _Pass:
        block = np.ascontiguousarray(vectors[start : start + BLOCK], dtype=np.float32)
        similarity, index = faiss.knn(block, centroids, count, metric=faiss.METRIC_INNER_PRODUCT)
        return similarity, index

    centroids = np.ascontiguousarray(centroids)
    return in_order(one, range(0, len(vectors), BLOCK))


def _assigned_sums(vectors: Vectors, centroids: Vectors) -> NDArray[np.float64]:
    """Sums of the rows nearest to each centroid."""
    import faiss

    def one(start: int) -> tuple[NDArray[np.int64], Vectors]:
        block = np.ascontiguousarray(vectors[start : start + BLOCK], dtype=np.float32)
        return block_sums(block, faiss.knn(block, centroids, 1, metric=faiss.METRIC_INNER_PRODUCT)[1][:, 0])

    sums = np.zeros(centroids.shape)
    for there, part in in_order(one, range(0, len(vectors), BLOCK)):
        sums[there] += part
    return sums


def _exchanged(sample: Vectors, centroids: Vectors) -> tuple[Vectors, int]:
    """Move centroids that would be least missed to clusters worth splitting; also how many were moved.

    The objective is the sum over clusters of the length of the members' sum. Splitting gains the two halves' lengths
    less the whole's. Removing loses what merging with the best of a few near clusters would lose, or what the members
    lose by each going to their second nearest centroid, whichever is less.
    """
    k = len(centroids)
    similarity, index = (np.concatenate(parts) for parts in zip(*_passes(sample, centroids, 2), strict=True))
    labels = index[:, 0]
    length = np.bincount(labels, similarity[:, 0], k)
    near = [np.concatenate(parts) for parts in zip(*_passes(centroids, centroids, min(k, _NEAR)), strict=True)]
    cosine, neighbours = near[0][:, 1:].astype(np.float64), near[1][:, 1:]
    other, own = length[neighbours], length[:, None]
    merging = own + other - np.sqrt(np.maximum(own**2 + other**2 + 2 * own * other * cosine, 0.0))
    partner = neighbours[np.arange(k), merging.argmin(axis=1)]
    loss = np.minimum(merging.min(axis=1), np.bincount(labels, similarity[:, 0] - similarity[:, 1], k))
    order, starts = grouped(labels, k)
    spread = np.bincount(labels, 1.0 - similarity[:, 0], k)

    def split(c: int) -> tuple[float, int, tuple[Vectors, Vectors] | None]:
        members = order[starts[c] : starts[c + 1]]
        stride = max(1, len(members) // _SPLIT_ROWS)
        gain, halves = _split(sample[members[::stride]])
        return -gain * stride, c, halves

    widest = np.argsort(-spread, kind="stable")[: max(1, k // 5)].tolist()
    splits = sorted((found for found in in_order(split, widest) if found[2] is not None), key=lambda found: found[:2])
    # A removal sends members to a neighbour, so the partner of a moved centroid stays where it is in this exchange.
    candidates = iter(np.argsort(loss, kind="stable").tolist())
    out, touched, moved = centroids.copy(), set[int](), 0
    for negative_gain, c, halves in splits:
        if c in touched:
            continue
        victim = next((v for v in candidates if v not in touched and v != c), None)
        if victim is None or loss[victim] >= -negative_gain:
            break
        out[[c, victim]] = halves
        touched |= {c, victim, int(partner[victim])}
        moved += 1
    return out, moved


def _split(members: Vectors) -> tuple[float, tuple[Vectors, Vectors] | None]:
    """Gain of the best of a few two-means steps that begin at the members' main axis; None where there is no split."""
    if len(members) < 2:
        return 0.0, None
    centred = members - members.mean(axis=0)
    axis = centred[int(np.argmax((centred * centred).sum(axis=1)))]
    for _ in range(4):  # power iterations
        axis = centred.T @ (centred @ axis)
        length = float(np.linalg.norm(axis))
        if length < 1e-12:
            return 0.0, None
        axis = axis / length
    side = centred @ axis > 0
    for step in range(4):
        if side.all() or not side.any():
            return 0.0, None
        a, b = members[side].sum(axis=0), members[~side].sum(axis=0)
        length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
        if min(length_a, length_b) < 1e-6:
            return 0.0, None
        if step < 3:
            side = members @ (a / length_a) > members @ (b / length_b)
    gain = length_a + length_b - float(np.linalg.norm(a + b))
    return gain, (a / length_a, b / length_b)
