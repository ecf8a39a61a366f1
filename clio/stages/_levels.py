"""One level of the hierarchy by a capable model: propose, deduplicate, assign (Clio paper, G.7).

What a model replies is never trusted to be whole: names are checked for form and identifiers, a reply that cannot be
used is asked for once more, and what is still missing is filled in by distance between embeddings. So every cluster
gets exactly one parent and the number of parents stays within half and one and a half times the number wanted,
whatever the replies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clio.models.protocol import Encoder, Request, StructuredWriter, Vectors
from clio.prompts import assign, deduplicate, propose
from clio.text.checks import name_fault, tidy
from clio.vectors.ward import ward_levels

Labels = NDArray[np.int64]

OUTSIDE = 10
"""Nearest clusters outside a neighbourhood that are shown with it. The paper gives no number."""
MOST_GROUPS_SHOWN = 100
"""Groups offered for one cluster: the nearest, where there are more. Keeps the assign prompt within a page or two."""
_NUMBERED = re.compile(r"^\s*(?:\d{1,4}[.):]|[-*•])\s+")


@dataclass(frozen=True, slots=True)
class Child:
    """One cluster that is to get a parent."""

    name: str
    summary: str
    size: int

    @property
    def line(self) -> str:
        """How it is shown to the model and embedded."""
        return f"{self.name}: {self.summary}"


@dataclass(frozen=True, slots=True)
class Level:
    """Parents for a list of children."""

    parents: Labels
    """The parent (0 to the number of names - 1) of each child; every parent has at least one child."""
    names: tuple[str, ...]
    """What the model proposed to call each parent, before it saw which children it has; empty where it has no name."""


def bounds(wanted: int, children: int) -> tuple[int, int]:
    """Least and most parents: 0.5 to 1.5 times as many as wanted, at least two, always fewer than the children."""
    most = max(1, min(wanted * 3 // 2, children - 1))
    return min(max(2, -(-wanted // 2)), most), most


def build_level(
    children: Sequence[Child],
    wanted: int,
    writer: StructuredWriter,
    encoder: Encoder,
    scan: Callable[[str], Sequence[object]],
    neighbourhood: int,
    seed: int,
) -> Level:
    """Group at least two children under about ``wanted`` parents; the result depends on their order and ``seed``."""
    vectors = encoder.encode([child.line for child in children])
    least, most = bounds(wanted, len(children))
    proposed = _propose(children, vectors, wanted, writer, scan, neighbourhood, seed)
    names = _deduplicate(proposed, wanted, least, most, writer, encoder, scan)
    if len(names) < max(least, 2):
        names = _topped_up(names, [*proposed, *(child.name for child in children)], max(least, 2), encoder)
    parents = _assign(children, vectors, names, writer, encoder, seed)
    return _within(parents, names, vectors, [child.size for child in children], least, most)


def usable_names(value: Mapping[str, Any], scan: Callable[[str], Sequence[object]]) -> list[str]:
    """The names of a reply that are fit to be used, each once, in order."""
    given = value.get("names")
    found: dict[str, str] = {}
    for item in given if isinstance(given, list) else []:
        name = tidy(_NUMBERED.sub("", item) if isinstance(item, str) else item).rstrip(".")
        if not name_fault(name) and not scan(name):
            found.setdefault(name.casefold(), name)
    return list(found.values())


def ask(writer: StructuredWriter, requests: Sequence[Request]) -> list[Mapping[str, Any]]:
    """The value of each reply, in order; an empty mapping where it was refused, failed, or is no object."""
    replies = list(writer.ask(requests)) if requests else []
    values = [
        reply.value if reply.status == "answered" and isinstance(reply.value, Mapping) else {} for reply in replies
    ]
    return (values + [{} for _ in requests])[: len(requests)]


def _propose(
    children: Sequence[Child],
    vectors: Vectors,
    wanted: int,
    writer: StructuredWriter,
    scan: Callable[[str], Sequence[object]],
    neighbourhood: int,
    seed: int,
) -> list[str]:
    requests = []
    for inside, outside in _neighbourhoods(vectors, neighbourhood, seed):
        share = max(2, round(wanted * len(inside) / len(children)))
        shown = [children[n].line for n in inside]
        requests.append(propose.request(shown, [children[n].line for n in outside], min(share, len(inside))))
    found = [usable_names(value, scan) for value in ask(writer, requests)]
    empty = [n for n, names in enumerate(found) if not names]
    for n, value in zip(empty, ask(writer, [requests[n] for n in empty]), strict=True):
        found[n] = usable_names(value, scan)
    return list({name.casefold(): name for names in found for name in names}.values())


def _neighbourhoods(vectors: Vectors, average: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """Members of each neighbourhood (k-means), and the nearest clusters outside it."""
    from sklearn.cluster import KMeans

    count = len(vectors)
    groups = max(1, round(count / average))
    labels = np.zeros(count, dtype=np.int64)
    if groups > 1:
        labels = KMeans(groups, n_init=1, random_state=seed).fit_predict(vectors).astype(np.int64)
    found = []
    for group in range(groups):
        inside = np.flatnonzero(labels == group)
        if not len(inside):
            continue
        near = vectors @ vectors[inside].mean(axis=0)
        near[inside] = -np.inf
        outside = np.argsort(-near, kind="stable")[: min(OUTSIDE, count - len(inside))]
        found.append((inside.tolist(), outside.tolist()))
    return found


def _deduplicate(
    proposed: Sequence[str],
    wanted: int,
    least: int,
    most: int,
    writer: StructuredWriter,
    encoder: Encoder,
    scan: Callable[[str], Sequence[object]],
) -> list[str]:
    """The model's own shorter list where it is within bounds at the first or second asking, else merged by distance."""
    names = list(proposed)
    for _ in range(2):
        if not proposed:
            break
        found = usable_names(ask(writer, [deduplicate.request(proposed, wanted)])[0], scan)
        names = found or names
        if least <= len(found) <= most:
            break
    return _merged(names, most, encoder)


