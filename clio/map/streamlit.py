"""The map as a Streamlit component (version 2, script inline: file-backed scripts need an installed manifest)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from clio.errors import MissingExtraError
from clio.map.bundle import script
from clio.map.event import MapEvent, View
from clio.map.payload import Scene, Size, payload

if TYPE_CHECKING:
    import pandas as pd

    from clio.map.colours import Colours
    from clio.map.points import Points

NAME = "clio_map"


@dataclass(frozen=True)
class _Wish:
    """What the page last asked to be selected. Only a change of it moves the map, so that a click, which the page hands
    back as its selection one run later, is not answered with the whole payload anew.
    """

    number: int
    asked: str | None
    sent: str | None
    seen: int


def cluster_map(
    clusters: pd.DataFrame,
    density: pd.DataFrame | None = None,
    *,
    colours: Colours | None = None,
    size: Size = "conversations",
    selected: str | None = None,
    highlighted: Sequence[str] | None = None,
    points: Points | None = None,
    view: View | None = None,
    key: str,
    height: int = 620,
    title: str = "Map of clusters",
    view_in: str = "",
    on_change: Callable[[], None] | None = None,
) -> MapEvent:
    """Shows the map and returns what was last chosen on it.

    A click, a lasso or Escape reruns the script (or the fragment around it) once. ``selected`` and ``view`` are
    obeyed when they change from one run to the next; between changes the map keeps its own. Zoom survives every change
    of the other arguments.

    Args:
        clusters: release table, any levels; marks are the clusters without children in it.
        density: release table ``map``.
        colours: None colours by top area.
        size: what the area of a circle says.
        selected: a cluster id of any level, None to clear.
        highlighted: ids to be seen while the rest is dimmed; None for all.
        points: restricted view only.
        view: where to look from.
        key: names this map within the app.
        height: pixels.
        title: what screen readers call it.
        view_in: parameter of the address that the browser keeps the view in. Nothing is run for it, and the app must
            not write it; ``View.read(st.query_params.get(view_in))`` of a session's first run is the ``view``.
        on_change: called before the rerun.

    Raises:
        MissingExtraError: streamlit is not installed.
    """
    import streamlit as st

    last = event_of(key, clusters)
    memory = f"{key}:wish"
    wish = _next_wish(st.session_state.get(memory), selected, last)
    st.session_state[memory] = wish
    scene = Scene(clusters, density, colours, size, wish.sent, highlighted, points, view, title, height, view_in)
    result = _component()(
        key=key, data=payload(scene, wish=wish.number), on_event_change=on_change or _nothing, height="content"
    )
    return MapEvent.read(getattr(result, "event", None), set(clusters["cluster_id"]))


def event_of(key: str, clusters: pd.DataFrame | None = None) -> MapEvent:
    """The last event of a map, readable above it in the script. With ``clusters``, ids that it lacks are dropped."""
    import streamlit as st

    state = st.session_state.get(key)
    sent = state.get("event") if isinstance(state, Mapping) else None
    return MapEvent.read(sent, None if clusters is None else set(clusters["cluster_id"]))


def _next_wish(before: _Wish | None, selected: str | None, last: MapEvent) -> _Wish:
    if before is None or last.sequence < before.seen:
        # The first run, or the map was away for a while and starts anew.
        return _Wish(1 if before is None else before.number + 1, selected, selected, last.sequence)
    shown = last.selected if last.sequence > before.seen else before.sent
    if selected != before.asked and selected != shown:
        return _Wish(before.number + 1, selected, selected, last.sequence)
    return _Wish(before.number, selected, before.sent, before.seen)


def _nothing() -> None:
    pass


@cache
def _component() -> Callable[..., Any]:
    try:
        import streamlit as st
    except ImportError as error:
        raise MissingExtraError("The map in Streamlit", "app") from error
    mount: Callable[..., Any] = st.components.v2.component(NAME, js=script())
    return mount
