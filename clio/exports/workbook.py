"""XLSX: one sheet a table behind a sheet that says what they are. Text is text: no cell holds a formula or a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clio.errors import MissingExtraError
from clio.exports.cells import flat, neutral_text
from clio.exports.formats import Written, rows
from clio.runs.files import replacing
from clio.tables import TABLES

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

FILE = "release.xlsx"
README_SHEET = "read me"
LONGEST = 32_767
"""Characters of a cell, and MOST_ROWS of a sheet: *Excel specifications and limits*, Microsoft."""
MOST_ROWS = 1_048_576
CUT = " … [cut]"
_WIDTHS = {"name": 44, "summary": 80, "terms": 50, "statement": 80, "setting": 36, "value": 36, "facet": 24}
"""Columns in characters; others are as wide as their head, and 12 at the least."""


def write_workbook(
    folder: Path, tables: Mapping[str, pa.Table], notes: Sequence[str], *, most: int = MOST_ROWS
) -> list[Written]:
    """The workbook in ``folder``; a table of more than ``most`` rows, its head included, goes over several sheets.

    Raises:
        MissingExtraError: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise MissingExtraError("An export to XLSX", "report") from None
    book = Workbook(write_only=True)
    book.properties.creator = "Clio Toolkit"
    front = book.create_sheet(README_SHEET)
    front.column_dimensions["A"].width = 120
    for line in notes:
        front.append([_cell(front, neutral_text(line))])
    written = []
    for name, table in tables.items():
        for part, start in enumerate(range(0, max(table.num_rows, 1), most - 1)):
            piece = table.slice(start, most - 1)
            title = f"{name} ({part + 1})" if part else name
            _fill(book.create_sheet(title), name, piece)
            written.append(Written(name, FILE, piece.num_rows, title))
    with replacing(folder / FILE, public=True) as handle:
        book.save(handle)
    return written


def _fill(sheet: WriteOnlyWorksheet, name: str, table: pa.Table) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for number, column in enumerate(TABLES[name].columns, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = _WIDTHS.get(column.name, max(12, len(column.name) + 2))
    sheet.freeze_panes = "A2"
    heads = [_cell(sheet, head) for head in table.column_names]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows(table):
        sheet.append([_cell(sheet, flat(value)) for value in row.values()])


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet)
    cell._value = value if len(value) <= LONGEST else value[: LONGEST - len(CUT)] + CUT  # noqa: SLF001
    cell.data_type = "s"  # by assignment to `value`, openpyxl would take what begins with = for a formula
    return cell
