"""One run under attack: the ordinary runner, or its stages one by one where the rules are off or seconds count."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clio.config import RunConfig, load_config
from clio.errors import InputError
from clio.evaluate.attacks.rules import Unredacting, has, without_rules

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
    """A finished run of ``records`` (or of a ``file``) in a new folder.

    Raises:
        ClioError: as :func:`clio.runs.runner.run` does.
    """
    from clio.runs.runner import run

    given: dict[str, Any] = {"input": file} if file else {"conversations": list(records)}
    config = adapted(config, models) if rules else without_rules(adapted(config, models))
    if rules and not models.quick:
        return run(config, output=folder, progress=style, writer=models.writer, encoder=models.encoder, **given)
    return _by_stages(config, records, folder, models, rules=rules, file=file, style=style)


def adapted(config: RunConfig, models: Models) -> RunConfig:
    """The config as the models at hand need it."""
    if models.writer is None:
        return config
    return load_config(config, **{key: value for key, value in STAND_IN.items() if has(key)})


def _by_stages(
    config: RunConfig,
    records: Sequence[Record],
    folder: Path,
    models: Models,
    *,
    rules: bool,
    file: Path | None,
    style: Style,
) -> Run:
    from clio.runs.context import Context, Sources
    from clio.runs.manifest import Manifest
    from clio.runs.progress import make_reporter
    from clio.runs.read import Run
    from clio.runs.runner import STAGES, load_stage, locked

    sources = Sources(paths=(file,)) if file else Sources(records=list(records))
    with locked(folder):
        manifest = Manifest.open(folder)
        context = Context(folder, config, sources, make_reporter(style), manifest, models.writer, models.encoder)
        if not rules:
            context.__dict__["redactor"] = Unredacting()
        manifest.begin(config.model_dump(mode="json"), [], config.seed, config.title)
        try:
            for number, name in enumerate(STAGES, start=1):
                stage, entry, context.notes = load_stage(name), manifest.stage(name), {}
                context.reporter.say(f"[{number}/{len(STAGES)}] {name}")
                entry |= {"version": stage.version, "key": f"attack {name}"}
                if name == "project" and models.quick:
                    _components(context)
                else:
                    stage.run(config, context)
                entry |= {"done": True, **context.notes}
                manifest.totals()
                manifest.save()
        finally:
            context.close()
    return Run(folder)


def _components(context: Context) -> None:
    """Positions by principal components, without their exact figures: the map is for display only."""
    import pyarrow as pa

    from clio.tables import POSITIONS
    from clio.vectors.store import open_vectors

    names = context.read("assignments").column("conversation_id").to_pylist()
    vectors = np.asarray(open_vectors(context.workspace / "vectors"), dtype=np.float64)
    centred = vectors - vectors.mean(axis=0, keepdims=True)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    points = (centred @ axes.T).astype(np.float32)
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    context.write(
        "positions", POSITIONS.validate(pa.table({"conversation_id": names, "x": points[:, 0], "y": points[:, 1]}))
    )


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


def republished(run: Run, config: RunConfig, folder: Path) -> Run:
    """A copy of a finished run, published again under another config: same conversations, same clusters."""
    from clio.runs.read import Run
    from clio.runs.runner import load_stage

    shutil.copytree(run.folder, folder)
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
