"""The tables of a release under ``release.noise: dp``: everything in them is noisy, or follows from what is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.config.noise import NoiseConfig
from clio.errors import ConfigError
from clio.privacy._noise_labels import fixed_values, labelled, numbered
from clio.privacy._noise_ledger import Composed
from clio.privacy.noise import (
    SYSTEM,
    Backend,
    Budget,
    Source,
    backend_of,
    bounded,
    release_keys,
    release_known,
    split,
    threshold,
)
from clio.privacy.thresholds import Thresholds
from clio.privacy.wall import clean_text
from clio.tables import BREAKDOWNS, CLUSTERS, LEVELS, MAP, TRENDS

ALL, WEEK = "all", "week"
Ints = NDArray[np.int64]
Charge = Callable[[Iterable[Budget]], Composed]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is counted: one entry per conversation in a base cluster, as found, before any merging or trimming."""

    conversation_id: Sequence[str]
    account: Ints
    week: Sequence[str | None]
    base: Ints
    answers: pa.Table
    """The table ``facets``."""
    hierarchy: Sequence[Mapping[str, Any]]
    """Rows of the table ``hierarchy``."""


@dataclass(frozen=True, slots=True)
class Noisy:
    """A release. Holds no true count, nor anything else of the data that noise has not passed over."""

    tables: dict[str, pa.Table]
    """``clusters``, ``levels``, ``breakdowns``, ``trends``, ``map`` (empty)."""
    conversations: int
    """Counted in all, noisy."""
    accounts: int
    """At least so many, noisy."""
    budgets: dict[str, Budget]
    lines: dict[str, int]
    """By table: no count below it is shown."""
    composed: Composed
    backend: Backend
    fixed: bool


