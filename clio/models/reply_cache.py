"""Replies that were bought once, kept encrypted in the user's cache, so that no run pays for them again.

One SQLite file holds, per reply, an HMAC of what was asked, the encrypted answer, when it was written, and what it had
cost. The master key lies elsewhere (:func:`clio.runs.keys.reply_key_path`): whoever gets the cache folder alone learns
how many replies there are, how long and how old, and nothing of what was asked or answered. There is no place for an
id: two accounts that ask the same share one reply and nothing else.

A put is committed before it returns and survives a kill one instruction later; a power cut may cost the last seconds.
Several processes and threads may use one folder. Caching is a convenience: a full disk, a read-only folder or a
damaged file ends in a note, never in the end of a run.
"""

from __future__ import annotations

import hmac
import json
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from clio.errors import ConfigError, RunError
from clio.models import _reply_store as store
from clio.models._reply_store import FILE, OffError, Store
from clio.runs.keys import KEY_BYTES, load_reply_key, reply_key_path

T = TypeVar("T")

MOST_BYTES = 4 * 2**30
CHECK_EVERY = 1000
"""Puts between two looks at the size of the file."""
_CHUNK = 500
"""Keys per query: below the fewest variables that any SQLite allows (999)."""
_NONCE_BYTES = 12
"""Random 96-bit nonces are safe for 2**32 messages under one key (NIST SP 800-38D, 8.3): a cache holds some 2**23."""


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What one :class:`ReplyCache` has done so far."""

    hits: int = 0
    misses: int = 0
    puts: int = 0
    bytes: int = 0
    """Encrypted bytes of the values put."""
    unreadable: int = 0
    """Misses whose row was there and did not decrypt; it was removed."""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cache folder holds."""

    folder: Path
    key_file: Path | None
    """None where the caller gave the key."""
    entries: int
    bytes: int
    """Of all the cache's files, set-aside damaged ones included."""
    oldest: str | None
    """UTC date, ``2026-01-31``; None for an empty cache."""
    newest: str | None
    tokens: int
    cost: float
    """US dollars that the replies had cost when they were bought."""


def cache_folder() -> Path:
    """Where replies lie: ``$CLIO_CACHE_DIR/replies``, else ``replies`` in the user's cache. Not created here."""
    given = os.environ.get("CLIO_CACHE_DIR")
    if given:
        return Path(given).expanduser() / "replies"
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("clio-toolkit")) / "replies"


