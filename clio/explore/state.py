"""What is being looked at: one value, in the session and in the address.

Every control reads it and gives back a changed one; nothing else holds a selection. An address is a hint from outside:
what it names and the release does not have is dropped, never an error.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clio.explore.release import Release

MOST = 200
"""Clusters of a lasso that the address holds; the session keeps them all."""
MOST_LINES = 8
"""Clusters that are followed over time at once."""
LONGEST_QUERY = 200
LONGEST_NAME = 120
"""Characters of a run's name."""
_ID = re.compile(r"[0-9]{1,2}-[0-9]{1,9}")
_FACET = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_LEVEL = re.compile(r"[0-9]{1,2}")
_COLOUR = re.compile(
    r"area|growth|accounts|stability|share:[a-z][a-z0-9_]{0,39}=.{1,200}|mean:[a-z][a-z0-9_]{0,39}", re.S
)
SIZES = ("conversations", "accounts")
TREES = ("list", "icicle", "treemap")
TREND_TABS = ("over", "movers", "split", "clock")
COMPARE_TABS = ("slices", "runs")
MEASURES = ("share", "conversations")
NO_LINES = "-"
"""In the address: no cluster is followed. Without any word of it, those that a page begins with."""
BETWEEN = "~"
"""In the address: from the first week of a period to its last."""
Filter = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class State:
    """Frozen: a control makes a new one. What is "" or None is left to the page."""

    cluster: str | None = None
    """The selected cluster."""
    several: tuple[str, ...] = ()
    """Clusters that a lasso holds; empty unless several are selected."""
    colour: str = "area"
    size: str = "conversations"
    tree: str = "list"
    query: str = ""
    meaning: bool = False
    """Whether search is by meaning, too."""
    filters: tuple[Filter, ...] = ()
    """Facet and values, in the order of their boxes; at most two. One without values is still being chosen."""
    facet: str = ""
    """Of the cluster page."""
    trends: str = "over"
    """Trends: which tab."""
    lines: tuple[str, ...] | None = None
    """Trends: the clusters that are followed."""
    measure: str = "share"
    """Trends: what their lines tell."""
    growth_level: int | None = None
    split: str = ""
    """Trends: the day before and after which periods are compared."""
    split_level: int | None = None
    comparing: str = "slices"
    """Compare: which tab."""
    compare: tuple[str, str, str] = ("", "", "")
    """Compare: facet, one value, the other; of weeks each value is a period."""
    compare_level: int | None = None
    other: str = ""
    """Compare: the name of the other run."""
    run_facet: str = ""
    """Compare: by which facet two runs are set beside each other."""
    least: tuple[int, int] = (0, 0)
    """Privacy: stricter thresholds to try, of conversations and of accounts; 0 for those in force."""
    run: str = ""
    """A run of the runs folder that was opened in place of the one the app was started with."""

    @property
    def active(self) -> tuple[Filter, ...]:
        """Filters that filter something."""
        return tuple(pair for pair in self.filters if pair[1])

    @property
    def shortened(self) -> bool:
        """Whether the address holds fewer clusters than the lasso."""
        return len(self.several) > MOST

    def select(self, cluster: str | None) -> State:
        """One cluster, or none."""
        return replace(self, cluster=cluster, several=())

    def lasso(self, clusters: Sequence[str]) -> State:
        """Several clusters; one is an ordinary selection."""
        distinct = tuple(dict.fromkeys(clusters))
        if len(distinct) < 2:
            return self.select(distinct[0] if distinct else None)
        return replace(self, cluster=None, several=distinct)

    def filtered(self, facet: str, values: Sequence[str]) -> State:
        """With a filter set, where it was or after the others; or taken away where there are no values."""
        place = next((n for n, pair in enumerate(self.filters) if pair[0] == facet), len(self.filters))
        return self.placed(place, facet if values else "", values)

    def placed(self, place: int, facet: str, values: Sequence[str] = ()) -> State:
        """With the filter of one box replaced; without a facet the box is taken away."""
        held = list(self.filters)
        place = min(place, len(held))
        held[place : place + 1] = [(facet, tuple(dict.fromkeys(values)))] if facet else []
        kept = [pair for n, pair in enumerate(held) if n == place or not facet or pair[0] != facet]
        return replace(self, filters=tuple(kept[-2:]))


def to_params(state: State) -> dict[str, list[str]]:
    """The address of a state: only what differs from the beginning."""

    def unless(usual: object, value: object) -> list[str]:
        return [] if value == usual or value is None else [str(value)]

    lines = None if state.lines is None else ".".join(state.lines) or NO_LINES
    params = {
        "run": unless("", state.run),
        "c": unless(None, state.cluster),
        "m": [".".join(state.several[:MOST])] if state.several else [],
        "colour": unless("area", state.colour),
        "size": unless(SIZES[0], state.size),
        "tree": unless(TREES[0], state.tree),
        "q": unless("", state.query),
        "by": ["meaning"] if state.meaning else [],
        "f": [f"{facet}={value}" for facet, values in state.filters for value in values],
        "facet": unless("", state.facet),
        "trends": unless(TREND_TABS[0], state.trends),
        "l": unless(None, lines),
        "y": unless(MEASURES[0], state.measure),
        "gl": unless(None, state.growth_level),
        "split": unless("", state.split),
        "sl": unless(None, state.split_level),
        "with": unless("", state.other),
        "comparing": unless(COMPARE_TABS[0], state.comparing),
        "compare": list(state.compare) if state.compare[0] else [],
        "cl": unless(None, state.compare_level),
        "rf": unless("", state.run_facet),
        "wc": unless(0, state.least[0]),
        "wa": unless(0, state.least[1]),
    }
    return {name: values for name, values in params.items() if values}