@dataclass
class _Work:
    """One release in the making."""

    rows: Rows
    config: NoiseConfig
    thresholds: Thresholds
    scan: Callable[[str], Sequence[object]]
    source: Source
    backend: Backend
    budgets: dict[str, Budget]
    fixed: bool
    node: dict[int, Ints]
    """By level: the number of every row's cluster there."""
    ids: dict[int, list[str]]
    """By level: cluster ids by number."""
    shown: dict[str, int] = field(default_factory=dict)
    """Noisy conversations by cluster."""
    people: dict[str, int] = field(default_factory=dict)
    """Accounts, at least, by cluster."""
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def floor(self) -> int:
        """The release's own thresholds, held by noisy counts."""
        return max(self.thresholds.conversations, (self.thresholds.accounts - 1) * self.config.most_conversations + 1)

    def least_accounts(self, conversations: int) -> int:
        """Accounts that so many counted conversations come from, at least."""
        return -(-conversations // self.config.most_conversations)

    def draw(self, table: str, row: Ints, key: Ints, known: Sequence[int] | None) -> Mapping[int, int]:
        """Noisy counts of one table that reach every line; one entry of ``row`` and ``key`` per contribution."""
        budget, account = self.budgets[table], self.rows.account[row]
        if known is None:
            found = release_keys(account, key, budget, self.backend, self.source)
        else:
            found = release_known(account, key, known, budget, self.backend, self.source)
        self.lines[table] = max(found.threshold, self.floor)
        return {k: n for k, n in found.counts.items() if n >= self.floor}


def noisy_release(
    rows: Rows,
    facets: Sequence[Facet],
    config: NoiseConfig,
    thresholds: Thresholds,
    charge: Charge,
    *,
    fixed: bool = False,
    scan: Callable[[str], Sequence[object]] = lambda _text: (),
    source: Source = SYSTEM,
) -> Noisy:
    """Count with noise. ``charge`` is called once, before anything is drawn, and may refuse (:class:`Ledger`).

    Args:
        rows: the conversations.
        facets: those of the run; ``config.facets`` chooses among them.
        config: epsilon, delta, bounds and shares.
        thresholds: held by noisy counts, besides the mechanism's own.
        charge: enters what will be spent and gives back what is composed with it.
        fixed: the taxonomy was fixed in advance, so that cluster ids are public.
        scan: finds identifiers and secrets in a text; a value that holds one is no cell.
        source: of randomness; another than the system's is for tests alone.

    Raises:
        ConfigError: a facet in ``config.facets`` is not one of the run, or is free text.
        PrivacyError: from ``charge``. Nothing was drawn.
    """
    chosen = _chosen(facets, config)
    values = {facet.name: fixed_values(facet) for facet in chosen}
    top = max((row["level"] for row in rows.hierarchy), default=0)
    levels = range(top + 1 if config.levels == "every" else 1)
    ids = {level: [row["cluster_id"] for row in rows.hierarchy if row["level"] == level] for level in range(top + 1)}
    sizes = {name: None if known is None else len(known) for name, known in values.items()}
    asked = sizes | ({WEEK: None} if config.trends else {})
    clusters = {level: len(ids[level]) if fixed else None for level in levels}
    backend, budgets = backend_of(config, source), split(config, clusters, asked)
    for budget in budgets.values():
        if budget.delta:
            threshold(budget)  # a setting that cannot be met is told before anything is spent
    composed = charge(budgets.values())
    inside = bounded(rows.account, rows.base, config.most_clusters, config.most_conversations, source)
    work = _Work(
        _taken(rows, inside), config, thresholds, scan, source, backend, budgets, fixed,
        node=_nodes(rows, ids, inside), ids=ids,
    )  # fmt: skip
    conversations, accounts = _count_clusters(work, levels)
    cells = [row for facet in chosen for row in _cells(work, facet, values[facet.name], levels, conversations)]
    trends = _weeks(work, levels, conversations) if config.trends else []
    tables = _cluster_tables(work, conversations)
    tables |= {"breakdowns": BREAKDOWNS.build(cells), "trends": TRENDS.build(trends), "map": MAP.build([])}
    return Noisy(tables, conversations, accounts, budgets, work.lines, composed, backend, fixed)


def check_noise(facets: Sequence[Facet], config: NoiseConfig) -> None:
    """What can be known of the settings before a run starts.

    Raises:
        ConfigError: a facet that cannot be counted is asked for.
        MissingExtraError: OpenDP is asked for and not installed.
    """
    if config.on:
        _chosen(facets, config)
        backend_of(config)


def _chosen(facets: Sequence[Facet], config: NoiseConfig) -> list[Facet]:
    def counts(facet: Facet) -> bool:
        return facet.kind != "text" and not (facet.kind == "computed" and (facet.compute or facet.name) == WEEK)

    able = [facet for facet in facets if counts(facet)]
    if config.facets is None:
        return able if config.breakdowns != "none" else []
    unfit = sorted(set(config.facets) - {facet.name for facet in able})
    if unfit:
        raise ConfigError(
            f"release.noise.facets: {', '.join(unfit)} cannot be counted: not a facet of this run, free text, or the "
            "week (release.noise.trends counts it)"
        )
    return [facet for facet in able if facet.name in config.facets] if config.breakdowns != "none" else []


def _taken(rows: Rows, inside: NDArray[np.bool_]) -> Rows:
    kept: list[int] = np.flatnonzero(inside).tolist()
    ids, weeks = [rows.conversation_id[row] for row in kept], [rows.week[row] for row in kept]
    return Rows(ids, rows.account[kept], weeks, rows.base[kept], rows.answers, rows.hierarchy)


def _nodes(rows: Rows, ids: Mapping[int, Sequence[str]], inside: NDArray[np.bool_]) -> dict[int, Ints]:
    by_id = {row["cluster_id"]: row for row in rows.hierarchy}
    number = {name: n for listed in ids.values() for n, name in enumerate(listed)}
    bottom = [row for row in rows.hierarchy if row["level"] == 0]
    most = max((int(row["cluster"]) for row in bottom), default=-1)
    found = {level: np.full(most + 1, -1, dtype=np.int64) for level in ids}
    for row in bottom:
        above: Mapping[str, Any] | None = row
        while above is not None:
            found[above["level"]][row["cluster"]] = number[above["cluster_id"]]
            above = by_id[above["parent_id"]] if above["parent_id"] else None
    return {level: places[rows.base[inside]] for level, places in found.items()}


def _count_clusters(work: _Work, levels: Sequence[int]) -> tuple[int, int]:
    """Fill ``shown`` and ``people``; conversations and accounts in all."""
    for level in levels:
        node, ids = work.node[level], work.ids[level]
        known = range(len(ids)) if work.fixed else None
        inside = np.flatnonzero(node >= 0)
        for n, count in work.draw(f"clusters/{level}", inside, node[inside], known).items():
            work.shown[ids[n]], work.people[ids[n]] = count, work.least_accounts(count)
    for row in sorted(work.rows.hierarchy, key=lambda row: int(row["level"])):
        child, parent = row["cluster_id"], row["parent_id"]
        if child not in work.shown or not parent:
            continue
        if work.config.levels == "every":  # counted for itself; only never below what it holds
            work.shown[parent] = max(work.shown.get(parent, 0), work.shown[child])
            work.people[parent] = max(work.people.get(parent, 0), work.people[child])
        else:
            work.shown[parent] = work.shown.get(parent, 0) + work.shown[child]
            # An account may count in several of its clusters: only what is in one of them is sure to be distinct.
            alone = work.config.most_clusters == 1
            before = work.people.get(parent, 0)
            work.people[parent] = before + work.people[child] if alone else max(before, work.people[child])
    sums = [_sums(work, level) for level in work.ids]
    return max((n for n, _ in sums), default=0), max((n for _, n in sums), default=0)


def _sums(work: _Work, level: int) -> tuple[int, int]:
    names = [name for name in work.ids[level] if name in work.shown]
    accounts = [work.people[name] for name in names]
    distinct = sum(accounts) if work.config.most_clusters == 1 else max(accounts, default=0)
    return sum(work.shown[name] for name in names), distinct


def _cluster_tables(work: _Work, total: int) -> dict[str, pa.Table]:
    rows: list[dict[str, object]] = [
        {
            "cluster_id": row["cluster_id"], "level": row["level"], "parent_id": row["parent_id"],
            "name": clean_text(row["name"]), "summary": clean_text(row["summary"]),
            "terms": [clean_text(term) for term in row["terms"]],
            "conversations": work.shown[row["cluster_id"]], "accounts": work.people[row["cluster_id"]],
            "share": work.shown[row["cluster_id"]] / max(1, total), "merged": False, "x": None, "y": None,
            "stability": None,
            "writer": clean_text(row["writer"]),
        }
        for row in sorted(work.rows.hierarchy, key=lambda row: (-row["level"], row["cluster_id"]))
        if row["cluster_id"] in work.shown
    ]  # fmt: skip
    levels: list[dict[str, object]] = []
    for level, names in work.ids.items():
        sizes = [work.shown[name] for name in names if name in work.shown]
        if sizes:
            levels.append(
                {"level": level, "clusters": len(sizes), "conversations": sum(sizes), "smallest": min(sizes),
                 "largest": max(sizes)}
            )  # fmt: skip
    return {"clusters": CLUSTERS.build(rows), "levels": LEVELS.build(levels)}


def _cells(
    work: _Work, facet: Facet, known: tuple[str, ...] | None, levels: Sequence[int], total: int
) -> list[dict[str, object]]:
    place = {name: row for row, name in enumerate(work.rows.conversation_id)}
    where, value, labels = labelled(work.rows.answers, facet, place, known)
    return _by_value(work, facet.name, (where, value, labels), known is not None, levels, total)


def _weeks(work: _Work, levels: Sequence[int], total: int) -> list[dict[str, object]]:
    where = np.arange(len(work.rows.week), dtype=np.int64)
    found = numbered(where, [week or "n/a" for week in work.rows.week], None)
    rows = _by_value(work, WEEK, found, False, levels, total)
    return [
        {"week" if name == "value" else name: given for name, given in row.items() if name != "facet"} for row in rows
    ]


def _by_value(
    work: _Work,
    facet: str,
    found: tuple[Ints, Ints, tuple[str, ...]],
    known: bool,
    levels: Sequence[int],
    total: int,
) -> list[dict[str, object]]:
    """Rows of one facet: only of clusters that are shown already, and no more than they hold."""
    where, value, labels = found
    visible = {
        level: np.array([name in work.shown for name in names], dtype=np.bool_) for level, names in work.ids.items()
    }
    inside = np.zeros(len(work.rows.base), dtype=np.bool_)
    for level in levels:  # where parents are sums, only what is in a shown base cluster is in the whole
        node = work.node[level]
        inside |= (node >= 0) & visible[level][node]
    result: list[dict[str, object]] = []
    grains: list[tuple[str, Ints, list[str]]] = [(ALL, np.where(inside, 0, -1), [ALL])]
    if work.config.breakdowns == "every":
        for level in levels:
            node = work.node[level]
            grains.append((str(level), np.where((node >= 0) & visible[level][node], node, -1), work.ids[level]))
    for grain, node, names in grains:
        held = {name: total if name == ALL else work.shown.get(name, 0) for name in names}
        counted, width = np.flatnonzero(node[where] >= 0), len(labels)
        keys = [n * width + v for n, name in enumerate(names) if held[name] for v in range(width)] if known else None
        key = node[where[counted]] * width + value[counted]
        drawn = work.draw(f"breakdowns/{facet}/{grain}", where[counted], key, keys)
        for cell, count in sorted(drawn.items()):
            cluster, text = names[cell // width], labels[cell % width]
            if text and not work.scan(text):
                result.append(_row(work, cluster, facet, text, min(count, held[cluster]), held[cluster]))
    return result


def _row(work: _Work, cluster: str, facet: str, text: str, count: int, held: int) -> dict[str, object]:
    return {
        "cluster_id": cluster, "facet": facet, "value": text, "kind": "value", "conversations": count,
        "accounts": work.least_accounts(count), "share": count / held,
    }  # fmt: skip
