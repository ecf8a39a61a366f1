"""Whether clusters are found again where part of the people and the start are others (Hennig 2007).

Half of the accounts are drawn and their rows clustered anew; what is compared are memberships alone. The scheme is the
subsetting of C. Hennig, "Cluster-wise assessment of cluster stability" (CSDA 52, 2007, section 3), with accounts drawn
in place of rows, since what one account wrote belongs together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from clio.vectors.kmeans import Integers

NOT_DRAWN = -2
"""Label of a row whose account was not drawn; -1 is noise, as everywhere."""


def drawn(accounts: Integers, random: np.random.Generator) -> NDArray[np.int64]:
    """Rows of half of the accounts (of one more where they are odd), ascending."""
    known = np.unique(accounts)
    chosen = random.choice(known, (len(known) + 1) // 2, replace=False)
    return np.flatnonzero(np.isin(accounts, chosen))


def found_again(labels: Integers, anew: Integers) -> NDArray[np.float64]:
    """Per cluster, the Jaccard similarity (0 to 1) to the one cluster of ``anew`` that is most like it.

    Both of shape (n,), one label per row, below 0 for none; only rows drawn for ``anew`` are compared. Shape
    (labels.max() + 1,); NaN for a cluster of which no row was drawn.
    """
    table, inside, other = _crossed(labels, anew)
    shared = table.tocoo()
    like = np.zeros(len(inside))
    each = shared.data / (inside[shared.row] + other[shared.col] - shared.data)
    np.maximum.at(like, shared.row, each)
    return np.where(inside > 0, like, np.nan)


def put_together_again(labels: Integers, anew: Integers) -> NDArray[np.float64]:
    """Per cluster, the Jaccard similarity to all those clusters of ``anew`` together that lie more than half in it.

    For levels above the base, whose edges are to hold while what they are made of may be divided otherwise. Shapes and
    NaN as in :func:`found_again`.
    """
    table, inside, other = _crossed(labels, anew)
    shared = table.tocoo()
    most = 2 * shared.data > other[shared.col]
    rows, columns = shared.row[most], shared.col[most]
    both = np.bincount(rows, shared.data[most], len(inside))
    together = np.bincount(rows, other[columns], len(inside))
    like = both / np.maximum(inside + together - both, 1)
    return np.where(inside > 0, like, np.nan)


def _crossed(labels: Integers, anew: Integers) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
    """Rows in each pair of clusters, sparse; and how many drawn rows each of the one and of the other has.

    Noise of ``anew`` counts as of no cluster, and for the clusters it is missing in.
    """
    from scipy.sparse import coo_matrix

    k, other_k = int(labels.max(initial=-1)) + 1, int(anew.max(initial=-1)) + 1
    seen = anew != NOT_DRAWN
    inside = np.bincount(labels[seen & (labels >= 0)], minlength=k).astype(np.float64)
    other = np.bincount(anew[seen & (anew >= 0)], minlength=other_k).astype(np.float64)
    both = seen & (labels >= 0) & (anew >= 0)
    ones = np.ones(int(both.sum()))
    table = coo_matrix((ones, (labels[both], anew[both])), shape=(max(k, 1), max(other_k, 1))).tocsr()
    return table, inside, other
