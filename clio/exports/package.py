"""What lies beside the tables of an export: ``datapackage.json`` for programs, ``README.md`` for people."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clio.explore.safe import plain
from clio.exports.formats import Format, Written
from clio.exports.scope import Scope
from clio.tables import TABLES, Column

if TYPE_CHECKING:
    from clio.explore.release import Release

FILE = "datapackage.json"
README = "README.md"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
"""The identifier that the Data Package standard, version 2.0, asks for. Nothing is fetched from it."""
KEYS: dict[str, tuple[str, ...]] = {
    "clusters": ("cluster_id",),
    "levels": ("level",),
    "breakdowns": ("cluster_id", "facet", "value", "kind"),
    "trends": ("cluster_id", "week", "kind"),
    "map": ("x", "y", "size"),
    "privacy": ("rule",),
}
_FOREIGN = (
    ("clusters", "parent_id", "clusters", "cluster_id"),
    ("clusters", "level", "levels", "level"),
    ("breakdowns", "cluster_id", "clusters", "cluster_id"),
    ("trends", "cluster_id", "clusters", "cluster_id"),
)
_MEDIA = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MARKDOWN = re.compile(r"([\\*\[\]|~<>&])")


def reasons(release: Release) -> dict[str, str]:
    """Why a number may not be there, by the name of the reason."""
    if "noise" in release.about:
        return {
            "noise": "Counts carry noise that hides any one account; what the noisy threshold left out is not listed.",
            "absent": "There may also be nothing to show. Which of these it is, is not told.",
        }
    least = release.thresholds
    return {
        "conversations": f"The cell holds fewer than {least.conversations:,} conversations.",
        "accounts": f"They come from fewer than {least.accounts:,} accounts.",
        "share": f"One account has more than {least.share:.0%} of them.",
        "subtraction": "Without it, another hidden number could be worked out by subtraction.",
        "absent": "There is nothing to show. Which of these it is, is not told: a missing row is no zero.",
    }


def describe(
    release: Release,
    tables: Mapping[str, pa.Table],
    written: Sequence[Written],
    scope: Scope,
    form: Format,
    folder: Path,
) -> dict[str, Any]:
    """``datapackage.json`` of the finished files in ``folder``. It names no licence: that is for the data's owner."""
    digests = {one.file: _digest(folder / one.file) for one in written}
    return {
        "$schema": PROFILE,
        "name": f"clio-release-{str(release.about.get('digest', ''))[:12] or 'unsealed'}",
        "title": release.title,
        "description": "Aggregates of conversations with an assistant; no row is about a single one, or one person.",
        "resources": [_resource(release, tables, one, form, digests[one.file], _name(one, written)) for one in written],
        "clio": _provenance(release, scope),
    }


def _provenance(release: Release, scope: Scope) -> dict[str, Any]:
    least = release.thresholds
    about = release.about
    return {
        "version": about.get("clio"),
        "digest": about.get("digest"),
        "thresholds": {
            "conversations": least.conversations,
            "accounts": least.accounts,
            "largest_share_of_one_account": least.share,
        },
        "round_to": _release_settings(release).get("round_to", 1),
        "noise": about.get("noise"),
        "scope": scope.told(),
        "edits": len(release.curation.active) if release.curated else 0,
        "accounts_at_most": sorted(release.at_most),
        "not_shown": reasons(release),
    }


def _release_settings(release: Release) -> Mapping[str, Any]:
    return (release.about.get("settings") or {}).get("release") or {}


def _name(one: Written, written: Sequence[Written]) -> str:
    before = [other for other in written if other.table == one.table]
    place = before.index(one)
    return f"{one.table}-{place + 1}" if place else one.table


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as handle:
        return path.stat().st_size, hashlib.file_digest(handle, "sha256").hexdigest()


def _resource(
    release: Release, tables: Mapping[str, pa.Table], one: Written, form: Format, size: tuple[int, str], name: str
) -> dict[str, Any]:
    textual = form in ("csv", "json")
    return {
        "name": name,
        "type": "table",
        "path": one.file,
        "format": form,
        "mediatype": _MEDIA[form],
        **({"encoding": "utf-8"} if textual else {}),
        **({"dialect": {"sheetName": one.sheet}} if one.sheet else {}),
        "bytes": size[0],
        "hash": f"sha256:{size[1]}",
        "description": f"A row is {TABLES[one.table].row}.",
        "schema": _schema(release, tables, one.table, form),
    }


def _schema(release: Release, tables: Mapping[str, pa.Table], name: str, form: Format) -> dict[str, Any]:
    cells = form in ("csv", "xlsx")
    fields = [field(column, _least(release, column), empty_is_null=cells) for column in TABLES[name].columns]
    found: dict[str, Any] = {"fields": fields, "missingValues": []}
    key = KEYS[name]
    rows = tables[name].select(list(key)).to_pylist()
    if len({tuple(row.values()) for row in rows}) == len(rows):
        found["primaryKey"] = list(key)
    foreign = [
        {"fields": [here], "reference": {"resource": "" if there == name else there, "fields": [column]}}
        for table, here, there, column in _FOREIGN
        if table == name and _held(tables[name], here, tables[there], column)
    ]
    return found | ({"foreignKeys": foreign} if foreign else {})


