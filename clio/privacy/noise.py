"""User-level differentially private counts: bounded contribution, discrete Laplace noise, and a threshold.

The unit is an account with all its conversations; two inputs are neighbours where one has one account more. An account
counts in at most ``most_cells`` cells of a table, at most ``most_conversations`` times in each: the L1 sensitivity is
their product, and noise of that scale over epsilon hides it. Where which cells exist would itself tell of somebody,
only those are released whose noisy count reaches a threshold; a cell that one account alone brings reaches it with
probability delta at most, over all the cells it could bring. docs/noise.md has the proof, and what is not covered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clio.config.noise import NoiseConfig
from clio.errors import ConfigError
from clio.privacy import _noise_opendp as opendp
from clio.privacy._noise_sampler import SYSTEM, Source, discrete_laplace, tail, tail_reaches

__all__ = [
    "SYSTEM", "Backend", "Budget", "Released", "Source", "backend_of", "bounded", "counted", "discrete_laplace",
    "release_keys", "release_known", "split", "tail", "threshold",
]  # fmt: skip

Ints = NDArray[np.int64]
Backend = Literal["own", "opendp"]
CHANCE = 0.05
"""Of keys that are known beforehand noise alone lifts one over the line with at most this probability in a table. A
matter of legibility: what is shown of noisy counts is no concern of privacy."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one table may spend, and how much one account counts in it."""

    table: str
    epsilon: Fraction
    delta: float
    """0 where the keys are known beforehand: then no threshold is needed."""
    most_cells: int
    most_conversations: int

    @property
    def scale(self) -> Fraction:
        """Of the noise: sensitivity over epsilon."""
        return self.most_cells * self.most_conversations / self.epsilon


@dataclass(frozen=True, slots=True)
class Released:
    """Noisy counts by key. Nothing here tells the true ones, nor which keys were not released."""

    counts: Mapping[int, int]
    threshold: int
    """No count below it is in ``counts``."""


def backend_of(config: NoiseConfig, source: Source = SYSTEM) -> Backend:
    """Who draws. A source of one's own, which only tests have, is asked by our own sampler.

    Raises:
        MissingExtraError: OpenDP is asked for and not installed.
    """
    if source is not SYSTEM or config.backend == "own":
        return "own"
    if config.backend == "opendp":
        opendp.require()
    return "opendp" if opendp.installed() else "own"


def threshold(budget: Budget) -> int:
    """The least T for which cells that one account alone brings reach T with probability ``budget.delta`` at most.

    An account brings at most ``most_cells`` cells of at most ``most_conversations`` each.

    Raises:
        ConfigError: delta is above 1 - exp(-epsilon): the proof in docs/noise.md asks for less, and anybody would.
    """
    if not 0 < budget.delta <= -math.expm1(-float(budget.epsilon)):
        raise ConfigError(
            f"release.noise: delta {budget.delta:.2g} is too large for epsilon {float(budget.epsilon):.2g} of the "
            f"table {budget.table}. Lower delta, or raise epsilon."
        )
    each = -math.expm1(math.log1p(-budget.delta) / budget.most_cells)
    return budget.most_conversations + tail_reaches(each, budget.scale)


def bounded(account: Ints, key: Ints, most_cells: int, most_conversations: int, source: Source) -> NDArray[np.bool_]:
    """Which rows count: at most so many keys of each account, and so many rows of each of these, chosen at random.

    What is chosen of an account depends on its own rows and on chance, never on others.
    """
    if not len(account):
        return np.zeros(0, dtype=np.bool_)
    pairs, pair = np.unique(np.column_stack([account, key]), axis=0, return_inverse=True)
    pair = pair.reshape(-1)
    of_account = _places(pairs[:, 0], source.words(len(pairs))) < most_cells
    of_pair = _places(pair, source.words(len(pair))) < most_conversations
    return np.asarray(of_account[pair] & of_pair, dtype=np.bool_)


