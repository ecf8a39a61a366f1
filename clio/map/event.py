"""What the map reports: the cluster that was clicked, the lasso, where it was looked at from."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

_NUMBER = r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?(?:e[+-]?[0-9]{1,2})?)"
_VIEW = re.compile(f"{_NUMBER},{_NUMBER},{_NUMBER}")


@dataclass(frozen=True)
class View:
    """The centre in data coordinates, and the scale: 1.0 shows everything."""

    x: float
    y: float
    scale: float

    @staticmethod
    def read(text: str | None) -> View | None:
        """A view as the script writes it into an address; None for anything else."""
        found = _VIEW.fullmatch(text or "")
        return _view(dict(zip(("x", "y", "scale"), map(float, found.groups()), strict=True))) if found else None


@dataclass(frozen=True)
class MapEvent:
    """The last thing that was chosen on a map.

    Attributes:
        selected: a cluster id of any level.
        lasso: ids of the marks (clusters of the lowest level) inside the lasso.
        polygon: the lasso in data coordinates.
        point: restricted view: the row of the point that was clicked.
        view: where the map was looked at from, at the time of the event.
        webgl: False where the browser has no WebGL. Clusters and shade are drawn all the same; single points are not.
        sequence: grows with every event; 0 where there was none.
    """

    selected: str | None = None
    lasso: list[str] = field(default_factory=list)
    polygon: list[tuple[float, float]] = field(default_factory=list)
    point: int | None = None
    view: View | None = None
    webgl: bool = True
    sequence: int = 0

    @staticmethod
    def read(sent: object, known: Container[str] | None = None) -> MapEvent:
        """An event from what the browser sent. It is checked: what has another shape or names no cluster of ``known``
        (None: any) counts as absent.
        """
        if not isinstance(sent, Mapping):
            return MapEvent()

        def names_cluster(value: object) -> bool:
            return isinstance(value, str) and (known is None or value in known)

        lasso = sent.get("lasso")
        polygon = sent.get("polygon")
        point = sent.get("point")
        return MapEvent(
            selected=sent["selected"] if names_cluster(sent.get("selected")) else None,
            lasso=[value for value in lasso if names_cluster(value)] if isinstance(lasso, list) else [],
            polygon=_polygon(polygon) if isinstance(polygon, list) else [],
            point=_whole(point),
            view=_view(sent.get("view")),
            webgl=sent.get("webgl") is not False,
            sequence=_whole(sent.get("sequence")) or 0,
        )


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        return None
    return int(value)


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _polygon(sent: list[Any]) -> list[tuple[float, float]]:
    corners = [p for p in sent if isinstance(p, (list, tuple)) and len(p) == 2 and _number(p[0]) and _number(p[1])]
    return [(float(x), float(y)) for x, y in corners]


def _view(sent: object) -> View | None:
    if not isinstance(sent, Mapping) or not all(_number(sent.get(name)) for name in ("x", "y", "scale")):
        return None
    return View(float(sent["x"]), float(sent["y"]), float(sent["scale"])) if sent["scale"] > 0 else None
