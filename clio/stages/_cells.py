"""Counting cells with DuckDB: distinct accounts of every cluster by facet value, at every level, in a few queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.privacy.suppression import Cells, People
from clio.privacy.wall import MAX_LABEL, clean_text

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
    """The cells of one facet, or of two crossed, and what their value numbers stand for."""

    facet: str
    values: tuple[str, ...]
    """Labels on one line, as they are shown; empty for what is no label and is never shown."""
    cells: Cells
    adds_up: bool
    """False where one conversation can have several values."""
    halves: tuple[tuple[str, str], ...] = ()
    """Of a crossing: per value, the labels it is made of."""


class Counter:
    """Counts over released members.

    ``members`` has conversation_id, account (int), week (text or null) and one ``node_<level>`` column per level with
    the number of the cluster; ``answers`` is the ``facets`` table; ``parents`` gives each node's parent.
    """

    def __init__(self, members: pa.Table, answers: pa.Table, parents: NDArray[np.int64]) -> None:
        import duckdb

        self.parents = parents
        self.levels = [name for name in members.column_names if name.startswith("node_")]
        # Nothing private is spilled to a folder outside the run, and nothing is fetched.
        self.db: DuckDBPyConnection = duckdb.connect(
            ":memory:", config={"temp_directory": "", "autoinstall_known_extensions": "false"}
        )
        self.db.execute(_LABELS)
        self.db.register("members", members)
        self.db.register("answers", answers.select(["conversation_id", "facet", "status", "value"]))
        self._numbers: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def close(self) -> None:
        """Let go of the tables."""
        self.db.close()

    def facet(self, facet: Facet) -> Counted:
        """Cells of one facet; ``multi`` counts a conversation once per value and does not add up."""
        labels = self._labelled("one", _answers(facet))
        rows = "SELECT m.*, one.n FROM members m JOIN one USING (conversation_id)"
        numbers, cells = self._count(rows)
        return Counted(facet.name, tuple(labels[n] for n in numbers), cells, facet.kind != "multi")

    def pair(self, one: Facet, other: Facet) -> Counted:
        """Cells of two facets crossed; values are joined by `` x ``. Labels are those of the facets by themselves."""
        first, second = self._labelled("one", _answers(one)), self._labelled("two", _answers(other))
        rows = (
            f"SELECT m.*, one.n * {max(1, len(second))} + two.n AS n FROM members m "
            "JOIN one USING (conversation_id) JOIN two USING (conversation_id)"
        )
        numbers, cells = self._count(rows)
        halves = tuple((first[n // len(second)], second[n % len(second)]) for n in numbers)
        values = tuple(f"{left} x {right}" if left and right else "" for left, right in halves)
        return Counted(f"{one.name} x {other.name}", values, cells, "multi" not in (one.kind, other.kind), halves)

    def weeks(self) -> Counted:
        """Cells by week of start; conversations without a date are ``n/a``."""
        labels = self._labelled("one", "SELECT conversation_id, coalesce(week, 'n/a') AS value FROM members")
        numbers, cells = self._count("SELECT m.*, one.n FROM members m JOIN one USING (conversation_id)")
        return Counted("week", tuple(labels[n] for n in numbers), cells, adds_up=True)

    def _labelled(self, name: str, rows: str) -> tuple[str, ...]:
        """Make a table of conversations and label numbers from their values; the labels, by number, in order.

        Values that look the same on a page are one label, and those that are no labels are one that is never shown.
        """
        self.db.execute(
            f"""CREATE OR REPLACE TEMP TABLE raw AS
            WITH given AS (SELECT conversation_id, account, value FROM ({rows}) JOIN members USING (conversation_id)),
            many AS (SELECT value, count(DISTINCT account) AS accounts FROM given GROUP BY value)
            SELECT conversation_id, CASE WHEN accounts < 2 AND (SELECT count(*) FROM many) > {MANY_VALUES}
            THEN '{RARE}' ELSE value END AS value FROM given JOIN many USING (value)"""
        )
        values = [row[0] for row in self.db.execute("SELECT DISTINCT value FROM raw").fetchall()]
        clean = [_fit(value) for value in values]
        labels = sorted(set(clean))
        number = {label: n for n, label in enumerate(labels)}
        known = pa.table(
            {"value": pa.array(values, pa.string()), "n": pa.array([number[label] for label in clean], pa.int64())}
        )
        self.db.register("known", known)
        self.db.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS "
            "SELECT DISTINCT conversation_id, n FROM raw JOIN known USING (value)"
        )
        self.db.unregister("known")
        return tuple(labels)

    def _count(self, rows: str) -> tuple[list[int], Cells]:
        """Label numbers that occur, and cells whose values are places in that list."""
        self.db.execute(f"CREATE OR REPLACE TEMP TABLE flat AS {rows}")
        parts = " UNION ALL ".join(
            f"SELECT {level} AS node, n, account, count(*) AS c FROM flat GROUP BY ALL" for level in self.levels
        )
        found = self.db.execute(
            f"""SELECT node, n, sum(c)::BIGINT AS conversations, count(*) AS accounts, max(c)::BIGINT AS largest
            FROM ({parts}) GROUP BY node, n ORDER BY node, n"""
        ).fetchnumpy()
        node, self._numbers, conversations, accounts, largest = (
            np.asarray(found[column], dtype=np.int64)
            for column in ("node", "n", "conversations", "accounts", "largest")
        )
        numbers, value = np.unique(self._numbers, return_inverse=True)
        cells = Cells(node, value.astype(np.int64), conversations, accounts, largest, self.parents)
        return numbers.tolist(), cells

    def people(self) -> People:
        """Who is in which cell of the counting that was made last, in its order of cells."""
        parts = " UNION ALL ".join(
            f"SELECT {level} AS node, n, account, count(*) AS c FROM flat GROUP BY ALL" for level in self.levels
        )
        found = self.db.execute(
            f"SELECT node, n, account, sum(c)::BIGINT AS c FROM ({parts}) GROUP BY ALL ORDER BY node, n"
        ).fetchnumpy()
        node, n, account, conversations = (np.asarray(found[name], np.int64) for name in ("node", "n", "account", "c"))
        first = np.r_[np.zeros(min(1, len(node)), dtype=np.bool_), (np.diff(node) != 0) | (np.diff(n) != 0)]
        return People(np.cumsum(first), account, conversations)

    def others(self, counted: Counted, visible: NDArray[np.bool_]) -> dict[int, tuple[int, int, int]]:
        """Per node with something shown: conversations, distinct accounts and conversations of the largest account of
        everything that is not shown.

        Call it right after the counting it belongs to: it reads that counting's rows.
        """
        self.db.register("seen", pa.table({"node": counted.cells.node[visible], "n": self._numbers[visible]}))
        result: dict[int, tuple[int, int, int]] = {}
        for level in self.levels:
            rows = self.db.execute(
                f"""SELECT node, sum(c), count(*), max(c) FROM (
                    SELECT f.{level} AS node, f.account, count(*) AS c FROM flat f
                    WHERE f.{level} IN (SELECT node FROM seen)
                    AND NOT EXISTS (SELECT 1 FROM seen s WHERE s.node = f.{level} AND s.n = f.n) GROUP BY 1, 2
                ) GROUP BY node"""
            ).fetchall()
            result |= {int(node): (int(total), int(accounts), int(largest)) for node, total, accounts, largest in rows}
        self.db.unregister("seen")
        return result


def _fit(value: str) -> str:
    """The value as a label on one line; empty where it is none."""
    label = clean_text(value)
    return label if len(label) <= MAX_LABEL else ""


def _answers(facet: Facet) -> str:
    """SQL for conversation_id and value of the stored answers, as the labels of cells.

    Facet names and kinds come from the validated config.
    """
    return (
        f"SELECT a.conversation_id, {_label(facet, 'a')} AS value "
        f"FROM answers a SEMI JOIN members USING (conversation_id) WHERE a.facet = '{facet.name}'"
    )


def _label(facet: Facet, alias: str) -> str:
    """SQL that turns a stored answer into the label of a cell. Facet names and kinds come from the validated config."""
    value = f"{alias}.value"
    number = f"TRY_CAST({value} AS DOUBLE)"
    answered = f"{alias}.status = 'answered' AND {value} IS NOT NULL"
    missing = f"CASE {alias}.status WHEN 'na' THEN 'n/a' WHEN 'answered' THEN 'failed' ELSE {alias}.status END"
    what = (facet.compute or facet.name) if facet.kind == "computed" else facet.kind
    if what == "multi":
        # What is no list of texts is a failed answer: a message about it could quote the value.
        listed = f"list_distinct(coalesce(TRY(from_json({value}, '[\"VARCHAR\"]')), ['failed']))"
        listed = f"CASE WHEN len({listed}) = 0 THEN ['n/a'] ELSE {listed} END"
        return f"unnest(CASE WHEN {answered} THEN {listed} ELSE [{missing}] END)"
    label = {
        "boolean": f"CASE {value} WHEN 'true' THEN 'yes' ELSE 'no' END",
        "turns": f"doubling({number})",
        "characters": f"tenfold({number})",
        "number": f"tenfold({number})",
        "hour": f"lpad({value}, 2, '0')",
    }.get(what, value)
    return f"CASE WHEN {answered} THEN {label} ELSE {missing} END"
