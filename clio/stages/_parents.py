"""Parents of a hierarchy: the evidence for their names, and names that need no writer.

A parent is a mixture, so the label of the vocabulary that lies nearest to its middle often fits one child only. Without
a writer its base clusters vote on a label or an area; else its two largest children's names stand side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from clio.config.facets import Facet
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
)
from clio.privacy.terms import Term, TermCounts
from clio.prompts import rename
from clio.stages._levels import ask
from clio.stages._names import Checks, Described, Subject, describe
from clio.stages._support import Crowd, pooled
from clio.text.checks import MOST_NAME_WORDS
from clio.text.phrasing import MIXED, lowered
from clio.text.vocabulary import SUPPORT, Proposal, labels

Labels = NDArray[np.int64]

PARENT_FLOOR = 0.6
"""A parent spans more than a base cluster, so its name may lie further from the middle, and fewer of its accounts may
be near to it: this share of the floor and of SUPPORT."""
_SAMPLES = 60
"""Facet texts shown for a parent."""
AREA_FLOOR, LABEL_FLOOR = 0.35, 0.45
"""Least cosine of a base cluster to a label for its vote to count, for the label's area and for the label itself."""
MAJORITY = 0.6
"""Least share of a parent's conversations that a label or an area must have to name it."""
BOTH = 0.75
"""Least share that two areas must have together."""


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
    supported: Sequence[Collection[str]] | None = None
    """Per cluster the labels of the vocabulary that enough accounts stand behind; None: any."""
    crowds: Sequence[Crowd] | None = None
    """Per cluster the sampled conversations that written names are held against; None: they are not."""


@dataclass(frozen=True, slots=True)
class Job:
    """What describing any level needs."""

    base: Base
    writer: Writer | None
    encoder: Encoder
    checks: Checks
    n_terms: int
    votes: Sequence[Sequence[Proposal]]
    """What the vocabulary proposes for each base cluster."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the hierarchy."""

    of_base: Labels
    """Which cluster of this level each base cluster is in."""
    described: list[Described]
    terms: list[list[Term]]


def ground(job: Job) -> Level:
    """Level 0."""
    terms, base = job.base.counts.distinctive(job.n_terms), job.base
    return Level(np.arange(len(base.numbers)), list(base.described), [terms[number] for number in base.numbers])


def describe_parents(job: Job, below: Level, cut: Labels, *, top: bool, names: Sequence[str] = ()) -> Level:
    """The level whose cluster of base cluster ``b`` is ``cut[b]``; a cluster with one child keeps the child's words.

    ``names`` are what a structured writer proposed to call them; with it, that writer is asked for the final names.
    """
    base, writer = job.base, job.writer
    children = _children(base, below, cut)
    kept = {parent: below.described[rows[0]] for parent, rows in enumerate(children) if len(rows) == 1}
    new = [parent for parent in range(len(children)) if parent not in kept]
    mapping = np.full(max(base.counts.clusters, max(base.numbers) + 1), -1, dtype=np.int64)
    mapping[np.asarray(base.numbers)] = cut
    counts = base.counts.regrouped(mapping.tolist())
    terms = counts.distinctive(job.n_terms)
    subjects = []
    for parent in new:
        members = members_of(cut, parent)
        evidence = _evidence(base, below, members, children[parent], terms[parent], whole=bool(names))
        parts = [below.terms[row] for row in children[parent]]
        sizes = [base.sizes[row] for row in members]
        joined = children_joined([below.described[row].name for row in children[parent]])
        listed = listed_names([job.votes[row] for row in members], sizes, top=top) + ([joined] if joined else [])
        everyone = int(counts.cluster_accounts[parent])
        subjects.append(
            Subject(
                evidence,
                terms[parent],
                counts.of_cluster(parent),
                parts,
                sum(sizes),
                listed,
                crowd=None if base.crowds is None else pooled([base.crowds[row] for row in members], everyone),
                share=SUPPORT * PARENT_FLOOR,
                vouched=[] if base.supported is None else [name for row in members for name in base.supported[row]],
            )
        )
    if names and isinstance(writer, StructuredWriter):
        own = zip(subjects, new, strict=True)
        writer = Renamer(writer, {tuple(subject.evidence.children): names[parent] for subject, parent in own})
    described = describe(
        subjects,
        writer,
        job.encoder,
        np.stack([middle(base, members_of(cut, parent)) for parent in new]) if new else base.centroids[:0],
        replace(job.checks, floor=job.checks.floor * PARENT_FLOOR),
        again=lambda numbers: [subjects[number].evidence for number in numbers],
        taken=[row.name for row in below.described],
    )
    rows = {**kept, **dict(zip(new, described, strict=True))}
    return Level(cut, [rows[parent] for parent in range(len(children))], terms[: len(children)])