def _merged(names: Sequence[str], most: int, encoder: Encoder) -> list[str]:
    """At most ``most`` names: of names that lie together, the one nearest their middle."""
    if len(names) <= most:
        return list(names)
    vectors = encoder.encode(list(names))
    groups = ward_levels(vectors, np.ones(len(names)).tolist(), [most])[0]
    kept = []
    for group in range(int(groups.max()) + 1):
        rows = np.flatnonzero(groups == group)
        near = vectors[rows] @ vectors[rows].mean(axis=0)
        kept.append(int(rows[int(near.argmax())]))
    return [names[n] for n in sorted(kept)]


def _topped_up(names: Sequence[str], pool: Sequence[str], least: int, encoder: Encoder) -> list[str]:
    """At least ``least`` names where the pool has as many: each time the one furthest from those there are."""
    found = list(names)
    have = {name.casefold() for name in found}
    rest = [name for name in dict.fromkeys(pool) if name.casefold() not in have]
    if not rest or len(found) >= least:
        return found
    vectors = encoder.encode(rest)
    near = np.full(len(rest), -1.0)
    if found:
        near = (vectors @ encoder.encode(found).T).max(axis=1)
    while len(found) < least and near.min() < np.inf:
        place = int(near.argmin())
        found.append(rest[place])
        near = np.maximum(near, vectors @ vectors[place])
        near[place] = np.inf
    return found


def _assign(
    children: Sequence[Child],
    vectors: Vectors,
    names: Sequence[str],
    writer: StructuredWriter,
    encoder: Encoder,
    seed: int,
) -> Labels:
    """The parent of every child: the model's choice, else the name nearest to what it replied, else to the child."""
    name_vectors = encoder.encode(list(names))
    near = vectors @ name_vectors.T
    random = np.random.default_rng(seed)
    requests = []
    for row, child in enumerate(children):
        shown = np.argsort(-near[row], kind="stable")[:MOST_GROUPS_SHOWN]
        requests.append(assign.request(child.line, [names[n] for n in random.permutation(np.sort(shown))]))
    legal = {name.casefold(): number for number, name in enumerate(names)}
    parents = np.full(len(children), -1, dtype=np.int64)
    said: dict[int, str] = {}
    waiting = list(range(len(children)))
    for _ in range(2):
        for row, value in zip(waiting, ask(writer, [requests[row] for row in waiting]), strict=True):
            given = value.get("group")
            text = tidy(_NUMBERED.sub("", given)) if isinstance(given, str) else ""
            parents[row] = legal.get(text.casefold(), -1)
            if text:
                said[row] = text[:200]
        waiting = [row for row in waiting if parents[row] < 0]
    spoken = [row for row in waiting if row in said]
    if spoken:
        near[spoken] = encoder.encode([said[row] for row in spoken]) @ name_vectors.T
    parents[waiting] = near[waiting].argmax(axis=1)
    return parents


def _within(
    parents: Labels, names: Sequence[str], vectors: Vectors, sizes: Sequence[int], least: int, most: int
) -> Level:
    """Drop parents nobody chose, merge the nearest above the bound, split the largest below it."""
    used, labels = np.unique(parents, return_inverse=True)
    labels, titles = labels.reshape(-1).astype(np.int64), [names[n] for n in used]
    weights = np.asarray(sizes, dtype=np.float64)
    if len(titles) > most:
        centres = np.stack([np.average(vectors[labels == n], axis=0, weights=weights[labels == n] + 1e-9)
                            for n in range(len(titles))])  # fmt: skip
        held = [float(weights[labels == n].sum()) for n in range(len(titles))]
        merged = ward_levels(centres, held, [most])[0]
        largest = [max(np.flatnonzero(merged == n), key=lambda old: (held[old], -old)) for n in range(most)]
        labels, titles = merged[labels], [titles[old] for old in largest]
    while len(titles) < least:
        counts = np.bincount(labels, minlength=len(titles))
        widest = int(counts.argmax())
        rows = np.flatnonzero(labels == widest)
        if len(rows) < 2:
            break
        halves = ward_levels(vectors[rows], weights[rows].tolist(), [2])[0]
        labels[rows[halves == 1]] = len(titles)
        titles = [*titles, ""]
        titles[widest] = ""
    return Level(labels, tuple(titles))
