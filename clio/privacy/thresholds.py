"""The least a cell must hold to be shown: conversations, distinct accounts, and no account with too large a share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.config.release import ReleaseConfig


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Three numbers that every released cell satisfies, at every level and in every slice."""

    conversations: int
    accounts: int
    share: float
    """Largest share (0 to 1] of a cell's conversations that one account may have."""

    @classmethod
    def of(cls, config: ReleaseConfig) -> Thresholds:
        """The thresholds of a config."""
        return cls(config.min_conversations, config.min_accounts, config.max_account_share)

    def passes(self, conversations: int, accounts: int, largest: int) -> bool:
        """Whether a cell may be shown; ``largest`` is how many of its conversations its largest account has."""
        return (
            conversations >= self.conversations
            and accounts >= self.accounts
            and largest <= self.share * conversations + 1e-9
        )

    def pass_mask(
        self, conversations: NDArray[np.int64], accounts: NDArray[np.int64], largest: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """:meth:`passes` for many cells."""
        enough = (conversations >= self.conversations) & (accounts >= self.accounts)
        return np.asarray(enough & (largest <= self.share * conversations + 1e-9), dtype=np.bool_)

    def passes_counts(self, by_account: Mapping[object, int]) -> bool:
        """:meth:`passes` from the number of conversations of each account."""
        return self.passes(sum(by_account.values()), len(by_account), max(by_account.values(), default=0))


def account_cap(counts: Iterable[int], share: float) -> int:
    """The most conversations an account may count for, so that no account exceeds ``share`` of what is counted.

    The largest integer t with t <= share * sum(min(count, t)); 0 where not even one each would do. The left side minus
    the right side is convex in t and 0 at 0, so the values of t that satisfy it are a range from 0: bisection finds
    its end.
    """
    values = np.asarray(list(counts), dtype=np.int64)
    if not values.size:
        return 0
    low, high = 0, int(values.max())
    while low < high:
        middle = (low + high + 1) // 2
        if middle <= share * np.minimum(values, middle).sum() + 1e-9:
            low = middle
        else:
            high = middle - 1
    return low


def within_share(accounts: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Which conversations of one cluster count: the first ones (in the order given) of each account up to its cap.

    A person who talks far too much then weighs no more than ``share``, and what the others did can still be shown.
    """
    if share >= 1 or not len(accounts):
        return np.ones(len(accounts), dtype=np.bool_)
    cap = account_cap(Counter(accounts.tolist()).values(), share)
    order = np.argsort(accounts, kind="stable")
    ordered = accounts[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    keep = np.empty(len(accounts), dtype=np.bool_)
    keep[order] = rank < cap
    return keep
