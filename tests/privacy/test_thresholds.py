from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clio.config.release import ReleaseConfig
from clio.privacy.thresholds import Thresholds, account_cap, within_share
from tests.privacy.people import passes, thresholds_drawn

shares = st.sampled_from([0.05, 0.1, 0.25, 1 / 3, 0.5, 0.6, 0.9, 1.0])
many_accounts = st.lists(st.integers(0, 12), max_size=60)


@given(thresholds_drawn, many_accounts)
def test_a_cell_passes_by_all_three_numbers(thresholds: Thresholds, accounts: list[int]) -> None:
    by_account = Counter(accounts)
    expected = passes(by_account, thresholds)
    largest = max(by_account.values(), default=0)
    assert thresholds.passes_counts(by_account) == expected
    assert thresholds.passes(len(accounts), len(by_account), largest) == expected
    one = (np.array([n], dtype=np.int64) for n in (len(accounts), len(by_account), largest))
    assert thresholds.pass_mask(*one).tolist() == [expected]


def test_each_number_alone_keeps_a_cell_back() -> None:
    thresholds = Thresholds(15, 5, 0.5)
    assert thresholds.passes(15, 5, 7)
    assert thresholds.passes(16, 5, 8)
    assert not thresholds.passes(14, 14, 1)
    assert not thresholds.passes(15, 4, 7)
    assert not thresholds.passes(15, 5, 8)


@given(thresholds_drawn, many_accounts, many_accounts)
def test_two_cells_of_different_conversations_that_pass_pass_together(
    thresholds: Thresholds, one: list[int], other: list[int]
) -> None:
    """What the levels above rest on: a sum of clusters that pass needs no second look."""
    if passes(Counter(one), thresholds) and passes(Counter(other), thresholds):
        assert thresholds.passes_counts(Counter(one) + Counter(other))


@given(st.lists(st.integers(1, 40), max_size=25), shares)
def test_the_cap_is_the_largest_that_keeps_the_share(counts: list[int], share: float) -> None:
    def fits(cap: int) -> bool:
        return cap <= share * sum(min(count, cap) for count in counts) + 1e-9

    assert account_cap(counts, share) == max((cap for cap in range(max(counts, default=0) + 1) if fits(cap)), default=0)


@given(many_accounts, shares)
def test_nobody_weighs_more_than_the_share_and_order_decides_which_count(accounts: list[int], share: float) -> None:
    array = np.array(accounts, dtype=np.int64)
    keep = within_share(array, share)
    counted = Counter(array[keep].tolist())
    assert max(counted.values(), default=0) <= share * counted.total() + 1e-9
    for account in set(accounts):
        flags = keep[array == account].tolist()
        assert flags == sorted(flags, reverse=True)
    assert sorted(counted.values()) == sorted(
        n for n in (min(times, max(counted.values(), default=0)) for times in Counter(accounts).values()) if n
    )


def test_one_loud_account_does_not_silence_the_others() -> None:
    accounts = np.array([0] * 100 + list(range(1, 21)), dtype=np.int64)
    counted = Counter(accounts[within_share(accounts, 0.5)].tolist())
    assert counted[0] == 20
    assert counted.total() == 40


def test_where_no_share_is_small_enough_nothing_counts() -> None:
    assert not within_share(np.array([7, 7, 7], dtype=np.int64), 0.5).any()
    assert not len(within_share(np.zeros(0, dtype=np.int64), 0.5))


def test_from_the_config() -> None:
    assert Thresholds.of(ReleaseConfig()) == Thresholds(15, 5, 0.5)
    assert Thresholds.of(ReleaseConfig(preset="public")) == Thresholds(500, 250, 0.5)
