"""The runner: a loop over a list of names. A stage whose inputs have not changed is not run again."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from clio.config import ConfigLike, RunConfig, load_config
from clio.config.models import EmbeddedWriter, MessagesWriter
from clio.conversations.types import Conversation
from clio.errors import ConfigError, InputError, MissingExtraError, ModelSetupError, RunError
from clio.models.protocol import Encoder, Writer
from clio.runs import at_rest
from clio.runs.context import Context, Sources
from clio.runs.manifest import FILE, Manifest
from clio.runs.progress import Reporter, Style, duration, make_reporter
from clio.runs.read import Run
from clio.runs.stage import Stage

if TYPE_CHECKING:
    from clio.stages._taxonomy import Taxonomy

STAGES = ("ingest", "extract_facets", "embed", "cluster", "describe", "arrange", "audit", "project", "publish")
_NOT_DECIDING = {
    "writer": {
        "api_key_env", "batch_poll_s", "batch_requests", "batches", "budget_usd", "concurrency", "max_retries",
        "prices", "prompt_caching", "reply_cache", "requests_per_minute", "threads", "timeout_s",
    },
    "encoder": {"device"},
}  # fmt: skip
"""Settings that change how fast a result comes, not which."""

_WITH_MODELS_AHEAD = STAGES[: STAGES.index("audit") + 1]
"""Stages that need a model, or are followed by one that does."""
Records = Sequence[Mapping[str, Any] | Conversation]


def run(
    config: ConfigLike = None,
    conversations: Records | None = None,
    *,
    input: str | Path | Sequence[str | Path] | None = None,  # noqa: A002 - the name of the command's option
    output: str | Path,
    sample: int | None = None,
    seed: int | None = None,
    force: Sequence[str] = (),
    progress: Style = "auto",
    writer: Writer | None = None,
    encoder: Encoder | None = None,
    taxonomy: str | Path | None = None,
) -> Run:
    """Turn conversations into a release, or take up a run where it stopped.

    Args:
        config: a :class:`RunConfig`, a mapping, or the path of a YAML file; None for the defaults.
        conversations: records in Python, as dicts of the toolkit's own JSONL format.
        input: instead of them, files or folders.
        output: the run's folder; made if absent. The same call with the same folder goes on where it stopped.
        sample: keep this many conversations (``ingest.sampling.size``).
        seed: overrides the config's.
        force: stages to run again with all that follow them, for example ``["describe"]``.
        progress: ``auto``, ``bar``, ``plain``, ``json`` or ``quiet``.
        writer: who writes text, instead of the config's; has to implement :class:`clio.models.protocol.Writer`.
        encoder: who makes vectors, instead of the config's.
        taxonomy: clusters that are given instead of learned: a file, or the folder of a release (docs/noise.md).

    Raises:
        ClioError: see :mod:`clio.errors`; what was finished is kept, and the same call goes on from there.
        KeyboardInterrupt: stopped by hand; the same holds.
    """
    loaded = load_config(config, **{"ingest.sampling.size": sample, "seed": seed})
    check_config(loaded)
    sources = _sources(conversations, input)
    unknown = [f"`{name}`" for name in force if name not in STAGES]
    if unknown:
        raise ConfigError(f"force: no stage {', '.join(unknown)}; the stages are {', '.join(STAGES)}")
    given = None if taxonomy is None else _load_taxonomy(taxonomy)
    folder = Path(output)
    reporter = make_reporter(progress)
    with locked(folder):
        for leftover in folder.rglob(".*.tmp"):  # of a process that was killed while it wrote
            leftover.unlink()
        manifest = Manifest.open(folder)
        at_rest.begin(folder, manifest, loaded.workspace, reporter.say)
        context = Context(folder, loaded, sources, reporter, manifest, writer, encoder)
        manifest.begin(loaded.model_dump(mode="json"), _inputs(sources, reporter), loaded.seed, loaded.title)
        if taxonomy is not None and given is not None:
            context.taxonomy = _note_taxonomy(manifest, given, Path(taxonomy))
        try:
            _loop(context, set(force))
        finally:
            context.close()
        at_rest.end(folder, manifest, loaded.workspace, reporter.say)
    return Run(folder)


def _sources(conversations: Records | None, paths: str | Path | Sequence[str | Path] | None) -> Sources:
    from clio.conversations.files import sources

    if (conversations is None) == (paths is None):
        raise InputError("give either conversations or input files, not both and not neither")
    if not (paths if conversations is None else len(conversations)):
        raise InputError("no conversations were given")
    if conversations is not None:
        return Sources(records=list(conversations))
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths or ())
    return Sources(paths=tuple(file for path in listed for file in sources(Path(path))))


def _inputs(sources: Sources, reporter: Reporter) -> list[dict[str, Any]]:
    """What the input is, by contents: the same file under another name is the same input."""
    from clio.conversations.files import fingerprint

    found: list[dict[str, Any]] = []
    size = sum(path.stat().st_size for path in sources.paths)
    if size > 2**30:
        reporter.say(f"  reading {size / 2**30:.1f} GiB once to recognise the input")
    found += [{"file": path.name, "bytes": path.stat().st_size, "sha256": fingerprint(path)} for path in sources.paths]
    if sources.records:
        digest = hashlib.sha256()
        for record in sources.records:
            digest.update(repr(record).encode("utf-8", "surrogatepass"))
        found.append({"records": len(sources.records), "sha256": digest.hexdigest()})
    return found


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run's lock: one writer at a time. RunError at once when another process has it."""
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        if foreign and not (folder / FILE).exists():
            raise RunError(f"{folder}: holds files that are no run. Choose an empty or a new folder as output.")
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"{folder}: another process is writing this run. Wait for it, or choose another output."
        ) from None
    except OSError as fault:
        raise RunError(f"{folder}: cannot be written ({fault.strerror}). Choose another output.") from None
    try:
        yield
    finally:
        lock.release()


