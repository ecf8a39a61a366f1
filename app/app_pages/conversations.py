"""Restricted: answers about single conversations of a cluster. The look is written down before a row is shown."""

import streamlit as st
from app_parts import controls, reader, session

from clio.errors import ClioError
from clio.explore.openings import PAGE, Opening, closed, open_cluster
from clio.explore.safe import md
from clio.runs.access_log import one_line

OPENED, FAULT = session.OPENED, session.OPENED_FAULT


def look(name: str) -> None:
    """Open one cluster, on the reader's word."""
    try:
        opening = open_cluster(session.release(), name, purpose=session.given().purpose, who=reader.who())
        st.session_state[OPENED] = opening
        st.session_state["w_rows_page"] = 1
    except ClioError as error:
        st.session_state.pop(OPENED, None)
        st.session_state[FAULT] = str(error)


def rows(opening: Opening) -> None:
    """One page of them, as text."""
    st.caption(
        f"{len(opening.rows):,} conversations, nearest to the cluster's centre first. This look is line "
        f"{opening.number:,} of the access log."
    )
    if opening.own_words:
        st.caption(
            f"Not shown: {md(', '.join(opening.own_words))}. Here the answers are words of the users, redacted; a run "
            "with a model that writes has summaries instead."
        )
    number = 1
    if opening.pages > 1:
        number = st.number_input(
            f"Page, of {opening.pages:,} with {PAGE} conversations each", 1, opening.pages, key="w_rows_page", width=280
        )
    shown = opening.page(int(number)).rename(columns=lambda name: str(name).replace("_", " ").capitalize())
    st.dataframe(shown, hide_index=True, height="content", placeholder="", alt="Answers about single conversations")


def page() -> None:
    release = session.release()
    st.title("Conversations", anchor=False)
    purpose = one_line(session.given().purpose)
    st.warning(
        f"Restricted: single conversations. Stated purpose: **{md(purpose)}**. Who opens which cluster, when, and how "
        "many rows, is entered in the run's access log before anything is shown.",
        icon=":material/visibility_lock:",
    )
    why = closed(release)
    if why:
        st.session_state.pop(OPENED, None)
        st.info(md(why), icon=":material/delete_forever:")
        return
    controls.cluster_select("w_opened")
    name = session.state().cluster
    fault = st.session_state.pop(FAULT, "")
    if fault:
        st.error(md(fault.replace(str(release.folder), release.folder.name), 1_000), icon=":material/block:")
    opening = st.session_state.get(OPENED)
    if opening is not None and (opening.cluster != name or opening.run != release.folder):
        del st.session_state[OPENED]
        opening = None
    if name is None:
        st.info("Choose a cluster.", icon=":material/touch_app:")
    elif opening is not None:
        rows(opening)
    else:
        if name in release.at_most:
            st.caption("What is opened is the cluster as it was released, without what edits put into it or took away.")
        st.button(
            "Open its conversations, and enter it in the log", type="primary", on_click=look, args=(name,),
            icon=":material/lock_open:",
        )  # fmt: skip


page()
