"""The run of hostile names that reports are tried on, in every format of exports."""

from __future__ import annotations

from pathlib import Path

import pytest

import clio
from clio.exports.formats import FORMATS
from tests.exports.test_exports import as_written, csv_rows, expected, read_back, sheets
from tests.report.hostile import NAMES, hostile_run

STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_names_and_values_are_text_in_every_format(run: Path, tmp_path: Path, form: str) -> None:
    made = hostile_run(run, tmp_path / "run")
    folder = clio.export(made, tmp_path / "out", format=form)
    found = read_back(folder, form)
    assert found == as_written(expected(made), form)
    assert len({row["name"] for row in found["clusters"]}) == len(NAMES)
    if form in ("csv", "xlsx"):
        tables = [csv_rows(path) for path in folder.glob("*.csv")] or list(sheets(folder / "release.xlsx").values())
        cells = [cell for rows in tables for row in rows for cell in row if isinstance(cell, str)]
        risky = [cell for cell in cells if cell.lstrip().startswith(STARTS)]
        assert all(float(cell) < 0 for cell in risky), "a text that a spreadsheet would run"
    for path in folder.iterdir():
        if path.suffix in (".csv", ".json", ".md"):
            text = path.read_text(encoding="utf-8")
            assert "\u202e" not in text
            assert "\x00" not in text
