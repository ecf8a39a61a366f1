"""Every table of a run: its columns, their types, what they mean, and on which side of the wall it stands.

The *workspace* is private: one row per conversation or per answer. The *release* is what people see: no column of a
release table can hold a conversation's text, id, account or vector (``tests/properties/test_wall.py`` walks them).
``docs/tables.md`` is generated from this module.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from clio.errors import TableError

Side = Literal["workspace", "release"]

_MISFITS = (pa.ArrowException, ValueError, TypeError, OverflowError)
_TEXT, _COUNT, _SHARE = pa.string(), pa.int64(), pa.float64()
_TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, type, meaning."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: name, side of the wall, what a row is, columns in order."""

    name: str
    side: Side
    row: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema every stored file of this table has."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    def validate(self, table: pa.Table) -> pa.Table:
        """Give the table back with exactly the declared columns, order and types; TableError says what differs."""
        missing = [c.name for c in self.columns if c.name not in table.column_names]
        extra = [name for name in table.column_names if name not in {c.name for c in self.columns}]
        if missing or extra:
            raise TableError(f"table {self.name}: missing columns {missing}, unexpected columns {extra}")
        if len(table.column_names) > len(self.columns):
            raise TableError(f"table {self.name}: a column stands in it twice")
        table = table.select([c.name for c in self.columns])
        empty = [c.name for c in self.columns if not c.nullable and table.column(c.name).null_count]
        if empty:
            raise TableError(f"table {self.name}: no value in required columns {empty}")
        # Arrow's own message can quote a value, so only the types are named, and its fault is not passed on.
        with suppress(*_MISFITS):
            return table.cast(self.schema)
        types = {field.name: str(field.type) for field in table.schema}
        raise TableError(f"table {self.name}: columns of a type that does not fit, got {types}")

    def filled(self, table: pa.Table) -> pa.Table:
        """With nulls in the columns that may lack a value and that an older version did not write."""
        for column in self.columns:
            if column.nullable and column.name not in table.column_names:
                table = table.append_column(column.name, pa.nulls(table.num_rows, column.type))
        return table

    def build(self, rows: list[dict[str, object]]) -> pa.Table:
        """A validated table from rows; a key that is no column is a TableError too."""
        names = {c.name for c in self.columns}
        extra = sorted({name for row in rows for name in row.keys() - names})
        if extra:
            raise TableError(f"table {self.name}: unexpected columns {extra}")
        with suppress(*_MISFITS):
            return self.validate(pa.Table.from_pylist(rows, schema=self.schema))
        raise TableError(f"table {self.name}: a row holds a value of a type that does not fit")


CONVERSATIONS = Table(
    "conversations",
    "workspace",
    "one conversation that is kept, in an order that depends on contents and not on files",
    (
        Column("conversation_id", _TEXT, "Keyed pseudonym (HMAC-SHA256, 128 bits) of the source's id or contents."),
        Column("account_id", _TEXT, "Keyed pseudonym of the account; of the conversation where none was given."),
        Column("account_given", pa.bool_(), "Whether the source named an account."),
        Column("file", pa.int32(), "Which input file, by its place in the manifest; -1 for records from Python."),
        Column("record", pa.int64(), "Line or ordinal in that file, from 1."),
        Column("started_at", _TIME, "When it began, UTC.", nullable=True),
        Column("turns", pa.int32(), "Turns of all sides."),
        Column("user_turns", pa.int32(), "Turns that the user wrote."),
        Column("characters", pa.int64(), "Characters of all turns."),
        Column("model", _TEXT, "Assistant model, where the source tells.", nullable=True),
        Column("surface", _TEXT, "Product surface (web, api, ...), where the source tells.", nullable=True),
        Column("metadata", _TEXT, "JSON of the metadata fields named in `ingest.metadata`."),
        Column("order", pa.uint64(), "Digest of the contents; the sort key of this table."),
    ),
)

FACETS = Table(
    "facets",
    "workspace",
    "one answer: exactly one per kept conversation and facet",
    (
        Column("conversation_id", _TEXT, "Which conversation."),
        Column("facet", _TEXT, "Which facet."),
        Column("status", _TEXT, "answered, na, refused or failed."),
        Column("value", _TEXT, "Text as it is, any other value as JSON; null unless answered.", nullable=True),
        Column("writer", _TEXT, "Which model wrote it, or extractive, similarity, computed."),
        Column("reason", _TEXT, "Why not answered, or why a stand-in was taken; a fixed phrase."),
        Column("read_share", pa.float32(), "Share of the conversation's characters that was read, 0 to 1."),
    ),
)

