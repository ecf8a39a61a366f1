from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clio.privacy.density import Square, squares
from clio.privacy.thresholds import Thresholds
from tests.privacy.people import passes, seeds, thresholds_drawn


def crowd(seed: int, people: int, spread: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 2)) * 10
    positions = centres[rng.integers(0, 4, people)] + rng.normal(size=(people, 2)) * rng.choice([0.01, 1.0, 5.0])
    if spread == "line":
        positions[:, 1] = 3.0
    elif spread == "point":
        positions[:] = 1.0
    elif spread == "grid":
        positions = rng.integers(0, 8, (people, 2)).astype(float)
    return positions.astype(np.float32), rng.integers(0, max(1, people // 4), people)


def inside(square: Square, positions: np.ndarray) -> np.ndarray:
    low, high = np.array([square.x, square.y]), np.array([square.x + square.size, square.y + square.size])
    points = positions.astype(np.float64)
    return ((points >= low) & (points < high)).all(axis=1)


@given(
    seeds, st.integers(0, 300), st.sampled_from(["cloud", "line", "point", "grid"]), thresholds_drawn, st.integers(0, 8)
)
def test_squares_cover_everybody_once_and_each_passes(
    seed: int, people: int, spread: str, thresholds: Thresholds, depth: int
) -> None:
    positions, accounts = crowd(seed, people, spread)
    found = squares(positions, accounts, thresholds, depth)
    if not passes(Counter(accounts.tolist()), thresholds):
        assert found == []
        return
    times = np.zeros(people, dtype=int)
    for square in found:
        there = inside(square, positions)
        times += there
        who = Counter(accounts[there].tolist())
        assert passes(who, thresholds)
        assert (square.conversations, square.accounts) == (who.total(), len(who))
    assert (times == 1).all()
    assert len({square.size for square in found}) <= depth + 1


@given(seeds, st.integers(1, 200))
def test_the_order_of_people_changes_nothing(seed: int, people: int) -> None:
    positions, accounts = crowd(seed, people, "cloud")
    order = np.random.default_rng(seed).permutation(people)
    thresholds = Thresholds(4, 2, 0.75)
    assert squares(positions, accounts, thresholds, 6) == squares(positions[order], accounts[order], thresholds, 6)


def test_a_square_is_split_only_as_far_as_all_parts_pass() -> None:
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    positions = np.repeat(corners, [10, 10, 10, 2], axis=0)
    accounts = np.arange(32)
    assert [square.conversations for square in squares(positions, accounts, Thresholds(2, 2, 0.5), 1)] == [
        10,
        10,
        10,
        2,
    ]
    assert [square.conversations for square in squares(positions, accounts, Thresholds(3, 3, 0.5), 9)] == [32]
