"""The last look at a finished export: its files are read back, and every text in them is scanned."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from clio.errors import PrivacyError
from clio.exports.cells import given_text
from clio.exports.package import FILE, README
from clio.exports.workbook import README_SHEET
from clio.tables import TABLES

if TYPE_CHECKING:
    from clio.privacy.redact.artefacts import Finding
    from clio.privacy.redact.redactor import Redactor

_TOLD = 5
"""Findings that an error names."""


def look(folder: Path, redactor: Redactor, said: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise where a finished file holds what looks like an identifier, a secret or a name.

    Parquet and JSON are read as they are. Of CSV and XLSX every cell is scanned by itself: numbers that stand side by
    side in a line are no telephone number. Text files and the data package are in our own words, of which detectors
    take some for names, but for what of the release is ``said`` in them: rules read the files, all detectors that.

    Raises:
        PrivacyError: something was found; file, column, row and type are named, never the text.
    """
    from clio.privacy.redact.artefacts import scan_artefacts

    with tempfile.TemporaryDirectory(prefix="clio-export-") as beside:
        tables, texts = Path(beside) / "tables", Path(beside) / "texts"
        tables.mkdir()
        texts.mkdir()
        (tables / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
        for path in sorted(folder.iterdir()):
            if path.suffix == ".csv":
                _write(tables / path.name, _of_csv(path))
            elif path.suffix == ".xlsx":
                for sheet, rows in _of_xlsx(path):
                    _write((texts if sheet == README_SHEET else tables) / path.name / sheet, rows)
            else:
                ours = path.name in (README, FILE)
                shutil.copyfile(path, (texts if ours else tables) / path.name)
        findings = scan_artefacts(tables, redactor, known=known)
        findings += scan_artefacts(texts, redactor, names=False, known=known)
    if findings:
        raise PrivacyError(_said(findings))


def _of_csv(path: Path) -> Iterator[list[str]]:
    declared = TABLES[path.stem].columns
    texts = {column.name for column in declared if pa.types.is_string(column.type) or pa.types.is_list(column.type)}
    csv.field_size_limit(max(csv.field_size_limit(), path.stat().st_size))  # no cell is longer than its file
    with path.open(encoding="utf-8-sig", newline="") as handle:
        heads: list[str] = []
        for row in csv.reader(handle):
            if not heads:
                heads = row
                yield row
                continue
            yield [cell if head in texts else "" for head, cell in zip(heads, row, strict=True)]


def _of_xlsx(path: Path) -> Iterator[tuple[str, Iterator[list[str]]]]:
    from openpyxl import load_workbook

    # From memory: a workbook that is opened from disk to be streamed keeps its file open.
    book = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=False)
    try:
        for sheet in book.worksheets:
            yield sheet.title, ([_text(value) for value in row] for row in sheet.iter_rows(values_only=True))
    finally:
        book.close()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _write(path: Path, rows: Iterable[list[str]]) -> None:
    """Texts of cells, as a table that the scan reads by columns (it tells by the first bytes)."""
    lines = list(rows)
    heads, body = (lines[0], lines[1:]) if lines else ([], [])
    columns = [pa.array([_parts(row[n]) for row in body], pa.list_(pa.string())) for n in range(len(heads))]
    names = [head if heads.count(head) == 1 and head else f"column {n}" for n, head in enumerate(heads)]
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns, names=names), path)


def _parts(cell: str) -> list[str]:
    """The texts of a cell: one, or those of a list."""
    if cell.startswith("["):
        with suppress(ValueError, RecursionError):
            listed = json.loads(cell)
            if all(isinstance(part, str) for part in listed):
                return [str(part) for part in listed]
    return [given_text(cell)]


def _said(findings: list[Finding]) -> str:
    places = [
        f"{found.file}{f', {found.column}' if found.column else ''}"
        f"{f', row {found.row}' if found.row is not None else ''}: {found.type}"
        for found in findings[:_TOLD]
    ]
    more = f" and {len(findings) - _TOLD} more" if len(findings) > _TOLD else ""
    return (
        f"the last look at the export found {len(findings)} texts that may hold an identifier, a secret or a name "
        f"({'; '.join(places)}{more}). Nothing was written. Undo the edit that brought it in or publish the run again; "
        "where a term is harmless, list it under redact.allow of the run's config."
    )
