"""Figures of a report: each with its words in the report's language, its numbers as a table, and a twin that moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from clio.explore.release import ALL
from clio.explore.safe import plain
from clio.report.document import Picture, Table

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release
    from clio.figures.colour import Theme
    from clio.figures.figure import Figure
    from clio.figures.texts import Wording
    from clio.report.words import Words

NARROW = 340
"""Pixels of a figure on a phone that is 390 wide."""
TITLE = 120
MOST_ROWS = 400
"""Rows of the table behind a figure; what is beyond is said below it."""
Look = dict[str, Any]
"""Words, theme and width of a figure."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """How to draw one figure again: on paper or screen at a width, and with plotly."""

    static: Callable[[Theme, int | None], Figure]
    moving: Callable[[Theme], Figure] | None


@dataclass(frozen=True)
class Pictures:
    """Draws the figures of one release and remembers how."""

    release: Release
    words: Words
    drawings: dict[str, Drawing] = field(default_factory=dict)

    @cached_property
    def figures(self) -> Wording:
        """Fixed text within figures, with facets called as everywhere in the report."""
        named = {name: self.words.facet(name, info.label) for name, info in self.release.facets.items()}
        return replace(self.words.figures, facets=named)

    def areas(self, level: int) -> Picture | None:
        """The largest clusters of a level."""
        clusters, w = self.release.clusters, self.words
        return self._picture(
            "areas", w("p_areas"), w("p_areas_note"),
            lambda s, look: s.areas_svg(clusters, level=level, **look),
            lambda f, look: f.areas_figure(clusters, level=level, **look),
            lambda frame: shares_table(frame, w, w("t_areas"), w("c_area"), self.release.at_most),
        )  # fmt: skip

    def movement(self, before: Sequence[str], after: Sequence[str], level: int) -> Picture | None:
        """Clusters whose share changed between two lists of weeks."""
        r, w = self.release, self.words
        return self._picture(
            "movement", w("p_movement"), w("p_movement_note"),
            lambda s, look: s.movement_svg(
                r.trends, r.clusters, before, after, level=level, **look
            ),
            lambda f, look: f.movement_figure(r.trends, r.clusters, before, after, level=level, **look),
            lambda frame: movement_table(frame, w),
        )  # fmt: skip

    def map(self) -> Picture | None:
        """Clusters of the finest level over the density."""
        r, w = self.release, self.words
        return self._picture(
            "map", w("p_map"), w("p_map_note"),
            lambda s, look: s.map_svg(
                r.clusters, r.squares, labels=14 if look["width"] is None else 5,
                height=None if look["width"] is None else 330, **look,
            ),
            None,
            lambda frame: _map_table(frame, w, r.at_most),
        )  # fmt: skip

    def breakdown(self, facet: str, cluster_id: str, key: str, name: str) -> Picture | None:
        """A facet's values in a cluster or in all."""
        r, w = self.release, self.words
        info = r.facets[facet]
        told = plain(w.facet(facet, info.label), TITLE)
        title = w("p_breakdown_all" if cluster_id == ALL else "p_breakdown", facet=told, name=plain(name, TITLE))
        return self._picture(
            key, title, w("p_breakdown_note"),
            lambda s, look: s.breakdown_svg(
                r.breakdowns, r.clusters, facet, cluster_id, adds_up=info.adds_up, top=14, **look
            ),
            lambda f, look: f.breakdown_figure(
                r.breakdowns, r.clusters, facet, cluster_id, adds_up=info.adds_up, top=14, **look
            ),
            lambda frame: values_table(frame, w, title, cluster_id in r.at_most),
        )  # fmt: skip

    def trend(self, cluster_id: str, key: str, name: str) -> Picture | None:
        """A cluster's weeks."""
        r, w = self.release, self.words
        whole = cluster_id == ALL
        title = w("p_trend_all") if whole else w("p_trend", name=plain(name, TITLE))
        return self._picture(
            key, title, w("p_trend_all_note" if whole else "p_trend_note"),
            lambda s, look: s.trend_svg(r.trends, r.clusters, [cluster_id], **look),
            lambda f, look: f.trend_figure(r.trends, r.clusters, [cluster_id], **look),
            lambda frame: weeks_table(frame, w, title, r.at_most),
        )  # fmt: skip

    def heatmap(self, facet: str, level: int, key: str) -> Picture | None:
        """A facet's values in every cluster of a level."""
        r, w = self.release, self.words
        title = w("p_heat", facet=plain(w.facet(facet, r.facets[facet].label), TITLE))
        return self._picture(
            key, title, w("p_heat_note"),
            lambda s, look: s.heatmap_svg(
                r.breakdowns, r.clusters, facet, level=level, **look | {"width": look["width"] and 500}
            ),
            lambda f, look: f.heatmap_figure(r.breakdowns, r.clusters, facet, level=level, **look),
            lambda frame: _matrix_table(frame, w, title),
        )  # fmt: skip

    def against(self, steps: tuple[str, Sequence[str]], flag: tuple[str, str], level: int, key: str) -> Picture | None:
        """Clusters of a level by the steps of one facet and the value of another, each given with its facet."""
        r, w = self.release, self.words
        told = {
            side: plain(w.facet(name, r.facets[name].label), TITLE)
            for side, name in (("concern", steps[0]), ("flag", flag[0]))
        }
        title = w("p_against", **told)
        what: dict[str, Any] = {
            "concern": steps[0], "high": tuple(steps[1]), "flag": flag[0], "flagged": (flag[1],), "level": level,
        }  # fmt: skip
        return self._picture(
            key, title, w("p_against_note", level=level),
            lambda s, look: s.concern_svg(r.breakdowns, r.clusters, **what, **look),
            lambda f, look: f.concern_figure(r.breakdowns, r.clusters, **what, **look),
            lambda frame: _against_table(frame, w, title, flag[1]),
        )  # fmt: skip

    def _picture(
        self, key: str, title: str, note: str, static: Callable[[Any, Look], Figure],
        moving: Callable[[Any, Look], Figure] | None, table: Callable[[pd.DataFrame], Table],
    ) -> Picture | None:  # fmt: skip
        """The figure in both themes; None where there is nothing to draw."""
        from clio import figures
        from clio.figures import static as drawn

        def still(theme: Theme, width: int | None) -> Figure:
            return static(drawn, {"words": self.figures, "theme": theme, "width": width})

        light = still("light", None)
        if light.empty:
            return None
        dark = still("dark", None)
        self.drawings[key] = Drawing(
            still,
            None if moving is None else lambda theme: moving(figures, {"words": self.figures, "theme": theme}),
        )
        return Picture(key, title, light.figure, dark.figure, plain(light.alt, 1_200), note, table(light.table))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows by column name."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def shares_table(frame: pd.DataFrame, w: Words, caption: str, what: str, at_most: Collection[str]) -> Table:
    """Clusters with share and interval."""
    rows = tuple(
        (plain(r["name"]), w.count(r["conversations"]), w.accounts(r["accounts"], r["cluster_id"] in at_most),
         w.share(r["share"]), w.interval(r["low"], r["high"]))
        for r in rows_of(frame)
    )  # fmt: skip
    columns = (what, w("c_conversations"), w("c_accounts"), w("c_share"), w("c_interval"))
    return Table(caption, columns, rows, frozenset((1, 2, 3, 4)), True)


