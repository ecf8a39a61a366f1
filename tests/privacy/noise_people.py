"""Seedable randomness, which no release can have, and random people for the tests of noise."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clio.privacy._noise_ledger import Composed
from clio.privacy._noise_tables import Rows
from clio.stages.publish import Private


class Seeded:
    """A :class:`clio.privacy.noise.Source` with a seed. Words of one call do not depend on how many are asked for."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._seed, self._calls = seed, 0

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)

    def words(self, n: int) -> NDArray[np.uint64]:
        self._calls += 1
        return np.random.default_rng([self._seed, self._calls]).integers(0, 2**64, n, dtype=np.uint64)


def free(budgets: Any) -> Composed:
    """A charge that is never refused."""
    listed = list(budgets)
    return Composed(sum(b.epsilon for b in listed), sum(b.delta for b in listed), 1)


def rows_of(private: Private) -> Rows:
    return Rows(
        private.conversation_id, private.account, private.week, private.base, private.answers, private.hierarchy
    )
