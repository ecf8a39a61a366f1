"""Released tables as files to take away: CSV, Parquet, JSON and XLSX with a data package (docs/exports.md)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {"export": "clio.exports.folder", "FORMATS": "clio.exports.formats"}
__all__ = [*_HOMES]

if TYPE_CHECKING:
    from clio.exports.folder import export as export
    from clio.exports.formats import FORMATS as FORMATS


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clio.exports' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
