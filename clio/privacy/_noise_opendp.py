"""The same mechanisms drawn by OpenDP (extra ``dp``), guarded against its slip at the threshold.

``make_laplace_threshold`` of opendp 0.16.0 releases keys whose noisy count is at least T, and charges delta as if it
had to be above T (opendp/opendp#2922): the mass at T is left out. So T is searched for the delta wanted and one is
added, and it is never below the threshold of our own formula. ``tests/privacy/test_noise.py`` measures both, and fails
when OpenDP is mended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

from clio.errors import MissingExtraError

_MOST = 2**31 - 1


def installed() -> bool:
    """Whether the extra is there."""
    return find_spec("opendp") is not None


def require() -> None:
    """MissingExtraError where the extra is not there."""
    if not installed():
        raise MissingExtraError("release.noise.backend `opendp`", "dp")


def _opendp() -> Any:
    require()
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp


def _scale(wanted: Fraction, spent: Callable[[float], float], epsilon: Fraction) -> float:
    """``wanted`` as a float, grown by the last digits that OpenDP's careful rounding of epsilon asks for."""
    scale = float(wanted)
    while Fraction(spent(scale)) > epsilon and scale < 1.001 * float(wanted):
        scale = math.nextafter(scale, math.inf)
    return scale


def _thresholded(l0: int, linf: int, epsilon: Fraction) -> tuple[Any, Callable[[int], Any], tuple[int, int, int]]:
    dp = _opendp()
    space = (
        dp.map_domain(dp.atom_domain(T="i64"), dp.atom_domain(T="i64")),
        dp.l01inf_distance(dp.absolute_distance(T="i64")),
    )
    distance = (l0, l0 * linf, linf)

    def make(scale: float, threshold: int) -> Any:
        return dp.m.make_laplace_threshold(*space, scale=scale, threshold=threshold)

    scale = _scale(l0 * linf / epsilon, lambda s: float(make(s, _MOST).map(distance)[0]), epsilon)
    return dp, lambda threshold: make(scale, threshold), distance


def searched_threshold(epsilon: Fraction, delta: float, l0: int, linf: int) -> int:
    """The smallest threshold for which OpenDP itself claims ``delta``; ``linf`` is the smallest it takes."""
    _, make, distance = _thresholded(l0, linf, epsilon)
    low, high = linf - 1, linf
    while high < _MOST and make(high).map(distance)[1] > delta:
        low, high = high, min(2 * high, _MOST)
    while high - low > 1:
        middle = (low + high) // 2
        if make(middle).map(distance)[1] <= delta:
            high = middle
        else:
            low = middle
    return high


def release_keys(
    counts: Mapping[int, int], epsilon: Fraction, delta: float, l0: int, linf: int, least: int
) -> tuple[dict[int, int], int]:
    """Noisy counts of those keys that reach the threshold, and the threshold, which is ``least`` or more."""
    threshold = max(least, searched_threshold(epsilon, delta, l0, linf) + 1)
    _, make, _ = _thresholded(l0, linf, epsilon)
    noisy: dict[int, int] = make(threshold)(dict(counts)) if counts else {}
    return {int(key): int(count) for key, count in noisy.items()}, threshold


def release_vector(counts: Sequence[int], epsilon: Fraction, l0: int, linf: int) -> list[int]:
    """Noisy counts of keys that are known beforehand, zeros included."""
    dp = _opendp()
    space = (dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64"))
    distance = l0 * linf

    def make(scale: float) -> Any:
        return dp.m.make_laplace(*space, scale=scale)

    scale = _scale(distance / epsilon, lambda s: float(make(s).map(distance)), epsilon)
    return [int(count) for count in make(scale)(list(counts))] if counts else []
