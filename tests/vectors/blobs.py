"""Made vectors: unit rows around unit centres, in uneven numbers."""

import numpy as np
from numpy.typing import NDArray


def unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def blobs(n: int, centres: int, dimensions: int = 16, spread: float = 0.25, seed: int = 0):
    """``(vectors, truth)``; every centre has at least one row where ``n`` allows it."""
    random = np.random.default_rng(seed)
    middle = unit(random.normal(size=(centres, dimensions)))
    share = random.dirichlet(np.full(centres, 2.0))
    truth = np.concatenate([np.arange(min(n, centres)), random.choice(centres, max(0, n - centres), p=share)])
    noise = spread * random.normal(size=(n, dimensions)) / np.sqrt(dimensions)
    return unit(middle[truth] + noise), truth.astype(np.int32)
