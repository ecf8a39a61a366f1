"""The key that turns ids into pseudonyms. It lives outside every run directory."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import platformdirs

from clio.errors import RunError

KEY_BYTES = 32


def key_path() -> Path:
    """Where the key lies: ``$CLIO_KEY_DIR`` or the user's data folder."""
    folder = os.environ.get("CLIO_KEY_DIR")
    return (Path(folder) if folder else Path(platformdirs.user_data_dir("clio-toolkit"))) / "pseudonyms.key"


def load_key() -> bytes:
    """The key, made at first use, readable by its owner only.

    Raises:
        RunError: the file is there and is not a key, or cannot be made.
    """
    path = key_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as fault:
        raise RunError(f"{path}: the key for pseudonyms cannot be made there ({fault.strerror}).") from None
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise RunError(f"{path}: is not a key of {KEY_BYTES} bytes. Restore it, or delete it to have a new one made.")
    return key


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """128 bits of HMAC-SHA256 as hex. ``kind`` keeps an account and a conversation of one name apart."""
    return hmac.new(key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def key_id(key: bytes) -> str:
    """Tells two keys apart without giving either away."""
    return pseudonym(key, "key-id", "")[:16]
