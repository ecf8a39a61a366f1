"""Two slices of one release, two periods of it, or two runs, side by side."""

from pathlib import Path

import streamlit as st
from app_parts import controls, pictures, session

from clio.errors import ClioError
from clio.explore.beside import relation, shares
from clio.explore.launch import siblings
from clio.explore.release import WEEK, Release
from clio.explore.safe import md, plain
from clio.explore.slices import first_pair, telling_pair
from clio.explore.state import period, period_text
from clio.explore.trouble import diagnose
from clio.figures import heatmap_figure, movement_figure, runs_figure, slices_figure

TABS = {"slices": "Two slices", "runs": "Two runs"}
ENDS = (("w_cmp_one_from", "w_cmp_one_to"), ("w_cmp_other_from", "w_cmp_other_to"))
CARE = (
    "Verdicts allow for the number of clusters that are looked at (false discovery rate 5 %); hidden cells are "
    "bounded, never taken for zero."
)


def sliced(facet: str, one: str, other: str, level: int, theme: str):
    release = session.release()
    adds_up = facet not in release.several
    return slices_figure(
        release.breakdowns, release.clusters, facet, one, other, level=level, adds_up=adds_up, theme=theme
    )


def heated(facet: str, level: int, theme: str):
    release = session.release()
    return heatmap_figure(release.breakdowns, release.clusters, facet, level=level, measure="ratio", theme=theme)


def moved(before: tuple[str, ...], after: tuple[str, ...], level: int, theme: str):
    release = session.release()
    return movement_figure(release.trends, release.clusters, before, after, level=level, theme=theme)


def slices() -> None:
    release, now = session.release(), session.state()
    usable = {facet.name: facet.label for facet in release.single.values() if len(facet.order) > 1}
    usable |= {WEEK: "Weeks"} if len(release.weeks) > 1 else {}
    if not usable or not release.rows:
        st.info("No facet of this release has two values that pass the thresholds.", icon=":material/visibility_off:")
        return
    facet, one, other = now.compare
    if facet not in usable:
        first = next(iter(usable))
        facet, one, other = telling_pair(release) or (first, *first_pair(release, first))
    controls.shows("w_cmp_facet", facet)

    def facet_changed() -> None:
        chosen = st.session_state["w_cmp_facet"]
        session.update(compare=(chosen, *first_pair(release, chosen)))

    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        st.selectbox("Facet", list(usable), key="w_cmp_facet", on_change=facet_changed, format_func=usable.get)
    with right:
        level = controls.level_select("Level", "w_cmp_level", "compare_level")
    if facet == WEEK:
        periods(release, one, other, level)
    else:
        values(release, facet, one, other, level)


def values(release: Release, facet: str, one: str, other: str, level: int) -> None:
    """Two values of a facet."""
    known = list(release.single[facet].order)
    controls.shows("w_cmp_one", one)
    controls.shows("w_cmp_other", other)

    def changed() -> None:
        session.update(compare=(facet, st.session_state["w_cmp_one"], st.session_state["w_cmp_other"]))

    for place, key, label in zip(st.columns(2), ("w_cmp_one", "w_cmp_other"), ("One", "The other"), strict=True):
        place.selectbox(label, known, key=key, on_change=changed, format_func=lambda v: plain(v, 60))
    if one == other:
        st.info("Choose two different values.")
        return
    st.caption(f"Which clusters one value has more often than the other. {CARE}")
    pictures.figure(pictures.kept("sliced", sliced, facet, one, other, level, session.theme()), "slices")
    pictures.figure(
        pictures.kept("heated", heated, facet, level, session.theme()), "heatmap",
        heading=f"{release.single[facet].label}: every value against the whole",
    )  # fmt: skip


