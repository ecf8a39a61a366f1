"""Reports and exports of a release of many clusters: size, seconds to write, and seconds until Chromium shows the page.

    python benchmarks/report.py                       5,000 clusters of the finest level, JSON
    python benchmarks/report.py --clusters 500 --skip pdf xlsx

The release is made by hand, with three levels, two facets and twelve weeks for every cluster. Every file passes the
last look, which is in the seconds. The page is opened from disk in a headless Chromium: ``opened_s`` is from the
request until the page has loaded, ``painted_s`` until the largest part of its first screen is drawn: medians.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
NAMES = (
    ("write", "explain", "plan", "improve", "check", "compare", "summarise", "translate", "draft", "repair"),
    ("cooking", "travel", "garden", "spreadsheet", "website", "music", "fitness", "history", "chemistry", "grammar",
     "budget", "wedding", "camping", "knitting", "database", "poetry", "astronomy", "painting", "cycling", "baking"),
    ("questions", "instructions", "ideas", "lists", "notes", "lessons", "examples", "schedules", "descriptions"),
    ("for beginners", "for a school", "in simple words", "step by step", "with pictures"),
)  # fmt: skip
STEPS = (1, 10, 200, 1_800)
"""Names are counted through like digits: 9,000 of them."""
REPORTS = ("html", "pdf", "docx", "md")
EXPORTS = ("csv", "parquet", "json", "xlsx")


def made(folder: Path, clusters: int) -> Path:
    """A release of so many clusters of the finest level, each with a stability."""
    import pandas as pd

    from benchmarks.explorer import scene
    from benchmarks.explorer_pages import release_of

    frame, squares, _ = scene("clusters", clusters)
    release = release_of(folder, frame, squares)
    table = pd.read_parquet(release / "clusters.parquet")
    rows = range(len(table))
    names = [" ".join(words[n // step % len(words)] for words, step in zip(NAMES, STEPS, strict=True)) for n in rows]
    terms = [name.split()[1:3] for name in names]
    named = table.assign(name=names, terms=terms, stability=[(n % 15 + 5) / 20 for n in rows])
    named.to_parquet(release / "clusters.parquet", index=False)
    return release


def timed(write: Callable[[], Path]) -> dict[str, float]:
    """Seconds and bytes of a file, or of all files of a folder."""
    began = time.perf_counter()
    path = write()
    seconds = time.perf_counter() - began
    files = [path] if path.is_file() else [file for file in path.iterdir() if file.is_file()]
    return {"seconds": round(seconds, 1), "bytes": sum(file.stat().st_size for file in files)}


def opened(path: Path, repeats: int) -> dict[str, float]:
    """What a reader waits for in Chromium."""
    from playwright.sync_api import sync_playwright

    from tests.map.browser import ARGUMENTS, chromium

    paint = """() => new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))
      .observe({type: 'largest-contentful-paint', buffered: true}))"""
    found: dict[str, list[float]] = {"opened_s": [], "painted_s": []}
    with sync_playwright() as playwright:
        for _ in range(repeats):
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            page.goto(path.as_uri())
            found["opened_s"].append(time.perf_counter() - began)
            found["painted_s"].append(page.evaluate(paint) / 1000)
            browser.close()
    return {name: round(statistics.median(values), 2) for name, values in found.items()}


def measure(clusters: int, skip: list[str], repeats: int) -> dict[str, Any]:
    """Everything of a release of so many clusters."""
    import clio
    from clio.report.write import write_report

    with tempfile.TemporaryDirectory(prefix="clio-bench-") as place:
        folder = Path(place)
        release = made(folder / "release", clusters)
        reports = {
            form: timed(lambda form=form: write_report(release, folder / f"r.{form}", format=form))
            for form in REPORTS if form not in skip
        }  # fmt: skip
        exports = {
            form: timed(lambda form=form: clio.export(release, folder / form, format=form))
            for form in EXPORTS if form not in skip
        }  # fmt: skip
        page = opened(folder / "r.html", repeats) if "html" in reports and "browser" not in skip else None
    return {"clusters": clusters, "reports": reports, "exports": exports, "browser": page}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=5_000)
    parser.add_argument("--skip", nargs="*", default=[], choices=[*REPORTS, *EXPORTS, "browser"])
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    found = measure(given.clusters, given.skip, given.repeats)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps({"machine": machine, **found}, indent=2))


if __name__ == "__main__":
    main()
