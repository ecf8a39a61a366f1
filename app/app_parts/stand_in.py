"""The map where the browser has no WebGL: plotly, drawn as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_parts import pictures, session, single

if TYPE_CHECKING:
    from clio.map.colours import Colours

CONFIG = {"displaylogo": False, "scrollZoom": True, "toImageButtonOptions": {"format": "svg"}}


def show(colours: Colours, highlighted: Sequence[str] | None, height: int) -> None:
    """The same clusters, colours and selection; a click or a lasso selects, as on the map."""
    from clio.map.fallback import fallback_figure

    release, now = session.release(), session.state()
    said = "This browser has no WebGL, or it is switched off: a plotly map stands in, with fewer names."
    if single.points() is not None:
        said += " Single conversations cannot be drawn without it."
    st.caption(said)
    key = session.source("plot", tuple(release.rows))
    made: Any = fallback_figure(
        release.clusters,
        release.squares,
        colours=colours,
        size="accounts" if now.size == "accounts" else "conversations",
        selected=now.cluster,
        highlighted=highlighted,
        height=height,
    )
    st.plotly_chart(
        made, key=key, theme=None, on_select="rerun", selection_mode=("points", "lasso"), width="stretch",
        config=CONFIG, alt=f"Map of {len(release.rows):,} clusters",
    )  # fmt: skip
    pictures.files("map")
