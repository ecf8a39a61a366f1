"""How many accounts more than the threshold a word needs before it is shown, and why nobody can count up to it.

A fixed threshold k tells whoever owns k - 1 accounts of a cluster whether one more person in it used a word: they use
it k - 1 times and look whether it is shown (``clio attack extract``, way *unlisted*). So every word of every cluster
needs k and a margin of 0 to ``most`` further accounts, drawn evenly and kept secret: from the key of the installation,
the word, and everything that the cluster says. Whoever plants any number of accounts then learns of one more account
only where the margin happens to be the one that they guessed, once in ``most`` + 1; and a margin found out in one
release holds for no other, for there the cluster is another one.

This limits what one release tells of one word and does not end it: many words are many draws. Only noise gives a bound
over all of them, and for names of clusters no released mechanism has one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.privacy.sensitive import kinds_in

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Margins:
    """What a word needs besides the threshold. The default needs nothing."""

    most: int = 0
    """The largest margin, in accounts."""
    key: bytes = b""
    sensitive: int = 0
    """Accounts of one base cluster that must have used a word that states a sensitive attribute; 0: as any word."""

    @classmethod
    def of(cls, secret: bytes, most: int, sensitive: int) -> Margins:
        """With a key for this use alone, derived from the installation's."""
        return cls(most, hmac.new(secret, b"margins of terms", hashlib.sha256).digest(), sensitive)

    def margin(self, cluster: int, word: str) -> int:
        """The margin of a word (its key, or a phrase) in the cluster of this digest, 0 to ``most``."""
        if not self.most:
            return 0
        told = cluster.to_bytes(8, "little") + word.encode("utf-8", "replace")
        drawn = hashlib.blake2b(told, digest_size=8, key=self.key).digest()
        return int.from_bytes(drawn, "little") % (self.most + 1)

    def counted(self, cluster: int, word: str, accounts: int, together: Callable[[], int] | None = None) -> int:
        """How many of the accounts that used a word count towards the threshold; never more than there are.

        ``together`` tells how many of them are in one base cluster, where the cluster is made of several: as many must
        have used a word that states a sensitive attribute.
        """
        if self.sensitive and kinds_in(word) and (together() if together else accounts) < self.sensitive:
            return 0
        return max(0, accounts - self.margin(cluster, word))


NONE = Margins()


def word_hashes(words: list[str]) -> Hashes:
    """A number per word, for :func:`cluster_digest`."""
    joined = b"".join(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest() for word in words)
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def cluster_digest(hashes: Hashes, accounts: NDArray[np.int64]) -> int:
    """A number that everything a cluster says decides: of each of its words, how many of its accounts used it."""
    with np.errstate(over="ignore"):
        return int((hashes * accounts.astype(np.uint64)).sum(dtype=np.uint64))
