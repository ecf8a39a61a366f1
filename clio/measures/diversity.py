"""How far conversations gather in few groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Concentration:
    """Of the shares of groups; numbers of the hidden ones are bounded, not guessed."""

    effective_number: float
    """How many equally large groups would be as diverse: one over the sum of squared shares (Hill, *Ecology* 54 (1973)
    427, of order 2; the inverse of the Herfindahl-Hirschman index). The midpoint of ``bounds``."""
    bounds: tuple[float, float]
    """The least and the most it can be: what is hidden all in one group, or spread over groups of one each."""
    largest_share: float
    """Of the largest group that is shown."""
    gini: float
    """Of the groups shown, 0 for equal sizes; nan for none."""


def concentration(counts: ArrayLike, *, hidden: float = 0) -> Concentration:
    """Concentration of ``counts`` conversations in groups, with ``hidden`` more in groups that are not shown."""
    sizes = np.sort(np.asarray(counts, dtype=np.float64))
    if (sizes < 0).any() or hidden < 0:
        raise ValueError("counts of groups cannot be negative")
    total, n = float(sizes.sum()) + hidden, len(sizes)
    if total <= 0:
        return Concentration(np.nan, (np.nan, np.nan), np.nan, np.nan)
    squares = float((sizes**2).sum())
    most = total**2 / (squares + hidden)  # groups of one conversation each
    least = total**2 / (squares + hidden**2)
    shown = float(sizes.sum())
    gini = float((2 * np.arange(1, n + 1) - n - 1) @ sizes / (n * shown)) if shown else np.nan
    return Concentration((least + most) / 2, (least, most), float(sizes[-1] / total) if n else np.nan, gini)
