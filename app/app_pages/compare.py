"""Two slices of one release, or two runs, side by side."""

from pathlib import Path

import streamlit as st
from app_parts import controls, pictures, session

from clio.errors import ClioError
from clio.explore.launch import siblings
from clio.explore.safe import md, plain
from clio.explore.slices import telling_pair
from clio.explore.trouble import diagnose
from clio.figures import heatmap_figure, runs_figure, slices_figure


def sliced(facet: str, one: str, other: str, level: int, theme: str):
    release = session.release()
    return slices_figure(release.breakdowns, release.clusters, facet, one, other, level=level, theme=theme)


def heated(facet: str, level: int, theme: str):
    release = session.release()
    return heatmap_figure(release.breakdowns, release.clusters, facet, level=level, measure="ratio", theme=theme)


def slices() -> None:
    release, now = session.release(), session.state()
    usable = [facet.name for facet in release.single.values() if len(facet.order) > 1]
    if not usable or not release.rows:
        st.info("No facet of this release has two values that pass the thresholds.", icon=":material/visibility_off:")
        return
    facet, one, other = now.compare
    if facet not in usable:
        facet, one, other = telling_pair(release) or (usable[0], *release.single[usable[0]].order[:2])
    known = list(release.single[facet].order)
    first, second, third, fourth = st.columns(4)
    for key, value in (("w_cmp_facet", facet), ("w_cmp_one", one), ("w_cmp_other", other)):
        controls.shows(key, value)

    def facet_changed() -> None:
        chosen = st.session_state["w_cmp_facet"]
        session.update(compare=(chosen, *release.single[chosen].order[:2]))

    def values_changed() -> None:
        session.update(compare=(facet, st.session_state["w_cmp_one"], st.session_state["w_cmp_other"]))

    with first:
        st.selectbox(
            "Facet", usable, key="w_cmp_facet", on_change=facet_changed, format_func=lambda f: release.single[f].label
        )
    with second:
        st.selectbox("One", known, key="w_cmp_one", on_change=values_changed, format_func=lambda v: plain(v, 60))
    with third:
        st.selectbox(
            "The other", known, key="w_cmp_other", on_change=values_changed, format_func=lambda v: plain(v, 60)
        )
    with fourth:
        level = st.selectbox(
            "Level", list(range(release.top, -1, -1)), key="w_cmp_level",
            format_func=lambda level: controls.level_name(level, release.top),
        )  # fmt: skip
    if one == other:
        st.info("Choose two different values.")
        return
    st.caption(
        "Which clusters one value has more often than the other. Verdicts allow for the number of clusters that are "
        "looked at (false discovery rate 5 %); hidden cells are bounded, never taken for zero."
    )
    pictures.figure(pictures.kept("sliced", sliced, facet, one, other, level, session.theme()), "slices")
    st.page_link("app_pages/trends.py", label="Two periods: Trends, before and after", icon=":material/trending_up:")
    pictures.figure(
        pictures.kept("heated", heated, facet, level, session.theme()), "heatmap",
        heading=f"{release.single[facet].label}: every value against the whole",
    )  # fmt: skip


def runs() -> None:
    release = session.release()
    others = siblings(session.given())
    if not others:
        st.info(
            "There is no other run in the runs folder. Runs in the same folder can be compared: run once more with "
            "another output folder, for example another month or another model.",
            icon=":material/folder_off:",
        )
        return
    chosen = st.selectbox("The other run", others, format_func=lambda path: plain(path.name, 60), key="w_other_run")
    trouble = diagnose(Path(chosen))
    try:
        second = session.open_release(Path(chosen)) if trouble is None else None
    except ClioError as error:
        second, trouble = None, diagnose(Path(chosen), error)
    if second is None:
        st.warning(md(f"{trouble.title}. {trouble.text}" if trouble else "It cannot be read."))
        return
    common = [name for name in release.single if name in second.single]
    if not common:
        st.info("The two runs have no facet in common, so there is nothing to compare them by.")
        return
    st.caption(
        "Clusters of two runs are not the same clusters, so runs are compared by the facets that both asked for. "
        "Where the model or the wording of a facet differs, so may the answers."
    )
    facet = st.segmented_control(
        "Facet", common, default=common[0], required=True, key="w_runs_facet",
        format_func=lambda name: md(release.single[name].label), label_visibility="collapsed",
    )  # fmt: skip
    labels = (plain(release.folder.name, 30), plain(second.folder.name, 30))
    frames = ((release.breakdowns, release.clusters), (second.breakdowns, second.clusters))
    pictures.figure(runs_figure(*frames, facet, labels=labels, theme=session.theme()), "runs")


def page() -> None:
    st.title("Compare", anchor=False)
    one, two = st.tabs(["Two slices", "Two runs"], on_change="rerun", key="w_compare_tab")
    if one.open:
        with one:
            slices()
    if two.open:
        with two:
            runs()


page()
