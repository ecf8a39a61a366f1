"""Whole runs in a second: the test doubles for the models, and principal components in UMAP's place.

python -m tests.quick run CONFIG --input FILE --output DIR      the real command, with the doubles inside
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import clio
from clio.config.facets import Facet
from clio.models.protocol import Answer, Description, Evidence, Transcript
from tests.fakes import HashingEncoder, ScriptedWriter

ROOT = Path(__file__).resolve().parents[1]
CONFIG: dict[str, Any] = {
    "redact": {"names": "off"},
    "facets": {"use": ["request", "concern", "turns", "hour", "week", "model", "surface"]},
    "release": {"min_conversations": 5, "min_accounts": 3},
}
"""Small thresholds for small corpora; no name model, which takes seconds to load."""


def without_umap() -> Any:
    """UMAP is compiled anew in every process: half a minute on a busy machine."""
    return mock.patch("clio.vectors.projection.SMALL", 10**9)


def quick_run(
    conversations: Sequence[Any] | None, output: Path, config: dict[str, Any] | None = None, **more: Any
) -> clio.Run:
    """``clio.run`` with doubles; ``config`` is laid over CONFIG section by section."""
    more = {"writer": ScriptedWriter(), "encoder": HashingEncoder(), "progress": "quiet", **more}
    with without_umap():
        return clio.run({**CONFIG, **(config or {})}, conversations, output=output, **more)


def write_jsonl(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    """The toolkit's own format, one record a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def digests(folder: Path) -> dict[str, str]:
    """Every file below a folder, by contents."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class SlowWriter(ScriptedWriter):
    """Takes its time, so that there is something to interrupt."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        for answers in super().answer(transcripts, facets):
            time.sleep(self.seconds)
            yield answers

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        for descriptions in super().describe(evidence):
            time.sleep(20 * self.seconds)
            yield descriptions


def command() -> None:
    """The ``clio`` command of this process, with the doubles inside. ``QUICK_SECONDS``: what a transcript takes."""
    from clio.cli import command
    from clio.runs import runner

    writer = SlowWriter(float(os.environ.get("QUICK_SECONDS", "0")))
    runner.run = partial(runner.run, writer=writer, encoder=HashingEncoder())  # type: ignore[assignment]
    with without_umap():
        command()


if __name__ == "__main__":
    command()
