"""The only writer of ``release/``: aggregates, each held to the thresholds at every level.

What is counted is settled first, at the bottom: clusters under threshold join a sibling or leave, an account with more
than its share of a cluster is trimmed to it. Everything above is then a sum of what is released below, so no level
tells of people that another hides.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.config.release import ReleaseConfig
from clio.privacy import history, rounding
from clio.privacy._noise_tables import Rows
from clio.privacy.density import squares
from clio.privacy.settle import Settled, settle, settle_again
from clio.privacy.thresholds import Thresholds
from clio.privacy.wall import check_release, clean_text
from clio.runs.context import Context
from clio.runs.files import load_array
from clio.runs.stage import Stage
from clio.stages._audited import audited, rules
from clio.stages._breakdowns import ALL, Node, Rules, Scan, Tables, breakdowns
from clio.stages._cells import Counter
from clio.stages._computed import monday
from clio.stages._noisy import noisy, warn_after_noise
from clio.stages._people import own_accounts, people
from clio.stages._release_folder import write_release
from clio.stages._statements import public_manifest, statements
from clio.stages._told import told
from clio.tables import CLUSTERS, LEVELS, MAP, PRIVACY, TABLES
from clio.vectors.stability import found_again, put_together_again

STEP = 0.05
"""Of a released stability."""


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
    redrawn: NDArray[np.int32]
    """Shape (draws, conversations): clusters found anew of half of the accounts (``clio.vectors.stability``)."""


def publish(
    private: Private,
    facets: Sequence[Facet],
    pairs: Sequence[tuple[str, str]],
    config: ReleaseConfig,
    scan: Scan = lambda _text: (),
    earlier: history.Earlier | None = None,
) -> tuple[Tables, dict[str, int], Settled]:
    """Every release table but ``privacy``, the number of things hidden by kind, and what was settled.

    Tables hold true counts: rounding is done after the wall. ``earlier`` is what readers know of earlier releases.
    """
    thresholds, earlier = Thresholds.of(config), earlier or history.Earlier()
    people = (private.base, private.account, private.centroids, _parents(private.hierarchy), config)
    first = earlier.settled
    settled = settle(*people) if first is None else settle_again(first, *people)
    nodes = _nodes(private, settled)
    # Cells are counted in the clusters of the first release; those that have become others get none.
    counted = nodes if first is None else _nodes(private, _as_first(settled, first))
    rules = Rules(thresholds, scan, {"cells": 0, "cells_by_subtraction": 0}, earlier, _mixed(nodes, counted))
    tables: Tables = {
        "clusters": _clusters(private, nodes, settled),
        "levels": _levels(nodes),
        "map": _map(private, nodes[0].members, thresholds, config.map_depth),
    }
    counter = _counter(private, counted)
    try:
        tables |= breakdowns(counter, counted, facets, pairs, rules)
    finally:
        counter.close()
    return tables, rules.hidden, settled


def _as_first(settled: Settled, first: NDArray[np.int64]) -> Settled:
    return replace(settled, members={int(n): np.flatnonzero(first == n) for n in np.unique(first) if n >= 0})


def _mixed(nodes: Sequence[Node], counted: Sequence[Node]) -> frozenset[str]:
    """Clusters of ``counted`` that are not in ``nodes`` with the same conversations."""

    def name(node: Node) -> str:
        return str(node.row["cluster_id"]) if node.row else ALL

    present = {name(node): node.members for node in nodes}
    return frozenset(
        name(node)
        for node in counted
        if name(node) not in present or not np.array_equal(node.members, present[name(node)])
    )


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


def _stability(private: Private, nodes: Sequence[Node]) -> dict[str, float | None]:
    """Per cluster, the mean over the draws, from the conversations that are counted; None where none can tell.

    Steps of 0.05: finer ones would tell more of single conversations than of a cluster.
    """
    counted = nodes[0].members
    found: dict[str, float | None] = {}
    by_level: dict[int, list[Node]] = {}
    for node in nodes[1:]:
        by_level.setdefault(int(node.row["level"]) if node.row else 0, []).append(node)
    for level, mine in by_level.items():
        labels = np.full(len(private.base), -1, dtype=np.int64)
        for number, node in enumerate(mine):
            labels[node.members] = number
        measure = put_together_again if level else found_again
        likes = [measure(labels[counted], draw[counted]) for draw in private.redrawn]
        for number, node in enumerate(mine):
            told = [like[number] for like in likes if number < len(like) and not np.isnan(like[number])]
            name = str(node.row["cluster_id"]) if node.row else ALL
            found[name] = round(round(float(np.mean(told)) / STEP) * STEP, 2) if told else None
    return found


def _clusters(private: Private, nodes: Sequence[Node], settled: Settled) -> pa.Table:
    total, stable = max(1, len(nodes[0].members)), _stability(private, nodes)
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
                "stability": stable[row["cluster_id"]],
                "writer": clean_text(row["writer"]),
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


def run(config: RunConfig, context: Context) -> None:
    """Count, suppress, check at the wall, and swap the new release in whole."""
    from clio.prompts.facets import resolve

    facets = resolve(config.facets)
    private, everyone, inside, unclustered = _read(config, context)
    redactor = context.redactor

    def scan(text: str) -> Sequence[object]:
        return redactor.scan(text, names=False)

    with context.reporter.track("publish", 1) as advance:
        if config.release.noise.on:
            shown, manifest = noisy(config, context, _unsettled(private), facets, scan)
            statement = told(config, context, facets, shown, None, manifest["noise"])
            write_release(context.release, shown, manifest, statement, redactor)
            context.notes["counts"] |= unclustered
            advance(1)
            return
        warn_after_noise(context)
        taxonomy, identity = _digests(private, facets, config)
        folder = context.workspace / "releases"
        protect = config.release.earlier == "protect"
        earlier = history.read(folder, taxonomy, identity) if protect else history.Earlier()
        pairs = config.facets.intersections
        tables, hidden, settled = publish(private, facets, pairs, config.release, scan, earlier)
        counted = np.concatenate([*settled.members.values(), np.empty(0, dtype=np.int64)])
        counts = {
            "released_conversations": len(counted),
            "released_clusters": tables["clusters"].num_rows,
            "suppressed_clusters": settled.merged + settled.dropped,
            "merged_clusters": settled.merged,
            "dropped_clusters": settled.dropped,
            "suppressed_conversations": settled.dropped_conversations,
            "trimmed_conversations": settled.trimmed_conversations,
            "suppressed_cells": hidden["cells"],
            "suppressed_cells_by_subtraction": hidden["cells_by_subtraction"],
            **unclustered,
        }
        said = statements(config, context.manifest.data, counts)
        released = set(tables["clusters"].column("cluster_id").to_pylist())
        audits = [row for row in context.read("audits").to_pylist() if row["cluster_id"] in released]
        said[-1:-1] = [
            *(rules(config, audits) if context.taxonomy is None else []),
            rounding.statement(config.release.round_to),
            earlier.statement(config.release.earlier),
        ]
        tables["privacy"] = PRIVACY.build(said)
        checked = check_release(tables, Thresholds.of(config.release), scan)
        outside = Tally(np.delete(everyone, inside[counted]).tolist())
        people = (len(counted), len(np.unique(private.account[counted])))
        manifest = public_manifest(config, context.manifest.data, facets, people, outside, counts)
        base = config.release.round_to
        history.record(folder, taxonomy, identity, _settled_base(private, settled), earlier)
        shown = rounding.round_tables(checked, base)
        statement = told(config, context, facets, shown, counts)
        write_release(context.release, shown, rounding.round_manifest(manifest, base), statement, redactor)
        advance(1)
    context.notes |= {"counts": counts}


def _unsettled(private: Private) -> Rows:
    return Rows(
        private.conversation_id, private.account, private.week, private.base, private.answers, private.hierarchy
    )


def _digests(private: Private, facets: Sequence[Facet], config: RunConfig) -> tuple[str, str]:
    """Of the conversations in their clusters, and of all that decides what is released."""
    tree = [[row["cluster_id"], row["parent_id"], row["cluster"]] for row in private.hierarchy]
    taxonomy = history.digest(list(private.conversation_id), private.account, private.base, tree)
    answers = private.answers.select(["conversation_id", "facet", "status", "value"])
    settings = [facet.model_dump(mode="json") for facet in facets], config.facets.intersections
    release = config.release.model_dump(mode="json")
    return taxonomy, history.digest(
        taxonomy, STAGE.version, settings, release, list(private.week), private.positions, private.centroids, answers
    )


def _settled_base(private: Private, settled: Settled) -> NDArray[np.int64]:
    found = np.full(len(private.base), -1, dtype=np.int64)
    for cluster, rows in settled.members.items():
        found[rows] = cluster
    return found


def _read(config: RunConfig, context: Context) -> tuple[Private, NDArray[np.int64], NDArray[np.int64], dict[str, int]]:
    """What is clustered; the accounts of all kept conversations; which of these are clustered; and what is not."""
    assignments = context.read("assignments")
    base = assignments.column("cluster").to_numpy().astype(np.int64)
    ids = assignments.column("conversation_id").to_pylist()
    known = context.read("conversations")
    place = {name: row for row, name in enumerate(known.column("conversation_id").to_pylist())}
    rows = np.array([place[name] for name in ids], dtype=np.int64)
    # What noise promises is counted in accounts as they are: whom one counts for must not depend on the others.
    counting = own_accounts(context) if config.release.noise.on else people(context)
    codes = np.array([counting[name] for name in known.column("conversation_id").to_pylist()], dtype=np.int64)
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
        hierarchy=audited(context.read("hierarchy").to_pylist(), context.read("audits").to_pylist()),
        centroids=load_array(context.workspace / "centroids.npy"),
        redrawn=load_array(context.workspace / "redrawn.npy")[:, inside].astype(np.int32),
    )
    unclustered = {"noise": int((base == -1).sum()), "no_text": int((base == -2).sum())}
    return private, codes[rows], inside, unclustered


STAGE = Stage(
    name="publish",
    run=run,
    version=6,
    sections=("release", "facets", "title", "audit", "redact"),
    after=("ingest", "extract_facets", "embed", "cluster", "describe", "arrange", "audit", "project"),
    outputs=(
        *(f"release/{table.name}.parquet" for table in TABLES.values() if table.side == "release"),
        "release/manifest.json",
        "release/privacy.json",
        "release/privacy.html",
    ),
)
