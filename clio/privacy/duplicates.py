"""Near-duplicate conversations across accounts count once: one text posted from many accounts is one voice.

A threshold counts accounts because accounts stand for people. Somebody with a dozen accounts and one template would
pass it alone. So every conversation gets a signature while its redacted text is in memory (:func:`signature`), equal
bands of signatures make groups (:func:`groups`), and accounts that post the same text are one for every count
(:func:`effective_accounts`).

The signature is MinHash (datasketch) over five-word shingles, kept as eight hashes of six values each, all under the
run's secret: without it a signature cannot be held against a guessed text, and two runs with different secrets share
nothing. Two texts whose shingle sets have a Jaccard similarity s agree in a band with probability s**6, so they are
linked with probability 1 - (1 - s**6)**8: .998 at .9, .91 at .8, .63 at .7, .12 at .5, .006 at .3, 8e-6 at .1. Texts
that share no shingle are linked only where 64-bit hashes collide: about 2e-7 for a million conversations.

What it does not catch: a template that is rewritten every time, or has every fifth word changed. Such texts are
independent for all that can be told without reading them, and the rules on words and names still hold for them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from clio.text.words import PLACEHOLDER

Ints = NDArray[np.int64]

SHINGLE = 5
"""Words in a shingle. People who ask for the same thing share words and pairs of words, but seldom five in a row."""
LEAST_SHINGLES = 12
"""A text with fewer has no signature (under 16 words): greetings and one-line questions are the same for many people
who have nothing to do with each other, and hold too little to steer a cluster with."""
MOST_WORDS = 2_000
"""Words of a text that are looked at: what is pasted below a request need not be hashed to its end."""
BANDS, ROWS = 8, 6
BYTES = 8 * BANDS
"""Length of a signature."""
COPIED_SHARE = 0.5
"""An account is joined to others where at least this share of its conversations with a signature are copies."""
COMMON_ACCOUNTS, COMMON_SHARE = 50, 0.1
"""A group of more accounts than the first, and than this share of all, is the wording of a product or of a class, not
of one person: it joins nobody. Whoever holds a tenth of all accounts is past what any threshold can do."""

_UNSPACED = "\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+")
_DIGITS = re.compile(r"\d+")


def signature(text: str, key: bytes) -> bytes:
    """64 bytes that near-duplicate texts share in part, or none at all where the text is too short to tell.

    Give it what the user said, redacted: the assistant's replies to one template differ. ``key`` is the run's secret,
    of any length. Case, punctuation, digits and placeholders of redaction make no difference; the work is linear in
    the text.
    """
    tokens = _tokens(text)
    if len(tokens) - SHINGLE + 1 < LEAST_SHINGLES:
        return b""
    own = _derived(key)
    shingles = {" ".join(tokens[at : at + SHINGLE]).encode("utf-8", "replace") for at in range(len(tokens) - 4)}
    if len(shingles) < LEAST_SHINGLES:
        return b""
    values = _values(sorted(shingles), own)
    bands = (
        hashlib.blake2b(values[band * ROWS : (band + 1) * ROWS].tobytes(), digest_size=8, key=own, person=b"%d" % band)
        for band in range(BANDS)
    )
    return b"".join(band.digest() for band in bands)


def groups(signatures: Sequence[bytes]) -> Ints:
    """A group number per conversation: those linked by an equal band, directly or over others, share one.

    A conversation without a signature is alone in its group. Numbers go by first appearance; which conversations share
    one does not depend on the order. Sorts the bands: n log n, no pair of conversations is looked at twice.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.array([row for row, value in enumerate(signatures) if value], dtype=np.int64)
    if any(len(signatures[row]) != BYTES for row in rows):
        raise ValueError(f"a signature has {BYTES} bytes, or none")
    table = np.frombuffer(b"".join(signatures[row] for row in rows), dtype=">u8").reshape(-1, BANDS).astype(np.uint64)
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for band in range(BANDS):
        order = np.argsort(table[:, band], kind="stable")
        same = np.flatnonzero(table[order[1:], band] == table[order[:-1], band])
        left.append(rows[order[same]])
        right.append(rows[order[same + 1]])
    ends = (np.concatenate(left), np.concatenate(right))
    size = len(signatures)
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(size, size))
    return _by_appearance(connected_components(graph, directed=False)[1]) if size else np.zeros(0, np.int64)


