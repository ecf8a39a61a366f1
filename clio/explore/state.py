"""What is being looked at: one value, in the session and in the address.

Every control reads it and gives back a changed one; nothing else holds a selection. An address is a hint from outside:
what it names and the release does not have is dropped, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clio.explore.release import Release

MOST = 200
"""Clusters that a lasso keeps in the address."""
LONGEST_QUERY = 200
_ID = re.compile(r"[0-9]{1,2}-[0-9]{1,9}")
_FACET = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COLOUR = re.compile(
    r"area|growth|accounts|stability|share:[a-z][a-z0-9_]{0,39}=.{1,200}|mean:[a-z][a-z0-9_]{0,39}", re.S
)
SIZES = ("conversations", "accounts")
TREES = ("list", "icicle", "treemap")
Filter = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class State:
    """Frozen: a control makes a new one."""

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
    """Facet and values, in the order they were set; at most two facets."""
    split: str = ""
    """Trends: the day before and after which periods are compared."""
    compare: tuple[str, str, str] = ("", "", "")
    """Compare: facet, one value, the other."""

    def select(self, cluster: str | None) -> State:
        """One cluster, or none."""
        return replace(self, cluster=cluster, several=())

    def lasso(self, clusters: Sequence[str]) -> State:
        """Several clusters; one is an ordinary selection."""
        distinct = tuple(dict.fromkeys(clusters))[:MOST]
        if len(distinct) < 2:
            return self.select(distinct[0] if distinct else None)
        return replace(self, cluster=None, several=distinct)

    def filtered(self, facet: str, values: Sequence[str]) -> State:
        """With a filter set, or taken away where there are no values."""
        others = [f for f in self.filters if f[0] != facet]
        kept = [*others, (facet, tuple(dict.fromkeys(values)))] if values else others
        return replace(self, filters=tuple(kept[-2:]))


def to_params(state: State) -> dict[str, list[str]]:
    """The address of a state: only what differs from the beginning."""
    params = {
        "c": [state.cluster] if state.cluster else [],
        "m": [".".join(state.several)] if state.several else [],
        "colour": [state.colour] if state.colour != "area" else [],
        "size": [state.size] if state.size != SIZES[0] else [],
        "tree": [state.tree] if state.tree != TREES[0] else [],
        "q": [state.query] if state.query else [],
        "by": ["meaning"] if state.meaning else [],
        "f": [f"{facet}={value}" for facet, values in state.filters for value in values],
        "split": [state.split] if state.split else [],
        "compare": list(state.compare) if state.compare[0] else [],
    }
    return {name: values for name, values in params.items() if values}


def from_params(params: Mapping[str, Sequence[str]]) -> State:
    """The state of an address; whatever is malformed is left out."""

    def one(name: str) -> str:
        values = params.get(name) or [""]
        return str(values[-1])

    filters: dict[str, list[str]] = {}
    for text in params.get("f") or ():
        facet, found, value = str(text).partition("=")
        if found and value and _FACET.fullmatch(facet):
            values = filters.setdefault(facet, [])
            if value not in values:
                values.append(value)
    several = tuple(dict.fromkeys(name for name in one("m").split(".") if _ID.fullmatch(name)))[:MOST]
    cluster = one("c") if _ID.fullmatch(one("c")) else None
    compared = [str(value) for value in params.get("compare") or ()]
    return State(
        cluster=None if len(several) > 1 else cluster,
        several=several if len(several) > 1 else (),
        colour=one("colour") if _COLOUR.fullmatch(one("colour")) else "area",
        size=one("size") if one("size") in SIZES else SIZES[0],
        tree=one("tree") if one("tree") in TREES else TREES[0],
        query=one("q")[:LONGEST_QUERY],
        meaning=one("by") == "meaning",
        filters=tuple((facet, tuple(values)) for facet, values in filters.items())[-2:],
        split=one("split") if _DATE.fullmatch(one("split")) else "",
        compare=(compared[0], compared[1], compared[2]) if len(compared) == 3 and _FACET.fullmatch(compared[0]) else
        ("", "", ""),
    )  # fmt: skip


def valid(state: State, release: Release) -> State:
    """Without clusters, facets and values that this release does not have."""
    from clio.explore.colours import options

    facets = release.single
    filters = []
    for facet, values in state.filters:
        known = release.weeks if facet == "week" else facets[facet].order if facet in facets else ()
        kept = tuple(value for value in values if value in known)
        if kept:
            filters.append((facet, kept))
    several = tuple(name for name in state.several if name in release.rows)
    facet, one, other = state.compare
    periods = facet == "week" and bool(release.weeks)
    in_facet = facet in facets and {one, other} <= set(facets[facet].order)
    return replace(
        state,
        cluster=state.cluster if state.cluster in release.rows else None,
        several=several if len(several) > 1 else (),
        filters=tuple(filters),
        colour=state.colour if state.colour in options(release) else "area",
        split=state.split if release.weeks else "",
        compare=state.compare if in_facet or periods else ("", "", ""),
    )