class ReplyCache:
    """Replies by key. Nothing is opened or made before the first get or put; not to be used across a fork.

    Args:
        folder: where the file lies; :func:`cache_folder` by default.
        key: the master key of 32 bytes; that of :func:`~clio.runs.keys.load_reply_key` by default.
        most_bytes: when the file is larger, the replies written longest ago are dropped.

    Raises:
        ConfigError: the key would lie in the folder that it protects.
    """

    def __init__(self, folder: Path | None = None, key: bytes | None = None, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder = (folder or cache_folder()).absolute()
        if key is not None and len(key) != KEY_BYTES:
            raise ValueError(f"the key of a reply cache has {KEY_BYTES} bytes, not {len(key)}")
        if key is None:
            _keep_apart(self.folder, reply_key_path().parent)
        self._given = key
        self._most_bytes = most_bytes
        self._store = Store(self.folder)
        self._counting = threading.Lock()
        self._stats = CacheStats()

    @property
    def stats(self) -> CacheStats:
        """Counts so far, of this object alone."""
        return self._stats

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should hear of: a damaged file set aside, a cache that switched itself off. No contents."""
        return tuple(self._store.notes)

    @cached_property
    def _cipher(self) -> _Cipher:
        return _Cipher(self._given if self._given is not None else load_reply_key())

    def key_for(self, *parts: str) -> bytes:
        """The key of what was asked, 32 bytes. No two lists of parts share one.

        Raises:
            RunError: the master key can be neither read nor made.
        """
        return self._cipher.key_for(parts)

    def get(self, key: bytes) -> dict[str, Any] | None:
        """The value put under ``key``, as an object of the caller's own; None where there is none to be had."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, dict[str, Any]]:
        """The values of those keys that have one, in the order given. A key given twice counts once."""
        wanted = [_checked(key) for key in dict.fromkeys(keys)]
        cipher = self._cipher
        found: dict[bytes, dict[str, Any]] = {}
        unreadable = 0
        with suppress(OffError):
            for start in range(0, len(wanted), _CHUNK):
                for key, sealed in self._store.run(partial(store.select, wanted[start : start + _CHUNK])):
                    value = cipher.unseal(key, sealed)
                    if value is not None:
                        found[key] = value
                    else:
                        unreadable += 1
                        self._store.run(partial(store.forget, key, sealed))
        self._count(hits=len(found), misses=len(wanted) - len(found), unreadable=unreadable)
        return {key: found[key] for key in wanted if key in found}

    def put(self, key: bytes, value: Mapping[str, Any], *, tokens: int = 0, cost: float = 0.0) -> bool:
        """Keep a JSON object, committed before this returns; what stood under ``key`` is replaced.

        Args:
            key: from :meth:`key_for`.
            value: what JSON holds unchanged: names are strings, sequences are lists.
            tokens: what it took to get the value, all kinds together.
            cost: US dollars.

        Returns:
            False where the cache is off: see :attr:`notes`.

        Raises:
            ValueError: the value is not JSON, or a count is negative or not finite.
        """
        return self.put_many([(key, value, tokens, cost)])

    def put_many(self, entries: Sequence[tuple[bytes, Mapping[str, Any], int, float]]) -> bool:
        """As :meth:`put` for several (key, value, tokens, cost) in one transaction: all are kept, or none."""
        now, rows = int(time.time()), []
        for key, value, tokens, cost in entries:
            if not (0 <= tokens < 2**53 and 0 <= cost < math.inf):
                raise ValueError("tokens and cost of a reply are finite and not negative")
            rows.append((key, now, tokens, cost, self._cipher.seal(_checked(key), value)))
        try:
            self._store.run(partial(store.insert, rows))
        except OffError:
            return False
        puts = self._count(puts=len(rows), bytes=sum(len(row[4]) for row in rows)).puts
        if puts == len(rows) or puts // CHECK_EVERY != (puts - len(rows)) // CHECK_EVERY:
            with suppress(OffError):
                self._store.run(partial(store.trim, self._most_bytes))
        return True

    def info(self) -> CacheInfo:
        """Counts every entry, without reading or decrypting a value. Makes nothing where there is no cache.

        Raises:
            RunError: the cache cannot be opened.
        """
        entries, oldest, newest, tokens, cost = 0, None, None, 0.0, 0.0
        if self._is_there():
            entries, oldest, newest, tokens, cost = self._insist(store.totals)
        key_file = reply_key_path() if self._given is None else None
        size = 0
        for path in self._files("replies.*"):
            with suppress(FileNotFoundError):  # SQLite takes some away when another process ends
                size += path.stat().st_size
        return CacheInfo(
            self.folder, key_file, entries, size, _date(oldest), _date(newest), int(tokens), round(cost, 6)
        )

    def clear(self, older_than_days: float | None = None) -> int:
        """Remove every reply, or those written longer ago; the number of entries removed. The key stays.

        Freed space goes back to the disk. Clearing everything also deletes damaged files that were set aside.

        Raises:
            RunError: the cache cannot be opened, or is held by another process for too long.
        """
        if older_than_days is not None and not older_than_days >= 0:
            raise ValueError("older_than_days is not negative")
        before = None if older_than_days is None else time.time() - older_than_days * 86_400
        removed = self._insist(partial(store.remove, before)) if self._is_there() else 0
        if older_than_days is None:
            for path in self._files(f"{FILE}.damaged-*"):
                with suppress(OSError):
                    path.unlink()
        return removed

    def close(self) -> None:
        """Let go of the file; the next use opens it again. Left out, it happens when the object goes."""
        self._store.close()

    def _insist(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._store.run(work)
        except OffError as off:
            raise RunError(
                f"{self.folder}: the reply cache cannot be used: {off}. Mend that and try again, or let CLIO_CACHE_DIR "
                "name another folder."
            ) from None

    def _is_there(self) -> bool:
        try:
            return (self.folder / FILE).exists()
        except OSError:
            return True  # opening it tells why it cannot be seen

    def _files(self, pattern: str) -> list[Path]:
        return [path for path in self.folder.glob(pattern) if path.is_file()]

    def _count(self, **more: int) -> CacheStats:
        with self._counting:
            have = self._stats
            self._stats = CacheStats(**{name: getattr(have, name) + more.get(name, 0) for name in CacheStats.__slots__})
            return self._stats


def _keep_apart(folder: Path, keys: Path) -> None:
    """Whoever copies or shares the cache folder must not hand out its key with it."""
    inside, outside = keys.resolve(), folder.resolve()
    if inside.is_relative_to(outside):
        raise ConfigError(
            f"{folder}: the reply cache would hold its own key, which lies in {keys}. Let CLIO_KEY_DIR or "
            "CLIO_CACHE_DIR name another folder: the key stays outside the cache."
        )


def _checked(key: bytes) -> bytes:
    """Keys are stored as they are: one that is not an HMAC could be a text."""
    if len(key) != 32:
        raise ValueError("the key of a reply comes from key_for")
    return key


def _date(written: int | None) -> str | None:
    return None if written is None else datetime.fromtimestamp(written, UTC).date().isoformat()


class _Cipher:
    """Names and values under one master key, each under a key of its own (HKDF-SHA256)."""

    def __init__(self, master: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._names = _subkey(master, b"names")
        self._aead = AESGCM(_subkey(master, b"values"))

    def key_for(self, parts: Sequence[str]) -> bytes:
        """HMAC-SHA256 over the parts, each with its length in front."""
        digest = hmac.new(self._names, digestmod="sha256")
        for part in parts:
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8))
            digest.update(encoded)
        return digest.digest()

    def seal(self, key: bytes, value: Mapping[str, Any]) -> bytes:
        """Nonce and AES-256-GCM of the compact JSON, bound to the key: moved to another row, it does not open."""
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError):
            raise ValueError("a reply to keep is a JSON object") from None
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, text.encode("utf-8", "surrogatepass"), key)

    def unseal(self, key: bytes, sealed: bytes) -> dict[str, Any] | None:
        """The value; None where it is damaged, moved, or under another master key."""
        from cryptography.exceptions import InvalidTag

        try:
            plain = self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key)
            value = json.loads(plain.decode("utf-8", "surrogatepass"))
        except (InvalidTag, TypeError, ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


def _subkey(master: bytes, label: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=b"clio-toolkit reply cache 1 " + label).derive(master)
