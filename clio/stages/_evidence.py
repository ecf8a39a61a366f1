"""What describing and arranging both look at: samples, distinctive terms and word counts of the base clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.models.protocol import Evidence, Vectors
from clio.privacy.injection import addresses_model
from clio.privacy.margins import Margins
from clio.privacy.terms import Term, TermCounts, count_terms
from clio.runs.context import Context
from clio.runs.files import load_array
from clio.stages._support import Crowd, least_sampled
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
    instructing: int
    """Sampled texts that were left out because they speak to the model that would read them."""

    def crowd(self, cluster: int) -> Crowd:
        """The sampled conversations of a cluster that its names are held against."""
        rows = self.samples[cluster].inside
        everyone = int(self.counts.cluster_accounts[cluster])
        return Crowd(np.asarray(self.vectors[rows]), self.texts.account[rows], everyone)

    def supported(self, vocabulary: Vocabulary) -> list[frozenset[str]]:
        """Per cluster the labels of the public vocabulary that enough of the sampled accounts stand behind."""
        return [vocabulary.supported(crowd.vectors, self._least(crowd)) for crowd in self._crowds()]

    def domains(self, vocabulary: Vocabulary) -> list[str]:
        """Per cluster the domain most of the sampled accounts are in, or an empty text."""
        return [vocabulary.domain(crowd.vectors, self._least(crowd)) for crowd in self._crowds()]

    def _crowds(self) -> Iterator[Crowd]:
        return (self.crowd(cluster) for cluster in range(len(self.samples)))

    def _least(self, crowd: Crowd) -> int:
        return least_sampled(self.counts.min_accounts, len(crowd.vectors), crowd.everyone)

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
    drawn = draw(vectors, labels, centroids, texts, config, config.seed)
    samples = [heard(sample, texts) for sample in drawn]
    silenced = sum(map(_size, drawn)) - sum(map(_size, samples))
    speaking = np.where(first_of_account(labels, texts.account, config.describe.per_account_evidence), labels, -1)
    least = config.describe.least_accounts(config.release.preset)
    accounts = texts.account.astype(str).tolist()
    margins = Margins.of(context.key, config.describe.margin(config.release.preset), config.audit.sensitive_accounts)
    counts = count_terms(texts.texts, speaking.tolist(), accounts, least, len(centroids), margins)
    sizes = np.bincount(labels[labels >= 0], minlength=len(centroids)).tolist()
    named = naming_centroids(vectors, speaking, texts, centroids)
    terms = counts.distinctive(config.describe.terms)
    return Gathered(texts, labels, named, samples, counts, terms, sizes, vectors, silenced)


def draw(
    vectors: Vectors, labels: NDArray[np.int64], centroids: Vectors, texts: Texts, config: RunConfig, seed: int
) -> list[Sample]:
    """Members at random against the nearest outsiders, at most one per account."""
    return contrast(
        vectors, labels, centroids, texts.account, config.describe.inside, config.describe.outside, seed=seed
    )


def heard(sample: Sample, texts: Texts) -> Sample:
    """The sample without texts that speak to the model that would read them (:mod:`clio.privacy.injection`)."""
    inside, outside = (
        rows[[not addresses_model(texts.texts[row]) for row in rows.tolist()]] if len(rows) else rows
        for rows in (sample.inside, sample.outside)
    )
    return Sample(inside, outside)


def _size(sample: Sample) -> int:
    return len(sample.inside) + len(sample.outside)


def first_of_account(labels: NDArray[np.int64], accounts: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """Which conversations are among the first ``most`` (in the order given) of their account in their cluster.

    However much one account says, it then holds no more of a cluster's words than so many conversations have. The
    order of the ``conversations`` table is that of a digest of their contents.
    """
    order = np.lexsort((accounts, labels))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(labels[order]) != 0) | (np.diff(accounts[order]) != 0)
    starts = np.flatnonzero(new)
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    found = np.empty(len(order), dtype=bool)
    found[order] = rank < most
    return found


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
