"""The session: which release is open, and the one state that every control reads and changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from clio.errors import ClioError
from clio.explore import release as releases
from clio.explore import slices
from clio.explore.launch import Arguments
from clio.explore.places import released
from clio.explore.release import Release
from clio.explore.search import Hit, MeaningIndex, Meanings, WordIndex, encoder_of, joined
from clio.explore.state import State, from_params, to_params, valid
from clio.map.event import View

STATE, ADDRESS, PAGE, GIVEN, SOURCES, SEEN, TURN, NO_WEBGL = (
    "clio_state", "clio_address", "clio_page", "clio_given", "clio_sources", "clio_seen", "clio_turn", "clio_no_webgl",
)  # fmt: skip
"""What every page needs."""
CURATED, OPENED, OPENED_FAULT, PLACED, PLACED_FAULT, RUNS_SAID, RUNS_GO, UPLOADED, MADE = (
    "clio_curated", "clio_opened", "clio_opened_fault", "clio_points", "clio_points_fault", "clio_runs_said",
    "clio_runs_go", "clio_uploaded", "clio_made",
)  # fmt: skip
"""What one page or part keeps: declared here, and only here, as every key of the session is but those of widgets
(``w_...``) and of selections (``s_...``)."""

MAP = "map"
VIEW_IN = "v"
"""Of the address: where the map is looked at from. The map's script writes it, no run is made for that, and here it is
read once."""
VIEW = "clio_view"


@st.cache_resource(max_entries=4, show_spinner="Reading the release …")
def _load(folder: str, fingerprint: str) -> Release:  # noqa: ARG001 - the fingerprint names the cache entry
    return releases.load(Path(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _words(key: str, _release: Release) -> WordIndex:  # noqa: ARG001
    return WordIndex(_release.rows)


@st.cache_resource(max_entries=2, show_spinner=False)
def _encoder(folder: str, encoder: str, _release: Release) -> Meanings | str:  # noqa: ARG001
    found = encoder_of(_release)
    return found if isinstance(found, str) else Meanings(found)


@st.cache_resource(max_entries=4, show_spinner="Reading the meaning of every cluster that is new …")
def _meanings(key: str, _known: Meanings, _release: Release) -> MeaningIndex:  # noqa: ARG001
    return _known.index(_release.rows)


@st.cache_data(max_entries=64, show_spinner=False)
def _answer(key: str, filters: tuple[Any, ...], _release: Release) -> slices.Answer:  # noqa: ARG001
    return slices.answer(_release, filters)


def open_release(folder: Path) -> Release:
    """Raises ClioError where the folder holds no readable release."""
    return _load(str(folder), releases.fingerprint(folder))


def opened(given: Arguments) -> Arguments:
    """What the app was started with, but for another run of the runs folder that the address names, or the state.

    A name that leads to no release below the runs folder is no name.
    """
    address = _address()
    fresh = STATE not in st.session_state or (bool(address) and address != st.session_state.get(ADDRESS))
    name = from_params(address).run if fresh else state().run
    folder = given.runs_folder
    run = released(folder, name) if folder is not None and name else None
    return replace(given, run=run, runs=folder) if run is not None else given


def open_other(run: Path) -> None:
    """Explore another run of the runs folder from now on."""
    change(State(run=run.name))
    st.session_state[VIEW] = None  # it was of another map


def given() -> Arguments:
    """What the app was started with."""
    found: Arguments = st.session_state[GIVEN]
    return found


def release() -> Release:
    """The release that is open. Pages run only where there is one."""
    run = given().run
    if run is None:
        raise ClioError("no run was named")
    return open_release(run)


def state() -> State:
    """What is being looked at."""
    found: State = st.session_state.get(STATE, State())
    return found


def change(new: State) -> None:
    """From a callback, before the page is drawn."""
    st.session_state[STATE] = new


def update(**changes: Any) -> None:
    """The state with some fields changed."""
    change(replace(state(), **changes))


def begin(page: str) -> None:
    """Take the state from the address where that was changed from outside; then take in what was selected.

    Changing the page empties the address: that is no change from outside.
    """
    address = _address()
    moved = st.session_state.get(PAGE) != page
    st.session_state.setdefault(VIEW, View.read(st.query_params.get(VIEW_IN)))
    if STATE not in st.session_state or (address != st.session_state.get(ADDRESS) and not (moved and not address)):
        before = state().run
        change(from_params(address))
        if before and not address:
            # Back to an address without a run: this page was made ready for the run that was open.
            st.session_state[ADDRESS] = address
            st.rerun()
    st.session_state[PAGE] = page
    settle()


def _address() -> dict[str, list[str]]:
    """Without the view, which is the browser's to change."""
    return {name: st.query_params.get_all(name) for name in st.query_params if name != VIEW_IN}


