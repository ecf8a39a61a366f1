"""Numbers made of release tables: shares with intervals, ratios, movements. Plain functions from frames to frames.

What every interval here is about: the share another sample of as many accounts of the same users would have shown, with
the same clusters and the same answers of the models. It is not about mistakes of the models that answered, nor about
clusters that another seed would have formed otherwise, nor about people who are not in the data.

A *design effect* (Kish, *Survey Sampling*, Wiley 1965, section 8.2) widens it where accounts bring several
conversations each: a cell of n conversations of a accounts counts as a independent ones. It is the least that unequal
contributions allow; the release does not tell how unequal they are.

Cells that a release does not show are never taken for zero. Where a comparison needs them they are bounded by what the
shown cells leave over, and a verdict is given only where it holds at every value within the bounds (C. F. Manski,
*Partial Identification of Probability Distributions*, Springer 2003).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Ratio": "clio.measures.intervals",
    "wilson": "clio.measures.intervals",
    "log_ratio": "clio.measures.intervals",
    "benjamini_hochberg": "clio.measures.intervals",
    "Concentration": "clio.measures.diversity",
    "concentration": "clio.measures.diversity",
    "cluster_shares": "clio.measures.shares",
    "facet_shares": "clio.measures.shares",
    "facet_matrix": "clio.measures.comparison",
    "representation": "clio.measures.comparison",
    "compare_slices": "clio.measures.comparison",
    "compare_runs": "clio.measures.comparison",
    "concern_flag": "clio.measures.concern",
    "weekly": "clio.measures.weeks",
    "growth": "clio.measures.weeks",
    "movement": "clio.measures.weeks",
    "split_weeks": "clio.measures.weeks",
}
__all__ = [*_HOMES]

if TYPE_CHECKING:
    from clio.measures.comparison import compare_runs as compare_runs
    from clio.measures.comparison import compare_slices as compare_slices
    from clio.measures.comparison import facet_matrix as facet_matrix
    from clio.measures.comparison import representation as representation
    from clio.measures.concern import concern_flag as concern_flag
    from clio.measures.diversity import Concentration as Concentration
    from clio.measures.diversity import concentration as concentration
    from clio.measures.intervals import Ratio as Ratio
    from clio.measures.intervals import benjamini_hochberg as benjamini_hochberg
    from clio.measures.intervals import log_ratio as log_ratio
    from clio.measures.intervals import wilson as wilson
    from clio.measures.shares import cluster_shares as cluster_shares
    from clio.measures.shares import facet_shares as facet_shares
    from clio.measures.weeks import growth as growth
    from clio.measures.weeks import movement as movement
    from clio.measures.weeks import split_weeks as split_weeks
    from clio.measures.weeks import weekly as weekly


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clio.measures' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
