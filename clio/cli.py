"""The ``clio`` command: thin over the API. Errors are one paragraph; exit codes are in :mod:`clio.errors`."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from clio.cli_attack import attack_app
from clio.cli_cache import cache_app
from clio.cli_estimate import EPILOG as ESTIMATE_EPILOG
from clio.cli_estimate import estimate
from clio.cli_explore import EPILOG as EXPLORE_EPILOG
from clio.cli_explore import explore
from clio.cli_export import EPILOG as EXPORT_EPILOG
from clio.cli_export import export
from clio.cli_redact import EPILOG as REDACT_EPILOG
from clio.cli_redact import redact
from clio.cli_report import EPILOG as REPORT_EPILOG
from clio.cli_report import report
from clio.cli_rest import ACCESS_LOG_EPILOG, PURGE_EPILOG, access_log, purge
from clio.errors import ClioError
from clio.runs.progress import Style

INTERRUPTED = 130
"""Exit code after Ctrl-C or a termination signal, as shells expect."""
PIPED_WIDTH = 120
"""Columns of a tree that is not shown in a terminal, unless ``COLUMNS`` says otherwise."""


class _StoppedError(ClioError):
    exit_code = INTERRUPTED

    def __init__(self) -> None:
        super().__init__("stopped. What was finished is kept: the same command goes on from there.")


class _ReaderGoneError(Exception):
    """Whoever read our output (`| head`) has what they wanted."""


class _Commands(TyperGroup):
    """Typer has its own words and exit codes for Ctrl-C and for a closed pipe, other ones in every version."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _StoppedError from None
        except BrokenPipeError:
            raise _ReaderGoneError from None


