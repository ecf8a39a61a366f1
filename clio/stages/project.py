"""Vectors to the two-dimensional map. For display only: no other stage decides anything by it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.config.stages import ProjectConfig
from clio.runs.context import Context
from clio.runs.stage import Stage
from clio.stages._texts import read_texts
from clio.tables import POSITIONS
from clio.vectors.projection import project as place_points
from clio.vectors.store import open_vectors


def project(vectors: NDArray[np.float32], config: ProjectConfig, seed: int) -> NDArray[np.float32]:
    """Positions, shape (n, 2): UMAP (Clio paper, G.6), fitted on a sample where there are very many."""
    return place_points(vectors, config, seed)


def run(config: RunConfig, context: Context) -> None:
    """Place every clustered conversation and write ``positions``."""
    texts = read_texts(config, context)
    vectors = open_vectors(context.workspace / "vectors")
    with context.reporter.track("project", len(vectors)) as advance:
        points = project(vectors, config.project, config.seed)
        advance(len(vectors))
    table = pa.table({"conversation_id": list(texts.conversation_id), "x": points[:, 0], "y": points[:, 1]})
    context.write("positions", POSITIONS.validate(table))


STAGE = Stage(
    name="project",
    run=run,
    version=1,
    sections=("project", "seed"),
    after=("embed",),
    outputs=("workspace/positions.parquet",),
)
