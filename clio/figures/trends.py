"""Weeks as lines, with the band that chance alone would fill."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import pandas as pd

from clio.figures._plan import TrendPlan, plan_trend
from clio.figures.colour import Theme, colours, faded
from clio.figures.figure import Figure, blank, each, graph_objects, is_narrow, nothing
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import card, label

BANDS = 3
"""Lines up to which bands are drawn; more would cover each other."""
WEEK = 7 * 24 * 3600 * 1000
DASHES = ("solid", "dash", "dot", "dashdot")


def trend_figure(
    trends: pd.DataFrame, clusters: pd.DataFrame, cluster_ids: Collection[str] = ("all",), *,
    measure: Literal["share", "conversations"] = "share", band: bool = True,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Weekly lines of clusters; the whole release alone is told in conversations."""
    go = graph_objects()
    plan = plan_trend((trends, clusters), cluster_ids, measure, words)
    if plan.about.nothing:
        return nothing(go, plan.about, theme, width, height)
    narrow = is_narrow(width)
    high = height or (260 if narrow else 340) + (22 * len(plan.names) if narrow else 0)
    figure = blank(go, plan.about, theme, width, high)
    banded = band and len(plan.names) <= BANDS
    for place, (key, name) in enumerate(plan.names):
        rows = plan.weeks[plan.weeks["cluster_id"] == key]
        for trace in _line(go, rows, name, place, banded, plan, theme):
            figure.add_trace(trace)
    if len(plan.names) == 1:
        _mark_hidden(figure, plan, theme)
    share, weeks = plan.measure == "share", sorted(plan.weeks["week"].unique())
    figure.update_yaxes(
        title={"text": words("week_axis" if share else "week_count_axis"), "standoff": 6},
        rangemode="tozero", tickformat=".0%" if share else ",d", nticks=6, fixedrange=True,
    )  # fmt: skip
    figure.update_xaxes(
        type="date",
        showgrid=False,
        fixedrange=True,
        tickformat=words("date_lines"),
        tick0=weeks[0],
        dtick=WEEK * -(-len(weeks) // (5 if narrow else 10)),
    )
    figure.update_layout(
        hovermode="closest", showlegend=len(plan.names) > 1, margin={"l": 8, "r": 12, "t": 10, "b": 8},
        legend={"traceorder": "normal", "orientation": "v" if narrow else "h", "y": -0.22, "yanchor": "top"},
    )  # fmt: skip
    return plan.about.drawn(figure)


def sparkline_figure(
    trends: pd.DataFrame, clusters: pd.DataFrame, cluster_id: str, *,
    words: Wording = ENGLISH, theme: Theme = "light", width: int = 120, height: int = 32,
) -> Figure:  # fmt: skip
    """A line without axes; its gaps are weeks that are not shown."""
    go = graph_objects()
    plan = plan_trend((trends, clusters), (cluster_id,), "share", words)
    figure = blank(go, plan.about, theme, width, height)
    c = colours(theme)
    rows = plan.weeks
    if not plan.about.nothing:
        shown = rows[rows["status"] == "shown"].tail(1)
        line = {"color": c.palette[0], "width": 1.5}
        figure.add_trace(go.Scatter(x=rows["week"], y=rows["line"], mode="lines", line=line, hoverinfo="skip"))
        figure.add_trace(
            go.Scatter(x=shown["week"], y=shown["line"], mode="markers", marker={"size": 5, "color": c.palette[0]},
                       hoverinfo="skip")
        )  # fmt: skip
    hidden = {"visible": False, "fixedrange": True}
    figure.update_layout(showlegend=False, margin={"l": 2, "r": 4, "t": 3, "b": 3}, xaxis={**hidden, "type": "date"})
    figure.update_yaxes(**hidden, rangemode="tozero")
    return plan.about.drawn(figure)


def _line(go: Any, rows: pd.DataFrame, name: str, place: int, banded: bool, plan: TrendPlan, theme: Theme) -> list[Any]:
    c, w = colours(theme), plan.about.words
    shade = c.palette[place % len(c.palette)]
    traces = []
    if banded:
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "x": rows["week"]}
        traces = [
            go.Scatter(**edge, y=rows["band_low"], name="band"),
            go.Scatter(**edge, y=rows["band_high"], name="band", fill="tonexty", fillcolor=faded(shade, 0.16)),
        ]
    outside = rows["outside"].to_numpy(dtype=bool)
    told = w.percent if plan.measure == "share" else w.number
    traces.append(
        go.Scatter(
            x=rows["week"], y=rows["line"], mode="lines+markers", name=label(name, 36), connectgaps=False,
            line={"color": shade, "width": 2, "dash": DASHES[place // len(c.palette) % len(DASHES)]},
            marker={"size": np.where(outside, 9, 6), "color": shade,
                    "line": {"width": np.where(outside, 2, 0), "color": c.ink}},
            customdata=[[r.cluster_id, r.week] for r in each(rows)], hoverinfo="text",
            hovertext=[
                card(name, w("week_of", week=r.week, said=told(r.line) if r.line == r.line else w("not_shown")),
                     w("of_accounts", conversations=w.number(r.conversations), accounts=w.number(r.accounts))
                     if r.line == r.line else "",
                     w("by_chance", low=told(r.band_low), high=told(r.band_high))) for r in each(rows)
            ],
        )
    )  # fmt: skip
    return traces


def _mark_hidden(figure: Any, plan: TrendPlan, theme: Theme) -> None:
    """Grey stripes over weeks that are not shown."""
    c, weeks = colours(theme), plan.weeks
    week = pd.Timedelta(days=3.5)
    hidden = pd.to_datetime(weeks.loc[weeks["status"] == "not shown", "week"])
    for at in hidden:
        figure.add_vrect(x0=at - week, x1=at + week, fillcolor=c.veil, line_width=0, layer="below")
    if len(hidden):
        figure.add_annotation(
            x=hidden.iloc[0], y=0.02, yref="paper", yanchor="bottom", textangle=-90,
            text=label(plan.about.words("not_shown")), font={"size": 11, "color": c.soft},
        )  # fmt: skip
