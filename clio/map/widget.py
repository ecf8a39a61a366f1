"""The map as a notebook widget (anywidget): the same script, what is chosen comes back as attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from clio.errors import MissingExtraError
from clio.map.bundle import script
from clio.map.event import MapEvent
from clio.map.payload import Scene, Size, payload

if TYPE_CHECKING:
    import pandas as pd

    from clio.map.colours import Colours
    from clio.map.points import Points


def map_widget(
    clusters: pd.DataFrame,
    density: pd.DataFrame | None = None,
    *,
    colours: Colours | None = None,
    size: Size = "conversations",
    selected: str | None = None,
    highlighted: Sequence[str] | None = None,
    points: Points | None = None,
    title: str = "Map of clusters",
    height: int = 560,
) -> Any:
    """A ``MapWidget``: show it as the last line of a cell.

    ``event`` is the last :class:`MapEvent`, ``lasso`` its ids; ``selected``, ``highlighted`` and ``colours`` can be
    set. ``widget.observe(f, "sent")`` calls ``f`` with every event.

    Raises:
        MissingExtraError: anywidget is not installed.
    """
    scene = Scene(clusters, density, colours, size, selected, highlighted, points, title=title, height=height)
    return widget_class()(scene)


@cache
def widget_class() -> Any:
    """``MapWidget``, made on first use so that anywidget stays optional."""
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise MissingExtraError("The map in a notebook", "notebook") from error

    class MapWidget(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = script()
        payload = traitlets.Bytes().tag(sync=True)
        sent = traitlets.Dict().tag(sync=True)

        def __init__(self, scene: Scene) -> None:
            self._scene = scene
            self._wish = 1
            self._known = set(scene.clusters["cluster_id"])
            super().__init__(payload=payload(scene, wish=1))

        def _show(self, **changes: Any) -> None:
            self._scene = replace(self._scene, **changes)
            self._wish += "selected" in changes
            self.payload = payload(self._scene, wish=self._wish)

        @property
        def event(self) -> MapEvent:
            return MapEvent.read(self.sent, self._known)

        @property
        def lasso(self) -> list[str]:
            return self.event.lasso

        @property
        def selected(self) -> str | None:
            return self.event.selected if self.sent else self._scene.selected

        @selected.setter
        def selected(self, cluster: str | None) -> None:
            self.sent = {}
            self._show(selected=cluster)

        @property
        def highlighted(self) -> Sequence[str] | None:
            return self._scene.highlighted

        @highlighted.setter
        def highlighted(self, clusters: Sequence[str] | None) -> None:
            self._show(highlighted=clusters)

        @property
        def colours(self) -> Colours | None:
            return self._scene.colours

        @colours.setter
        def colours(self, colours: Colours | None) -> None:
            self._show(colours=colours)

    return MapWidget


def __getattr__(name: str) -> Any:
    if name == "MapWidget":
        return widget_class()
    raise AttributeError(name)
