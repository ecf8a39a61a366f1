"""What the scatter of concern against flag draws, worked out once for plotly and for print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clio import measures
from clio.figures.figure import About, each
from clio.figures.texts import Wording, list_of
from clio.figures.words import cut

WIDE = 0.3
"""Bounds wider than this say next to nothing: such a cluster is in the table and not in the picture."""


@dataclass(frozen=True, slots=True)
class ScatterPlan:
    """Clusters that have a place: known exactly, or to bounds."""

    about: About
    shown: pd.DataFrame
    partly: pd.DataFrame
    largest: float
    axes: tuple[str, str]

    def named(self, most: int) -> list[Any]:
        """Marks whose names have room, those farthest off the diagonal first."""
        shown = self.shown
        ranked = shown.assign(off=(shown["concern"] - shown["flag"]).abs()).nlargest(40, ["off", "conversations"])
        reach = [max(float(shown[side].max()), 0.01) if len(shown) else 1.0 for side in ("concern", "flag")]
        named: list[Any] = []
        for r in each(ranked):
            apart = all(
                abs(r.concern - n.concern) > 0.3 * reach[0] or abs(r.flag - n.flag) > 0.06 * reach[1] for n in named
            )
            if apart and len(named) < most:
                named.append(r)
        return named


def plan_scatter(
    tables: tuple[pd.DataFrame, pd.DataFrame], concern: str, high: Sequence[str], flag: str, flagged: Sequence[str],
    level: int | None, words: Wording,
) -> ScatterPlan:  # fmt: skip
    """Clusters of a level by share of high concern and share flagged."""
    w, told = words, {"concern": words.facet(concern), "flag": words.facet(flag)}
    frame = measures.concern_flag(*tables, concern=concern, high=high, flag=flag, flagged=flagged, level=level)
    there = set(tables[0]["facet"].unique())
    absent = [name for name in (concern, flag) if name not in there]
    shown = frame[frame["status"] == "shown"]
    wide = (frame["concern_high"] - frame["concern_low"] > WIDE) | (frame["flag_high"] - frame["flag_low"] > WIDE)
    partly = frame[(frame["status"] != "shown") & ~wide]
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
    largest = float(frame["conversations"].max()) if len(frame) else 1.0
    axes = (w("concern_axis", facet=told["concern"]), w("flag_axis", facet=told["flag"]))
    return ScatterPlan(about, shown, partly, largest, axes)
