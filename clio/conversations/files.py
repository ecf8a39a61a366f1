"""Bytes of source files: opened, decompressed, transcoded and cut into lines, never held whole in memory."""

from __future__ import annotations

import codecs
import hashlib
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from clio.conversations.types import Rejection, UnreadableError
from clio.errors import InputError

CHUNK = 256 * 1024
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 1 to 3 of a skippable zstd frame (RFC 8878, 3.1.2); byte 0 is 0x50 to 0x5f."""
_ZSTD_SLICE = 256
"""Compressed bytes per step: a zstd block of 4 bytes can stand for 128 KiB, so this bounds a step at 8 MiB."""
ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, KeyError, OverflowError,
    RuntimeError, struct.error,
)  # fmt: skip
"""What zipfile raises for a damaged archive. RuntimeError (NotImplementedError is one) is how it says that a member
is encrypted or packed in a way it does not know."""

Line = tuple[int, bytes]
"""Line number (from 1) and the line's bytes in UTF-8, without its newline."""


def sources(path: Path) -> list[Path]:
    """The files that ``path`` stands for: itself, or every file below a directory in sorted order.

    Names that begin with a dot or an underscore are left out, links to directories are not followed.
    Raises InputError where there is nothing to read.
    """
    if not path.is_dir():
        open_source(path).close()
        return [path]
    found: list[Path] = []

    def unlisted(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be listed ({error.strerror})")

    for folder, folders, names in os.walk(path, onerror=unlisted):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        found += [Path(folder) / name for name in names if not name.startswith((".", "_"))]
    if not found:
        raise InputError(f"{path}: the directory holds no file")
    return sorted(file for file in found if not file.is_dir())


def open_source(path: Path) -> BufferedReader:
    """The file opened for reading, from its first byte; InputError unless it is a regular file with something in it.

    Pipes and devices are refused: they may never end.
    """
    try:
        kind = path.stat()
        if stat.S_ISDIR(kind.st_mode):
            raise InputError(f"{path}: is a directory")
        if not stat.S_ISREG(kind.st_mode):
            raise InputError(f"{path}: is not a regular file")
        if kind.st_size == 0:
            raise InputError(f"{path}: is empty")
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror or type(error).__name__})") from None
    except ValueError:
        raise InputError("a source's path holds a NUL character") from None


def fingerprint(path: Path) -> str:
    """SHA-256 of the file's bytes as they lie on disk, in hex. Raises InputError."""
    with open_source(path) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{path}: cannot be read to its end ({error.strerror})") from None


def magic(path: Path) -> bytes:
    """The first four bytes on disk (fewer in a shorter file). Raises InputError."""
    with open_source(path) as file:
        return _read(file, path, 4)


def text_chunks(path: Path) -> Iterator[bytes]:
    """The file's text in UTF-8, decompressed, without a byte-order mark, in chunks of at most a few MiB.

    gzip, zstd and UTF-16/32 are told by their first bytes. Bytes that are not UTF-8 pass: each record is decoded on
    its own. Raises UnreadableError after the last readable chunk of a compressed file that is cut or damaged.
    """
    return _without_mark(_decompressed(path))


def zip_chunks(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """As ``text_chunks``, for one member of an open zip archive."""
    return _without_mark(_unzipped(archive, member))


def lines(chunks: Iterator[bytes], limit: int) -> Iterator[Line | Rejection]:
    """The lines of a stream, blank ones too; one of more than ``limit`` bytes is passed over, never held.

    Only LF ends a line (a CR before it goes): U+2028 and its like occur inside texts.
    """
    number, held, size = 1, bytearray(), 0
    try:
        for chunk in chunks:
            start = 0
            while (end := chunk.find(b"\n", start)) >= 0:
                size += end - start
                if size > limit:
                    yield Rejection(number, "record too long")
                else:
                    held += chunk[start:end]
                    yield number, bytes(held.removesuffix(b"\r"))
                number, size, start = number + 1, 0, end + 1
                held.clear()
            size += len(chunk) - start
            if size > limit:
                held.clear()
            else:
                held += chunk[start:]
    except UnreadableError as cut:
        # What was begun of a line is part of what this one rejection stands for.
        yield Rejection(number, cut.reason)
        return
    if size > limit:
        yield Rejection(number, "record too long")
    elif held:
        yield number, bytes(held.removesuffix(b"\r"))


def _read(file: BufferedReader, path: Path, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read to its end ({error.strerror})") from None


def _decompressed(path: Path) -> Iterator[bytes]:
    with open_source(path) as file:
        head = _read(file, path, 4)
        file.seek(0)
        if head.startswith(GZIP):
            yield from _gunzipped(file, path)
        elif head == ZSTD or (head[1:] == _ZSTD_SKIPPABLE and head[0] >> 4 == 5):
            yield from _unzstded(file, path)
        else:
            while chunk := _read(file, path, CHUNK):
                yield chunk


def _gunzipped(file: BufferedReader, path: Path) -> Iterator[bytes]:
    """Every member of a gzip file. ``max_length`` keeps a step small whatever the ratio."""
    member = zlib.decompressobj(31)
    data = _read(file, path, CHUNK)
    while True:
        try:
            out = member.decompress(data, 4 * CHUNK)
        except zlib.error:
            raise UnreadableError("compressed file is damaged") from None
        if out:
            yield out
        data = member.unconsumed_tail
        if member.eof:
            # Members may follow one another, with padding by NUL bytes between and behind them.
            data = member.unused_data.lstrip(b"\0")
            while not data:
                more = _read(file, path, CHUNK)
                if not more:
                    return
                data = more.lstrip(b"\0")
            member = zlib.decompressobj(31)
        elif not data:
            data = _read(file, path, CHUNK)
            if not data:
                if rest := member.flush():
                    yield rest
                raise UnreadableError("compressed file ends early")


def _unzstded(file: BufferedReader, path: Path) -> Iterator[bytes]:
    """Every frame of a zstd file. The stream reader of the package would take a cut file for a whole one."""
    import zstandard

    frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
    while chunk := _read(file, path, CHUNK):
        waiting = memoryview(chunk)
        while waiting:
            data, waiting = bytes(waiting[:_ZSTD_SLICE]), waiting[_ZSTD_SLICE:]
            while data:
                try:
                    out = frame.decompress(data)
                except zstandard.ZstdError:
                    raise UnreadableError("compressed file is damaged") from None
                begun, data = True, b""
                if out:
                    yield out
                if frame.eof:
                    data = frame.unused_data
                    frame, begun = zstandard.ZstdDecompressor().decompressobj(), False
    if begun:
        raise UnreadableError("compressed file ends early")


def _unzipped(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    try:
        with archive.open(member) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except EOFError:
        raise UnreadableError("compressed file ends early") from None
    except ZIP_FAULTS:
        raise UnreadableError("compressed file is damaged") from None


_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    head, cut = b"", None
    try:
        while len(head) < 4 and (chunk := next(chunks, b"")):
            head += chunk
    except UnreadableError as reason:
        cut = reason
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
            yield decoder.decode(head[len(mark) :]).encode()
            if cut:
                raise cut
            for chunk in chunks:
                yield decoder.decode(chunk).encode()
            yield decoder.decode(b"", final=True).encode()
            return
    yield head.removeprefix(codecs.BOM_UTF8)
    if cut:
        raise cut
    yield from chunks
