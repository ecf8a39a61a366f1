"""Map, hierarchy and detail; search and filters over them."""

import streamlit as st
from app_parts import controls, map_and_tree, session, single

from clio.explore.safe import md


@st.fragment(key="explore")
def explore() -> None:
    session.settle()
    release, now = session.release(), session.state()
    search, colour, size, chosen = st.columns([4, 3, 2, 2], vertical_alignment="bottom")
    with search:
        controls.search_box()
    with colour:
        controls.colour_select()
    with size:
        controls.size_select()
    with chosen:
        controls.filters()
    found, said = session.hits()
    asked = bool(now.query.strip())
    if asked:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{len(found):,}** {'cluster matches' if len(found) == 1 else 'clusters match'}", width="content"
            )
            controls.meaning_toggle()
        if said:
            st.caption(md(said))
    controls.filter_note()
    if not release.rows:
        st.info(
            "Every cluster was under the thresholds, so nothing is shown. The Privacy page tells which rules were in "
            "force. More conversations, or lower thresholds where the readers are few and trusted, would show more.",
            icon=":material/visibility_off:",
        )
        return
    left, right = st.columns([4, 3], gap="small")
    with left:
        single.toggle()
        map_and_tree.the_map(found if asked else None)
    with right:
        map_and_tree.detail()
        map_and_tree.the_tree(found if asked else None)


st.title(md(session.release().title, 100), anchor=False)
map_and_tree.metrics(session.release())
explore()