def values_table(frame: pd.DataFrame, w: Words, caption: str, at_most: bool) -> Table:
    """Values of a facet; what is together or hidden is a row that says so."""
    names = {"other": w("together"), "not shown": w("hidden_row")}
    rows = tuple(
        (names.get(r["status"]) or w.value(plain(r["value"])), w.count(r["conversations"]),
         w.accounts(r["accounts"], at_most), w.share(r["share"]), w.interval(r["low"], r["high"]))
        for r in rows_of(frame)
    )  # fmt: skip
    columns = (w("c_value"), w("c_conversations"), w("c_accounts"), w("c_share"), w("c_interval"))
    return Table(caption, columns, rows, frozenset((1, 2, 3, 4)), True)


def weeks_table(frame: pd.DataFrame, w: Words, caption: str, at_most: Collection[str]) -> Table:
    """Weeks of one cluster."""
    whole = bool((frame["cluster_id"] == ALL).all())
    rows = tuple(
        (str(r["week"]), w.count(r["conversations"]), w.accounts(r["accounts"], r["cluster_id"] in at_most))
        + (() if whole else (w.share(r["share"]),))
        for r in rows_of(frame)
    )
    columns = (w("c_week"), w("c_conversations"), w("c_accounts"), *(() if whole else (w("c_of_week"),)))
    return Table(caption, columns, rows, frozenset(range(1, len(columns))), True)


