"""A release as the pages need it: read once, indexed, kept by the fingerprint of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.config.release import ReleaseConfig
from clio.errors import ClioError, RunError
from clio.explore import curation
from clio.explore.curation import Curated, Curation
from clio.explore.safe import plain
from clio.privacy.thresholds import Thresholds
from clio.runs.files import read_json
from clio.runs.manifest import FILE
from clio.runs.read import Run
from clio.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
"""Cluster id of the whole release in breakdowns and trends."""
WEEK = "week"
"""Weeks are filtered like a facet; their cells stand in the trends table."""
UNKNOWN_WEEK = "n/a"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class FacetInfo:
    """What a page needs to know of one facet (or of two, crossed)."""

    name: str
    kind: str
    adds_up: bool
    """Whether each conversation has one value, so that values add up to the cluster."""
    order: tuple[str, ...]
    """Released values of the whole, in the order to show them in."""

    @property
    def label(self) -> str:
        """For a person."""
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Release:
    """Frames of one release, to be read only, and what is derived from them once."""

    key: str
    folder: Path
    about: Mapping[str, Any]
    clusters: pd.DataFrame
    levels: pd.DataFrame
    breakdowns: pd.DataFrame
    trends: pd.DataFrame
    squares: pd.DataFrame
    rules: pd.DataFrame
    statement: Mapping[str, Any] | None = None
    """``release/privacy.json``, where there is one."""
    private: Mapping[str, Any] | None = field(default=None, repr=False)
    """The run's own manifest; None where only the release was passed on."""
    curation: Curation = field(default_factory=Curation)
    curated: Curated | None = field(default=None, repr=False)
    """What edits made of the tables; None where none is in force."""
    published: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame] | None = field(default=None, repr=False)
    """Clusters, breakdowns and trends without edits."""

    @property
    def title(self) -> str:
        return plain(self.about.get("title") or "Usage")

    @property
    def at_most(self) -> frozenset[str]:
        """Clusters whose accounts are an upper bound, because they were put together by an edit."""
        return self.curated.at_most if self.curated else frozenset()

    @cached_property
    def thresholds(self) -> Thresholds:
        """What every released cell holds."""
        given = (self.about.get("settings") or {}).get("release") or {}
        known = {name: value for name, value in given.items() if name in ReleaseConfig.model_fields}
        return Thresholds.of(ReleaseConfig.model_validate(known))

    @cached_property
    def several(self) -> frozenset[str]:
        """Facets of which a conversation may have more than one value."""
        return frozenset(name for name, facet in self.facets.items() if not facet.adds_up)

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Clusters by id; missing parents are None."""
        found = {}
        for row in self.clusters.to_dict("records"):
            parent = row["parent_id"]
            named = {str(key): value for key, value in row.items()}
            found[str(row["cluster_id"])] = named | {"parent_id": parent if isinstance(parent, str) else None}
        return found

    @cached_property
    def children(self) -> dict[str | None, list[str]]:
        """Ids below each id (None: the top), the largest first."""
        found: dict[str | None, list[str]] = {}
        ordered = sorted(self.rows.values(), key=lambda row: (-row["conversations"], row["cluster_id"]))
        for row in ordered:
            parent = row["parent_id"] if row["parent_id"] in self.rows else None
            found.setdefault(parent, []).append(row["cluster_id"])
        return found

    @cached_property
    def top(self) -> int:
        """The coarsest level; -1 without clusters."""
        return int(self.clusters["level"].max()) if len(self.clusters) else -1

    def path(self, cluster_id: str) -> list[str]:
        """From the top level down to the cluster itself."""
        found: list[str] = []
        at: str | None = cluster_id
        while at in self.rows and at not in found:
            assert at is not None
            found.append(at)
            at = self.rows[at]["parent_id"]
        return found[::-1]

    def marks(self) -> list[str]:
        """Clusters without released children: what the map draws as points."""
        return [name for name in self.rows if name not in self.children]

    def below(self, cluster_id: str) -> list[str]:
        """The marks under a cluster, itself included where it is one."""
        found, waiting = [], [cluster_id]
        while waiting:
            at = waiting.pop()
            under = self.children.get(at, [])
            waiting += under
            if not under:
                found.append(at)
        return found

    @cached_property
    def weeks(self) -> tuple[str, ...]:
        """Weeks that anything is released of, in order; those of conversations without a date are not among them."""
        shown = self.trends[self.trends["kind"] == "value"]["week"]
        return tuple(sorted({week for week in shown if week and week != UNKNOWN_WEEK}))

    @cached_property
    def facets(self) -> dict[str, FacetInfo]:
        """Facets with released cells, in the order of the config."""
        declared = {row.get("name"): row for row in self.about.get("facets") or () if isinstance(row, dict)}
        whole = self.breakdowns[(self.breakdowns["cluster_id"] == ALL) & (self.breakdowns["kind"] == "value")]
        commonest = whole.sort_values(["conversations", "value"], ascending=[False, True])
        present = {str(name): list(rows["value"]) for name, rows in commonest.groupby("facet", sort=False)}
        anywhere = [str(name) for name in self.breakdowns["facet"].unique()]
        found = {}
        for name in [*(n for n in declared if n in anywhere), *(n for n in anywhere if n not in declared)]:
            row = declared.get(name, {})
            values = present.get(name, [])
            kind = str(row.get("kind", "crossed" if " x " in name else "computed"))
            options = [str(option.get("value")) for option in row.get("options") or ()]
            found[name] = FacetInfo(name, kind, kind not in ("multi", "crossed"), _ordered(values, options))
        return found

    @property
    def single(self) -> dict[str, FacetInfo]:
        """Facets by themselves, without those crossed."""
        return {name: facet for name, facet in self.facets.items() if facet.kind != "crossed"}

    def why_hidden(self) -> str:
        """The reason that stands wherever a cell is not shown."""
        least = self.thresholds
        return (
            f"Not shown: fewer than {least.conversations:,} conversations or {least.accounts:,} accounts, none at all, "
            f"one account with more than {least.share:.0%} of them, or hidden so that another hidden number cannot be "
            "worked out by subtraction."
        )


def _ordered(values: Sequence[str], options: Sequence[str]) -> tuple[str, ...]:
    """Options in their order, weekdays in theirs, numbers by size; else the commonest first."""
    known = list(options) or [day for day in _WEEKDAYS if day in values]
    numbers = {value: int(value.split()[0]) for value in values if value.split() and value.split()[0].isdigit()}
    if not known and len(numbers) >= max(1, len(values) - 1):
        known = sorted(numbers, key=lambda value: numbers[value])
    return tuple([value for value in known if value in values] + [value for value in values if value not in known])


def fingerprint(folder: Path) -> str:
    """Changes whenever a file of the release does; names the caches of all pages."""
    release = Run(folder).release
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for path in sorted(release.glob("*")) if release.is_dir() else ():
        stat = path.stat()
        digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    for path in (folder / FILE, folder / curation.FILE):
        if path.is_file():
            digest.update(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def load(folder: Path, *, edited: bool = True) -> Release:
    """Read a run's release, or a release that was passed on alone; with the edits beside it unless they are not wanted.

    Raises:
        ClioError: what :func:`clio.explore.trouble.diagnose` explains.
    """
    run = Run(folder)
    about = read_json(run.release / FILE)
    if not isinstance(about, dict):
        raise RunError(f"{run.release / FILE}: is no manifest of a release. Run the same `clio run` command again.")
    frames = {name: run.table(name) for name, table in TABLES.items() if table.side == "release"}
    statement = run.release / "privacy.json"
    private: Mapping[str, Any] | None = None
    if run.release != run.folder:
        try:
            private = run.manifest
        except ClioError:
            private = None
    said = read_json(statement) if statement.is_file() else None
    found = Release(
        key=fingerprint(folder),
        folder=folder,
        about=about,
        clusters=frames["clusters"],
        levels=frames["levels"],
        breakdowns=frames["breakdowns"],
        trends=frames["trends"],
        squares=frames["map"],
        rules=frames["privacy"],
        statement=said if isinstance(said, dict) else None,
        private=private,
        published=(frames["clusters"], frames["breakdowns"], frames["trends"]),
    )
    return _edited(found, curation.of_release(folder, found.clusters)) if edited else found


def _edited(release: Release, edits: Curation) -> Release:
    """With the edits in force; levels and squares of the map follow the clusters."""
    if not edits.active:
        return replace(release, curation=edits)
    made = curation.apply_edits(
        release.clusters, release.breakdowns, release.trends, edits.own, several=release.several
    )
    by_level = made.clusters.groupby("level")["conversations"]
    counts = {"clusters": by_level.size(), "conversations": by_level.sum()}
    counts |= {"smallest": by_level.min(), "largest": by_level.max()}
    levels = release.levels[release.levels["level"].isin(counts["clusters"].index)]
    levels = levels.assign(**{name: levels["level"].map(values) for name, values in counts.items()})
    about = dict(release.about)
    if made.gone:
        about["conversations"] = min(int(about.get("conversations") or 0), int(counts["conversations"].max()))
    return replace(
        release,
        about=about,
        clusters=made.clusters,
        levels=levels,
        breakdowns=made.breakdowns,
        trends=made.trends,
        squares=curation.squares_left(release.squares, release.clusters, made.gone),
        curation=edits,
        curated=made,
    )
