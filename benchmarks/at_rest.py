"""What an encrypted workspace costs: whole runs on real conversations, and the files of a run by themselves.

python benchmarks/at_rest.py ../shared/data/chat_sharegpt_dev.jsonl.gz --sample 1000 --pairs 3 [--json]
python benchmarks/at_rest.py --run runs/clear     # the files of a run in clear that is there, nothing else

Runs are compared by processor time, which a busy machine disturbs less than the clock, with replies and weights warm:
one run in clear that does not count, then pairs, each in an order of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import clio
from clio.config.workspace import WorkspaceConfig
from clio.runs.encryption import prepare
from clio.runs.files import read_table, write_table
from clio.runs.journal import JOURNAL, Journal
from clio.runs.manifest import Manifest
from clio.runs.permissions import make_folder
from clio.vectors.store import open_vectors, store_vectors

CONFIGS: dict[str, dict[str, Any]] = {"none": {}, "key": {"workspace": {"encryption": "key"}}}


def whole_run(source: Path, sample: int, kind: str, folder: Path) -> dict[str, float]:
    """Processor and clock seconds, and bytes of the workspace."""
    shutil.rmtree(folder, ignore_errors=True)
    cpu, clock = time.process_time(), time.perf_counter()
    clio.run(CONFIGS[kind], input=source, output=folder, sample=sample, progress="quiet")
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    files = [path for path in (folder / "workspace").rglob("*") if path.is_file()]
    return {"processor_s": cpu, "clock_s": clock, "bytes": float(sum(path.stat().st_size for path in files))}


def best(work: Callable[[], object], times: int = 5) -> float:
    """The quickest of several: what the work itself takes."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def files(run: Path, vectors: int, folder: Path) -> dict[str, dict[str, float]]:
    """Seconds to write and to read the facets and the journal of a run, and so many vectors of 384 numbers."""
    table = read_table(run / "workspace" / "facets.parquet")
    written = Journal(run / "workspace" / JOURNAL, Manifest.open(run).data["stages"]["extract_facets"]["key"])
    batches = list(zip(written.entries(), written.vectors(), strict=True))
    block = np.random.default_rng(0).standard_normal((vectors, 384), dtype=np.float32)
    found: dict[str, dict[str, float]] = {}
    for kind in CONFIGS:
        workspace = folder / kind / "workspace"
        make_folder(workspace)
        prepare(workspace, WorkspaceConfig.model_validate({"encryption": kind}))
        log = workspace / JOURNAL

        def journal(log: Path = log) -> None:
            log.unlink(missing_ok=True)
            new = Journal(log, "benchmark")
            for number, (entry, vectors_of) in enumerate(batches):
                new.add(number, entry.facets, entry.screened, vectors_of, entry.signatures, entry.counts)

        path, store = workspace / "facets.parquet", workspace / "vectors"
        found[kind] = {
            "write_table_s": best(lambda path=path: write_table(path, table)),
            "read_table_s": best(lambda path=path: read_table(path)),
            "write_journal_s": best(journal),
            "read_journal_s": best(lambda log=log: list(Journal(log, "benchmark").entries())),
            "write_vectors_s": best(lambda store=store: store_vectors(block, store), 3),
            "read_vectors_s": best(lambda store=store: np.array(open_vectors(store)).sum(), 3),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--vectors", type=int, default=200_000, help="of these, besides")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["CLIO_KEY_DIR"] = f"{scratch}/keys"
        folder = Path(scratch)
        clear = asked.run or folder / "none"
        if asked.run is None:
            whole_run(asked.source, asked.sample, "none", clear)
        runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in CONFIGS}
        for _ in range(asked.pairs if asked.run is None else 0):
            for kind in chance.sample(list(CONFIGS), len(CONFIGS)):
                runs[kind].append(whole_run(asked.source, asked.sample, kind, folder / kind))
        parts = files(clear, asked.vectors, folder / "files")
    if asked.json:
        print(json.dumps({"runs": runs, "files": parts}))
        return
    for kind, found in ((kind, found) for kind, found in runs.items() if found):
        seconds = ", ".join(f"{run['processor_s']:.1f}" for run in found)
        clock = ", ".join(f"{run['clock_s']:.1f}" for run in found)
        print(f"{kind}: processor {seconds} s; clock {clock} s; workspace {found[-1]['bytes'] / 1e6:.2f} MB")
    for kind, times in parts.items():
        print(f"{kind}: " + ", ".join(f"{name} {value:.4f}" for name, value in times.items()))


if __name__ == "__main__":
    main()
