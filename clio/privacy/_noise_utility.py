"""What noise would leave of a run: ``python -m clio.privacy._noise_utility RUN [--draws N] [--errors]``.

For the owner of the data, to choose epsilon and the bounds before anything is released. It looks at true counts, spends
nothing, and what it prints is as private as the workspace: it is no part of a release.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from clio.config.noise import NoiseConfig
from clio.privacy._noise_ledger import Composed
from clio.privacy._noise_tables import Rows, noisy_release
from clio.privacy.thresholds import Thresholds
from clio.runs.files import read_table
from clio.runs.manifest import Manifest

EPSILONS, MOST = (0.5, 1.0, 2.0, 4.0, 8.0), (1, 3, 5)
SIZES = (1, 15, 25, 50, 100)
"""Lower edges of the classes of true size."""


def read_rows(folder: Path) -> Rows:
    """The conversations of a run that are in a base cluster."""
    workspace = folder / "workspace"
    assignments, known = (read_table(workspace / f"{name}.parquet") for name in ("assignments", "conversations"))
    codes = known.column("account_id").combine_chunks().dictionary_encode().indices.to_numpy()
    account = dict(zip(known.column("conversation_id").to_pylist(), codes.tolist(), strict=True))
    inside = assignments.filter(pc.greater_equal(assignments.column("cluster"), 0))
    names = inside.column("conversation_id").to_pylist()
    return Rows(
        names,
        np.array([account[name] for name in names], dtype=np.int64),
        [None] * len(names),
        inside.column("cluster").to_numpy().astype(np.int64),
        read_table(workspace / "facets.parquet"),
        read_table(workspace / "hierarchy.parquet").to_pylist(),
    )


def survivors(rows: Rows, config: NoiseConfig, thresholds: Thresholds, draws: int, *, fixed: bool) -> dict[int, float]:
    """Clusters shown by level, the mean over so many draws."""
    nothing = Composed(Fraction(0), 0.0, 0)  # nothing is released, so nothing is spent
    found: dict[int, float] = {int(row["level"]): 0.0 for row in rows.hierarchy}
    for _ in range(draws):
        tables = noisy_release(rows, (), config, thresholds, lambda _asked: nothing, fixed=fixed).tables
        for row in tables["levels"].to_pylist():
            found[row["level"]] += row["clusters"] / draws
    return found


def errors(rows: Rows, config: NoiseConfig, thresholds: Thresholds, draws: int, *, fixed: bool) -> list[list[float]]:
    """By class of true size, of base clusters: how many there are, the share of draws in which one is shown, and the
    mean error of the shown ones relative to the true count of conversations, bounding included.
    """
    nothing = Composed(Fraction(0), 0.0, 0)
    true = {row["cluster_id"]: int((rows.base == row["cluster"]).sum()) for row in rows.hierarchy if not row["level"]}
    of = {name: int(np.searchsorted(SIZES, size, side="right")) - 1 for name, size in true.items()}
    shown, missed = np.zeros(len(SIZES)), np.zeros(len(SIZES))
    for _ in range(draws):
        tables = noisy_release(rows, (), config, thresholds, lambda _asked: nothing, fixed=fixed).tables
        for row in tables["clusters"].to_pylist():
            size = 0 if row["level"] else true[row["cluster_id"]]
            if size:
                shown[of[row["cluster_id"]]] += 1
                missed[of[row["cluster_id"]]] += abs(row["conversations"] - size) / size
    held = [sum(place == number for place in of.values()) for number in range(len(SIZES))]
    return [
        [held[n], shown[n] / max(1, held[n] * draws), missed[n] / max(1, shown[n])] for n in range(len(SIZES))
    ]  # fmt: skip


def error_report(folder: Path, draws: int) -> str:
    """A table: by true size of base clusters and epsilon of their table, how often one is shown and how far off."""
    rows = read_rows(folder)
    release = Manifest.open(folder).data["config"]["release"]
    thresholds = Thresholds(release["min_conversations"], release["min_accounts"], 1.0)
    lines = ["| conversations | clusters |", "| --- | --- |"]
    names = [f"{low} to {high - 1}" for low, high in pairwise(SIZES)] + [f"{SIZES[-1]} and more"]
    for fixed in (False, True):
        for epsilon in EPSILONS[:4]:
            config = NoiseConfig.model_validate({"mechanism": "dp", "epsilon": epsilon, "breakdowns": "none"})
            lines[0] += f" {'given' if fixed else 'learned'}, epsilon {epsilon:g} |"
            lines[1] += " --- |"
            for number, (held, shown, off) in enumerate(errors(rows, config, thresholds, draws, fixed=fixed)):
                if len(lines) < number + 3:
                    lines.append(f"| {names[number]} | {held:.0f} |")
                lines[number + 2] += f" {shown:.0%}, off {off:.1%} |" if shown else " none |" if held else " |"
    return "\n".join(lines) + "\n"


def report(folder: Path, draws: int) -> str:
    """A table: epsilon, bound, which levels are counted, how many clusters are shown, learned and fixed."""
    rows = read_rows(folder)
    release = Manifest.open(folder).data["config"]["release"]
    thresholds = Thresholds(release["min_conversations"], release["min_accounts"], 1.0)
    levels = sorted({int(row["level"]) for row in rows.hierarchy})
    held = {level: sum(row["level"] == level for row in rows.hierarchy) for level in levels}
    lines = [
        f"{len(rows.base)} conversations, {len(np.unique(rows.account))} accounts, clusters by level "
        f"{'/'.join(str(held[level]) for level in levels)}; shown from {thresholds.conversations} conversations",
        "",
        "| epsilon | most_clusters | accounts cut | levels | learned clusters | fixed taxonomy |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for epsilon in EPSILONS:
        for most in MOST:
            cut = _cut(rows, most)
            for counted in ("base", "every"):
                config = NoiseConfig.model_validate(
                    {"mechanism": "dp", "epsilon": epsilon, "most_clusters": most, "levels": counted,
                     "breakdowns": "none"}
                )  # fmt: skip
                shown = [survivors(rows, config, thresholds, draws, fixed=fixed) for fixed in (False, True)]
                told = ["/".join(f"{found[level]:.0f}" for level in levels) for found in shown]
                lines.append(f"| {epsilon:g} | {most} | {cut:.0%} | {counted} | {told[0]} | {told[1]} |")
    return "\n".join(lines) + "\n"


def _cut(rows: Rows, most: int) -> float:
    """Share of accounts that are in more base clusters than count."""
    pairs = np.unique(np.column_stack([rows.account, rows.base]), axis=0)
    _, clusters = np.unique(pairs[:, 0], return_counts=True)
    return float((clusters > most).mean()) if len(clusters) else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What noise would leave of a run. Private; spends nothing.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--errors", action="store_true", help="by cell size instead of by setting")
    given = parser.parse_args()
    sys.stdout.write((error_report if given.errors else report)(given.run, given.draws))
