"""What the map, the tree, trends and heat maps draw, worked out once for plotly and for print."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from clio import measures
from clio.figures.colour import Theme, colours
from clio.figures.figure import About, each
from clio.figures.texts import Wording, list_of
from clio.figures.words import cut
from clio.measures.shares import ALL, clean, names_of, pick_level, size_of

AREAS = 11
"""Top areas that have a colour of their own; the rest share a grey."""
BINS = 7


def area_of(clusters: pd.DataFrame) -> dict[str, str]:
    """Per cluster id, the id of the topmost cluster above it (itself at the top)."""
    parent = {
        str(key): above if isinstance(above, str) and above else None
        for key, above in zip(clusters["cluster_id"], clusters["parent_id"], strict=True)
    }
    top: dict[str, str] = {}
    for key in parent:
        path = [key]
        while (above := parent.get(path[-1])) is not None and above in parent and above not in path:
            path.append(above)
        for step in path:
            top[step] = path[-1]
    return top


def area_colours(clusters: pd.DataFrame, theme: Theme) -> dict[str, str]:
    """Colour per cluster id, that of its top area: the largest areas have one each."""
    c = colours(theme)
    top = area_of(clusters)
    sizes = clusters.sort_values(["conversations", "cluster_id"], ascending=[False, True])["cluster_id"].astype(str)
    ranked = [key for key in sizes if top[key] == key][:AREAS]
    own = dict(zip(ranked, c.palette, strict=False))
    return {key: own.get(area, c.unknown) for key, area in top.items()}


def values_by_id(values: pd.Series | None) -> dict[str, float]:
    """A given series by cluster id, numbers only."""
    if values is None:
        return {}
    return {str(key): float(v) for key, v in values.items() if v == v and v is not None}


@dataclass(frozen=True, slots=True)
class MapPlan:
    """Density squares with their bin, marks with their size, and which marks are named."""

    about: About
    squares: pd.DataFrame
    marks: pd.DataFrame
    areas: tuple[tuple[str, str], ...]
    """Name and colour of the areas that have marks, the largest first."""
    x: tuple[float, float]
    y: tuple[float, float]


def plan_map(
    clusters: pd.DataFrame, squares: pd.DataFrame, level: int | None, values: pd.Series | None, values_title: str,
    labels: int, size: tuple[float, float], theme: Theme, words: Wording,
) -> MapPlan:  # fmt: skip
    """Everything on the map; ``size`` is the drawing area in pixels, for names that do not overlap."""
    level = pick_level(clusters, level)
    marks = clusters[(clusters["level"] == level) & clusters["x"].notna() & clusters["y"].notna()]
    marks = marks.sort_values(["conversations", "cluster_id"], ascending=[False, True]).reset_index(drop=True)
    names, top, shades = names_of(clusters), area_of(clusters), area_colours(clusters, theme)
    given = values_by_id(values)
    ids = marks["cluster_id"].astype(str).tolist()
    largest = float(marks["conversations"].max()) if len(marks) else 1.0
    table = pd.DataFrame(
        {
            "cluster_id": ids,
            "name": [names[key] for key in ids],
            "summary": [clean(str(text)) for text in marks["summary"]],
            "area": [names[top[key]] for key in ids],
            "conversations": marks["conversations"].to_numpy(),
            "accounts": marks["accounts"].to_numpy(),
            "share": marks["share"].to_numpy(),
            "x": marks["x"].to_numpy(np.float64),
            "y": marks["y"].to_numpy(np.float64),
            "colour": [shades[key] for key in ids],
            "value": [given.get(key, np.nan) for key in ids],
            "diameter": 8 + 26 * np.sqrt(marks["conversations"].to_numpy(np.float64) / largest),
        }
    )
    x, y = _extent(table, squares, size)
    table["labelled"] = _fit_labels(table, labels, (x, y), size)
    binned = squares.assign(density=squares["conversations"] / squares["size"] ** 2)
    binned["bin"] = _bins(binned["density"].to_numpy(np.float64))
    order: dict[str, str] = {}
    for shade, key in zip(table["colour"], ids, strict=True):
        if shade not in order:
            order[shade] = words("other_areas") if shade == colours(theme).unknown else names[top[key]]
    nothing = "" if len(table) or len(squares) else words("map_none")
    alt = nothing or words(
        "map_alt", n=words.number(len(table)), conversations=words.number(float(binned["conversations"].sum())),
        names=list_of(table["name"].head(5).tolist(), 60),
    )  # fmt: skip
    note = words("map_note", colour=_coloured_by(values_title if given else None, words))
    areas = tuple((name, shade) for shade, name in order.items())
    about = About(table.drop(columns=["colour", "diameter"]), words("map"), alt, note, nothing, words)
    return MapPlan(about, binned, table, areas, x, y)


def _coloured_by(title: str | None, words: Wording) -> str:
    return words("colour_area") if title is None else words("colour_value", title=cut(title, 80))


def _bins(density: np.ndarray) -> np.ndarray:
    """Numbers 0 to BINS - 1, equal steps of the logarithm."""
    if not len(density):
        return np.empty(0, dtype=np.int64)
    log = np.log(np.maximum(density, 1e-12))
    low, high = float(log.min()), float(log.max())
    return np.asarray(np.minimum((log - low) / max(high - low, 1e-9) * BINS, BINS - 1), dtype=np.int64)


def _extent(
    marks: pd.DataFrame, squares: pd.DataFrame, size: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ranges that show everything at one scale for both axes."""
    if not len(marks) and not len(squares):
        return (0.0, 1.0), (0.0, 1.0)
    ranges = []
    for axis in ("x", "y"):
        ends = np.r_[marks[axis], squares[axis], squares[axis] + squares["size"]].astype(np.float64)
        ranges.append((float(ends.min()), float(ends.max())))
    spans = [max(high - low, 1e-6) * 1.12 for low, high in ranges]
    unit = max(span / pixels for span, pixels in zip(spans, size, strict=True))
    halves = [unit * pixels / 2 for pixels in size]
    (x, y) = (
        ((low + high) / 2 - half, (low + high) / 2 + half) for (low, high), half in zip(ranges, halves, strict=True)
    )
    return x, y


