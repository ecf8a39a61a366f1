"""Writing so that a file is either whole or not there: temporary name, fsync, rename, fsync of the folder."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clio.errors import RunError
from clio.runs.permissions import make_file, make_folder
from clio.runs.seal import seal_of


@contextmanager
def replacing(path: Path, public: bool = False) -> Iterator[IO[bytes]]:
    """Write to the handle; ``path`` gets the contents at the end, whole, or stays as it was.

    File and new folders are their owner's alone, unless they are ``public``: then the umask decides. In an encrypted
    workspace what is written is encrypted on its way.

    Raises:
        RunError: the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    seal = None if public else seal_of(path)
    try:
        if public:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            make_folder(path.parent)
            make_file(temporary)
        with temporary.open("wb") as handle:
            if seal is None:
                yield handle
            else:
                sealing = seal.writer(handle, path)
                yield cast("IO[bytes]", sealing)
                sealing.finish()
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as fault:
        raise RunError(
            f"{path}: cannot be written ({fault.strerror or fault.__class__.__name__}). "
            "Nothing that was finished is lost: make room or mend the permissions, then run the same command again."
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """The contents, decrypted on their way where the workspace is encrypted; to be read from the beginning, once.

    Raises:
        OSError: it cannot be read, or does not open with the workspace's key.
        RunError: that key is gone or another.
    """
    seal = seal_of(path)
    with path.open("rb") as handle:
        if seal is None:
            yield handle
        else:
            with seal.reader(handle, path) as plain:
                yield plain


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut (where the system allows opening a folder)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any, public: bool = False) -> None:
    """JSON, readable, keys in the order given."""
    with replacing(path, public) as handle:
        handle.write((json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """The value; RunError when the file is absent or damaged."""
    try:
        with reading(path) as handle:
            return json.loads(handle.read())
    except FileNotFoundError:
        raise RunError(f"{path}: not found. Is this the folder of a run?") from None
    except (OSError, ValueError):
        raise RunError(f"{path}: damaged or unreadable. Run the same command again to make it anew.") from None


def write_array(path: Path, array: NDArray[np.floating[Any]] | NDArray[np.integer[Any]]) -> None:
    """One array as ``.npy``."""
    with replacing(path) as handle:
        np.save(handle, array, allow_pickle=False)


def load_array(path: Path) -> NDArray[np.float32]:
    """The array; RunError when the file is absent or damaged."""
    try:
        with reading(path) as handle:
            array: NDArray[np.float32] = np.load(io.BytesIO(handle.read()), allow_pickle=False)
    except FileNotFoundError:
        raise RunError(f"{path}: not found. The stage that writes it has not finished: run `clio run` again.") from None
    except (OSError, ValueError):
        raise RunError(f"{path}: damaged. Delete it and run the same command again.") from None
    return array


def write_table(path: Path, table: pa.Table, public: bool = False) -> None:
    """Parquet, zstd, without anything that differs between two writings of the same table."""
    with replacing(path, public) as handle:
        pq.write_table(table.combine_chunks(), handle, compression="zstd", store_schema=True)


def read_table(path: Path) -> pa.Table:
    """The table; RunError when the file is absent or damaged."""
    try:
        if seal_of(path) is None:
            return pq.read_table(path)
        with reading(path) as handle:
            return pq.read_table(pa.BufferReader(handle.read()))
    except FileNotFoundError:
        raise RunError(f"{path}: not found. The stage that writes it has not finished: run `clio run` again.") from None
    except (OSError, pa.ArrowInvalid):
        raise RunError(f"{path}: damaged. Delete it and run the same command again.") from None
