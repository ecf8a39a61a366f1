"""The questions asked of every conversation."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from clio.config.base import Section

FacetKind = Literal["text", "category", "multi", "scale", "boolean", "number", "computed"]
COMPUTED = ("turns", "characters", "language", "hour", "time_of_day", "weekday", "week", "model", "surface")
"""What ``kind: computed`` can compute; ``metadata.<field>`` reads a field named in ``ingest.metadata``."""


class Option(Section):
    """One value that a category or multi facet can take."""

    value: str = Field(min_length=1, max_length=60)
    description: str = ""
    """One line that tells a model, or the similarity of meanings, when it applies."""


class Facet(Section):
    """One question, its kind and its possible answers. ``n/a`` is always possible where a model answers."""

    name: str
    kind: FacetKind
    question: str = ""
    """What the model is asked. Unused for ``computed``."""
    prefix: str = ""
    """How a text answer begins, for example ``The user's overall request for the assistant is to``."""
    options: tuple[Option, ...] = ()
    """For ``category`` and ``multi``; for ``scale`` one description per step."""
    minimum: float | None = None
    maximum: float | None = None
    """Bounds for ``number`` (default none) and ``scale`` (default 1 to 5)."""
    compute: str = ""
    """For ``computed``: which value (see COMPUTED) or ``metadata.<field>``. Default: the facet's name."""
    cluster: bool = False
    """Cluster on this facet. Exactly one ``text`` facet of a run has it."""
    naming: str = ""
    """How a cluster of this facet is to be named, for example ``an imperative phrase that begins with a verb``."""

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value):
            raise ValueError("use lower-case letters, digits and _, beginning with a letter (at most 40)")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Facet:
        if self.kind == "computed":
            what = self.compute or self.name
            if what not in COMPUTED and not what.startswith("metadata."):
                raise ValueError(f"cannot compute `{what}`; one of {', '.join(COMPUTED)} or metadata.<field>")
        elif not self.question:
            raise ValueError("a facet that a model answers needs a `question`")
        if self.kind in ("category", "multi") and len({option.value for option in self.options}) < 2:
            raise ValueError(f"kind `{self.kind}` needs at least two different `options`")
        if self.kind == "scale" and self.options and len(self.options) != self.steps:
            raise ValueError(f"a scale with descriptions needs one per step ({self.steps})")
        if self.cluster and self.kind != "text":
            raise ValueError("only a `text` facet can be clustered")
        return self

    @property
    def steps(self) -> int:
        """How many steps a scale has."""
        low = 1 if self.minimum is None else int(self.minimum)
        return (5 if self.maximum is None else int(self.maximum)) - low + 1

    @property
    def answered_by_model(self) -> bool:
        """False for computed facets."""
        return self.kind != "computed"


class Screener(Section):
    """A yes/no question asked first; a conversation that fails it is counted and goes no further."""

    question: str
    keep: bool = True
    """Which answer keeps a conversation."""
    yes: str = ""
    """What a yes looks like, in words: the embedded model compares meanings with it."""
    no: str = ""
    """What a no looks like, in words."""


class Window(Section):
    """How much of a long conversation is read. What was left out is said in each row (``read_share``)."""

    characters: int = Field(default=12_000, ge=500)
    head: float = Field(default=0.4, ge=0, le=1)
    tail: float = Field(default=0.3, ge=0, le=1)
    """Shares of the budget for the beginning and the end; the rest goes to turns spread over the middle."""

    @model_validator(mode="after")
    def _shares(self) -> Window:
        if self.head + self.tail > 1:
            raise ValueError("head and tail together are at most 1")
        return self


class FacetsConfig(Section):
    """Which facets, the screener and the window."""

    use: tuple[str, ...] = ("request", "task", "concern", "language", "turns", "hour", "week", "model", "surface")
    """Names of shipped facets (``clio/prompts/facets.yaml``) and of those defined below, in output order."""
    define: tuple[Facet, ...] = ()
    """Facets of your own; one with a shipped name replaces it."""
    screener: Screener | None = None
    window: Window = Window()
    groundedness: float = Field(default=0.3, ge=-1, le=1)
    """Least cosine similarity between a written text and what the user said; below it the redacted opening
    sentence stands in."""
    intersections: tuple[tuple[str, str], ...] = ()
    """Pairs of facets to cross over the whole release, for example ``[[language, concern]]``."""
