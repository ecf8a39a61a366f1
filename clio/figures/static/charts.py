"""Map, tree, weeks and heat map for print."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import pandas as pd

from clio.figures._grids import plan_grid
from clio.figures._plan import BINS, LABEL_LENGTH, plan_map, plan_tree, plan_trend
from clio.figures.colour import Theme, colours, legible, sequential
from clio.figures.figure import Figure, each
from clio.figures.grids import cell_colour, grid_limits
from clio.figures.static.vega import WIDTH, Spec, draw
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import cut


def map_svg(
    clusters: pd.DataFrame, squares: pd.DataFrame, *, level: int | None = None, labels: int = 14,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``map_figure``, coloured by top area."""
    c, size = colours(theme), (float(width or WIDTH), float(height or 460))
    plan = plan_map(clusters, squares, level, None, "", labels, size, theme, words)
    fills = sequential(theme, BINS + 6)[:BINS]
    boxes = [
        {"x": r.x, "y": r.y, "right": r.x + r.size, "top": r.y + r.size, "fill": fills[int(r.bin)]}
        for r in each(plan.squares)
    ]
    # A name can occur twice: the legend is keyed by number.
    number = {shade: place for place, (_, shade) in enumerate(plan.areas)}
    legend = [f"{place + 1}. {cut(name, 34)}" for place, (name, _) in enumerate(plan.areas)]
    unit = (plan.y[1] - plan.y[0]) / size[1]
    marks = [
        {"x": r.x, "y": r.y, "area": legend[number[r.colour]], "size": float(r.diameter) ** 2 * np.pi / 4 * 0.8,
         "name": cut(r.name, LABEL_LENGTH) if r.labelled else "", "up": r.y + (r.diameter / 2 + 4) * unit}
        for r in each(plan.marks)
    ]  # fmt: skip
    x: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": list(plan.x), "nice": False, "zero": False}}
    y: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": list(plan.y), "nice": False, "zero": False}}
    spot = {"x": x | {"field": "x"}, "y": y | {"field": "y"}}
    shade = {"field": "area", "type": "nominal", "sort": None,
             "scale": {"domain": legend, "range": [colour for _, colour in plan.areas]}}  # fmt: skip
    name = {"text": {"field": "name"}, "x": x | {"field": "x"}, "y": y | {"field": "up"}}
    halo = {"type": "text", "fontSize": 11, "stroke": c.background, "strokeWidth": 3, "baseline": "bottom"}
    spec = {
        "width": size[0], "height": size[1],
        "layer": [
            {"data": {"values": boxes}, "mark": {"type": "rect", "stroke": c.background, "strokeWidth": 0.6},
             "encoding": spot | {"x2": {"field": "right"}, "y2": {"field": "top"},
                                 "color": {"field": "fill", "type": "nominal", "scale": None}}},
            {"data": {"values": marks}, "mark": {"type": "circle", "opacity": 0.9, "stroke": c.background},
             "encoding": spot | {"color": shade, "size": {"field": "size", "type": "quantitative", "scale": None}}},
            {"data": {"values": marks}, "mark": halo, "encoding": name},
            {"data": {"values": marks}, "encoding": name,
             "mark": {"type": "text", "fontSize": 11, "baseline": "bottom"}},
        ],
        "resolve": {"scale": {"color": "independent"}},
    }  # fmt: skip
    return draw(plan.about, spec, theme)


def trend_svg(
    trends: pd.DataFrame, clusters: pd.DataFrame, cluster_ids: Collection[str] = ("all",), *,
    measure: Literal["share", "conversations"] = "share", band: bool = True,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``trend_figure``."""
    plan = plan_trend((trends, clusters), cluster_ids, measure, words)
    c = colours(theme)
    if plan.about.nothing:
        return draw(plan.about, {}, theme)
    legend = [f"{place + 1}. {cut(name, 34)}" for place, (_, name) in enumerate(plan.names)]
    line = dict(zip((key for key, _ in plan.names), legend, strict=True))
    values = [
        {"week": f"{r.week}T00:00:00Z", "line": _number(r.line), "low": _number(r.band_low),
         "high": _number(r.band_high), "who": line[r.cluster_id], "outside": bool(r.outside)}
        for r in each(plan.weeks)
    ]  # fmt: skip
    shades = [c.palette[place % len(c.palette)] for place in range(len(legend))]
    title = words("week_axis" if plan.measure == "share" else "week_count_axis")
    y = {
        "type": "quantitative",
        "axis": {"format": ".0%" if plan.measure == "share" else ",d", "tickCount": 5, "title": title},
    }
    weeks = sorted(plan.weeks["week"].unique())
    ticks = [int(pd.Timestamp(week).timestamp() * 1000) for week in weeks[:: -(-len(weeks) // 7)]]
    both: Spec = {
        "x": {"field": "week", "type": "temporal", "scale": {"type": "utc"},
              "axis": {"format": words("date"), "title": None, "grid": False, "values": ticks}},
        "color": {"field": "who", "type": "nominal", "sort": None, "scale": {"domain": legend, "range": shades}}
        | ({"legend": None} if len(legend) == 1 else {}),
    }  # fmt: skip
    layers: list[Spec] = []
    if band and len(plan.names) <= 3:
        layers.append(
            {
                "mark": {"type": "area", "opacity": 0.16},
                "encoding": both | {"y": y | {"field": "low"}, "y2": {"field": "high"}},
            }
        )
    layers.append({"mark": {"type": "line", "strokeWidth": 2}, "encoding": both | {"y": y | {"field": "line"}}})
    stroke = {"condition": {"test": "datum.outside", "value": c.ink}, "value": None}
    dot = {"type": "point", "filled": True, "size": 34, "opacity": 1}
    layers.append({"mark": dot, "encoding": both | {"y": y | {"field": "line"}, "stroke": stroke}})
    return draw(
        plan.about,
        {"data": {"values": values}, "layer": layers, "width": width or WIDTH, "height": height or 240},
        theme,
    )


def heatmap_svg(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, facet: str, *, level: int | None = None,
    measure: Literal["share", "ratio"] = "share", top: int = 25,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``heatmap_figure``."""
    plan = plan_grid((breakdowns, clusters), facet, level, measure, top, words)
    if plan.about.nothing:
        return draw(plan.about, {}, theme)
    c, limits = colours(theme), grid_limits(plan)
    values = []
    for row, (_, name) in enumerate(plan.rows):
        for column, (_, value) in enumerate(plan.columns):
            z = plan.z[row, column]
            fill = c.veil if z != z else cell_colour(plan, float(z), limits, theme)
            said = plan.said[row][column] or ("×" if z != z else "")
            values.append(
                {"row": f"{row + 1}. {cut(name, 44)}", "column": cut(value, 24), "fill": fill, "said": said,
                 "ink": c.unknown if z != z else legible(fill, theme)}
            )  # fmt: skip
    places: Spec = {
        "x": {"field": "column", "type": "nominal", "sort": None,
              "axis": {"orient": "top", "title": None, "labelLimit": 130,
                       "labelAngle": -35 if len(plan.columns) > 6 else 0}},
        "y": {"field": "row", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 260}},
    }  # fmt: skip
    cell = {"field": "fill", "type": "nominal", "scale": None}
    layers = [
        {"mark": {"type": "rect", "stroke": c.background, "strokeWidth": 2}, "encoding": places | {"color": cell}},
        {"mark": {"type": "text", "fontSize": 10},
         "encoding": places | {"text": {"field": "said"}, "color": {"field": "ink", "type": "nominal", "scale": None}}},
    ]  # fmt: skip
    size = {"width": (width or WIDTH) - 180, "height": height or 24 * len(plan.rows)}
    return draw(plan.about, {"data": {"values": values}, "layer": layers} | size, theme)


