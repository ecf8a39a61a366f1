"""Restricted: single conversations on the map. The look is written down before one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_parts import session
from app_parts.controls import shows
from app_parts.reader import who
from clio.errors import ClioError
from clio.explore.openings import closed
from clio.explore.points import Placed, open_points
from clio.explore.safe import md

if TYPE_CHECKING:
    from clio.map.event import MapEvent
    from clio.map.points import Points

PLACED, FAULT = session.PLACED, session.PLACED_FAULT
"""In the session, and nowhere else: neither in a cache nor in the address, which would open them for others."""


def toggle() -> None:
    """Whether the map draws single conversations; off at first, and not there at all without a stated purpose."""
    if not session.given().restricted:
        return
    release = session.release()
    why = closed(release)
    shows("w_points", points() is not None)
    st.toggle(
        "Single conversations",
        key="w_points",
        on_change=_touched,
        disabled=bool(why),
        help="Restricted: a point for every conversation, with its place and cluster and nothing else. Switching it on "
        "is entered in the run's access log first.",
    )
    fault = st.session_state.pop(FAULT, "")
    if fault:
        st.error(md(fault.replace(str(release.folder), release.folder.name), 1_000), icon=":material/block:")
    if why:
        st.caption(md(why))


def _touched() -> None:
    """On the reader's word."""
    st.session_state.pop(PLACED, None)
    if not st.session_state["w_points"]:
        return
    try:
        st.session_state[PLACED] = open_points(session.release(), purpose=session.given().purpose, who=who())
    except ClioError as error:
        st.session_state[FAULT] = str(error)


def _placed() -> Placed | None:
    found: Placed | None = st.session_state.get(PLACED)
    given = session.given()
    if found is not None and not (given.restricted and found.may_show(session.release(), given.purpose)):
        del st.session_state[PLACED]
        return None
    return found


def points() -> Points | None:
    """What was opened and may still be shown."""
    found = _placed()
    return None if found is None else found.points


def told(event: MapEvent) -> None:
    """What is drawn, under the map."""
    found = _placed()
    if found is None:
        return
    said = f"{len(found.points):,} conversations, as the run was published; grey where their cluster is not shown. "
    said += f"This look is line {found.number:,} of the access log."
    if event.polygon:
        said += f" The lasso holds {int(found.points.inside(event.polygon).sum()):,} of them."
    st.caption(md(said))
