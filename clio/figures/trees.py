"""The tree of clusters as icicle or treemap."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from clio.figures import colour as shades
from clio.figures._plan import TreePlan, plan_tree
from clio.figures.colour import Theme, colours
from clio.figures.figure import Figure, bar_below, blank, each, graph_objects, is_narrow, nothing, scale
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import card, label, wrapped

FULL_CARDS = 1_500
"""Nodes up to which hover boxes carry the summaries; beyond, they would be most of what is sent to the browser."""


def tree_figure(
    clusters: pd.DataFrame, *, kind: Literal["icicle", "treemap"] = "icicle", root: str | None = None, depth: int = 3,
    values: pd.Series | None = None, values_title: str = "", diverging: bool = False,
    words: Wording = ENGLISH, theme: Theme = "light", width: int | None = None, height: int | None = None,
) -> Figure:  # fmt: skip
    """The hierarchy by conversations, ``depth`` levels at a time; a click goes down. Ids of nodes are cluster ids.

    ``root`` draws what is below one cluster; ``values`` (a series by cluster id) colours the nodes.
    """
    go = graph_objects()
    plan = plan_tree(clusters, root, values, values_title, theme, words)
    if plan.about.nothing:
        return nothing(go, plan.about, theme, width, height)
    c, nodes, narrow = colours(theme), plan.nodes, is_narrow(width)
    marker: dict[str, Any] = {"line": {"width": 1.2, "color": c.background}}
    fills = nodes["colour"].tolist()
    figure = blank(go, plan.about, theme, width, height or (520 if narrow else 640))
    if values is not None:
        fills, bar = _coloured(go, nodes["value"], values_title, diverging, theme)
        figure.add_trace(bar)
        figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})
        hatched = nodes["value"].isna() & (nodes["parent_id"] != "")
        marker["pattern"] = {"shape": np.where(hatched, "/", ""), "fgcolor": c.unknown, "size": 6, "solidity": 0.15}
    marker["colors"] = np.array(fills, dtype=object)
    shared = {
        "ids": nodes["cluster_id"], "parents": nodes["parent_id"], "values": nodes["drawn"], "branchvalues": "total",
        "maxdepth": (min(depth, 2) if narrow else depth) + 1, "marker": marker,
        "customdata": nodes["cluster_id"].to_numpy(dtype=object)[:, None],
        "sort": True, "pathbar": {"visible": not narrow, "thickness": 22}, **_texts(plan, fills, kind, theme, narrow),
    }  # fmt: skip
    if kind == "treemap":
        trace = go.Treemap(**shared, tiling={"pad": 2, "packing": "squarify"})
    else:
        trace = go.Icicle(**shared, leaf={"opacity": 1}, tiling={"orientation": "h", "pad": 1})
    figure.add_trace(trace)
    figure.update_layout(
        margin={"l": 2, "r": 2, "t": 4 if narrow else 26, "b": 2 if values is None else 56},
        uniformtext={"minsize": 9, "mode": "hide"},
    )
    return plan.about.drawn(figure)


def _texts(
    plan: TreePlan, fills: list[str], kind: Literal["icicle", "treemap"], theme: Theme, narrow: bool
) -> dict[str, Any]:
    """What nodes say, within and in hover boxes."""
    nodes, w = plan.nodes, plan.about.words
    above = set(nodes["parent_id"])  # their names stand in one line, above what they hold
    full = len(nodes) <= FULL_CARDS
    # Of a large tree the colours are left to plotly, which would check thousands of them.
    ink = [shades.legible(fill, theme) for fill in fills] if full else []
    text: dict[str, Any] = {
        "labels": [
            wrapped(r.name, 16, 48) + f"  {w.percent(r.share)}"
            if kind == "icicle"
            else label(r.name, 20 if narrow else 44)
            if r.cluster_id in above
            else wrapped(r.name, 13, 44)
            for r in each(nodes)
        ],
        "text": [w.percent(share) for share in nodes["share"]],
        "textinfo": "label+text" if kind == "treemap" else "label", "hoverinfo": "text",
        "textfont": {"size": 12 if narrow else 13} | ({"color": ink} if full else {}),
        "hovertext": [card(r.name, _size(r, w), r.summary if full else "") for r in each(nodes)],
    }  # fmt: skip
    # plotly looks at lists entry by entry, at arrays as they are.
    return {key: np.array(entry, dtype=object) if isinstance(entry, list) else entry for key, entry in text.items()}


def _size(r: Any, words: Wording) -> str:
    told = {"conversations": words.number(r.conversations), "share": words.percent(r.share)}
    if r.accounts != r.accounts:
        return words("size_alone", **told)
    return words("size_of_all", **told, accounts=words.number(r.accounts))


def _coloured(go: Any, values: pd.Series, title: str, diverging: bool, theme: Theme) -> tuple[list[str], Any]:
    """A colour a node, and a trace that shows nothing but the bar of these colours.

    plotly's own scale would give nodes without a number the colour of the least.
    """
    known = values.dropna()
    reach = max(float(known.abs().max()), 1e-9) if len(known) else 1.0
    low = -reach if diverging else min(float(known.min()), 0.0) if len(known) else 0.0
    steps = shades.diverging(theme) if diverging else shades.sequential(theme)
    span, last = max(reach - low, 1e-9), len(steps) - 1
    hidden = colours(theme).veil
    fills = [hidden if v != v else steps[round(min(max((v - low) / span, 0), 1) * last)] for v in values]
    marker = {
        "color": [low], "cmin": low, "cmax": reach, "colorscale": scale(steps), "showscale": True,
        "colorbar": bar_below(title),
    }  # fmt: skip
    bar = go.Scatter(x=[None], y=[None], mode="markers", marker=marker, showlegend=False, hoverinfo="skip", name="bar")
    return fills, bar
