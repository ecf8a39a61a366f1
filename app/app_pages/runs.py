"""Runs of the runs folder: start one from a file, watch, stop, go on, open the result."""

from pathlib import Path

import pandas as pd
import streamlit as st
from app_parts import config_form, session

from clio.errors import ClioError
from clio.explore import form, jobs, places
from clio.explore.pace import time_told
from clio.explore.safe import md, plain

SAID, GO = session.RUNS_SAID, session.RUNS_GO
ICONS = {"running": "sync", "finished": "check_circle", "stopped": "pause_circle", "failed": "error", "new": "schedule"}


def attempt(what, *given, done: str = "") -> None:
    """Do it, and keep what is to be said of it for after the page is drawn anew."""
    try:
        what(*given)
        st.session_state[SAID] = ("done", done)
    except ClioError as error:
        st.session_state[SAID] = ("failed", str(error))


def explore(folder: Path, name: str) -> None:
    """Open another run on every page."""
    attempt(lambda: session.open_other(places.inside(folder, name)), done=f"{name} is open now: see Map and tree.")
    st.session_state[GO] = True


Stamp = tuple[int, int]
Columns = tuple[tuple[str, str], ...]


@st.cache_data(max_entries=16, show_spinner=False)
def columns_of(path: str, stamp: Stamp) -> tuple[str, ...]:  # noqa: ARG001 - the stamp names the entry
    return form.columns_of(Path(path))


@st.cache_data(max_entries=16, show_spinner="Reading the file …")
def facts(path: str, stamp: Stamp, columns: Columns) -> dict[str, str]:  # noqa: ARG001 - the stamp names the entry
    from clio.runs.inspect import inspect_input

    found = {}
    for name, value in inspect_input(Path(path), form.ingest_config(dict(columns))).items():
        if isinstance(value, dict):
            value = ", ".join(f"{what}: {count:,}" for what, count in value.items())
        found[name.capitalize()] = f"{value:,}" if isinstance(value, int) else str(value)
    return found


def kept(folder: Path) -> None:
    """What was sent, where it lies, and how it is got rid of."""
    st.caption(
        f"What is sent is kept as it is, conversations and all, in {md(folder.resolve() / places.UPLOADS, 300)}, for "
        "the user alone that this explorer runs as. It stays there until it is deleted."
    )
    sent = places.uploads(folder)
    if not sent:
        return
    with st.expander(f"Files that were sent: {len(sent):,}", icon=":material/folder:"):
        for upload in sent:
            text, button = st.columns([3, 1], vertical_alignment="center")
            name = upload.name.rpartition("/")[2]
            text.markdown(f"{md(name, 80)}  \n{upload.bytes / 1e6:,.1f} MB, {upload.time:%Y-%m-%d}")
            with button.popover("Delete", icon=":material/delete:"):
                st.caption("Runs that were made from it stay; one that has not read it to the end cannot go on.")
                st.button(
                    "Delete for good", key=f"w_delete_{upload.name}", type="primary", on_click=attempt,
                    args=(jobs.delete_upload, folder, upload.name), kwargs={"done": f"{name} is deleted."},
                )  # fmt: skip


def choose(folder: Path) -> str | None:
    """A file of the runs folder, or one that is sent."""
    here, sent = st.columns(2)
    with sent:
        given = st.file_uploader("Send a file", type=[suffix[1:] for suffix in places.SUFFIXES], key="w_upload")
        if given is not None and st.session_state.get(session.UPLOADED) != given.file_id:
            st.session_state[session.UPLOADED] = given.file_id
            try:
                st.session_state["w_source"] = places.keep_upload(folder, given.name, given.getvalue())
            except ClioError as error:
                st.error(md(error), icon=":material/block:")
        kept(folder)
    with here:
        found = places.sources(folder)
        if st.session_state.get("w_source") not in found:
            st.session_state.pop("w_source", None)
        return st.selectbox(
            "A file below the runs folder", found, index=None, key="w_source", format_func=plain,
            placeholder="Choose a file" if found else "There is none yet: send one",
        )  # fmt: skip


def costs(config, folder: Path, path: Path) -> None:
    """What it will cost and how long it will take, counted on this machine: nothing is sent."""
    from clio.cli_estimate import shown
    from clio.runs.estimate import estimate

    if st.button("Estimate cost and time", icon=":material/calculate:"):
        try:
            with st.spinner("Reading the file …"):
                found = estimate(config, path, count="local")
        except ClioError as error:
            st.error(md(error, 1_000), icon=":material/block:")
            return
        st.code(shown(found), language=None, wrap_lines=True)
        if not found.stages:
            st.caption(md(time_told(folder, config, found.conversations)))


