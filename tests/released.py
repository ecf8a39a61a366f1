"""Releases for the tests of explorer and app: a real one, and variants of it that are made by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from clio.runs.files import write_table
from clio.tables import TABLES
from tests.fakes import corpus
from tests.quick import CONFIG, quick_run

HOSTILE = (
    "![x](https://evil.example/a.png) <script>alert(1)</script>",
    "[click](javascript:alert(1)) :material/home: :red[danger] $x^2$",
    "=cmd|'/c calc'!A1",
    "\u202egnp.exe \u05d0\u05d1\u05d2",
    "www.evil.example <img src=https://evil.example/b.png onerror=alert(1)>",
    "long " * 2_000,
)


def finished_run(folder: Path, conversations: Sequence[Any] | None = None, **config: Any) -> Path:
    """A run by the public ``run`` with the test doubles, in ``folder/run``."""
    facets = {"use": ["request", "concern", "language", "turns", "hour", "weekday", "model", "surface"]}
    facets["intersections"] = [["model", "surface"]]  # type: ignore[list-item]
    settings = {**CONFIG, "title": "Test run", "facets": facets, **config}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIO_KEY_DIR", str(folder / "keys"))
        given = corpus(280, topics=6, accounts=70, weeks=6) if conversations is None else conversations
        quick_run(given, folder / "run", settings)
    return folder / "run"


def variant(run: Path, to: Path, **changes: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """A copy of a run with release tables changed."""
    shutil.copytree(run, to)
    for name, change in changes.items():
        frame = change(pd.read_parquet(to / "release" / f"{name}.parquet"))
        schema = pa.schema([pa.field(c.name, c.type) for c in TABLES[name].columns])
        write_table(
            to / "release" / f"{name}.parquet", pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        )
    return to


def with_hostile_names(run: Path, to: Path) -> Path:
    """Names, summaries and terms of a hostile writer; the wall would have cut them, a forged release does not."""

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        names = [HOSTILE[n % len(HOSTILE)] for n in range(len(frame))]
        return frame.assign(name=names, summary=names[::-1], terms=[[name] for name in names], writer=names)

    def spoil_values(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(value=[v and f"{v} ![x](https://evil.example/v.png)" for v in frame["value"]])

    return variant(run, to, clusters=spoil, breakdowns=spoil_values)


def without_clusters(run: Path, to: Path) -> Path:
    """Everything was under the thresholds."""
    nothing = {name: lambda frame: frame.iloc[:0] for name in ("clusters", "levels", "breakdowns", "trends", "map")}
    folder = variant(run, to, **nothing)
    about = json.loads((folder / "release" / "manifest.json").read_text(encoding="utf-8"))
    about |= {"conversations": 0, "accounts": 0, "clusters": 0}
    (folder / "release" / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def one_cluster(run: Path, to: Path) -> Path:
    """A single cluster of a single level."""

    def one(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["level"] == 0].head(1).assign(parent_id=None)

    kept = str(one(pd.read_parquet(run / "release" / "clusters.parquet"))["cluster_id"].iloc[0])

    def of_it(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["cluster_id"].isin([kept, "all"])]

    return variant(run, to, clusters=one, breakdowns=of_it, trends=of_it, levels=lambda frame: frame.head(1))


def without_times(run: Path, to: Path) -> Path:
    """The source told no time: every conversation is of the week ``n/a``."""
    return variant(run, to, trends=lambda f: f[f["week"] == f["week"].iloc[0]].assign(week="n/a"))
