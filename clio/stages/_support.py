"""Whether enough accounts stand behind a name that a model wrote: by what they say themselves, not by their number.

A label of the public vocabulary is behind a conversation when it is one of the twelve nearest of about a thousand. A
written name is held to the same: it must be as near as the twelfth label is, for enough accounts and for a large enough
share of them. On 30 hand-written names for five clusters of the demo corpus (all-MiniLM-L6-v2) the share was .29 to .79
for the cluster a name was written for and at most .17 for any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.models.protocol import Vectors
from clio.text.vocabulary import SUPPORT, Vocabulary

FEWEST = 5
"""Least sampled accounts, where the cluster has more than were sampled."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Sampled conversations of a cluster, one per account."""

    vectors: Vectors
    accounts: NDArray[np.int64]
    everyone: int
    """Distinct accounts of the whole cluster."""


def least_sampled(least: int, sampled: int, everyone: int) -> int:
    """How many of the sampled accounts stand for ``least`` of all: no fewer than FEWEST, or ``least`` if that is less.

    With 25 wanted of 250, of whom 50 were sampled, 5 of these; what SUPPORT asks for (15 of 50) is then the stricter.
    """
    return max(math.ceil(least * sampled / max(1, everyone)), min(least, FEWEST))


def pooled(crowds: Sequence[Crowd], everyone: int) -> Crowd:
    """The crowd of a parent: one conversation of each account that is in the sample of any of its base clusters."""
    accounts = np.concatenate([crowd.accounts for crowd in crowds])
    _, first = np.unique(accounts, return_index=True)
    return Crowd(np.concatenate([crowd.vectors for crowd in crowds])[first], accounts[first], everyone)


def stands(
    names: Vectors, crowd: Crowd, vocabulary: Vocabulary, least: int, share: float = SUPPORT
) -> NDArray[np.bool_]:
    """Per row of ``names`` (unit vectors) whether enough of the crowd is near to it."""
    if not len(crowd.vectors) or not len(names):
        return np.zeros(len(names), dtype=bool)
    near = np.round(names @ crowd.vectors.T, 6) >= np.round(vocabulary.reach(crowd.vectors), 6)
    wanted = max(least_sampled(least, len(crowd.vectors), crowd.everyone), share * len(crowd.vectors))
    return np.asarray(near.sum(axis=1) >= wanted - 1e-9, dtype=np.bool_)
