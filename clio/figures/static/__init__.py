"""The same figures as SVG, for pages without a script and for print (extra ``report``).

Vega specifications as plain data, drawn by vl-convert: no browser, nothing fetched. They take the tables and give the
:class:`~clio.figures.figure.Figure` of their plotly twins, with an SVG string for a picture. Names are data of the
specification, never part of an expression, and are escaped as SVG text by the renderer.
"""

from __future__ import annotations

from clio.figures.static.charts import heatmap_svg, map_svg, tree_svg, trend_svg
from clio.figures.static.rows import areas_svg, breakdown_svg, movement_svg
from clio.figures.static.scatter import concern_svg

__all__ = [
    "areas_svg", "breakdown_svg", "concern_svg", "heatmap_svg", "map_svg", "movement_svg", "tree_svg", "trend_svg",
]  # fmt: skip
