"""The built script, and whether it is the one that its source builds."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

HERE = Path(str(files("clio.map")))
SCRIPT = HERE / "dist" / "clio-map.js"


@cache
def script() -> str:
    """The bundle: an ES module whose default export serves Streamlit and anywidget."""
    return SCRIPT.read_text(encoding="ascii")


def recorded_hash() -> str:
    """SHA-256 of the source that the committed bundle says it was built from."""
    found = re.search(r"Source sha256 ([0-9a-f]{64})", script()[:400])
    return found.group(1) if found else ""


def source_hash() -> str:
    """SHA-256 of the source as it is now, over the same bytes in the same order as ``build.mjs``."""
    names = [f"src/{path.name}" for path in sorted((HERE / "src").iterdir(), key=lambda path: path.name)]
    digest = hashlib.sha256()
    for name in [*names, "build.mjs", "package.json", "package-lock.json"]:
        data = (HERE / name).read_bytes()
        digest.update(f"{name}\n{len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()
