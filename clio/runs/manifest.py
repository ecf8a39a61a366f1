"""``manifest.json``: every number shown anywhere can be traced to it."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import clio
from clio.errors import RunError
from clio.runs.files import read_json, write_json

FILE = "manifest.json"
_VERSIONS = (
    "numpy", "pyarrow", "duckdb", "faiss-cpu", "umap-learn", "hdbscan", "scikit-learn", "sentence-transformers",
    "torch", "anthropic", "xllamacpp", "spacy", "phonenumbers", "lingua-language-detector",
)  # fmt: skip


class Manifest:
    """The manifest of one run: a dict that is written whole after every change that matters."""

    def __init__(self, folder: Path, data: dict[str, Any] | None = None) -> None:
        self.path = folder / FILE
        self.data: dict[str, Any] = data or {"clio": clio.__version__, "status": "new", "stages": {}, "counts": {}}

    @classmethod
    def open(cls, folder: Path) -> Manifest:
        """The manifest of an existing run; a fresh one where there is none; RunError for something else."""
        if not (folder / FILE).exists():
            return cls(folder)
        data = read_json(folder / FILE)
        if not isinstance(data, dict) or not isinstance(data.get("stages"), dict):
            raise RunError(f"{folder / FILE}: is no manifest of a run. Choose another folder, or delete this one.")
        return cls(folder, data)

    def begin(self, config: dict[str, Any], inputs: list[dict[str, Any]], seed: int, title: str) -> None:
        """What this run is: config, inputs, versions."""
        self.data |= {
            "clio": clio.__version__,
            "status": "running",
            "title": title,
            "seed": seed,
            "inputs": inputs,
            "config": config,
            "versions": versions(),
        }
        for former in ("stopped_in", "taxonomy"):
            self.data.pop(former, None)
        self.save()

    def stage(self, name: str) -> dict[str, Any]:
        """The entry of one stage: key, seconds, and what the stage itself noted."""
        entry: dict[str, Any] = self.data["stages"].setdefault(name, {})
        return entry

    def totals(self) -> None:
        """Gather the stages' counts into ``counts``, and say in ``adds_up`` whether what went in came out.

        ``adds_up`` is None until both ends are counted.
        """
        counts: dict[str, int] = {}
        for entry in self.data["stages"].values():
            counts.update(entry.get("counts", {}))
        self.data["counts"] = counts
        self.data["adds_up"] = None
        if "input" in counts and "conversations" in counts:
            out = ("rejected", "sampled_out", "screened_out", "conversations")
            self.data["adds_up"] = counts["input"] == sum(counts.get(name, 0) for name in out)

    def save(self) -> None:
        """Write it, whole."""
        write_json(self.path, self.data)


def versions() -> dict[str, str]:
    """Python, the platform and the packages that decide results."""
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for name in _VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
