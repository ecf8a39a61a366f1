"""From a Vega-Lite or Vega specification to SVG."""

from __future__ import annotations

from typing import Any

from clio.errors import MissingExtraError
from clio.figures.colour import Theme, colours
from clio.figures.figure import About, Figure
from clio.figures.texts import Wording
from clio.figures.words import cut

WIDTH = 680
FONT = "Inter, Helvetica Neue, Arial, Liberation Sans, sans-serif"
Spec = dict[str, Any]


def draw(about: About, spec: Spec, theme: Theme, *, vega: bool = False) -> Figure:
    """Draw a specification; for nothing, a line that says why."""
    if about.nothing:
        spec, vega = _nothing(about, theme), False
    return about.drawn(_svg(spec | {"config": config(theme)}, vega, about.words))


def _svg(spec: Spec, vega: bool, words: Wording) -> str:
    try:
        import vl_convert
    except ImportError:
        raise MissingExtraError("A figure for print", "report") from None
    convert = vl_convert.vega_to_svg if vega else vl_convert.vegalite_to_svg
    # Nothing is fetched, whatever a specification might hold.
    marks = {"decimal": words.decimal, "thousands": words.thousands, "grouping": [3], "currency": ["", ""]}
    return str(convert(spec, allowed_base_urls=[], format_locale=marks))


def config(theme: Theme) -> Spec:
    """Look of a theme."""
    c = colours(theme)
    axis = {
        "gridColor": c.grid, "domainColor": c.grid, "tickColor": c.grid, "labelColor": c.soft, "titleColor": c.soft,
        "labelFont": FONT, "titleFont": FONT, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
    }  # fmt: skip
    legend = {"labelColor": c.ink, "labelFont": FONT, "labelFontSize": 11, "labelLimit": 220, "title": None,
              "orient": "bottom", "columns": 3, "symbolType": "circle"}  # fmt: skip
    return {
        "background": c.background, "view": {"stroke": None}, "axis": axis, "legend": legend, "font": FONT,
        "text": {"color": c.ink, "font": FONT}, "padding": 6,
    }  # fmt: skip


def _nothing(about: About, theme: Theme) -> Spec:
    mark = {"type": "text", "color": colours(theme).soft, "fontSize": 13}
    words = {"values": [{"said": cut(about.nothing, 110)}]}
    return {"data": words, "mark": mark, "encoding": {"text": {"field": "said"}}, "width": WIDTH, "height": 60}
