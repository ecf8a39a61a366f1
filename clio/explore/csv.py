"""Tables to take away: CSV that a spreadsheet does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clio.privacy.wall import clean_text

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


def neutral(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it; lists become one text.

    Numbers stay numbers. Leading blanks are looked through: spreadsheets do so too.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        value = "; ".join(str(part) for part in value)
    if not isinstance(value, str):
        return value
    text = clean_text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_bytes(frame: pd.DataFrame, *, bom: bool = True) -> bytes:
    """UTF-8, with a byte-order mark by default: without it spreadsheets misread other scripts."""
    safe = frame.rename(columns=lambda name: neutral(str(name)))
    for column in safe.columns:
        if safe[column].dtype.kind not in "iufbM":
            safe[column] = safe[column].map(neutral)
    return ((BOM if bom else "") + safe.to_csv(index=False, lineterminator="\n")).encode("utf-8", "replace")
