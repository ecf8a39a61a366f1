import numpy as np
import pytest

from clio.config.stages import ProjectConfig
from clio.vectors.projection import project
from tests.vectors.blobs import blobs, unit

EDGES = {f"{n} rows": blobs(n, min(n, 3))[0] if n else blobs(1, 1)[0][:0] for n in (0, 1, 2, 3, 5, 15, 16, 20, 21, 30)}
EDGES["all duplicates"] = np.repeat(EDGES["1 rows"], 60, axis=0)
EDGES["two places"] = np.repeat(EDGES["2 rows"], 40, axis=0)
EDGES["one dimension"] = unit(np.array([[1.0], [-1.0], [1.0]]))


@pytest.mark.parametrize("vectors", EDGES.values(), ids=EDGES.keys())
def test_edges(vectors) -> None:
    points = project(vectors, ProjectConfig())
    assert points.shape == (len(vectors), 2)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()


def apart(points, truth) -> float:
    """Share of rows whose nearest other row is of the same blob."""
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    return float((truth[distance.argmin(axis=1)] == truth).mean())


def test_a_sample_is_fitted_and_the_rest_placed_beside_its_neighbours() -> None:
    vectors, truth = blobs(500, 5, spread=0.2)
    config = ProjectConfig(fit_rows=150)
    points = project(vectors, config, seed=1)
    assert np.isfinite(points).all()
    assert apart(points, truth) > 0.95
    assert (points == project(vectors, config, seed=1)).all()
    rows = np.arange(0, 500, 4)
    given = project(vectors, config, 1, rows)
    np.testing.assert_array_equal(given[rows], project(vectors[rows], config, 1))


def test_order_and_repetition_of_rows_do_not_matter() -> None:
    vectors, _ = blobs(80, 4)
    order = np.random.default_rng(0).permutation(80)
    points = project(vectors, ProjectConfig())
    np.testing.assert_array_equal(project(vectors[order], ProjectConfig()), points[order])
    twice = project(np.concatenate([vectors, vectors[:10]]), ProjectConfig())
    np.testing.assert_array_equal(twice, np.concatenate([points, points[:10]]))


def test_many_fitted_rows_are_searched_by_cells(monkeypatch) -> None:
    monkeypatch.setattr("clio.vectors.projection._INDEXED", 50)
    vectors, truth = blobs(400, 4, spread=0.2)
    assert apart(project(vectors, ProjectConfig(fit_rows=200)), truth) > 0.95
