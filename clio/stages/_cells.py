"""Counting cells with DuckDB: distinct accounts of every cluster by facet value, at every level, in a few queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.privacy.suppression import Cells

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MANY_VALUES = 500
"""Of a facet with more values than this, those that fewer than two accounts gave are counted as one value: no
threshold shows them, and a field that is different for everybody would otherwise make a cell per person."""
RARE = "(rare values)"
_LABELS = """
CREATE MACRO doubling(v) AS CASE
    WHEN v <= 2 THEN CAST(CAST(v AS BIGINT) AS VARCHAR)
    WHEN v <= 4 THEN '3 to 4' WHEN v <= 8 THEN '5 to 8' WHEN v <= 16 THEN '9 to 16'
    WHEN v <= 32 THEN '17 to 32' WHEN v <= 64 THEN '33 to 64' ELSE '65 and more' END;
CREATE MACRO tenfold(v) AS CASE
    WHEN v < 0 THEN 'below 0' WHEN v < 1 THEN '0 to 1' WHEN v < 10 THEN '1 to 9' WHEN v < 100 THEN '10 to 99'
    WHEN v < 1000 THEN '100 to 999' WHEN v < 10000 THEN '1,000 to 9,999' ELSE '10,000 and more' END;
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """The cells of one facet, and what its value numbers stand for."""

    facet: str
    values: tuple[str, ...]
    cells: Cells
    adds_up: bool
    """False where one conversation can have several values."""


class Counter:
    """Counts over released members.

    ``members`` has conversation_id, account (int), week (text or null) and one ``node_<level>`` column per level with
    the number of the cluster; ``answers`` is the ``facets`` table; ``parents`` gives each node's parent.
    """

    def __init__(self, members: pa.Table, answers: pa.Table, parents: NDArray[np.int64]) -> None:
        import duckdb

        self.parents = parents
        self.levels = [name for name in members.column_names if name.startswith("node_")]
        self.db: DuckDBPyConnection = duckdb.connect(":memory:")
        self.db.execute(_LABELS)
        self.db.register("members", members)
        self.db.register("answers", answers.select(["conversation_id", "facet", "status", "value"]))

    def close(self) -> None:
        """Let go of the tables."""
        self.db.close()

    def facet(self, facet: Facet) -> Counted:
        """Cells of one facet; ``multi`` counts a conversation once per value and does not add up."""
        rows = (
            f"SELECT m.*, {_label(facet, 'a')} AS value FROM members m "
            f"JOIN answers a ON a.conversation_id = m.conversation_id AND a.facet = '{facet.name}'"
        )
        return self._count(facet.name, rows, facet.kind != "multi")

    def pair(self, one: Facet, other: Facet) -> Counted:
        """Cells of two facets crossed; values are joined by `` x ``."""
        rows = (
            f"SELECT m.*, {_label(one, 'a')} || ' x ' || {_label(other, 'b')} AS value FROM members m "
            f"JOIN answers a ON a.conversation_id = m.conversation_id AND a.facet = '{one.name}' "
            f"JOIN answers b ON b.conversation_id = m.conversation_id AND b.facet = '{other.name}'"
        )
        return self._count(f"{one.name} x {other.name}", rows, adds_up=True)

    def weeks(self) -> Counted:
        """Cells by week of start; conversations without a date are ``n/a``."""
        return self._count("week", "SELECT m.*, coalesce(m.week, 'n/a') AS value FROM members m", adds_up=True)

    def _count(self, name: str, rows: str, adds_up: bool) -> Counted:
        self.db.execute(f"CREATE OR REPLACE TEMP TABLE flat AS {rows}")
        self.db.execute(
            f"""CREATE OR REPLACE TEMP TABLE labels AS
            WITH raw AS (SELECT value, count(DISTINCT account) AS accounts FROM flat GROUP BY value),
            few AS (SELECT value, CASE WHEN accounts < 2 AND (SELECT count(*) FROM raw) > {MANY_VALUES}
                    THEN '{RARE}' ELSE value END AS label FROM raw)
            SELECT value, label, dense_rank() OVER (ORDER BY label) - 1 AS n FROM few"""
        )
        values = self.db.execute("SELECT DISTINCT n, label FROM labels ORDER BY n").fetchall()
        parts = " UNION ALL ".join(
            f"SELECT {level} AS node, n, account, count(*) AS c FROM flat JOIN labels USING (value) GROUP BY ALL"
            for level in self.levels
        )
        found = self.db.execute(
            f"""SELECT node, n, sum(c)::BIGINT AS conversations, count(*) AS accounts, max(c)::BIGINT AS largest
            FROM ({parts}) GROUP BY node, n ORDER BY node, n"""
        ).fetchnumpy()
        arrays = [
            np.asarray(found[column], dtype=np.int64)
            for column in ("node", "n", "conversations", "accounts", "largest")
        ]
        return Counted(name, tuple(label for _, label in values), Cells(*arrays, self.parents), adds_up)

    def others(self, counted: Counted, visible: NDArray[np.bool_]) -> dict[int, tuple[int, int]]:
        """Per node with something shown: conversations and distinct accounts of everything that is not shown.

        Call it right after the counting it belongs to: it reads that counting's rows.
        """
        cells = counted.cells
        self.db.register("seen", pa.table({"node": cells.node[visible], "n": cells.value[visible]}))
        result: dict[int, tuple[int, int]] = {}
        for level in self.levels:
            rows = self.db.execute(
                f"""SELECT f.{level}, count(*), count(DISTINCT f.account) FROM flat f JOIN labels v USING (value)
                WHERE f.{level} IN (SELECT node FROM seen)
                AND NOT EXISTS (SELECT 1 FROM seen s WHERE s.node = f.{level} AND s.n = v.n) GROUP BY 1"""
            ).fetchall()
            result |= {int(node): (int(conversations), int(accounts)) for node, conversations, accounts in rows}
        self.db.unregister("seen")
        return result


def _label(facet: Facet, alias: str) -> str:
    """SQL that turns a stored answer into the label of a cell. Facet names and kinds come from the validated config."""
    value = f"{alias}.value"
    number = f"TRY_CAST({value} AS DOUBLE)"
    missing = f"CASE {alias}.status WHEN 'na' THEN 'n/a' ELSE {alias}.status END"
    what = (facet.compute or facet.name) if facet.kind == "computed" else facet.kind
    if what == "multi":
        listed = f"from_json({value}, '[\"VARCHAR\"]')"
        return f"unnest(CASE WHEN {alias}.status = 'answered' THEN {listed} ELSE [{missing}] END)"
    label = {
        "boolean": f"CASE {value} WHEN 'true' THEN 'yes' ELSE 'no' END",
        "turns": f"doubling({number})",
        "characters": f"tenfold({number})",
        "number": f"tenfold({number})",
        "hour": f"lpad({value}, 2, '0')",
    }.get(what, value)
    return f"CASE WHEN {alias}.status = 'answered' THEN {label} ELSE {missing} END"
