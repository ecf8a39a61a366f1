"""What ``clio doctor`` finds: what is installed, what is missing, and the line that installs it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import clio
from clio.errors import RunError
from clio.runs.keys import key_path
from clio.runs.manifest import FILE
from clio.runs.permissions import OTHERS, POSIX, exposure, told

EXTRAS = {
    "embedded": ("xllamacpp", "the embedded text model (no key, no network)"),
    "ner": ("spacy", "person names in text"),
}
"""Extra: the module that shows it is there, and what it is for."""
FURTHER = {
    "rampart": ("onnxruntime", "onnxruntime", "a second detector of names and addresses"),
    "dp": ("opendp", "opendp", "a cross-check of the noise mechanism"),
    "app": ("streamlit", "streamlit", "the explorer (`clio explore`)"),
    "notebook": ("anywidget", "anywidget", "the map in notebooks"),
    "report": ("vl_convert", "vl-convert-python", "figures for print"),
}
"""Extras that nothing is wrong without: module, distribution, and what it is for."""
DEFAULTS = ("all-minilm-l6-v2",)
"""Weights that the default config needs."""
OPTIONAL = {"smollm2-135m-instruct": "writer.text: model and writer.names: model"}
"""Weights that a setting asks for, and which."""
LEAST_FREE = 2 * 2**30


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    what: str
    state: Literal["ok", "missing", "note"]
    detail: str
    remedy: str = ""


def examine(run: Path | None = None) -> list[Finding]:
    """Every finding, in the order a newcomer needs them; of a run, whether its private side is its owner's alone.

    Raises:
        RunError: ``run`` is not the folder of a run.
    """
    found = [
        Finding("clio-toolkit", "ok", f"{clio.__version__} on Python {platform.python_version()} ({sys.executable})"),
        _processor(),
    ]
    found += [_extra(name, module, what) for name, (module, what) in EXTRAS.items()]
    found += [_further(name, *entry) for name, entry in FURTHER.items()]
    found += _weights()
    found += [_key(), *_guarded(), _torch(), _disk()]
    given = "ANTHROPIC_API_KEY" in os.environ
    found.append(
        Finding("ANTHROPIC_API_KEY", "note", "set" if given else "not set: needed only for writer.backend: messages")
    )
    return found + ([_workspace(run)] if run is not None else [])


def _processor() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("processor", "note", f"{platform.machine()}, {cores} cores usable")


def _extra(name: str, module: str, what: str) -> Finding:
    from clio.privacy.redact.names import model_path

    if find_spec(module) is None or (name == "ner" and model_path() is None):
        return Finding(f"extra `{name}`", "missing", what, f"pip install 'clio-toolkit[{name}]'")
    return Finding(f"extra `{name}`", "ok", f"{what} ({module} {metadata.version(module)})")


def _further(name: str, module: str, distribution: str, what: str) -> Finding:
    from clio.privacy.redact.rampart import model_folder

    if find_spec(module) is None or (name == "rampart" and model_folder() is None):
        return Finding(f"extra `{name}`", "note", f"not installed: {what}; pip install 'clio-toolkit[{name}]'")
    return Finding(f"extra `{name}`", "ok", f"{what} ({distribution} {metadata.version(distribution)})")


def _weights() -> list[Finding]:
    from clio.models.weights import available

    found = []
    for row in available():
        what = f"weights {row.name}"
        if row.installed:
            found.append(Finding(what, "ok", "here"))
        elif row.name in DEFAULTS:
            found.append(Finding(what, "missing", "not pulled", f"clio models pull {row.name}"))
        elif row.name in OPTIONAL:
            found.append(Finding(what, "note", f"not pulled: needed only for {OPTIONAL[row.name]}"))
    return found


def _key() -> Finding:
    path = key_path()
    if not path.exists():
        return Finding("pseudonym key", "note", f"will be made at the first run: {path}")
    open_to_others = POSIX and path.stat().st_mode & OTHERS
    if open_to_others:
        return Finding("pseudonym key", "missing", f"{path} can be read by others", f"chmod 600 {path}")
    return Finding("pseudonym key", "ok", str(path))


def _guarded() -> list[Finding]:
    """Other keys and caches of the user, where they are open to others; nothing else is told of them."""
    from clio.models.reply_cache import cache_folder

    held = [*key_path().parent.glob("*.key"), *cache_folder().glob("replies.*")]
    loose = [path for path in held if path != key_path() and POSIX and path.stat().st_mode & OTHERS]
    return [Finding(path.name, "missing", f"{path} can be read by others", f"chmod 600 {path}") for path in loose]


def _workspace(run: Path) -> Finding:
    if not (run / FILE).is_file():
        raise RunError(f"{run}: is not the folder of a run (it holds no {FILE})")
    found = exposure(run)
    if not found:
        return Finding("workspace", "ok" if POSIX else "note", told(run))
    fixes = [f"chmod -R go= {run / 'workspace'}"] if found.entries else []
    fixes += [f"chmod go-w {run}"] if found.run_writable else []
    fixes += [f"make one user the owner of all in {run / 'workspace'}"] if found.foreign else []
    return Finding("workspace", "missing", told(run), "; ".join(fixes))


def _torch() -> Finding:
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return Finding("torch", "missing", "needed for embeddings", "pip install torch")
    return Finding("torch", "ok", version)


def _disk() -> Finding:
    try:
        free = shutil.disk_usage(Path.cwd()).free
    except OSError as fault:
        return Finding("disk here", "missing", f"the current folder cannot be examined ({fault.strerror})", "cd")
    state: Literal["ok", "missing"] = "ok" if free >= LEAST_FREE else "missing"
    return Finding(
        "disk here", state, f"{free / 2**30:.1f} GiB free", "" if state == "ok" else "make room: 2 GiB or more"
    )
