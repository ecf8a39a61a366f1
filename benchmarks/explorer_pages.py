"""The explorer itself at many clusters: a release made by hand, and what a reader waits for. Run by explorer.py."""

from __future__ import annotations

import json
import re
import statistics
import time
from pathlib import Path
from typing import Any

COUNT = re.compile(r"clusters? match")
WEEKS = tuple(f"2026-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in (5, 12, 19, 26))
FACETS = {"language": ("English", "German", "French", "Other"), "surface": ("web", "api", "mobile")}
IDLE = """() => { const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState === 'notRunning' && !document.querySelector('[data-stale=true]'); }"""
ROW, ROW_HEIGHT = 36, 35
"""Pixels of the head of the list, which is drawn on a canvas, and of a row."""


def release_of(folder: Path, clusters: Any, squares: Any) -> Path:
    """A release as it would be passed on: these clusters with facets and weeks for every one."""
    import numpy as np
    import pandas as pd

    base = int((clusters["level"] == 0).sum())
    total = int(clusters.loc[clusters["level"] == 0, "conversations"].sum())
    frame = clusters.assign(
        share=clusters["conversations"] / total, merged=False, stability=np.nan, writer="made for a benchmark",
        terms=[[f"term {n % 997}", f"subject {n % 89}"] for n in range(len(clusters))],
    )  # fmt: skip
    names, sizes = frame["cluster_id"].tolist(), frame["conversations"].to_numpy()

    def cells(column: str, values: tuple[str, ...]) -> Any:
        each = np.maximum(15, sizes[:, None] // len(values) + np.arange(len(values)) % 7)
        made = pd.DataFrame({"cluster_id": np.repeat(names, len(values)), column: list(values) * len(names)})
        whole = pd.DataFrame({"cluster_id": "all", column: list(values), "conversations": total // len(values)})
        made = pd.concat([whole, made.assign(conversations=each.ravel())], ignore_index=True)
        parts = np.concatenate([np.full(len(values), total), np.repeat(sizes, len(values))])
        return made.assign(kind="value", accounts=made["conversations"] // 3 + 5, share=made["conversations"] / parts)

    levels = frame.groupby("level")["conversations"].agg(
        clusters="size", conversations="sum", smallest="min", largest="max"
    )
    rule = {"rule": "made for a benchmark", "setting": "", "hidden": None, "unit": "", "statement": "No data in here."}
    _write(
        folder,
        clusters=frame,
        levels=levels.reset_index(),
        breakdowns=pd.concat([cells("value", values).assign(facet=name) for name, values in FACETS.items()]),
        trends=cells("week", WEEKS),
        map=squares,
        privacy=pd.DataFrame([rule]),
    )
    about = {
        "title": f"{base:,} clusters", "conversations": total, "accounts": total // 2, "clusters": base,
        "suppressed_cells": 0, "conversations_outside": 0, "settings": {}, "encoder": "all-minilm-l6-v2/bfloat16",
        "facets": [{"name": name, "kind": "computed"} for name in FACETS],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def _write(folder: Path, **tables: Any) -> None:
    import pyarrow as pa

    from clio.runs.files import write_table
    from clio.tables import TABLES

    folder.mkdir(parents=True)
    for name, frame in tables.items():
        schema = pa.schema([pa.field(column.name, column.type) for column in TABLES[name].columns])
        write_table(folder / f"{name}.parquet", pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


def measure_pages(page: Any, address: str, folder: Path, repeats: int) -> dict[str, float | None]:
    """Seconds until what was asked for stands on the page and nothing runs any more."""
    from clio.explore.release import load

    began = time.perf_counter()
    release = load(folder)
    read = time.perf_counter() - began
    _open(page, address)
    first = statistics.median(_open(page, address) for _ in range(repeats))
    chosen = [_select(page, row) for row in range(1, repeats + 1)]
    name = release.rows[release.marks()[-1]]["name"]
    return {
        "first_page_s": round(first, 2),
        "selection_s": round(statistics.median(chosen), 2),
        "search_s": round(_search(page, name), 2),
        "read_release_s": round(read, 2),
        "first_search_by_meaning_s": _by_meaning(page),
    }


def _open(page: Any, address: str) -> float:
    began = time.perf_counter()
    page.goto(address)
    page.locator(".clio-map[data-drawn=yes]").wait_for(timeout=180_000)
    page.wait_for_function(IDLE, timeout=180_000)
    return time.perf_counter() - began


def _select(page: Any, row: int) -> float:
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    before = page.url
    began = time.perf_counter()
    grid.click(position={"x": 16, "y": ROW + ROW_HEIGHT * row + ROW_HEIGHT // 2})
    page.wait_for_url(lambda url: url != before and "c=" in url, timeout=60_000)
    page.wait_for_function(IDLE, timeout=60_000)
    return time.perf_counter() - began


def _search(page: Any, text: str) -> float:
    box = page.get_by_placeholder("Search names, summaries and terms")
    box.click()
    began = time.perf_counter()
    page.keyboard.type(text, delay=30)
    page.get_by_text(COUNT).first.wait_for(timeout=60_000)
    page.wait_for_url(lambda url: f"q={text.replace(' ', '+').replace(',', '%2C')}" in url, timeout=60_000)
    page.wait_for_function(IDLE, timeout=60_000)
    return time.perf_counter() - began


def _by_meaning(page: Any) -> float | None:
    """None where the embedding model is not on this machine."""
    began = time.perf_counter()
    page.get_by_text("By meaning, too").click()
    page.wait_for_url(lambda url: "by=meaning" in url, timeout=60_000)
    page.wait_for_function(IDLE, timeout=300_000)
    took = time.perf_counter() - began
    return None if page.get_by_text("not on this machine").count() else round(took, 2)