def _fit_labels(
    marks: pd.DataFrame, most: int, extent: tuple[tuple[float, float], tuple[float, float]], size: tuple[float, float]
) -> list[bool]:
    """Greedily, the largest first: names that neither overlap, nor leave the picture, nor hide a mark."""
    placed: list[tuple[float, float, float, float]] = []
    result = []
    across, upward = (
        (marks[axis].to_numpy(np.float64) - low) / (high - low) * pixels
        for axis, (low, high), pixels in zip(("x", "y"), extent, size, strict=True)
    )
    part = marks["diameter"].to_numpy(np.float64) / 3
    for place, row in enumerate(each(marks.head(20 * most))):
        x, y = float(across[place]), float(upward[place])
        wide, up = 7.0 * len(cut(row.name, LABEL_LENGTH)) / 2 + 6, row.diameter / 2 + 4
        box = (x - wide, y + up, x + wide, y + up + 18)
        inside = box[0] >= 0 and box[2] <= size[0] and box[3] <= size[1]
        free = all(box[2] < b[0] or box[0] > b[2] or box[3] < b[1] or box[1] > b[3] for b in placed)
        left, low, right, high = box
        hidden = (across > left - part) & (across < right + part) & (upward > low - part) & (upward < high + part)
        ok = len(placed) < most and inside and free and not hidden.any()
        if ok:
            placed.append(box)
        result.append(ok)
    return result + [False] * (len(marks) - len(result))


LABEL_LENGTH = 30


@dataclass(frozen=True, slots=True)
class TreePlan:
    """Nodes of the tree with the whole at the root; a parent is never smaller than its children together."""

    about: About
    nodes: pd.DataFrame


