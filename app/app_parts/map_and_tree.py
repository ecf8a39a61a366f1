"""The page's middle: map, hierarchy and detail, one selection between them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app_parts import pictures, session, single, stand_in
from app_parts.controls import shows
from clio.explore import colours, tree
from clio.explore.cluster import group, group_told
from clio.explore.findings import findings
from clio.explore.numbers import headline, together
from clio.explore.release import ALL, Release
from clio.explore.safe import md, percent, plain
from clio.explore.search import Hit
from clio.explore.state import MOST

MAP_HEIGHT = 640
LIST_HEIGHT = 380
SEVERAL_SHOWN = 8
BELOW_SHOWN = 4
AT_MOST = "At most: edits put parts together or took some away, and the same person may be in several."


def _colours(colour: str, filters: tuple[Any, ...]) -> Any:
    return colours.colours(session.release(), colour, session.answer() if filters else None)


def _tree(kind: str, root: str | None, theme: str) -> Any:
    from clio.figures import tree_figure

    return tree_figure(session.release().clusters, kind=kind, root=root, depth=3, theme=theme, height=LIST_HEIGHT)


def _group(names: tuple[str, ...]) -> Any:
    return group(session.release(), names)


def _rows(filters: tuple[Any, ...], only: frozenset[str] | None) -> Any:
    return tree.rows(session.release(), session.answer() if filters else None, only)


def metrics(release: Release) -> None:
    """Conversations, accounts, clusters, weeks, and how much is not shown."""
    found = headline(release)
    with st.container(horizontal=True, gap="small"):
        st.metric("Conversations", f"{found.conversations:,}", width=150)
        st.metric("Accounts", people(found.accounts, found.at_most), width=130, help=AT_MOST if found.at_most else None)
        st.metric("Clusters", f"{found.base:,}", width=120, help=f"{found.clusters:,} with the levels above them.")
        weeks = f"From {found.first} to {found.last}." if found.weeks else "The conversations carry no dates."
        st.metric("Weeks", f"{found.weeks:,}" if found.weeks else "none", width=110, help=weeks)
        if found.share_outside is None:
            said, why = "some", "Some conversations are in no number here: too few to say how many."
        else:
            said = f"{found.share_outside:.0%}" if found.outside else "none"
            why = f"{found.outside:,} conversations are in no number here: their clusters were too small, or one "
            why += "account had more than its share of them."
        st.metric("Left out", said, width=110, help=why)
        help_ = f"{found.hidden:,} facet values and weeks of clusters are hidden, {found.cells:,} are shown. See "
        st.metric("Cells hidden", f"{found.share_hidden:.0%}", width=130, help=f"{help_}Privacy.")


def people(accounts: int, at_most: bool) -> str:
    """A number of accounts, marked where an edit made it an upper bound."""
    return f"{'≤ ' * at_most}{accounts:,}"


def the_map(found: list[Hit] | None) -> None:
    """The map; what is not found is dimmed."""
    from clio.map.streamlit import cluster_map

    release, now = session.release(), session.state()
    key = session.source(session.MAP, ())
    lit = None if found is None else [hit.cluster_id for hit in found]
    if lit is not None:
        lit = list(dict.fromkeys(mark for name in lit for mark in [name, *release.below(name)]))
    elif now.several:
        lit = list(now.several)
    coloured = pictures.kept("colours", _colours, now.colour, now.active)
    if session.no_webgl():
        stand_in.show(coloured, lit, MAP_HEIGHT)
        return
    event = cluster_map(
        release.clusters,
        release.squares,
        colours=coloured,
        size="accounts" if now.size == "accounts" else "conversations",
        selected=now.cluster,
        highlighted=lit,
        points=single.points(),
        view=session.view(),
        view_in=session.VIEW_IN,
        key=key,
        height=MAP_HEIGHT,
        title=f"Map of {len(release.rows):,} clusters",
    )
    single.told(event)


def the_tree(found: list[Hit] | None) -> None:
    """As a list, an icicle or a treemap."""
    now = session.state()
    shows("w_tree", now.tree)
    st.segmented_control(
        "Hierarchy as",
        ["list", "icicle", "treemap"],
        key="w_tree",
        format_func=str.capitalize,
        required=True,
        label_visibility="collapsed",
        on_change=lambda: session.update(tree=st.session_state["w_tree"]),
    )
    if found is not None and now.tree != "list":
        st.caption(f"What a search finds is a list; without one, the {now.tree} is back.")
    if now.tree == "list" or found is not None:
        _list(found)
    else:
        _picture()


def _list(found: list[Hit] | None) -> None:
    release, now = session.release(), session.state()
    only = None if found is None else frozenset(hit.cluster_id for hit in found)
    frame = pictures.kept("rows", _rows, now.active, only)
    ids = frame["cluster_id"].tolist()
    if found is not None and not ids:
        st.info("Nothing matches. Try fewer or other words, or search by meaning, too.", icon=":material/search_off:")
        return
    key = session.source("list", ids, now.cluster if now.cluster in ids else None)
    chosen: dict[str, Any] = {}
    if now.cluster in ids:
        chosen["selection_default"] = {"selection": {"rows": [ids.index(now.cluster)]}}
    weeks = len(release.weeks) >= 2
    order = ["name", "conversations", *(["in_filter", "filter_share"] if "in_filter" in frame else []), "of_parent"]
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        height=LIST_HEIGHT,
        on_select="rerun",
        selection_mode="single-row",
        column_order=[*order, *(["trend"] if weeks else []), "accounts"],
        column_config={
            "name": st.column_config.TextColumn("Cluster", width=230),
            "conversations": st.column_config.NumberColumn("Conv.", help="Conversations", format="localized", width=56),
            "accounts": st.column_config.NumberColumn("Accounts", format="localized", width=70),
            "of_parent": st.column_config.ProgressColumn(
                "Of parent", help="Share of the cluster above", format="%.0f%%", min_value=0, max_value=100, width=92
            ),
            "trend": st.column_config.BarChartColumn(
                "Weeks", help="Conversations by week; no bar where the week is not shown", width=86, y_min=0
            ),
            "in_filter": st.column_config.NumberColumn(
                "In filter", help="Conversations in the filter; empty where hidden", format="localized", width=70
            ),
            "filter_share": st.column_config.NumberColumn("Share", format="%.0f%%", width=60),
        },
        alt="Clusters as an indented list; choose a row to select it",
        placeholder="",
        **chosen,
    )


def _picture() -> None:
    release, now = session.release(), session.state()
    ids = tuple(release.rows)
    root = None
    if now.cluster and release.children.get(now.cluster):
        root = now.cluster
    elif now.cluster:
        root = release.rows[now.cluster]["parent_id"]
    made = pictures.kept("tree", _tree, now.tree, root, session.theme())
    if made.empty:
        st.info(md(made.note), icon=":material/visibility_off:")
        return
    key = session.source("tree", ids)
    if root:
        above = release.rows[root]["parent_id"]
        label = f"Up to {md(release.rows[above]['name'], 50)}" if above else "Up to the whole"
        st.button(label, icon=":material/arrow_upward:", type="tertiary", on_click=session.select, args=(above,))
    st.plotly_chart(
        made.figure, key=f"{key}_{root}", theme=None, on_select="rerun", selection_mode="points", width="stretch",
        config=pictures.CONFIG, alt=plain(made.alt),
    )  # fmt: skip
    pictures.files("hierarchy")
    st.session_state[session.SOURCES]["tree"] = (f"{key}_{root}", ids)


def detail() -> None:
    """What is selected; with nothing selected, what stands out."""
    release, now = session.release(), session.state()
    with st.container(border=True, gap="xsmall", key="w_detail"):
        if now.several:
            _several(release, list(now.several))
        elif now.cluster:
            _one(release, now.cluster)
        else:
            _standing_out(release)


def _standing_out(release: Release) -> None:
    found = findings(release)
    st.markdown("**First findings**" if found else "Choose a mark on the map or a row of the list.")
    for number, finding in enumerate(found):
        with st.container(gap="xxsmall"):
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.markdown(f":small[:gray[{md(finding.title)}]]", width="content")
                if finding.cluster_id:
                    st.button(
                        ":small[Show it]", key=f"w_finding_{number}", type="tertiary", icon=":material/my_location:",
                        on_click=session.select, args=(finding.cluster_id,),
                    )  # fmt: skip
            st.markdown(md(finding.text))


def breadcrumb(release: Release, cluster_id: str, where: str) -> None:
    """The clusters above, each a button."""
    above = release.path(cluster_id)[:-1]
    if not above:
        return
    with st.container(horizontal=True, gap="xsmall", key=f"w_crumbs_{where}"):
        for name in above:
            st.button(
                f"{md(release.rows[name]['name'], 40)} ›", key=f"w_crumb_{where}_{name}", type="tertiary",
                on_click=session.select, args=(name,),
            )  # fmt: skip


def _one(release: Release, cluster_id: str) -> None:
    row = release.rows[cluster_id]
    breadcrumb(release, cluster_id, "detail")
    st.markdown(f"#### {md(row['name'], 160)}")
    many = people(row["accounts"], cluster_id in release.at_most)
    st.markdown(f"**{row['conversations']:,}** conversations · **{many}** accounts · **{row['share']:.1%}** of all")
    if row["summary"]:
        st.markdown(md(row["summary"]))
    _filtered(release, cluster_id)
    terms = [plain(term, 30) for term in row["terms"]][:8]
    if terms:
        st.caption("Terms: " + md(", ".join(terms)))
    under = release.children.get(cluster_id, [])
    if under:
        with st.container(horizontal=True, gap="small"):
            for name in under[:BELOW_SHOWN]:
                pictures.open_cluster(name, f"below_{name}")
            if len(under) > BELOW_SHOWN:
                st.caption(f"and {len(under) - BELOW_SHOWN} more below")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("app_pages/cluster.py", label="All about it", icon=":material/bubble_chart:")
        _clear()


def _filtered(release: Release, cluster_id: str) -> None:
    if not session.state().active:
        return
    found = session.answer()
    cell = found.cells.get(cluster_id)
    if found.refused or found.whole_only:
        st.caption("The filter cannot be answered for single clusters.")
    elif cell is None:
        st.caption(md(f"In the filter: {release.why_hidden()}"))
    else:
        least = "" if cell.exact else "at least "
        share = found.share(release, cluster_id) or 0.0
        whole = found.share(release, ALL)
        beside = f", {whole:.0%} of everything" if whole is not None else ""
        st.markdown(f"In the filter: **{least}{cell.conversations:,}** conversations, {share:.0%} of it{beside}.")


def _several(release: Release, names: list[str]) -> None:
    found = together(release, names)
    st.markdown(f"#### {len(names):,} clusters")
    st.markdown(
        f"**{found.conversations:,}** conversations · at least **{found.accounts:,}** accounts · "
        f"**{percent(found.share)}** of all"
    )
    if session.state().shortened:
        st.caption(f"The address holds {MOST} of them: whoever opens it sees those.")
    with st.container(horizontal=True, gap="small"):
        for name in names[:SEVERAL_SHOWN]:
            pictures.open_cluster(name, f"several_{name}")
        if len(names) > SEVERAL_SHOWN:
            st.caption(f"and {len(names) - SEVERAL_SHOWN:,} more")
    with st.expander("Beside the rest of the release", icon=":material/compare_arrows:"):
        frame = pictures.kept("group", _group, tuple(names))
        told = group_told(frame)
        st.dataframe(
            told,
            hide_index=True,
            column_config={
                "Value": st.column_config.TextColumn(width=130),
                "Times": st.column_config.NumberColumn(
                    help="How many times as common as in the rest; empty where a count is not shown",
                    format="%.2f", width=60,
                ),
                "Interval": st.column_config.TextColumn(help="95 % interval of Times", width=92),
                "Verdict": st.column_config.TextColumn(width=84),
                "Here": st.column_config.NumberColumn(format="percent", width=66),
                "The rest": st.column_config.NumberColumn(format="percent", width=70),
            },
            alt="Facet values of the selected clusters beside everything outside of them",
        )  # fmt: skip
        st.caption(
            "Over or under: clear after correction for the number of values (Benjamini and Hochberg, 5 %). A cluster "
            "that does not show a value is bounded, never taken for zero."
        )
        if len(frame) > len(told):
            st.caption(f"{len(frame) - len(told):,} values are left out: too few people here or in the rest.")
        pictures.csv(frame, "group")
    _clear()


def _clear() -> None:
    st.button("Clear", key="w_clear", icon=":material/close:", type="tertiary", on_click=session.select, args=(None,))