def from_params(params: Mapping[str, Sequence[str]]) -> State:
    """The state of an address; whatever is malformed is left out."""

    def one(name: str) -> str:
        values = params.get(name) or [""]
        return str(values[-1])

    def shaped(name: str, shape: re.Pattern[str], usual: str = "") -> str:
        return one(name) if shape.fullmatch(one(name)) else usual

    def among(name: str, known: Sequence[str]) -> str:
        return one(name) if one(name) in known else known[0]

    def level(name: str) -> int | None:
        return int(one(name)) if _LEVEL.fullmatch(one(name)) else None

    several = _ids(one("m"))[:MOST]
    several = several if len(several) > 1 else ()
    compared = [str(value) for value in params.get("compare") or ()]
    lines = _ids(one("l"))[:MOST_LINES]
    return State(
        cluster=None if several else shaped("c", _ID) or None,
        several=several,
        colour=shaped("colour", _COLOUR, "area"),
        size=among("size", SIZES),
        tree=among("tree", TREES),
        query=one("q")[:LONGEST_QUERY],
        meaning=one("by") == "meaning",
        filters=_filters(params.get("f") or ()),
        facet=shaped("facet", _FACET),
        trends=among("trends", TREND_TABS),
        lines=lines or (() if one("l") == NO_LINES else None),
        measure=among("y", MEASURES),
        growth_level=level("gl"),
        split=one("split") if _day(one("split")) else "",
        split_level=level("sl"),
        comparing=among("comparing", COMPARE_TABS),
        compare=(compared[0], compared[1], compared[2]) if len(compared) == 3 and _FACET.fullmatch(compared[0]) else
        ("", "", ""),
        compare_level=level("cl"),
        other=_name(one("with")),
        run_facet=shaped("rf", _FACET),
        least=(int(shaped("wc", _COUNT, "0")), int(shaped("wa", _COUNT, "0"))),
        run=_name(one("run")),
    )  # fmt: skip


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in text.split(".") if _ID.fullmatch(name)))


def _filters(given: Sequence[str]) -> tuple[Filter, ...]:
    filters: dict[str, list[str]] = {}
    for text in given:
        facet, found, value = str(text).partition("=")
        if found and value and _FACET.fullmatch(facet):
            values = filters.setdefault(facet, [])
            if value not in values:
                values.append(value)
    return tuple((facet, tuple(values)) for facet, values in filters.items())[-2:]


def _day(text: str) -> datetime.date | None:
    """The day, where it is one of the calendar."""
    try:
        return datetime.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _name(text: str) -> str:
    """A folder's name as an address may give it: one part, not hidden. Whether it is there is looked up elsewhere."""
    plain = 0 < len(text) <= LONGEST_NAME and text.isprintable() and not set(text) & set("/\\")
    return text if plain and not text.startswith(".") else ""


def period_text(first: str, last: str) -> str:
    """Weeks from one to another, as they stand in the address."""
    return f"{first}{BETWEEN}{last}"


def period(release: Release, text: str) -> tuple[str, ...]:
    """The weeks of a period, of those that the release has; none where it is malformed."""
    first, _, last = text.partition(BETWEEN)
    if not _day(first) or not _day(last):
        return ()
    return tuple(week for week in release.weeks if first <= week <= last)


def valid(state: State, release: Release) -> State:
    """Without clusters, facets and values that this release does not have."""
    from clio.explore.colours import options

    several = tuple(name for name in state.several if name in release.rows)
    whole = {name for name, facet in release.single.items() if facet.order}

    def level(given: int | None) -> int | None:
        return given if given is not None and given <= release.top else None

    lines = state.lines and tuple(name for name in state.lines if name in release.rows)[:MOST_LINES]
    least = release.thresholds
    conversations, accounts = state.least
    return replace(
        state,
        cluster=state.cluster if state.cluster in release.rows else None,
        several=several if len(several) > 1 else (),
        filters=_known_filters(state, release),
        colour=state.colour if state.colour in options(release) else "area",
        facet=state.facet if state.facet in whole else "",
        lines=None if state.lines and not lines else lines,
        growth_level=level(state.growth_level),
        split=state.split if release.weeks else "",
        split_level=level(state.split_level),
        compare=state.compare if _comparable(state, release) else ("", "", ""),
        compare_level=level(state.compare_level),
        run_facet=state.run_facet if state.run_facet in release.single else "",
        least=(
            conversations if conversations > least.conversations else 0,
            accounts if accounts > least.accounts else 0,
        ),
    )


def _known_filters(state: State, release: Release) -> tuple[Filter, ...]:
    found = []
    for facet, values in state.filters:
        if facet == "week":
            known: Sequence[str] = release.weeks
        else:
            known = release.single[facet].order if facet in release.single else ()
        kept = tuple(value for value in values if value in known)
        if kept or (known and not values):
            found.append((facet, kept))
    return tuple(found)


def _comparable(state: State, release: Release) -> bool:
    facet, one, other = state.compare
    if facet == "week":
        return all(period(release, text) for text in (one, other))
    return facet in release.single and {one, other} <= set(release.single[facet].order)
