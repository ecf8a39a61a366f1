"""``clio report``: one file that can be opened, trusted and forwarded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

EPILOG = "Example: `clio report runs/demo -o demo.html` or `clio report runs/demo --format pdf -o demo.pdf`"


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of a release that was passed on alone.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write.")] = None,
    format: Annotated[Literal["html", "pdf", "docx", "md"], typer.Option(help="What to write.")] = "html",  # noqa: A002
    interactive: Annotated[
        bool, typer.Option("--interactive", help="HTML with figures that move; scripts lie within the file.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="A YAML file; see configs/report.yaml.")] = None,
    language: Annotated[
        Literal["en", "de"] | None, typer.Option(help="Of the fixed text; overrides the config.")
    ] = None,
    detail: Annotated[
        Literal["brief", "standard", "full"] | None, typer.Option(help="How much of it; overrides the config.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    verify: Annotated[
        Path | None, typer.Option(help="Write nothing: check a report that you were given against this release.")
    ] = None,
) -> None:
    """Write a report of a release: findings, map, hierarchy, methods, privacy, limits. No file asks any host for more.

    It is made of the release alone; what looks like an identifier, a secret or a name stops it.
    """
    from clio.config.report import load_report_config
    from clio.errors import ConfigError, RunError
    from clio.report.verify import verify_report
    from clio.report.write import write_report

    settings = load_report_config(config, language=language, detail=detail)
    if (output is None) == (verify is None):
        raise ConfigError("name one file: with -o one to write, or with --verify one to check")
    if verify is not None:
        found = verify_report(run, verify, settings)
        if not found.holds:
            raise RunError(f"{verify}: {found.told()}.")
        sys.stdout.write(f"{verify}: {found.told()}.\n")
        return
    assert output is not None
    written = write_report(
        run, output, format=format, config=settings, interactive=interactive, overwrite=force,
        say=lambda line: sys.stderr.write(f"{line}\n"),
    )  # fmt: skip
    sys.stdout.write(f"{written}: {written.stat().st_size:,} bytes\n")
