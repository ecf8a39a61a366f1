"""Names from a public vocabulary: a cluster is called what the nearest entry is called.

``vocabulary.yaml`` holds labels written for this project, in areas. A name taken from it can hold no word of any
conversation, so it needs no trust in a model: only which label is chosen depends on the data, and that through the mean
of a whole cluster. Where no capable model writes, these are the names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from clio.models.protocol import Encoder, Vectors

FILE = Path(__file__).with_name("vocabulary.yaml")
COMMON = 0.5
"""How much of a label's mean cosine over all clusters is taken off: what is near to every cluster tells them apart
badly. Half of it leaves a label that suits a corpus about one thing only where it belongs."""

HARMFUL = "Harmful requests"
HARM_FLOOR = 0.45
"""Least cosine for a label that names a harm: no mixed cluster is to be accused by what is merely the least far."""

NEAREST = 12
"""Of about a thousand labels, how many are taken to be what one conversation is about."""
SUPPORT = 0.3
"""Least share of a cluster's sampled accounts that must stand behind a label. On the demo corpus, hh-rlhf, WildChat
and OpenAssistant (docs/real-data.md): names that fitted had .32 to .97, names that did not .14 to .24."""
BROAD_SUPPORT = 0.4
"""The same for a whole domain, by the one label nearest to each account."""


@dataclass(frozen=True, slots=True)
class Label:
    """One entry."""

    name: str
    about: str
    area: str
    domain: str
    """What the area belongs to: one of about ten."""
    broad: bool
    """Whether it names a whole area (for parents) or something in one."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A label for a cluster."""

    label: Label
    cosine: float
    """Of the label and the cluster's centroid."""
    score: float
    """The cosine less what the label has in common with every cluster."""


@cache
def labels() -> tuple[Label, ...]:
    """Every entry, areas first, in the order of the file."""
    areas = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    broad = [Label(area["name"], area["about"], area["area"], area["domain"], True) for area in areas]
    fine = [
        Label(row["name"], row["about"], area["area"], area["domain"], False)
        for area in areas
        for row in area["labels"]
    ]
    return (*broad, *fine)


class Vocabulary:
    """The vocabulary in the space of one encoder. Encodes its labels once, at the first use."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: Vectors | None = None

    def propose(
        self,
        centroids: Vectors,
        weights: Sequence[float],
        *,
        broad: bool,
        most: int = 5,
        allowed: Sequence[Collection[str]] | None = None,
    ) -> list[list[Proposal]]:
        """The ``most`` best labels per cluster, best first.

        ``centroids`` has shape (clusters, dimensions), rows of length 1; ``weights`` are their sizes. ``broad`` allows
        the names of areas too, and prefers them. ``allowed`` limits each cluster to the labels named (see
        :meth:`supported`).
        """
        if not len(centroids):
            return []
        entries = labels()
        cosines = centroids @ self._encoded().T
        score = cosines - COMMON * np.average(cosines, axis=0, weights=np.asarray(weights, dtype=np.float64))
        score = score + np.array([_AREA_BONUS if broad else -np.inf if entry.broad else 0.0 for entry in entries])
        score = np.where([broad or not entry.broad for entry in entries], score, -np.inf)
        harmful = np.array([entry.domain == HARMFUL for entry in entries])
        score = np.where(harmful & (cosines < HARM_FLOOR), -np.inf, score)
        if allowed is not None:
            score = np.where([[entry.name in names for entry in entries] for names in allowed], score, -np.inf)
        order = np.argsort(-np.round(score, 6), axis=1, kind="stable")[:, :most]
        return [
            [Proposal(entries[e], float(cosines[c, e]), float(score[c, e])) for e in row if np.isfinite(score[c, e])]
            for c, row in enumerate(order)
        ]

    def supported(self, members: Vectors, least: int) -> frozenset[str]:
        """Labels among the nearest few of at least ``least`` of the rows, and of at least a share of them (SUPPORT).

        Give it one row per account: then no label is shown that only a handful of people stand behind, however much
        they talk. A topic that three accounts raise has no name.
        """
        if not len(members):
            return frozenset()
        entries = labels()
        cosines = members @ self._encoded().T
        nearest = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        counts = np.bincount(nearest.ravel(), minlength=len(entries))
        return frozenset(entries[row].name for row in np.flatnonzero(counts >= max(least, SUPPORT * len(members))))

    def reach(self, members: Vectors) -> NDArray[np.float32]:
        """Per row the least cosine that what it is about has: that of the last of its nearest few labels."""
        cosines = members @ self._encoded().T
        return np.asarray(-np.partition(-cosines, NEAREST - 1, axis=1)[:, NEAREST - 1], dtype=np.float32)

    def domain(self, members: Vectors, least: int) -> str:
        """The domain that most rows are nearest to, where enough of them agree; else empty. One row per account."""
        if not len(members):
            return ""
        entries = labels()
        nearest = np.argmax(np.round(members @ self._encoded().T, 6), axis=1)
        (name, count), *_ = Counter(entries[row].domain for row in nearest).most_common(1)
        enough = count >= max(least, BROAD_SUPPORT * len(members)) and name != HARMFUL
        return name if enough else ""

    def _encoded(self) -> NDArray[np.float32]:
        if self._vectors is None:
            entries = labels()
            vectors = self._encoder.encode([f"{entry.name}: {entry.about}" for entry in entries])
            # An area lies in the middle of what is in it: its own few words alone were led astray by any of them.
            for row, entry in enumerate(entries):
                if entry.broad:
                    inside = [n for n, other in enumerate(entries) if other.area == entry.area and not other.broad]
                    middle = vectors[inside].mean(axis=0)
                    both = vectors[row] + middle / max(float(np.linalg.norm(middle)), 1e-12)
                    vectors[row] = both / max(float(np.linalg.norm(both)), 1e-12)
            self._vectors = vectors
        return self._vectors


_AREA_BONUS = 0.05
"""For a parent, the name of an area wins over one of its entries unless that is nearer by more than this."""
