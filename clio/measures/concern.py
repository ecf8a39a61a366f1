"""How far what a model holds to be concerning and what was flagged elsewhere agree, cluster by cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clio.measures.shares import HIDDEN, SHOWN, clean, names_of, pick_level, room


def concern_flag(
    breakdowns: pd.DataFrame,
    clusters: pd.DataFrame,
    *,
    concern: str = "concern",
    high: Sequence[str] = ("3", "4", "5"),
    flag: str = "flag",
    flagged: Sequence[str] = ("yes",),
    level: int | None = None,
) -> pd.DataFrame:
    """Per cluster of a level (default: the finest), the share of ``high`` concern and the share that is ``flagged``.

    Where values are hidden a share is known to ``_low`` and ``_high`` only, and is nan itself.
    """
    level = pick_level(clusters, level)
    members = clusters[clusters["level"] == level].sort_values(["conversations", "cluster_id"], ascending=[False, True])
    names = names_of(clusters)
    ids = members["cluster_id"].astype(str).tolist()
    frame = pd.DataFrame(
        {
            "cluster_id": ids,
            "name": [names[key] for key in ids],
            "conversations": members["conversations"].to_numpy(),
        }
    )
    size = members["conversations"].to_numpy(np.float64)
    for column, facet, values in (("concern", concern, high), ("flag", flag, flagged)):
        cells = breakdowns[(breakdowns["facet"] == facet) & (breakdowns["kind"] == "value")]
        wanted = cells[cells["value"].map(lambda value: clean(str(value))).isin(values)]
        shown = wanted.groupby("cluster_id")["conversations"].sum().reindex(ids).fillna(0.0).to_numpy(np.float64)
        seen = wanted.groupby("cluster_id")["value"].nunique().reindex(ids).fillna(0).to_numpy()
        left = room(cells, clusters).reindex(ids).to_numpy(np.float64)
        most = np.where(seen < len(values), shown + left, shown)
        frame[f"{column}_low"], frame[f"{column}_high"] = shown / size, np.minimum(most / size, 1.0)
        frame[column] = np.where(most == shown, shown / size, np.nan)
    frame["status"] = np.where(frame[["concern", "flag"]].isna().any(axis=1), HIDDEN, SHOWN)
    return frame
