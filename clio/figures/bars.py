"""Bars and dots with intervals: areas, breakdowns, what sets a cluster apart, slices, runs, movement and growth."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clio.figures import _rows
from clio.figures._rows import Row, Rows
from clio.figures.colour import Theme, colours, faded
from clio.figures.figure import Figure, blank, graph_objects, is_narrow, nothing
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import card, label

Tables = tuple[pd.DataFrame, pd.DataFrame]
SHORT = 12
"""Characters up to which names stand beside their bars; longer ones stand above them, where any width has room."""


def areas_figure(
    clusters: pd.DataFrame, *, level: int | None = None, top: int = 12,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """The largest clusters of a level (default: the coarsest) with shares and intervals."""
    return rows_figure(_rows.areas(clusters, level, top, words), theme, width, height)


def breakdown_figure(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, facet: str, cluster_id: str = "all", *, top: int = 20,
    adds_up: bool = True, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """Shares of a facet's values in a cluster; ``adds_up`` is False for facets of kind ``multi``."""
    return rows_figure(
        _rows.breakdown((breakdowns, clusters), facet, cluster_id, top, adds_up, words), theme, width, height
    )


def representation_figure(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, cluster_id: str, *, facets: Sequence[str] | None = None,
    several: Collection[str] = (), top: int = 14, words: Wording = ENGLISH, theme: Theme = "light",
    width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Values more or less common in a cluster than in everything else; ``several``: facets of kind ``multi``."""
    chosen = None if facets is None else list(facets)
    return rows_figure(
        _rows.representation((breakdowns, clusters), cluster_id, chosen, several, top, words), theme, width, height
    )


def slices_figure(
    breakdowns: pd.DataFrame, clusters: pd.DataFrame, facet: str, one: str, other: str, *, level: int | None = None,
    adds_up: bool = True, top: int = 20, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """Which clusters one value of a facet has more often than another."""
    rows = _rows.slices((breakdowns, clusters), facet, one, other, level, adds_up, top, words)
    return rows_figure(rows, theme, width, height)


def runs_figure(
    one: Tables, other: Tables, facet: str, *, labels: tuple[str, str] = ("first", "second"), cluster_id: str = "all",
    adds_up: bool = True, top: int = 20, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """A facet's values in two runs, each given as (breakdowns, clusters)."""
    return rows_figure(_rows.runs(one, other, facet, labels, cluster_id, adds_up, top, words), theme, width, height)


def movement_figure(
    trends: pd.DataFrame, clusters: pd.DataFrame, before: Collection[str], after: Collection[str], *,
    level: int | None = None, top: int = 20, words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None,
    height: int | None = None,
) -> Figure:  # fmt: skip
    """Change of share between two lists of weeks."""
    rows = _rows.movement((trends, clusters), list(before), list(after), level, top, words)
    return rows_figure(rows, theme, width, height)


def growth_figure(
    trends: pd.DataFrame, clusters: pd.DataFrame, *, level: int | None = None, top: int = 20,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """Factor by which shares change per week, the strongest first."""
    return rows_figure(_rows.growth((trends, clusters), level, top, words), theme, width, height)


def rows_figure(chart: Rows, theme: Theme, width: int | None, height: int | None) -> Figure:
    """Draw a chart of rows."""
    go = graph_objects()
    if chart.about.nothing:
        return nothing(go, chart.about, theme, width, height)
    above = max(len(row.label) for row in chart.rows) > SHORT
    step = 44 if above else 28
    figure = blank(go, chart.about, theme, width, height or step * len(chart.rows) + 64)
    limits = limits_of(chart)
    for trace in _bars(go, chart, theme, limits) if chart.axis == "share" else _dots(go, chart, theme, limits):
        figure.add_trace(trace)
    _name_rows(figure, chart, theme, above, is_narrow(width))
    _axes(figure, chart, theme, limits, above)
    return chart.about.drawn(figure)


def limits_of(chart: Rows) -> tuple[float, float]:
    ends = [v for row in chart.rows for v in (row.value, row.low, row.high) if v == v]
    if chart.axis == "share":
        return 0.0, min(max([*ends, 0.01]) * 1.04, 1.0)
    # Ratios are drawn between 1/16 and 16: intervals that go on beyond are cut there.
    reach = min(max(*(abs(np.log(max(v, 1e-6))) for v in [*ends, 1.25]), 0.2) * 1.08, np.log(16))
    return float(np.exp(-reach)), float(np.exp(reach))


def _whiskers(row: Row, limits: tuple[float, float]) -> tuple[float, float]:
    if row.low != row.low or row.high != row.high:
        return 0.0, 0.0
    return max(row.value - max(row.low, limits[0]), 0), max(min(row.high, limits[1]) - row.value, 0)


def _bars(go: Any, chart: Rows, theme: Theme, limits: tuple[float, float]) -> list[Any]:
    c = colours(theme)
    traces = []
    for tone in ("plain", "other", "hidden"):
        rows = [(place, row) for place, row in enumerate(chart.rows) if row.tone == tone]
        if not rows:
            continue
        pattern = {"shape": "" if tone == "plain" else "/", "fgcolor": c.unknown, "bgcolor": c.veil, "size": 7}
        whiskers = [_whiskers(row, limits) for _, row in rows]
        traces.append(
            go.Bar(
                orientation="h", y=[place for place, _ in rows], width=0.42,
                x=[limits[1] if row.tone == "hidden" else row.value for _, row in rows],
                marker={"color": c.palette[0] if tone == "plain" else c.veil, "pattern": pattern,
                        "line": {"width": 0 if tone == "plain" else 1, "color": c.unknown}, "cornerradius": 2},
                error_x=None if tone == "hidden" else {
                    "type": "data", "symmetric": False, "array": [w[1] for w in whiskers],
                    "arrayminus": [w[0] for w in whiskers], "color": c.ink, "thickness": 1.2, "width": 3},
                **_said(rows),
            )
        )  # fmt: skip
    return traces


def _dots(go: Any, chart: Rows, theme: Theme, limits: tuple[float, float]) -> list[Any]:
    c = colours(theme)
    shades = {"over": c.over, "under": c.under, "unclear": c.unknown}
    traces = []
    for tone, shade in shades.items():
        rows = [(place, row) for place, row in enumerate(chart.rows) if row.tone == tone]
        if not rows:
            continue
        exact = [row.value == row.value for _, row in rows]
        # Without a ratio, the whole interval is drawn and no mark is made within it.
        at = [row.value if ok else float(np.sqrt(max(row.low, limits[0]) * min(row.high, limits[1])))
              for (_, row), ok in zip(rows, exact, strict=True)]  # fmt: skip
        ends = [(max(v - max(row.low, limits[0]), 0), max(min(row.high, limits[1]) - v, 0))
                for v, (_, row) in zip(at, rows, strict=True)]  # fmt: skip
        traces.append(
            go.Scatter(
                mode="markers", x=at, y=[place for place, _ in rows],
                marker={"color": shade, "size": [10 if ok else 1 for ok in exact],
                        "symbol": ["circle" if tone != "unclear" else "circle-open"] * len(rows), "line": {"width": 2}},
                error_x={"type": "data", "symmetric": False, "array": [e[1] for e in ends],
                         "arrayminus": [e[0] for e in ends], "color": shade, "thickness": 2, "width": 0},
                **_said(rows),
            )
        )  # fmt: skip
    hidden = [(place, row) for place, row in enumerate(chart.rows) if row.tone == "hidden"]
    if hidden:
        traces.append(
            go.Bar(
                orientation="h", y=[place for place, _ in hidden], width=0.36, base=limits[0],
                x=[limits[1] - limits[0]] * len(hidden),
                marker={"color": c.veil, "line": {"width": 1, "color": c.unknown},
                        "pattern": {"shape": "/", "fgcolor": c.unknown, "bgcolor": c.veil, "size": 7}},
                **_said(hidden),
            )
        )  # fmt: skip
    return traces


def _said(rows: list[tuple[int, Row]]) -> dict[str, Any]:
    return {
        "customdata": [[row.key] for _, row in rows],
        "hovertext": [card(row.label, row.said, *row.detail) for _, row in rows],
        "hoverinfo": "text",
        "showlegend": False,
    }


def _name_rows(figure: Any, chart: Rows, theme: Theme, above: bool, narrow: bool) -> None:
    """Names above the bars or beside them; numbers on the right."""
    c = colours(theme)
    length = 38 if narrow else 80
    places = []
    for place, row in enumerate(chart.rows):
        soft = row.tone in ("hidden", "other", "unclear")
        if above:
            text = f"{label(row.label, length)}  <span style='color:{c.soft}'>{label(row.said)}</span>"
            places.append(
                {
                    "text": text,
                    "x": 0,
                    "y": place,
                    "xref": "paper",
                    "yref": "y",
                    "xanchor": "left",
                    "yanchor": "bottom",
                    "yshift": 8,
                    "font": {"color": c.soft if soft else c.ink, "size": 13},
                }
            )
        else:
            places.append({"text": label(row.said), "x": 1, "y": place, "xref": "paper", "yref": "y", "xanchor": "left",
                           "xshift": 6, "font": {"color": c.soft if soft else c.ink, "size": 12}})  # fmt: skip
    figure.update_layout(annotations=places)


def _axes(figure: Any, chart: Rows, theme: Theme, limits: tuple[float, float], above: bool) -> None:
    c = colours(theme)
    n = len(chart.rows)
    figure.update_yaxes(
        range=[n - 0.45, -0.75 if above else -0.6], showgrid=False, zeroline=False, fixedrange=True,
        tickmode="array", ticks="outside", ticklen=5, tickcolor="rgba(0,0,0,0)",
        tickvals=[] if above else list(range(n)),
        ticktext=[] if above else [label(row.label, SHORT + 1) for row in chart.rows],
    )  # fmt: skip
    title = {"text": label(chart.axis_title, 60), "standoff": 8}
    figure.update_layout(margin={"l": 10, "r": 14 if above else 106, "t": 6, "b": 44}, bargap=0.2)
    if chart.axis == "share":
        figure.update_xaxes(title=title, range=list(limits), tickformat=".0%", nticks=6, fixedrange=True)
        return
    marks = [v for v in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 0.8, 1, 1.25, 2, 4, 8, 16) if limits[0] <= v <= limits[1]]
    wide = limits[1] > 3
    marks = [v for v in marks if not (wide and v in (0.8, 1.25))]
    figure.update_xaxes(
        title=title, type="log", range=[float(np.log10(v)) for v in limits], tickmode="array", tickvals=marks,
        ticktext=[chart.about.words.figure(v, ".2g" if v >= 1 else ".3g") + "×" for v in marks], fixedrange=True,
    )  # fmt: skip
    figure.add_vline(x=1, line={"color": faded(c.ink, 0.5), "width": 1})
