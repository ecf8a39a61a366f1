"""What holds of any parting of rows into clusters, however it was come by: order, sums, centroids, merging.

Labels are cluster numbers from 0; -1 is noise, which belongs to no cluster.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clio.models.protocol import Vectors

Labels = NDArray[np.int32]
Integers = NDArray[np.integer[Any]]

BLOCK = 4_096
"""Rows looked at together. Sums are added up block by block, so it decides the last digits of a result."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """A flat clustering. Labels run from 0 without gaps, the largest cluster first, ties by first member."""

    labels: Labels
    """Shape (n,). -1 is noise, which only density clustering makes."""
    centroids: Vectors
    """Shape (k, d): the members' mean direction, length 1."""
    objective: float
    """Mean cosine similarity of a (non-noise) row to its centroid; higher is better."""


def finished(vectors: Vectors, labels: Integers) -> Clustering:
    """Number clusters by size, then first member, without gaps; centroids and objective from the members."""
    tidy = relabelled(labels)
    k = int(tidy.max(initial=-1)) + 1
    sums = _sums(vectors, tidy, k)
    lengths = np.linalg.norm(sums, axis=1)
    kept = int((tidy >= 0).sum())
    return Clustering(tidy, _directions(vectors, tidy, sums), float(lengths.sum() / kept) if kept else 0.0)


def centroids_of(vectors: Vectors, labels: Integers) -> Vectors:
    """Shape (labels.max() + 1, d): mean direction of each cluster's members, length 1. Noise (-1) is left out."""
    return _directions(vectors, labels, _sums(vectors, labels, int(labels.max(initial=-1)) + 1))


def relabelled(labels: Integers) -> Labels:
    """The same partition with labels 0, 1, ... by falling size, ties by first member. -1 stays -1."""
    out = np.full(len(labels), -1, np.int32)
    kept = labels >= 0
    names, first, inverse, counts = np.unique(labels[kept], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), np.int32)
    rank[np.lexsort((first, -counts))] = np.arange(len(names), dtype=np.int32)
    out[kept] = rank[inverse]
    return out


def grouped(labels: Integers, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``(order, starts)``: the rows of cluster c are ``order[starts[c]:starts[c + 1]]``, ascending; no noise."""
    order = np.argsort(labels, kind="stable").astype(np.int64)
    order = order[int((labels < 0).sum()) :]
    sizes = np.bincount(labels[labels >= 0], minlength=k)
    return order, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def merge_small(
    labels: Integers,
    vectors: Vectors,
    accounts: Integers,
    min_conversations: int,
    min_accounts: int,
    max_share: float,
) -> tuple[Labels, int]:
    """Merge clusters under threshold into the nearest other cluster until all pass or one is left.

    The smallest goes first; "nearest" is by cosine of centroids, and the cluster that takes it in is judged anew (one
    account can dominate the sum). A cluster passes with at least ``min_conversations`` rows and ``min_accounts``
    distinct ``accounts`` (integer codes), of which none has more than ``max_share`` of the rows. Noise stays noise.
    Returns the new labels (ordered as in :class:`Clustering`) and how many clusters were merged away.
    """
    labels = relabelled(labels)
    k = int(labels.max(initial=-1)) + 1
    if k == 0:
        return labels, 0
    sums = _sums(vectors, labels, k)
    order, starts = grouped(labels, k)
    people = [Counter(accounts[order[starts[c] : starts[c + 1]]].tolist()) for c in range(k)]
    sizes = np.diff(starts)
    unit = _unit(sums)
    alive, into = np.ones(k, bool), np.arange(k)

    def fails(c: int) -> bool:
        counts = people[c]
        few = sizes[c] < min_conversations or len(counts) < min_accounts
        return bool(few or max(counts.values()) > max_share * sizes[c])

    heap = [(int(sizes[c]), c) for c in range(k) if fails(c)]
    heapq.heapify(heap)
    merged = 0
    while heap and merged < k - 1:
        size, c = heapq.heappop(heap)
        if not alive[c] or size != sizes[c]:
            continue  # merged or grown since it was queued; a grown one that still fails was queued anew
        alive[c] = False
        target = int(np.argmax(np.where(alive, unit @ unit[c], -np.inf)))
        into[c] = target
        merged += 1
        sums[target] += sums[c]
        sizes[target] += sizes[c]
        unit[target] = _unit(sums[target : target + 1])[0]
        if len(people[target]) < len(people[c]):  # the smaller count goes into the larger: each row moves log n times
            people[target], people[c] = people[c], people[target]
        people[target].update(people[c])
        people[c] = Counter()
        if fails(target):
            heapq.heappush(heap, (int(sizes[target]), target))
    while (into[into] != into).any():
        into = into[into]
    return relabelled(np.where(labels >= 0, into[np.maximum(labels, 0)], -1)), merged


def _unit(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    out: NDArray[np.float64] = sums / np.where(lengths > 0, lengths, 1.0)
    return out


def _sums(vectors: Vectors, labels: Integers, k: int) -> NDArray[np.float64]:
    """Sum of each cluster's members, in one pass over blocks of rows."""
    sums = np.zeros((k, vectors.shape[1]))
    for start in range(0, len(labels), BLOCK):
        there, part = block_sums(vectors[start : start + BLOCK], labels[start : start + BLOCK])
        sums[there] += part
    return sums


def _directions(vectors: Vectors, labels: Integers, sums: NDArray[np.float64]) -> Vectors:
    """Sums to unit rows; where members cancel out, the first member stands for them."""
    out = _unit(sums).astype(np.float32)
    for c in np.flatnonzero(np.linalg.norm(sums, axis=1) < 1e-6):
        members = np.flatnonzero(labels == c)
        if len(members):
            out[c] = vectors[members[0]]
    return out


def block_sums(block: Vectors, labels: Integers) -> tuple[NDArray[np.int64], Vectors]:
    """The clusters that occur in a block and the sum of the rows of each. Noise is left out.

    A product with the sparse membership matrix: some fifteen times as fast as summing groups of rows.
    """
    from scipy.sparse import csr_matrix

    kept = np.flatnonzero(labels >= 0)
    there, place = np.unique(labels[kept], return_inverse=True)
    ones = np.ones(len(kept), np.float32)
    member = csr_matrix((ones, (place.reshape(-1), kept)), shape=(len(there), len(labels)))
    part: Vectors = member @ np.asarray(block, dtype=np.float32)
    return there.astype(np.int64), part
