"""Facts for the page of one cluster."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clio.explore.release import ALL

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release

NEAREST_BY = "Nearest by position on the map, which bends distances: a hint, no measurement."


def nearest(release: Release, cluster_id: str, most: int = 6) -> list[tuple[str, float]]:
    """Clusters of the same level by distance on the map, nearest first."""
    here = release.rows[cluster_id]
    if not _placed(here):
        return []
    found = [
        (name, math.hypot(row["x"] - here["x"], row["y"] - here["y"]))
        for name, row in release.rows.items()
        if name != cluster_id and row["level"] == here["level"] and _placed(row)
    ]
    return sorted(found, key=lambda pair: (pair[1], pair[0]))[:most]


def _placed(row: Mapping[str, Any]) -> bool:
    return all(isinstance(row[axis], float) and math.isfinite(row[axis]) for axis in ("x", "y"))


def provenance(release: Release, cluster_id: str) -> dict[str, str]:
    """How the words and numbers of a cluster came about, from the release's own manifest."""
    row, about = release.rows[cluster_id], release.about
    settings = about.get("settings") or {}
    prompts = about.get("prompts") or {}
    method = (settings.get("cluster") or {}).get("method")
    naming = "describe" if row["level"] == 0 else "rename"
    found = {
        "Cluster": f"{cluster_id}, level {row['level']}",
        "Name by": str(row["writer"]),
        "Writer of the run": str(about.get("writer") or "not told"),
        "Embedding model": str(about.get("encoder") or "not told"),
        "Clustered by": f"{method}, seed {settings.get('seed', 0)}" if method else "not told",
        "Prompt": f"{naming} {prompts[naming]}" if naming in prompts else "not told",
        "Joined": "A smaller cluster under the thresholds was added to it." if row["merged"] else "No.",
        "Made with": f"version {about.get('clio', 'not told')}",
    }
    audits = release.rules[release.rules["rule"].str.contains("audit|judge", case=False, regex=True)]
    for rule in audits.to_dict("records"):
        found[str(rule["rule"]).capitalize()] = f"{rule['setting']}. {rule['statement']}".lstrip(". ")
    if row["writer"] in ("terms", "vocabulary"):
        found["Prompt"] = "none: no model wrote this name"
    return found


def group(release: Release, names: list[str]) -> pd.DataFrame:
    """Facet values of several clusters together beside the whole release, from cells that are released.

    ``names`` are marks, which share no conversation. Columns: facet, value, inside (conversations, at least),
    inside_share, whole_share, hidden (in how many of the clusters the value is not shown). What is left of the whole
    without them is not formed: it may be a handful of people.
    """
    import pandas as pd

    cells = release.breakdowns[release.breakdowns["kind"] == "value"]
    single = set(release.single)
    mine = cells[cells["cluster_id"].isin(names) & cells["facet"].isin(single)]
    size = sum(int(release.rows[name]["conversations"]) for name in names)
    whole = cells[cells["cluster_id"] == ALL].set_index(["facet", "value"])["share"].to_dict()
    found = [
        {
            "facet": str(facet),
            "value": str(value),
            "inside": int(part["conversations"].sum()),
            "inside_share": int(part["conversations"].sum()) / max(1, size),
            "whole_share": float(whole[facet, value]),
            "hidden": len(names) - len(part),
        }
        for (facet, value), part in mine.groupby(["facet", "value"], sort=False)
        if (facet, value) in whole
    ]
    columns = ["facet", "value", "inside", "inside_share", "whole_share", "hidden"]
    return pd.DataFrame(found, columns=columns).sort_values(["facet", "inside"], ascending=[True, False])
