"""Weeks: areas over time, fastest movers, before and after a date, weekday by hour."""

import datetime

import streamlit as st
from app_parts import controls, pictures, session

from clio.explore.numbers import told_by_week
from clio.explore.safe import md, plain
from clio.explore.state import MOST_LINES
from clio.figures import breakdown_figure, crossed_figure, growth_figure, movement_figure, trend_figure
from clio.measures import split_weeks

TABS = {
    "over": "Over time", "movers": "Fastest movers", "split": "Before and after", "clock": "Weekday and hour",
}  # fmt: skip
LABELS = {"share": "Share of the week", "conversations": "Conversations"}
HOURS = tuple(pair for time in ("hour", "time_of_day") for pair in (("weekday", time), (time, "weekday")))


def lines(ids: tuple[str, ...], measure: str, theme: str):
    release = session.release()
    band = len(ids) == 1
    return trend_figure(release.trends, release.clusters, ids, measure=measure, band=band, theme=theme)


def growing(level: int, theme: str):
    release = session.release()
    return growth_figure(release.trends, release.clusters, level=level, theme=theme)


def moved(level: int, split: str, theme: str):
    release = session.release()
    before, after = split_weeks(release.trends, datetime.date.fromisoformat(split))
    return movement_figure(release.trends, release.clusters, before, after, level=level, theme=theme)


@st.fragment
def over_time() -> None:
    session.settle()
    release, now = session.release(), session.state()
    tops = release.children.get(None, [])
    ordered = [*tops, *(name for name in release.rows if name not in tops)]
    chosen = now.lines
    if chosen is None:
        chosen = (now.cluster,) if now.cluster else tuple((told_by_week(release, tops) or tops)[:MOST_LINES])
    controls.shows("w_lines", list(chosen))
    controls.shows("w_measure", now.measure)
    st.multiselect(
        "Clusters", ordered, max_selections=MOST_LINES, key="w_lines",
        format_func=lambda name: plain(release.rows[name]["name"], 80),
        on_change=lambda: session.update(lines=tuple(st.session_state["w_lines"])),
    )  # fmt: skip
    st.segmented_control(
        "Measured by", list(LABELS), required=True, key="w_measure", format_func=LABELS.get,
        on_change=lambda: session.update(measure=st.session_state["w_measure"]),
    )  # fmt: skip
    if chosen:
        pictures.figure(pictures.kept("lines", lines, chosen, now.measure, session.theme()), "over-time")
    if untold := set(tops) - set(told_by_week(release, tops)):
        st.caption(f"{len(untold)} of {len(tops)} areas have no two weeks that are shown, and so no line.")


@st.fragment
def movers() -> None:
    session.settle()
    level = controls.level_select("Level", "w_growth_level", "growth_level")
    pictures.figure(pictures.kept("growing", growing, level, session.theme()), "growth")


def before_after() -> None:
    release, now = session.release(), session.state()
    first, last = (datetime.date.fromisoformat(week) for week in (release.weeks[0], release.weeks[-1]))
    middle = datetime.date.fromisoformat(release.weeks[len(release.weeks) // 2])
    shown = datetime.date.fromisoformat(now.split) if now.split else middle
    controls.shows("w_split", min(max(shown, first), last))
    left, right = st.columns(2)
    with left:
        st.date_input(
            "The day between", key="w_split", min_value=first, max_value=last,
            on_change=lambda: session.update(split=st.session_state["w_split"].isoformat()),
            help="Weeks that end before it are compared with weeks that begin on it or later.",
        )  # fmt: skip
    with right:
        level = controls.level_select("Level", "w_movement_level", "split_level")
    split = st.session_state["w_split"].isoformat()
    before, after = split_weeks(release.trends, datetime.date.fromisoformat(split))
    if not before or not after:
        st.info("There is no whole week on one side of this day. Choose another.", icon=":material/event_busy:")
        return
    st.caption(f"{len(before)} weeks before, {len(after)} after.")
    pictures.figure(pictures.kept("moved", moved, level, split, session.theme()), "before-after")


def hours() -> None:
    release = session.release()
    for one, other in HOURS:
        if f"{one} x {other}" in release.facets:
            made = crossed_figure(release.breakdowns, release.clusters, one, other, theme=session.theme())
            pictures.figure(made, "weekday-hour")
            return
    st.caption(
        "Weekday by hour is not released: the run did not cross the two. Its owner can ask for it with "
        "`facets.intersections: [[weekday, hour]]`, or with `time_of_day` where hours are too few. Each by itself:"
    )
    shown = [
        name for name in ("weekday", "hour", "time_of_day") if name in release.single and release.single[name].order
    ]
    for place, name in zip(st.columns(2), shown, strict=False):
        with place:
            made = breakdown_figure(release.breakdowns, release.clusters, name, top=24, theme=session.theme())
            pictures.figure(made, name, heading=release.single[name].label)
    if not shown:
        st.caption("Neither is released.")


def page() -> None:
    release = session.release()
    st.title("Trends", anchor=False)
    if len(release.weeks) < 2 or not release.rows:
        st.info(
            "There is nothing to follow over time: "
            + ("the conversations carry no dates." if not release.weeks else "they are all of one week.")
            + " A source with a timestamp for each conversation gives trends.",
            icon=":material/event_busy:",
        )
        return
    st.caption(
        md(f"{len(release.weeks)} weeks, {release.weeks[0]} to {release.weeks[-1]}, UTC. {release.why_hidden()}")
    )
    show = {"over": over_time, "movers": movers, "split": before_after, "clock": hours}
    for name, tab in controls.tabs(TABS, "w_trend_tab", "trends"):
        if tab.open:
            with tab:
                show[name]()


page()
