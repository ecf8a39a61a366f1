"""The only writer of ``release/``: aggregates, each held to the thresholds at every level.

What is counted is settled first, at the bottom: clusters under threshold join a sibling or leave, an account with more
than its share of a cluster is trimmed to it. Everything above is then a sum of what is released below, so no level
tells of people that another hides.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.config.release import ReleaseConfig
from clio.privacy.density import squares
from clio.privacy.settle import Settled, settle
from clio.privacy.suppression import Cells, shown
from clio.privacy.thresholds import Thresholds
from clio.privacy.wall import MAX_LABEL, check_release, clean_text
from clio.runs.context import Context
from clio.runs.files import load_array, write_json, write_table
from clio.runs.stage import Stage
from clio.stages._cells import Counted, Counter
from clio.stages._computed import monday
from clio.stages._statements import public_manifest, statements
from clio.tables import BREAKDOWNS, CLUSTERS, LEVELS, MAP, PRIVACY, TRENDS

ALL = "all"
"""Cluster id of the whole release in breakdowns and trends."""
Tables = dict[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Private:
    """What publishing reads of the workspace; arrays have one entry per kept conversation with a base cluster."""

    conversation_id: Sequence[str]
    account: NDArray[np.int64]
    week: Sequence[str | None]
    base: NDArray[np.int64]
    positions: NDArray[np.float32]
    answers: pa.Table
    hierarchy: list[dict[str, Any]]
    centroids: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Node:
    """One cluster that is released, or the root."""

    row: dict[str, Any] | None
    parent: int
    members: NDArray[np.int64]
    """Rows of the counted conversations."""


def publish(
    private: Private, facets: Sequence[Facet], pairs: Sequence[tuple[str, str]], config: ReleaseConfig
) -> tuple[Tables, dict[str, int], Settled]:
    """Every release table but ``privacy``, the number of things hidden by kind, and what was settled."""
    thresholds = Thresholds.of(config)
    settled = settle(private.base, private.account, private.centroids, _parents(private.hierarchy), config)
    nodes = _nodes(private, settled)
    hidden: dict[str, int] = {"cells": 0, "cells_by_subtraction": 0}
    tables: Tables = {
        "clusters": _clusters(private, nodes, settled),
        "levels": _levels(nodes),
        "map": _map(private, nodes[0].members, thresholds, config.map_depth),
    }
    counter = _counter(private, nodes)
    try:
        tables |= _breakdowns(counter, nodes, facets, pairs, thresholds, hidden)
    finally:
        counter.close()
    return tables, hidden, settled


def _parents(hierarchy: Sequence[dict[str, Any]]) -> dict[int, str]:
    return {row["cluster"]: row["parent_id"] or "" for row in hierarchy if row["level"] == 0}


def _nodes(private: Private, settled: Settled) -> list[Node]:
    """The root first, then every released cluster from the top level down; each with its counted members."""
    by_id = {row["cluster_id"]: row for row in private.hierarchy}
    members: dict[str, list[NDArray[np.int64]]] = {}
    everyone: list[NDArray[np.int64]] = []
    for row in private.hierarchy:
        if row["level"] or row["cluster"] not in settled.members:
            continue
        counted = settled.members[row["cluster"]]
        everyone.append(counted)
        above: str | None = row["cluster_id"]
        while above:
            members.setdefault(above, []).append(counted)
            above = by_id[above]["parent_id"]
    rows = sorted((by_id[name] for name in members), key=lambda row: (-row["level"], row["cluster_id"]))
    number = {row["cluster_id"]: n for n, row in enumerate(rows, start=1)}
    root = np.sort(np.concatenate(everyone)) if everyone else np.empty(0, dtype=np.int64)
    return [Node(None, -1, root)] + [
        Node(row, number.get(row["parent_id"] or "", 0), np.sort(np.concatenate(members[row["cluster_id"]])))
        for row in rows
    ]


def _clusters(private: Private, nodes: Sequence[Node], settled: Settled) -> pa.Table:
    total = max(1, len(nodes[0].members))
    rows: list[dict[str, object]] = []
    for node in nodes[1:]:
        row = node.row or {}
        centre = private.positions[node.members].astype(np.float64).mean(axis=0)
        rows.append(
            {
                "cluster_id": row["cluster_id"],
                "level": row["level"],
                "parent_id": row["parent_id"],
                "name": clean_text(row["name"]),
                "summary": clean_text(row["summary"]),
                "terms": [clean_text(term) for term in row["terms"]],
                "conversations": len(node.members),
                "accounts": len(np.unique(private.account[node.members])),
                "share": len(node.members) / total,
                "merged": row["cluster"] in settled.grown,
                "x": float(centre[0]),
                "y": float(centre[1]),
                "writer": row["writer"],
            }
        )
    return CLUSTERS.build(rows)


def _levels(nodes: Sequence[Node]) -> pa.Table:
    sizes: dict[int, list[int]] = {}
    for node in nodes[1:]:
        if node.row is not None:
            sizes.setdefault(node.row["level"], []).append(len(node.members))
    return LEVELS.build(
        [
            {
                "level": level,
                "clusters": len(found),
                "conversations": sum(found),
                "smallest": min(found),
                "largest": max(found),
            }
            for level, found in sorted(sizes.items())
        ]
    )


def _map(private: Private, members: NDArray[np.int64], thresholds: Thresholds, depth: int) -> pa.Table:
    found = squares(private.positions[members], private.account[members], thresholds, depth)
    columns = ("x", "y", "size", "conversations", "accounts")
    return MAP.build([{name: getattr(square, name) for name in columns} for square in found])


def _counter(private: Private, nodes: Sequence[Node]) -> Counter:
    root = nodes[0].members
    place = np.full(len(private.base), -1, dtype=np.int64)
    place[root] = np.arange(len(root))
    columns: dict[str, Any] = {
        "conversation_id": [private.conversation_id[row] for row in root],
        "account": private.account[root],
        "week": pa.array([private.week[row] for row in root], pa.string()),
        "node_all": np.zeros(len(root), dtype=np.int64),
    }
    for number, node in enumerate(nodes[1:], start=1):
        level = f"node_{node.row['level']}" if node.row else "node_all"
        columns.setdefault(level, np.full(len(root), -1, dtype=np.int64))[place[node.members]] = number
    parents = np.array([node.parent for node in nodes], dtype=np.int64)
    return Counter(pa.table(columns), private.answers, parents)


def _breakdowns(
    counter: Counter,
    nodes: Sequence[Node],
    facets: Sequence[Facet],
    pairs: Sequence[tuple[str, str]],
    thresholds: Thresholds,
    hidden: dict[str, int],
) -> Tables:
    by_name = {facet.name: facet for facet in facets}
    rows: list[dict[str, object]] = []
    for facet in facets:
        # Weeks are the trends table; free text is never a cell.
        if facet.kind == "text" or (facet.kind == "computed" and (facet.compute or facet.name) == "week"):
            continue
        counted = counter.facet(facet)
        rows += _rows(counter, counted, _visible(counted, thresholds), nodes, thresholds, hidden)
    for one, other in pairs:
        counted = counter.pair(by_name[one], by_name[other])
        rows += _rows(counter, counted, _visible_pair(counted, thresholds), nodes, thresholds, hidden)
    weeks = counter.weeks()
    trends = [
        {"week" if key == "value" else key: value for key, value in row.items() if key != "facet"}
        for row in _rows(counter, weeks, _visible(weeks, thresholds), nodes, thresholds, hidden)
    ]
    return {"breakdowns": BREAKDOWNS.build(rows), "trends": TRENDS.build(trends)}


def _allowed(counted: Counted) -> NDArray[np.bool_]:
    """Cells whose value is a label: short, and still there when control characters are gone."""
    fit = np.array([0 < len(clean_text(value)) <= MAX_LABEL for value in counted.values], dtype=np.bool_)
    return fit[counted.cells.value] if len(fit) else np.zeros(0, dtype=np.bool_)


def _visible(counted: Counted, thresholds: Thresholds) -> NDArray[np.bool_]:
    return shown(counted.cells, thresholds, adds_up=counted.adds_up, allowed=_allowed(counted))


def _visible_pair(counted: Counted, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Crossed cells add up three ways: over the cluster, and to each of the two facets' own cells."""
    cells = counted.cells
    visible = _visible(counted, thresholds)
    first, second = (
        np.array([value.partition(" x ")[part] for value in counted.values], dtype=object)[cells.value]
        for part in (0, 2)
    )
    while True:
        before = int(visible.sum())
        for side in (first, second):
            _, half = np.unique(side.astype(str), return_inverse=True)
            width = int(half.max(initial=-1)) + 1
            split = Cells(
                cells.node * width + half, cells.value, cells.conversations, cells.accounts, cells.largest,
                np.full(len(cells.parent) * max(width, 1), -1, dtype=np.int64),
            )  # fmt: skip
            visible = shown(split, thresholds, allowed=visible)
        visible = shown(cells, thresholds, allowed=visible)
        if int(visible.sum()) == before:
            return visible


