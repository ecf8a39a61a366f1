"""Encrypted files of a workspace: chunks of AES-256-GCM under a key of the file's own.

A file is a header (``ClioSeal``, a version byte, 16 random bytes) and chunks of CHUNK bytes of plain text, each with a
tag; the last is shorter, or empty. The file's key is derived (HKDF-SHA256) from the run's data key, the random bytes
and the file's name within the workspace; the nonce of a chunk is its number and whether it is the last (the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizar, CRYPTO 2015). So a chunk that is changed, moved, left out or
taken from another file does not open, nor does a file that was cut short or has another's name. Sizes and names of
files can be seen.

Which files are encrypted follows from where they lie: all in a folder ``workspace`` that holds ``encryption.json``,
but for those that hold nothing of a conversation (PLAIN).
"""

from __future__ import annotations

import base64
import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from clio.errors import RunError
from clio.runs import workspace_key
from clio.runs.workspace_key import Source

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARKER = "encryption.json"
PLAIN = frozenset({MARKER, "access.jsonl", "access.head.json"})
"""Files that :mod:`clio.runs.files` leaves in clear. ``spending.jsonl``, ``batches.jsonl`` and the noise ledger, which
hold numbers and ids, are written by themselves and not encrypted either."""
CHUNK = 1 << 18
_MAGIC = b"ClioSeal\x01"
_SALT = _TAG = 16
_NONCE_BYTES = 12


class DamagedError(OSError):
    """A sealed file that does not open: changed, cut short, or not this one."""

    def __init__(self) -> None:
        super().__init__("does not open with the workspace's key: it was changed, cut short or put in another's place")


@dataclass(frozen=True, slots=True)
class Marker:
    """How a workspace is encrypted."""

    id: str
    """Of its data key."""
    source: Source
    """Where the user's key comes from."""
    master: str
    """The id of the user's key."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The data key of one workspace."""

    workspace: Path
    _key: bytes = field(repr=False)

    def name(self, path: Path) -> str:
        """What a file is bound to: where it lies in the workspace."""
        return path.relative_to(self.workspace).as_posix()

    def cipher(self, salt: bytes, purpose: str) -> AESGCM:
        """A key for one purpose."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = b"clio-toolkit workspace 1 " + purpose.encode("utf-8", "surrogatepass")
        return AESGCM(HKDF(SHA256(), 32, salt=salt, info=info).derive(self._key))

    def writer(self, handle: IO[bytes], path: Path) -> SealingWriter:
        """To write the file that will lie at ``path`` through; to be finished, or the file does not open."""
        return SealingWriter(handle, self, self.name(path))

    def reader(self, handle: IO[bytes], path: Path) -> io.BufferedReader:
        """To read the file at ``path`` through, from its beginning; DamagedError where it does not open."""
        return io.BufferedReader(_UnsealingReader(handle, self, self.name(path)), CHUNK)

    def lines(self, path: Path) -> SealedLines:
        """For a file of lines that grows."""
        return SealedLines(self.cipher(b"", f"lines {self.name(path)}"))


class SealingWriter(io.RawIOBase):
    """What is written is encrypted chunk by chunk; the underlying file is neither synced nor closed."""

    def __init__(self, handle: IO[bytes], seal: Seal, name: str) -> None:
        super().__init__()
        salt = os.urandom(_SALT)
        self._handle, self._cipher = handle, seal.cipher(salt, f"file {name}")
        self._held, self._number, self._written = bytearray(), 0, 0
        handle.write(_MAGIC + salt)

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: ReadableBuffer, /) -> int:
        view = memoryview(data).cast("B")
        self._held += view
        self._written += len(view)
        while len(self._held) > CHUNK:  # a full chunk may still turn out to be the last
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(view)

    def finish(self) -> None:
        """Write the last chunk."""
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, plain: bytes, last: bool) -> None:
        self._handle.write(self._cipher.encrypt(_nonce(self._number, last), plain, None))
        self._number += 1


class _UnsealingReader(io.RawIOBase):
    def __init__(self, handle: IO[bytes], seal: Seal, name: str) -> None:
        super().__init__()
        head = handle.read(len(_MAGIC) + _SALT)
        if len(head) != len(_MAGIC) + _SALT or not head.startswith(_MAGIC):
            raise DamagedError
        self._handle, self._cipher = handle, seal.cipher(head[len(_MAGIC) :], f"file {name}")
        self._plain, self._place, self._number = b"", 0, 0
        self._next = handle.read(CHUNK + _TAG)
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while self._place == len(self._plain) and not self._ended:
            self._open_next()
        part = self._plain[self._place : self._place + len(view)]
        view[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _open_next(self) -> None:
        from cryptography.exceptions import InvalidTag

        sealed, self._next = self._next, self._handle.read(CHUNK + _TAG)
        self._ended = not self._next
        try:
            self._plain = self._cipher.decrypt(_nonce(self._number, self._ended), sealed, None)
        except (InvalidTag, ValueError):
            raise DamagedError from None
        self._place, self._number = 0, self._number + 1


@dataclass(frozen=True, slots=True)
class SealedLines:
    """Lines of a file that grows, each encrypted by itself and bound to where in the file it begins."""

    _cipher: AESGCM = field(repr=False)

    def seal(self, line: bytes, context: str) -> bytes:
        """In base64, without a line end. ``context``: what the line belongs to, the same when it is read.

        Nonces are random: safe for 2**32 lines (NIST SP 800-38D, 8.3).
        """
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, line, context.encode()))

    def unseal(self, line: bytes, context: str) -> bytes:
        """ValueError where it is damaged, moved, or of another file."""
        from cryptography.exceptions import InvalidTag

        sealed = base64.b64decode(line, validate=True)
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise ValueError("a sealed line does not open") from None


def seal_of(path: Path) -> Seal | None:
    """What a file is to be encrypted with; None where it lies in clear.

    Raises:
        RunError: the workspace is encrypted, and its key is gone or another.
        ConfigError: what should hold the key does not.
    """
    if path.name in PLAIN:
        return None
    workspace = next((folder for folder in path.parents if folder.name == "workspace"), None)
    marked = read_marker(workspace) if workspace is not None else None
    if workspace is None or marked is None:
        return None
    return Seal(workspace, workspace_key.unwrap(marked.id, marked.source, marked.master))


def read_marker(workspace: Path) -> Marker | None:
    """How a workspace is encrypted; None for one in clear.

    Raises:
        RunError: the file that says it is damaged.
    """
    path = workspace / MARKER
    try:
        marked = json.loads(path.read_bytes())
        found = Marker(str(marked["id"]), Source(**marked["key"]), str(marked["master"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise RunError(
            f"{path}: damaged or unreadable, and without it this workspace cannot be opened. Restore it from a copy."
        ) from None
    return found


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_NONCE_BYTES - 1, "big") + (b"\x01" if last else b"\x00")
