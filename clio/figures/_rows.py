"""Charts of rows: a name, a mark with its interval, the numbers. What each of them says is made here, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from clio import measures
from clio.figures.figure import About, each
from clio.figures.words import between, cut, number, percent, times
from clio.measures.shares import ALL, names_of

Tone = Literal["plain", "other", "hidden", "over", "under", "unclear"]
SAMPLE = (
    "Lines are 95 % intervals for another sample of as many accounts of the same users; they are not about mistakes of "
    "the models, nor about other ways to cluster."
)
MANY = "Coloured: clear after correction for the number of comparisons (Benjamini and Hochberg, 5 %)."


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Texts are clean and not escaped."""

    key: str
    label: str
    said: str
    """Its numbers, in short."""
    tone: Tone
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    detail: tuple[str, ...] = ()
    """Further lines of the hover box."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A chart of rows."""

    about: About
    rows: tuple[Row, ...]
    axis: Literal["share", "ratio"]
    axis_title: str


def areas(clusters: pd.DataFrame, level: int | None, top: int) -> Rows:
    frame = measures.cluster_shares(clusters, level)
    rows = [_share_row(r.cluster_id, r.name, "plain", r) for r in each(frame.head(top))]
    more = len(frame) - len(rows)
    if more > 0:
        rest = frame.iloc[top:]
        share = float(rest["share"].sum())
        said = f"{percent(share)} together"
        rows.append(Row("", f"{more} smaller ones", said, "other", share, detail=("Each one is in the table.",)))
    first = frame.iloc[0] if len(frame) else None
    alt = "No cluster is released." if first is None else (
        f"Bars of {min(top, len(frame))} of {len(frame)} clusters. The largest is {cut(first['name'], 120)} "
        f"with {percent(first['share'])} of all conversations ({between(first['low'], first['high'])})."
    )  # fmt: skip
    note = f"Share of all released conversations. {SAMPLE} A cluster's size is not a prevalence."
    title = "Largest areas"
    return Rows(About(frame, title, alt, note, "" if rows else alt), tuple(rows), "share", "Share of conversations")


def breakdown(tables: tuple[pd.DataFrame, pd.DataFrame], facet: str, cluster_id: str, top: int, adds_up: bool) -> Rows:
    frame = measures.facet_shares(*tables, facet, cluster_id, adds_up=adds_up)
    name = names_of(tables[1]).get(cluster_id, cluster_id)
    title = f"{cut(facet)} in: {cut(name, 80)}" if cluster_id != ALL else f"{cut(facet)}, all conversations"
    shown = frame[frame["status"] == "shown"]
    rows = [_share_row(r.value, r.value, "plain", r) for r in each(shown.head(top))]
    if len(shown) > top:
        rest = shown.iloc[top:]
        rows.append(Row("", f"{len(rest)} more values", "in the table", "other", float(rest["share"].sum())))
    rows += [_share_row("", "other, together", "other", r) for r in each(frame[frame["status"] == "other"])]
    hidden = each(frame[frame["status"] == "not shown"])
    rows += [Row("", "not shown", "too few people", "hidden", detail=(str(r.reason),)) for r in hidden]
    nothing = (
        ""
        if len(shown) or len(frame)
        else f"No value of {cut(facet)} is shown here: it is no facet here, or too few people hold each value."
    )
    alt = nothing or _list_alt(f"Bars of {cut(facet)} in {cut(name, 120)}", rows)
    note = f"Share of the conversations there. {SAMPLE} Grey hatching: values that too few people hold, never zero."
    return Rows(About(frame, title, alt, note, nothing), tuple(rows), "share", "Share of conversations")


def representation(
    tables: tuple[pd.DataFrame, pd.DataFrame], cluster_id: str, facets: list[str] | None, top: int
) -> Rows:
    frame = measures.representation(*tables, cluster_id, facets=facets)
    frame = frame.assign(label=[f"{f}: {v}" for f, v in zip(frame["facet"], frame["value"], strict=True)])
    name = cut(names_of(tables[1]).get(cluster_id, cluster_id), 120)
    return _ratio_rows(
        frame, "label", top, f"What sets apart: {cut(name, 80)}", f"{name} against everything else",
        ("share", "share_rest", "in it", "in everything else"),
        f"How many times as common in the cluster as outside of it. {MANY}", "Times as common as elsewhere",
        "Nothing of this cluster can be compared: no facet has values that are shown.",
    )  # fmt: skip


def slices(
    tables: tuple[pd.DataFrame, pd.DataFrame], facet: str, one: str, other: str, level: int | None, top: int
) -> Rows:
    frame = measures.compare_slices(*tables, facet, one, other, level=level)
    what = f"{cut(facet)} {cut(one)} against {cut(other)}"
    return _ratio_rows(
        frame, "name", top, what, what, ("share_one", "share_other", cut(one), cut(other)),
        f"How many times as often a cluster is where {cut(facet)} is {cut(one)} as where it is {cut(other)}. {MANY}",
        f"Times as often with {cut(one)} as with {cut(other)}",
        f"{what}: both are shown for the whole, but too few people hold them in each cluster of this level to tell a "
        "difference." if len(frame) else f"{what}: one of the two values is not shown in this release.",
    )  # fmt: skip