app = typer.Typer(
    name="clio",
    cls=_Commands,
    help="See how people really use an AI assistant without anyone reading the conversations.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 other, 2 config or usage, 3 input, 4 something to install or pull, 5 model, 6 run "
    "directory, 7 privacy rule, 8 damaged table, 130 stopped by hand (run the same command again to go on).",
)
models_app = typer.Typer(help="Model weights: what is known, what is here, where it lies.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(cache_app, name="cache")
app.add_typer(attack_app, name="attack")
app.command(epilog=ESTIMATE_EPILOG)(estimate)
app.command(epilog=REDACT_EPILOG)(redact)
app.command(epilog=PURGE_EPILOG)(purge)
app.command("access-log", epilog=ACCESS_LOG_EPILOG)(access_log)
app.command(epilog=EXPLORE_EPILOG)(explore)
app.command(epilog=REPORT_EPILOG)(report)
app.command(epilog=EXPORT_EPILOG)(export)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Progress and result as JSON lines.")]
Seed = Annotated[int | None, typer.Option(help="Overrides the config's seed.", min=0)]
Sample = Annotated[int | None, typer.Option(help="Keep this many conversations, chosen at random by the seed.", min=1)]
Force = Annotated[
    list[str] | None,
    typer.Option(
        metavar="STAGE",
        help="Run this stage again, with all that follow: ingest, extract_facets, embed, cluster, describe, arrange, "
        "audit, project or publish. Repeatable.",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        import clio

        _print(clio.__version__)
        raise typer.Exit


@app.callback()
def _command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Unused: the help text is the app's."""


@app.command(epilog="Example: `clio demo --output runs/demo`")
def demo(
    output: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/demo"),
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run the built-in corpus through the ordinary pipeline, with an ordinary config."""
    from clio.demo import CONFIG, CONVERSATIONS, what_to_look_at

    finished = _run(CONFIG, [CONVERSATIONS], output, quiet=quiet, json=json)
    if not (quiet or json):
        _show_tree(finished, None, False)
        _print(what_to_look_at(finished, output))


@app.command(
    epilog="Example: `clio run configs/embedded.yaml --input chats.jsonl.gz --output runs/first --sample 1000`"
)
def run(
    config: Annotated[Path, typer.Argument(help="A YAML config; see configs/.")],
    input: Annotated[list[Path], typer.Option(help="A file or folder of conversations. Repeatable.")],  # noqa: A002
    output: Annotated[Path, typer.Option(help="The run's folder: new, or one to go on with.")],
    sample: Sample = None,
    seed: Seed = None,
    force: Force = None,
    taxonomy: Annotated[
        Path | None,
        typer.Option(help="Clusters that are given instead of learned: a YAML, JSON or Parquet file, or a release."),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Turn conversations into a release: facets, clusters, names, hierarchy, map, behind the thresholds.

    Stopped or killed, the same command goes on where it was.
    """
    finished = _run(config, input, output, sample, seed, force or (), taxonomy, quiet=quiet, json=json)
    if json:
        _json({"event": "result", "folder": str(output), "counts": finished.manifest["counts"]})
    elif not quiet:
        counts = finished.manifest["counts"]
        about = "about " if "noise" in finished.released else ""
        _print(
            f"{counts['input']:,} records in: {counts['rejected']:,} rejected, {counts['sampled_out']:,} sampled out, "
            f"{counts['screened_out']:,} screened out; {about}{counts['released_conversations']:,} of "
            f"{counts['conversations']:,} conversations released in {counts['released_clusters']:,} clusters.\n"
            f"See it: clio tree {output}"
        )


@app.command(epilog="Example: `clio tree runs/demo --level 1 --summaries`")
def tree(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    level: Annotated[int | None, typer.Option(help="The finest level shown (0 is the base clusters).", min=0)] = None,
    summaries: Annotated[bool, typer.Option("--summaries", help="With each cluster's summary.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Indented text without lines and colours.")] = False,
) -> None:
    """Print the hierarchy of a release."""
    from clio.runs.read import open_run

    opened = open_run(run)
    if plain:
        _print(opened.tree(level))
    else:
        _show_tree(opened, level, summaries)


@app.command(epilog="Example: `clio inspect chats.jsonl.gz` or `clio inspect runs/demo`")
def inspect(
    path: Annotated[Path, typer.Argument(help="A file or folder of conversations, or the folder of a run.")],
    json: Json = False,
) -> None:
    """Say what a file holds before it is run, or how a run went. Shows no conversation text."""
    from clio.runs.inspect import inspect_input, inspect_run
    from clio.runs.manifest import FILE

    facts = inspect_run(path) if (path / FILE).is_file() else inspect_input(path)
    if json:
        _json(facts)
    else:
        _table(facts)


@app.command(epilog="Example: `clio doctor` or `clio doctor runs/demo`")
def doctor(
    run: Annotated[Path | None, typer.Argument(help="A run whose private side is judged too.")] = None,
    json: Json = False,
) -> None:
    """Say what is installed, what is missing, and the exact line that installs it."""
    from clio.runs.doctor import examine

    found = examine(run)
    if json:
        _json([dataclasses.asdict(finding) for finding in found])
        return
    width = max(len(finding.what) for finding in found)
    for finding in found:
        mark = {"ok": "✓", "missing": "✗", "note": "·"}[finding.state]
        _print(
            f"{mark} {finding.what:<{width}}  {finding.detail}" + (f"\n    {finding.remedy}" if finding.remedy else "")
        )


@models_app.command("list", epilog="Example: `clio models list`")
def models_list(json: Json = False) -> None:
    """List the weights that are known by name, and which of them are here."""
    from clio.models.weights import available

    rows = available()
    if json:
        _json(
            [{"name": row.name, "installed": row.installed, "bytes": row.size, "licence": row.licence} for row in rows]
        )
        return
    for row in rows:
        _print(
            f"{'✓' if row.installed else '·'} {row.name:<40} {row.size / 1e6:>8.0f} MB  {row.licence:<12} {row.about}"
        )


@models_app.command("pull", epilog="Example: `clio models pull all-minilm-l6-v2 smollm2-135m-instruct`")
def models_pull(
    names: Annotated[list[str], typer.Argument(help="Names of `clio models list`.")],
    source: Annotated[Path | None, typer.Option(help="A file or folder to take the weights from.")] = None,
) -> None:
    """Fetch weights into the cache, verified by SHA-256."""
    from clio.models.weights import pull

    for name in names:
        _print(f"{name}: {pull(name, source)}")


@models_app.command("path", epilog="Example: `clio models path all-minilm-l6-v2`")
def models_path(name: Annotated[str, typer.Argument(help="A name of `clio models list`.")]) -> None:
    """Print where weights lie."""
    from clio.models.weights import path

    _print(str(path(name)))


def _run(
    config: Path,
    inputs: list[Path],
    output: Path,
    sample: int | None = None,
    seed: int | None = None,
    force: list[str] | tuple[str, ...] = (),
    taxonomy: Path | None = None,
    *,
    quiet: bool = False,
    json: bool = False,
) -> Any:
    from clio.runs.runner import run as run_pipeline

    style: Style = "quiet" if quiet else "json" if json else "auto"
    more: dict[str, Any] = {"sample": sample, "seed": seed, "force": force, "taxonomy": taxonomy, "progress": style}
    return run_pipeline(config, input=inputs, output=output, **more)


def _show_tree(run: Any, level: int | None, summaries: bool) -> None:
    from rich.console import Console

    from clio.runs.tree import rich_tree

    console = Console(highlight=False)
    if not (console.is_terminal or "COLUMNS" in os.environ):
        console = Console(highlight=False, width=PIPED_WIDTH)
    with console.capture() as shown:
        console.print(rich_tree(run, level, summaries))
    _print(shown.get().rstrip("\n"))


def _table(facts: dict[str, Any]) -> None:
    from clio.privacy.wall import clean_text

    width = max(len(name) for name in facts)
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{what} {count:,}" for what, count in value.items())
        elif isinstance(value, int) and not isinstance(value, bool):
            value = f"{value:,}"
        # Names of files and models come from outside: a terminal must not obey them.
        _print(f"{name:<{width}}  {clean_text(str(value))}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _json(value: Any) -> None:
    import json

    _print(json.dumps(value, ensure_ascii=False))


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(run_app: Callable[[], Any] = app) -> None:
    """Entry point of the ``clio`` command: the one place where errors become a paragraph and an exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows a question mark instead
    try:
        run_app()
    except ClioError as error:
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        stopped = _StoppedError()
        _end(str(stopped), stopped.exit_code)
    except _ReaderGoneError:
        # What Python still holds for the reader must not fail when it is flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as defect:  # noqa: BLE001 - the outermost boundary: an unforeseen message may quote a conversation
        _end(_defect(defect), 1)


def command() -> None:
    """What the shell starts. As :func:`main`, but a stop by hand really ends with its exit code.

    CPython notes an interrupt that it meets inside ``exec`` (named tuples and dataclasses are made so) and, at its own
    end, dies of a signal although the interrupt was handled.
    """
    try:
        main()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise


def _end(message: str, code: int) -> NoReturn:
    """Say why on standard error, as a JSON line to whoever asked for JSON lines, and leave."""
    if "--json" in sys.argv[1:]:
        import json

        message = json.dumps({"event": "error", "exit_code": code, "message": message}, ensure_ascii=False)
        sys.stderr.write(f"{message}\n")
    else:
        sys.stderr.write(f"clio: {message}\n")
    sys.exit(code)


def _defect(defect: Exception) -> str:
    """Where it happened and of which kind it is; never its message."""
    if isinstance(defect, MemoryError):
        return "out of memory. What was finished is kept: the same command goes on from there."
    frames = traceback.extract_tb(defect.__traceback__)
    package = Path(__file__).parent
    ours = [frame for frame in frames if package in Path(frame.filename).parents]
    places = [f"{Path(frame.filename).relative_to(package)}:{frame.lineno}" for frame in ours[-3:]]
    return (
        f"a defect of Clio Toolkit: {type(defect).__name__} at {' > '.join(places) or 'an unknown place'}. What was "
        "finished is kept. Please report this line; it holds nothing of your conversations."
    )
