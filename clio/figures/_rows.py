"""Charts of rows: a name, a mark with its interval, the numbers. What each of them says is made here, once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from clio import measures
from clio.figures.figure import About, each
from clio.figures.texts import Wording
from clio.figures.words import LABEL, cut
from clio.measures.shares import ALL, names_of

Tone = Literal["plain", "other", "hidden", "over", "under", "unclear"]


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


def areas(clusters: pd.DataFrame, level: int | None, top: int, words: Wording) -> Rows:
    w = words
    frame = measures.cluster_shares(clusters, level)
    rows = [_share_row(r.cluster_id, r.name, "plain", r, w) for r in each(frame.head(top))]
    more = len(frame) - len(rows)
    if more > 0:
        share = float(frame.iloc[top:]["share"].sum())
        said = w("together", share=w.percent(share))
        rows.append(Row("", w("smaller", n=w.number(more)), said, "other", share, detail=(w("each_in_table"),)))
    first = frame.iloc[0] if len(frame) else None
    alt = w("areas_none") if first is None else w(
        "areas_alt", n=min(top, len(frame)), total=len(frame), name=cut(first["name"], 120),
        share=w.percent(first["share"]), span=w.between(first["low"], first["high"]),
    )  # fmt: skip
    about = About(frame, w("areas"), alt, w("areas_note"), "" if rows else alt, w)
    return Rows(about, tuple(rows), "share", w("share_axis"))


def breakdown(
    tables: tuple[pd.DataFrame, pd.DataFrame], facet: str, cluster_id: str, top: int, adds_up: bool, words: Wording
) -> Rows:
    w = words
    frame = measures.facet_shares(*tables, facet, cluster_id, adds_up=adds_up)
    told, name = w.facet(facet), _named(tables[1], cluster_id, w)
    title = w("breakdown_all", facet=told) if cluster_id == ALL else w("breakdown", facet=told, name=cut(name, 80))
    shown = frame[frame["status"] == "shown"]
    rows = [_share_row(r.value, w.value(r.value), "plain", r, w) for r in each(shown.head(top))]
    if len(shown) > top:
        rest = shown.iloc[top:]
        share = float(rest["share"].sum())
        rows.append(Row("", w("more_values", n=w.number(len(rest))), w("in_table"), "other", share))
    rows += [_share_row("", w("other"), "other", r, w) for r in each(frame[frame["status"] == "other"])]
    if (frame["status"] == "not shown").any():
        why = w("why_hidden" if len(shown) else "why_none")
        rows.append(Row("", w("not_shown"), w("too_few"), "hidden", detail=(why,)))
    nothing = "" if (frame["status"] != "not shown").any() else w("breakdown_none", facet=told)
    listed = "; ".join(w("row", name=cut(row.label, 60), said=row.said) for row in rows[:6])
    alt = nothing or w("breakdown_alt", facet=told, name=cut(name, 120), rows=listed)
    return Rows(About(frame, title, alt, w("breakdown_note"), nothing, w), tuple(rows), "share", w("share_axis"))


def representation(
    tables: tuple[pd.DataFrame, pd.DataFrame], cluster_id: str, facets: list[str] | None, several: Collection[str],
    top: int, words: Wording,
) -> Rows:  # fmt: skip
    w = words
    frame = measures.representation(*tables, cluster_id, facets=facets, several=several)
    pairs = zip(frame["facet"], frame["value"], strict=True)
    frame = frame.assign(label=[f"{w.facet(f)}: {w.value(v)}" for f, v in pairs])
    name = cut(_named(tables[1], cluster_id, w), 120)
    said = Said(
        w("apart", name=cut(name, 80)), w("apart_what", name=name), w("apart_note"), w("apart_axis"), w("apart_none"),
        ("share", "share_rest", w("in_it"), w("in_rest")),
    )  # fmt: skip
    return _ratio_rows(frame, "label", top, said, w)


def slices(
    tables: tuple[pd.DataFrame, pd.DataFrame], facet: str, one: str, other: str, level: int | None,
    adds_up: bool, top: int, words: Wording,
) -> Rows:  # fmt: skip
    w = words
    frame = measures.compare_slices(*tables, facet, one, other, level=level, adds_up=adds_up)
    told, pair = w.facet(facet), {"one": w.value(one, LABEL), "other": w.value(other, LABEL)}
    what = w("slices", facet=told, **pair)
    said = Said(
        what, what, w("slices_note", facet=told, **pair), w("slices_axis", **pair),
        w("slices_few" if len(frame) else "slices_none", what=what),
        ("share_one", "share_other", pair["one"], pair["other"]),
    )  # fmt: skip
    return _ratio_rows(frame, "name", top, said, w)


def runs(
    one: tuple[pd.DataFrame, pd.DataFrame], other: tuple[pd.DataFrame, pd.DataFrame], facet: str,
    labels: tuple[str, str], cluster_id: str, adds_up: bool, top: int, words: Wording,
) -> Rows:  # fmt: skip
    w = words
    frame = measures.compare_runs(one, other, facet, cluster_id=cluster_id, adds_up=adds_up)
    frame = frame.assign(label=[w.value(str(value)) for value in frame["value"]])
    told, pair = w.facet(facet), {"one": cut(labels[0]), "other": cut(labels[1])}
    what = w("runs", facet=told, **pair)
    said = Said(
        what, what, w("runs_note", **pair), w("runs_axis", **pair), w("runs_none", facet=told),
        ("share_one", "share_other", pair["one"], pair["other"]),
    )  # fmt: skip
    found = _ratio_rows(frame, "label", top, said, w)
    return replace(found, about=replace(found.about, table=frame.drop(columns="label")))


def movement(
    tables: tuple[pd.DataFrame, pd.DataFrame], before: list[str], after: list[str], level: int | None, top: int,
    words: Wording,
) -> Rows:  # fmt: skip
    w = words
    frame = measures.movement(*tables, before, after, level=level)
    clear = frame["verdict"].isin(["over", "under"])
    order = np.lexsort((-np.abs(np.log(frame["ratio"].fillna(1).clip(1e-6))), ~clear, frame["verdict"] == "not shown"))
    said = Said(
        w("movement"), w("movement_what"), w("movement_note"), w("movement_axis"), w("movement_none"),
        ("share_before", "share_after", w("before"), w("after")),
    )  # fmt: skip
    return _ratio_rows(frame.iloc[order].reset_index(drop=True), "name", top, said, w)


def growth(tables: tuple[pd.DataFrame, pd.DataFrame], level: int | None, top: int, words: Wording) -> Rows:
    w = words
    frame = measures.growth(*tables, level=level).rename(columns={"per_week": "ratio"})
    order = np.lexsort((-np.abs(np.log(frame["ratio"].fillna(1).clip(1e-6))), frame["verdict"] == "not shown"))
    nothing = w("growth_none", n=measures.weeks.LEAST_WEEKS)
    said = Said(w("growth"), w("growth_what"), w("growth_note"), w("growth_axis"), nothing)
    rows = _ratio_rows(frame.iloc[order].reset_index(drop=True), "name", top, said, w)
    return replace(rows, about=replace(rows.about, table=rows.about.table.rename(columns={"ratio": "per_week"})))


@dataclass(frozen=True, slots=True)
class Said:
    """What a chart of ratios is called and says."""

    title: str
    what: str
    note: str
    axis: str
    nothing: str
    shares: tuple[str, str, str, str] | None = None
    """Columns of the two shares behind a ratio, and what each is of."""


def _named(clusters: pd.DataFrame, cluster_id: str, words: Wording) -> str:
    return words("all") if cluster_id == ALL else names_of(clusters).get(cluster_id, cluster_id)


def _share_row(key: str, name: str, tone: Tone, r: Any, words: Wording) -> Row:
    share, low, high = float(r.share), float(r.low), float(r.high)
    detail = (
        words("of_accounts", conversations=words.number(r.conversations), accounts=words.number(r.accounts)),
        words("interval", span=words.between(low, high)),
    )
    return Row(str(key), str(name), words.percent(share), tone, share, low, high, detail)


def _ratio_rows(frame: pd.DataFrame, column: str, top: int, said: Said, words: Wording) -> Rows:
    w = words
    told = frame[frame["verdict"] != "not shown"]
    rows = [_ratio_row(r, str(getattr(r, column)), said.shares, w) for r in each(told.head(top))]
    hidden = len(frame) - len(told)
    if rows and len(told) > top:
        more = w("more", n=w.number(len(told) - top))
        rows.append(Row("", more, w("in_table"), "other", detail=(w("they_in_table"),)))
    if rows and hidden:
        rows.append(Row("", w("n_not_shown", n=w.number(hidden)), w("too_few"), "hidden", detail=(w("why_row"),)))
    clear = int(told["verdict"].isin(["over", "under"]).sum())
    listed = (w("row_sentence", name=row.label, said=row.said) for row in rows[:5] if row.tone in ("over", "under"))
    alt = said.nothing if not rows else w(
        "ratio_alt", what=said.what, clear=clear, n=len(told), hidden=hidden, rows=" ".join(listed)
    )  # fmt: skip
    about = About(frame, said.title, alt.strip(), said.note, "" if rows else said.nothing, w)
    return Rows(about, tuple(rows), "ratio", said.axis)


def _ratio_row(r: Any, name: str, shares: tuple[str, str, str, str] | None, words: Wording) -> Row:
    w = words
    tones: dict[str, Tone] = {"over": "over", "under": "under", "not clear": "unclear"}
    low, high, q = (w.figure(float(value), ".2g") for value in (r.low, r.high, r.q))
    detail = [w("ratio_interval", low=low, high=high, q=q)]
    if shares:
        one, other = (w.percent(float(getattr(r, column))) for column in shares[:2])
        detail.insert(0, w("two_shares", one=one, first=shares[2], other=other, second=shares[3]))
    # A verdict on a hidden count has an interval and no ratio.
    hidden = w("over_hidden" if r.verdict == "over" else "under_hidden")
    said = w.times(r.ratio) if r.ratio == r.ratio else hidden
    key = str(getattr(r, "cluster_id", getattr(r, "value", "")))
    return Row(key, name, said, tones[r.verdict], r.ratio, r.low, r.high, tuple(detail))
