"""Controls that are on more than one page. Each shows the state and, touched, changes it: nothing is kept here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from app_parts import session
from clio.explore import colours
from clio.explore.release import ALL, WEEK
from clio.explore.safe import md, plain
from clio.explore.state import LONGEST_QUERY

NOTHING = "no filter"


def shows(key: str, value: Any) -> None:
    """Let a widget show ``value``; only where it shows another one, or it would overwrite what is being typed."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _update(field: str, key: str) -> Callable[[], None]:
    def changed() -> None:
        session.update(**{field: st.session_state[key]})

    return changed


def cluster_select(key: str) -> None:
    """The one selection, as a list of all clusters."""
    release = session.release()
    ordered: list[str] = []
    waiting = release.children.get(None, [])[::-1]
    while waiting:
        ordered.append(waiting.pop())
        waiting += release.children.get(ordered[-1], [])[::-1]
    shows(key, session.state().cluster)
    st.selectbox(
        "Cluster",
        ordered,
        index=None,
        key=key,
        format_func=lambda name: "\u2003" * (len(release.path(name)) - 1) + plain(release.rows[name]["name"], 120),
        on_change=lambda: session.select(st.session_state[key]),
        placeholder="Choose a cluster, or type a part of its name",
    )


def search_box() -> None:
    """By words as one types; by meaning where asked for."""
    shows("w_query", session.state().query)
    st.text_input(
        "Search",
        key="w_query",
        type="search",
        live="400ms",
        placeholder="Search names, summaries and terms",
        max_chars=LONGEST_QUERY,
        on_change=_update("query", "w_query"),
    )


def meaning_toggle() -> None:
    """Whether search is by meaning, too."""
    shows("w_meaning", session.state().meaning)
    st.toggle(
        "By meaning, too",
        key="w_meaning",
        on_change=_update("meaning", "w_meaning"),
        help="Adds clusters that are near in meaning, by the run's own embedding model, on this machine.",
    )


def colour_select() -> None:
    """What the map is coloured by; of a facet, by the share of which value."""
    release = session.release()
    options = colours.choices(release)
    choice, value = colours.choice_of(session.state().colour)
    shows("w_colour", choice)

    def chosen() -> None:
        first = st.session_state["w_colour"]
        facet = release.single.get(first.removeprefix(colours.SHARE)) if first.startswith(colours.SHARE) else None
        session.update(colour=f"{first}={facet.order[0]}" if facet else first)

    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.selectbox(
            "Colour", list(options), key="w_colour", format_func=lambda key: options.get(key, key), on_change=chosen
        )
        if not value:
            return
        shows("w_colour_value", value)
        st.selectbox(
            "Value",
            release.single[choice.removeprefix(colours.SHARE)].order,
            key="w_colour_value",
            format_func=lambda name: plain(name, 60),
            on_change=lambda: session.update(colour=f"{choice}={st.session_state['w_colour_value']}"),
        )


def size_select() -> None:
    """What the size of a mark tells."""
    shows("w_size", session.state().size)
    st.selectbox(
        "Size",
        ["conversations", "accounts"],
        key="w_size",
        format_func=str.capitalize,
        on_change=_update("size", "w_size"),
    )


def filters() -> None:
    """A popover with at most two facets and their values."""
    now = session.state()
    label = f"Filter ({len(now.active)})" if now.active else "Filter"
    with st.popover(label, icon=":material/filter_alt:", width="stretch"):
        st.caption(
            "Answered from released numbers only. Two facets together are answered where the release itself crosses "
            "them; nothing smaller than a released group is ever counted."
        )
        _filter(0)
        if now.active:
            _filter(1)
            st.button("Clear", on_click=session.update, kwargs={"filters": ()}, icon=":material/close:")


def _filter(place: int) -> None:
    release, now = session.release(), session.state()
    facet, chosen = now.filters[place] if place < len(now.filters) else (NOTHING, ())
    others = {other for n, (other, _) in enumerate(now.filters) if n != place}
    known = {WEEK: "Week"} if release.weeks else {}
    known |= {facet.name: facet.label for facet in release.single.values() if facet.order}
    facets = [NOTHING, *(name for name in known if name not in others)]
    key_facet, key_values = f"w_filter_{place}", f"w_values_{place}"
    shows(key_facet, facet)

    def facet_changed() -> None:
        chosen = st.session_state[key_facet]
        session.change(session.state().placed(place, "" if chosen == NOTHING else chosen))

    def values_changed() -> None:
        session.change(session.state().placed(place, facet, st.session_state[key_values]))

    st.selectbox(
        "Only where" if place == 0 else "and where",
        facets,
        key=key_facet,
        format_func=lambda name: known.get(name, "no filter"),
        on_change=facet_changed,
    )
    if facet == NOTHING:
        return
    shows(key_values, list(chosen))
    st.multiselect(
        "is one of",
        list(release.weeks if facet == WEEK else release.single[facet].order),
        key=key_values,
        format_func=lambda value: plain(value, 60),
        on_change=values_changed,
        placeholder="Choose values",
    )


def filter_note() -> None:
    """What the filters found, said under the controls on every page that heeds them."""
    release, now = session.release(), session.state()
    if not now.active:
        return
    found = session.answer()
    named = " and ".join(f"{facet}: {', '.join(values)}" for facet, values in now.active)
    if found.refused:
        st.warning(f"**{md(named, 200)}** cannot be answered. {md(found.refused)}", icon=":material/block:")
        return
    whole = found.cells.get(ALL)
    if whole is None:
        text = f"**{md(named, 200)}**: hidden for the whole release. {md(release.why_hidden())}"
    else:
        about = "" if whole.exact else "at least "
        people = f"{whole.accounts:,}" if whole.accounts == whole.accounts_most else (
            f"{whole.accounts:,} to {whole.accounts_most:,}"
        )  # fmt: skip
        text = f"**{md(named, 200)}**: {about}{whole.conversations:,} conversations of {people} accounts."
    if found.whole_only:
        text += " The release crosses these two facets over the whole only, so no cluster can be told."
    elif hidden := len(found.hidden(release)):
        text += f" {hidden:,} of {len(release.rows):,} clusters are drawn hollow: too few people in the filter there."
    st.info(text, icon=":material/filter_alt:")


def level_select(label: str, key: str, field: str) -> int:
    """Which level; the coarsest where none was chosen. ``field`` of the state holds it."""
    release = session.release()
    chosen = getattr(session.state(), field)
    level: int = release.top if chosen is None else chosen
    shows(key, level)
    st.segmented_control(
        label, list(range(release.top, -1, -1)), required=True, key=key, on_change=_update(field, key),
        format_func=lambda level: level_name(level, release.top),
    )  # fmt: skip
    return level


def tabs(names: Mapping[str, str], key: str, field: str) -> list[tuple[str, Any]]:
    """Tabs whose choice is in the state: key and container of each."""
    labels = list(names.values())
    shows(key, names[getattr(session.state(), field)])

    def changed() -> None:
        chosen = st.session_state[key]
        session.update(**{field: next(name for name, label in names.items() if label == chosen)})

    return list(zip(names, st.tabs(labels, on_change=changed, key=key), strict=True))


def level_name(level: int, top: int) -> str:
    """For a person."""
    return "Areas" if level == top else "Base clusters" if not level else f"Level {level}"
