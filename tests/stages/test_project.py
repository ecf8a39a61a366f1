from __future__ import annotations

from pathlib import Path

import numpy as np

from clio.config.stages import ProjectConfig
from clio.stages import project as stage
from clio.stages.project import project
from clio.vectors.store import store_vectors
from tests.fakes import HashingEncoder
from tests.stages.workspaces import draw_workspace
from tests.vectors.blobs import blobs


def test_few_rows_are_placed_the_same_every_time() -> None:
    vectors, _ = blobs(15, 3)
    points = project(vectors, ProjectConfig(), 0)
    assert points.shape == (15, 2)
    assert np.isfinite(points).all()
    assert np.array_equal(points, project(vectors, ProjectConfig(), 1))


def test_the_stage_places_every_text_and_nothing_else(tmp_path: Path) -> None:
    drawn = draw_workspace(2, 30)
    context = drawn.context(tmp_path)
    texts = [row for row in drawn.facets if row["facet"] == "request" and row["status"] == "answered"]
    store_vectors(HashingEncoder(32).encode([row["value"] for row in texts]), context.workspace / "vectors")
    stage.run(context.config, context)
    rows = context.read("positions").to_pylist()
    assert [row["conversation_id"] for row in rows] == [row["conversation_id"] for row in texts]
    by_text: dict[str, set[tuple[float, float]]] = {}
    for row, text in zip(rows, texts, strict=True):
        by_text.setdefault(text["value"], set()).add((row["x"], row["y"]))
    assert all(len(places) == 1 for places in by_text.values())
    assert all(np.isfinite(value) for places in by_text.values() for place in places for value in place)
