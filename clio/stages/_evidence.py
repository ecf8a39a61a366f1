"""What describing and arranging both look at: samples, distinctive terms and word counts of the base clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.models.protocol import Encoder, Evidence, Vectors
from clio.privacy.terms import Term, TermCounts, count_terms
from clio.runs.context import Context
from clio.runs.files import load_array
from clio.stages._texts import Texts, read_texts
from clio.text.vocabulary import Vocabulary
from clio.vectors.contrast import Sample, contrast
from clio.vectors.store import open_vectors


@dataclass(frozen=True, slots=True)
class Gathered:
    """One entry per base cluster, by number, unless said otherwise."""

    texts: Texts
    labels: NDArray[np.int64]
    """Base cluster per text; negative for none."""
    centroids: Vectors
    """Of the members whose words the names are compared with: see :func:`naming_centroids`."""
    samples: list[Sample]
    counts: TermCounts
    terms: list[list[Term]]
    sizes: list[int]
    vectors: Vectors

    def supported(self, encoder: Encoder, least: int) -> list[frozenset[str]]:
        """Per cluster the labels of the public vocabulary that enough of the sampled accounts stand behind."""
        vocabulary = Vocabulary(encoder)
        return [vocabulary.supported(np.asarray(self.vectors[s.inside]), least) for s in self.samples]

    def domains(self, encoder: Encoder, least: int) -> list[str]:
        """Per cluster the domain most of the sampled accounts are in, or an empty text."""
        vocabulary = Vocabulary(encoder)
        return [vocabulary.domain(np.asarray(self.vectors[s.inside]), least) for s in self.samples]

    def evidence(self, cluster: int, sample: Sample | None = None) -> Evidence:
        """What a namer sees of one cluster; ``sample`` instead of the first one."""
        from clio.stages._names import evidence

        sample = sample or self.samples[cluster]
        return evidence(
            self.texts.texts,
            self.texts.language,
            sample.inside.tolist(),
            sample.outside.tolist(),
            self.terms[cluster],
            self.texts.facet.naming,
        )


def gather(config: RunConfig, context: Context) -> Gathered:
    """Read the workspace and draw the samples; the same for the same run whoever asks."""
    texts = read_texts(config, context)
    assigned = context.read("assignments")
    by_id = dict(
        zip(assigned.column("conversation_id").to_pylist(), assigned.column("cluster").to_pylist(), strict=True)
    )
    labels = np.array([by_id[name] for name in texts.conversation_id], dtype=np.int64)
    centroids = load_array(context.workspace / "centroids.npy")
    vectors = open_vectors(context.workspace / "vectors")
    samples = draw(vectors, labels, centroids, texts, config, config.seed)
    counts = count_terms(
        texts.texts, labels.tolist(), texts.account.astype(str).tolist(), config.describe.term_accounts, len(centroids)
    )
    sizes = np.bincount(labels[labels >= 0], minlength=len(centroids)).tolist()
    named = naming_centroids(vectors, labels, texts, centroids)
    return Gathered(texts, labels, named, samples, counts, counts.distinctive(config.describe.terms), sizes, vectors)


def draw(
    vectors: Vectors, labels: NDArray[np.int64], centroids: Vectors, texts: Texts, config: RunConfig, seed: int
) -> list[Sample]:
    """Members at random against the nearest outsiders, at most one per account."""
    return contrast(
        vectors, labels, centroids, texts.account, config.describe.inside, config.describe.outside, seed=seed
    )


ENGLISH_ENOUGH = 0.3
"""Share of a cluster's members in English from which these alone stand for it when it is named."""


def naming_centroids(vectors: Vectors, labels: NDArray[np.int64], texts: Texts, centroids: Vectors) -> Vectors:
    """Mean direction of each cluster's English members, or of all where too few are; every account counts once.

    Names are English: an encoder that reads other languages badly sees in them the language, and would call a mixed
    cluster "Chinese learning". And what a cluster is called is not for those who talk most to decide.
    """
    codes = np.asarray(texts.language, dtype=str)
    english = (codes == "en") | (codes == "")
    found = np.array(centroids, dtype=np.float32)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(len(centroids) + 1))
    for cluster in range(len(centroids)):
        rows = np.sort(order[starts[cluster] : starts[cluster + 1]])
        spoken = rows[english[rows]]
        rows = spoken if len(spoken) and len(spoken) >= ENGLISH_ENOUGH * len(rows) else rows
        _, account, times = np.unique(texts.account[rows], return_inverse=True, return_counts=True)
        mean = np.average(np.asarray(vectors[rows], dtype=np.float64), axis=0, weights=1.0 / times[account])
        found[cluster] = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return found
