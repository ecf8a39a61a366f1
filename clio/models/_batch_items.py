"""The requests of batches while they are under way: which were seen, and the ones that may have to be sent again."""

from __future__ import annotations

import json
import struct
import tempfile
from array import array
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from clio.errors import RunError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ID_BYTES = 32
_FULL = 0.6
"""Share of taken slots at which the table of :class:`Seen` doubles."""
_RECORD = struct.Struct(f">{ID_BYTES}sI")
_NONCE_BYTES = 12
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch."""

    custom_id: str
    """64 lower-case hex digits, evenly distributed (an HMAC of the request): the only id that leaves."""
    params: Mapping[str, Any] = field(repr=False)
    """The body of ``messages.create``."""


def packed(custom_id: str) -> bytes | None:
    """The 32 bytes of an id; None for anything that is not written as one."""
    try:
        raw = bytes.fromhex(custom_id)
    except ValueError:
        return None
    return raw if len(raw) == ID_BYTES and raw.hex() == custom_id else None


def encoded(item: Item) -> bytes:
    """An item as it is sent. What UTF-8 cannot hold (half a surrogate pair) becomes a question mark: it would make the
    whole batch unreadable.
    """
    value = {"custom_id": item.custom_id, "params": dict(item.params)}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


class Body:
    """Encoded items as the body of a request, in pieces: nothing holds it whole. It can be read more than once."""

    envelope = len(b'{"requests":[]}')

    def __init__(self, items: Sequence[bytes]) -> None:
        self._items = items
        self.size = self.envelope + sum(map(len, items)) + len(items) - 1

    def __iter__(self) -> Iterator[bytes]:
        held, size = [b'{"requests":['], 0
        for number, data in enumerate(self._items):
            held += [b",", data] if number else [data]
            size += len(data)
            if size >= _PIECE:
                yield b"".join(held)
                held, size = [], 0
        yield b"".join([*held, b"]}"])


class Seen:
    """A set of ids, 13 to 27 bytes each. An id is known by its first 8 bytes: of a million, two are taken for one with
    a chance of 3 in 100 million, and that request is asked outside of the batches.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, raw: bytes) -> bool:
        return self._slots[self._place(_short(raw))] != 0

    def add(self, raw: bytes) -> bool:
        """Whether it is new."""
        short = _short(raw)
        place = self._place(short)
        if self._slots[place]:
            return False
        self._slots[place] = short
        self._size += 1
        if self._size > _FULL * len(self._slots):
            self._grow()
        return True

    def _place(self, short: int) -> int:
        """Where it stands, or the free slot where it belongs."""
        slots = self._slots
        last = len(slots) - 1
        place = short & last
        while slots[place] not in (0, short):
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for short in old:
            if short:
                self._slots[self._place(short)] = short


def _short(raw: bytes) -> int:
    return int.from_bytes(raw[:8], "big") or 1


class Spool:
    """Requests that may have to be sent again, in a file without a name, encrypted with a key that is never written
    down: memory stays small, and nothing readable is left behind, whatever ends the process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._cipher: AESGCM | None = None
        self._count = 0

    def add(self, raw: bytes, data: bytes) -> None:
        """Keep one. RunError where the disk does not take it."""
        try:
            if self._file is None or self._cipher is None:
                from cryptography.hazmat.primitives.ciphers.aead import AESGCM

                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._cipher = AESGCM(AESGCM.generate_key(256))
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by `close`
            sealed = self._cipher.encrypt(self._count.to_bytes(_NONCE_BYTES, "big"), data, raw)
            self._count += 1
            self._file.write(_RECORD.pack(raw, len(sealed)) + sealed)
        except OSError as fault:
            raise RunError(
                f"{self._folder}: cannot be written ({fault.strerror}). The batches go on at the endpoint: make room, "
                "then run the same command again to collect them."
            ) from None

    def take(self, wanted: Container[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Those of the wanted that are here, as they were added. Nothing is added after this."""
        if self._file is None or self._cipher is None:
            return
        self._file.seek(0)
        for number in range(self._count):
            raw, size = _RECORD.unpack(self._file.read(_RECORD.size))
            if raw in wanted:
                sealed = self._file.read(size)
                yield raw, self._cipher.decrypt(number.to_bytes(_NONCE_BYTES, "big"), sealed, raw)
            else:
                self._file.seek(size, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the disk space back."""
        if self._file is not None:
            self._file.close()
        self._file = self._cipher = None
