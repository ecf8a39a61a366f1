"""The keys of a user: for pseudonyms, replies, access logs, workspaces. They live outside every run and every cache."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

import platformdirs

from clio.errors import RunError

KEY_BYTES = 32


def key_path() -> Path:
    """Where the key lies: ``$CLIO_KEY_DIR`` or the user's data folder."""
    return _folder() / "pseudonyms.key"


def reply_key_path() -> Path:
    """Where the key of the reply cache lies: beside the other, so never in the cache it opens."""
    return _folder() / "replies.key"


def access_key_path() -> Path:
    """Where the key lies that access logs are chained with."""
    return _folder() / "access.key"


def load_key() -> bytes:
    """The key, made at first use, readable by its owner only.

    Raises:
        RunError: the file is there and is not a key, or cannot be made.
    """
    return _load(key_path(), "pseudonyms")


def load_reply_key() -> bytes:
    """The master key of the reply cache, made and kept like that of :func:`load_key`.

    Raises:
        RunError: the file is there and is not a key, or cannot be made.
    """
    return _load(reply_key_path(), "the reply cache")


def load_access_key() -> bytes:
    """The key of access logs, made and kept like that of :func:`load_key`.

    Raises:
        RunError: the file is there and is not a key, or cannot be made.
    """
    return _load(access_key_path(), "access logs")


def load_workspace_key() -> bytes:
    """The user's key of encrypted workspaces, ``workspaces.key``, made and kept like that of :func:`load_key`.

    Raises:
        RunError: the file is there and is not a key, or cannot be made.
    """
    return _load(_folder() / "workspaces.key", "encrypted workspaces")


def _folder() -> Path:
    folder = os.environ.get("CLIO_KEY_DIR")
    return Path(folder) if folder else Path(platformdirs.user_data_dir("clio-toolkit"))


def _load(path: Path, purpose: str) -> bytes:
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as fault:
        raise RunError(f"{path}: the key for {purpose} can be neither read nor made ({fault.strerror}).") from None
    if len(key) != KEY_BYTES:
        raise RunError(f"{path}: is not a key of {KEY_BYTES} bytes. Restore it, or delete it to have a new one made.")
    return key


def _make(path: Path) -> None:
    """A link appears whole and never replaces: of two processes that make a key at once, both use the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink()


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """128 bits of HMAC-SHA256 as hex. ``kind`` keeps an account and a conversation of one name apart."""
    return hmac.new(key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def key_id(key: bytes) -> str:
    """Tells two keys apart without giving either away."""
    return pseudonym(key, "key-id", "")[:16]
