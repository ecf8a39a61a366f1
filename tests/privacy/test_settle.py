from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.release import ReleaseConfig
from clio.privacy.settle import Settled, settle
from clio.privacy.thresholds import Thresholds
from tests.privacy.people import passes, seeds


@dataclass(frozen=True)
class Crowd:
    base: np.ndarray
    accounts: np.ndarray
    centroids: np.ndarray
    parents: dict[int, str]

    def settled(self, config: ReleaseConfig) -> Settled:
        return settle(self.base, self.accounts, self.centroids, self.parents, config)

    def who(self, rows: np.ndarray) -> Counter[int]:
        return Counter(self.accounts[rows].tolist())


def crowd(seed: int, clusters: int, people: int) -> Crowd:
    """Uneven clusters, some empty, some with one loud account, in up to three families."""
    rng = np.random.default_rng(seed)
    base = rng.choice(clusters, people, p=rng.dirichlet(np.full(clusters, 0.7))).astype(np.int64)
    accounts = rng.integers(0, max(1, people // 3), people)
    loud = rng.random(people) < rng.uniform(0, 0.6)
    accounts[loud] = base[loud] % 3
    centroids = rng.normal(size=(clusters, 6)).astype(np.float32)
    return Crowd(base, accounts, centroids, {c: f"1-{rng.integers(0, 3)}" for c in range(clusters)})


configs = st.builds(
    ReleaseConfig,
    min_conversations=st.integers(1, 20),
    min_accounts=st.integers(1, 8),
    max_account_share=st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0]),
    under_threshold=st.sampled_from(["merge", "drop"]),
    over_share=st.sampled_from(["trim", "suppress"]),
)
crowds = st.builds(crowd, seeds, st.integers(1, 12), st.integers(0, 250))


@given(crowds, configs)
def test_every_released_cluster_passes_and_everybody_is_accounted_for(people: Crowd, config: ReleaseConfig) -> None:
    found = people.settled(config)
    thresholds = Thresholds.of(config)
    counted = np.concatenate([*found.members.values(), np.empty(0, dtype=np.int64)])
    assert len(np.unique(counted)) == len(counted)
    assert len(counted) + found.dropped_conversations + found.trimmed_conversations == len(people.base)
    for rows in found.members.values():
        who = people.who(rows)
        assert passes(who, thresholds)
        assert max(who.values()) <= config.max_account_share * len(rows) + 1e-9
        assert (np.diff(rows) > 0).all()
    there = len(np.unique(people.base))
    assert len(found.members) == there - found.merged - found.dropped
    assert found.grown <= found.members.keys() <= set(people.base.tolist())
    assert not (config.over_share == "suppress" and found.trimmed_conversations)


@given(crowds, configs)
def test_a_cluster_that_passes_is_left_alone(people: Crowd, config: ReleaseConfig) -> None:
    found = people.settled(config)
    for cluster in np.unique(people.base).tolist():
        own = np.flatnonzero(people.base == cluster)
        if passes(people.who(own), Thresholds.of(config)):
            # Only one that took in a neighbour whose account then has too large a share can fall after all.
            if config.over_share == "trim" or config.under_threshold == "drop":
                assert cluster in found.members
            if cluster in found.members and cluster not in found.grown:
                assert np.array_equal(found.members[cluster], own)


@given(crowds, configs)
def test_dropping_moves_nobody(people: Crowd, config: ReleaseConfig) -> None:
    found = people.settled(config.model_copy(update={"under_threshold": "drop"}))
    assert not found.merged
    assert not found.grown
    for cluster, rows in found.members.items():
        assert (people.base[rows] == cluster).all()


@given(crowds, configs)
def test_merging_drops_only_what_nothing_is_left_for(people: Crowd, config: ReleaseConfig) -> None:
    found = people.settled(config.model_copy(update={"under_threshold": "merge"}))
    assert found.dropped <= 1
    assert not (found.dropped and found.members)


