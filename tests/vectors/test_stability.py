from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.vectors.stability import NOT_DRAWN, drawn, found_again, put_together_again
from tests.privacy.people import seeds

few = st.integers(0, 60)


def labels_of(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(-1, 4, n), rng.integers(-2, 5, n)


@given(seeds, few)
def test_likeness_is_that_of_sets(seed: int, n: int) -> None:
    labels, anew = labels_of(seed, n)
    seen = anew != NOT_DRAWN
    single, together = found_again(labels, anew), put_together_again(labels, anew)
    assert len(single) == len(together) == labels.max(initial=-1) + 1
    others = [set(np.flatnonzero(anew == c)) for c in range(int(anew.max(initial=-1)) + 1)]
    for number in range(int(labels.max(initial=-1)) + 1):
        mine = set(np.flatnonzero((labels == number) & seen))
        if not mine:
            assert np.isnan(single[number])
            assert np.isnan(together[number])
            continue
        assert single[number] == pytest.approx(max((len(mine & o) / len(mine | o) for o in others), default=0))
        union = set().union(*(o for o in others if 2 * len(o & mine) > len(o)))
        assert together[number] == pytest.approx(len(mine & union) / len(mine | union))


@given(seeds, few)
def test_names_of_clusters_do_not_matter(seed: int, n: int) -> None:
    labels, anew = labels_of(seed, n)
    renamed = np.where(anew >= 0, 4 - anew, anew)
    for measure in (found_again, put_together_again):
        assert np.allclose(measure(labels, anew), measure(labels, renamed), equal_nan=True)


@given(seeds, few)
def test_what_is_found_whole_is_one(seed: int, n: int) -> None:
    labels, other = labels_of(seed, n)
    anew = np.where(other == NOT_DRAWN, NOT_DRAWN, labels)
    for measure in (found_again, put_together_again):
        told = measure(labels, anew)
        assert (told[~np.isnan(told)] == 1).all()


def test_a_parent_holds_where_its_parts_are_divided_anew() -> None:
    labels, anew = np.zeros(8, int), np.array([0, 0, 0, 1, 1, 1, 2, 2])
    assert found_again(labels, anew)[0] == pytest.approx(3 / 8)
    assert put_together_again(labels, anew)[0] == 1


@given(seeds, st.integers(0, 40), st.integers(1, 12))
def test_half_of_the_accounts_are_drawn_with_all_they_wrote(seed: int, n: int, people: int) -> None:
    accounts = np.random.default_rng(seed).integers(0, people, n)
    rows = drawn(accounts, np.random.default_rng(seed))
    chosen = set(accounts[rows])
    assert len(chosen) == (len(set(accounts)) + 1) // 2
    assert rows.tolist() == [n for n, who in enumerate(accounts) if who in chosen]
