"""One run under attack, by the ordinary runner; with the rules off, behind the seam of :mod:`.rules`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from clio.config import RunConfig, load_config
from clio.errors import InputError
from clio.evaluate.attacks.rules import has, no_redaction, without_rules

if TYPE_CHECKING:
    from clio.conversations.types import Conversation
    from clio.models.protocol import Encoder, Writer
    from clio.runs.context import Context
    from clio.runs.progress import Style
    from clio.runs.read import Run

Record = dict[str, Any]
"""A conversation in the toolkit's own format."""
STAND_IN: Mapping[str, Any] = {"arrange.method": "ward", "audit.judge": "off", "redact.names": "off"}
"""Beside a stand-in writer: it can neither arrange nor judge, and a model for names takes seconds to load. What the
rules lose by this is theirs to bear."""


@dataclass(frozen=True, slots=True)
class Models:
    """Who writes and encodes; None for those of the config."""

    writer: Writer | None = None
    encoder: Encoder | None = None
    quick: bool = False
    """Principal components in place of UMAP, which is compiled anew in every process."""


def attacked(
    config: RunConfig,
    records: Sequence[Record],
    folder: Path,
    models: Models,
    *,
    rules: bool,
    file: Path | None = None,
    style: Style = "quiet",
) -> Run:
    """A finished run of ``records`` (or of a ``file``) in a new folder, by the ordinary runner.

    Raises:
        ClioError: as :func:`clio.runs.runner.run` does.
    """
    from clio.runs.runner import run

    given: dict[str, Any] = {"input": file} if file else {"conversations": list(records)}
    config = adapted(config, models)
    with ExitStack() as changed:
        if models.quick:
            changed.enter_context(mock.patch("clio.vectors.projection.SMALL", 10**9))
        if not rules:
            config = without_rules(config)
            changed.enter_context(no_redaction())
        return run(config, output=folder, progress=style, writer=models.writer, encoder=models.encoder, **given)


def adapted(config: RunConfig, models: Models) -> RunConfig:
    """The config as the models at hand need it."""
    if models.writer is None:
        return config
    return load_config(config, **{key: value for key, value in STAND_IN.items() if has(key)})


@contextmanager
def context_of(run: Run, config: RunConfig) -> Iterator[Context]:
    """The surroundings of a finished run, for an attack that needs the truth in its workspace."""
    from clio.runs.context import Context, Sources
    from clio.runs.manifest import Manifest
    from clio.runs.progress import make_reporter

    context = Context(run.folder, config, Sources(), make_reporter("quiet"), Manifest.open(run.folder))
    try:
        yield context
    finally:
        context.close()


def republished(run: Run, config: RunConfig, folder: Path, *, first: bool = False) -> Run:
    """A copy of a finished run, published again under another config: same conversations, same clusters.

    ``first``: as though nothing had been published before.
    """
    from clio.runs.read import Run
    from clio.runs.runner import load_stage

    shutil.copytree(run.folder, folder)
    if first:
        shutil.rmtree(folder / "workspace" / "releases", ignore_errors=True)
    copy = Run(folder)
    with context_of(copy, config) as context:
        load_stage("publish").run(config, context)
    return copy


def load_records(paths: Sequence[Path], config: RunConfig, most: int, seed: int) -> list[Record]:
    """At most ``most`` conversations, chosen at random by the seed, in the toolkit's own format.

    Raises:
        InputError: nothing usable is there.
    """
    from clio.conversations.files import sources
    from clio.conversations.readers import read
    from clio.conversations.types import Conversation

    files = [file for path in paths for file in sources(path)]
    found = [c for file in files for c in read(file, config.ingest) if isinstance(c, Conversation)]
    if len(found) < 30:
        raise InputError(f"{len(found)} usable conversations in {len(files)} files: an attack needs at least 30.")
    rows = np.sort(np.random.default_rng(seed).permutation(len(found))[:most])
    return [_record(found[row], int(row)) for row in rows]


def _record(conversation: Conversation, number: int) -> Record:
    messages = [
        {"role": turn.role, "content": turn.text}
        for turn in conversation.turns
        if turn.kind == "text" and turn.role in ("user", "assistant")
    ]
    begun = conversation.started_at
    return {
        "id": conversation.source_id or f"conversation-{number}",
        "messages": messages,
        "user_id": conversation.account or f"account-{number}",
        "timestamp": begun.isoformat() if begun else None,
        "metadata": {k: v for k, v in conversation.metadata.items() if k in ("model", "surface")},
    }
