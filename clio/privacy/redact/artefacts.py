"""The last look at a release: every text in every file of a folder, whatever wrote it.

The wall (:mod:`clio.privacy.wall`) checks tables before they are written; this reads back what lies on disk, so that a
file, a column or a description in a file's header that nobody thought of is seen as well.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from clio.errors import PrivacyError
from clio.privacy.redact.blocks import pieces, text_blocks
from clio.privacy.redact.redactor import Redactor
from clio.privacy.redact.spans import Type

_BATCH = 256
_KEY = re.compile(r"[A-Za-z][\w-]{0,39}")
"""Keys of JSON that may be told in a finding. Others could themselves be text of somebody."""
_Kind = Type | Literal["UNREADABLE"]
_By = Literal["rules", "first", "all"]
"""Which detectors look. Tables hold what models wrote of conversations: all do. The manifest and the table of rules are
made of settings and versions, of which the second detector takes some for a name or an address."""
_OF_SETTINGS = ("privacy.parquet",)
_BY_MODELS = frozenset({"NAME", "ADDRESS"})
CROSS = " x "
"""Between the names, and between the values, of two facets that are counted together."""
_MARKUP = (".html", ".htm", ".svg", ".xml")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Where something stands that must not be in a release. Never the text."""

    file: str
    """Path below the folder, with ``/``; ``*`` where the name of the file is itself the finding."""
    column: str
    """Column of a table or path of keys in JSON; empty for plain text, ``(header)`` for what a file says of itself."""
    row: int | None
    """Row of a table (from 0) or line of a text (from 1), where there is one."""
    type: _Kind
    """What it is. UNREADABLE: a file, link or text that could not be looked at, which is as bad."""


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    column: str
    row: int | None


_Text = tuple[str, _By, _Place]


def scan_artefacts(
    folder: Path, redactor: Redactor, *, names: bool = True, vouched: Collection[str] = (), known: Collection[str] = ()
) -> list[Finding]:
    """Everything found in the files below ``folder``, sorted; each place and type once.

    Tables (Parquet) are read column by column with their names and descriptions, JSON value by value with its keys,
    all else as text. ``names`` looks for names too: in tables (but for that of the rules) by every detector there is,
    else by the first.
    ``vouched``: paths below the folder of files that are ours byte for byte (a font, a picture), which are not read.
    ``known``: texts that are ours, such as digests, in which a card number stands now and then.

    Raises:
        PrivacyError: ``folder`` is not there.
    """
    if not folder.is_dir():
        raise PrivacyError(f"{folder}: there is no such folder to scan, so nothing can be said of it.")
    scanner = _Scanner(redactor, names, frozenset(known))
    for path in _files(folder):
        told = path.relative_to(folder).as_posix()
        if told in vouched:
            continue
        if kinds := scanner.types(told):
            scanner.found |= {Finding("*", "", None, kind) for kind in kinds}
            told = "*"
        try:
            for text, by, place in _texts(path, told):
                scanner.add(text, by, place)
        except Exception:  # noqa: BLE001 - whatever a damaged file makes a library raise; it may quote the file
            scanner.found.add(Finding(told, "", None, "UNREADABLE"))
    return sorted(scanner.finish(), key=lambda f: (f.file, f.column, -1 if f.row is None else f.row, f.type))


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        yield from (Path(parent) / name for name in sorted([*files, *links]))