SCREENED = Table(
    "screened",
    "workspace",
    "one conversation that the screener left out",
    (
        Column("conversation_id", _TEXT, "Which conversation."),
        Column("status", _TEXT, "answered, na, refused or failed."),
        Column("reason", _TEXT, "Why it was left out."),
    ),
)

SIGNATURES = Table(
    "signatures",
    "workspace",
    "one conversation that is long enough to be recognised as a copy of another",
    (
        Column("conversation_id", _TEXT, "Which conversation."),
        Column("signature", pa.binary(), "Keyed MinHash bands of what the user said (64 bytes)."),
    ),
)

ASSIGNMENTS = Table(
    "assignments",
    "workspace",
    "one conversation that was kept",
    (
        Column("conversation_id", _TEXT, "Which conversation."),
        Column("cluster", pa.int32(), "Base cluster number; -1 for noise; -2 where there was no text to cluster on."),
        Column("similarity", pa.float32(), "Cosine to the cluster's centroid; null without a cluster.", nullable=True),
    ),
)

DESCRIPTIONS = Table(
    "descriptions",
    "workspace",
    "one base cluster, described",
    (
        Column("cluster", pa.int32(), "Base cluster number."),
        Column("name", _TEXT, "At most ten words."),
        Column("summary", _TEXT, "At most two sentences."),
        Column("terms", pa.list_(pa.string()), "Distinctive terms that enough accounts share."),
        Column("writer", _TEXT, "Which model wrote the name, or terms."),
        Column("reason", _TEXT, "Why a stand-in was taken."),
    ),
)

HIERARCHY = Table(
    "hierarchy",
    "workspace",
    "one cluster of any level",
    (
        Column("cluster_id", _TEXT, "Level and number, for example 0-0012."),
        Column("level", pa.int32(), "0 for base clusters; coarser upwards."),
        Column("parent_id", _TEXT, "The one cluster above; null at the top.", nullable=True),
        Column("cluster", pa.int32(), "Base cluster number at level 0, else null.", nullable=True),
        Column("name", _TEXT, "At most ten words."),
        Column("summary", _TEXT, "At most two sentences."),
        Column("terms", pa.list_(pa.string()), "Distinctive terms that enough accounts share."),
        Column("writer", _TEXT, "Which model wrote the name, or terms."),
    ),
)

AUDITS = Table(
    "audits",
    "workspace",
    "one cluster of any level, after the privacy audit: these are the words that publish shows",
    (
        Column("cluster_id", _TEXT, "Level and number, for example 0-0012."),
        Column("name", _TEXT, "The name that may be shown."),
        Column("summary", _TEXT, "The summary that may be shown."),
        Column("terms", pa.list_(pa.string()), "The distinctive terms that may be shown."),
        Column("writer", _TEXT, "Which model wrote the name, terms, vocabulary, or audit for a fixed phrase."),
        Column("outcome", _TEXT, "kept, rewritten, generalised (only the domain is told) or withheld."),
        Column("reason", _TEXT, "Why the words of `hierarchy` did not pass; a fixed phrase, empty where kept."),
        Column("auditor", _TEXT, "Which model judged, or why none did."),
        Column("accounts", _TEXT, "Band of the accounts behind the cluster, as the auditor was told."),
        Column("identifiability", pa.int32(), "Verdict on the words shown, 1 to 5; null if none.", nullable=True),
        Column("sensitivity", pa.int32(), "Verdict on the words shown, 1 to 5; null if none.", nullable=True),
        Column("first_identifiability", pa.int32(), "Verdict on the words of `hierarchy`.", nullable=True),
        Column("first_sensitivity", pa.int32(), "Verdict on the words of `hierarchy`.", nullable=True),
        Column("kinds", pa.list_(pa.string()), "Kinds of sensitive attribute that the words of `hierarchy` touch."),
        Column("terms_hidden", pa.int32(), "Terms that are not shown any more."),
    ),
)

POSITIONS = Table(
    "positions",
    "workspace",
    "one conversation on the map",
    (
        Column("conversation_id", _TEXT, "Which conversation."),
        Column("x", pa.float32(), "UMAP x. For display only."),
        Column("y", pa.float32(), "UMAP y. For display only."),
    ),
)