def plan_tree(
    clusters: pd.DataFrame, root: str | None, values: pd.Series | None, values_title: str, theme: Theme, words: Wording
) -> TreePlan:
    """Nodes below ``root``, a cluster id; all of them below the whole without one."""
    names, shades = names_of(clusters) | {ALL: words("all")}, area_colours(clusters, theme)
    given = values_by_id(values)
    start = root if root in names else ALL
    rows = clusters.sort_values(["conversations", "cluster_id"], ascending=[False, True])
    ids = rows["cluster_id"].astype(str).tolist()
    known = set(ids)
    parents = [p if isinstance(p, str) and p in known else ALL for p in rows["parent_id"]]
    count = dict(zip(ids, rows["conversations"].astype(float).tolist(), strict=True))
    count[ALL] = size_of(clusters, ALL)
    children: dict[str, list[str]] = {}
    for key, parent in zip(ids, parents, strict=True):
        children.setdefault(parent, []).append(key)
    order = [start] if len(clusters) else []
    for key in order:
        order += children.get(key, [])
    drawn = {key: count[key] for key in order}
    for key in reversed(order):  # rounded counts need not add up, and plotly draws nothing where children are too large
        drawn[key] = max(drawn[key], sum(drawn[child] for child in children.get(key, [])))
    parent_of = dict(zip(ids, parents, strict=True))
    meta = rows.set_index("cluster_id")
    inside = [key for key in order if key != ALL]
    picked = meta.loc[inside]
    summaries = dict(zip(inside, (clean(str(text)) for text in picked["summary"]), strict=True))
    accounts = dict(zip(inside, picked["accounts"].tolist(), strict=True))
    nodes = pd.DataFrame(
        {
            "cluster_id": order,
            "parent_id": ["" if key == start else parent_of[key] for key in order],
            "name": [names[key] for key in order],
            "summary": [summaries.get(key, "") for key in order],
            "conversations": [count[key] for key in order],
            "accounts": [float(accounts.get(key, np.nan)) for key in order],
            "share": [count[key] / max(count[ALL], 1) for key in order],
            "drawn": [drawn[key] for key in order],
            "colour": [shades.get(key, colours(theme).veil) for key in order],
            "value": [given.get(key, np.nan) for key in order],
        }
    )
    largest = [key for key in order if parent_of.get(key) == start][:4]
    said = ", ".join(
        words("tree_node", name=cut(names[key], 60), share=words.percent(count[key] / max(count[start], 1)))
        for key in largest
    )
    nothing = "" if len(order) > 1 or root else words("areas_none")
    n = words.number(len(inside))
    alt = nothing or words("tree_alt", n=n, name=cut(names[start], 80), names=said or words("none"))
    note = words("tree_note", colour=_coloured_by(values_title if given else None, words))
    return TreePlan(About(nodes.drop(columns=["drawn", "colour"]), words("tree"), alt, note, nothing, words), nodes)


@dataclass(frozen=True, slots=True)
class TrendPlan:
    """Weeks of some clusters, long: ``line`` is what is drawn, ``band_low`` and ``band_high`` the noise band."""

    about: About
    weeks: pd.DataFrame
    names: tuple[tuple[str, str], ...]
    """Cluster id and name, in the order asked for."""
    measure: Literal["share", "conversations"]


def plan_trend(
    tables: tuple[pd.DataFrame, pd.DataFrame], cluster_ids: Collection[str],
    measure: Literal["share", "conversations"], words: Wording,
) -> TrendPlan:  # fmt: skip
    """Weekly numbers; a share of the whole is 1 in every week, so the whole is always told in conversations."""
    names = names_of(tables[1]) | {ALL: words("all")}
    chosen = [key for key in dict.fromkeys(map(str, cluster_ids)) if key in names]
    if chosen == [ALL]:
        measure = "conversations"
    parts = []
    for key in chosen:
        part = measures.weekly(*tables, key)
        over = part["week_total"].to_numpy(np.float64) if measure == "share" else 1.0
        part.insert(0, "cluster_id", key)
        part.insert(1, "name", names[key])
        parts.append(
            part.assign(line=part["conversations"] / over, band_low=part["low"] / over, band_high=part["high"] / over)
        )
    weeks = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"line": [], "status": []})
    shown = int((weeks["status"] == "shown").sum()) if len(weeks) else 0
    title = words("weeks") if len(chosen) != 1 else words("weeks_of", name=cut(names[chosen[0]], 80))
    nothing = "" if shown else words("weeks_none")
    hidden = len(weeks) - shown
    outside = int(weeks["outside"].sum()) if shown else 0
    alt = nothing or words(
        "weeks_alt", n=len(chosen), weeks=weeks["week"].nunique(), outside=outside, hidden=hidden,
        names=list_of([names[key] for key in chosen[:5]], 60),
    )  # fmt: skip
    note = words("weeks_note", hidden=words("weeks_hidden", n=hidden) if hidden else "")
    table = weeks.drop(columns=["line", "band_low", "band_high"], errors="ignore")
    about = About(table, title, alt, note, nothing, words)
    return TrendPlan(about, weeks, tuple((key, names[key]) for key in chosen), measure)