def _children(base: Base, below: Level, cut: Labels) -> list[list[int]]:
    """Clusters of the level below in each parent, largest first."""
    held = np.bincount(below.of_base, weights=base.sizes, minlength=len(below.described))
    inside = [set(below.of_base[cut == parent].tolist()) for parent in range(int(cut.max()) + 1)]
    return [sorted(rows, key=lambda row: (-held[row], row)) for rows in inside]


def _evidence(
    base: Base, below: Level, members: Sequence[int], children: Sequence[int], terms: Sequence[Term], *, whole: bool
) -> Evidence:
    """What a namer sees of a parent; ``whole`` shows the children's summaries too."""
    rows = [below.described[row] for row in children]
    return Evidence(
        inside=_pooled([base.evidence[row].inside for row in members]),
        outside=(),
        terms=tuple(term.text for term in terms),
        languages=_pooled([base.evidence[row].languages[:1] for row in members]),
        children=tuple(f"{row.name}: {row.summary}" if whole else row.name for row in rows),
    )


def _pooled(parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Some of every part in turn, each text once: the largest cluster does not fill a parent's evidence alone."""
    turns = zip_longest(*parts)
    found = dict.fromkeys(text for turn in turns for text in turn if text is not None)
    return tuple(found)[:_SAMPLES]


def members_of(of_base: Labels, cluster: int) -> list[int]:
    return [int(row) for row in np.flatnonzero(of_base == cluster)]


def middle(base: Base, members: Sequence[int]) -> Vectors:
    weights = np.asarray([base.sizes[row] for row in members], dtype=np.float64)
    middle = np.average(base.centroids[list(members)], axis=0, weights=weights if weights.sum() > 0 else None)
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-12), dtype=np.float32)


class Renamer:
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


def listed_names(votes: Sequence[Sequence[Proposal]], sizes: Sequence[int], *, top: bool) -> list[str]:
    """Names from the vocabulary that fit a parent, best first; ``votes`` holds its base clusters' proposals.

    At the top an area, then a domain, comes before a narrow label; below it, the other way round.
    """
    total = float(sum(sizes)) or 1.0
    by_label: dict[str, float] = defaultdict(float)
    by_area: dict[str, float] = defaultdict(float)
    by_domain: dict[str, float] = defaultdict(float)
    for proposals, size in zip(votes, sizes, strict=True):
        for proposal in proposals:
            if proposal.cosine >= LABEL_FLOOR:
                by_label[proposal.label.name] += size / total
        if proposals and proposals[0].cosine >= AREA_FLOOR:
            by_area[proposals[0].label.area] += size / total
            by_domain[proposals[0].label.domain] += size / total
    narrow = [name for name, share in _ranked(by_label) if share >= MAJORITY]
    names = {label.area: label.name for label in labels() if label.broad}
    areas = _ranked(by_area)
    broad = [names[area] for area, share in areas if share >= MAJORITY]
    domains = _ranked(by_domain)
    broad += [domain for domain, share in domains if share >= MAJORITY]
    if not broad and len(areas) > 1 and areas[0][1] + areas[1][1] >= BOTH:
        broad = [f"{names[areas[0][0]]}; {lowered(names[areas[1][0]])}"]
    if len(domains) > 1 and domains[0][1] + domains[1][1] >= BOTH:
        broad.append(f"{domains[0][0]}; {lowered(domains[1][0])}")
    found = [*broad, *narrow] if top else [*narrow, *broad]
    return [name for name in found if len(name.split()) <= MOST_NAME_WORDS]


def children_joined(names: Sequence[str]) -> str:
    """The first two names as one of at most ten words; empty where they do not fit."""
    bare = [name.split(" (")[0].split("; ")[0] for name in names if not name.startswith(MIXED)]
    if len(bare) < 2 or bare[0] == bare[1]:
        return ""
    joined = f"{bare[0]}; {lowered(bare[1])}"
    return joined if len(joined.split()) <= MOST_NAME_WORDS else ""


def _ranked(shares: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(shares.items(), key=lambda item: (-round(item[1], 9), item[0]))
