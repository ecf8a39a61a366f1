"""Everything that the release tells about one cluster."""

import streamlit as st
from app_parts import controls, map_and_tree, pictures, session

from clio.explore.cluster import NEAREST_BY, nearest, provenance
from clio.explore.numbers import size
from clio.explore.release import ALL, Release
from clio.explore.safe import md, percent, plain
from clio.figures import breakdown_figure, representation_figure, trend_figure


def represented(name: str, theme: str):
    release = session.release()
    return representation_figure(release.breakdowns, release.clusters, name, several=release.several, theme=theme)


def weeks(name: str, theme: str):
    release = session.release()
    return trend_figure(release.trends, release.clusters, (name,), theme=theme)


def broken_down(name: str, facet: str, theme: str):
    release = session.release()
    adds_up = release.single[facet].adds_up
    return breakdown_figure(release.breakdowns, release.clusters, facet, name, adds_up=adds_up, theme=theme)


def head(release: Release, name: str) -> None:
    """Name, summary, size."""
    row = release.rows[name]
    map_and_tree.breadcrumb(release, name, "page")
    st.title(md(row["name"], 160), anchor=False)
    if row["summary"]:
        st.markdown(md(row["summary"]))
    found = pictures.kept("size", lambda name: size(session.release(), name), name)
    with st.container(horizontal=True):
        st.metric("Conversations", f"{found.conversations:,}", width=150)
        st.metric(
            "Accounts", map_and_tree.people(found.accounts, found.at_most), width=130,
            help=map_and_tree.AT_MOST if found.at_most else None,
        )  # fmt: skip
        between = f"{percent(found.low)} to {percent(found.high)}" if found.low is not None else None
        st.metric(
            "Share", percent(found.share), between, delta_color="off", delta_arrow="off", width=170,
            help="Of all released conversations, with its 95 % interval: what another sample of as many accounts of "
            "the same users would show. No statement on prevalence.",
        )  # fmt: skip
        st.metric(
            "Per account", f"{'≥ ' * found.at_most}{found.each:.1f}", width=130,
            help=f"Mean conversations of an account in it. Concentration is not released beyond this: no account has "
            f"more than {release.thresholds.share:.0%} of it.",
        )  # fmt: skip
        st.metric(
            "Stability", "not told" if found.stability is None else f"{found.stability:.2f}", width=130,
            help="0 to 1: how well it is found again where half of the accounts are clustered anew. Under 0.5 it falls "
            "apart as often as not.",
        )  # fmt: skip
    for note in release.curated.notes.get(name, ()) if release.curated else ():
        st.info(f"{md(note.text)}  \n:small[{md(note.who)}, {note.time[:10]}]", icon=":material/sticky_note_2:")
    terms = ", ".join(plain(term, 40) for term in row["terms"])
    if terms:
        st.markdown(f"**Distinctive terms**  \n{md(terms)}")


def facets(release: Release, name: str) -> None:
    """Breakdowns against the whole."""
    st.subheader("What sets it apart", anchor=False)
    pictures.figure(pictures.kept("represented", represented, name, session.theme()), f"{name}-represented")
    st.subheader("Facets", anchor=False)
    present = [facet for facet in release.single.values() if facet.order]
    if not present:
        st.info("The release breaks nothing down: no facet has a value that passes the thresholds.")
        return
    facet = session.state().facet or present[0].name
    controls.shows("w_facet", facet)
    st.segmented_control(
        "Facet", [f.name for f in present], required=True, key="w_facet", label_visibility="collapsed",
        format_func=lambda f: md(release.single[f].label),
        on_change=lambda: session.update(facet=st.session_state["w_facet"]),
    )  # fmt: skip
    here, whole = st.columns(2)
    for place, cluster_id, label in ((here, name, "In this cluster"), (whole, ALL, "In the whole release")):
        with place:
            made = pictures.kept("broken down", broken_down, cluster_id, facet, session.theme())
            pictures.figure(made, f"{cluster_id}-{facet}", heading=label)


def around(release: Release, name: str) -> None:
    """Children and neighbours."""
    below, beside = st.columns(2)
    with below:
        st.subheader("Below it", anchor=False)
        for child in release.children.get(name, []):
            pictures.open_cluster(child, f"child_{child}")
        if not release.children.get(name):
            st.caption("A base cluster: nothing is released below it.")
    with beside:
        st.subheader("Nearest", anchor=False)
        for near, _ in nearest(release, name):
            pictures.open_cluster(near, f"near_{near}")
        st.caption(NEAREST_BY)


def page() -> None:
    release = session.release()
    if not release.rows:
        st.info("No cluster passed the thresholds. See Privacy.", icon=":material/visibility_off:")
        return
    controls.cluster_select("w_cluster")
    name = session.state().cluster
    if name is None:
        st.info("Choose a cluster here, on the map or in the tree.", icon=":material/touch_app:")
        return
    head(release, name)
    facets(release, name)
    st.subheader("Weeks", anchor=False)
    pictures.figure(pictures.kept("weeks", weeks, name, session.theme()), f"{name}-weeks")
    around(release, name)
    with st.expander("Where this comes from", icon=":material/info:"):
        st.table({md(k): md(v) for k, v in provenance(release, name).items()}, border="horizontal")


page()
