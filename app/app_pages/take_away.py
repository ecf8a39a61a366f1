"""Files made of the release: the report, the map, tables, and what other tools open."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st
from app_parts import session

from clio.errors import ClioError
from clio.explore import exports
from clio.explore.release import Release
from clio.explore.safe import md
from clio.exports.cells import csv_bytes

MADE = session.MADE
TABLES = {
    "clusters": "Every cluster: name, summary, counts, place on the map.",
    "breakdowns": "Clusters by facet value.",
    "trends": "Clusters by week.",
    "levels": "The levels of the hierarchy.",
    "squares": "Squares of the density map.",
    "rules": "The privacy rules and what they hid.",
}
FORMATS = {"html": "HTML", "pdf": "PDF", "docx": "Word (DOCX)", "md": "Markdown"}
LANGUAGES = {"en": "English", "de": "German"}
DETAILS = {"brief": "Brief", "standard": "Standard", "full": "Full"}
FOLDERS = {"csv": "CSV", "parquet": "Parquet", "json": "JSON", "xlsx": "XLSX"}


class Made(NamedTuple):
    """A file of one kind, and what it was made of."""

    of: tuple[object, ...]
    data: bytes


def built(kind: str, name: str, mime: str, of: tuple[object, ...], make: Callable[[], bytes]) -> None:
    """Two presses: one makes the file, and may tell why it cannot; one hands it over. Anything else chosen: anew.

    A download button that makes its own file says of every failure the same, and not which.
    """
    made: dict[str, Made] = st.session_state.setdefault(MADE, {})
    if kind in made and made[kind].of != of:
        del made[kind]
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(f"Make the {kind}", key=f"w_make_{kind}", icon=":material/build:")
        if pressed:
            try:
                with st.spinner("Made of the release, and looked through before it is handed over …"):
                    made[kind] = Made(of, make())
            except ClioError as error:
                made.pop(kind, None)
                st.error(md(error, 2_000), icon=":material/block:")
        if kind in made:
            st.download_button(
                f"Download the {kind} ({len(made[kind].data) / 1e6:.1f} MB)",
                data=made[kind].data,
                file_name=name,
                mime=mime,
                on_click="ignore",
                type="primary",
                icon=":material/download:",
                key=f"w_take_{kind}",
            )


def report(release: Release) -> None:
    """As ``clio report``."""
    st.subheader("Report", anchor=False)
    st.markdown(
        "Findings, map, hierarchy, methods, privacy and limits in one file. What looks like an identifier, a secret or "
        "a name stops it."
    )
    columns = st.columns([3, 2, 2, 3], vertical_alignment="bottom")
    form = columns[0].selectbox("Format", list(FORMATS), format_func=FORMATS.__getitem__, key="w_report_format")
    language = columns[1].selectbox("Language", list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="w_report_lang")
    detail = columns[2].selectbox("Detail", list(DETAILS), 1, format_func=DETAILS.__getitem__, key="w_report_detail")
    moving = columns[3].checkbox(
        "Interactive", key="w_report_moving", disabled=form != "html", help="HTML only: figures that move, in the file."
    )
    interactive = moving and form == "html"
    built(
        "report",
        exports.file_name(release, "report", form),
        exports.REPORTS[form],
        (release.key, form, language, detail, interactive),
        lambda: exports.report(release, form, language=language, detail=detail, interactive=interactive),
    )


def the_map(release: Release) -> None:
    """As one file."""
    now = session.state()
    st.subheader("The map as one file", anchor=False)
    st.markdown("Opens from disk in any browser and asks no host for anything. Coloured as it is here now.")
    found = session.answer() if now.filters else None
    st.download_button(
        "Map (HTML)",
        data=lambda: exports.map_html(release, now.colour, now.size, found),
        file_name=exports.file_name(release, "map", "html"),
        mime="text/html",
        on_click="ignore",
        icon=":material/map:",
        disabled=not release.rows,
    )


def tables(release: Release) -> None:
    """One by one, and all of them."""
    st.subheader("Tables", anchor=False)
    st.markdown("CSV for spreadsheets: UTF-8, and what a spreadsheet would take for a formula is made plain text.")
    for name, about in TABLES.items():
        frame = getattr(release, name)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                f"{name} (CSV)",
                data=lambda frame=frame: csv_bytes(frame),
                file_name=exports.file_name(release, name, "csv"),
                mime="text/csv",
                on_click="ignore",
                icon=":material/table_chart:",
                width=210,
            )
            st.caption(f"{md(about)} {len(frame):,} rows.")
    st.markdown("All of them in one archive, with a data package that describes every column:")
    form = st.selectbox("As", list(FOLDERS), format_func=FOLDERS.__getitem__, key="w_folder_format", width=210)
    built(
        "archive",
        exports.file_name(release, f"tables-{form}", "zip"),
        "application/zip",
        (release.key, form),
        lambda: exports.tables_zip(release, form),
    )


def atlas(release: Release) -> None:
    """For another tool."""
    st.subheader("For Embedding Atlas", anchor=False)
    st.markdown("One row a cluster, with place and text, and the labels of every level.")
    with st.container(horizontal=True):
        for label, what, make in (
            ("Clusters (Parquet)", "atlas", exports.atlas_parquet),
            ("Labels (Parquet)", "atlas-labels", exports.atlas_labels),
        ):
            st.download_button(
                label,
                data=lambda make=make: make(release),
                file_name=exports.file_name(release, what, "parquet"),
                on_click="ignore",
                icon=":material/scatter_plot:",
                disabled=not release.rows,
            )
    st.code(
        "embedding-atlas FILE.parquet --x x --y y --text text --disable-projection --labels LABELS.parquet",
        language=None,
    )


def page() -> None:
    release = session.release()
    st.title("Download", anchor=False)
    st.caption(
        "All of it is made of the release: aggregates only. Whatever you pass on, pass on the privacy rules with it."
    )
    report(release)
    the_map(release)
    tables(release)
    atlas(release)


page()
