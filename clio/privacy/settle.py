"""Which conversations are counted in which base cluster, before anything is counted.

A base cluster under threshold joins its nearest sibling (or leaves the release); an account with more than its share
of a cluster is trimmed to it. Everything released is a sum over what is settled here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.config.release import ReleaseConfig
from clio.privacy.thresholds import Thresholds, within_share

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Settled:
    """What will be counted."""

    members: dict[int, Ints]
    """Per released base cluster: rows of its counted conversations, ascending."""
    grown: frozenset[int]
    """Released base clusters to which another was added."""
    merged: int
    """Base clusters that joined another."""
    dropped: int
    """Base clusters that left the release."""
    dropped_conversations: int
    trimmed_conversations: int
    """Conversations left out because their account has more than its share of the cluster."""


def settle(
    base: Ints,
    accounts: Ints,
    centroids: NDArray[np.float32],
    parents: Mapping[int, str],
    config: ReleaseConfig,
) -> Settled:
    """Settle clusters, the smallest first.

    Args:
        base: base cluster of each conversation, numbers of rows of ``centroids``.
        accounts: account of each conversation, as an integer.
        centroids: shape (clusters, dimensions); cosine decides which sibling is nearest.
        parents: parent of each base cluster; those with the same one are siblings.
        config: thresholds and what to do under them.
    """
    thresholds = Thresholds.of(config)
    rows = {int(cluster): np.flatnonzero(base == cluster) for cluster in np.unique(base)}
    unit = centroids / np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-12)

    def counted(cluster: int) -> Ints:
        mine = rows[cluster]
        if config.over_share == "suppress":
            return mine
        return mine[within_share(accounts[mine], thresholds.share)]

    def passes(cluster: int) -> bool:
        return thresholds.passes_counts(Counter(accounts[counted(cluster)].tolist()))

    low = {cluster for cluster in rows if not passes(cluster)}
    grown: set[int] = set()
    merged = dropped = gone = 0
    while low:
        cluster = min(low, key=lambda c: (len(rows[c]), c))
        low.discard(cluster)
        mine = rows.pop(cluster)
        grown.discard(cluster)
        target = _nearest(cluster, rows, unit, parents) if config.under_threshold == "merge" else None
        if target is None:
            dropped, gone = dropped + 1, gone + len(mine)
            continue
        merged += 1
        rows[target] = np.sort(np.concatenate([rows[target], mine]))
        grown.add(target)
        if passes(target):
            low.discard(target)
        else:
            low.add(target)
    members = {cluster: counted(cluster) for cluster in rows}
    trimmed = sum(len(rows[cluster]) - len(found) for cluster, found in members.items())
    return Settled(members, frozenset(grown), merged, dropped, gone, trimmed)


def settle_again(
    first: Ints,
    base: Ints,
    accounts: Ints,
    centroids: NDArray[np.float32],
    parents: Mapping[int, str],
    config: ReleaseConfig,
) -> Settled:
    """Settle after an earlier release: its clusters stay as they are, or join whole where they no longer pass.

    Nobody moves by themselves and nobody is trimmed anew, so that sizes differ from earlier ones by whole released
    clusters. ``first`` is the base cluster that each conversation was counted in, -1 for none; see :func:`settle`.
    """
    counted = np.flatnonzero(first >= 0)
    whole = config.model_copy(update={"over_share": "suppress", "under_threshold": "merge"})
    found = settle(first[counted], accounts[counted], centroids, parents, whole)
    members = {cluster: counted[rows] for cluster, rows in found.members.items()}
    there = {int(cluster) for cluster in np.unique(base)}
    kept = {int(cluster) for cluster in np.unique(base[counted])}
    trimmed = int(((first < 0) & np.isin(base, list(kept))).sum())
    grown = {cluster for cluster, rows in members.items() if (base[rows] != cluster).any()}
    out = len(base) - sum(len(rows) for rows in members.values())
    if not members:
        return Settled({}, frozenset(), 0, len(there), out, 0)
    merged = len(kept) - len(members)
    return Settled(members, frozenset(grown), merged, len(there) - len(kept), out - trimmed, trimmed)


def _nearest(
    cluster: int, alive: Mapping[int, Ints], unit: NDArray[np.float32], parents: Mapping[int, str]
) -> int | None:
    """The nearest living sibling; the nearest living cluster of all where it has none; None where it is the last."""
    siblings = [other for other in alive if parents.get(other) == parents.get(cluster)]
    candidates = np.array(sorted(siblings or alive), dtype=np.int64)
    if not len(candidates):
        return None
    return int(candidates[int(np.argmax(unit[candidates] @ unit[cluster]))])
