from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.privacy.margins import NONE, Margins, cluster_digest, word_hashes
from clio.privacy.rare import rare_terms
from clio.privacy.terms import count_terms

LEAST, MOST = 5, 4
MARGINS = Margins.of(b"secret", MOST, 0)


def shown(users: int, margins: Margins, word: str = "falconry", others: int = 30) -> bool:
    """Whether a word of a name passes that so many accounts of a cluster used."""
    texts = [f"my garden and {word}"] * users + ["my garden"] * others
    counts = count_terms(texts, [0] * len(texts), [f"a{n}" for n in range(len(texts))], LEAST, margins=margins)
    passes = not rare_terms(word, counts.of_cluster(0), LEAST)
    assert passes == (word in {term.text for term in counts.distinctive(50)[0]})
    return passes


def test_a_word_needs_the_threshold_and_never_more_than_the_margin_besides() -> None:
    for secret in range(40):
        margins = Margins.of(bytes([secret]), MOST, 0)
        assert not shown(LEAST - 1, margins)
        assert shown(LEAST + MOST, margins)
    assert shown(LEAST, NONE)


def test_nobody_can_count_up_to_it() -> None:
    """Over many secrets, one more account makes a word shown once in five times more, whatever number was planted."""
    secrets = [Margins.of(bytes([one, two]), MOST, 0) for one in range(20) for two in range(10)]
    for planted in range(LEAST - 1, LEAST + MOST):
        without = sum(shown(planted, margins, others=20) for margins in secrets)
        with_one = sum(shown(planted + 1, margins, others=19) for margins in secrets)
        assert abs(with_one - without) <= (1 / (MOST + 1) + 0.15) * len(secrets)


def test_margins_are_drawn_evenly_and_apart() -> None:
    drawn = Counter(MARGINS.margin(7, f"word{n}") for n in range(5000))
    assert set(drawn) == set(range(MOST + 1))
    assert max(drawn.values()) < 1.25 * min(drawn.values())
    assert [MARGINS.margin(7, f"w{n}") for n in range(50)] != [MARGINS.margin(8, f"w{n}") for n in range(50)]
    other = Margins.of(b"other", MOST, 0)
    assert [MARGINS.margin(7, f"w{n}") for n in range(50)] != [other.margin(7, f"w{n}") for n in range(50)]


@given(st.text(), st.integers(0, 2**64 - 1), st.integers(0, 40), st.integers(0, 60))
def test_what_counts_is_never_more_than_there_is(word: str, cluster: int, accounts: int, sensitive: int) -> None:
    margins = Margins.of(b"secret", MOST, sensitive)
    counted = margins.counted(cluster, word, accounts)
    assert max(0, accounts - MOST) <= counted <= accounts or counted == 0
    assert counted == margins.counted(cluster, word, accounts)


@pytest.mark.parametrize(("users", "passes"), [(11, False), (12, True)])
def test_a_sensitive_word_needs_as_many_accounts_that_used_it(users: int, passes: bool) -> None:
    """However many accounts the cluster has: upper clusters have many, and a few of them may have said it."""
    assert shown(users, Margins.of(b"secret", 0, 12), "diabetes", others=200) == passes
    assert shown(users, Margins.of(b"secret", 0, 12), "falconry", others=200)


def test_small_groups_do_not_add_up_to_a_large_one() -> None:
    """Four corners of an upper cluster, ten accounts each, are not forty accounts that may be told of."""
    texts = ["my garden and diabetes and falconry"] * 40 + ["my garden"] * 40
    labels = [n % 4 for n in range(80)]
    counts = count_terms(
        texts, labels, [f"a{n}" for n in range(80)], LEAST, margins=Margins.of(b"secret", 0, 12)
    ).regrouped([0, 0, 0, 0])
    assert rare_terms("diabetes and falconry", counts.of_cluster(0), LEAST) == ["diabetes"]
    assert "diabetes" not in " ".join(term.text for term in counts.distinctive(50)[0])
    together = count_terms(
        texts, [0] * 40 + labels[40:], [f"a{n}" for n in range(80)], LEAST, margins=Margins.of(b"secret", 0, 12)
    ).regrouped([0, 0, 0, 0])
    assert rare_terms("diabetes and falconry", together.of_cluster(0), LEAST) == []


def test_the_order_of_the_texts_makes_no_difference() -> None:
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(["oven", "bread", "salt", "rye", "malt", "crust"], 3)) for _ in range(60)]
    found = []
    for order in (range(60), rng.permutation(60).tolist()):
        counts = count_terms([texts[n] for n in order], [0] * 60, [f"a{n % 20}" for n in order], LEAST, margins=MARGINS)
        found.append((counts.digest(0), dict(counts.of_cluster(0)), counts.distinctive(20)))
    assert found[0] == found[1]


def test_one_more_account_is_another_cluster() -> None:
    hashes = word_hashes(["oven", "bread"])
    assert cluster_digest(hashes, np.array([3, 4])) != cluster_digest(hashes, np.array([3, 5]))
    assert cluster_digest(hashes, np.array([3, 4])) == cluster_digest(hashes[::-1], np.array([4, 3]))
