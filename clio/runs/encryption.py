"""Whether a workspace is encrypted: decided when it is begun, and held to from then on."""

from __future__ import annotations

from pathlib import Path

from clio.config.workspace import WorkspaceConfig
from clio.errors import ConfigError, RunError
from clio.runs import workspace_key
from clio.runs.files import write_json
from clio.runs.keys import key_path
from clio.runs.seal import MARKER, PLAIN, read_marker
from clio.runs.workspace_key import Source


def prepare(workspace: Path, config: WorkspaceConfig) -> None:
    """Begin an encrypted workspace, or see that this one is as the config says and opens.

    Raises:
        ConfigError: the user's key is none, or would lie in the run it protects.
        RunError: the workspace has files in clear, is encrypted and should not be, or does not open.
    """
    marked = read_marker(workspace)
    if config.encryption == "none":
        if marked is not None:
            raise RunError(
                f"{workspace}: is encrypted, and the config does not say so. Set workspace.encryption to key to go on, "
                "or choose another output."
            )
        return
    source = Source(config.key_env, str(Path(config.key_file).expanduser().absolute()) if config.key_file else None)
    _keep_apart(workspace.parent, source)
    if marked is None:
        if any(path.is_file() and path.name not in PLAIN for path in workspace.rglob("*")):
            raise RunError(
                f"{workspace}: was begun in clear, and what is on the disk by now would stay readable there. Choose "
                "another output for an encrypted run, and purge this one."
            )
        run_id, master = workspace_key.create(source)
    else:
        run_id, master = marked.id, marked.master
        workspace_key.unwrap(run_id, source, master)
    said = {"id": run_id, "master": master, "key": {"env": source.env, "file": source.file}}
    write_json(workspace / MARKER, said)


def told(run: Path) -> str:
    """One line for a reader."""
    marked = read_marker(run / "workspace")
    return "" if marked is None else f"encrypted with {marked.source}"


def _keep_apart(run: Path, source: Source) -> None:
    """Whoever copies or shares the run must not hand out its key with it."""
    held = [key_path().parent, *([Path(source.file)] if source.file else [])]
    for path in held:
        if path.resolve().is_relative_to(run.resolve()):
            raise ConfigError(f"{path}: a key of the encrypted run {run} would lie in that run. Keep it elsewhere.")
