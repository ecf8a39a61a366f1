"""Vectors on disk: written shard by shard so that a killed run goes on where it was, read as one memory map."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from clio.errors import ModelSetupError, RunError, TableError
from clio.models.protocol import Encoder, Vectors
from clio.runs.files import reading, replacing
from clio.runs.permissions import make_folder
from clio.runs.seal import seal_of

NAME = "vectors.npy"
RECORD = "vectors.json"
CHUNK = 4_096
"""Distinct texts given to the encoder at once: memory stays bounded and progress moves within a shard."""


def write_vectors(
    texts: Sequence[str],
    encoder: Encoder,
    folder: Path,
    shard_rows: int = 20_000,
    advance: Callable[[int], None] | None = None,
) -> Path:
    """Encode ``texts`` into ``folder/vectors.npy`` (float32, one unit row per text) and return its path.

    Shards already written for the same texts by the same encoder are kept, whoever was killed when; anything else is
    computed anew. The result is byte for byte that of an uninterrupted run: what is encoded together depends on
    ``texts`` and ``shard_rows`` alone. ``advance`` is called with the number of rows just finished.
    """
    make_folder(folder)
    advance = advance or _silent
    starts = range(0, len(texts), shard_rows)
    digests = [_digest(texts[start : start + shard_rows], encoder.id) for start in starts]
    whole = {"encoder": encoder.id, "rows": len(texts), "texts": hashlib.sha256("".join(digests).encode()).hexdigest()}
    target = folder / NAME
    if target.is_file() and _read_record(folder / RECORD) == whole:
        advance(len(texts))
        return target
    (folder / RECORD).unlink(missing_ok=True)
    shards = []
    for number, (start, digest) in enumerate(zip(starts, digests, strict=True)):
        # The digest in the name: a shard is whole, and of these texts, exactly when it exists.
        shard = folder / f"shard-{number:05d}.{digest[:32]}.npy"
        rows = texts[start : start + shard_rows]
        if _shape(shard) == (len(rows), encoder.dimensions):
            advance(len(rows))
        else:
            _write(shard, partial(np.save, arr=_encoded(rows, encoder, advance)))
        shards.append(shard)
    _write(target, lambda handle: _join(shards, len(texts), encoder.dimensions, handle))
    _write(folder / RECORD, lambda handle: handle.write(json.dumps(whole).encode()))
    for shard in folder.glob("shard-*"):
        shard.unlink()
    return target


def store_vectors(vectors: Vectors, folder: Path) -> Path:
    """Write vectors that were made elsewhere, float32 rows of length 1, as :func:`write_vectors` does."""
    make_folder(folder)
    (folder / RECORD).unlink(missing_ok=True)
    target = folder / NAME
    _write(target, partial(np.save, arr=np.ascontiguousarray(vectors, dtype=np.float32)))
    _write(folder / RECORD, lambda handle: handle.write(json.dumps({"rows": len(vectors)}).encode()))
    return target


def open_vectors(folder: Path) -> Vectors:
    """The written vectors, shape (n, d), float32, read-only: a memory map, or in an encrypted workspace an array in
    memory.
    """
    target = folder / NAME
    if not target.is_file() or not (folder / RECORD).is_file():
        raise RunError(f"{target} is not there or not finished: run the embed stage")
    try:
        if seal_of(target) is None:
            vectors: Vectors = np.load(target, mmap_mode="r", allow_pickle=False)
        else:
            vectors = _decrypted(target)
    except (OSError, ValueError, EOFError) as error:
        raise TableError(f"{target} is damaged: run the embed stage again with --force") from error
    if vectors.dtype != np.float32 or vectors.ndim != 2:
        raise TableError(f"{target} holds {vectors.dtype} in {vectors.ndim} dimensions instead of float32 in 2")
    return vectors


def _silent(_rows: int) -> None:
    """Progress that nobody asked for."""


def _digest(texts: Sequence[str], encoder: str) -> str:
    digest = hashlib.sha256(encoder.encode())
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()


def _encoded(texts: Sequence[str], encoder: Encoder, advance: Callable[[int], None]) -> Vectors:
    distinct = list(dict.fromkeys(texts))
    place = {text: row for row, text in enumerate(distinct)}
    index = np.fromiter((place[text] for text in texts), dtype=np.int64, count=len(texts))
    counts = np.bincount(index, minlength=len(distinct))
    out = np.empty((len(distinct), encoder.dimensions), np.float32)
    for start in range(0, len(distinct), CHUNK):
        out[start : start + CHUNK] = encoder.encode(distinct[start : start + CHUNK])
        advance(int(counts[start : start + CHUNK].sum()))
    if not np.isfinite(out).all():
        raise ModelSetupError(f"The encoder `{encoder.id}` gave vectors that are not finite")
    return out[index]


def _shape(shard: Path) -> tuple[int, ...] | None:
    try:
        if not shard.is_file() or seal_of(shard) is None:
            return tuple(np.load(shard, mmap_mode="r", allow_pickle=False).shape)
        return tuple(_decrypted(shard).shape)  # decrypting it all says whether it is whole
    except (OSError, ValueError, EOFError):
        return None


def _read_record(path: Path) -> object:
    try:
        with reading(path) as handle:
            return json.loads(handle.read())
    except (OSError, ValueError):
        return None


def _decrypted(path: Path) -> Vectors:
    with reading(path) as handle:
        vectors: Vectors = np.lib.format.read_array(handle, allow_pickle=False)
        if handle.read(1):
            raise ValueError("more than an array")
    vectors.flags.writeable = False
    return vectors


def _write(target: Path, fill: Callable[[IO[bytes]], object]) -> None:
    with replacing(target) as handle:
        fill(handle)


def _join(shards: Sequence[Path], rows: int, dimensions: int, handle: IO[bytes]) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False}
    np.lib.format.write_array_header_1_0(handle, {**header, "shape": (rows, dimensions)})
    for block in _blocks(shards):
        handle.write(block)


def _blocks(shards: Sequence[Path]) -> Iterator[bytes]:
    for shard in shards:
        rows = np.load(shard, mmap_mode="r", allow_pickle=False) if seal_of(shard) is None else _decrypted(shard)
        for start in range(0, len(rows), CHUNK):
            yield np.ascontiguousarray(rows[start : start + CHUNK]).tobytes()
