"""The map as a plotly figure, for browsers that draw nothing else: SVG, so it needs neither WebGL nor the component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clio.errors import MissingExtraError
from clio.map.colours import CATEGORIES, Colours, number, parents_of
from clio.map.payload import Size
from clio.map.text import clean
from clio.text import escape

if TYPE_CHECKING:
    import pandas as pd

# The same eleven colours as the script's (src/theme.js), and grey.
PALETTE = (
    *("#4f8fc0", "#cc6677", "#c9a93b", "#2f8f5b", "#5a4fa8", "#aa4499"),
    *("#44aa99", "#8f8f33", "#882255", "#9a4a2f", "#7fb6dc"),
)
OTHER = "#9aa0a8"
GREY = "#7b828c"
"""Read on a light page and on a dark one."""
SEQUENTIAL = ("#cfdfe8", "#98bdd3", "#5f96bb", "#34699b", "#193c6b")
DIVERGING = ("#a84f0b", "#dd9a55", "#c9ccd1", "#74a5cf", "#17569a")
LABELS = 14
LARGEST = 44.0


def fallback_figure(
    clusters: pd.DataFrame,
    density: pd.DataFrame | None = None,
    *,
    colours: Colours | None = None,
    size: Size = "conversations",
    selected: str | None = None,
    highlighted: Sequence[str] | None = None,
    height: int = 620,
) -> Any:
    """A plotly figure of the marks, coloured and sized as the map; ``customdata[0]`` of each point is its cluster id.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise MissingExtraError("The plotly map", "app") from error
    colours = colours or Colours.by_area(clusters)
    parents = parents_of(clusters)
    marks = clusters[~clusters["cluster_id"].isin(set(parents.values()))].dropna(subset=["x", "y"])
    marks = marks.sort_values(size, ascending=False)
    figure = go.Figure()
    if density is not None and not density.empty:
        figure.update_layout(shapes=_squares(density))
    bright = None if highlighted is None else set(highlighted)
    for label, chosen, style in _groups(marks, colours):
        figure.add_trace(_trace(go, marks, chosen, size, label, style, selected, bright))
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
        font={"color": GREY},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": GREY},
        legend={"title": {"text": _safe(colours.title, 60)}, "itemsizing": "constant", "orientation": "h"},
        annotations=_names(clusters, marks, parents, size),
        dragmode="pan",
        clickmode="event+select",
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x", scaleratio=1)
    return figure


def _safe(text: object, limit: int) -> str:
    return escape.plotly(clean(text, limit))


def _groups(marks: pd.DataFrame, colours: Colours) -> list[tuple[str, Any, dict[str, Any]]]:
    """Legend entry, which marks (bool, n) and marker style. A trace per category is far quicker than an array of
    colours.
    """
    ids = [str(i) for i in marks["cluster_id"]]
    hidden = np.array([i in colours.suppressed for i in ids], dtype=bool)
    groups: list[tuple[str, Any, dict[str, Any]]] = []
    if colours.kind == "category":
        raw = [colours.values.get(i) for i in ids]
        values = np.array([str(v) if isinstance(v, (str, int)) else None for v in raw], dtype=object)
        known = np.array([v is not None for v in values], dtype=bool) & ~hidden
        sizes = {i: float(n) for i, n in zip(ids, marks["conversations"].fillna(0), strict=True)}
        labels, other = colours.labels(sizes)
        for place, label in enumerate(labels):
            within = known & ((values == label) if place != other else ~np.isin(values, labels[:CATEGORIES]))
            groups.append((label, within, {"color": OTHER if place == other else PALETTE[place % CATEGORIES]}))
    else:
        numbers = np.array(
            [v if (v := number(colours.values.get(i))) is not None else np.nan for i in ids], dtype=float
        )
        known = ~np.isnan(numbers) & ~hidden
        low, high = colours.ends()
        stops = SEQUENTIAL if colours.kind == "sequential" else DIVERGING
        style = {
            "color": numbers[known],
            "colorscale": list(stops),
            "cmin": low,
            "cmax": high,
            "colorbar": {"title": {"text": _safe(colours.title, 60)}, "tickformat": _ticks(colours), "thickness": 12},
        }
        groups.append(("", known, style))
    groups.append(
        ("Not shown: too few people", hidden, {"color": "rgba(0,0,0,0)", "line": {"color": OTHER, "width": 1.5}})
    )
    groups.append(("Not known", ~known & ~hidden, {"color": OTHER, "opacity": 0.5}))
    return [group for group in groups if group[1].any()]


def _ticks(colours: Colours) -> str:
    return {"percent": ".0%", "signed_percent": "+.0%", "number": ""}[colours.style]


def _trace(
    go: Any,
    marks: pd.DataFrame,
    chosen: Any,
    size: Size,
    label: str,
    style: dict[str, Any],
    selected: str | None,
    bright: set[str] | None,
) -> Any:
    rows = marks[chosen]
    most = float(marks[size].max() or 1)
    ids = [str(i) for i in rows["cluster_id"]]
    dim = [0.15 if bright is not None and i not in bright else 0.85 for i in ids]
    ring = [2.5 if i == selected else 1.0 for i in ids]
    line = {"color": ["#222" if i == selected else "#fff" for i in ids], "width": ring} | style.get("line", {})
    return go.Scatter(
        x=rows["x"],
        y=rows["y"],
        mode="markers",
        name=_safe(label, 44),
        showlegend=bool(label),
        customdata=[[i] for i in ids],
        hovertext=[_hover(row) for row in rows.itertuples()],
        hoverinfo="text",
        marker={
            "opacity": dim,
            **style,
            "size": np.maximum(5.0, LARGEST * np.sqrt(rows[size].to_numpy(float) / most)),
            "line": line,
        },
    )


def _hover(row: Any) -> str:
    return f"{_safe(row.name, 120)}<br>{int(row.conversations):,} conversations, {int(row.accounts):,} accounts"


def _names(clusters: pd.DataFrame, marks: pd.DataFrame, parents: dict[str, str], size: Size) -> list[dict[str, Any]]:
    """Names as annotations: text traces would lie below WebGL ones, and annotations carry their own ground."""
    placed = clusters.dropna(subset=["x", "y"])
    tops = placed[placed["level"] == placed["level"].max()] if len(placed) else placed
    named = tops if parents and len(tops) >= 2 else marks
    return [
        {
            "x": row.x,
            "y": row.y,
            "text": _safe(row.name, 40),
            "showarrow": False,
            "bgcolor": "rgba(255,255,255,.72)",
            "font": {"size": 12, "color": "#252a33"},
        }
        for row in named.sort_values(size, ascending=False).head(LABELS).itertuples()
    ]


def _squares(density: pd.DataFrame) -> list[dict[str, Any]]:
    per_area = density["conversations"] / density["size"] ** 2
    strength = 0.05 + 0.28 * np.sqrt(per_area / per_area.max())
    return [
        {
            "type": "rect",
            "layer": "below",
            "line": {"width": 0},
            "x0": x,
            "y0": y,
            "x1": x + side,
            "y1": y + side,
            "fillcolor": f"rgba(91,127,159,{alpha:.3f})",
        }
        for x, y, side, alpha in zip(density["x"], density["y"], density["size"], strength, strict=True)
    ]
