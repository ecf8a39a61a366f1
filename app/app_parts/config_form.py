"""The form of a config: one control for each entry of ``clio.explore.form``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from clio.config import RunConfig
from clio.errors import ClioError, ConfigError
from clio.explore import form
from clio.explore.form import Entry
from clio.explore.safe import md, plain

LABELS = {
    "embedded": "On this machine, no key and no network",
    "claude": "Described by Claude: redacted conversations are sent to Anthropic's API",
    "local-server": "A model server of your own",
}


def settings(columns: dict[str, Any]) -> RunConfig | None:
    """A config from the form, with what was said of the columns; None where it is not valid, and every fault is shown.

    Thresholds that a preset brings are shown as they are in force, so the rest of the form follows what comes first.
    """
    base = st.selectbox("Who writes", form.OFFERED, key="w_base", format_func=LABELS.__getitem__)
    first = [entry for entry in form.entries(base) if entry.basic]
    slots: dict[str, Any] = {}
    changes = columns | _controls(first, f"w_set_{base}", slots)
    try:
        shown = form.form_config(base, changes)
    except ClioError:
        shown = form.base_config(base)
    rest = [entry for entry in form.entries(base, shown) if not entry.basic and not entry.key.startswith(form.COLUMNS)]
    with st.expander("All settings", icon=":material/tune:"):
        st.caption(f"Only in a config file: {md(', '.join(form.file_only(base)), 1_000)}.")
        for section in dict.fromkeys(entry.section for entry in rest):
            st.markdown(f"**{md(section)}**")
            own = [entry for entry in rest if entry.section == section]
            changes |= _controls(own, f"w_set_{base}_{shown.release.preset}", slots)
    try:
        return form.form_config(base, changes)
    except ConfigError as error:
        found, others = form.by_key(error, list(slots))
        for key, said in found.items():
            slots[key].error(md(said), icon=":material/block:")
        if found:
            others.insert(0, f"Not valid yet: {', '.join(found)}.")
        for said in others:
            st.error(md(said, 1_000), icon=":material/block:")
    except ClioError as error:
        st.error(md(error, 1_000), icon=":material/block:")
    return None


def columns(names: tuple[str, ...]) -> dict[str, Any]:
    """Which column of a table holds what."""
    asked = [entry for entry in form.entries("embedded", columns=names) if entry.key.startswith(form.COLUMNS)]
    return _controls(asked, "w_column", {})


def _controls(entries: Iterable[Entry], prefix: str, slots: dict[str, Any]) -> dict[str, Any]:
    """Controls side by side, and what was changed in them; a place for each one's fault."""
    changes: dict[str, Any] = {}
    row: list[Any] = []
    for entry in entries:
        wide = entry.basic and entry.kind == "choices"
        row = [st.container()] if wide else row or list(st.columns(3))
        with row.pop(0):
            value = _control(entry, f"{prefix}_{entry.key}")
            slots[entry.key] = st.empty()
        if entry.changed(value):
            changes[entry.key] = value
    return changes


def _control(entry: Entry, key: str) -> Any:
    told: dict[str, Any] = {"key": key, "help": entry.help or None}
    if entry.kind == "switch":
        return st.toggle(entry.label, bool(entry.value), **told)
    if entry.kind in ("whole", "number"):
        kind = int if entry.kind == "whole" else float
        least, most, value = (None if of is None else kind(of) for of in (entry.least, entry.most, entry.value))
        shape = {"step": 1} if kind is int else {"format": "%g"}
        return st.number_input(entry.label, least, most, value, placeholder=_empty(entry), **shape, **told)
    if entry.kind == "day":
        return st.date_input(entry.label, entry.value, **told)
    if entry.kind == "choice":
        at = entry.options.index(entry.value) if entry.value in entry.options else None
        named = {"format_func": lambda option: plain(entry.title(option), 120), "placeholder": _empty(entry)}
        if at is None or not entry.optional:
            return st.selectbox(entry.label, entry.options, at, **named, **told)
        # A box that begins with a value cannot be emptied: nothing is one of its options.
        named["format_func"] = lambda option: _empty(entry) if option is None else plain(entry.title(option), 120)
        return st.selectbox(entry.label, (*entry.options, None), at, **named, **told)
    if entry.kind in ("choices", "words"):
        given = list(entry.value or ())
        options = [*entry.options, *(word for word in given if word not in entry.options)]
        named = {"format_func": plain, "placeholder": _empty(entry), "accept_new_options": entry.kind == "words"}
        return st.multiselect(entry.label, options, given, **named, **told)
    return st.text_input(entry.label, entry.value or "", max_chars=entry.longest, placeholder=_empty(entry), **told)


def _empty(entry: Entry) -> str:
    return "not set" if entry.optional else ""
