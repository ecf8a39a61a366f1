"""Weeks: areas over time, fastest movers, before and after a date, weekday by hour."""

import datetime

import streamlit as st
from app_parts import controls, pictures, session

from clio.explore.release import Release
from clio.explore.safe import md, plain
from clio.figures import breakdown_figure, crossed_figure, growth_figure, movement_figure, trend_figure
from clio.measures import split_weeks

AREAS = 8
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


def level_of(release: Release, key: str) -> int:
    """Which level; the coarsest at first."""
    return st.segmented_control(
        "Level", list(range(release.top, -1, -1)), default=release.top, required=True, key=key,
        format_func=lambda level: controls.level_name(level, release.top),
    )  # fmt: skip


@st.fragment
def over_time() -> None:
    release = session.release()
    tops = release.children.get(None, [])
    ordered = [*tops, *(name for name in release.rows if name not in tops)]
    default = [name for name in (session.state().cluster,) if name] or tops[:AREAS]
    chosen = st.multiselect(
        "Clusters", ordered, default=default, max_selections=AREAS, key="w_lines",
        format_func=lambda name: plain(release.rows[name]["name"], 80),
    )  # fmt: skip
    measure = st.segmented_control(
        "Measured by", ["share", "conversations"], default="share", required=True, key="w_measure",
        format_func={"share": "Share of the week", "conversations": "Conversations"}.get,
    )  # fmt: skip
    if chosen:
        pictures.figure(pictures.kept("lines", lines, tuple(chosen), measure, session.theme()), "over-time")


@st.fragment
def movers() -> None:
    release = session.release()
    level = level_of(release, "w_growth_level")
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
        level = level_of(release, "w_movement_level")
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
    over, fast, split, clock = st.tabs(
        ["Over time", "Fastest movers", "Before and after", "Weekday and hour"], on_change="rerun", key="w_trend_tab"
    )
    for tab, show in ((over, over_time), (fast, movers), (split, before_after), (clock, hours)):
        if tab.open:
            with tab:
                show()


page()
