"""Reading a run: the release as frames, the hierarchy as a tree. The workspace only where it is asked for by name."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from clio.errors import RunError
from clio.runs.files import read_json, read_table
from clio.runs.manifest import FILE, Manifest
from clio.tables import TABLES


class Run:
    """A finished run, read from its folder. Frames come from ``release/``: aggregates only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        name = f"Run({str(self.folder)!r}"
        if not (self.release / FILE).exists():
            return f"{name}, {self.manifest.get('status', 'new')}, nothing released)"
        return f"{name}, {len(self.clusters)} clusters, {self.released['conversations']} conversations)"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: headline and the top of the hierarchy, escaped. None where nothing is released yet."""
        from clio.runs.tree import html_summary

        return html_summary(self) if (self.release / FILE).exists() else None

    @property
    def release(self) -> Path:
        """Where the release lies: ``release/``, or the folder itself where somebody was given a release alone."""
        alone = (self.folder / "clusters.parquet").is_file()
        return self.folder if alone else self.folder / "release"

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """``manifest.json`` of the run: config, counts, reasons, timings. For the run's owner.

        Raises:
            RunError: the folder is no run, or a release without its run.
        """
        if self.release == self.folder:
            raise RunError(f"{self.folder}: is a release alone. The manifest of its run is with the owner of the data.")
        if not (self.folder / FILE).exists():
            raise RunError(f"{self.folder}: is not the folder of a run (it holds no {FILE})")
        return Manifest.open(self.folder).data

    @cached_property
    def released(self) -> dict[str, Any]:
        """``release/manifest.json``: what may be passed on about how the release was made."""
        data: dict[str, Any] = read_json(self.release / FILE)
        return data

    def table(self, name: str) -> pd.DataFrame:
        """A release table as a frame; its columns are described in ``docs/tables.md``."""
        declared = TABLES.get(name)
        if declared is None or declared.side != "release":
            known = ", ".join(t.name for t in TABLES.values() if t.side == "release")
            raise RunError(f"no release table `{name}`; there are {known}")
        frame: pd.DataFrame = declared.validate(
            declared.filled(read_table(self.release / f"{name}.parquet"))
        ).to_pandas()
        return frame

    @cached_property
    def clusters(self) -> pd.DataFrame:
        """Clusters of every level."""
        return self.table("clusters")

    @cached_property
    def levels(self) -> pd.DataFrame:
        """The levels of the hierarchy."""
        return self.table("levels")

    @cached_property
    def breakdowns(self) -> pd.DataFrame:
        """Clusters by facet value."""
        return self.table("breakdowns")

    @cached_property
    def trends(self) -> pd.DataFrame:
        """Clusters by week."""
        return self.table("trends")

    @cached_property
    def map(self) -> pd.DataFrame:
        """Squares of the density map."""
        return self.table("map")

    @cached_property
    def privacy(self) -> pd.DataFrame:
        """The rules and what they hid."""
        return self.table("privacy")

    def conversations(self, cluster: str | None = None, *, purpose: str, who: str | None = None) -> pd.DataFrame:
        """Rows of single conversations, from the private side: see :func:`clio.runs.restricted.conversations`.

        Every call is written to the run's access log, with ``purpose``, before it returns.
        """
        from clio.runs import restricted

        return restricted.conversations(self.folder, cluster, purpose=purpose, who=who)

    def tree(self, level: int | None = None) -> str:
        """The hierarchy as indented plain text, the largest first; ``level`` is the finest one shown."""
        from clio.runs.tree import plain_tree

        return plain_tree(self, level)


def open_run(path: str | Path) -> Run:
    """Open the folder of a run, or of a release that was passed on without its run.

    Raises:
        RunError: it is neither, or nothing was released yet.
    """
    run = Run(Path(path))
    if not (run.release / FILE).is_file():
        raise RunError(
            f"{path}: this run has released nothing yet (status: {run.manifest.get('status')}). "
            "Run the same `clio run` command again to go on."
        )
    return run
