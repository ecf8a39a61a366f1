"""The built-in corpus: 649 conversations written by hand, and in ``ground_truth.json`` what was planted in them.

The pipeline reads ``conversations.jsonl`` like any other file and never reads the ground truth; tests do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clio.runs.read import Run

_HERE = Path(__file__).resolve().parent
CONVERSATIONS = _HERE / "conversations.jsonl"
GROUND_TRUTH = _HERE / "ground_truth.json"
_SHIPPED, _CHECKOUT = _HERE / "demo.yaml", _HERE.parents[1] / "configs" / "demo.yaml"
CONFIG = _SHIPPED if _SHIPPED.exists() else _CHECKOUT
"""``configs/demo.yaml``: inside the package when it was installed from a wheel."""
SPIKE = 1.5
"""A week stands out where a cluster has so many times the share of it that the whole release has."""


def what_to_look_at(run: Run, folder: Path) -> str:
    """What ``clio demo`` ends with: findings, all taken from the release just made."""
    lines = ["", "What to look at:", *_spike(run, folder)]
    languages = run.breakdowns[(run.breakdowns["cluster_id"] == "all") & (run.breakdowns["facet"] == "language")]
    if len(languages):
        spoken = ", ".join(f"{row.value} {row.conversations}" for row in languages.itertuples() if row.kind == "value")
        lines.append(f"  · Languages that enough people used: {spoken}. Smaller ones are not shown.")
    counts = run.manifest["counts"]
    hidden = (
        f"{counts['suppressed_clusters']} clusters and {counts['suppressed_cells']} cells were too small to show, and "
        f"{counts['trimmed_conversations']} conversations of accounts that talked far too much weigh nothing"
    )
    lines += [
        f"  · What is not there: {hidden}. A topic that only three accounts raised has no name here.",
        f"  · No name, address, phone or key that was planted in the corpus is in {folder}/release "
        + "(compare clio/demo/ground_truth.json).",
        f"  · How it was made, with every count and reason: {folder}/manifest.json",
        "",
        f"Again as a tree: clio tree {folder} --summaries",
        f"Your own data:   clio run configs/embedded.yaml --input FILE --output {folder.parent}/mine",
    ]
    return "\n".join(lines)


def _spike(run: Run, folder: Path) -> list[str]:
    """The cluster and week that stand out most against the same week of the whole release."""
    weeks = run.trends[run.trends["kind"] == "value"]
    usual = weeks[weeks["cluster_id"] == "all"].set_index("week")["share"]
    known = run.clusters.set_index("cluster_id")
    weeks = weeks[weeks["cluster_id"].isin(set(known.index)) & weeks["week"].isin(set(usual.index))]
    if not len(weeks):
        return []
    weeks = weeks.assign(times=weeks["share"] / weeks["week"].map(usual), level=weeks["cluster_id"].map(known["level"]))
    first = weeks.sort_values(["times", "level", "cluster_id"], ascending=[False, True, True]).iloc[0]
    if first["times"] < SPIKE:
        return []
    name = known.loc[first["cluster_id"], "name"]
    return [
        f"  · A spike: {first['share']:.0%} of “{name}” came in the one week from {first['week']}, and only "
        f"{usual[first['week']]:.0%} of everything. Trends: {folder}/release/trends.parquet"
    ]
