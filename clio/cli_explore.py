"""``clio explore``: the app over one run, in the browser."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

EPILOG = "Example: `clio explore runs/demo`"


def explore(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of a release that was passed on alone.")],
    port: Annotated[int | None, typer.Option(help="Default: 8501, or the next that is free.", min=1, max=65535)] = None,
    restricted: Annotated[
        bool,
        typer.Option("--restricted", help="With the pages that look at single conversations; needs --purpose."),
    ] = False,
    purpose: Annotated[str, typer.Option(help="Why single conversations are looked at; goes into the log.")] = "",
    runs: Annotated[
        Path | None,
        typer.Option(help="Where the browser may start runs and open files. Default: the folder that holds RUN."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Start the server only.")] = False,
    address: Annotated[
        str, typer.Option(help="Where to listen. Anything but this machine needs a configured log-in.")
    ] = "127.0.0.1",
) -> None:
    """Explore a release in the browser: map, tree, search, trends, comparisons, privacy.

    Nothing is loaded from any other host. Stop it with Ctrl-C.
    """
    from clio.errors import MissingExtraError, PrivacyError, RunError
    from clio.explore.launch import Arguments, command_line, refusal
    from clio.explore.login import log_in

    if restricted and not purpose.strip():
        raise PrivacyError("--restricted opens single conversations: say why with --purpose TEXT. It is written down.")
    if not run.is_dir():
        raise RunError(f"{run}: there is no such folder. Make one with: clio demo --output {run}")
    login = log_in()
    refused = refusal(address, login)
    if refused:
        raise PrivacyError(refused)
    if find_spec("streamlit") is None or find_spec("plotly") is None:
        raise MissingExtraError("The explorer", "app")
    if login.configured and find_spec("authlib") is None:
        raise MissingExtraError("The log-in", "app")
    given = Arguments(run.resolve(), restricted, purpose.strip(), runs.resolve() if runs else None)
    line = command_line(sys.executable, given, address=address, port=port, browser=not no_browser)
    with subprocess.Popen(line) as server:  # noqa: S603 - our own interpreter, no shell
        try:
            code = server.wait()
        except KeyboardInterrupt:
            server.terminate()
            server.wait()
            return
    if code:
        raise typer.Exit(1)
