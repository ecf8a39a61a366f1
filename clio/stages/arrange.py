"""Arrange base clusters in levels: each level coarser than the one below, every cluster with exactly one parent.

Two ways: a capable model proposes, deduplicates, assigns and renames (:mod:`clio.stages._levels`); without one, Ward's
linkage of the centroids is cut at the same level sizes, so that the levels nest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from clio.config import RunConfig
from clio.config.stages import ArrangeConfig
from clio.models.protocol import Encoder, StructuredWriter, Vectors, Writer
from clio.runs.context import Context
from clio.runs.stage import Stage
from clio.stages._evidence import gather
from clio.stages._levels import Child, build_level
from clio.stages._names import Checks, Described
from clio.stages._parents import Base, Job, Level, describe_parents, ground, members_of, middle
from clio.tables import HIERARCHY
from clio.text.vocabulary import Vocabulary
from clio.vectors.ward import ward_levels

__all__ = ["Base", "Node", "arrange", "cluster_ids", "level_sizes"]


@dataclass(frozen=True, slots=True)
class Node:
    """One cluster of any level: a row of ``hierarchy``."""

    cluster_id: str
    level: int
    parent_id: str | None
    cluster: int | None
    """Base cluster number at level 0, else None."""
    name: str
    summary: str
    terms: tuple[str, ...]
    writer: str


def level_sizes(n_base: int, levels: int, top: int) -> list[int]:
    """How many clusters each level has, base first: a constant ratio from ``n_base`` to about ``top`` (paper, G.7).

    A parent has at least two children on average and the top level at least two clusters, so few clusters make a
    smaller top and then fewer levels: 1,000 in 3 levels with top 10 gives 1000, 100, 10; 20 gives 20, 10, 5; 3 gives 3.
    """
    if n_base < 1:
        return []
    depth = max(1, levels)
    while depth > 1 and n_base // 2 ** (depth - 1) < 2:
        depth -= 1
    if depth == 1:
        return [n_base]
    highest = max(2, min(top, n_base // 2 ** (depth - 1)))
    ratio = (highest / n_base) ** (1 / (depth - 1))
    sizes = [n_base]
    for level in range(1, depth):
        wanted = round(n_base * ratio**level)
        room = highest * 2 ** (depth - 1 - level)
        sizes.append(max(min(wanted, sizes[-1] // 2), room) if level < depth - 1 else highest)
    return sizes


def cluster_ids(level: int, sizes: Sequence[int], centroids: Vectors) -> list[str]:
    """An id such as ``0-0012`` for each cluster: numbered by size, largest first, equal sizes by their centroids."""
    order = _order(sizes, centroids)
    ids = [""] * len(order)
    for place, row in enumerate(order):
        ids[row] = f"{level}-{place:04d}"
    return ids


def arrange(
    base: Base, config: ArrangeConfig, writer: Writer | None, encoder: Encoder, checks: Checks, n_terms: int, seed: int
) -> list[Node]:
    """All clusters of all levels, base first, by id. Children partition their parent; top clusters have no parent.

    ``writer`` None names parents by terms. ``config.method`` ``model`` needs a :class:`StructuredWriter`; with any
    other writer the linkage is used. The order of the base clusters makes no difference.
    """
    if not len(base.numbers):
        return []
    base = _sorted(base)
    vocabulary = checks.vocabulary or Vocabulary(encoder)
    checks = replace(checks, vocabulary=vocabulary)
    sizes = level_sizes(len(base.numbers), config.levels, config.top)
    weights = [float(size) for size in base.sizes]
    votes = vocabulary.propose(base.centroids, weights, broad=False, most=3, allowed=base.supported)
    job = Job(base, writer, encoder, checks, n_terms, votes)
    if config.method != "ward" and isinstance(writer, StructuredWriter):
        return _nodes(base, _by_model(job, sizes, config, writer, seed))
    return _nodes(base, _by_linkage(job, sizes))


def _by_linkage(job: Job, sizes: Sequence[int]) -> list[Level]:
    # Weighted by the square root of the size: between letting large clusters decide and letting all count the same.
    # Against the domains of intent_clinc150 all three came out alike (NMI .51 to .60).
    weights = np.sqrt(job.base.sizes).tolist()
    cuts = ward_levels(job.base.centroids, weights, sizes[1:]) if len(sizes) > 1 else []
    levels = [ground(job)]
    for number, cut in enumerate(cuts, 1):
        levels.append(describe_parents(job, levels[-1], cut, top=number == len(cuts)))
    return levels


def _by_model(
    job: Job, sizes: Sequence[int], config: ArrangeConfig, writer: StructuredWriter, seed: int
) -> list[Level]:
    levels = [ground(job)]
    for number, wanted in enumerate(sizes[1:], 1):
        below = levels[-1]
        held = np.bincount(below.of_base, weights=job.base.sizes, minlength=len(below.described))
        children = [Child(row.name, row.summary, int(size)) for row, size in zip(below.described, held, strict=True)]
        if len(children) < 3:
            break
        target = min(wanted, len(children) - 1)
        scan = job.checks.scan
        found = build_level(children, target, writer, job.encoder, scan, config.neighbourhood, seed + number)
        cut = found.parents[below.of_base]
        levels.append(describe_parents(job, below, cut, top=number == len(sizes) - 1, names=found.names))
    return levels


def _order(sizes: Sequence[int], centroids: Vectors) -> list[int]:
    keys = [(-int(size), *np.round(centroids[row, :32], 5).tolist(), row) for row, size in enumerate(sizes)]
    return sorted(range(len(keys)), key=lambda row: keys[row])


def _sorted(base: Base) -> Base:
    order = _order(base.sizes, base.centroids)
    return Base(
        [base.numbers[row] for row in order],
        [base.described[row] for row in order],
        [base.evidence[row] for row in order],
        [base.sizes[row] for row in order],
        np.asarray(base.centroids, dtype=np.float32)[order],
        base.counts,
        None if base.supported is None else [base.supported[row] for row in order],
        None if base.crowds is None else [base.crowds[row] for row in order],
    )


def _nodes(base: Base, levels: Sequence[Level]) -> list[Node]:
    ids: list[list[str]] = []
    for number, level in enumerate(levels):
        members = [members_of(level.of_base, cluster) for cluster in range(len(level.described))]
        held = [sum(base.sizes[row] for row in rows) for rows in members]
        ids.append(cluster_ids(number, held, np.stack([middle(base, rows) for rows in members])))
    nodes = []
    for number, level in enumerate(levels):
        first = {int(cluster): row for row, cluster in reversed(list(enumerate(level.of_base)))}
        above = ids[number + 1] if number + 1 < len(levels) else None
        for cluster, row in enumerate(level.described):
            parent = above[int(levels[number + 1].of_base[first[cluster]])] if above else None
            own = int(base.numbers[first[cluster]]) if number == 0 else None
            nodes.append(Node(ids[number][cluster], number, parent, own, row.name, row.summary, row.terms, row.writer))
    return sorted(nodes, key=lambda node: (node.level, len(node.cluster_id), node.cluster_id))


def run(config: RunConfig, context: Context) -> None:
    """Arrange the described clusters and write ``hierarchy``."""
    found = gather(config, context)
    rows = context.read("descriptions").to_pylist()
    described = [Described(r["name"], r["summary"], tuple(r["terms"]), r["writer"], r["reason"]) for r in rows]
    clusters = range(len(found.centroids))
    vocabulary = context.vocabulary
    base = Base(
        list(clusters),
        described,
        [found.evidence(c) for c in clusters],
        found.sizes,
        found.centroids,
        found.counts,
        found.supported(vocabulary),
        [found.crowd(c) for c in clusters],
    )
    checks = Checks(context.redactor.scan, found.counts.min_accounts, vocabulary=vocabulary)
    with context.reporter.track("arrange", len(clusters)) as advance:
        nodes = arrange(
            base, config.arrange, context.writer, context.encoder, checks, config.describe.terms, config.seed
        )
        advance(len(clusters))
    context.write("hierarchy", HIERARCHY.build([asdict(node) for node in nodes]))
    context.notes |= {
        "levels": {str(level): count for level, count in sorted(Counter(node.level for node in nodes).items())},
        "named_by": dict(sorted(Counter(node.writer for node in nodes if node.level).items())),
    }


def _identity(context: Context) -> dict[str, str]:
    from clio.prompts.facets import prompt_hashes

    preset, describing = context.config.release.preset, context.config.describe
    least = f"{describing.least_accounts(preset)} {describing.margin(preset)} {context.config.audit.sensitive_accounts}"
    return prompt_hashes() | {"least_accounts": least}


STAGE = Stage(
    name="arrange",
    run=run,
    version=5,
    sections=("arrange", "describe", "writer", "encoder", "redact", "seed"),
    after=("extract_facets", "cluster", "describe"),
    outputs=("workspace/hierarchy.parquet",),
    identity=_identity,
)
