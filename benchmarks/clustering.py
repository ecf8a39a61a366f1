"""Clustering and contrast sampling against scikit-learn and against kura 0.5.4's published approach.

    python benchmarks/clustering.py --n 20000 --json        # made vectors
    python benchmarks/clustering.py --n 20000 --real        # embeddings of real texts from ../shared/data

The last line of ``--json`` holds ``seconds``, ``objective`` (mean cosine of a row to its centroid, at our number of
clusters) and ``ratio``: a baseline's seconds divided by ours, so above 1 we are faster. ``cpu_seconds`` and
``ratio_cpu`` are the same in processor time, which other work on the machine disturbs less.

What is compared with what:

- ``sklearn_kmeans``, ``sklearn_minibatch``: one clustering into the same number of clusters, against ours. Above
  ``--cap`` rows KMeans stops after ten iterations; nothing is added for those it would still have made.
- ``kura``: its clustering, member lists and contrast samples together, against our clustering and contrast sampling
  together. Written here from the description in the toolkit's notes on peers: scikit-learn's KMeans with
  k = ceil(N / 10) and no seed; for every cluster a scan of all labels; for every cluster a new list of all other
  clusters' members from which ten are drawn at random. The two per-cluster steps are timed on 20 clusters and
  multiplied. Above ``--cap`` rows its KMeans is extrapolated from cap/2 and cap rows by the power law through both.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from pydantic import BaseModel

from clio.config.release import ReleaseConfig
from clio.config.stages import ClusterConfig
from clio.stages.cluster import cluster
from clio.vectors.contrast import contrast
from clio.vectors.kmeans import centroids_of, default_k, spherical_kmeans

T = TypeVar("T")
SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


class Summary(BaseModel):
    """What kura draws from: an object with text per conversation."""

    chat_id: str
    summary: str


class Seconds(NamedTuple):
    wall: float
    cpu: float

    def times(self, factor: float) -> Seconds:
        return Seconds(self.wall * factor, self.cpu * factor)


def timed(work: Callable[[], T]) -> tuple[T, Seconds]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def made(n: int, dimensions: int = 384, seed: int = 0) -> np.ndarray:
    """Unit rows: n/100 topics of uneven size in areas of about 20 topics; cosine to the own topic about 0.74."""
    random = np.random.default_rng(seed)
    topics = max(2, n // 100)
    areas = random.normal(size=(max(2, topics // 20), dimensions))
    areas /= np.linalg.norm(areas, axis=1, keepdims=True)
    noise = random.normal(size=(topics, dimensions)) / math.sqrt(dimensions)
    middle = areas[random.integers(len(areas), size=topics)] + 0.8 * noise
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    share = random.pareto(1.5, size=topics) + 0.2
    rows = middle[random.choice(topics, size=n, p=share / share.sum())].astype(np.float32)
    rows += 0.9 * random.normal(size=rows.shape).astype(np.float32) / math.sqrt(dimensions)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def real(n: int) -> np.ndarray:
    """Embeddings of what users said in the shared development sets, each turn a row."""
    from clio.models.encoder import SentenceEncoder

    texts: list[str] = []
    for path in sorted(path for kind in ("intent", "topic", "chat") for path in SHARED.glob(f"{kind}_*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                said = (turn for turn in json.loads(line).get("messages") or [] if turn.get("role") == "user")
                texts += [str(turn["content"])[:400] for turn in said if turn.get("content")]
    order = np.random.default_rng(0).permutation(len(texts))[:n]
    if len(order) < n:
        raise SystemExit(f"only {len(order):,} texts in {SHARED.name}")
    return SentenceEncoder().encode([texts[i] for i in order])


def objective(rows: np.ndarray, labels: np.ndarray) -> float:
    centroids = centroids_of(rows, labels)
    return round(float(np.einsum("ij,ij->i", rows, centroids[labels]).mean()), 5)


def kura_kmeans(rows: np.ndarray) -> tuple[np.ndarray, Seconds]:
    from sklearn.cluster import KMeans

    return timed(lambda: KMeans(n_clusters=math.ceil(len(rows) / 10)).fit_predict(rows))


def kura_per_cluster(n: int, labels: np.ndarray, probes: int = 20) -> tuple[Seconds, Seconds]:
    """Seconds of member lists and of contrast samples for all clusters, from ``probes`` of them."""
    k = int(labels.max()) + 1
    summaries = [Summary(chat_id=str(i), summary=f"the user asked for thing number {i}") for i in range(n)]
    listed = labels.tolist()
    some = range(0, k, max(1, k // probes))
    _, lists = timed(lambda: [[i for i, label in enumerate(listed) if label == c] for c in some])
    members: dict[int, list[Summary]] = {}
    for i, label in enumerate(listed):
        members.setdefault(label, []).append(summaries[i])

    def draw(c: int) -> Any:
        others = [item for other, items in members.items() if other != c for item in items]
        return np.random.choice(others, size=min(10, len(others)), replace=False)  # noqa: NPY002 - as described

    _, draws = timed(lambda: [draw(c) for c in some])
    return lists.times(k / len(some)), draws.times(k / len(some))


def measure(rows: np.ndarray, cap: int, skip: set[str]) -> dict[str, Any]:
    from sklearn.cluster import KMeans, MiniBatchKMeans

    n, k = len(rows), default_k(len(rows))
    accounts = np.random.default_rng(1).integers(0, max(1, n // 5), n)
    seconds: dict[str, Seconds] = {}
    notes: list[str] = []
    spherical_kmeans(rows[:500], 5)  # libraries loaded before the clock starts
    ours, seconds["ours_kmeans"] = timed(lambda: spherical_kmeans(rows, k))
    _, seconds["ours_contrast"] = timed(lambda: contrast(rows, ours.labels, ours.centroids, accounts, 50, 50))
    # The whole stage: clusters that pass the thresholds, and half of the accounts clustered anew four times.
    config = ClusterConfig(silhouette_sample=0)
    _, seconds["stage_with_stability"] = timed(lambda: cluster(rows, accounts, config, ReleaseConfig(), 0))
    quality = {"ours": objective(rows, ours.labels)}
    if "sklearn_minibatch" not in skip:
        labels, seconds["sklearn_minibatch"] = timed(lambda: MiniBatchKMeans(k, random_state=0).fit_predict(rows))
        quality["sklearn_minibatch"] = objective(rows, labels)
    if "sklearn_kmeans" not in skip:
        most = 300 if n <= cap else 10
        labels, seconds["sklearn_kmeans"] = timed(lambda: KMeans(k, max_iter=most, random_state=0).fit_predict(rows))
        quality["sklearn_kmeans"] = objective(rows, labels)
        if most == 10:
            notes.append("sklearn_kmeans: stopped after 10 iterations, measured as such, nothing extrapolated")
    if "kura" not in skip:
        _kura(rows, cap, seconds, quality, notes)
    return {
        "n": n,
        "k": k,
        "ratio": _ratios({name: taken.wall for name, taken in seconds.items()}),
        "ratio_cpu": _ratios({name: taken.cpu for name, taken in seconds.items()}),
        "seconds": {name: round(taken.wall, 2) for name, taken in seconds.items()},
        "cpu_seconds": {name: round(taken.cpu, 2) for name, taken in seconds.items()},
        "objective": quality,
        "notes": notes,
    }


def _ratios(taken: dict[str, float]) -> dict[str, float]:
    baselines = ("sklearn_kmeans", "sklearn_minibatch", "stage_with_stability")
    ratio = {name: taken[name] / taken["ours_kmeans"] for name in baselines if name in taken}
    if "kura_kmeans" in taken:
        per_cluster = taken["kura_lists"] + taken["kura_contrast"]
        ratio["kura"] = (taken["kura_kmeans"] + per_cluster) / (taken["ours_kmeans"] + taken["ours_contrast"])
        ratio["kura_contrast_only"] = per_cluster / taken["ours_contrast"]
    return {name: round(value, 2) for name, value in ratio.items()}


def _kura(rows: np.ndarray, cap: int, seconds: dict[str, Seconds], quality: dict[str, float], notes: list[str]) -> None:
    n, k = len(rows), math.ceil(len(rows) / 10)
    if n <= cap:
        labels, seconds["kura_kmeans"] = kura_kmeans(rows)
        ours, seconds["ours_kmeans_at_kura_k"] = timed(lambda: spherical_kmeans(rows, k))
        quality["kura_at_its_k"] = objective(rows, labels)
        quality["ours_at_kura_k"] = objective(rows, ours.labels)
        sizes = np.bincount(labels, minlength=k)
        notes.append(f"kura: {k} clusters, {int((sizes == 1).sum())} of them of one conversation")
    else:
        (_, half), (_, whole) = kura_kmeans(rows[: cap // 2]), kura_kmeans(rows[:cap])
        power = math.log2(whole.cpu / half.cpu)
        seconds["kura_kmeans"] = whole.times((n / cap) ** power)
        labels = np.random.default_rng(2).integers(0, k, n)  # only the sizes of the lists matter from here on
        notes.append(
            f"kura_kmeans: extrapolated from {half[0]:.1f} s at {cap // 2:,} and {whole[0]:.1f} s at {cap:,} rows "
            f"(power {power:.2f})"
        )
    seconds["kura_lists"], seconds["kura_contrast"] = kura_per_cluster(n, labels)
    notes.append("kura_lists, kura_contrast: mean of 20 clusters times the number of clusters")


def machine() -> str:
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    return (
        f"{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, "
        f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}, Python {platform.python_version()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON, last")
    parser.add_argument("--real", action="store_true", help="embeddings of ../shared/data instead of made vectors")
    parser.add_argument("--cap", type=int, default=20_000, help="rows up to which every baseline runs in full")
    parser.add_argument("--skip", nargs="*", default=[], choices=["sklearn_kmeans", "sklearn_minibatch", "kura"])
    options = parser.parse_args()
    where = machine()
    rows = real(options.n) if options.real else made(options.n)
    figures = {"data": "real" if options.real else "made", "machine": where}
    figures |= measure(rows, options.cap, set(options.skip))
    print(f"{options.n:,} {figures['data']} vectors into {figures['k']:,} clusters ({where})")
    for name, seconds in figures["seconds"].items():
        print(f"  {name:24}{seconds:12,.2f} s  ({figures['cpu_seconds'][name]:,.2f} s of processor time)")
    for name, value in figures["objective"].items():
        print(f"  objective {name:24}{value:10.5f}")
    for name, value in figures["ratio"].items():
        print(f"  ours is {value:,.1f} times as fast as {name}")
    for note in figures["notes"]:
        print(f"  {note}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
