"""How the app is started, from the command line and by Streamlit itself, and where it may listen."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clio.explore.login import APP, LogIn
from clio.explore.places import released

__all__ = ["APP", "SCRIPT", "Arguments", "command_line", "loopback", "parse", "refusal", "siblings"]

SCRIPT = APP / "streamlit_app.py"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stands after ``--``."""

    run: Path | None
    restricted: bool = False
    purpose: str = ""
    runs: Path | None = None
    """Where the browser may start runs and open files; by default the folder that holds ``run``."""

    @property
    def runs_folder(self) -> Path | None:
        """The runs folder; None where nothing was named."""
        return self.runs or (self.run.absolute().parent if self.run else None)


def parse(arguments: Sequence[str]) -> Arguments:
    """What the script was given; anything unknown is ignored, for a page cannot exit."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--restricted", action="store_true")
    parser.add_argument("--purpose", default="")
    parser.add_argument("--runs", type=Path)
    try:
        given, _ = parser.parse_known_args(list(arguments))
    except (argparse.ArgumentError, SystemExit):
        return Arguments(None)
    restricted = given.restricted and bool(given.purpose.strip())
    return Arguments(given.run, restricted, given.purpose.strip(), given.runs)


def loopback(address: str | None) -> bool:
    """Whether only this machine can reach it. No address at all means every one of the machine's."""
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def refusal(address: str | None, login: LogIn) -> str:
    """Why the app does not open; empty where it may."""
    if login.configured and not login.allowed:
        return (
            "A log-in is configured, and nobody is named who may come in: with many providers everybody in the world "
            "can log in. Name them in .streamlit/secrets.toml, in a section of its own: [clio] with allowed = "
            '["ann@example.org", "@example.org"], or allowed = ["*"] where the provider lets in nobody else anyway.'
        )
    if loopback(address) or login.configured:
        return ""
    return (
        f"The explorer is set to listen on {address or 'every address of this machine'}, and no log-in is configured: "
        "everybody who reaches this machine would read the release. Start it on this machine only (clio explore RUN), "
        "or configure a log-in: an [auth] section in .streamlit/secrets.toml, as Streamlit's st.login describes, with "
        "redirect_uri, cookie_secret, client_id, client_secret and server_metadata_url of your provider, and a [clio] "
        'section that names who may come in: allowed = ["ann@example.org", "@example.org"].'
    )


def command_line(
    python: str, given: Arguments, *, address: str = "127.0.0.1", port: int | None = None, browser: bool = True
) -> list[str]:
    """What ``clio explore`` starts."""
    line = [python, "-m", "streamlit", "run", str(SCRIPT), "--server.address", address]
    line += ["--server.port", str(port)] if port else []
    line += ["--server.headless", "false" if browser else "true", "--server.showEmailPrompt", "false", "--"]
    line += [str(given.run)] if given.run else []
    line += ["--runs", str(given.runs)] if given.runs else []
    return line + (["--restricted", "--purpose", given.purpose] if given.restricted else [])


def siblings(given: Arguments) -> list[Path]:
    """Other runs of the runs folder that hold a release, by name; no link is followed, and none leads out of it."""
    folder = given.runs_folder
    if folder is None or given.run is None:
        return []
    here = given.run.resolve()
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.is_symlink())
    except OSError:
        return []
    found = [path for name in names if (path := released(folder, name)) is not None]
    return [path for path in found if path != here]
