"""Files made of the release: tables, the map, and what other tools open."""

import streamlit as st
from app_parts import session

from clio.explore import exports
from clio.explore.safe import md
from clio.exports.cells import csv_bytes

TABLES = {
    "clusters": "Every cluster: name, summary, counts, place on the map.",
    "breakdowns": "Clusters by facet value.",
    "trends": "Clusters by week.",
    "levels": "The levels of the hierarchy.",
    "squares": "Squares of the density map.",
    "rules": "The privacy rules and what they hid.",
}


def page() -> None:
    release, now = session.release(), session.state()
    st.title("Download", anchor=False)
    st.caption(
        "All of it is made of the release: aggregates only. Whatever you pass on, pass on the privacy rules with it."
    )
    st.subheader("The map as one file", anchor=False)
    st.markdown("Opens from disk in any browser and asks no host for anything. Coloured as it is here now.")
    st.download_button(
        "Map (HTML)",
        data=lambda: exports.map_html(release, now.colour, now.size),
        file_name=exports.file_name(release, "map", "html"),
        mime="text/html",
        on_click="ignore",
        icon=":material/map:",
        disabled=not release.rows,
    )
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


page()
