"""Heat maps: clusters by values, and two facets crossed."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from clio.figures._grids import GridPlan, plan_crossed, plan_grid
from clio.figures.colour import Theme, colours, diverging, legible, sequential
from clio.figures.figure import Figure, bar_below, blank, graph_objects, is_narrow, nothing, scale
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import card, label, wrapped

DENSE = 14
"""Columns beyond which numbers in the cells no longer fit."""


def heatmap_figure(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, facet: str, *, level: int | None = None,
    measure: Literal["share", "ratio"] = "share", top: int = 25,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Clusters of a level (default: the coarsest) by values of a facet; hidden cells are crossed out."""
    return _draw(plan_grid((breakdowns, clusters), facet, level, measure, top, words), theme, width, height)


def crossed_figure(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, one: str, other: str, *,
    measure: Literal["conversations", "ratio"] = "conversations",
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Two crossed facets of the whole release, for example weekday by hour (``facets.intersections``)."""
    return _draw(plan_crossed((breakdowns, clusters), one, other, measure, words), theme, width, height)


def _draw(plan: GridPlan, theme: Theme, width: int | None, height: int | None) -> Figure:
    go = graph_objects()
    if plan.about.nothing:
        return nothing(go, plan.about, theme, width, height)
    c, narrow = colours(theme), is_narrow(width)
    rows, columns = len(plan.rows), len(plan.columns)
    step = 34 if narrow else 30
    figure = blank(go, plan.about, theme, width, height or rows * step + 150)
    limits = grid_limits(plan)
    cells: Any = {
        "x": list(range(columns)), "y": list(range(rows)), "z": plan.z, "hoverinfo": "text",
        "xgap": 1 if columns > DENSE else 2, "ygap": 2,
        "hovertext": [
            [card(f"{name}: {value}", detail) for (_, value), detail in zip(plan.columns, line, strict=True)]
            for (_, name), line in zip(plan.rows, plan.detail, strict=True)
        ],
        "customdata": [[[key, value] for value, _ in plan.columns] for key, _ in plan.rows],
        "colorscale": scale(diverging(theme) if plan.kind == "ratio" else sequential(theme)),
        "zmin": limits[0], "zmax": limits[1], "hoverongaps": True,
        "colorbar": _colour_bar(plan, limits),
    }  # fmt: skip
    figure.add_trace(go.Heatmap(**cells))
    if columns <= (6 if narrow else DENSE):
        figure.add_trace(_numbers(go, plan, limits, theme))
    gone = np.argwhere(np.isnan(plan.z))
    if len(gone):
        figure.add_trace(
            go.Scatter(
                x=gone[:, 1], y=gone[:, 0], mode="markers", hoverinfo="skip", showlegend=False,
                name=plan.about.words("not_shown"),
                marker={"symbol": "x-thin", "size": 7, "line": {"width": 1, "color": c.unknown}},
            )
        )  # fmt: skip
    # Of 24 hours every third is written: all of them are a smear on a phone, whose width is not known here.
    every = 3 if columns > DENSE and all(value.isdigit() for value, _ in plan.columns) else 1
    longest = max(len(value) for _, value in plan.columns)
    figure.update_xaxes(
        tickmode="array", tickvals=list(range(0, columns, every)), side="top", showgrid=False, zeroline=False,
        fixedrange=True,
        ticktext=[label(value, 14 if narrow else 22) for _, value in plan.columns[::every]],
        range=[-0.5, columns - 0.5],
        tickangle=-40 if every == 1 and longest * columns > (24 if narrow else 70) else 0,
    )  # fmt: skip
    figure.update_yaxes(
        tickmode="array", tickvals=list(range(rows)), range=[rows - 0.5, -0.5], showgrid=False, zeroline=False,
        ticktext=[wrapped(name, 17, 32) if narrow else label(name, 44) for _, name in plan.rows], fixedrange=True,
        tickfont={"size": 11 if narrow else 12},
    )  # fmt: skip
    figure.update_layout(plot_bgcolor=c.veil, margin={"l": 8, "r": 10, "t": 8, "b": 60})
    return plan.about.drawn(figure)


def _numbers(go: Any, plan: GridPlan, limits: tuple[float, float], theme: Theme) -> Any:
    """What stands in the cells. plotly's own has one of two greys, which is not legible on every colour."""
    at = np.argwhere(~np.isnan(plan.z))
    ink = [legible(cell_colour(plan, float(plan.z[row, column]), limits, theme), theme) for row, column in at]
    return go.Scatter(
        x=at[:, 1], y=at[:, 0], mode="text", text=[plan.said[row][column] for row, column in at], hoverinfo="skip",
        textfont={"size": 11, "color": ink}, showlegend=False, name="numbers",
    )  # fmt: skip


def cell_colour(plan: GridPlan, z: float, limits: tuple[float, float], theme: Theme) -> str:
    """Colour of a cell that is shown."""
    steps = diverging(theme) if plan.kind == "ratio" else sequential(theme)
    low, high = limits
    return steps[round(float(np.clip((z - low) / (high - low), 0, 1)) * (len(steps) - 1))]


def grid_limits(plan: GridPlan) -> tuple[float, float]:
    """Least and most of the colour scale."""
    if plan.kind == "ratio":
        reach = float(np.clip(np.nanmax(np.abs(np.where(np.isfinite(plan.z), plan.z, np.nan)), initial=1.0), 1, 3))
        return -reach, reach
    return 0.0, float(np.nanmax(plan.z, initial=1e-9))


def _colour_bar(plan: GridPlan, limits: tuple[float, float]) -> dict[str, Any]:
    words = plan.about.words
    if plan.kind == "ratio":
        whole = [n for n in range(-3, 4) if limits[0] <= n <= limits[1]]
        ticks = {"tickvals": whole, "ticktext": [words.figure(2.0**n, ".3g") + "×" for n in whole]}
        return bar_below(words("bar_ratio")) | ticks
    share = plan.kind == "share"
    extra = {"tickformat": ".0%" if share else ",d", "nticks": 5}
    return bar_below(words("bar_share" if share else "bar_count")) | extra
