"""What is taken out of text before a model sees it, and again from what a model wrote."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clio.config.base import Section


class RedactConfig(Section):
    """Rules always run; names need the ``ner`` extra."""

    names: Literal["auto", "required", "off"] = "auto"
    """``auto`` finds person names where the ``ner`` extra is installed and says in the manifest where it is not;
    ``required`` stops the run without it."""
    allow: tuple[str, ...] = ()
    """Terms that look like names and are not (products, methods): kept as they are, exact and case-sensitive."""
    names_in_source: bool = True
    """Look for person names in the conversations themselves, not only in what a model wrote. Slower."""
    max_characters: int = Field(default=200_000, ge=1_000)
    """A text longer than this is refused (and its row fails with that reason) rather than scanned in part."""
