"""Vectors to base clusters. None that reaches naming is empty, of one account, or under the thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.config.release import ReleaseConfig
from clio.config.stages import ClusterConfig
from clio.runs.context import Context
from clio.runs.files import write_array
from clio.runs.stage import Stage
from clio.stages._texts import read_texts
from clio.tables import ASSIGNMENTS
from clio.vectors.density import density_clusters
from clio.vectors.kmeans import RESTART_ROWS, centroids_of, default_k, merge_small, spherical_kmeans
from clio.vectors.quality import quality
from clio.vectors.stability import NOT_DRAWN, drawn
from clio.vectors.store import open_vectors

NOISE, NO_TEXT = -1, -2
CENTROIDS = "centroids.npy"
REDRAWN = "redrawn.npy"


@dataclass(frozen=True, slots=True)
class Clustered:
    """Base clusters, numbered from 0, the largest first."""

    labels: NDArray[np.int32]
    """One per vector; NOISE where a density method leaves it out."""
    centroids: NDArray[np.float32]
    """Shape (clusters, dimensions), rows of length 1."""
    redrawn: NDArray[np.int32]
    """Shape (draws, vectors): labels of a clustering anew of a half of the accounts; NOT_DRAWN for the other half."""
    notes: Mapping[str, Any]


def cluster(
    vectors: NDArray[np.float32],
    accounts: NDArray[np.int64],
    config: ClusterConfig,
    release: ReleaseConfig,
    seed: int,
) -> Clustered:
    """Cluster, then let every cluster under the thresholds join the nearest one.

    Shares are not looked at here: an account that talks too much is trimmed when counting, and the others in its
    cluster keep their place.
    """
    notes: dict[str, Any] = {"method": config.method}
    k = config.k or default_k(len(vectors))
    labels, joined, about = _labels(vectors, accounts, k, config, release, seed)
    notes |= about
    centroids = centroids_of(vectors, labels)
    notes["joined_before_naming"] = joined
    notes["quality"] = quality(vectors, labels, accounts, config.silhouette_sample, seed)
    return Clustered(labels, centroids, _redrawn(vectors, accounts, k, config, release, seed), notes)


def _labels(
    vectors: NDArray[np.float32],
    accounts: NDArray[np.int64],
    k: int,
    config: ClusterConfig,
    release: ReleaseConfig,
    seed: int,
) -> tuple[NDArray[np.int32], int, dict[str, Any]]:
    """Labels of clusters that pass the thresholds, how many others joined them, and what the manifest is told."""
    notes: dict[str, Any] = {}
    if config.method == "hdbscan":
        labels = density_clusters(vectors, config.hdbscan_min_size, seed).labels
    else:
        found = spherical_kmeans(
            vectors,
            k,
            seed=seed,
            iterations=config.iterations,
            restarts=config.restarts,
            two_level_above=config.two_level_above,
        )
        labels = found.labels
        notes |= {"k": k, "objective": round(float(found.objective), 6)}
    notes["clusters_found"] = len(np.unique(labels[labels >= 0]))
    labels, joined = merge_small(
        labels, vectors, accounts, release.min_conversations, release.min_accounts, max_share=1.0
    )
    return labels, joined, notes


def _redrawn(
    vectors: NDArray[np.float32],
    accounts: NDArray[np.int64],
    k: int,
    config: ClusterConfig,
    release: ReleaseConfig,
    seed: int,
) -> NDArray[np.int32]:
    """The same clustering of other halves of the accounts, with other seeds; thresholds halve with the people."""
    draws = config.stability_draws if len(vectors) <= RESTART_ROWS else min(1, config.stability_draws)
    least = release.model_copy(
        update={
            "min_conversations": (release.min_conversations + 1) // 2,
            "min_accounts": (release.min_accounts + 1) // 2,
        }
    )
    halved = config.model_copy(update={"hdbscan_min_size": max(2, (config.hdbscan_min_size + 1) // 2)})
    found = np.full((draws, len(vectors)), NOT_DRAWN, dtype=np.int32)
    for draw in range(draws):
        own = np.random.SeedSequence([seed, draw + 1])
        rows = drawn(accounts, np.random.default_rng(own))
        if len(rows):
            found[draw, rows] = _labels(vectors[rows], accounts[rows], k, halved, least, int(own.generate_state(1)[0]))[
                0
            ]
    return found


def run(config: RunConfig, context: Context) -> None:
    """Cluster the vectors and write ``assignments`` and the centroids."""
    texts = read_texts(config, context)
    vectors = open_vectors(context.workspace / "vectors")
    with context.reporter.track("cluster", len(vectors)) as advance:
        found = cluster(vectors, texts.account, config.cluster, config.release, config.seed)
        advance(len(vectors))
    place = {name: row for row, name in enumerate(texts.conversation_id)}
    answers = context.read("facets")
    ids = list(dict.fromkeys(answers.column("conversation_id").to_pylist()))
    similarity = _similarity(vectors, found)
    rows: list[dict[str, object]] = []
    for name in ids:
        row = place.get(name)
        label = NO_TEXT if row is None else int(found.labels[row])
        near = float(similarity[row]) if row is not None and label >= 0 else None
        rows.append({"conversation_id": name, "cluster": label, "similarity": near})
    write_array(context.workspace / CENTROIDS, found.centroids)
    write_array(context.workspace / REDRAWN, _in_order(found.redrawn, [place.get(name) for name in ids]))
    context.write("assignments", ASSIGNMENTS.build(rows))
    context.notes |= dict(found.notes) | {"base_clusters": len(found.centroids)}


def _in_order(redrawn: NDArray[np.int32], rows: Sequence[int | None]) -> NDArray[np.int32]:
    """A column for every row of ``assignments``; NOT_DRAWN where there was no text."""
    known = np.array([-1 if row is None else row for row in rows], dtype=np.int64)
    out = np.full((len(redrawn), len(rows)), NOT_DRAWN, dtype=np.int32)
    out[:, known >= 0] = redrawn[:, known[known >= 0]]
    return out


def _similarity(vectors: NDArray[np.float32], found: Clustered) -> NDArray[np.float32]:
    result = np.zeros(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), 65_536):
        part = found.labels[start : start + 65_536]
        if len(found.centroids):
            block = np.asarray(vectors[start : start + 65_536])
            result[start : start + 65_536] = np.einsum("ij,ij->i", block, found.centroids[np.maximum(part, 0)])
    return result


def _identity(context: Context) -> dict[str, Any]:
    release = context.config.release
    return {"thresholds": [release.min_conversations, release.min_accounts]}


STAGE = Stage(
    name="cluster",
    run=run,
    version=2,
    sections=("cluster", "seed"),
    after=("extract_facets", "embed"),
    outputs=("workspace/assignments.parquet", f"workspace/{CENTROIDS}", f"workspace/{REDRAWN}"),
    identity=_identity,
)