CLUSTERS = Table(
    "clusters",
    "release",
    "one cluster of any level that passed every threshold",
    (
        Column("cluster_id", _TEXT, "Level and number, for example 0-0012."),
        Column("level", pa.int32(), "0 for base clusters; coarser upwards."),
        Column("parent_id", _TEXT, "The one cluster above; null at the top.", nullable=True),
        Column("name", _TEXT, "At most ten words, in English."),
        Column("summary", _TEXT, "At most two sentences, in English."),
        Column(
            "terms",
            pa.list_(pa.string()),
            "Distinctive terms, each of at least `describe.term_accounts` accounts of it.",
        ),
        Column("conversations", _COUNT, "Conversations counted in it."),
        Column("accounts", _COUNT, "Distinct accounts they come from."),
        Column("share", _SHARE, "Its share of all released conversations, 0 to 1."),
        Column("merged", pa.bool_(), "Whether a smaller cluster under threshold was added to it after naming."),
        Column("x", _SHARE, "Mean map position of its conversations.", nullable=True),
        Column("y", _SHARE, "Mean map position of its conversations.", nullable=True),
        Column(
            "stability",
            _SHARE,
            "How well it is found again where half of the accounts are clustered anew: mean Jaccard similarity, 0 to 1 "
            "in steps of 0.05; above the base, of all clusters together that lie mostly in it.",
            nullable=True,
        ),
        Column("writer", _TEXT, "Which model wrote the name, or terms."),
    ),
)

LEVELS = Table(
    "levels",
    "release",
    "one level of the hierarchy",
    (
        Column("level", pa.int32(), "0 for base clusters."),
        Column("clusters", _COUNT, "Clusters released at this level."),
        Column("conversations", _COUNT, "Conversations in them: the same at every level."),
        Column("smallest", _COUNT, "Conversations in the smallest of them."),
        Column("largest", _COUNT, "Conversations in the largest of them."),
    ),
)

_CELL = (
    Column("conversations", _COUNT, "Conversations in the cell."),
    Column("accounts", _COUNT, "Distinct accounts they come from."),
    Column("share", _SHARE, "Share of the cluster's conversations, 0 to 1."),
)
_KIND = Column("kind", _TEXT, "`value`, or `other`: all values of the row that are not shown, together.")

BREAKDOWNS = Table(
    "breakdowns",
    "release",
    "one cluster by one facet value; a value that is not listed is absent or suppressed",
    (
        Column("cluster_id", _TEXT, "Which cluster; `all` for the whole release."),
        Column("facet", _TEXT, "Which facet, or two joined by ` x `."),
        Column("value", _TEXT, "The value, as text; empty for `other`."),
        _KIND,
        *_CELL,
    ),
)

TRENDS = Table(
    "trends",
    "release",
    "one cluster in one week; a week that is not listed is empty or suppressed",
    (
        Column("cluster_id", _TEXT, "Which cluster; `all` for the whole release."),
        Column("week", _TEXT, "Monday of the week, ISO date, UTC; empty for `other`."),
        _KIND,
        *_CELL,
    ),
)

MAP = Table(
    "map",
    "release",
    "one square of the map; every square passed every threshold",
    (
        Column("x", _SHARE, "Left edge."),
        Column("y", _SHARE, "Lower edge."),
        Column("size", _SHARE, "Side of the square."),
        Column("conversations", _COUNT, "Conversations in the square."),
        Column("accounts", _COUNT, "Distinct accounts they come from."),
    ),
)

PRIVACY = Table(
    "privacy",
    "release",
    "one rule and what it did",
    (
        Column("rule", _TEXT, "Name of the rule."),
        Column("setting", _TEXT, "Its setting in this run."),
        Column("hidden", _COUNT, "How many things it hid or changed.", nullable=True),
        Column("unit", _TEXT, "What those things are."),
        Column("statement", _TEXT, "What it promises, in one sentence."),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        CONVERSATIONS, SCREENED, FACETS, SIGNATURES, ASSIGNMENTS, DESCRIPTIONS, HIERARCHY, AUDITS, POSITIONS,
        CLUSTERS, LEVELS, BREAKDOWNS, TRENDS, MAP, PRIVACY,
    )
}  # fmt: skip


def markdown() -> str:
    """``docs/tables.md``: every table of both sides."""
    lines = [
        "# Tables",
        "",
        "Generated by `python -m clio.tables` from `clio/tables.py`; a test keeps it in step.",
    ]
    for side, what in (
        ("release", "what people see: aggregates only, every cell held to the thresholds"),
        ("workspace", "private: rows per conversation, never leaves the run's owner"),
    ):
        lines += ["", f"## {side}/", "", what[0].upper() + what[1:] + "."]
        for table in TABLES.values():
            if table.side != side:
                continue
            lines += ["", f"### {table.name}", "", f"A row is {table.row}.", "", "| column | type | meaning |"]
            lines += ["| --- | --- | --- |"]
            lines += [
                f"| `{c.name}` | {c.type}{', may be null' if c.nullable else ''} | {c.meaning} |" for c in table.columns
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(markdown())