def movement_table(frame: pd.DataFrame, w: Words) -> Table:
    """Change of shares, with what is clear."""
    rows = tuple(
        (plain(r["name"]), w.share(r["share_before"]), w.share(r["share_after"]), w.ratio(r["ratio"]),
         w.ratios(r["low"], r["high"]), w(verdict(r["verdict"])))
        for r in rows_of(frame)
    )  # fmt: skip
    columns = (w("c_area"), w("c_before"), w("c_after"), w("c_change"), w("c_interval"), w("c_clear"))
    return Table(w("t_movement"), columns, rows, frozenset((1, 2, 3, 4)), True)


def verdict(said: str) -> str:
    """Key of the word for a verdict of :mod:`clio.measures`."""
    return {"over": "over", "under": "under", "not shown": "not_shown"}.get(said, "unclear")


def _map_table(frame: pd.DataFrame, w: Words, at_most: Collection[str]) -> Table:
    ordered = frame.sort_values(["conversations", "name"], ascending=[False, True]).head(MOST_ROWS)
    rows = tuple(
        (plain(r["name"]), plain(r["area"]), w.count(r["conversations"]),
         w.accounts(r["accounts"], r["cluster_id"] in at_most), w.share(r["share"]))
        for r in rows_of(ordered)
    )  # fmt: skip
    columns = (w("c_cluster"), w("c_area"), w("c_conversations"), w("c_accounts"), w("c_share"))
    return Table(w("t_map"), columns, rows, frozenset((2, 3, 4)), True)


def _against_table(frame: pd.DataFrame, w: Words, caption: str, flagged: str) -> Table:
    def told(r: dict[str, Any], side: str) -> str:
        return w.share(r[side]) if r[side] == r[side] else w.interval(r[f"{side}_low"], r[f"{side}_high"])

    rows = tuple(
        (plain(r["name"]), w.count(r["conversations"]), told(r, "concern"), told(r, "flag")) for r in rows_of(frame)
    )
    columns = (w("c_cluster"), w("c_conversations"), w("c_concern"), w("c_flag", value=flagged))
    return Table(caption, columns, rows[:MOST_ROWS], frozenset((1, 2, 3)), True)


def _matrix_table(frame: pd.DataFrame, w: Words, caption: str) -> Table:
    values = list(dict.fromkeys(str(value) for value in frame["value"]))
    shares: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    for r in rows_of(frame):
        key = str(r["cluster_id"])
        names[key] = plain(r["name"])
        shares.setdefault(key, {})[str(r["value"])] = w.share(r["share"])
    rows = tuple((names[key], *(own.get(value, w("not_shown")) for value in values)) for key, own in shares.items())
    columns = (w("c_area"), *(w.value(plain(value, 60)) for value in values))
    return Table(caption, columns, rows, frozenset(range(1, len(columns))), True)
