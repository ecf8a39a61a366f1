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


def what_to_look_at(run: Run, folder: Path) -> str:
    """What ``clio demo`` ends with: findings, all taken from the release just made."""
    clusters, trends = run.clusters, run.trends
    base = clusters[clusters["level"] == 0]
    lines = ["", "What to look at:"]
    weeks = trends[(trends["kind"] == "value") & trends["cluster_id"].isin(set(base["cluster_id"]))]
    if len(weeks):
        first = weeks.sort_values(["share", "cluster_id"], ascending=[False, True]).iloc[0]
        name = base.set_index("cluster_id").loc[first["cluster_id"], "name"]
        lines.append(
            f"  · A spike: {first['share']:.0%} of “{name}” came in the one week from {first['week']}. "
            f"Trends: {folder}/release/trends.parquet"
        )
    concern = run.breakdowns[(run.breakdowns["cluster_id"] == "all") & (run.breakdowns["facet"] == "language")]
    if len(concern):
        spoken = ", ".join(f"{row.value} {row.conversations}" for row in concern.itertuples() if row.kind == "value")
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