class _Scanner:
    """Scans each text once, in batches, and keeps where what was found stands."""

    def __init__(self, redactor: Redactor, names: bool, ours: frozenset[str]) -> None:
        self.found: set[Finding] = set()
        self._redactor, self._names, self._ours = redactor, names, ours
        self._known: dict[tuple[str, _By], tuple[_Kind, ...]] = {}
        self._waiting: list[tuple[str, _By, _Place]] = []
        self._new: dict[_By, dict[str, None]] = {}
        self._told: list[tuple[str, _By, _Place, tuple[_Kind, ...]]] = []

    def add(self, text: str, by: _By, place: _Place) -> None:
        if not text or text.isspace() or text in self._ours:
            return
        if not self._names:
            by = "rules"
        if (text, by) not in self._known:
            self._new.setdefault(by, {})[text] = None
        self._waiting.append((text, by, place))
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        for by, texts in self._new.items():
            self._scan(list(texts), by)
        for text, by, place in self._waiting:
            if kinds := self._known[text, by]:
                self._told.append((text, by, place, kinds))
        self._waiting.clear()
        self._new.clear()

    def finish(self) -> set[Finding]:
        """All findings. A text of two that stand there by themselves, and pass, is no name or address.

        Two facets crossed give such values: of "Friday x 06 to 11" the second detector makes an address.
        """
        self.flush()
        for text, by, place, kinds in self._told:
            if not (_BY_MODELS.issuperset(kinds) and self._crossed(text, by)):
                self.found |= {Finding(place.file, place.column, place.row, kind) for kind in kinds}
        return self.found

    def _crossed(self, text: str, by: _By) -> bool:
        parts = text.split(CROSS)
        halves = ((CROSS.join(parts[:n]), CROSS.join(parts[n:])) for n in range(1, len(parts)))
        return any(all(self._known.get((half, by)) == () for half in both) for both in halves)

    def types(self, text: str) -> tuple[_Kind, ...]:
        self._scan([text], "rules")
        return self._known[text, "rules"]

    def _scan(self, texts: list[str], by: _By) -> None:
        try:
            spans = self._redactor.scan_many(texts, names=by != "rules", second=by == "all")
        except PrivacyError:
            if len(texts) > 1:  # one of them: each by itself
                for text in texts:
                    self._scan([text], by)
            elif texts:
                self._known[texts[0], by] = ("UNREADABLE",)
            return
        for text, found in zip(texts, spans, strict=True):
            self._known[text, by] = tuple(sorted({span.type for span in found}))


def _texts(path: Path, told: str) -> Iterator[_Text]:
    """Every text of a file, and where it stands. Raises where the file is of no kind that can be read."""
    if path.is_symlink() or not path.is_file():  # a pipe or device may never end
        raise ValueError("no ordinary file")
    with path.open("rb") as handle:
        head = handle.read(4)
    if head == b"PAR1":
        yield from _table(path, told)
        return
    text = path.read_bytes().decode("utf-8-sig")
    if path.suffix in (".json", ".jsonl", ".ndjson"):
        documents = text.split("\n") if path.suffix != ".json" else [text]
        for number, document in enumerate(documents, start=1):
            if document.strip():
                yield from _values(
                    json.loads(document), "first", _Place(told, "", number if len(documents) > 1 else None)
                )
        return
    if "\0" in text:
        raise ValueError("not text")
    for number, block in text_blocks(enumerate(text.split("\n"), start=1)):
        for piece in pieces(block):
            yield piece, "first", _Place(told, "", number)
            if path.suffix in _MARKUP and (plain := html.unescape(piece)) != piece:
                yield plain, "first", _Place(told, "", number)


def _table(path: Path, told: str) -> Iterator[_Text]:
    import pyarrow.parquet as pq

    by: _By = "first" if told in _OF_SETTINGS else "all"
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        headers = [schema.metadata, file.metadata.metadata, *(field.metadata for field in schema)]
        for header in headers:
            for key, value in (header or {}).items():
                if key != b"ARROW:schema":  # the schema again, encoded: told by what follows
                    for text in (key.decode(), value.decode()):
                        yield text, "first", _Place(told, "(header)", None)
        for name in schema.names:
            yield name, "first", _Place(told, "(header)", None)
        row = 0
        for batch in file.iter_batches(batch_size=1024):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                shown = name if _KEY.fullmatch(name) else "*"
                for offset, value in enumerate(column.to_pylist()):
                    yield from _values(value, by, _Place(told, shown, row + offset))
            row += batch.num_rows


def _values(value: Any, by: _By, place: _Place) -> Iterator[_Text]:
    """The strings of a nested value, keys too."""
    waiting = [(value, place)]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, bytes):
            value = value.decode()
        if isinstance(value, str):
            for piece in pieces(value):
                yield piece, by, place
        elif isinstance(value, (list, tuple)):
            waiting += [(item, place) for item in value]
        elif isinstance(value, dict):
            for key, item in value.items():
                yield str(key), by, place
                step = str(key) if _KEY.fullmatch(str(key)) else "*"
                inner = replace(place, column=f"{place.column}.{step}" if place.column else step)
                waiting.append((item, inner))
                if isinstance(item, str) and len(item) <= 200:  # a secret may be known by what it is called
                    yield f"{key}: {item}", "rules", inner
