"""The map: density of conversations, clusters as marks, names where there is room. SVG, so that it prints."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import pandas as pd

from clio.figures import colour as shades
from clio.figures._plan import BINS, LABEL_LENGTH, MapPlan, plan_map
from clio.figures.colour import Theme, colours, faded
from clio.figures.figure import Figure, bar_below, blank, each, graph_objects, is_narrow, nothing, scale
from clio.figures.texts import ENGLISH, Wording
from clio.figures.trees import FULL_CARDS
from clio.figures.words import card, label


def map_figure(
    clusters: pd.DataFrame, squares: pd.DataFrame, *, level: int | None = None,
    colour: Literal["area", "value"] = "area", values: pd.Series | None = None, values_title: str = "",
    diverging: bool = False, selected: Collection[str] = (), labels: int = 14,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Clusters of a level (default: the finest) over the density of conversations.

    ``values`` (a series by cluster id) colours the marks where it is given, on a diverging scale around 0 if
    ``diverging``; ``colour="area"`` keeps the areas' colours all the same.
    """
    go = graph_objects()
    narrow = is_narrow(width)
    high = height or (420 if narrow else 620)
    by_value = values is not None and (colour == "value" or bool(len(values)))
    size = (float((width or 900) - 16), float(high - 16))
    plan = plan_map(
        clusters, squares, level, values if by_value else None, values_title, min(labels, 6) if narrow else labels,
        size, theme, words,
    )  # fmt: skip
    if plan.about.nothing:
        return nothing(go, plan.about, theme, width, height)
    figure = blank(go, plan.about, theme, width, high)
    for trace in [
        *_density(go, plan, theme),
        *_marks(go, plan, theme, by_value, values_title, diverging, set(selected)),
    ]:
        figure.add_trace(trace)
    _names(figure, plan, theme)
    axis = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(
        xaxis={**axis, "range": list(plan.x)}, yaxis={**axis, "range": list(plan.y), "scaleanchor": "x"},
        margin={"l": 4, "r": 4, "t": 4, "b": 56 if by_value else 4}, dragmode="pan", hovermode="closest",
        showlegend=not by_value and len(plan.areas) > 1,
        legend={"orientation": "h", "y": -0.01, "yanchor": "top", "x": 0, "font": {"size": 11 if narrow else 12}},
    )  # fmt: skip
    return plan.about.drawn(figure)


def _density(go: Any, plan: MapPlan, theme: Theme) -> list[Any]:
    """One trace a bin; its squares are one path with breaks, which is far quicker than a shape each."""
    fills = shades.sequential(theme, BINS + 6)[:BINS]
    traces = []
    for number, squares in plan.squares.groupby("bin"):
        x, y, side = (squares[column].to_numpy(np.float64) for column in ("x", "y", "size"))
        gap = np.full(len(x), np.nan)
        traces.append(
            go.Scatter(
                x=np.column_stack([x, x + side, x + side, x, x, gap]).ravel(),
                y=np.column_stack([y, y, y + side, y + side, y, gap]).ravel(),
                mode="lines", fill="toself", fillcolor=fills[int(str(number))], hoverinfo="skip", showlegend=False,
                line={"width": 0.6, "color": colours(theme).background}, name="density",
            )
        )  # fmt: skip
    return traces


def _marks(
    go: Any, plan: MapPlan, theme: Theme, by_value: bool, title: str, around_zero: bool, selected: set[str]
) -> list[Any]:
    c, w = colours(theme), plan.about.words
    marks, full = plan.marks, len(plan.marks) <= FULL_CARDS
    groups = [(name, shade, marks[marks["colour"] == shade]) for name, shade in plan.areas]
    if by_value:
        known = marks["value"].notna()
        groups = [("", c.unknown, marks[~known]), ("", "", marks[known])]
    traces = []
    for name, shade, rows in groups:
        if not len(rows):
            continue
        chosen = rows["cluster_id"].isin(selected)
        marker: dict[str, Any] = {
            "size": rows["diameter"], "opacity": 0.88, "color": shade,
            "line": {"width": np.where(chosen, 3.0, 1.2), "color": np.where(chosen, c.ink, c.background)}
            if chosen.any() else {"width": 1.2, "color": c.background},
        }  # fmt: skip
        if by_value and not shade:
            reach = max(float(rows["value"].abs().max()), 1e-9)
            steps = shades.diverging(theme) if around_zero else shades.sequential(theme)[2:]
            marker |= {
                "color": rows["value"], "colorscale": scale(steps), "showscale": True,
                "colorbar": bar_below(title),
            } | ({"cmin": -reach, "cmax": reach} if around_zero else {})  # fmt: skip
        traces.append(
            go.Scatter(
                x=rows["x"], y=rows["y"], mode="markers", marker=marker, name=label(name, 28),
                customdata=[[key] for key in rows["cluster_id"]], hoverinfo="text",
                hovertext=[
                    card(r.name, w("size", conversations=w.number(r.conversations), share=w.percent(r.share),
                                   accounts=w.number(r.accounts)), r.summary if full else "") for r in each(rows)
                ],
            )
        )  # fmt: skip
    return traces


def _names(figure: Any, plan: MapPlan, theme: Theme) -> None:
    c = colours(theme)
    figure.update_layout(
        annotations=[
            {"x": r.x, "y": r.y, "text": label(r.name, LABEL_LENGTH), "yshift": r.diameter / 2 + 2, "yanchor": "bottom",
             "bgcolor": faded(c.background, 0.82), "borderpad": 1, "font": {"size": 12, "color": c.ink}}
            for r in each(plan.marks[plan.marks["labelled"]])
        ]
    )  # fmt: skip
