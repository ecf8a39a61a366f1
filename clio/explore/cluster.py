"""Facts for the page of one cluster."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clio.explore.release import ALL
from clio.explore.safe import plain
from clio.explore.slices import size_of
from clio.privacy.auditor import WITHHELD_SUMMARY

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import FacetInfo, Release
    from clio.measures.intervals import Side

NO_ANSWER = ("n/a", "failed", "refused", "")
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
    said = [f"{rule['rule']}: {rule['setting']}. {rule['statement']}" for rule in audits.to_dict("records")]
    if said:
        passed = row["summary"] != WITHHELD_SUMMARY
        found["Verdict"] = "Name and summary passed." if passed else "Not passed: fixed words stand for them."
        found["Verdict of the run"] = " ".join(said)
    if row["writer"] in ("terms", "vocabulary"):
        found["Prompt"] = "none: no model wrote this name"
    return found


def apart(release: Release, names: Sequence[str]) -> list[str]:
    """The clusters that stand for several: none that lies in another one of them, so that none is counted twice."""
    chosen = set(names)
    return [name for name in dict.fromkeys(names) if not chosen & set(release.path(name)[:-1])]


GROUP = (
    "facet", "value", "status", "conversations", "share", "share_rest", "ratio", "low", "high", "p", "q", "verdict",
)  # fmt: skip


def group(release: Release, names: Sequence[str]) -> pd.DataFrame:
    """Facet values of several clusters together against everything outside of them, the clearest first.

    Columns as of :func:`clio.measures.representation`. Where a cluster does not show a value it is bounded by what its
    shown values leave over, and there is no number; a verdict stands where it holds at every count within the bounds.
    The rest is told only where a released cell outside the group stands in it and it passes the thresholds: what is
    left over may be a handful of people.

    A value's accounts in the group are at most the sum of its clusters', and at most those of the whole. The design
    effect is the larger of what that leaves and that of the whole, where the same people are counted once.
    """
    import numpy as np
    import pandas as pd

    from clio.measures.intervals import Ratio, benjamini_hochberg, bounded_ratio, verdicts

    chosen = apart(release, names)
    outside = _outside(release, chosen)
    parts = [_facet_of_group(release, facet, chosen, outside) for facet in release.single.values()]
    told = [part for part in parts if part is not None]
    if not told:
        return pd.DataFrame(columns=list(GROUP))
    frame = pd.concat([part for part, _, _ in told], ignore_index=True)
    ratios = [bounded_ratio(one, rest) for _, one, rest in told]
    columns = {name: np.concatenate([getattr(r, name) for r in ratios]) for name in ("ratio", "low", "high", "p")}
    columns = {name: np.where(frame["told"], values, np.nan) for name, values in columns.items()}
    ratio = Ratio(**columns)
    q = benjamini_hochberg(ratio.p)
    frame = frame.assign(**columns, q=q, verdict=verdicts(ratio, q))
    clear = frame["verdict"].isin(["over", "under"])
    order = np.lexsort((frame["p"].fillna(1.0), ~clear, frame["verdict"] == "not shown"))
    return frame.iloc[order].reset_index(drop=True)[list(GROUP)]


def group_told(frame: pd.DataFrame) -> pd.DataFrame:
    """Of :func:`group`, what can be told, for a reader: texts are clean, shares are 0 to 1."""
    import pandas as pd

    told = frame[frame["verdict"] != "not shown"]
    labels = zip(told["facet"], told["value"], strict=True)
    return pd.DataFrame(
        {
            "Value": [plain(f"{facet}: {value}", 80) for facet, value in labels],
            "Times": told["ratio"].astype(float).tolist(),
            "Interval": [f"{low:.2g} to {high:.2g}" for low, high in zip(told["low"], told["high"], strict=True)],
            "Verdict": told["verdict"].tolist(),
            "Here": told["share"].astype(float).tolist(),
            "The rest": told["share_rest"].astype(float).tolist(),
        }
    )


def _facet_of_group(
    release: Release, facet: FacetInfo, names: list[str], outside: list[str]
) -> tuple[pd.DataFrame, Side, Side] | None:
    """The values of one facet that the whole shows, with the two sides of each comparison."""
    import numpy as np
    import pandas as pd

    from clio.measures.intervals import Side
    from clio.measures.shares import HIDDEN, SHOWN, design_effect, room

    cells = release.breakdowns[(release.breakdowns["facet"] == facet.name) & (release.breakdowns["kind"] == "value")]
    whole = cells[cells["cluster_id"] == ALL].drop_duplicates("value").set_index("value")
    whole = whole[~whole.index.isin(NO_ANSWER)]
    sizes = np.array([float(release.rows[name]["conversations"]) for name in names])
    if not len(whole) or not sizes.sum():
        return None
    # With several values a conversation, what is shown of them bounds none of the others.
    left = room(cells, release.clusters).reindex(names).to_numpy(np.float64) if facet.adds_up else sizes
    mine = cells[cells["cluster_id"].isin(names) & cells["value"].isin(whole.index)]
    mine = mine.drop_duplicates(["cluster_id", "value"])
    grid = {
        name: mine.pivot(index="cluster_id", columns="value", values=name).reindex(names, columns=whole.index)
        for name in ("conversations", "accounts")
    }
    count = grid["conversations"].to_numpy(np.float64)
    everything, people = (whole[name].to_numpy(np.float64) for name in ("conversations", "accounts"))
    unseen = np.where(np.isnan(count), np.minimum(left, sizes)[:, None], 0.0).sum(axis=0)
    least = np.nansum(count, axis=0)
    known = ~np.isnan(count).any(axis=0)
    most = np.where(known, least, np.minimum(least + unseen, everything))
    least = np.minimum(least, most)
    accounts = np.minimum(np.nansum(grid["accounts"].to_numpy(np.float64), axis=0), people)
    common = design_effect(everything, people)
    effect = np.where(known, np.maximum(design_effect(least, accounts), common), np.maximum(most, 1.0))
    total, inside = float(size_of(release, ALL)), sizes.sum()
    one = Side(least, most, np.full(len(whole), inside), effect)
    rest = Side(
        np.maximum(everything - most, 0), np.maximum(everything - least, 0),
        np.full(len(whole), max(total - inside, 0.0)), common,
    )  # fmt: skip
    beside = cells[cells["cluster_id"].isin(outside)]
    apart_ = whole.index.isin(set(beside["value"])) & (rest.least >= release.thresholds.conversations)
    frame = pd.DataFrame(
        {
            "facet": facet.name,
            "value": whole.index.astype(str),
            "status": np.where(known, SHOWN, HIDDEN).astype(object),
            "conversations": np.where(known, least, np.nan),
            "share": np.where(known, least / inside, np.nan),
            "share_rest": np.where(known & apart_, rest.least / np.maximum(rest.total, 1.0), np.nan),
            "told": apart_,
        }
    )
    return frame, one, rest


def _outside(release: Release, names: Sequence[str]) -> list[str]:
    """Clusters of any level that share no conversation with these."""
    within, above = set(names), {up for name in names for up in release.path(name)}
    return [name for name in release.rows if name not in above and not within & set(release.path(name))]
