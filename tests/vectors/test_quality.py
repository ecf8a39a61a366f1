import json

import numpy as np

from clio.vectors.quality import quality
from tests.vectors.blobs import blobs


def test_figures_can_be_written_and_are_right() -> None:
    vectors, labels = blobs(300, 4, spread=0.3)
    labels[:10] = -1
    accounts = np.arange(300)
    accounts[labels == 2] = 7
    figures = quality(vectors, labels, accounts, sample=100)
    assert json.loads(json.dumps(figures)) == figures
    sizes = np.bincount(labels[10:])
    assert figures["clusters"] == 4
    assert figures["noise"] == 10
    assert figures["silhouette_rows"] == 100
    assert figures["silhouette"] > 0.5
    assert figures["sizes"]["max"] == sizes.max()
    assert figures["sizes"]["min"] == sizes.min()
    assert figures["single_account_clusters"] == 1
    assert figures["largest_account_share"]["max"] == 1.0
    assert figures == quality(vectors, labels, accounts, sample=100)


def test_what_cannot_be_computed_is_none() -> None:
    vectors, _ = blobs(5, 2)
    for labels in (np.full(5, -1), np.zeros(5, np.int32), np.arange(5), np.zeros(0, np.int32)):
        figures = quality(vectors[: len(labels)], labels, np.arange(len(labels)))
        assert figures["silhouette"] is None
        json.dumps(figures, allow_nan=False)
