"""The one boundary: what every table passes on its way from the private workspace to the release."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from clio.errors import PrivacyError
from clio.privacy.thresholds import Thresholds
from clio.tables import TABLES

MAX_LABEL = 120
"""Characters of the longest facet value that is shown; a longer one is free text, not a label."""
_SPACES = re.compile(r"\s+")


def clean_text(text: str) -> str:
    """One line without control, format (bidirectional, zero-width), surrogate or private-use characters."""
    plain = "".join(c if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn") else "" for c in text)
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in plain)
    return _SPACES.sub(" ", plain).strip()


def check_release(
    tables: Mapping[str, pa.Table], thresholds: Thresholds, scan: Callable[[str], Sequence[object]]
) -> dict[str, pa.Table]:
    """Validate every table, hold every cell to the thresholds, and scan every text for identifiers and secrets.

    Gives the validated tables back.

    Raises:
        PrivacyError: a table is not a release table, a cell is under threshold, or a text holds what looks like an
            identifier. Names table, column and row, never the text. Nothing has been written.
    """
    checked = {}
    for name, table in tables.items():
        declared = TABLES.get(name)
        if declared is None or declared.side != "release":
            raise PrivacyError(f"table {name} does not belong in a release")
        table = declared.validate(table)
        _hold_thresholds(name, table, thresholds)
        _scan(name, table, scan)
        checked[name] = table
    return checked


def _hold_thresholds(name: str, table: pa.Table, thresholds: Thresholds) -> None:
    for column, least in (("conversations", thresholds.conversations), ("accounts", thresholds.accounts)):
        if column not in table.column_names or name == "levels":
            continue
        values = table.column(column).to_numpy()
        low = np.flatnonzero(values < least)
        if len(low):
            raise PrivacyError(f"table {name}: {len(low)} cells hold fewer than {least} {column} (first: row {low[0]})")


def _scan(name: str, table: pa.Table, scan: Callable[[str], Sequence[object]]) -> None:
    for column in table.schema:
        if not (pa.types.is_string(column.type) or pa.types.is_list(column.type)):
            continue
        for row, value in enumerate(table.column(column.name).to_pylist()):
            texts = value if isinstance(value, list) else [value]
            if any(text and scan(text) for text in texts):
                raise PrivacyError(
                    f"table {name}, row {row}: {column.name} holds what looks like an identifier or a secret. Nothing "
                    "was published. Run the naming stages again (--force describe), or, if it is a harmless term, "
                    "list it under redact.allow."
                )
