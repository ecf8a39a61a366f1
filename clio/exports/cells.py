"""What a cell of a file may hold: text that a spreadsheet does not run, and that comes back as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from clio.privacy.wall import clean_text

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that spreadsheets take for a formula (OWASP, *CSV Injection*), full-width ones of Asian locales too."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


def _risky(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA)


def neutral_text(text: str) -> str:
    """One clean line; an apostrophe goes before what a spreadsheet would take for a formula.

    Also before what already has apostrophes there, so that :func:`given_text` takes back exactly what was added.
    Leading blanks are looked through: spreadsheets do so too.
    """
    text = clean_text(text)
    return f"'{text}" if _risky(text) else text


def given_text(cell: str) -> str:
    """The text that :func:`neutral_text` was given, cleaned."""
    return cell[1:] if cell.startswith("'") and _risky(cell) else cell


def neutral(value: object) -> object:
    """:func:`neutral_text` for any value of a frame: lists become one text, numbers stay numbers."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        value = "; ".join(str(part) for part in value)
    return neutral_text(value) if isinstance(value, str) else value


def flat(value: object) -> str | int | float | bool | None:
    """A value of a released table for a cell: lists as JSON, texts neutral, numbers and nulls as they are."""
    if isinstance(value, list):
        return json.dumps([clean_text(str(part)) for part in value], ensure_ascii=False)
    if isinstance(value, str):
        return neutral_text(value)
    assert value is None or isinstance(value, int | float)  # bool is an int
    return value


def csv_bytes(frame: pd.DataFrame, *, bom: bool = True) -> bytes:
    """UTF-8, with a byte-order mark by default: without it spreadsheets misread other scripts."""
    safe = frame.rename(columns=lambda name: neutral(str(name)))
    for column in safe.columns:
        if safe[column].dtype.kind not in "iufbM":
            safe[column] = safe[column].map(neutral)
    return ((BOM if bom else "") + safe.to_csv(index=False, lineterminator="\n")).encode("utf-8", "replace")
