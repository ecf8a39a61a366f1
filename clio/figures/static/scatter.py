"""Concern against flag for print."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clio.figures._scatter import plan_scatter
from clio.figures.colour import Theme, colours
from clio.figures.figure import Figure, each
from clio.figures.static.vega import WIDTH, Spec, draw
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import cut


def concern_svg(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, *, concern: str = "concern",
    high: Sequence[str] = ("3", "4", "5"), flag: str = "flag", flagged: Sequence[str] = ("yes",),
    level: int | None = None, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """Twin of ``concern_figure``."""
    plan = plan_scatter((breakdowns, clusters), concern, high, flag, flagged, level, words)
    if plan.about.nothing:
        return draw(plan.about, {}, theme)
    c = colours(theme)
    named = {r.cluster_id for r in plan.named(3 if width else 8)}
    values = [
        {"left": r.concern_low, "x": (r.concern_low + r.concern_high) / 2, "right": r.concern_high,
         "bottom": r.flag_low, "y": (r.flag_low + r.flag_high) / 2, "top": r.flag_high, "known": known,
         "size": (7 + 20 * np.sqrt(r.conversations / plan.largest)) ** 2 * np.pi / 4,
         "name": cut(r.name, 30) if r.cluster_id in named else ""}
        for rows, known in ((plan.partly, False), (plan.shown, True)) for r in each(rows)
    ]  # fmt: skip
    axis = {"format": ".0%", "tickCount": 6}

    def at(x: str, y: str, **more: Spec) -> Spec:
        sides = ((x, plan.axes[0]), (y, plan.axes[1]))
        across, up = (
            {"field": name, "type": "quantitative", "axis": axis | {"title": cut(title, 80)}} for name, title in sides
        )
        return {"x": across, "y": up} | more

    def marks(known: bool, mark: Spec) -> Spec:
        size: Spec = {"field": "size", "type": "quantitative", "scale": None}
        return {
            "mark": mark,
            "encoding": at("x", "y", size=size),
            "transform": [{"filter": {"field": "known", "equal": known}}],
        }

    open_only = [{"filter": {"field": "known", "equal": False}}]
    rule: Spec = {"type": "rule", "color": c.unknown, "opacity": 0.6}
    text: Spec = {"type": "text", "fontSize": 11, "dy": -14}
    name: Spec = {"field": "name", "type": "nominal"}
    layers = [
        {"mark": rule, "encoding": at("left", "y", x2={"field": "right"}), "transform": open_only},
        {"mark": rule, "encoding": at("x", "bottom", y2={"field": "top"}), "transform": open_only},
        marks(False, {"type": "point", "filled": False, "color": c.unknown, "strokeWidth": 1.2}),
        marks(True, {"type": "circle", "color": c.palette[0], "opacity": 0.85, "stroke": c.background}),
        {"mark": text | {"stroke": c.background, "strokeWidth": 3}, "encoding": at("x", "y", text=name)},
        {"mark": text, "encoding": at("x", "y", text=name)},
    ]
    size = {"width": width or WIDTH, "height": height or (300 if width else 380)}
    return draw(plan.about, {"data": {"values": values}, "layer": layers} | size, theme)
