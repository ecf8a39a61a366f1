"""The word lists shipped beside this module, read once when first needed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def _lines(name: str) -> list[str]:
    text = (files("clio.privacy.redact") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@cache
def allowed() -> frozenset[str]:
    """Terms that are no private name: exact, case-sensitive, whole."""
    return frozenset(line.strip() for line in _lines("allow.txt"))


@cache
def common() -> frozenset[str]:
    """Lower-case words that are no names."""
    return frozenset(word for line in _lines("common.txt") for word in line.split())


@cache
def given() -> frozenset[str]:
    """Lower-case given names, those that are other words too included."""
    return frozenset(word.rstrip("*").lower() for line in _lines("given.txt") for word in line.split())


@cache
def unmistakable() -> frozenset[str]:
    """Lower-case given names that are hardly ever anything else."""
    words = frozenset(w.lower() for line in _lines("given.txt") for w in line.split() if not w.endswith("*"))
    return words - common()
