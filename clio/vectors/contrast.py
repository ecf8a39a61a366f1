"""What a cluster's namer is shown: members drawn at random, against the nearest conversations that are not members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from clio.models.protocol import Vectors
from clio.vectors.kmeans import Integers
from clio.vectors.threads import in_order

Rows = NDArray[np.int64]
_CLUSTERS, _ROWS = 2_048, 8_192
"""Block of the product of centroids and rows: 64 MiB of float32."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Row numbers into ``vectors``; within each of the two no account occurs twice."""

    inside: Rows
    """Members, in random order."""
    outside: Rows
    """Non-members, the nearest to the centroid first (ties by row)."""


def contrast(
    vectors: Vectors,
    labels: Integers,
    centroids: Vectors,
    accounts: Integers,
    inside: int,
    outside: int,
    seed: int = 0,
) -> list[Sample]:
    """One :class:`Sample` per centroid: up to ``inside`` random members and the ``outside`` nearest non-members.

    ``labels`` and ``accounts`` are integers per row of ``vectors``; noise (-1) counts as outside of every cluster.
    The outsiders are exact: the nearest row of each of the nearest distinct accounts. Members come from one sort and
    outsiders from one pass over the matrix product of rows and centroids, in blocks: memory is bounded, and no work
    grows with the square of the conversations.
    """
    k = len(centroids)
    members = _members(labels, accounts, k, inside, seed)
    strangers: list[Rows] = [np.zeros(0, np.int64) for _ in range(k)]
    waiting = np.arange(k) if outside > 0 else np.arange(0)
    depth = 4 * outside
    while len(waiting):
        short = []
        for c, rows, whole in _nearest_outsiders(vectors, labels, centroids, waiting, depth):
            strangers[c] = _one_per_account(rows, accounts)[:outside]
            if len(strangers[c]) < outside and not whole:
                short.append(c)  # one account fills the neighbourhood: look further
        waiting, depth = np.array(short, dtype=np.int64), depth * 8
    return [Sample(members[c], strangers[c]) for c in range(k)]


def _members(labels: Integers, accounts: Integers, k: int, most: int, seed: int) -> list[Rows]:
    key = np.random.default_rng(seed).permutation(len(labels))
    order = np.lexsort((key, accounts, labels))
    order = order[labels[order] >= 0]
    # The first row (by random key) of each account in each cluster, then each cluster's rows by random key.
    same = (np.diff(labels[order]) == 0) & (np.diff(accounts[order]) == 0)
    first = order[np.concatenate([[True], ~same])] if len(order) else order
    first = first[np.lexsort((key[first], labels[first]))].astype(np.int64)
    starts = np.searchsorted(labels[first], np.arange(k + 1))
    return [first[starts[c] : min(starts[c + 1], starts[c] + most)] for c in range(k)]


def _one_per_account(rows: Rows, accounts: Integers) -> Rows:
    _, first = np.unique(accounts[rows], return_index=True)
    return rows[np.sort(first)]


def _nearest_outsiders(
    vectors: Vectors, labels: Integers, centroids: Vectors, clusters: Rows, depth: int
) -> Iterator[tuple[int, Rows, bool]]:
    """Per cluster its number, the ``depth`` nearest non-members in order, and whether these are all there are."""
    place = np.full(max(int(labels.max(initial=-1)) + 1, len(centroids)) + 1, -1, dtype=np.int64)  # last: for noise
    for start in range(0, len(clusters), _CLUSTERS):
        some = clusters[start : start + _CLUSTERS]
        pool = _Pool(len(some), depth)
        place[:] = -1
        place[some] = np.arange(len(some))
        starts = range(0, len(vectors), _ROWS)
        products = in_order(partial(_product, vectors, centroids[some], labels, place), starts)
        for at, similarity in zip(starts, products, strict=True):
            pool.add(similarity, at)
        for c, found in zip(some.tolist(), pool.best(), strict=True):
            yield c, found, len(found) < depth


def _product(vectors: Vectors, centroids: Vectors, labels: Integers, place: Rows, at: int) -> Vectors:
    """Similarity of each centroid to each of a block of rows; -inf where the row is a member."""
    similarity: Vectors = centroids @ vectors[at : at + _ROWS].T
    own = place[labels[at : at + _ROWS]]
    rows = np.flatnonzero(own >= 0)
    similarity[own[rows], rows] = -np.inf
    return similarity


class _Pool:
    """The best ``depth`` columns of each of many owners out of a stream of blocks.

    Only what reaches an owner's threshold is kept; the first block sets one that few later values reach.
    """

    def __init__(self, owners: int, depth: int) -> None:
        self._depth = depth
        self._threshold = np.full((owners, 1), np.finfo(np.float32).min, np.float32)
        self._owner, self._column = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._value = np.zeros(0, np.float32)
        self._limit = 0

    def add(self, similarity: Vectors, at: int) -> None:
        """One row per owner; the first column is number ``at``; -inf is never kept."""
        if at == 0 and similarity.shape[1] > self._depth:
            highest = np.partition(similarity, -self._depth, axis=1)[:, -self._depth :].min(axis=1, keepdims=True)
            self._threshold = np.maximum(self._threshold, highest)
        owner, column = np.nonzero(similarity >= self._threshold)
        self._owner = np.concatenate([self._owner, owner])
        self._column = np.concatenate([self._column, column + at])
        self._value = np.concatenate([self._value, similarity[owner, column]])
        if len(self._owner) > self._limit:
            self._shrink()
            self._limit = 2 * len(self._owner)

    def _shrink(self) -> NDArray[np.int64]:
        """Sort by owner, then value, then column; keep the best of each owner. Returns where each owner's begin."""
        order = np.lexsort((self._column, -self._value, self._owner))
        owner = self._owner[order]
        starts = np.searchsorted(owner, np.arange(len(self._threshold) + 1))
        order = order[np.arange(len(owner)) - starts[owner] < self._depth]
        self._owner, self._column, self._value = self._owner[order], self._column[order], self._value[order]
        starts = np.searchsorted(self._owner, np.arange(len(self._threshold) + 1))
        full = np.flatnonzero(np.diff(starts) == self._depth)
        self._threshold[full, 0] = self._value[starts[full + 1] - 1]
        return starts

    def best(self) -> Iterator[Rows]:
        """Columns of each owner, the highest value first, ties by column."""
        starts = self._shrink()
        for owner in range(len(self._threshold)):
            yield self._column[starts[owner] : starts[owner + 1]]
