"""Charts of rows for print."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from clio.figures import _rows
from clio.figures._rows import Rows
from clio.figures.bars import limits_of
from clio.figures.colour import Theme, colours
from clio.figures.figure import Figure
from clio.figures.static.vega import WIDTH, Spec, draw
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import cut

STEP = 36


def areas_svg(
    clusters: pd.DataFrame, *, level: int | None = None, top: int = 12,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``areas_figure``."""
    return _drawn(_rows.areas(clusters, level, top, words), theme, width, height)


def breakdown_svg(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, facet: str, cluster_id: str = "all", *, top: int = 20,
    adds_up: bool = True, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``breakdown_figure``."""
    return _drawn(_rows.breakdown((breakdowns, clusters), facet, cluster_id, top, adds_up, words), theme, width, height)


def movement_svg(
    trends: pd.DataFrame, clusters: pd.DataFrame, before: Collection[str], after: Collection[str], *,
    level: int | None = None, top: int = 20, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``movement_figure``."""
    return _drawn(
        _rows.movement((trends, clusters), list(before), list(after), level, top, words), theme, width, height
    )


def _drawn(chart: Rows, theme: Theme, width: int | None, height: int | None) -> Figure:
    return draw(chart.about, {} if chart.about.nothing else _spec(chart, theme, width, height), theme)


def _spec(chart: Rows, theme: Theme, width: int | None, height: int | None) -> Spec:
    c, limits = colours(theme), limits_of(chart)
    ratio = chart.axis == "ratio"
    values = _values(chart, theme, limits)
    axis = {"title": cut(chart.axis_title, 80), "tickCount": 6, "format": "~g" if ratio else ".0%", "labelExpr": None}
    axis["labelExpr"] = "datum.label + '×'" if ratio else "datum.label"
    scale: Spec = {"domain": list(limits), "type": "log" if ratio else "linear", "nice": False, "clamp": True}
    if ratio:
        axis["values"] = [v for v in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16) if limits[0] <= v <= limits[1]]
    y = {"field": "place", "type": "ordinal", "axis": None, "sort": "ascending", "scale": {"paddingInner": 0}}

    def layer(mark: Spec, x: str, chosen: str = "", **more: Any) -> Spec:
        found: Spec = {
            "mark": mark,
            "encoding": {"x": {"field": x, "type": "quantitative", "scale": scale, "axis": axis}, "y": y} | more,
        }
        return found | ({"transform": [{"filter": chosen}]} if chosen else {})

    paint = {"color": {"field": "fill", "type": "nominal", "scale": None}}
    hidden = {"type": "bar", "height": 11, "yOffset": 7, "fill": c.veil, "stroke": c.unknown, "strokeDash": [3, 2]}
    marks = [layer(hidden, "left", "datum.tone == 'hidden'", x2={"field": "right"})]
    if ratio:
        marks.append(
            {
                "mark": {"type": "rule", "color": c.soft},
                "encoding": {"x": {"datum": 1, "type": "quantitative", "scale": scale}},
            }
        )
        marks.append(
            layer(
                {"type": "rule", "strokeWidth": 2, "yOffset": 7},
                "low",
                "isValid(datum.low)",
                x2={"field": "high"},
                **paint,
            )
        )
        marks.append(
            layer({"type": "point", "filled": True, "size": 70, "yOffset": 7}, "value", "isValid(datum.value)", **paint)
        )
    else:
        for tone, dash in (("plain", []), ("other", [3, 2])):
            bar = {"type": "bar", "height": 11, "yOffset": 7, "strokeDash": dash} | (
                {"stroke": c.unknown} if dash else {}
            )
            marks.append(layer(bar, "left", f"datum.tone == '{tone}'", x2={"field": "value"}, **paint))
        marks.append(
            layer({"type": "rule", "color": c.ink, "yOffset": 7}, "low", "isValid(datum.low)", x2={"field": "high"})
        )
    text = {"type": "text", "align": "left", "baseline": "bottom", "dy": -2, "fontSize": 12}
    marks.append(layer(text, "left", text={"field": "line", "type": "nominal"}))
    return {
        "data": {"values": values}, "layer": marks, "width": width or WIDTH, "height": height or STEP * len(values),
    }  # fmt: skip


def _values(chart: Rows, theme: Theme, limits: tuple[float, float]) -> list[Spec]:
    """Data of the rows. Name and numbers are one text, so that neither can run into the other."""
    c = colours(theme)
    fills = {"plain": c.palette[0], "other": c.veil, "hidden": c.veil, "over": c.over, "under": c.under}
    return [
        {
            "place": place, "line": f"{cut(row.label, 80)}   {row.said}", "left": limits[0], "right": limits[1],
            "value": None if row.tone == "hidden" else _in(row.value, limits), "tone": row.tone,
            "low": _in(row.low, limits), "high": _in(row.high, limits), "fill": fills.get(row.tone, c.unknown),
        }
        for place, row in enumerate(chart.rows)
    ]  # fmt: skip


def _in(value: float, limits: tuple[float, float]) -> float | None:
    return None if value != value else float(np.clip(value, *limits))
