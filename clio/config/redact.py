"""What is taken out of text before a model sees it, and again from what a model wrote."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from clio.config.base import Section


class RedactConfig(Section):
    """Rules always run; names need the ``ner`` extra, a second opinion on names and addresses the ``rampart`` extra."""

    names: Literal["auto", "required", "off"] = "auto"
    """``auto`` finds person names where the ``ner`` extra is installed and says in the manifest where it is not;
    ``required`` stops the run without it; ``off`` looks for no names at all, by no detector."""
    second: Literal["auto", "required", "off"] = "auto"
    """A second, independent detector of names and addresses (extra ``rampart``) judges what a model wrote. ``auto``
    uses it where it is installed and says so in the manifest; ``required`` stops the run without it."""
    allow: tuple[str, ...] = ()
    """Terms that look like names and are not (products, methods): kept as they are, exact and case-sensitive."""
    names_in_source: bool = True
    """Look for person names in the conversations themselves, not only in what a model wrote. Slower."""
    second_in_source: bool = False
    """Let the second detector read the conversations too. It finds names that the first misses, and takes three to four
    times as long."""
    packs: dict[str, str] = Field(default_factory=dict)
    """Name detectors for other languages: language code to ``module:attribute`` of an installed package, for example
    ``{ru: "our_names.russian:Detector"}``. The module is imported: name only what you trust."""
    presidio: bool = False
    """Ask an installed Presidio too (``pip install presidio-analyzer``). It is never needed and never downloads."""
    measured: int = Field(default=300, ge=0)
    """Conversations, chosen by their ids, on which it is measured what is left of identifiers and names at each stage:
    raw, redacted, facet. The figures stand in ``release/privacy.json``. 0 measures none."""
    max_characters: int = Field(default=200_000, ge=1_000)
    """A text longer than this is refused (and its row fails with that reason) rather than scanned in part."""

    @field_validator("packs")
    @classmethod
    def _places(cls, packs: dict[str, str]) -> dict[str, str]:
        for code, place in packs.items():
            if not re.fullmatch(r"[a-z]{2,3}", code):
                raise ValueError(f"`{code}` is no language code of two or three small letters")
            if not re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", place):
                raise ValueError(f"pack `{code}`: write it as module:attribute")
        return packs