def runs(
    one: tuple[pd.DataFrame, pd.DataFrame], other: tuple[pd.DataFrame, pd.DataFrame], facet: str,
    labels: tuple[str, str], cluster_id: str, top: int,
) -> Rows:  # fmt: skip
    frame = measures.compare_runs(one, other, facet, cluster_id=cluster_id)
    first, second = (cut(name) for name in labels)
    what = f"{cut(facet)}: {first} against {second}"
    return _ratio_rows(
        frame, "value", top, what, what, ("share_one", "share_other", first, second),
        f"How many times as common a value is in {first} as in {second}. Facets are compared, not clusters: those of "
        f"two runs are different groups. {MANY}",
        f"Times as common in {first} as in {second}", f"{cut(facet)}: no value is shown in either run.",
    )  # fmt: skip


def movement(
    tables: tuple[pd.DataFrame, pd.DataFrame], before: list[str], after: list[str], level: int | None, top: int
) -> Rows:
    frame = measures.movement(*tables, before, after, level=level)
    clear = frame["verdict"].isin(["over", "under"])
    order = np.lexsort((-np.abs(np.log(frame["ratio"].fillna(1).clip(1e-6))), ~clear, frame["verdict"] == "not shown"))
    return _ratio_rows(
        frame.iloc[order].reset_index(drop=True), "name", top, "What moved", "Change of share between two periods",
        ("share_before", "share_after", "before", "after"),
        f"Share of the later weeks' conversations as a multiple of the earlier weeks'. {MANY}",
        "Times the earlier share",
        "Nothing can be compared: in every cluster, weeks of one period or the other are held by too few people.",
    )  # fmt: skip


def growth(tables: tuple[pd.DataFrame, pd.DataFrame], level: int | None, top: int) -> Rows:
    frame = measures.growth(*tables, level=level).rename(columns={"per_week": "ratio"})
    order = np.lexsort((-np.abs(np.log(frame["ratio"].fillna(1).clip(1e-6))), frame["verdict"] == "not shown"))
    rows = _ratio_rows(
        frame.iloc[order].reset_index(drop=True), "name", top, "Fastest movers", "Change of share per week", None,
        f"By what factor the share changes each week, over the weeks that are shown. {MANY}", "Factor per week",
        f"No cluster is shown in {measures.weeks.LEAST_WEEKS} weeks or more: no change can be told.",
    )  # fmt: skip
    about = rows.about
    table = about.table.rename(columns={"ratio": "per_week"})
    return Rows(About(table, about.title, about.alt, about.note, about.nothing), rows.rows, rows.axis, rows.axis_title)


def _share_row(key: str, name: str, tone: Tone, r: Any) -> Row:
    share, low, high = float(r.share), float(r.low), float(r.high)
    detail = (
        f"{number(r.conversations)} conversations of {number(r.accounts)} accounts",
        f"95 % interval {between(low, high)}",
    )
    return Row(str(key), str(name), percent(share), tone, share, low, high, detail)


def _ratio_rows(
    frame: pd.DataFrame, column: str, top: int, title: str, what: str, shares: tuple[str, str, str, str] | None,
    note: str, axis_title: str, nothing: str,
) -> Rows:  # fmt: skip
    tones: dict[str, Tone] = {"over": "over", "under": "under", "not clear": "unclear"}
    told = frame[frame["verdict"] != "not shown"]
    rows = []
    for r in each(told.head(top)):
        detail = [f"95 % interval {r.low:.2g} to {r.high:.2g} times; q = {r.q:.2g}"]
        if shares:
            pair = [float(getattr(r, name)) for name in shares[:2]]
            detail.insert(0, f"{percent(pair[0])} {shares[2]}, {percent(pair[1])} {shares[3]}")
        # A verdict on a hidden count has an interval and no ratio.
        said = (
            times(r.ratio) if r.ratio == r.ratio else f"{'over' if r.verdict == 'over' else 'under'}, count not shown"
        )
        key = str(getattr(r, "cluster_id", getattr(r, "value", "")))
        rows.append(Row(key, str(getattr(r, column)), said, tones[r.verdict], r.ratio, r.low, r.high, tuple(detail)))
    hidden = len(frame) - len(told)
    if rows and len(told) > top:
        rows.append(Row("", f"{len(told) - top} more", "in the table", "other", detail=("They are in the table.",)))
    if rows and hidden:
        why = ("Absent, or held by too few people. Not zero.",)
        rows.append(Row("", f"{hidden} not shown", "too few people", "hidden", detail=why))
    clear = int(told["verdict"].isin(["over", "under"]).sum())
    alt = nothing if not rows else (
        f"{what}: {clear} clear differences among {len(told)} comparisons; {hidden} cannot be shown. "
        + " ".join(f"{row.label}: {row.said}." for row in rows[:5] if row.tone in ("over", "under"))
    )  # fmt: skip
    about = About(frame, title, alt.strip(), f"{note} {SAMPLE}", "" if rows else nothing)
    return Rows(about, tuple(rows), "ratio", axis_title)


def _list_alt(what: str, rows: list[Row]) -> str:
    return f"{what}: " + "; ".join(f"{cut(row.label, 60)} {row.said}" for row in rows[:6]) + "."
