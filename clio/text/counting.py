"""Distinct accounts by word and cluster, as sorts over numbers and sparse matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clio.text.tokens import BREAK, Ints, Tokens


def form_accounts(groups: Ints, forms: Ints, members: Ints) -> dict[tuple[int, int], int]:
    """Distinct accounts by (group, form), over tokens given as three parallel arrays; negative groups are left out."""
    width = int(members.max(initial=0)) + 1
    group, rest = pairs(groups, np.where(forms >= 0, forms * width + members, BREAK))
    found, accounts = np.unique(np.stack([group, rest // width]), axis=1, return_counts=True)
    return dict(zip(zip(found[0].tolist(), found[1].tolist(), strict=True), accounts.tolist(), strict=True))


def commonest(forms: Mapping[tuple[int, int], int], size: int, names: Sequence[str]) -> list[str]:
    """For each group, the form that most accounts wrote; lower case wins a tie, then the alphabet."""
    best: list[tuple[int, bool, str]] = [(0, False, "")] * size
    for (group, form), accounts in forms.items():
        best[group] = min(best[group], (-accounts, not names[form].islower(), names[form]))
    return [name for _, _, name in best]


def pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Distinct pairs of non-negative numbers, sorted by the first then the second."""
    keep = (left >= 0) & (right >= 0)
    if not keep.any():
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    width = int(right[keep].max()) + 1
    packed = np.unique(left[keep] * width + right[keep])
    return packed // width, packed % width


def by_cluster(labels: Ints, members: Ints, tokens: Tokens, clusters: int | None = None) -> tuple[Any, Ints]:
    """Distinct accounts by cluster and word (csr, shape (clusters, words)), and by cluster."""
    from scipy.sparse import csr_array

    size = max(clusters or 0, int(labels.max(initial=BREAK)) + 1)
    presence, of_text = presences(labels, members)
    where, word = pairs(of_text[tokens.rows], tokens.keys)
    ones = np.ones(len(where), dtype=np.int64)
    matrix = csr_array((ones, (presence[where], word)), shape=(size, len(tokens.index)))
    matrix.sum_duplicates()
    return matrix, np.bincount(presence, minlength=size).astype(np.int64)


def distinct_columns(rows: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Distinct columns (sorted) of equally long rows of non-negative numbers, and which of them each column is."""
    stacked = np.stack(rows)
    width = int(stacked.max(initial=0)) + 1
    if width ** len(rows) >= 2**62:
        found, which = np.unique(stacked, axis=1, return_inverse=True)
        return found, which.reshape(-1).astype(np.int64)
    packed = np.zeros(stacked.shape[1], dtype=np.int64)
    for row in stacked:
        packed = packed * width + row
    distinct, which = np.unique(packed, return_inverse=True)
    columns = [distinct // width**power % width for power in range(len(rows) - 1, -1, -1)]
    return np.stack(columns), which.reshape(-1).astype(np.int64)


def presences(labels: Ints, members: Ints) -> tuple[Ints, Ints]:
    """One number per (cluster, account): the cluster of each such pair, and the pair of each text (-1: no cluster)."""
    kept = labels >= 0
    of_text = np.full(len(labels), BREAK, dtype=np.int64)
    if not kept.any():
        return np.zeros(0, dtype=np.int64), of_text
    width = int(members.max()) + 1
    packed, inverse = np.unique(labels[kept] * width + members[kept], return_inverse=True)
    of_text[kept] = inverse.reshape(-1)
    return packed // width, of_text