def _loop(context: Context, force: set[str]) -> None:
    manifest, reporter = context.manifest, context.reporter
    start = time.monotonic()
    again: set[str] = set()
    anew = set(force)
    name = ""
    try:
        for number, name in enumerate(STAGES, start=1):
            stage = load_stage(name) if context.taxonomy is None else _in_place(load_stage(name), context)
            key = stage_key(stage, context)
            entry = manifest.stage(name)
            if anew & set(stage.after):
                anew.add(name)
            forced = name in anew or bool(again & set(stage.after))
            if not forced and entry.get("key") == key and entry.get("done") and _whole(stage, context.folder):
                reporter.say(f"[{number}/{len(STAGES)}] {name}: unchanged")
                continue
            if name in _WITH_MODELS_AHEAD:
                check_models(context)
            # A file that was lost is made again from what is left: an unchanged journal still holds what was paid for.
            if name in anew or entry.get("key") != key:
                _forget(context, name, entry)
            again.add(name)
            entry |= {"key": key, "done": False, "version": stage.version}
            manifest.save()
            reporter.say(f"[{number}/{len(STAGES)}] {name}")
            began, context.notes = time.monotonic(), {}
            stage.run(context.config, context)
            entry |= {"done": True, "seconds": round(time.monotonic() - began, 2), **context.notes}
            _note_spending(context)
            manifest.totals()
            manifest.save()
    except BaseException as stopped:
        manifest.data |= {"status": "stopped", "stopped_in": name, "stopped_by": type(stopped).__name__}
        _note_spending(context)
        manifest.totals()
        manifest.save()
        raise
    manifest.data |= {"status": "finished", "finished_at": datetime.now(UTC).isoformat(timespec="seconds")}
    for name in ("stopped_in", "stopped_by"):
        manifest.data.pop(name, None)
    manifest.save()
    reporter.say(f"finished in {duration(time.monotonic() - start)}")


def _note_spending(context: Context) -> None:
    spending = context.spending()
    if spending is not None:
        context.manifest.data["spending"] = spending


def _load_taxonomy(path: str | Path) -> Taxonomy:
    from clio.stages._taxonomy import load_taxonomy

    return load_taxonomy(path)


def _note_taxonomy(manifest: Manifest, given: Taxonomy, path: Path) -> Taxonomy:
    """Enter it in the manifest; and find out whether it was learned from the same input."""
    from clio.stages._taxonomy import learned_from

    given = replace(given, learned_here=learned_from(path, manifest.data["inputs"]))
    manifest.data["taxonomy"] = {
        "file": path.name,
        "digest": given.digest,
        "base_clusters": len(given.base),
        "learned_from_this_input": given.learned_here,
    }
    manifest.save()
    return given


def _in_place(stage: Stage, context: Context) -> Stage:
    from clio.stages._taxonomy import in_place

    return in_place(stage, context.taxonomy)


def load_stage(name: str) -> Stage:
    """The stage of that name; imported when it is needed."""
    stage: Stage = importlib.import_module(f"clio.stages.{name}").STAGE
    return stage


def stage_key(stage: Stage, context: Context) -> str:
    """A digest of everything that decides a stage's result: version, config, inputs, models and what came before."""
    dump = context.config.model_dump(mode="json")
    for section, keys in _NOT_DECIDING.items():
        for key in keys:
            dump[section].pop(key, None)
    value = {
        "stage": stage.name,
        "version": stage.version,
        "config": {section: dump[section] for section in stage.sections},
        "after": [context.manifest.stage(name).get("key") for name in stage.after],
        "identity": stage.identity(context) if stage.identity else None,
        "given": [getattr(model, "id", None) for model in (context.given_writer, context.given_encoder)],
    }
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _whole(stage: Stage, folder: Path) -> bool:
    return all((folder / output).exists() for output in stage.outputs)


def _forget(context: Context, name: str, entry: dict[str, Any]) -> None:
    """A changed stage begins anew: neither its notes nor its half-finished work belong to the new result."""
    entry.clear()
    for leftover in context.workspace.glob(f"{name}.journal*"):
        leftover.unlink()


def check_models(context: Context) -> None:
    """Packages and weights that this stage or a later one needs: missed at once, not after hours of work."""
    from clio.models import weights
    from clio.models.embedded import gguf_of

    config = context.config
    asks = config.writer if context.given_writer is None and isinstance(config.writer, MessagesWriter) else None
    if asks is not None and asks.base_url is None and not os.environ.get(asks.api_key_env):
        raise ModelSetupError(
            f"The model endpoint cannot be used: there is no key. Set the environment variable {asks.api_key_env}, or "
            "name another one in writer.api_key_env."
        )
    _ = context.redactor  # made now: it says what is missing where names are required
    if context.given_encoder is None and config.encoder.model in weights.KNOWN:
        weights.path(config.encoder.model)
    if context.given_writer is not None or not isinstance(config.writer, EmbeddedWriter):
        return
    if "model" in (config.writer.text, config.writer.names):
        if find_spec("xllamacpp") is None:
            raise MissingExtraError("Writing text with a model in this process", "embedded")
        gguf_of(config.writer.model)


def check_config(config: RunConfig) -> None:
    """Everything about a config that can be known before a run starts, so that nothing fails after hours."""
    from clio.privacy._noise_tables import check_noise
    from clio.prompts.facets import resolve

    check_noise(resolve(config.facets), config.release.noise)
