"""Arrange base clusters in levels: each level coarser than the one below, every cluster with exactly one parent.

Two ways: a capable model proposes, deduplicates, assigns and renames (:mod:`clio.stages._levels`); without one, Ward's
linkage of the centroids is cut at the same level sizes, so that the levels nest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.config.stages import ArrangeConfig
from clio.models.protocol import (
    Answer,
    Description,
    Encoder,
    Evidence,
    Reply,
    Request,
    StructuredWriter,
    Transcript,
    Vectors,
    Writer,
)  # fmt: skip
from clio.privacy.terms import Term, TermCounts
from clio.prompts import rename
from clio.stages._levels import Child, ask, build_level
from clio.stages.describe import Checks, Described, Subject, describe
from clio.vectors.ward import ward_levels

Labels = NDArray[np.int64]

PARENT_FLOOR = 0.6
"""A parent spans more than a base cluster, so its name may lie further from the middle: this share of the floor."""
_SAMPLES = 60


@dataclass(frozen=True, slots=True)
class Base:
    """The base clusters, in any order; the n-th entry of each sequence belongs to the n-th cluster."""

    numbers: Sequence[int]
    """Cluster numbers: rows of ``counts``."""
    described: Sequence[Described]
    evidence: Sequence[Evidence]
    sizes: Sequence[int]
    """Conversations in each."""
    centroids: Vectors
    """Shape (clusters, dimensions), rows of length 1."""
    counts: TermCounts
    """Made from the same texts and cluster numbers as the descriptions."""


@dataclass(frozen=True, slots=True)
class Node:
    """One cluster of any level."""

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
    sizes = level_sizes(len(base.numbers), config.levels, config.top)
    if config.method != "ward" and isinstance(writer, StructuredWriter):
        groups = _by_model(base, sizes, config, writer, encoder, checks, n_terms, seed)
    else:
        groups = _by_linkage(base, sizes, writer, encoder, checks, n_terms)
    return _nodes(base, groups)


@dataclass(frozen=True, slots=True)
class _Level:
    of_base: Labels
    """Which cluster of this level each base cluster is in."""
    described: list[Described]
    terms: list[list[Term]]


def _by_linkage(
    base: Base, sizes: Sequence[int], writer: Writer | None, encoder: Encoder, checks: Checks, n_terms: int
) -> list[_Level]:
    # Weighted by the square root of the size: between letting large clusters decide and letting all count the same.
    # Both ends were less stable against the domains of intent_clinc150 (NMI of 10 and 24 groups, k 60 and 120).
    cuts = ward_levels(base.centroids, np.sqrt(base.sizes).tolist(), sizes[1:]) if len(sizes) > 1 else []
    levels = [_ground(base, n_terms)]
    for cut in cuts:
        levels.append(_described(base, levels[-1], cut, writer, encoder, checks, n_terms))
    return levels


def _by_model(
    base: Base,
    sizes: Sequence[int],
    config: ArrangeConfig,
    writer: StructuredWriter,
    encoder: Encoder,
    checks: Checks,
    n_terms: int,
    seed: int,
) -> list[_Level]:
    levels = [_ground(base, n_terms)]
    for number, wanted in enumerate(sizes[1:], 1):
        below = levels[-1]
        held = np.bincount(below.of_base, weights=base.sizes, minlength=len(below.described))
        children = [Child(row.name, row.summary, int(size)) for row, size in zip(below.described, held, strict=True)]
        if len(children) < 3:
            break
        target = min(wanted, len(children) - 1)
        found = build_level(children, target, writer, encoder, checks.scan, config.neighbourhood, seed + number)
        cut = found.parents[below.of_base]
        levels.append(_described(base, below, cut, writer, encoder, checks, n_terms, found.names))
    return levels


def _ground(base: Base, n_terms: int) -> _Level:
    terms = base.counts.distinctive(n_terms)
    return _Level(np.arange(len(base.numbers)), list(base.described), [terms[number] for number in base.numbers])


def _described(
    base: Base,
    below: _Level,
    cut: Labels,
    writer: Writer | None,
    encoder: Encoder,
    checks: Checks,
    n_terms: int,
    names: Sequence[str] = (),
) -> _Level:
    """The level whose cluster of base cluster ``b`` is ``cut[b]``; a cluster with one child keeps the child's words."""
    count = int(cut.max()) + 1
    held = np.bincount(below.of_base, weights=base.sizes, minlength=len(below.described))
    inside = [set(below.of_base[cut == parent].tolist()) for parent in range(count)]
    children = [sorted(rows, key=lambda row: (-held[row], row)) for rows in inside]
    kept = {parent: below.described[rows[0]] for parent, rows in enumerate(children) if len(rows) == 1}
    new = [parent for parent in range(count) if parent not in kept]
    mapping = np.full(max(base.counts.clusters, max(base.numbers) + 1), -1, dtype=np.int64)
    mapping[np.asarray(base.numbers)] = cut
    counts = base.counts.regrouped(mapping.tolist())
    terms = counts.distinctive(n_terms)
    subjects, centroids = [], []
    for parent in new:
        members = _rows(cut, parent)
        samples = _pooled([base.evidence[row].inside for row in members])
        languages = _pooled([base.evidence[row].languages[:1] for row in members])
        shown = tuple(_shown(below.described[row], whole=bool(names)) for row in children[parent])
        evidence = Evidence(samples, (), tuple(term.text for term in terms[parent]), languages, shown)
        parts = [below.terms[row] for row in children[parent]]
        subjects.append(Subject(evidence, terms[parent], counts.of_cluster(parent), parts))
        centroids.append(_middle(base, members))
    own_checks = replace(checks, floor=checks.floor * PARENT_FLOOR)
    if names and isinstance(writer, StructuredWriter):
        titles = {
            tuple(subject.evidence.children): names[parent] for subject, parent in zip(subjects, new, strict=True)
        }
        writer = _Renamer(writer, titles)
    described = describe(
        subjects, writer, encoder, np.stack(centroids) if centroids else base.centroids[:0], own_checks,
        again=lambda numbers: [subjects[number].evidence for number in numbers],
        taken=[row.name for row in below.described],
    )  # fmt: skip
    rows = {**kept, **dict(zip(new, described, strict=True))}
    return _Level(cut, [rows[parent] for parent in range(count)], terms[:count])


