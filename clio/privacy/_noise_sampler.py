"""Exact samples of the discrete Laplace distribution: integers and Bernoulli trials only, no floating point.

After Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (arXiv 2004.00010), algorithms 1
and 2. Floating-point samplers leave holes in what can be drawn that tell the true count (Mironov, CCS 2012).
"""

from __future__ import annotations

import math
import secrets
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Source(Protocol):
    """Where randomness comes from. There is one in this package, and it cannot be seeded."""

    def below(self, bound: int) -> int:
        """A uniform integer from 0 to ``bound`` - 1."""
        ...

    def words(self, n: int) -> NDArray[np.uint64]:
        """``n`` uniform 64-bit words."""
        ...


class SystemSource:
    """The operating system's generator."""

    def below(self, bound: int) -> int:
        """See :class:`Source`."""
        return secrets.randbelow(bound)

    def words(self, n: int) -> NDArray[np.uint64]:
        """See :class:`Source`."""
        return np.frombuffer(secrets.token_bytes(8 * n), dtype=np.uint64)


SYSTEM: Source = SystemSource()


def discrete_laplace(scale: Fraction, source: Source = SYSTEM) -> int:
    """A draw Z with P(Z = z) proportional to exp(-|z| / scale)."""
    while True:
        negative = source.below(2) == 1
        size = _geometric(scale, source)
        if size or not negative:  # zero has one sign only
            return -size if negative else size


def tail(k: int, scale: Fraction) -> float:
    """P(Z >= k) of :func:`discrete_laplace`, for k >= 1."""
    rate = float(1 / scale)
    return math.exp(-rate * k - math.log1p(math.exp(-rate)))


def tail_reaches(most: float, scale: Fraction) -> int:
    """The smallest k >= 1 with P(Z >= k) <= ``most``."""
    rate = float(1 / scale)
    k = max(1, math.ceil((-math.log(most) - math.log1p(math.exp(-rate))) / rate))
    while tail(k, scale) > most:  # what rounding took
        k += 1
    while k > 1 and tail(k - 1, scale) <= most:
        k -= 1
    return k


def _geometric(scale: Fraction, source: Source) -> int:
    """A draw X >= 0 with P(X = x) proportional to exp(-x / scale)."""
    t, s = scale.numerator, scale.denominator
    while True:
        remainder = source.below(t)
        if _happens(remainder, t, source):
            break
    whole = 0
    while _happens(1, 1, source):
        whole += 1
    return (remainder + t * whole) // s


def _happens(numerator: int, denominator: int, source: Source) -> bool:
    """True with probability exp(-numerator / denominator), for 0 <= numerator <= denominator.

    The number of trials before the first failure, trial k succeeding with probability x / k, is even with that
    probability: the alternating series of exp(-x).
    """
    k = 1
    while source.below(denominator * k) < numerator:
        k += 1
    return k % 2 == 1
