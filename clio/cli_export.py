"""``clio export``: the tables of a release as files to take away."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

EPILOG = "Example: `clio export runs/demo --format csv -o tables` or `clio export runs/demo --format xlsx -o sheets`"


class Format(StrEnum):
    """As in :data:`clio.exports.FORMATS`."""

    csv = "csv"
    parquet = "parquet"
    json = "json"
    xlsx = "xlsx"


def export(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of a release that was passed on alone.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write; new or empty.")],
    form: Annotated[Format, typer.Option("--format", help="What the tables are written as.")] = Format.csv,
    cluster: Annotated[str | None, typer.Option(help="Only this cluster and everything below it.")] = None,
    level: Annotated[int | None, typer.Option(help="Only clusters of this level (0 is the finest).", min=0)] = None,
    bom: Annotated[
        bool, typer.Option("--bom/--no-bom", help="A byte-order mark in CSV: spreadsheets need it for other scripts.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace a former export; no other files.")] = False,
    edits: Annotated[
        bool, typer.Option("--edits/--no-edits", help="With the edits people made, or as published.")
    ] = True,
) -> None:
    """Write the tables of a release as CSV, Parquet, JSON or XLSX, with a data package and a dictionary.

    Made of `release/` alone; the finished files are looked through before they appear.
    """
    from clio.exports import export as export_release

    written = export_release(
        run, output, format=form.value, cluster=cluster, level=level, bom=bom, force=force, edits=edits
    )
    sys.stdout.write(f"{written}: {', '.join(sorted(path.name for path in written.iterdir()))}\n")
