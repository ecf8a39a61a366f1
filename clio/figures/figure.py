"""What a figure is: a picture, the numbers that are drawn, and the same in words. And its theme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from clio.errors import MissingExtraError
from clio.figures.colour import Theme, colours, diverging, sequential
from clio.figures.texts import ENGLISH, Wording
from clio.figures.words import label, wrapped

NARROW = 500
"""Pixels below which a figure is laid out for a phone."""
FONT = "Inter, 'Source Sans 3', 'Source Sans Pro', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its data and its description. Names in the texts are clean but not escaped."""

    figure: Any
    """A plotly figure; an SVG string for those of ``clio.figures.static``."""
    table: pd.DataFrame
    """What is drawn, and what is not shown."""
    alt: str
    """What it shows, in words, for those who do not see it."""
    title: str
    note: str
    """What its intervals are about and what is not shown; to stand below it."""
    empty: bool = False
    """Whether there was nothing to draw; ``note`` says why."""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if isinstance(self.figure, str):
            return {"image/svg+xml": self.figure, "text/plain": self.alt}
        return self.figure._repr_mimebundle_(**kwargs)


@dataclass(frozen=True, slots=True)
class About:
    """Everything of a figure but the picture."""

    table: pd.DataFrame
    title: str
    alt: str
    note: str
    nothing: str = ""
    """Why there is nothing to draw."""
    words: Wording = ENGLISH

    def drawn(self, picture: Any) -> Figure:
        """The figure, once it is drawn."""
        return Figure(picture, self.table, self.alt, self.title, self.note, bool(self.nothing))


def graph_objects() -> Any:
    """``plotly.graph_objects``.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise MissingExtraError("An interactive figure", "app") from None
    return go


@lru_cache(maxsize=4)
def template(theme: Theme = "light") -> Any:
    """The plotly template of a theme."""
    go = graph_objects()
    c = colours(theme)
    axis = {
        "gridcolor": c.grid, "linecolor": c.grid, "zerolinecolor": c.grid, "tickcolor": c.grid, "automargin": True,
        "title": {"font": {"size": 12, "color": c.soft}}, "tickfont": {"size": 12, "color": c.soft},
    }  # fmt: skip
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": c.ink},
            "paper_bgcolor": c.background, "plot_bgcolor": c.background, "colorway": list(c.palette),
            "colorscale": {"sequential": scale(sequential(theme)), "diverging": scale(diverging(theme))},
            "xaxis": axis, "yaxis": axis, "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "hoverlabel": {"bgcolor": c.background, "bordercolor": c.soft, "align": "left",
                           "font": {"family": FONT, "size": 12, "color": c.ink}},
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "xanchor": "left",
                       "font": {"size": 12, "color": c.ink}, "itemsizing": "constant"},
            "annotationdefaults": {"font": {"size": 12, "color": c.ink}, "showarrow": False},
            "coloraxis": {"colorbar": {"outlinewidth": 0, "thickness": 12, "tickfont": {"size": 11, "color": c.soft}}},
            "dragmode": False,
        }
    )  # fmt: skip


def scale(steps: list[str]) -> list[list[Any]]:
    """Colours as plotly's colour scale."""
    return [[place / (len(steps) - 1), colour] for place, colour in enumerate(steps)]


def blank(go: Any, about: About, theme: Theme, width: int | None, height: int) -> Any:
    """An empty figure of this theme and size, which writes numbers as its words do."""
    marks = about.words.decimal + about.words.thousands
    return go.Figure(layout={"template": template(theme), "width": width, "height": height, "separators": marks})


def nothing(go: Any, about: About, theme: Theme, width: int | None, height: int | None) -> Figure:
    """A figure that only says why it is empty."""
    figure = blank(go, about, theme, width, height or 160)
    figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})
    figure.add_annotation(
        text=wrapped(about.nothing, 46, 300), x=0.5, y=0.5, xref="paper", yref="paper",
        font={"color": colours(theme).soft, "size": 14},
    )  # fmt: skip
    return about.drawn(figure)


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples."""
    return iter(frame.itertuples(index=False))


def is_narrow(width: int | None) -> bool:
    """Whether to lay out for a phone."""
    return width is not None and width < NARROW


def bar_below(text: str) -> dict[str, Any]:
    """A colour bar under the picture, where it hides nothing and leaves the whole width, on a phone too."""
    return {
        "title": bar_title(text), "orientation": "h", "y": 0, "yanchor": "top", "x": 0, "xanchor": "left", "len": 0.9,
        "thickness": 9, "outlinewidth": 0, "ypad": 8, "tickangle": 0, "nticks": 6,
    }  # fmt: skip


def bar_title(text: str) -> dict[str, Any]:
    """Title of a colour bar."""
    return {"text": label(text, 30), "side": "top", "font": {"size": 11}}