@given(crowds, configs)
def test_the_order_of_conversations_changes_no_count(people: Crowd, config: ReleaseConfig) -> None:
    order = np.random.default_rng(len(people.base)).permutation(len(people.base))
    shuffled = Crowd(people.base[order], people.accounts[order], people.centroids, people.parents)
    one, other = people.settled(config), shuffled.settled(config)
    assert {c: people.who(rows) for c, rows in one.members.items()} == {
        c: shuffled.who(rows) for c, rows in other.members.items()
    }
    assert (one.merged, one.dropped, one.grown) == (other.merged, other.dropped, other.grown)


def sizes(*clusters: int) -> np.ndarray:
    return np.repeat(np.arange(len(clusters)), clusters)


SMALL_AND_FAMILY = np.array([[1, 0.1], [0.5, 1], [0.9, 0.5], [1, 0.1]], dtype=np.float32)
"""The small cluster 0, two siblings (2 is the nearer), and 3 of another family, nearer still."""


def test_the_nearest_sibling_takes_it_not_a_nearer_stranger() -> None:
    base = sizes(3, 20, 20, 20)
    people = Crowd(base, np.arange(len(base)), SMALL_AND_FAMILY, {0: "a", 1: "a", 2: "a", 3: "b"})
    found = people.settled(ReleaseConfig())
    assert {cluster: len(rows) for cluster, rows in found.members.items()} == {1: 20, 2: 23, 3: 20}
    assert (found.grown, found.merged, found.dropped) == ({2}, 1, 0)


def test_without_a_sibling_the_nearest_of_all_takes_it() -> None:
    base = sizes(3, 20, 20, 20)
    people = Crowd(base, np.arange(len(base)), SMALL_AND_FAMILY, {0: "a", 1: "b", 2: "b", 3: "c"})
    assert people.settled(ReleaseConfig()).grown == {3}


def test_the_length_of_a_centroid_decides_nothing() -> None:
    base = sizes(3, 20, 20)
    centroids = np.array([[1, 0], [50, 60], [0.9, 0.1]], dtype=np.float32)
    people = Crowd(base, np.arange(len(base)), centroids, {0: "a", 1: "a", 2: "a"})
    assert people.settled(ReleaseConfig()).grown == {2}


def test_small_ones_join_until_they_pass_together() -> None:
    base = sizes(6, 7, 8)
    people = Crowd(base, np.arange(21), np.eye(3, dtype=np.float32), {0: "a", 1: "a", 2: "a"})
    found = people.settled(ReleaseConfig())
    assert [len(rows) for rows in found.members.values()] == [21]
    assert (found.merged, found.dropped) == (2, 0)


def test_the_last_one_leaves_where_it_does_not_pass() -> None:
    people = Crowd(sizes(4, 5), np.arange(9), np.eye(2, dtype=np.float32), {0: "a", 1: "a"})
    found = people.settled(ReleaseConfig())
    assert (found.members, found.merged, found.dropped, found.dropped_conversations) == ({}, 1, 1, 9)


@pytest.mark.parametrize(("over_share", "kept", "trimmed", "gone"), [("trim", 20, 30, 0), ("suppress", 0, 0, 50)])
def test_a_loud_account(over_share: str, kept: int, trimmed: int, gone: int) -> None:
    """40 conversations of one account, 10 of ten others: 10 of the 40 may count."""
    accounts = np.r_[np.zeros(40, dtype=np.int64), np.arange(1, 11)]
    people = Crowd(sizes(50), accounts, np.ones((1, 2), dtype=np.float32), {0: "a"})
    found = people.settled(ReleaseConfig(over_share=over_share, under_threshold="drop"))  # type: ignore[arg-type]
    assert sum(len(rows) for rows in found.members.values()) == kept
    assert (found.trimmed_conversations, found.dropped_conversations) == (trimmed, gone)