def _places(group: Ints, priority: NDArray[np.uint64]) -> Ints:
    """The place, from 0, of every row within its group, by priority."""
    order = np.lexsort((priority, group))
    ordered = group[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    places = np.empty(len(group), dtype=np.int64)
    places[order] = np.arange(len(group)) - np.repeat(starts, np.diff(np.r_[starts, len(group)]))
    return places


def counted(account: Ints, key: Ints, budget: Budget, source: Source = SYSTEM) -> dict[int, int]:
    """True counts by key after bounding. Private: for :func:`release_keys` and :func:`release_known` only."""
    keep = bounded(account, key, budget.most_cells, budget.most_conversations, source)
    keys, counts = np.unique(key[keep], return_counts=True)
    return dict(zip(keys.tolist(), counts.tolist(), strict=True))


def release_keys(
    account: Ints, key: Ints, budget: Budget, backend: Backend = "own", source: Source = SYSTEM
) -> Released:
    """Noisy counts of keys that the data bring along: (epsilon, delta) of ``budget``."""
    true, least = counted(account, key, budget, source), threshold(budget)
    if backend == "opendp":
        noisy, least = opendp.release_keys(
            true, budget.epsilon, budget.delta, budget.most_cells, budget.most_conversations, least
        )
        return Released(dict(sorted(noisy.items())), least)
    drawn = {k: n + discrete_laplace(budget.scale, source) for k, n in true.items()}
    return Released({k: n for k, n in drawn.items() if n >= least}, least)


def release_known(
    account: Ints, key: Ints, known: Sequence[int], budget: Budget, backend: Backend = "own", source: Source = SYSTEM
) -> Released:
    """Noisy counts of keys that are public: epsilon of ``budget``, no delta. Rows with other keys are not counted.

    Every known key gets noise, those of nobody too; shown are those that stand clear of it (see CHANCE).
    """
    inside = np.isin(key, np.asarray(known, dtype=np.int64))
    true = counted(account[inside], key[inside], budget, source)
    exact = [true.get(k, 0) for k in known]
    least = tail_reaches(CHANCE / max(1, len(known)), budget.scale)
    if backend == "opendp":
        noisy = opendp.release_vector(exact, budget.epsilon, budget.most_cells, budget.most_conversations)
    else:
        noisy = [n + discrete_laplace(budget.scale, source) for n in exact]
    return Released({k: n for k, n in zip(known, noisy, strict=True) if n >= least}, least)


def split(
    config: NoiseConfig,
    clusters: Mapping[int, int | None],
    facets: Mapping[str, int | None],
) -> dict[str, Budget]:
    """Epsilon and delta over tables; they add up to no more than the config's.

    Args:
        config: shares and bounds.
        clusters: per level that is counted, how many clusters it is known to have; None where that is learned.
        facets: per facet (``trends`` among them), how many values it is known to have; None where the data decide.

    Returns:
        Budgets by table: ``clusters/LEVEL`` and ``breakdowns/FACET/all`` or ``breakdowns/FACET/LEVEL``.
    """
    epsilon = Fraction(repr(config.epsilon))
    share = Fraction(repr(config.cluster_share)) if facets else Fraction(1)
    grains = ["all", *(str(level) for level in clusters if config.breakdowns == "every")]
    asked: list[tuple[str, Fraction, int | None]] = [
        (f"clusters/{level}", epsilon * share / len(clusters), size) for level, size in clusters.items()
    ]
    for facet, size in facets.items():
        each = epsilon * (1 - share) / (len(facets) * len(grains))
        # By cluster the number of cells an account can have is bounded by its clusters, not by the facet's values.
        asked += [
            (f"breakdowns/{facet}/{grain}", each, size if grain == "all" or size is None else config.most_clusters)
            for grain in grains
        ]
    unknown = sum(size is None for _, _, size in asked)
    return {
        table: Budget(
            table,
            part,
            config.delta / unknown if size is None else 0.0,
            config.most_clusters if size is None else min(config.most_clusters, max(1, size)),
            config.most_conversations,
        )
        for table, part, size in asked
    }
