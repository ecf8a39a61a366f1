"""Texts to vectors with a sentence-embedding model.

What is promised about reproducibility. Only texts with equally many tokens share a batch, so nothing is padded and no
neighbour decides how a text is computed; on a CPU every batch is computed by one thread (several batches at a time),
so the number of cores decides nothing either. On one machine the same list of texts gives the same bits, always. A
text met in another list gives the same vector up to float noise (below 1e-6 in float32; the low bits of a matrix
product may depend on how many rows it has). Another kind of processor, precision or library version is another
encoder: :attr:`SentenceEncoder.id` carries the precision, and the run's manifest the versions.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clio.config.models import EncoderConfig
from clio.errors import ModelSetupError, WeightsError
from clio.models import weights
from clio.models.protocol import Vectors
from clio.vectors.threads import cores

Precision = Literal["float32", "bfloat16"]
_CPU_BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
_TOKENS_PER_BATCH = 8_192
"""On a CPU a batch of long texts is cut to about this many tokens: its activations stay at some 50 MB a thread."""


class SentenceEncoder:
    """An :class:`~clio.models.protocol.Encoder` over sentence-transformers. The model is loaded at the first use.

    Nothing is fetched, except for a model id that is neither in ``clio models list`` nor a folder: that one is asked
    of the model hub, unless ``HF_HUB_OFFLINE`` is set. Code that a repository carries is never run.
    """

    def __init__(self, config: EncoderConfig | None = None) -> None:
        self._config = config or EncoderConfig()
        self._source, name = _locate(self._config.model)
        self._device = self._config.device or _device()
        self.precision: Precision = _precision(self._config.precision, self._device)
        self.id = f"{name}/{self.precision}"
        self._model: Any = None

    @property
    def dimensions(self) -> int:
        """Length of a vector. Loads the model."""
        model = self._loaded()
        ask = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        return int(ask())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions), float32, rows of length 1. A text that occurs twice is computed once."""
        model = self._loaded()
        distinct = sorted(set(texts))
        place = {text: row for row, text in enumerate(distinct)}
        out = np.zeros((len(distinct), self.dimensions), dtype=np.float32)
        if distinct:
            for rows, vectors in self._computed(model, distinct):
                out[rows] = vectors
        # Normalised here once more, in float64: models without a normalising layer, and bfloat16's coarse lengths.
        lengths = np.linalg.norm(out.astype(np.float64), axis=1, keepdims=True)
        out = (out / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
        return out[np.fromiter((place[text] for text in texts), dtype=np.int64, count=len(texts))]

    def _computed(self, model: Any, texts: list[str]) -> Iterator[tuple[list[int], Vectors]]:
        batches = _batches(_lengths(model, texts), self._config.batch_size, cut=self._device == "cpu")
        # Tokenizers are not safe to share between threads: features are made here, only the forward pass is shared out.
        prepare = getattr(model, "preprocess", None) or model.tokenize
        if self._device != "cpu":
            for rows in batches:
                yield rows, _forward(model, prepare([texts[row] for row in rows]), self._device)
            return
        import torch

        workers, before = cores(), torch.get_num_threads()
        try:
            with ThreadPoolExecutor(workers, "clio-encode", torch.set_num_threads, (1,)) as pool:
                for start in range(0, len(batches), 4 * workers):  # bounded: features of a few batches at a time
                    some = batches[start : start + 4 * workers]
                    features = [prepare([texts[row] for row in rows]) for rows in some]
                    done = pool.map(lambda feature: _forward(model, feature, "cpu"), features)
                    yield from zip(some, done, strict=True)
        finally:
            torch.set_num_threads(before)  # a worker's setting reaches the maths library of the whole process

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = _load(self._source, self._device, self.precision)
        return self._model


def _locate(model: str) -> tuple[str, str]:
    """What to load, and what to call it in a manifest (never a path of this machine)."""
    if model in weights.KNOWN:
        if weights.KNOWN[model].kind != "encoder":
            raise WeightsError(f"`{model}` writes text; it is not a sentence-embedding model")
        return str(weights.path(model)), model
    folder = Path(model).expanduser()
    if folder.is_dir():
        return str(folder), f"{folder.resolve().name}-{_folder_digest(folder)}"
    if model.count("/") != 1 or folder.is_absolute() or model.startswith("."):
        raise WeightsError(
            f"`{model}` is not a folder, not a model id of the form owner/name, and not one of the known encoders: "
            + ", ".join(row.name for row in weights.KNOWN.values() if row.kind == "encoder")
        )
    return model, model


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".safetensors", ".bin", ".json", ".txt", ".model") and file.is_file():
            digest.update(file.relative_to(folder).as_posix().encode())
            with file.open("rb") as handle:
                digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:12]


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _precision(asked: Literal["auto", "float32", "bfloat16"], device: str) -> Precision:
    if asked != "auto":
        return asked
    if device.startswith("cuda"):
        import torch

        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if device == "cpu" and _CPU_BF16_FLAGS & _cpu_flags() else "float32"


def _cpu_flags() -> frozenset[str]:
    """Flags of the first processor as Linux tells them; empty elsewhere."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as lines:
            return next(
                (frozenset(line.split(":", 1)[1].split()) for line in lines if line.startswith("flags")), frozenset()
            )
    except OSError:
        return frozenset()


def _load(source: str, device: str, precision: Precision) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    local = Path(source).is_dir()
    try:
        with _quiet():
            model = SentenceTransformer(
                source,
                device=device,
                local_files_only=local,
                trust_remote_code=False,
                model_kwargs={"dtype" if _new_dtype_name() else "torch_dtype": getattr(torch, precision)},
            )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        what = "folder" if local else "model id"
        raise ModelSetupError(
            f"The {what} given as `encoder.model` cannot be loaded ({type(error).__name__})"
        ) from error
    if precision == "bfloat16":
        # Pooling and what follows run in float32: summing in bfloat16 costs a hundred times the error for no speed.
        for module in list(model)[1:]:
            module.float()
    return model.eval()


def _new_dtype_name() -> bool:
    import transformers

    return int(transformers.__version__.split(".")[0]) >= 5


@contextmanager
def _quiet() -> Iterator[None]:
    """Loading without the libraries' bars and warnings; what they were set to comes back."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _lengths(model: Any, texts: list[str]) -> list[int]:
    """Tokens per text as the model will see it; characters where the model has no such tokenizer."""
    tokenizer, limit = getattr(model, "tokenizer", None), getattr(model, "max_seq_length", None)
    if not callable(tokenizer):
        return [len(text) for text in texts]
    cut = {"truncation": True, "max_length": limit} if limit else {"truncation": False}
    return [len(ids) for ids in tokenizer(texts, **cut)["input_ids"]]


def _batches(lengths: list[int], batch_size: int, *, cut: bool) -> list[list[int]]:
    """Rows of equal length, longest first (a memory fault shows at once), at most ``batch_size`` together."""
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    batches: list[list[int]] = []
    for row in order:
        length = lengths[row]
        room = min(batch_size, max(1, _TOKENS_PER_BATCH // max(1, length))) if cut else batch_size
        if batches and lengths[batches[-1][0]] == length and len(batches[-1]) < room:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _forward(model: Any, features: Any, device: str) -> Vectors:
    import torch

    with torch.inference_mode():
        state = {key: value.to(device) if hasattr(value, "to") else value for key, value in features.items()}
        for position, module in enumerate(model):
            state = module(state)
            if position == 0 and state.get("token_embeddings") is not None:
                state["token_embeddings"] = state["token_embeddings"].float()
        vectors: Vectors = state["sentence_embedding"].float().cpu().numpy()
        return vectors