def begin(folder: Path) -> None:
    """From a file to a run."""
    st.subheader("Start a run", anchor=False)
    name = choose(folder)
    if name is None:
        return
    columns: dict[str, str] = {}
    try:
        path = places.inside(folder, name)
        stat = path.stat()
        stamp = (stat.st_size, stat.st_mtime_ns)
        if table := columns_of(str(path), stamp):
            st.info("A table of no format we know: say which of its columns hold what.", icon=":material/table:")
            columns = config_form.columns(table)
            if not {f"{form.COLUMNS}messages", f"{form.COLUMNS}user"} & columns.keys():
                return
        told = facts(str(path), stamp, tuple(columns.items()))
    except (ClioError, OSError) as error:
        st.error(md(str(error).replace(str(folder.resolve()), ""), 1_000), icon=":material/block:")
        return
    with st.expander(f"{md(name, 80)}: {md(told['Format'])}, {md(told['Conversations'])} conversations", expanded=True):
        shown = pd.DataFrame([{"Fact": what, "Value": plain(value)} for what, value in told.items()])
        st.dataframe(shown, hide_index=True, height="content", alt="Facts about the file")
    config = config_form.settings(columns)
    if config is None:
        return
    costs(config, folder, path)
    called = st.text_input("Name of the run", key="w_run_name", max_chars=80, placeholder="letters, digits, dashes")
    st.button(
        "Start", type="primary", icon=":material/play_arrow:", disabled=not called, on_click=attempt,
        args=(jobs.start, folder, called, name, config), kwargs={"done": "The run has started."},
    )  # fmt: skip


@st.fragment(run_every="2s")
def existing(folder: Path) -> None:
    """Every run, with what can be done with it. What was said of the last thing that was done stays until the next."""
    if st.session_state.pop(GO, False):
        st.rerun(scope="app")
    how, said = st.session_state.get(SAID, ("", ""))
    if how == "done":
        st.success(md(said), icon=":material/check:")
    elif how:
        st.error(md(said.replace(str(folder.resolve()), ""), 1_000), icon=":material/block:")
    runs = jobs.listed(folder)
    if not runs:
        st.caption("There is no run in this folder yet.")
    for run in runs:
        with st.container(border=True):
            text, buttons = st.columns([3, 2], vertical_alignment="center")
            with text:
                many = f" · {run.conversations:,} conversations" if run.conversations is not None else ""
                st.markdown(
                    f":material/{ICONS[run.status]}: **{md(run.title)}**  \n{md(run.name)} · {run.status}{many}"
                )
            with buttons.container(horizontal=True, horizontal_alignment="right"):
                if run.stoppable:
                    st.button(
                        "Stop", key=f"w_stop_{run.name}", icon=":material/stop:", on_click=attempt,
                        args=(jobs.stop, folder, run.name), kwargs={"done": "It stops; what is finished is kept."},
                    )  # fmt: skip
                elif run.status == "running":
                    st.caption("Started elsewhere: stop it there.")
                elif run.resumable and run.status != "finished":
                    st.button(
                        "Go on", key=f"w_resume_{run.name}", icon=":material/resume:", on_click=attempt,
                        args=(jobs.resume, folder, run.name), kwargs={"done": "The run goes on."},
                    )  # fmt: skip
                if run.released:
                    now = session.given().run
                    is_open = bool(now) and now.resolve() == places.inside(folder, run.name)
                    st.button(
                        "Open", key=f"w_open_{run.name}", icon=":material/open_in_new:", on_click=explore,
                        args=(folder, run.name), disabled=is_open,
                    )  # fmt: skip
            watch(folder, run)


def watch(folder: Path, run: jobs.Listed) -> None:
    """Progress of a run that is under way, or why it failed."""
    found = jobs.progress(places.inside(folder, run.name))
    if run.status == "failed" and found.error:
        st.error(md(found.error.replace(str(folder.resolve()), ""), 1_000), icon=":material/error:")
    if run.status != "running":
        return
    for label, done, total in found.stages[-1:]:
        many = f"{done:,} of {total:,}" if total else f"{done:,}"
        st.progress(min(1.0, done / total) if total else 0.0, f"{md(label)}: {many}")
    if found.messages:
        st.caption(md(found.messages[-1]))


def page() -> None:
    st.title("Runs", anchor=False)
    folder = session.given().runs_folder
    if folder is None or not folder.is_dir():
        st.info(
            "No runs folder was named. Start with: clio explore RUN, or with --runs FOLDER.", icon=":material/help:"
        )
        return
    st.caption(
        "Each run is the ordinary clio run, in a process of its own; it goes on when this page is closed. Files are "
        "read below the runs folder only, and what is sent here is kept there, in uploads."
    )
    existing(folder)
    begin(folder)


page()
