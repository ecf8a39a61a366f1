"""Edits to what is shown of the release: rename, merge, move, hide, note; their history, and undo."""

import json

import pandas as pd
import streamlit as st
from app_parts import controls, reader, session

from clio.errors import ClioError
from clio.explore import exports
from clio.explore.curation import LONGEST, LONGEST_NAME, add, as_rows, in_force
from clio.explore.release import Release
from clio.explore.safe import md, plain
from clio.exports.cells import csv_bytes

ACTIONS = {
    "rename": ("Rename", "Give it another name."),
    "merge": ("Merge", "Put it into another cluster of its level. Conversations add up; accounts are an upper bound."),
    "move": ("Move", "Put it under another cluster of its parent's level."),
    "hide": ("Hide", "Leave it and all below it out of every page, total and download."),
    "note": ("Note", "Say something about it to whoever reads the release."),
}  # fmt: skip
UNDO = {"undo": ("Undo", "")}
SAID = session.CURATED


def options(release: Release, kind: str, name: str) -> list[str]:
    """Where it can go."""
    row = release.rows[name]
    parent = release.rows.get(row["parent_id"] or "")
    level = row["level"] if kind == "merge" else parent["level"] if parent else None
    return [
        other
        for other, there in sorted(release.rows.items(), key=lambda pair: pair[1]["name"])
        if there["level"] == level and other not in (name, row["parent_id"] if kind == "move" else None)
    ]


def enter(kind: str, **what: object) -> None:
    """Add one edit, and keep what is to be said of it for after the page is drawn anew.

    Who makes it is who is logged in; only where nobody is, what was typed.
    """
    release = session.release()
    name = reader.who(public=True)
    what |= {"who": name} if name is not None else {}
    try:
        made = add(release.folder, release.published, kind, **what)
        st.session_state[SAID] = ("done", f"Edit {made.number} is kept.")
        for key in ("w_edit_text", "w_edit_why"):
            st.session_state[key] = ""
    except ClioError as error:
        st.session_state[SAID] = ("failed", str(error).replace(str(release.folder), release.folder.name))


def submit(kind: str, name: str) -> None:
    """What the form holds, as an edit."""
    given = {key: st.session_state.get(f"w_edit_{key}") or "" for key in ("to", "text", "why", "who")}
    enter(kind, cluster=name, **given)


def form(release: Release) -> None:
    """One cluster, one change."""
    controls.cluster_select("w_curated")
    name = session.state().cluster
    if name is None:
        st.info("Choose the cluster to change, here, on the map or in the tree.", icon=":material/touch_app:")
        return
    kind = st.segmented_control(
        "Change", list(ACTIONS), default="rename", required=True, key="w_edit_kind", label_visibility="collapsed",
        format_func=lambda kind: ACTIONS[kind][0],
    )  # fmt: skip
    st.caption(ACTIONS[kind][1])
    places = options(release, kind, name) if kind in ("merge", "move") else []
    if kind in ("merge", "move") and not places:
        st.info("There is nowhere to put it: no other cluster of that level.", icon=":material/block:")
        return
    with st.form("edit", border=True):
        if kind == "rename":
            st.text_input("New name", key="w_edit_text", max_chars=LONGEST_NAME)
        elif kind == "note":
            st.text_area("Note", key="w_edit_text", max_chars=LONGEST["text"], height=90)
        elif places:
            st.selectbox(
                "Into" if kind == "merge" else "Under", places, key="w_edit_to", index=None,
                format_func=lambda other: f"{plain(release.rows[other]['name'], 100)} ({other})",
                placeholder="Choose a cluster",
            )  # fmt: skip
        why, who = st.columns([3, 1])
        why.text_input("Why", key="w_edit_why", max_chars=LONGEST["why"], placeholder="For the history; may be empty")
        reading = reader.who(public=True)
        if reading is None:
            who.text_input("Who", key="w_edit_who", max_chars=LONGEST["who"], placeholder="Your name on this machine")
        else:
            who.caption(f"Entered as **{md(reading, 80)}**, by your log-in.")
        st.form_submit_button(ACTIONS[kind][0], type="primary", on_click=submit, args=(kind, name))


def history(release: Release) -> None:
    """Every edit, and undo."""
    st.subheader("History", anchor=False)
    edits = release.curation.edits
    if not edits:
        st.caption("Nothing was changed: what is shown is the release as it was published.")
        return
    skipped = {edit.number: why for edit, why in release.curated.skipped} if release.curated else {}
    active = {edit.number for edit in release.curation.active}
    names = release.published[0].set_index("cluster_id")["name"].to_dict()

    def state(row: dict) -> str:
        if row["release"] != release.curation.release:
            return "of another release"
        if row["kind"] == "undo":
            return "" if row["in_force"] else "undone"
        return f"left out: {skipped[row['number']]}" if row["number"] in skipped else (
            "in force" if row["number"] in active else "undone"
        )  # fmt: skip

    def named(cluster: str) -> str:
        return plain(names.get(cluster, cluster), 80) if cluster else ""

    rows = as_rows(edits)[::-1]
    frame = pd.DataFrame(
        [
            {
                "Edit": row["number"],
                "State": state(row),
                "Change": (ACTIONS | UNDO)[row["kind"]][0] + (f" {row['of']}" if row["kind"] == "undo" else ""),
                "Cluster, as released": named(row["cluster"]),
                "To": named(row["to"]) or plain(row["text"]),
                "Why": plain(row["why"]),
                "Who": plain(row["who"]),
                "When": row["time"][:16].replace("T", " "),
            }
            for row in rows
        ]
    )
    st.dataframe(frame, hide_index=True, alt="Edits, the newest first", height="content" if len(frame) < 12 else 420)
    undoable = [edit.number for edit in in_force(release.curation.own)][::-1]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if undoable:
            of = st.selectbox("Undo edit", undoable, key="w_undo", width=130)
            st.button("Undo", icon=":material/undo:", on_click=enter, args=("undo",), kwargs={"of": of})
        st.download_button(
            "Edits (CSV)", data=lambda: csv_bytes(pd.DataFrame(as_rows(edits))), mime="text/csv", on_click="ignore",
            file_name=exports.file_name(release, "edits", "csv"), icon=":material/table_chart:",
        )  # fmt: skip
        st.download_button(
            "Edits (JSON)", data=lambda: json.dumps(as_rows(edits), indent=1, ensure_ascii=False), on_click="ignore",
            mime="application/json", file_name=exports.file_name(release, "edits", "json"), icon=":material/code:",
        )  # fmt: skip


def page() -> None:
    release = session.release()
    st.title("Curate", anchor=False)
    st.caption(
        "Changes what is shown, not the release: they are kept beside it, with who, when and why, in edits.jsonl, and "
        "can be undone. They are as public as the release. Hiding is no protection: the release's own files still "
        "hold what is hidden here. To take it out of them, change the config and publish again."
    )
    how, said = st.session_state.pop(SAID, ("", ""))
    if how == "done":
        st.success(md(said), icon=":material/check:")
    elif how:
        st.error(md(said, 1_000), icon=":material/block:")
    if release.rows:
        form(release)
    else:
        st.info("No cluster passed the thresholds: there is nothing to change.", icon=":material/visibility_off:")
    history(release)


page()
