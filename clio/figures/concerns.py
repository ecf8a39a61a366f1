"""What a model holds to be concerning against what was flagged elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from clio.figures._scatter import ScatterPlan, plan_scatter
from clio.figures.colour import Theme, colours, faded
from clio.figures.figure import Figure, blank, each, graph_objects, is_narrow, nothing
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import card, label


def concern_figure(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, *, concern: str = "concern",
    high: Sequence[str] = ("3", "4", "5"), flag: str = "flag", flagged: Sequence[str] = ("yes",),
    level: int | None = None, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """Clusters of a level (default: the finest) by share of high concern and share flagged.

    Off the diagonal lie what only the model, or only the flag, takes for concerning. A cluster with hidden values is an
    open mark in the middle of what its shares can be, with lines over all that.
    """
    go = graph_objects()
    plan = plan_scatter((breakdowns, clusters), concern, high, flag, flagged, level, words)
    if plan.about.nothing:
        return nothing(go, plan.about, theme, width, height)
    narrow = is_narrow(width)
    figure = blank(go, plan.about, theme, width, height or (400 if narrow else 520))
    for rows, known in ((plan.partly, False), (plan.shown, True)):
        if len(rows):
            figure.add_trace(_marks(go, rows, known, plan.largest, words, theme))
    _frame(figure, plan, theme, 3 if narrow else 8)
    return plan.about.drawn(figure)


def _marks(go: Any, rows: pd.DataFrame, known: bool, largest: float, words: Wording, theme: Theme) -> Any:
    c = colours(theme)
    x, y = ((rows[f"{side}_low"] + rows[f"{side}_high"]) / 2 for side in ("concern", "flag"))
    bars = {}
    if not known:
        for axis, side in (("x", "concern"), ("y", "flag")):
            half = (rows[f"{side}_high"] - rows[f"{side}_low"]) / 2
            bars[f"error_{axis}"] = {
                "type": "data",
                "array": half,
                "color": faded(c.unknown, 0.45),
                "thickness": 1,
                "width": 0,
            }
    return go.Scatter(
        x=x, y=y, mode="markers", showlegend=False, name="shown" if known else "within bounds", hoverinfo="text",
        customdata=[[key] for key in rows["cluster_id"]],
        marker={"size": 7 + 20 * np.sqrt(rows["conversations"] / largest), "opacity": 0.85,
                "symbol": "circle" if known else "circle-open", "color": c.palette[0] if known else c.unknown,
                "line": {"width": 1, "color": c.background if known else c.unknown}},
        hovertext=[
            card(r.name, words("conversations", n=words.number(r.conversations)),
                 words("concern_told", share=_told(r.concern, r.concern_low, r.concern_high, words)),
                 words("flag_told", share=_told(r.flag, r.flag_low, r.flag_high, words)))
            for r in each(rows)
        ],
        **bars,
    )  # fmt: skip


def _frame(figure: Any, plan: ScatterPlan, theme: Theme, most: int) -> None:
    c = colours(theme)
    axis = {"tickformat": ".0%", "rangemode": "tozero", "nticks": 6}
    figure.update_xaxes(**axis, title={"text": label(plan.axes[0], 80)})
    figure.update_yaxes(**axis, title={"text": label(plan.axes[1], 80)})
    figure.update_layout(
        annotations=[
            {"x": r.concern, "y": r.flag, "text": label(r.name, 30), "yshift": 14, "bgcolor": faded(c.background, 0.8),
             "font": {"size": 11, "color": c.ink}} for r in plan.named(most)
        ]
    )  # fmt: skip


def _told(share: float, low: float, high: float, words: Wording) -> str:
    return words.percent(share) if share == share else words.between(low, high)