def _shown(child: Described, whole: bool) -> str:
    return f"{child.name}: {child.summary}" if whole else child.name


def _pooled(parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Some of every part in turn, each text once: the largest cluster does not fill a parent's evidence alone."""
    turns = zip_longest(*parts)
    found = dict.fromkeys(text for turn in turns for text in turn if text is not None)
    return tuple(found)[:_SAMPLES]


def _rows(of_base: Labels, cluster: int) -> list[int]:
    return [int(row) for row in np.flatnonzero(of_base == cluster)]


def _middle(base: Base, members: Sequence[int]) -> Vectors:
    weights = np.asarray([base.sizes[row] for row in members], dtype=np.float64)
    middle = np.average(base.centroids[list(members)], axis=0, weights=weights if weights.sum() > 0 else None)
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-12), dtype=np.float32)


class _Renamer:
    """A structured writer seen as one that describes: it names a parent from its children, twice if need be."""

    def __init__(self, writer: StructuredWriter, names: Mapping[tuple[str, ...], str]) -> None:
        self.id = writer.id
        self._writer = writer
        self._names = names
        self._asked = 0

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        return self._writer.answer(transcripts, facets)

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        return self._writer.ask(requests)

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """The reply to a rename request; at the second asking also the name proposed before there were children."""
        self._asked += 1
        values = ask(self._writer, [rename.request(seen.children, seen.terms) for seen in evidence])
        for seen, value in zip(evidence, values, strict=True):
            name, summary = value.get("name"), value.get("summary")
            found = (
                [Description(name, summary if isinstance(summary, str) else "", self.id)]
                if isinstance(name, str)
                else []
            )
            proposed = self._names.get(tuple(seen.children), "")
            yield [*found, Description(proposed, "", self.id)] if self._asked > 1 and proposed else found


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
    )


def _nodes(base: Base, levels: Sequence[_Level]) -> list[Node]:
    ids: list[list[str]] = []
    for number, level in enumerate(levels):
        members = [_rows(level.of_base, cluster) for cluster in range(len(level.described))]
        held = [sum(base.sizes[row] for row in rows) for rows in members]
        ids.append(cluster_ids(number, held, np.stack([_middle(base, rows) for rows in members])))
    nodes = []
    for number, level in enumerate(levels):
        first = {int(cluster): row for row, cluster in reversed(list(enumerate(level.of_base)))}
        above = ids[number + 1] if number + 1 < len(levels) else None
        for cluster, row in enumerate(level.described):
            parent = above[int(levels[number + 1].of_base[first[cluster]])] if above else None
            own = int(base.numbers[first[cluster]]) if number == 0 else None
            nodes.append(Node(ids[number][cluster], number, parent, own, row.name, row.summary, row.terms, row.writer))
    return sorted(nodes, key=lambda node: (node.level, len(node.cluster_id), node.cluster_id))
