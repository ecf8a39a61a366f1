"""Figures with their words: text alternative, note, table and file beside every one."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_parts import session
from clio.explore.exports import file_name, file_stem
from clio.explore.safe import md, plain
from clio.exports.cells import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}
"""The camera saves the figure as SVG, in the browser; so do the two buttons of :func:`files`, as PNG or SVG."""
SCRIPT = Path(__file__).resolve().parents[1] / "static" / "figure_files.js"


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(key: str, name: str, arguments: tuple[Hashable, ...], _make: Callable[[], Any]) -> Any:  # noqa: ARG001
    return _make()


def kept(name: str, make: Callable[..., Any], *arguments: Hashable) -> Any:
    """``make(*arguments)``, made once for a release. What is made must follow from the release and the arguments.

    Frames are no arguments: Streamlit tells large ones apart by a sample.
    """
    return _kept(session.release().key, name, arguments, lambda: make(*arguments))


def figure(made: Any, name: str, *, heading: str = "") -> None:
    """A figure of :mod:`clio.figures`; where it is empty, only its reason."""
    if heading:
        st.subheader(md(heading))
    if made.empty:
        st.info(md(made.alt or made.note), icon=":material/visibility_off:")
        return
    st.plotly_chart(made.figure, theme=None, width="stretch", config=CONFIG, alt=plain(made.alt) or "Chart")
    files(name)
    if made.note:
        st.caption(md(made.note))
    table(made.table, name)


@cache
def _files() -> Callable[..., Any]:
    mount: Callable[..., Any] = st.components.v2.component("clio_figure_files", js=SCRIPT.read_text(encoding="utf-8"))
    return mount


def files(name: str) -> None:
    """PNG and SVG of the plotly figure just above, made in the browser."""
    _files()(key=f"w_files_{name}", data={"name": file_stem(session.release(), name)}, height="content")


def table(frame: pd.DataFrame, name: str, label: str = "Numbers") -> None:
    """The numbers of a figure, folded away, to read and to take along."""
    with st.expander(label, icon=":material/table_chart:"):
        st.dataframe(frame, hide_index=True, height=min(360, 38 + 35 * max(1, len(frame))), alt=f"Numbers of {name}")
        csv(frame, name)


def csv(frame: pd.DataFrame, name: str, label: str = "CSV") -> None:
    """A button; the file is made when it is pressed."""
    st.download_button(
        label,
        data=lambda: csv_bytes(frame),
        file_name=file_name(session.release(), name, "csv"),
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=f"w_csv_{name}",
    )


def open_cluster(cluster_id: str, key: str, label: str | None = None) -> None:
    """A button that selects a cluster."""
    row = session.release().rows[cluster_id]
    text = label or f":small[{md(row['name'], 60)} · {row['conversations']:,}]"
    st.button(text, key=f"w_open_{key}", type="tertiary", on_click=session.select, args=(cluster_id,))
