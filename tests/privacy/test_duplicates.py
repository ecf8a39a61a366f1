"""Near-duplicates: one text from many accounts is one voice, texts of different people never are, order is nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.privacy.duplicates import (
    BYTES,
    COMMON_ACCOUNTS,
    LEAST_SHINGLES,
    SHINGLE,
    effective_accounts,
    groups,
    signature,
)

KEY = b"a secret of this run"
VOCABULARY = [f"{first}{second}" for first in "bdfgklmnprst" for second in ("ala", "emi", "iro", "onu", "uke", "yst")]
TEMPLATE = (
    "Please write a five star review for my little shop. Say that the staff is kind, that delivery took {n} days, "
    "that everything was wrapped with care, and that you will certainly come back and tell all of your friends {x}"
)


def prose(rng: random.Random, length: int) -> list[str]:
    return [rng.choice(VOCABULARY) for _ in range(length)]


def effective(texts: list[str], accounts: list[int]) -> list[int]:
    signed = [signature(text, KEY) for text in texts]
    return effective_accounts(groups(signed), accounts, [bool(value) for value in signed]).tolist()


def pair(rng: random.Random, shared: int, own: int) -> tuple[str, str]:
    """Two texts with ``shared`` shingles in common and ``own`` more in each, at least nearly."""
    both = prose(rng, shared + SHINGLE - 1)
    one, other = prose(rng, own), prose(rng, own)
    return " ".join(both + one), " ".join(both + other)


def test_twelve_accounts_that_post_one_template_count_as_one() -> None:
    filled = [TEMPLATE.format(n=n, x="soon" if n % 2 else "today") for n in range(12)]
    others = [" ".join(prose(random.Random(n), 60)) for n in range(8)]
    found = effective(filled + others, list(range(20)))
    assert len(set(found[:12])) == 1
    assert found[12:] == list(range(12, 20))


def test_case_digits_punctuation_placeholders_and_width_make_no_difference() -> None:
    text = TEMPLATE.format(n=3, x="[NAME]")
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in text)
    for other in (text.upper(), text.replace(",", " -"), text.replace("3", "17"), text.replace("NAME", "EMAIL"), wide):
        assert signature(other, KEY) == signature(text, KEY)


@pytest.mark.parametrize("text", ["", "hi", "What is the capital of France?", "[NAME] " * 300, "no no " * 200])
def test_short_and_empty_texts_have_no_signature_and_join_nobody(text: str) -> None:
    assert signature(text, KEY) == b""
    assert effective([text] * 30, list(range(30))) == list(range(30))


def test_the_shortest_text_with_a_signature() -> None:
    words = prose(random.Random(1), LEAST_SHINGLES + SHINGLE - 1)
    assert len(signature(" ".join(words), KEY)) == BYTES
    assert signature(" ".join(words[1:]), KEY) == b""


def test_scripts_without_spaces_are_compared_by_their_signs() -> None:
    text = "请帮我写一封求职信,我想应聘一家小公司的会计职位,我有五年的工作经验,希望语气正式一点。"
    assert effective([text, text.replace("五", "六"), text[::-1]], [1, 2, 3]) in ([1, 1, 3], [2, 2, 3])


def test_another_secret_gives_signatures_that_share_no_byte_sequence() -> None:
    text = TEMPLATE.format(n=1, x="")
    one, other = signature(text, b"one"), signature(text, b"other")
    assert not {one[n : n + 8] for n in range(0, BYTES, 8)} & {other[n : n + 8] for n in range(0, BYTES, 8)}


@pytest.mark.parametrize(("shared", "own"), [(95, 3), (80, 10), (60, 15), (50, 25), (40, 40), (12, 48), (0, 60)])
def test_the_rate_of_linked_pairs_is_what_the_bands_say(shared: int, own: int) -> None:
    """Jaccard from .94 down to .11 and 0. The false rate is a few in a thousand at a third, and nothing below."""
    rng = random.Random(shared)
    pairs = [pair(rng, shared, own) for _ in range(300)]
    rate = np.mean([np.ptp(groups([signature(text, KEY) for text in both])) == 0 for both in pairs])
    alike = shared / (shared + 2 * own)
    wanted = 1 - (1 - alike**6) ** 8
    assert abs(rate - wanted) <= 4 * np.sqrt(wanted * (1 - wanted) / 300) + 0.005


def test_a_thousand_independent_texts_are_a_thousand_groups() -> None:
    rng = random.Random(5)
    found = groups([signature(" ".join(prose(rng, 40)), KEY) for _ in range(1_000)])
    assert found.tolist() == list(range(1_000))


@given(st.data())
def test_order_and_numbering_change_nothing(data: st.DataObject) -> None:
    pool = [TEMPLATE.format(n=1, x=""), *(" ".join(prose(random.Random(n), 40)) for n in range(4)), "hi"]
    rows = data.draw(st.lists(st.tuples(st.sampled_from(pool), st.integers(0, 6)), max_size=20))
    order = data.draw(st.permutations(range(len(rows))))
    one = effective([text for text, _ in rows], [account for _, account in rows])
    other = effective([rows[n][0] for n in order], [rows[n][1] for n in order])
    assert [one[n] for n in order] == other


@given(
    rows=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12), st.booleans()), max_size=60),
    cut=st.integers(0, 60),
)
def test_no_count_rises_and_the_account_alone_decides(rows: list[tuple[int, int, bool]], cut: int) -> None:
    """Also in any slice: what is counted stands in for accounts everywhere."""
    group, account = [row[0] for row in rows], [row[1] for row in rows]
    found = effective_accounts(group, account, [row[2] for row in rows]).tolist()
    assert set(found) <= set(account)
    assert len(set(zip(account, found, strict=True))) == len(set(account))
    assert len(set(found[:cut])) <= len(set(account[:cut]))


def test_an_account_with_words_of_its_own_stays_itself() -> None:
    texts = [TEMPLATE.format(n=1, x="")] * 3 + [" ".join(prose(random.Random(n), 40)) for n in range(3)]
    # Account 3 copied once and wrote three texts of its own; 1 and 2 only copied.
    assert effective(texts, [1, 2, 3, 3, 3, 3]) == [1, 1, 3, 3, 3, 3]
    # Greetings are no words of one's own.
    assert effective([*texts[:2], "hi", "hello there", "thanks"], [1, 2, 1, 1, 2]) == [1] * 5


def test_what_a_great_part_of_all_accounts_say_is_nobody_s_template() -> None:
    many = COMMON_ACCOUNTS + 1
    assert len(set(effective_accounts([0] * many, range(many), [True] * many).tolist())) == many
    fewer = COMMON_ACCOUNTS
    assert len(set(effective_accounts([0] * fewer, range(fewer), [True] * fewer).tolist())) == 1
    wide = 20 * many  # the same group among twenty times as many people is a small part of them
    found = effective_accounts([0] * many + list(range(1, wide + 1)), range(many + wide), [True] * (many + wide))
    assert len(set(found.tolist())) == wide + 1


def test_faults_and_emptiness() -> None:
    assert groups([]).tolist() == []
    assert groups([b"", b""]).tolist() == [0, 1]
    assert effective_accounts([], [], []).tolist() == []
    with pytest.raises(ValueError, match="64 bytes"):
        groups([b"short"])