def effective_accounts(
    group: Sequence[int] | Ints, account: Sequence[int] | Ints, signed: Sequence[bool] | NDArray[np.bool_]
) -> Ints:
    """The account that each conversation counts for: one number for all accounts that post the same text.

    Args:
        group: of each conversation (:func:`groups`).
        account: of each conversation, as an integer.
        signed: whether the conversation has a signature.

    The result depends on the account alone and is the number of one of the accounts that are joined, so it can stand
    in for the account in every count, at every level and in every slice: no count rises by it.

    Accounts are joined, over others too, when they have conversations in the same group; but an account most of whose
    (signed) conversations are its own keeps its own number (COPIED_SHARE), and a group that very many accounts are in
    joins nobody (COMMON_ACCOUNTS, COMMON_SHARE). Without these two one popular text, or one busy account that tries
    many of them, would make a whole corpus one voice. The price: somebody who writes as many long texts of their own
    per account as they post copies is counted as so many accounts, as if they had not copied at all.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    codes, own = np.unique(np.asarray(account, dtype=np.int64), return_inverse=True)
    own, known = own.reshape(-1).astype(np.int64), np.asarray(signed, dtype=bool)
    if not len(own):
        return np.zeros(0, np.int64)
    number = np.unique(np.asarray(group, dtype=np.int64), return_inverse=True)[1].reshape(-1).astype(np.int64)
    pairs = np.unique(np.stack([number[known], own[known]]), axis=1)
    people = np.bincount(pairs[0], minlength=int(number.max()) + 1)
    common = (people > COMMON_ACCOUNTS) & (people > COMMON_SHARE * len(codes))
    copied = known & (people[number] > 1) & ~common[number]
    copies = np.bincount(own[copied], minlength=len(codes))
    written = np.bincount(own[known], minlength=len(codes))
    joined = (copies > 0) & (copies >= COPIED_SHARE * written)
    links = np.unique(np.stack([number[copied & joined[own]], own[copied & joined[own]]]), axis=1)
    step = np.flatnonzero(links[0, 1:] == links[0, :-1])
    ends = (links[1, step], links[1, step + 1])
    graph = coo_array((np.ones(len(step), dtype=np.int8), ends), shape=(len(codes), len(codes)))
    part = connected_components(graph, directed=False)[1]
    first = np.unique(part, return_index=True)[1]
    return np.asarray(codes[first[part]][own], dtype=np.int64)


def _tokens(text: str) -> list[str]:
    plain = PLACEHOLDER.sub(" 0 ", unicodedata.normalize("NFKC", text[: 20 * MOST_WORDS]))
    return _TOKEN.findall(_DIGITS.sub("0", plain.casefold()))[:MOST_WORDS]


def _values(shingles: Sequence[bytes], key: bytes) -> NDArray[np.uint32]:
    """The MinHash values: keyed 32-bit hashes of the shingles, permuted and reduced by datasketch."""
    from datasketch import MinHash

    def hashed(value: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(value, digest_size=4, key=key).digest(), "little")

    sketch = MinHash(BANDS * ROWS, hashfunc=hashed, permutations=_permutations(), scheme="affine32")
    sketch.update_batch(shingles)
    return np.asarray(sketch.hashvalues, dtype="<u4")


@lru_cache(maxsize=1)
def _permutations() -> NDArray[np.uint32]:
    from datasketch import MinHash

    return np.asarray(MinHash(BANDS * ROWS, seed=1, scheme="affine32").permutations)


@lru_cache(maxsize=4)
def _derived(key: bytes) -> bytes:
    """A key for this use alone: what is stored says nothing about pseudonyms made with the same secret."""
    return hmac.new(key, b"near-duplicate signatures", hashlib.sha256).digest()


def _by_appearance(labels: NDArray[np.int32]) -> Ints:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]