def _rows(
    counter: Counter,
    counted: Counted,
    visible: NDArray[np.bool_],
    nodes: Sequence[Node],
    thresholds: Thresholds,
    hidden: dict[str, int],
) -> Iterator[dict[str, object]]:
    cells = counted.cells
    passing = thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)
    hidden["cells"] += int((~visible).sum())
    hidden["cells_by_subtraction"] += int((passing & ~visible).sum())

    def row(node: int, value: str, kind: str, conversations: int, accounts: int) -> dict[str, object]:
        found = nodes[node].row
        return {
            "cluster_id": ALL if found is None else found["cluster_id"],
            "facet": counted.facet,
            "value": value,
            "kind": kind,
            "conversations": conversations,
            "accounts": accounts,
            "share": conversations / max(1, len(nodes[node].members)),
        }

    for cell in np.flatnonzero(visible):
        value = clean_text(counted.values[cells.value[cell]])
        yield row(int(cells.node[cell]), value, "value", int(cells.conversations[cell]), int(cells.accounts[cell]))
    if counted.adds_up:
        for node, (conversations, accounts) in sorted(counter.others(counted, visible).items()):
            if conversations >= thresholds.conversations and accounts >= thresholds.accounts:
                yield row(node, "", "other", conversations, accounts)


def run(config: RunConfig, context: Context) -> None:
    """Count, suppress, check at the wall, and swap the new release in whole."""
    from clio.prompts.facets import resolve

    facets = resolve(config.facets)
    private, outside = _read(context)
    with context.reporter.track("publish", 1) as advance:
        tables, hidden, settled = publish(private, facets, config.facets.intersections, config.release)
        released = sum(len(members) for members in settled.members.values())
        counts = {
            "released_conversations": released,
            "released_clusters": tables["clusters"].num_rows,
            "suppressed_clusters": settled.merged + settled.dropped,
            "merged_clusters": settled.merged,
            "dropped_clusters": settled.dropped,
            "suppressed_conversations": settled.dropped_conversations,
            "trimmed_conversations": settled.trimmed_conversations,
            "suppressed_cells": hidden["cells"],
            "suppressed_cells_by_subtraction": hidden["cells_by_subtraction"],
            **outside,
        }
        tables["privacy"] = PRIVACY.build(statements(config, context.manifest.data, counts))
        scan = context.redactor.scan
        checked = check_release(tables, Thresholds.of(config.release), lambda text: scan(text, names=False))
        accounts = len(np.unique(private.account[np.concatenate(list(settled.members.values()))])) if released else 0
        manifest = public_manifest(config, context.manifest.data, facets, released, accounts, counts)
        _swap(context.release, checked, manifest)
        advance(1)
    context.notes |= {"counts": counts}


