"""Figures of released tables: plain functions from frames to plotly, shared by explorer, reports and notebooks.

Each gives a :class:`Figure`: the picture, the table of what is drawn and what is not shown, and both in words. plotly
is imported when the first one is drawn (extra ``app``). ``clio.figures.static`` draws the same tables as SVG.
docs/figures.md says what each shows and what it must not be read as.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Figure": "clio.figures.figure",
    "template": "clio.figures.figure",
    "palette": "clio.figures.colour",
    "sequential": "clio.figures.colour",
    "diverging": "clio.figures.colour",
    "Wording": "clio.figures.texts",
    "label": "clio.figures.words",
    "hover": "clio.figures.words",
    "map_figure": "clio.figures.maps",
    "tree_figure": "clio.figures.trees",
    "areas_figure": "clio.figures.bars",
    "breakdown_figure": "clio.figures.bars",
    "representation_figure": "clio.figures.bars",
    "slices_figure": "clio.figures.bars",
    "runs_figure": "clio.figures.bars",
    "movement_figure": "clio.figures.bars",
    "growth_figure": "clio.figures.bars",
    "trend_figure": "clio.figures.trends",
    "sparkline_figure": "clio.figures.trends",
    "heatmap_figure": "clio.figures.grids",
    "crossed_figure": "clio.figures.grids",
    "concern_figure": "clio.figures.concerns",
}
__all__ = [*_HOMES]

if TYPE_CHECKING:
    from clio.figures.bars import areas_figure as areas_figure
    from clio.figures.bars import breakdown_figure as breakdown_figure
    from clio.figures.bars import growth_figure as growth_figure
    from clio.figures.bars import movement_figure as movement_figure
    from clio.figures.bars import representation_figure as representation_figure
    from clio.figures.bars import runs_figure as runs_figure
    from clio.figures.bars import slices_figure as slices_figure
    from clio.figures.colour import diverging as diverging
    from clio.figures.colour import palette as palette
    from clio.figures.colour import sequential as sequential
    from clio.figures.concerns import concern_figure as concern_figure
    from clio.figures.figure import Figure as Figure
    from clio.figures.figure import template as template
    from clio.figures.grids import crossed_figure as crossed_figure
    from clio.figures.grids import heatmap_figure as heatmap_figure
    from clio.figures.maps import map_figure as map_figure
    from clio.figures.texts import Wording as Wording
    from clio.figures.trees import tree_figure as tree_figure
    from clio.figures.trends import sparkline_figure as sparkline_figure
    from clio.figures.trends import trend_figure as trend_figure
    from clio.figures.words import hover as hover
    from clio.figures.words import label as label


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clio.figures' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
