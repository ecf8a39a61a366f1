"""The one boundary: what every table passes on its way from the private workspace to the release."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from clio.errors import PrivacyError, TableError
from clio.privacy.thresholds import Thresholds
from clio.tables import TABLES

MAX_LABEL = 120
"""Characters of the longest facet value that is shown; a longer one is free text, not a label."""
MAX_TEXT = 1_000
"""Characters of the longest text of a release; two sentences are under 400."""
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
        PrivacyError: a table is not a release table or has other columns than declared, a cell is under threshold, or
            a text holds what looks like an identifier, is no single clean line, or is too long for a label. Names
            table, column and row, never the text. Nothing has been written.
    """
    checked = {}
    for name, table in tables.items():
        declared = TABLES.get(name)
        if declared is None or declared.side != "release":
            raise PrivacyError("a table that is no release table does not belong in a release")
        try:
            table = declared.validate(table)
        except TableError:
            raise PrivacyError(f"table {name}: has other columns or types than a release may have") from None
        _hold_thresholds(name, table, thresholds)
        _scan(name, table, scan)
        checked[name] = table
    _hold_together(checked)
    return checked


def _hold_thresholds(name: str, table: pa.Table, thresholds: Thresholds) -> None:
    held = {
        "conversations": thresholds.conversations,
        "smallest": thresholds.conversations,
        "largest": thresholds.conversations,
        "accounts": thresholds.accounts,
    }
    for column, least in held.items():
        if column not in table.column_names:
            continue
        values = table.column(column).to_numpy()
        low = np.flatnonzero(values < least)
        if len(low):
            raise PrivacyError(f"table {name}: {len(low)} cells hold fewer than {least} in {column} (row {low[0]})")


def _scan(name: str, table: pa.Table, scan: Callable[[str], Sequence[object]]) -> None:
    fine: set[str] = set()
    for column in table.schema:
        if not (pa.types.is_string(column.type) or pa.types.is_list(column.type)):
            continue
        for row, value in enumerate(table.column(column.name).to_pylist()):
            for text in value if isinstance(value, list) else [value]:
                if not text or text in fine:
                    continue
                if scan(text):
                    raise PrivacyError(
                        f"table {name}, row {row}: {column.name} holds what looks like an identifier or a secret. "
                        "Nothing was published. Run the naming stages again (--force describe), or, if it is a "
                        "harmless term, list it under redact.allow."
                    )
                if clean_text(text) != text or len(text) > MAX_TEXT:
                    raise PrivacyError(
                        f"table {name}, row {row}: {column.name} is not one clean line of at most {MAX_TEXT} "
                        "characters. Nothing was published."
                    )
                fine.add(text)


def _hold_together(tables: Mapping[str, pa.Table]) -> None:
    """Every cell belongs to a cluster that is released, and holds no more than it."""
    if "clusters" not in tables:
        return
    clusters = tables["clusters"].to_pylist()
    size = {row["cluster_id"]: row["conversations"] for row in clusters}
    by_level: Counter[int] = Counter()
    for row in clusters:
        by_level[row["level"]] += row["conversations"]
    # The same at every level, but where noise was put on each of them.
    size["all"] = max(by_level.values(), default=0)
    for name in ("breakdowns", "trends"):
        if name not in tables:
            continue
        columns = tables[name].select(["cluster_id", "conversations"]).to_pydict()
        for row, (cluster, held) in enumerate(zip(columns["cluster_id"], columns["conversations"], strict=True)):
            if held > size.get(cluster, 0):
                raise PrivacyError(f"table {name}, row {row}: belongs to no released cluster, or holds more than it")
    for row, cluster in enumerate(clusters):
        if cluster["parent_id"] is not None and cluster["parent_id"] not in size:
            raise PrivacyError(f"table clusters, row {row}: its parent is not released")