def tree_svg(
    clusters: pd.DataFrame, *, root: str | None = None, most: int = 160,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``tree_figure`` as a treemap of two levels: what is below the root, and below that."""
    plan = plan_tree(clusters, root, None, "", theme, words)
    if plan.about.nothing:
        return draw(plan.about, {}, theme)
    c, nodes = colours(theme), plan.nodes
    start = str(nodes["cluster_id"].iloc[0])
    first = set(nodes.loc[nodes["parent_id"] == start, "cluster_id"])
    second = set(nodes.loc[nodes["parent_id"].isin(first), "cluster_id"].head(most))
    parents = set(nodes.loc[nodes["cluster_id"].isin(second), "parent_id"])
    kept = nodes[nodes["cluster_id"].isin({start} | first | second)]
    values: list[dict[str, Any]] = [
        {"id": r.cluster_id, "parent": r.parent_id or None, "name": f"{cut(r.name, 60)}  {words.percent(r.share)}",
         "value": 0 if r.cluster_id in parents or r.cluster_id == start else r.drawn, "fill": r.colour,
         "ink": legible(r.colour, theme)}
        for r in each(kept)
    ]  # fmt: skip
    box = {"x": {"field": "x0"}, "y": {"field": "y0"}, "x2": {"field": "x1"}, "y2": {"field": "y1"}}
    within = {"signal": "max(0, datum.x1 - datum.x0 - 8)"}

    def texts(data: str, size: int, weight: str) -> Spec:
        line = {
            "x": {"field": "x0", "offset": 4}, "y": {"field": "y0", "offset": 3}, "baseline": {"value": "top"},
            "text": {"field": "name"}, "fill": {"field": "ink"}, "fontSize": {"value": size}, "limit": within,
            "fontWeight": {"value": weight},
            "opacity": {"signal": "datum.y1 - datum.y0 > 15 && datum.x1 - datum.x0 > 40 ? 1 : 0"},
        }  # fmt: skip
        return {"type": "text", "from": {"data": data}, "encode": {"enter": line}}

    def rects(data: str, opacity: float) -> Spec:
        paint = {"fill": {"field": "fill"}, "stroke": {"value": c.background}, "fillOpacity": {"value": opacity}}
        return {"type": "rect", "from": {"data": data}, "encode": {"enter": box | paint}}

    layout = {"type": "treemap", "field": "value", "sort": {"field": "value", "order": "descending"}, "round": True,
              "paddingInner": 1, "paddingTop": 18,
              "size": [{"signal": "width"}, {"signal": "height"}]}  # fmt: skip
    spec: Spec = {
        "$schema": "https://vega.github.io/schema/vega/v6.json", "width": width or WIDTH, "height": height or 420,
        "data": [
            {"name": "tree", "values": values,
             "transform": [{"type": "stratify", "key": "id", "parentKey": "parent"}, layout]},
            {"name": "tops", "source": "tree", "transform": [{"type": "filter", "expr": "datum.depth == 1"}]},
            {"name": "below", "source": "tree", "transform": [{"type": "filter", "expr": "datum.depth == 2"}]},
        ],
        "marks": [rects("tops", 1), rects("below", 1), texts("tops", 12, "bold"), texts("below", 11, "normal")],
    }  # fmt: skip
    return draw(plan.about, spec, theme, vega=True)


def _number(value: float) -> float | None:
    return None if value != value else float(value)
