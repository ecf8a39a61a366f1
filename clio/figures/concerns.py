"""What a model holds to be concerning against what was flagged elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from clio import measures
from clio.figures.colour import Theme, colours, faded
from clio.figures.figure import About, Figure, blank, each, graph_objects, is_narrow, nothing
from clio.figures.texts import ENGLISH, Wording, list_of
from clio.figures.words import card, cut, label


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
    frame = measures.concern_flag(
        breakdowns, clusters, concern=concern, high=high, flag=flag, flagged=flagged, level=level
    )
    there = set(breakdowns["facet"].unique())
    absent = [name for name in (concern, flag) if name not in there]
    shown = frame[frame["status"] == "shown"]
    # Bounds over everything say nothing: such a cluster is in the table and not in the picture.
    wide = (frame["concern_high"] - frame["concern_low"] > 0.3) | (frame["flag_high"] - frame["flag_low"] > 0.3)
    partly = frame[(frame["status"] != "shown") & ~wide]
    w, told = words, {"concern": words.facet(concern), "flag": words.facet(flag)}
    why = ""
    if absent:
        why = w("concern_absent", names=w("concern_and").join(cut(name) for name in absent))
    elif not len(shown) and not len(partly):
        why = w("concern_hidden")
    alt = why or w(
        "concern_alt", **told, n=len(shown), high=list_of(list(high)), flagged=list_of(list(flagged)),
        partly=len(partly), rest=len(frame) - len(shown) - len(partly),
    )  # fmt: skip
    about = About(frame, w("concern", **told), alt, w("concern_note"), why, w)
    if why:
        return nothing(go, about, theme, width, height)
    figure = blank(go, about, theme, width, height or (400 if is_narrow(width) else 520))
    largest = float(frame["conversations"].max())
    for rows, known in ((partly, False), (shown, True)):
        if len(rows):
            figure.add_trace(_marks(go, rows, known, largest, w, theme))
    _frame(figure, about, (told["concern"], told["flag"]), shown, theme, 3 if is_narrow(width) else 8)
    return about.drawn(figure)


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


def _frame(figure: Any, about: About, facets: tuple[str, str], shown: pd.DataFrame, theme: Theme, most: int) -> None:
    c = colours(theme)
    axis = {"tickformat": ".0%", "rangemode": "tozero", "nticks": 6}
    figure.update_xaxes(**axis, title={"text": label(about.words("concern_axis", facet=facets[0]), 80)})
    figure.update_yaxes(**axis, title={"text": label(about.words("flag_axis", facet=facets[1]), 80)})
    ranked = shown.assign(off=(shown["concern"] - shown["flag"]).abs()).nlargest(40, ["off", "conversations"])
    reach = [max(float(shown[side].max()), 0.01) if len(shown) else 1.0 for side in ("concern", "flag")]
    named: list[Any] = []
    for r in each(ranked):
        apart = all(
            abs(r.concern - n.concern) > 0.3 * reach[0] or abs(r.flag - n.flag) > 0.06 * reach[1] for n in named
        )
        if apart and len(named) < most:
            named.append(r)
    figure.update_layout(
        annotations=[
            {"x": r.concern, "y": r.flag, "text": label(r.name, 30), "yshift": 14, "bgcolor": faded(c.background, 0.8),
             "font": {"size": 11, "color": c.ink}} for r in named
        ]
    )  # fmt: skip


def _told(share: float, low: float, high: float, words: Wording) -> str:
    return words.percent(share) if share == share else words.between(low, high)
