"""The keys of encrypted workspaces: one random data key a run, itself encrypted (wrapped) with the user's key.

A wrapped data key lies in the user's data folder, ``workspaces/ID.key``, and never in the run: destroying this one file
makes every copy of the workspace unreadable, backups of the run's folder included. The user's key is
``workspaces.key`` in the same folder, or what an environment variable or a file of the user's choice holds.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from clio.errors import ConfigError, RunError
from clio.runs.keys import KEY_BYTES, key_id, key_path, load_workspace_key
from clio.runs.permissions import make_file, make_folder

_NONCE_BYTES = 12
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the user's key comes from: an environment variable, a file, or neither: the user's data folder."""

    env: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        if self.env:
            return f"the environment variable {self.env}"
        return self.file or str(key_path().with_name("workspaces.key"))


def load(source: Source) -> bytes:
    """The user's key, 32 bytes.

    Raises:
        ConfigError: what was named holds no key.
        RunError: the key in the user's data folder can be neither read nor made.
    """
    if not (source.env or source.file):
        return load_workspace_key()
    content: bytes | None = None
    if source.env:
        content = os.environ.get(source.env, "").encode("utf-8", "replace") or None
    elif source.file:
        try:
            content = Path(source.file).expanduser().read_bytes()
        except OSError as fault:
            raise ConfigError(f"workspace.key_file: {source.file} cannot be read ({fault.strerror}).") from None
    key = _decoded(content or b"")
    if key is None:
        raise ConfigError(
            f"{source}: {'holds' if content else 'is not set, or is empty; it should hold'} "
            f"{'no key' if content else 'the key'} of {KEY_BYTES} bytes as 64 hexadecimal digits or in base64. Make "
            'one with: python -c "import secrets; print(secrets.token_hex(32))"'
        )
    return key


def wrapped_path(run_id: str) -> Path:
    """Where the wrapped data key of a workspace lies."""
    if not _ID.fullmatch(run_id):
        raise RunError("the id of an encrypted workspace is damaged: restore `encryption.json` from a copy of the run.")
    return key_path().parent / "workspaces" / f"{run_id}.key"


def create(source: Source) -> tuple[str, str]:
    """Make a data key and keep it, wrapped; its id, and an id of the user's key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    master, run_id, nonce = load(source), secrets.token_hex(16), secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(master).encrypt(nonce, secrets.token_bytes(KEY_BYTES), _bound(run_id))
    path = wrapped_path(run_id)
    try:
        make_folder(path.parent)
        make_file(path)
        with path.open("r+b") as handle:
            handle.write(nonce + sealed)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as fault:
        raise RunError(f"{path}: the key of this workspace cannot be written ({fault.strerror}).") from None
    return run_id, key_id(master)


def unwrap(run_id: str, source: Source, master_id: str) -> bytes:
    """The data key of a workspace.

    Raises:
        ConfigError: see :func:`load`.
        RunError: the wrapped key is gone or damaged, or the user's key is not the one that it was wrapped with.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    path = wrapped_path(run_id)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RunError(
            f"{path}: the key of this encrypted workspace is gone, and what it holds cannot be read without it. "
            "Restore the file, or let CLIO_KEY_DIR name the folder where it is; what was released can still be read."
        ) from None
    except OSError as fault:
        raise RunError(f"{path}: the key of this workspace cannot be read ({fault.strerror}).") from None
    master = load(source)
    if key_id(master) != master_id:
        raise RunError(
            f"{source}: is another key than the one this workspace is encrypted with (its id is {master_id}, this "
            f"one's is {key_id(master)}). Give the right one; without it what the workspace holds is lost."
        )
    try:
        return AESGCM(master).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], _bound(run_id))
    except (InvalidTag, ValueError):
        raise RunError(f"{path}: the key of this workspace is damaged. Restore the file from a copy.") from None


def destroy(run_id: str) -> bool:
    """Overwrite and remove a wrapped data key; whether there was one. OSError where it cannot be removed."""
    path = wrapped_path(run_id)
    if not path.is_file():
        return False
    with path.open("r+b") as handle:
        handle.write(secrets.token_bytes(path.stat().st_size))
        handle.flush()
        os.fsync(handle.fileno())
    path.unlink()
    return True


def _decoded(content: bytes) -> bytes | None:
    if len(content) == KEY_BYTES:
        return content
    text = content.strip()
    for decode in (binascii.unhexlify, lambda value: base64.b64decode(value, validate=True)):
        try:
            key = decode(text)
        except ValueError:
            continue
        if len(key) == KEY_BYTES:
            return key
    return None


def _bound(run_id: str) -> bytes:
    return b"clio-toolkit workspace 1 " + run_id.encode()
