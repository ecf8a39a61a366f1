"""What a run does about its private side before the first stage and after the last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clio.config.workspace import WorkspaceConfig
from clio.runs import encryption, retention
from clio.runs.manifest import Manifest
from clio.runs.permissions import close_to_others, exposure, make_folder
from clio.runs.purge import refuse_purged

Say = Callable[[str], None]


def begin(folder: Path, manifest: Manifest, config: WorkspaceConfig, say: Say) -> None:
    """Make the workspace, or see that the one that is there is its owner's alone.

    Raises:
        ConfigError: it is to be encrypted, and there is no key.
        RunError: it was purged, is encrypted with another key, or is not encrypted and should be.
    """
    refuse_purged(folder, manifest)
    retention.note(manifest, config)
    if retention.is_past(manifest.data):
        say(f"  the private side of this run is {retention.told(folder, manifest.data)}")
    workspace = folder / "workspace"
    manifest.save()  # first: a folder that holds a workspace and no manifest would be taken for no run
    make_folder(workspace)
    encryption.prepare(workspace, config)
    opened = close_to_others(workspace)
    if opened:
        say(f"  {opened} files or folders of {workspace} were open to others; they are closed now")
    left = exposure(folder)
    if left.entries or left.foreign:
        say(f"  {left.entries + left.foreign} files or folders of {workspace} cannot be closed to others")
    if left.run_writable:
        say(f"  others may write in {folder}, and so replace its private side: chmod go-w {folder}")


def end(folder: Path, manifest: Manifest, config: WorkspaceConfig, say: Say) -> None:
    """Remove what a finished run is not to keep."""
    done = retention.at_end(folder, manifest, config)
    if done:
        say(done)
