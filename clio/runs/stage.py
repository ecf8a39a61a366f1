"""What the runner knows of a stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clio.config import RunConfig
from clio.runs.context import Context


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what decides its result, and the function that makes it."""

    name: str
    run: Callable[[RunConfig, Context], None]
    version: int
    """Raised when the same input and config would now give another result: older results are then made anew."""
    sections: tuple[str, ...]
    """The config sections (or top-level keys) that decide its result."""
    after: tuple[str, ...] = ()
    """The stages whose results it reads."""
    outputs: tuple[str, ...] = ()
    """Files it leaves, relative to the run directory; one missing means it runs again."""
    identity: Callable[[Context], Any] | None = None
    """What else decides its result: inputs, model ids, prompt hashes. JSON-able."""
