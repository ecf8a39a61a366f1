"""Promise 2 of design.md, section 6, over the published tables themselves: what an attacker solves from them.

The attacker has every release table of two publishings of one run and an independent solver (linear programming). Per
facet the unknowns are the true conversations of each cluster by value; what is known: no number is negative, rows add
up to sizes, children to parents, and every shown number, rounded or not.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import lil_array

from clio.config.facets import Facet
from clio.stages import publish as stage
from tests.privacy.people import seeds
from tests.stages.workspaces import FACETS_ASKED, Workspace, draw_workspace

Name = tuple[str, str]
FACETS: tuple[Facet, ...] = tuple(facet for facet in FACETS_ASKED if facet.name in ("request", "use", "flag", "week"))
SETTINGS: dict[str, Any] = {
    "facets": {
        "use": [facet.name for facet in FACETS],
        "define": [facet.model_dump(exclude_defaults=True) for facet in FACETS],
        "intersections": [["use", "flag"]],
    }
}
releases = st.fixed_dictionaries(
    {
        "min_conversations": st.integers(3, 10),
        "min_accounts": st.integers(1, 4),
        "max_account_share": st.sampled_from([0.4, 0.7, 1.0]),
        "round_to": st.sampled_from([1, 1, 5]),
    }
)


def published(drawn: Workspace, folder: Path, release: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    context = drawn.context(folder, release=release, facets=SETTINGS["facets"])
    stage.run(context.config, context)
    tables = {path.stem: pq.read_table(path).to_pylist() for path in context.release.glob("*.parquet")}
    tables["breakdowns"] += [{"facet": "week", "value": row["week"], **row} for row in tables["trends"]]
    return tables


def truth_of(folder: Path) -> dict[str, dict[Name, int]]:
    """True numbers of every cell, from the private record."""
    found: dict[str, dict[Name, int]] = defaultdict(dict)
    rows = pq.read_table(folder / "workspace" / "releases" / "0001.parquet").to_pylist()
    for row in rows:
        found[row["facet"]][row["cluster_id"], row["value"]] = row["conversations"]
    return found


class Attacker:
    """One facet of some releases of the same clusters, as linear equations and bounds."""

    def __init__(
        self, facet: str, truth: dict[Name, int], tables: list[tuple[dict[str, list[dict[str, Any]]], int]]
    ) -> None:
        clusters = {row["cluster_id"]: row["parent_id"] or "all" for row in tables[0][0]["clusters"]}
        self.names = sorted(truth)
        self.seen: set[Name] = set()
        column = {name: n for n, name in enumerate(self.names)}
        low, high = np.zeros(len(column)), np.full(len(column), np.inf)
        for table, base in tables:
            for row in table["breakdowns"]:
                name = (row["cluster_id"], row["value"])
                if row["facet"] == facet and row["kind"] == "value":
                    self.seen.add(name)
                    give = 0 if base == 1 else base / 2
                    low[column[name]] = max(low[column[name]], row["conversations"] - give)
                    high[column[name]] = min(high[column[name]], row["conversations"] + give)
        self.bounds = np.column_stack([low, high])
        equations: list[tuple[dict[int, int], int]] = []
        for cluster in {cluster for cluster, _ in self.names}:
            # Sizes are taken as known exactly, which is more than a rounded release tells.
            mine = [name for name in self.names if name[0] == cluster]
            equations.append(({column[name]: 1 for name in mine}, sum(truth[name] for name in mine)))
        for cluster, value in self.names:
            below = [column[child, value] for child, above in clusters.items()
                     if above == cluster and (child, value) in column]  # fmt: skip
            if any(above == cluster for above in clusters.values()):
                equations.append((dict.fromkeys(below, 1) | {column[cluster, value]: -1}, 0))
        self.left = lil_array((len(equations), len(column)))
        self.right = np.array([total for _, total in equations])
        for n, (parts, _) in enumerate(equations):
            for place, sign in parts.items():
                self.left[n, place] = sign

    def interval(self, name: Name) -> tuple[float, float]:
        found = []
        for sign in (1, -1):
            cost = np.zeros(len(self.names))
            cost[self.names.index(name)] = sign
            result = linprog(cost, A_eq=self.left.tocsr(), b_eq=self.right, bounds=self.bounds, method="highs")
            assert result.status in (0, 3), result.message
            found.append(sign * result.fun if result.status == 0 else np.inf)
        return found[0], found[1]


@settings(max_examples=5, deadline=None)
@given(seeds, releases, releases)
def test_no_small_cell_is_solved_for_from_one_release_or_two(
    seed: int, one: dict[str, Any], other: dict[str, Any]
) -> None:
    drawn = draw_workspace(seed, 140, facets=FACETS)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        first = published(drawn, folder, one)
        truth = truth_of(folder)
        second = published(drawn, folder, other)
    rng = np.random.default_rng(seed)
    for facet in ("use", "flag", "week"):
        alone = Attacker(facet, truth[facet], [(first, one["round_to"])])
        both = Attacker(facet, truth[facet], [(first, one["round_to"]), (second, other["round_to"])])
        least = one["min_conversations"]
        small = [name for name, held in truth[facet].items() if held < least]
        assert not alone.seen.intersection(small)
        for place in rng.permutation(len(small))[:4]:
            low, high = alone.interval(small[place])
            assert low <= 1e-6, (facet, small[place], low, high)
            assert high >= least - 1e-6, (facet, small[place], low, high)
        width = min(least, other["min_conversations"])
        hidden = [name for name in small if name not in both.seen and truth[facet][name] < width]
        for place in rng.permutation(len(hidden))[:4]:
            low, high = both.interval(hidden[place])
            assert low <= 1e-6, (facet, hidden[place], low, high)
            assert high >= width - 1e-6, (facet, hidden[place], low, high)
