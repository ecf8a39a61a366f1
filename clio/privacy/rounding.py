"""Released counts rounded to a base, so that small differences between them say nothing exact.

Every count of conversations or accounts is rounded to the nearest multiple of the base, halves up, each by itself, and
shares are made anew of the rounded counts. Rounding comes last: what is hidden was decided on the true counts, so that
a rounded release tells strictly less than the one it was made from, and every sum and difference a reader can form is a
multiple of the base.

*Independent* rounding rather than controlled rounding (which keeps sums): the same count stands in many tables (a
cluster's size is the total of each of its facets, of its weeks, of its children), and a controlled rounding of tables
that are tied together in three ways need not exist (Causey, Cox and Ernst, *Journal of the American Statistical
Association* 80 (1985) 903). So numbers need not add up: n parts may miss their total by (n + 1) / 2 bases. *Nearest*
rather than random: the same count is the same number in every table and every release, so rounding it again and again
and averaging gives nothing away, and equal inputs give equal releases. The official guides call this conventional
rounding, and keep it for tables in which small cells are suppressed already (Hundepool and others, *Statistical
Disclosure Control*, Wiley 2012, section 5.4); it is no substitute for suppression, nor for noise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COUNTS = frozenset({"conversations", "accounts", "smallest", "largest"})
"""Columns of release tables that count conversations or people."""
ALL = "all"


def nearest(value: int, base: int) -> int:
    """The nearest multiple of ``base``, halves up, but never 0 for what is not: what is shown is there."""
    return max((2 * value + base) // (2 * base), 1 if value > 0 else 0) * base


def round_tables(tables: Mapping[str, pa.Table], base: int) -> dict[str, pa.Table]:
    """The release tables with every count rounded and every share made of rounded counts."""
    if base == 1:
        return dict(tables)
    rounded = {name: _round_columns(table, base) for name, table in tables.items()}
    size = {}
    total = 0
    if "clusters" in tables:
        clusters = rounded["clusters"].to_pydict()
        size = dict(zip(clusters["cluster_id"], clusters["conversations"], strict=True))
        levels = np.array(clusters["level"]) == 0
        total = nearest(int(tables["clusters"].column("conversations").to_numpy()[levels].sum()), base)
    for name, table in rounded.items():
        if "share" in table.column_names:
            whole = [
                total if name == "clusters" or cluster == ALL else size[cluster]
                for cluster in table.column("cluster_id").to_pylist()
            ]
            rounded[name] = _with(table, "share", table.column("conversations").to_numpy() / np.maximum(whole, 1))
    return rounded


def round_manifest(manifest: Mapping[str, Any], base: int) -> dict[str, Any]:
    """The public manifest with its totals rounded, and a new digest."""
    if base == 1:
        return dict(manifest)
    public = {key: value for key, value in manifest.items() if key != "digest"}
    for key in ("conversations", "accounts", "conversations_outside"):
        if public[key] is not None:
            public[key] = nearest(public[key], base)
    public["rounded_to"] = base
    text = json.dumps(public, sort_keys=True, ensure_ascii=False)
    return public | {"digest": hashlib.sha256(text.encode()).hexdigest()}


def statement(base: int) -> dict[str, object]:
    """What the ``privacy`` table says of it."""
    said = "Counts are shown as they are."
    if base > 1:
        said = (
            f"Every count of conversations and accounts is rounded to the nearest {base}, each by itself, and shares "
            "are made of rounded counts: they need not add up. What is hidden was decided before rounding."
        )
    return {"rule": "rounding", "setting": str(base), "hidden": None, "unit": "counts", "statement": said}


def _round_columns(table: pa.Table, base: int) -> pa.Table:
    for column in COUNTS.intersection(table.column_names):
        values = table.column(column).to_numpy()
        table = _with(table, column, np.array([nearest(int(value), base) for value in values], dtype=np.int64))
    return table


def _with(table: pa.Table, column: str, values: NDArray[Any]) -> pa.Table:
    place = table.column_names.index(column)
    return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))