def _read(context: Context) -> tuple[Private, dict[str, int]]:
    assignments = context.read("assignments")
    base = assignments.column("cluster").to_numpy().astype(np.int64)
    ids = assignments.column("conversation_id").to_pylist()
    known = context.read("conversations")
    place = {name: row for row, name in enumerate(known.column("conversation_id").to_pylist())}
    rows = np.array([place[name] for name in ids], dtype=np.int64)
    codes = known.column("account_id").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    started = known.column("started_at").to_pylist()
    where = context.read("positions")
    spots = dict(zip(where.column("conversation_id").to_pylist(), range(where.num_rows), strict=True))
    points = np.column_stack([where.column("x").to_numpy(), where.column("y").to_numpy()]).astype(np.float32)
    inside = np.flatnonzero(base >= 0)
    names = [ids[row] for row in inside]
    moments = [started[rows[row]] for row in inside]
    private = Private(
        conversation_id=names,
        account=codes[rows[inside]],
        week=[None if moment is None else monday(moment) for moment in moments],
        base=base[inside],
        positions=points[[spots[name] for name in names]] if names else np.zeros((0, 2), np.float32),
        answers=context.read("facets"),
        hierarchy=context.read("hierarchy").to_pylist(),
        centroids=load_array(context.workspace / "centroids.npy"),
    )
    return private, {"noise": int((base == -1).sum()), "no_text": int((base == -2).sum())}


def _swap(release: Path, tables: Tables, manifest: dict[str, Any]) -> None:
    """The new release stands complete beside the old one before it takes its place."""
    fresh, old = release.with_name("release.new"), release.with_name("release.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, table in tables.items():
        write_table(fresh / f"{name}.parquet", table)
    write_json(fresh / "manifest.json", manifest)
    if release.exists():
        release.rename(old)
    fresh.rename(release)
    shutil.rmtree(old, ignore_errors=True)


STAGE = Stage(
    name="publish",
    run=run,
    version=1,
    sections=("release", "facets", "title"),
    after=("ingest", "extract_facets", "embed", "cluster", "describe", "arrange", "project"),
    outputs=("release/clusters.parquet", "release/manifest.json"),
)