def _held(table: pa.Table, here: str, other: pa.Table, there: str) -> bool:
    """Whether every value that is there stands in the other table: in part of a release, parents may not be."""
    return set(table[here].to_pylist()) - {None} <= set(other[there].to_pylist())


def _least(release: Release, column: Column) -> int | None:
    """The least value of a count, where the thresholds say so exactly."""
    if not pa.types.is_int64(column.type):
        return None
    exact = "noise" not in release.about and _release_settings(release).get("round_to", 1) == 1
    held = {"accounts": release.thresholds.accounts, "clusters": 1, "hidden": 0}
    return held.get(column.name, release.thresholds.conversations) if exact else 0


def field(column: Column, least: int | None = None, *, empty_is_null: bool = True) -> dict[str, Any]:
    """A field of a table schema. A text that is empty is empty; only in nullable columns is an empty cell no value."""
    kinds: tuple[tuple[bool, str], ...] = (
        (pa.types.is_list(column.type), "array"),
        (pa.types.is_boolean(column.type), "boolean"),
        (pa.types.is_integer(column.type), "integer"),
        (pa.types.is_floating(column.type), "number"),
        (True, "string"),
    )
    limits: dict[str, Any] = {} if column.nullable else {"required": True}
    if least is not None:
        limits["minimum"] = least
    if column.name == "level":
        limits["minimum"] = 0
    if column.name == "share":
        limits |= {"minimum": 0, "maximum": 1}
    if column.name == "kind":
        limits["enum"] = ["value", "other"]
    return {
        "name": column.name,
        "type": next(name for holds, name in kinds if holds),
        "description": column.meaning,
        **({"constraints": limits} if limits else {}),
        **({"missingValues": [""]} if column.nullable and empty_is_null else {}),
    }


def notes(release: Release, tables: Mapping[str, pa.Table], scope: Scope, form: Format) -> list[str]:
    """The data dictionary as lines of plain text; ``#`` opens a heading, ``-`` a point, ``|`` a row of a table."""
    lines = [
        f"# {release.title}",
        f"Export of {scope.told()}. Every number is one of the release; none is about a single conversation or person.",
        f"Names and summaries of clusters are no quotations. Who wrote them: {_writer(release)}.",
        "# What is not shown",
        "A row that is not there is not a zero. Rows are left out for one of these reasons:",
        *(f"- {name}: {sentence}" for name, sentence in reasons(release).items()),
        "`other` rows hold, together, all values of a cluster and facet (or weeks) that are not shown by themselves.",
    ]
    if scope.cluster is not None:
        lines.append("Squares of the map and cells of `all` are of no single cluster and stay out.")
    if scope != Scope():
        lines.append("The table of levels tells of the whole release.")
    if release.curated is not None:
        lines.append(f"{len(release.curation.active):,} edits by people are applied.")
    if release.at_most:
        known = ", ".join(sorted(release.at_most))
        lines.append(f"Accounts are an upper bound, since an edit put clusters together, in: {known}.")
    lines += ["# How cells are written", *_written_as(form)]
    for name, table in tables.items():
        lines += [f"# Table: {name}", f"{table.num_rows:,} rows; a row is {TABLES[name].row}."]
        lines += ["| column | type | meaning |"]
        lines += [
            f"| {c.name} | {field(c)['type']}{', may be missing' if c.nullable else ''} | {c.meaning} |"
            for c in TABLES[name].columns
        ]
    return lines


def said(release: Release) -> dict[str, str]:
    """What of a release stands in the two files; all else in them is our own."""
    return {"title": release.title, "writer": _writer(release)}


def _writer(release: Release) -> str:
    writer = release.about.get("writer")
    named = writer.get("model") or writer.get("name") if isinstance(writer, Mapping) else writer
    return plain(named, 80) if isinstance(named, str) and named else "a model"


def _written_as(form: Format) -> list[str]:
    apostrophe = (
        "- A text that a spreadsheet could take for a formula has an apostrophe before it. To read it as it was, take "
        "one apostrophe off a cell whose first sign after its apostrophes is one of = + - @."
    )
    lists = "- Lists are JSON arrays in one cell."
    if form == "csv":
        return ["- UTF-8, comma, double quotes, a head line; booleans are true and false.", lists, apostrophe]
    if form == "xlsx":
        cut = "- Cells longer than 32,767 characters are cut and end in “… [cut]”. Numbers have 16 significant digits."
        return [cut, lists, apostrophe]
    return ["- Texts, numbers, lists and nulls as they are."]


def markdown(lines: Sequence[str]) -> str:
    """:func:`notes` as Markdown: nothing in them is markup but the first sign of a line."""
    found: list[str] = []
    before = ""
    for line in lines:
        kind = line[0] if line.startswith(("# ", "- ", "| ")) else ""
        if found and (not kind or kind != before):
            found.append("")
        if kind == "#":
            found.append(f"{'##' if found else '#'} {_escaped(line[2:])}")
        elif kind == "|":
            cells = [_escaped(cell) for cell in line[2:-2].split(" | ")]
            found.append(f"| {' | '.join(cells)} |")
            if before != "|":
                found.append("| --- " * len(cells) + "|")
        else:
            found.append(f"- {_escaped(line[2:])}" if kind else _escaped(line))
        before = kind
    return "\n".join(found) + "\n"


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)
