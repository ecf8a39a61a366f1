"""What heat maps draw, worked out once for plotly and for print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from clio import measures
from clio.figures.figure import About, each
from clio.figures.words import cut, percent
from clio.measures.shares import ALL, clean, names_of, size_of

HIDDEN = "not shown: absent, or too few people"
CROSSED_OUT = " Crossed grey cells are not shown: absent, or held by too few people. They are not zero."


@dataclass(frozen=True, slots=True)
class GridPlan:
    """A matrix: rows by columns, nan where hidden."""

    about: About
    rows: tuple[tuple[str, str], ...]
    """Key and label."""
    columns: tuple[str, ...]
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
) -> GridPlan:
    """Clusters by values of a facet; the largest ``top`` clusters and 24 values."""
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
        else percent(r.share)
        if measure == "share"
        else f"{r.ratio:.1f}×"
        if r.ratio == r.ratio
        else ""
        for r in each(drawn)
    ]
    detail = [
        HIDDEN if r.share != r.share else
        f"{percent(r.share)} of this cluster ({r.conversations:,.0f} conversations), {percent(r.share_all)} of all"
        + (f"; {r.ratio:.2f} times the rest ({r.low:.2f} to {r.high:.2f})" if r.ratio == r.ratio else "")
        for r in each(drawn)
    ]  # fmt: skip
    shape = (len(keys), len(values))
    hidden = int((drawn["status"] == "not shown").sum())
    shown = len(drawn) - hidden
    nothing = "" if shown else f"No value of {cut(facet)} is shown in any cluster of this level."
    title = f"{cut(facet)} by cluster"
    alt = (
        nothing
        or f"Grid of {shape[0]} clusters by {shape[1]} values of {cut(facet)}; {shown} cells shown, {hidden} not."
    )
    note = (
        "Colour: share of the cluster's conversations." if measure == "share" else
        "Colour: how many times as common as in everything else, where that is clear after correction for their "
        "number (Benjamini and Hochberg, 5 %)."
    ) + CROSSED_OUT  # fmt: skip
    return GridPlan(
        About(frame, title, alt, note, nothing),
        tuple((key, names[key]) for key in keys),
        tuple(values),
        np.asarray(z, dtype=np.float64).reshape(shape),
        _folded(said, shape),
        _folded(detail, shape),
        measure,
    )


def plan_crossed(
    tables: tuple[pd.DataFrame, pd.DataFrame], one: str, other: str, measure: Literal["conversations", "ratio"]
) -> GridPlan:
    """Two crossed facets over the whole release. ``ratio`` is against what the margins would give."""
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
    nothing = "" if shown else (
        f"{cut(one)} by {cut(other)} is not in this release: name the pair under facets.intersections; or too few "
        "people are in every cell."
    )  # fmt: skip
    title = f"{cut(one)} by {cut(other)}"
    alt = nothing or f"Grid of {title}, all conversations: {shown} cells are shown, {hidden} are not."
    note = (
        "Conversations of the whole release." if measure == "conversations" else
        "Times as many as if the two had nothing to do with each other; no correction for chance."
    ) + CROSSED_OUT  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = z if measure == "conversations" else np.log2(z / expected)
        said = [
            [
                "" if v != v else f"{v:,.0f}" if measure == "conversations" else f"{v / e:.1f}×"
                for v, e in zip(*pair, strict=True)
            ]
            for pair in zip(z, expected, strict=True)
        ]
    detail = [
        [HIDDEN if v != v else f"{v:,.0f} conversations, {e:,.0f} expected" for v, e in zip(*pair, strict=True)]
        for pair in zip(z, expected, strict=True)
    ]
    rows = tuple((value, value) for value in sides[0])
    return GridPlan(
        About(table, title, alt, note, nothing), rows, tuple(sides[1]), drawn,
        tuple(map(tuple, said)), tuple(map(tuple, detail)), measure,
    )  # fmt: skip


def _folded(texts: Sequence[Any], shape: tuple[int, int]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(texts[row * shape[1] : (row + 1) * shape[1]]) for row in range(shape[0]))
