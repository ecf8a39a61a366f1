"""How long a run without a capable model will take, by runs that were finished before; no rate is known otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clio.config import RunConfig
from clio.errors import ClioError
from clio.runs.files import read_json
from clio.runs.manifest import FILE
from clio.runs.progress import duration

MEASURED = (0.3, 1.3)
"""Seconds per conversation on two cores that other work used: 649 of 0.8 kB each, and 1,000 of 7 kB
(docs/embedded.md)."""
_ALIKE = ("backend", "model", "text", "names")
"""Settings of the writer that decide how fast it is."""


def time_told(folder: Path, config: RunConfig, conversations: int) -> str:
    """One sentence: about how long, and by what that was judged.

    Args:
        folder: the runs folder, whose finished runs with the same writer and redaction are gone by.
        config: of the run that is to be.
        conversations: how many it will look at.
    """
    rates = earlier(folder, config)
    low, high = (min(rates), max(rates)) if rates else MEASURED
    said = duration(low * conversations)
    if duration(high * conversations) != said:
        said = f"{said} to {duration(high * conversations)}"
    if rates:
        runs = "the one finished run" if len(rates) == 1 else f"{len(rates)} finished runs"
        why = f"by {runs} of this folder with the same writer and redaction"
    else:
        why = (
            "by two runs of the default config on two busy cores of another machine, as no finished run of this folder "
            "has the same writer and redaction"
        )
    return f"Time: about {said}, at {_rate(low, high)} per conversation, {why}. Long conversations take longer."


def _rate(low: float, high: float) -> str:
    return f"{low:.2g} s" if f"{low:.2g}" == f"{high:.2g}" else f"{low:.2g} to {high:.2g} s"


def earlier(folder: Path, config: RunConfig) -> list[float]:
    """Seconds per conversation of finished runs that are alike; links and what cannot be read are left out."""
    found = []
    for run in sorted(folder.iterdir()) if folder.is_dir() else ():
        if run.is_symlink() or not (run / FILE).is_file():
            continue
        try:
            rate = _of(read_json(run / FILE), config)
        except (ClioError, KeyError, TypeError, AttributeError):
            continue
        if rate:
            found.append(rate)
    return found


def _of(manifest: Mapping[str, Any], config: RunConfig) -> float | None:
    """None where it tells nothing of this config."""
    wanted, had = config.model_dump(mode="json"), manifest["config"]
    alike = all(had["writer"].get(name) == wanted["writer"].get(name) for name in _ALIKE)
    alike = alike and had["redact"] == wanted["redact"] and had["encoder"]["model"] == wanted["encoder"]["model"]
    if manifest["status"] != "finished" or not alike:
        return None
    # A stage that was found done is timed by the run that did it; one that never ran here has no time.
    seconds = sum(float(entry["seconds"]) for entry in manifest["stages"].values())
    many = int(manifest["counts"]["conversations"])
    return seconds / many if many else None
