"""The hierarchy as rows of a list: what a keyboard and a screen reader can walk."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from clio.explore.safe import plain

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release
    from clio.explore.slices import Answer

INDENT = "\N{EM SPACE}"


def rows(release: Release, answer: Answer | None = None, only: Collection[str] | None = None) -> pd.DataFrame:
    """Parents before children, the largest first.

    ``only``: these clusters and what is above them. Columns: cluster_id, level, name (indented), conversations,
    accounts, of_parent (0 to 100), trend (conversations by week; 0 where not shown), and with a filter in_filter and
    filter_share (0 to 100).
    """
    import pandas as pd

    wanted = None if only is None else {above for name in only for above in release.path(name)}
    series = trends(release)
    found: list[dict[str, Any]] = []
    waiting = [(0, name) for name in reversed(release.children.get(None, []))]
    while waiting:
        depth, name = waiting.pop()
        if wanted is not None and name not in wanted:
            continue
        row = release.rows[name]
        parent = release.rows.get(row["parent_id"] or "")
        whole = parent["conversations"] if parent else int(release.about.get("conversations") or 0)
        line = {
            "cluster_id": name,
            "level": int(row["level"]),
            "name": INDENT * 2 * depth + plain(row["name"], 160),
            "conversations": int(row["conversations"]),
            "accounts": int(row["accounts"]),
            "of_parent": 100 * row["conversations"] / whole if whole else None,
            "trend": series.get(name, []),
        }
        if answer is not None and answer.by_cluster:
            cell = answer.cells.get(name)
            share = answer.share(release, name)
            line |= {
                "in_filter": cell.conversations if cell else None,
                "filter_share": None if share is None else 100 * share,
            }
        found.append(line)
        waiting += [(depth + 1, child) for child in reversed(release.children.get(name, []))]
    columns = ["cluster_id", "level", "name", "conversations", "accounts", "of_parent", "trend"]
    if answer is not None and answer.by_cluster:
        columns += ["in_filter", "filter_share"]
    return pd.DataFrame(found, columns=columns)


def trends(release: Release) -> dict[str, list[float]]:
    """Conversations by week of every cluster with two shown weeks, over all weeks of the release; 0 where not shown.

    For bars, where a week without one is seen to be missing; a line would be drawn down to the zero.
    """
    place = {week: number for number, week in enumerate(release.weeks)}
    found: dict[str, list[float]] = {}
    shown = release.trends[release.trends["kind"] == "value"]
    columns = (shown["cluster_id"], shown["week"], shown["conversations"])
    for name, week, conversations in zip(*(column.tolist() for column in columns), strict=True):
        if week in place:
            found.setdefault(name, [0.0] * len(place))[place[week]] = float(conversations)
    return {name: counts for name, counts in found.items() if sum(count > 0 for count in counts) > 1}
