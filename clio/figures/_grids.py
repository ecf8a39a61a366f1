"""What heat maps draw, worked out once for plotly and for print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from clio import measures
from clio.figures.figure import About, each
from clio.figures.texts import Wording
from clio.measures.shares import ALL, clean, names_of, size_of


@dataclass(frozen=True, slots=True)
class GridPlan:
    """A matrix: rows by columns, nan where hidden."""

    about: About
    rows: tuple[tuple[str, str], ...]
    """Key and label."""
    columns: tuple[tuple[str, str], ...]
    """Value and label."""
    z: np.ndarray
    """Share, count, or log2 of the ratio."""
    said: tuple[tuple[str, ...], ...]
    """Text of each cell."""
    detail: tuple[tuple[str, ...], ...]
    kind: Literal["share", "ratio", "conversations"]


def plan_grid(
    tables: tuple[pd.DataFrame, pd.DataFrame],
    facet: str,
    level: int | None,
    measure: Literal["share", "ratio"],
    top: int,
    words: Wording,
) -> GridPlan:
    """Clusters by values of a facet; the largest ``top`` clusters and 24 values."""
    w = words
    frame = measures.facet_matrix(*tables, facet, level=level)
    keys = list(dict.fromkeys(frame["cluster_id"]))[:top]
    values = list(dict.fromkeys(frame["value"]))[:24]
    drawn = frame[frame["cluster_id"].isin(keys) & frame["value"].isin(values)]
    names = names_of(tables[1])
    clear = drawn["verdict"].isin(["over", "under"]) & drawn["ratio"].notna()
    with np.errstate(divide="ignore"):
        z = (
            drawn["share"]
            if measure == "share"
            else np.log2(drawn["ratio"].where(clear, np.where(drawn["ratio"].notna(), 1.0, np.nan)))
        )
    said = [
        ""
        if r.share != r.share
        else w.percent(r.share)
        if measure == "share"
        else w.figure(r.ratio, ".1f") + "×"
        if r.ratio == r.ratio
        else ""
        for r in each(drawn)
    ]
    detail = [_cell(r, w) for r in each(drawn)]
    shape = (len(keys), len(values))
    hidden = int((drawn["status"] == "not shown").sum())
    shown = len(drawn) - hidden
    told = w.facet(facet)
    nothing = "" if shown else w("grid_none", facet=told)
    alt = nothing or w("grid_alt", rows=shape[0], columns=shape[1], facet=told, shown=shown, hidden=hidden)
    note = w("grid_note" if measure == "share" else "grid_ratio_note")
    return GridPlan(
        About(frame, w("grid", facet=told), alt, note, nothing, w),
        tuple((key, names[key]) for key in keys),
        tuple((value, w.value(value)) for value in values),
        np.asarray(z, dtype=np.float64).reshape(shape),
        _folded(said, shape),
        _folded(detail, shape),
        measure,
    )


def plan_crossed(
    tables: tuple[pd.DataFrame, pd.DataFrame], one: str, other: str, measure: Literal["conversations", "ratio"],
    words: Wording,
) -> GridPlan:  # fmt: skip
    """Two crossed facets over the whole release. ``ratio`` is against what the margins would give."""
    w = words
    breakdowns, clusters = tables
    margins = {facet: measures.facet_shares(breakdowns, clusters, facet) for facet in (one, other)}
    sides = [f[f["status"] == "shown"]["value"].astype(str).tolist() for f in margins.values()]
    cells = breakdowns[
        (breakdowns["facet"] == f"{one} x {other}")
        & (breakdowns["cluster_id"] == ALL)
        & (breakdowns["kind"] == "value")
    ]
    count = {clean(str(v)): float(n) for v, n in zip(cells["value"], cells["conversations"], strict=True)}
    z = np.array([[count.get(f"{a} x {b}", np.nan) for b in sides[1]] for a in sides[0]]).reshape(
        len(sides[0]), len(sides[1])
    )
    total = max(size_of(clusters, ALL), 1.0)
    share = [f[f["status"] == "shown"]["share"].to_numpy(np.float64) for f in margins.values()]
    expected = np.outer(share[0], share[1]) * total
    table = pd.DataFrame(
        {
            one: np.repeat(sides[0], len(sides[1])),
            other: sides[1] * len(sides[0]),
            "status": np.where(np.isnan(z.ravel()), "not shown", "shown"),
            "conversations": z.ravel(),
            "expected": expected.ravel(),
        }
    )
    hidden, shown = int(np.isnan(z).sum()), int((~np.isnan(z)).sum())
    pair = {"one": w.facet(one), "other": w.facet(other)}
    nothing = "" if shown else w("crossed_none", **pair)
    alt = nothing or w("crossed_alt", **pair, shown=shown, hidden=hidden)
    note = w("crossed_note" if measure == "conversations" else "crossed_ratio_note")
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = z if measure == "conversations" else np.log2(z / expected)
        said = [
            [
                "" if v != v else w.number(v) if measure == "conversations" else w.figure(v / e, ".1f") + "×"
                for v, e in zip(*line, strict=True)
            ]
            for line in zip(z, expected, strict=True)
        ]
    detail = [
        [
            w("cell_hidden") if v != v else w("crossed_cell", n=w.number(v), expected=w.number(e))
            for v, e in zip(*line, strict=True)
        ]
        for line in zip(z, expected, strict=True)
    ]
    rows, columns = (tuple((value, w.value(value)) for value in side) for side in sides)
    return GridPlan(
        About(table, w("crossed", **pair), alt, note, nothing, w), rows, columns, drawn,
        tuple(map(tuple, said)), tuple(map(tuple, detail)), measure,
    )  # fmt: skip


def _cell(r: Any, words: Wording) -> str:
    w = words
    if r.share != r.share:
        return w("cell_hidden")
    count = w.number(r.conversations)
    said = w("cell", share=w.percent(r.share), conversations=count, all=w.percent(r.share_all))
    if r.ratio != r.ratio:
        return said
    ratio, low, high = (w.figure(value, ".2f") for value in (r.ratio, r.low, r.high))
    return said + w("cell_ratio", ratio=ratio, low=low, high=high)


def _folded(texts: Sequence[Any], shape: tuple[int, int]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(texts[row * shape[1] : (row + 1) * shape[1]]) for row in range(shape[0]))
