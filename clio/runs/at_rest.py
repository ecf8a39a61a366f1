"""What a run does about its private side before the first stage and after the last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clio.runs.permissions import close_to_others, exposure, make_folder


def begin(folder: Path, say: Callable[[str], None]) -> None:
    """Make the workspace, or see that the one that is there is its owner's alone."""
    workspace = folder / "workspace"
    make_folder(workspace)
    opened = close_to_others(workspace)
    if opened:
        say(f"  {opened} files or folders of {workspace} were open to others; they are closed now")
    left = exposure(folder)
    if left.entries or left.foreign:
        say(f"  {left.entries + left.foreign} files or folders of {workspace} cannot be closed to others")
    if left.run_writable:
        say(f"  others may write in {folder}, and so replace its private side: chmod go-w {folder}")
