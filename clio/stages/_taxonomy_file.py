"""Reading a taxonomy (YAML, JSON, Parquet, the folder of a release) to clusters in levels that are all equally deep."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clio.errors import InputError
from clio.privacy.wall import MAX_LABEL, MAX_TEXT, clean_text

OTHER = "Other"
MOST_BYTES = 16 * 2**20
MOST_ENTRIES = 20_000
MOST_LEVELS = 6
"""As many as ``arrange.levels`` allows."""
_KEYS = ("name", "summary", "id", "cluster_id", "parent", "parent_id", "level", "children")


@dataclass(frozen=True, slots=True)
class Entry:
    """One cluster of any level."""

    cluster_id: str
    level: int
    parent_id: str | None
    name: str
    summary: str
    other: bool = False
    """Whether it takes what is near to no other cluster."""

    @property
    def text(self) -> str:
        """What is compared with conversations."""
        return f"{self.name}. {self.summary}".strip()


@dataclass
class _Raw:
    """An entry as it was given. ``parent`` is what it refers to by id or name; ``above`` the entry it stands in."""

    place: str
    name: str
    summary: str
    given: str
    parent: str
    above: _Raw | None
    other: bool = False


def read_entries(path: Path) -> tuple[tuple[Entry, ...], float | None]:
    """Entries, base clusters first, and the similarity below which a conversation belongs to none of them.

    Raises:
        InputError: see :func:`clio.stages._taxonomy.load_taxonomy`.
    """
    given, other_below = _read(path)
    found: list[_Raw] = []
    _walk(given, "", None, found, path)
    if not found:
        raise InputError(f"{path}: holds no cluster. docs/noise.md shows what a taxonomy looks like.")
    _link(found, path)
    if other_below is not None:
        found.append(_Raw("", OTHER, "Conversations that are near to no other cluster.", "", "", None, other=True))
    return _levelled(found, path), other_below


def _read(path: Path) -> tuple[Any, float | None]:
    if path.is_dir():
        tables = [folder / "clusters.parquet" for folder in (path, path / "release")]
        table = next((table for table in tables if table.is_file()), None)
        if table is None:
            raise InputError(f"{path}: holds no clusters.parquet, so it is neither a release nor a run with one.")
        return _parquet(table), None
    if path.suffix.lower() == ".parquet":
        return _parquet(path), None
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: larger than {MOST_BYTES >> 20} MiB. Is this the taxonomy?")
        data = _parsed(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(f"{path}: cannot be read ({fault.__class__.__name__}). Is this the taxonomy?") from None
    if not isinstance(data, Mapping):
        return data, None
    if set(data) - {"clusters", "other_below"}:
        raise InputError(f"{path}: expected a list of clusters, or the keys `clusters` and `other_below` alone.")
    below = data.get("other_below")
    if below is not None and (isinstance(below, bool) or not isinstance(below, (int, float)) or not -1 <= below <= 1):
        raise InputError(f"{path}: `other_below` is a cosine similarity, a number from -1 to 1.")
    return data.get("clusters"), None if below is None else float(below)


def _parsed(text: str, path: Path) -> Any:
    try:
        if path.suffix.lower() == ".json":
            return json.loads(text)
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as fault:
            mark = getattr(fault, "problem_mark", None)
            raise InputError(f"{path}: not valid YAML{f' at line {mark.line + 1}' if mark else ''}.") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: cannot be parsed. A taxonomy is YAML, JSON or Parquet.") from None


def _parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows > MOST_ENTRIES:
            raise InputError(f"{path}: more than {MOST_ENTRIES:,} clusters.")
        columns = [name for name in _KEYS if name in file.schema_arrow.names and name != "children"]
        rows: list[dict[str, Any]] = file.read(columns=columns).to_pylist()
    except (OSError, pa.ArrowException):
        raise InputError(f"{path}: cannot be read as Parquet.") from None
    return sorted(rows, key=lambda row: (row.get("level") or 0, len(str(row.get("cluster_id"))),
                                         str(row.get("cluster_id"))))  # fmt: skip


def _walk(given: Any, where: str, above: _Raw | None, found: list[_Raw], path: Path) -> None:
    """Every entry of a list and of the lists in it."""
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
        raise InputError(f"{path}: {f'the children of cluster {where[:-1]}' if where else 'the clusters'} are no list.")
    if where.count(".") >= MOST_LEVELS:
        raise InputError(f"{path}: more than {MOST_LEVELS} levels.")
    for number, item in enumerate(given, start=1):
        place = f"{where}{number}"
        if len(found) >= MOST_ENTRIES:
            raise InputError(f"{path}: more than {MOST_ENTRIES:,} clusters.")
        entry = {"name": item} if isinstance(item, str) else item
        if not isinstance(entry, Mapping) or set(entry) - set(_KEYS):
            raise InputError(f"{path}, cluster {place}: expected a name, or the keys {', '.join(_KEYS)}.")
        raw = _Raw(
            place,
            _text(entry, "name", MAX_LABEL, place, path),
            _text(entry, "summary", MAX_TEXT, place, path),
            _text(entry, "id", MAX_LABEL, place, path) or _text(entry, "cluster_id", MAX_LABEL, place, path),
            _text(entry, "parent", MAX_LABEL, place, path) or _text(entry, "parent_id", MAX_LABEL, place, path),
            above,
        )
        if not raw.name:
            raise InputError(f"{path}, cluster {place}: has no name.")
        found.append(raw)
        if entry.get("children") is not None:
            _walk(entry["children"], f"{place}.", raw, found, path)


def _text(entry: Mapping[str, Any], key: str, most: int, place: str, path: Path) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(f"{path}, cluster {place}: `{key}` is no text.")
    text = clean_text(str(value))
    if len(text) > most:
        raise InputError(f"{path}, cluster {place}: `{key}` is longer than {most} characters.")
    return text


def _link(found: Sequence[_Raw], path: Path) -> None:
    """Find the entry that each ``parent`` means, by id or else by name."""
    by_id: dict[str, _Raw] = {}
    for raw in found:
        if raw.given and by_id.setdefault(raw.given, raw) is not raw:
            raise InputError(f"{path}: clusters {by_id[raw.given].place} and {raw.place} have the same id.")
    by_name: dict[str, list[_Raw]] = {}
    for raw in found:
        by_name.setdefault(raw.name, []).append(raw)
    for raw in found:
        if not raw.parent or raw.above is not None:
            continue
        named = [by_id[raw.parent]] if raw.parent in by_id else by_name.get(raw.parent, [])
        if len(named) != 1:
            how = "no cluster" if not named else "more than one cluster"
            raise InputError(f"{path}, cluster {raw.place}: its parent is the id or name of {how}.")
        raw.above = named[0]


def _levelled(found: list[_Raw], path: Path) -> tuple[Entry, ...]:
    """Levels from the tree, counted from the bottom; what ends early goes on as itself down to the base."""
    depth = {id(raw): _depth(raw, path) for raw in found}
    deepest = max(depth.values())
    parents = {id(raw.above) for raw in found if raw.above is not None}
    rows: list[tuple[int, _Raw]] = []
    for raw in found:
        place = depth[id(raw)]
        rows.append((deepest - place, raw))
        while id(raw) not in parents and place < deepest:
            place += 1
            raw = _Raw(raw.place, raw.name, raw.summary, "", "", raw, raw.other)
            parents.add(id(raw.above))
            rows.append((deepest - place, raw))
    seen: dict[tuple[str, str], str] = {}
    for level, raw in rows:
        if level == 0 and seen.setdefault((raw.name, raw.summary), raw.place) != raw.place:
            raise InputError(
                f"{path}: base clusters {seen[raw.name, raw.summary]} and {raw.place} have the same name and summary, "
                "so no conversation could be nearer to one of them."
            )
    ids = _ids(rows)
    entries = [
        Entry(ids[id(raw)], level, ids[id(raw.above)] if raw.above else None, raw.name, raw.summary, raw.other)
        for level, raw in rows
    ]
    return tuple(sorted(entries, key=lambda entry: entry.level))


def _depth(raw: _Raw, path: Path) -> int:
    line = [raw]
    while (above := line[-1].above) is not None:
        if len(line) >= MOST_LEVELS:
            raise InputError(f"{path}, cluster {raw.place}: stands under itself, or in more than {MOST_LEVELS} levels.")
        line.append(above)
    return len(line) - 1


def _ids(rows: Sequence[tuple[int, _Raw]]) -> dict[int, str]:
    """Ids such as ``0-0012``: those given where all of them fit, else numbers in the order of the file."""
    fit = all(re.fullmatch(rf"{level}-[0-9]{{1,6}}", raw.given) for level, raw in rows if raw.place and raw.given)
    keep = fit and any(raw.given for _, raw in rows)
    taken = {raw.given for _, raw in rows} if keep else set()
    result: dict[int, str] = {}
    following: dict[int, int] = {}
    for level, raw in rows:
        name = raw.given if keep else ""
        while not name or (name in taken and name != raw.given):
            number = following.get(level, 0)
            following[level] = number + 1
            name = f"{level}-{number:04d}"
        taken.add(name)
        result[id(raw)] = name
    return result
