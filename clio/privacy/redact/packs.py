"""Name detectors for languages other than English, registered by language code in ``redact.packs``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from clio.errors import ConfigError
from clio.privacy.redact.spans import Detector


def load(places: Mapping[str, str]) -> dict[str, Detector]:
    """The packs by language code: the attribute itself where it is a detector, else what calling it without arguments
    gives.

    Raises:
        ConfigError: one line for every pack that cannot be imported or is no detector. Nothing is ever installed.
    """
    found: dict[str, Detector] = {}
    faults = []
    for code, place in sorted(places.items()):
        fault = "is no detector (name, version, detect) and gives none when called"
        try:
            made = _made(place)
            if isinstance(made, Detector):
                told = getattr(made, "language", code)
                if told == code:
                    found[code] = made
                    continue
                fault = f"is a pack for the language {told}"
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - what a foreign module raises when imported can be anything
            fault = f"cannot be loaded ({type(error).__name__})"
        faults.append(f"redact.packs.{code}: {place} {fault}")
    if faults:
        raise ConfigError(
            "language packs cannot be loaded. Install the packages they need, or take them out of redact.packs:",
            tuple(faults),
        )
    return found


def _made(place: str) -> Any:
    module, _, attribute = place.partition(":")
    thing = getattr(import_module(module), attribute)
    return thing() if isinstance(thing, type) or not isinstance(thing, Detector) else thing
