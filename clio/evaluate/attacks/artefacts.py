"""Looking for planted secrets in everything a run leaves behind: exactly, in disguise, and in part."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SHARE = 0.6
"""A run of this share of a secret's letters and digits counts as found."""
_GRAM = 5
_CELL = re.compile(r'[\n"]+')
_HASHES: tuple[Callable[[bytes], str], ...] = (
    lambda raw: hashlib.md5(raw, usedforsecurity=False).hexdigest(),
    lambda raw: hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
    lambda raw: hashlib.sha256(raw).hexdigest(),
)


def folded(text: str) -> str:
    """Letters and digits only, compatibility forms and case folded: ``J. Döe`` and ``jdöe`` are the same."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


@dataclass(frozen=True, slots=True)
class Haystack:
    """One artefact: its raw bytes, and all text that can be read out of it."""

    where: str
    """Which kind of artefact; never a text."""
    raw: bytes
    text: str


class Finder:
    """Finds secrets in artefacts. Built once; a look costs little where nothing is there."""

    def __init__(self, artefacts: Iterable[Haystack]) -> None:
        self._places: list[tuple[str, bytes, str, frozenset[str]]] = []
        self._cells: dict[str, set[str]] = {}
        for one in artefacts:
            flat = folded(one.text)
            grams = frozenset(flat[at : at + _GRAM] for at in range(len(flat) - _GRAM + 1))
            self._places.append((one.where, one.raw, flat, grams))
            self._cells.setdefault(one.where, set()).update(filter(None, _CELL.split(one.text.casefold())))

    def places(self, secret: str, parts: Sequence[str] = ()) -> frozenset[str]:
        """The kinds of artefacts that hold the secret: as it is, in other letter case, spacing, punctuation or encoding
        (base64, hex, UTF-16, JSON escapes), as a plain hash, or at least 60 % of it in one run. What has ``parts``
        (lower case) shares its other words with many: all but one of the parts in one cell, or the whole of it.
        """
        flat, wanted = folded(secret), _encodings(secret)
        found = set()
        for where, raw, text, grams in self._places:
            if where in found:
                continue
            if any(form in raw for form in wanted) or _partly(flat, text, grams, 1.0 if parts else SHARE):
                found.add(where)
        if len(parts) > 2:
            found |= {where for where, cells in self._cells.items() if any(_most(parts, cell) for cell in cells)}
        return frozenset(found)


def _most(parts: Sequence[str], cell: str) -> bool:
    return sum(part in cell for part in parts) >= len(parts) - 1


def _partly(flat: str, text: str, grams: frozenset[str], share: float) -> bool:
    size = max(_GRAM, math.ceil(len(flat) * share))
    for at in range(len(flat) - size + 1):
        window = flat[at : at + size]
        if window[:_GRAM] in grams and window in text:
            return True
    return False


def _encodings(secret: str) -> list[bytes]:
    raw = secret.encode()
    forms = [raw, secret.lower().encode(), secret.upper().encode(), secret.encode("utf-16-le"), raw.hex().encode()]
    for shift in range(3):  # wherever in a longer text the secret begins
        inner = base64.b64encode(b"x" * shift + raw)
        forms.append(inner[4 if shift else 0 : len(inner) - 4])
    forms.append(json.dumps(secret)[1:-1].encode())
    forms += [digest(raw).encode() for digest in _HASHES] + [bytes.fromhex(digest(raw)) for digest in _HASHES]
    return [form for form in forms if len(form) >= _GRAM]


def of_folder(folder: Path, where: Callable[[Path], str]) -> list[Haystack]:
    """Every file below a folder, and its name; ``where`` gives the kind of a path relative to the folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        inside = path.relative_to(folder)
        raw = path.read_bytes()
        found.append(Haystack(where(inside), raw, f"{inside.as_posix()}\n{_readable(path, raw)}"))
    return found


def _readable(path: Path, raw: bytes) -> str:
    if raw[:4] == b"PAR1":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        columns = [
            str(value)
            for column in table.columns
            if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type))
            for value in column.to_pylist()
            if value is not None
        ]
        return "\n".join([str(table.schema), *columns])
    text = raw.decode("utf-8", "replace")
    if path.suffix in (".json", ".jsonl"):
        try:
            lines = [raw] if path.suffix == ".json" else raw.splitlines()
            return "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in lines if line.strip())
        except ValueError:
            return text
    return text