def view() -> View | None:
    """Where the address that was opened looks at the map from. The map keeps its own view from then on."""
    found: View | None = st.session_state.get(VIEW)
    return found


def settle() -> None:
    """Take in new selections, drop what the release does not have, write the address. Also first in a fragment."""
    _take_selections()
    now = valid(state(), release())
    folder = given().runs_folder
    if now.run and (folder is None or released(folder, now.run) != given().run):
        now = replace(now, run="")
    change(now)
    address = to_params(now)
    if address != _address():
        st.query_params.from_dict(address)
    st.session_state[ADDRESS] = address


def source(name: str, ids: Sequence[str], default: str | None = None) -> str:
    """The key of a table or chart whose selection counts; ``ids`` are the clusters of its rows.

    ``default``: what it is drawn with as selected, which is no selection of the reader's.

    A selection made elsewhere gives it a new key: its own, old mark would be stale, and the same click again silent.
    So do other rows: a selection is told by row number.
    """
    before = st.session_state.setdefault(SOURCES, {}).get(name)
    if before is not None and before[1] != tuple(ids):
        turns = st.session_state.setdefault(TURN, {})
        turns[name] = turns.get(name, 0) + 1
    key = f"s_{name}_{st.session_state.setdefault(TURN, {}).get(name, 0)}"
    st.session_state[SOURCES][name] = (key, tuple(ids))
    st.session_state.setdefault(SEEN, {}).setdefault(key, default)
    return key


def select(cluster: str | None, by: str = "") -> None:
    """One cluster, chosen in the source ``by``."""
    change(state().select(cluster))
    _turn_others(by)


def _turn_others(by: str) -> None:
    turns = st.session_state.setdefault(TURN, {})
    for name in st.session_state.get(SOURCES, {}):
        if name not in (by, MAP):  # the map is told what is selected, and would lose its zoom
            turns[name] = turns.get(name, 0) + 1


def _take_selections() -> None:
    """Selections of tables and charts, and events of the map, that are new since the last look."""
    seen = st.session_state.setdefault(SEEN, {})
    for name, (key, ids) in list(st.session_state.get(SOURCES, {}).items()):
        if key not in st.session_state:
            continue
        if name == MAP:
            _take_map(key, seen)
            continue
        found = _selected(st.session_state[key], ids)
        if found != seen.get(key):
            seen[key] = found
            if isinstance(found, tuple):
                change(state().lasso(found))
                _turn_others(name)
            elif found is not None:
                select(found, name)


def _selected(event: Any, ids: Sequence[str]) -> str | tuple[str, ...] | None:
    """One cluster, or what a lasso of plotly holds."""
    chosen = (event or {}).get("selection") or {}
    if chosen.get("rows"):
        row = chosen["rows"][0]
        return ids[row] if row < len(ids) else None
    found: list[str] = []
    for point in chosen.get("points") or ():
        data = point.get("customdata")
        data = data[0] if isinstance(data, list | tuple) and data else data
        found += [str(name) for name in (point.get("id"), data) if name in ids][:1]
    return tuple(found) if len(found) > 1 else found[0] if found else None


def _take_map(key: str, seen: dict[str, Any]) -> None:
    from clio.map.streamlit import event_of

    event = event_of(key)
    if event.sequence == (seen.get(key) or 0):
        return
    seen[key] = event.sequence
    if not event.webgl and not st.session_state.get(NO_WEBGL):
        st.session_state[NO_WEBGL] = True  # that is all this event says: nothing was chosen yet
        return
    if event.lasso:
        change(state().lasso(event.lasso))
        _turn_others(MAP)
    elif event.selected != state().cluster or state().several:
        select(event.selected, MAP)


def no_webgl() -> bool:
    """Whether the browser told that it has no WebGL."""
    return bool(st.session_state.get(NO_WEBGL))


def answer() -> slices.Answer:
    """What the current filters find."""
    opened = release()
    return _answer(opened.key, state().active, opened)


def hits() -> tuple[list[Hit], str]:
    """What the search box finds, and what is to be said of it."""
    opened, now = release(), state()
    if not now.query.strip():
        return [], ""
    found = _words(opened.key, opened).search(now.query)
    if not now.meaning:
        return found, ""
    known = _encoder(str(opened.folder), str(opened.about.get("encoder") or ""), opened)
    if isinstance(known, str):
        return found, known
    return joined(found, _meanings(opened.key, known, opened).search(now.query, most=40)), ""


def theme() -> str:
    """``light`` or ``dark``, as the browser has it."""
    return "dark" if st.context.theme.type == "dark" else "light"
