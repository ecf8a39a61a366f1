"""What other numbers of clusters, seeds and thresholds would have given: for choosing them, on the vectors of a run.

Reads the private side of a run (vectors and accounts) and gives figures about whole clusterings alone. They are for
the run's owner: they are of the very data, held to no threshold. How stable each single cluster is stands in the
release (``stability`` of its clusters).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clio.errors import RunError
from clio.privacy.thresholds import Thresholds, within_share
from clio.runs.files import read_table
from clio.vectors._partition import centroids_of
from clio.vectors.kmeans import spherical_kmeans
from clio.vectors.quality import quality
from clio.vectors.store import open_vectors

if TYPE_CHECKING:
    import pandas as pd

    from clio.models.protocol import Vectors
    from clio.runs.read import Run


def numbers_of_clusters(run: Run, ks: Iterable[int], *, seeds: Sequence[int] = (0, 1, 2)) -> pd.DataFrame:
    """Cluster the vectors of a run anew for every k, as often as there are seeds; a row a k.

    Columns: ``k``; ``spread``, mean squared distance to the own centroid (the *elbow*; 2 - 2 cosine on unit vectors)
    and ``silhouette`` (-1 to 1; Rousseeuw 1987, cosine), both means over seeds; ``stability``, mean adjusted Rand index
    of every two seeds (1: the same clusters, 0: as alike as chance; Hubert and Arabie 1985; null with one seed).

    Raises:
        RunError: the run has no vectors (not yet, or they were purged).
    """
    import pandas as pd
    from sklearn.metrics import adjusted_rand_score

    vectors, accounts = _private(run)
    rows = []
    for k in ks:
        labels = [spherical_kmeans(vectors, k, seed=seed).labels for seed in seeds]
        judged = [quality(vectors, one, accounts)["silhouette"] for one in labels]
        known = [value for value in judged if value is not None]
        pairs = [adjusted_rand_score(one, other) for n, one in enumerate(labels) for other in labels[:n]]
        rows.append(
            {
                "k": k,
                "spread": float(np.mean([_spread(vectors, one) for one in labels])),
                "silhouette": float(np.mean(known)) if known else None,
                "stability": float(np.mean(pairs)) if pairs else None,
            }
        )
    return pd.DataFrame(rows, columns=["k", "spread", "silhouette", "stability"])


def lost(run: Run, ks: Iterable[int], thresholds: Iterable[Thresholds], *, seed: int = 0) -> pd.DataFrame:
    """What thresholds would cost at every k, if clusters under them were left out; a row for each pair.

    Columns: ``k``, ``min_conversations``, ``min_accounts``, ``max_account_share``; ``clusters``, that pass, of
    ``found``; ``kept``, share (0 to 1) of the conversations that are in them and count. A run loses less: it lets
    clusters under the thresholds join their nearest neighbour first.

    Raises:
        RunError: the run has no vectors (not yet, or they were purged).
    """
    import pandas as pd

    vectors, accounts = _private(run)
    held = list(thresholds)
    rows = []
    for k in ks:
        labels = spherical_kmeans(vectors, k, seed=seed).labels
        members = [accounts[labels == label] for label in range(int(labels.max(initial=-1)) + 1)]
        for least in held:
            counted = [people[within_share(people, least.share)] for people in members]
            passed = [people for people in counted if _passes(people, least)]
            rows.append(
                {
                    "k": k,
                    "min_conversations": least.conversations,
                    "min_accounts": least.accounts,
                    "max_account_share": least.share,
                    "found": len(members),
                    "clusters": len(passed),
                    "kept": sum(map(len, passed)) / max(1, len(vectors)),
                }
            )
    return pd.DataFrame(rows)


def _passes(people: NDArray[np.int64], least: Thresholds) -> bool:
    _, counts = np.unique(people, return_counts=True)
    return least.passes(len(people), len(counts), int(counts.max(initial=0)))


def _spread(vectors: Vectors, labels: NDArray[np.int32]) -> float:
    near = np.einsum("ij,ij->i", vectors, centroids_of(vectors, labels)[labels])
    return float(np.mean(2 - 2 * near))


def _private(run: Run) -> tuple[Vectors, NDArray[np.int64]]:
    """Vectors, and the accounts of the conversations they are of."""
    workspace: Path = run.folder / "workspace"
    if not (workspace / "vectors").is_dir():
        raise RunError(f"{run.folder}: has no vectors to cluster anew. Run the same `clio run` command first.")
    assigned = read_table(workspace / "assignments.parquet").select(["conversation_id", "cluster"]).to_pylist()
    ids = [row["conversation_id"] for row in assigned if row["cluster"] >= -1]
    known = read_table(workspace / "conversations.parquet").select(["conversation_id", "account_id"]).to_pylist()
    account = {row["conversation_id"]: row["account_id"] for row in known}
    _, codes = np.unique(np.array([account[name] for name in ids], dtype=object).astype(str), return_inverse=True)
    vectors = np.asarray(open_vectors(workspace / "vectors"))
    if len(vectors) != len(ids):
        raise RunError(f"{run.folder}: vectors and assignments are of different runs. Run the same command again.")
    return vectors, codes.astype(np.int64)
