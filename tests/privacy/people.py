"""Random people, clusters and hierarchies, and cells counted from them the slow way."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from clio.privacy.suppression import ROOT, Cells
from clio.privacy.thresholds import Thresholds


@dataclass(frozen=True)
class World:
    """Who said what where. ``members`` are (account, leaf, values); ``parent`` is per node, 0 the root."""

    thresholds: Thresholds
    parent: list[int]
    members: list[tuple[int, int, tuple[int, ...]]]

    def above(self, node: int) -> list[int]:
        """The node and all its ancestors."""
        line = [node]
        while self.parent[line[-1]] != ROOT:
            line.append(self.parent[line[-1]])
        return line

    def counted(self) -> dict[tuple[int, int], Counter[int]]:
        """Conversations by account of every cell (node, value)."""
        found: dict[tuple[int, int], Counter[int]] = defaultdict(Counter)
        for account, leaf, values in self.members:
            for node in self.above(leaf):
                for value in values:
                    found[node, value][account] += 1
        return dict(found)

    def sizes(self) -> dict[int, Counter[int]]:
        """Conversations by account of every node."""
        found: dict[int, Counter[int]] = defaultdict(Counter)
        for account, leaf, _ in self.members:
            for node in self.above(leaf):
                found[node][account] += 1
        return dict(found)

    def children(self, node: int) -> list[int]:
        """Nodes right below."""
        return [child for child, above in enumerate(self.parent) if above == node]


def passes(by_account: Counter[int], thresholds: Thresholds) -> bool:
    """The thresholds, written down a second time."""
    total = by_account.total()
    return (
        total >= thresholds.conversations
        and len([1 for n in by_account.values() if n]) >= thresholds.accounts
        and max(by_account.values(), default=0) <= thresholds.share * total + 1e-9
    )


def cells_of(world: World) -> Cells:
    """Arrays for the code under test."""
    counted = sorted(world.counted().items())
    columns = [
        [node for (node, _), _ in counted],
        [value for (_, value), _ in counted],
        [who.total() for _, who in counted],
        [len(who) for _, who in counted],
        [max(who.values()) for _, who in counted],
        world.parent,
    ]
    return Cells(*(np.array(column, dtype=np.int64) for column in columns))


def draw_world(
    seed: int, thresholds: Thresholds, *, children: int = 4, values: int = 4, levels: int = 3, multi: bool = False
) -> World:
    """Skewed sizes, values that lean on the cluster, a few loud accounts; every cluster passes the thresholds."""
    rng = np.random.default_rng(seed)
    parent, level = [ROOT], [0]
    for depth in range(1, levels):
        level = [
            parent.append(above) or len(parent) - 1  # type: ignore[func-returns-value]
            for above in level
            for _ in range(int(rng.integers(1, children + 1)))
            if depth < levels
        ]
    leaves = [node for node in range(len(parent)) if node not in parent]
    accounts = int(rng.integers(2, 40))
    members: list[tuple[int, int, tuple[int, ...]]] = []
    overall = rng.dirichlet(np.full(values, 0.5))
    for leaf in leaves:
        lean = rng.dirichlet(overall * rng.uniform(0.5, 8) + 0.02)
        for _ in range(int(rng.geometric(1 / (2.5 * thresholds.conversations)))):
            loud = rng.random() < 0.15
            account = int(rng.integers(0, 2 if loud else accounts))
            if multi:
                chosen = tuple(int(v) for v in np.flatnonzero(rng.random(values) < 0.35))
            else:
                chosen = (int(rng.choice(values, p=lean)),)
            members.append((account, leaf, chosen))
    kept = {
        leaf
        for leaf in leaves
        if passes(Counter(account for account, where, _ in members if where == leaf), thresholds)
    }
    return World(thresholds, parent, [member for member in members if member[1] in kept])


thresholds_drawn = st.builds(Thresholds, st.integers(2, 8), st.integers(1, 4), st.sampled_from([0.3, 0.5, 0.75, 1.0]))
seeds = st.integers(0, 2**32 - 1)