def periods(release: Release, one: str, other: str, level: int) -> None:
    """Two runs of weeks, which must not share one."""
    chosen = [period(release, text) for text in (one, other)]

    def changed() -> None:
        ends = [sorted(st.session_state[key] for key in pair) for pair in ENDS]
        session.update(compare=(WEEK, *(period_text(*pair) for pair in ends)))

    labels = (("One period, from", "to"), ("The other, from", "to"))
    for place, pair, names, weeks in zip(st.columns(2), ENDS, labels, chosen, strict=True):
        for box, key, name, week in zip(place.columns(2), pair, names, (weeks[0], weeks[-1]), strict=True):
            controls.shows(key, week)
            box.selectbox(name, release.weeks, key=key, on_change=changed, help="Weeks by their Monday, UTC.")
    before, after = sorted(chosen)
    if set(before) & set(after):
        st.info("The two periods share weeks. Choose weeks that are in one of them only.")
        return
    st.caption(
        f"Which clusters have a larger share of the later period ({len(after)} weeks) than of the earlier one "
        f"({len(before)}). {CARE}"
    )
    pictures.figure(pictures.kept("periods", moved, before, after, level, session.theme()), "periods")
    st.page_link("app_pages/trends.py", label="Week by week: Trends", icon=":material/trending_up:")


def other_run() -> Release | None:
    """The run to set beside this one; what is the matter with it is said here."""
    others = {path.name: path for path in siblings(session.given())}
    if not others:
        st.info(
            "There is no other run in the runs folder. Runs in the same folder can be compared: run once more with "
            "another output folder, for example on another month.",
            icon=":material/folder_off:",
        )
        return None
    wanted = session.state().other
    name = wanted if wanted in others else next(iter(others))
    controls.shows("w_other_run", name)
    st.selectbox(
        "The other run", list(others), key="w_other_run", format_func=lambda name: plain(name, 60),
        on_change=lambda: session.update(other=st.session_state["w_other_run"]),
    )  # fmt: skip
    folder: Path = others[name]
    trouble = diagnose(folder)
    try:
        second = session.open_release(folder) if trouble is None else None
    except ClioError as error:
        second, trouble = None, diagnose(folder, error)
    if second is None:
        st.warning(md(f"{trouble.title}. {trouble.text}" if trouble else "It cannot be read."))
    return second


def runs() -> None:
    release, second = session.release(), other_run()
    if second is None:
        return
    common = [name for name in release.single if name in second.single]
    if not common:
        st.info("The two runs have no facet in common, so there is nothing to compare them by.")
        return
    wanted = session.state().run_facet
    facet = wanted if wanted in common else common[0]
    controls.shows("w_runs_facet", facet)
    st.caption(
        "Clusters of two runs are not the same clusters, so runs are compared by the facets that both asked for. "
        "Where the model or the wording of a facet differs, so may the answers."
    )
    st.segmented_control(
        "Facet", common, required=True, key="w_runs_facet", label_visibility="collapsed",
        format_func=lambda name: md(release.single[name].label),
        on_change=lambda: session.update(run_facet=st.session_state["w_runs_facet"]),
    )  # fmt: skip
    labels = (plain(release.folder.name, 30), plain(second.folder.name, 30))
    found = relation(release, second)
    if not found.verdicts:
        looks = "" if found.kind == "same" else " It looks as if they hold the same conversations."
        st.warning(
            f"{found.why}{looks} Intervals and verdicts take two runs for samples of different conversations, so there "
            "are none here: a difference between these two is the model's, the config's or chance's.",
            icon=":material/content_copy:",
        )
        beside(release, second, facet, labels)
        return
    st.caption(f"{found.why} If they do all the same, the verdicts below mean nothing.")
    frames = ((release.breakdowns, release.clusters), (second.breakdowns, second.clusters))
    adds_up = facet not in release.several | second.several
    pictures.figure(runs_figure(*frames, facet, labels=labels, adds_up=adds_up, theme=session.theme()), "runs")


def beside(release: Release, second: Release, facet: str, labels: tuple[str, str]) -> None:
    """Shares alone."""
    frame = shares(release, second, facet)
    shown = frame.assign(value=[plain(value, 80) for value in frame["value"]])
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            "value": release.single[facet].label,
            "share_one": st.column_config.NumberColumn(labels[0], format="percent"),
            "share_other": st.column_config.NumberColumn(labels[1], format="percent"),
        },
        alt="Shares of the facet's values in both runs; empty where not shown",
    )
    pictures.csv(frame, "runs")


def page() -> None:
    st.title("Compare", anchor=False)
    show = {"slices": slices, "runs": runs}
    for name, tab in controls.tabs(TABS, "w_compare_tab", "comparing"):
        if tab.open:
            with tab:
                show[name]()


page()
