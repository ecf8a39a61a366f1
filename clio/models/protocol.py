"""The one interface between the pipeline and whatever writes text.

Two backends implement it (``messages``, ``embedded``); the stages know neither. Everything that goes in has been
redacted; nothing that comes out counts before :mod:`clio.models.check` and the redactors have seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from clio.config.facets import Facet

Vectors = NDArray[np.float32]
Status = Literal["answered", "na", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """One redacted, windowed conversation, ready to be shown to a model."""

    conversation_id: str
    text: str
    """The whole window, roles marked, placeholders for images and tools. Fence it: it is data."""
    user_text: str
    """Only what the user said, first turn first, same window."""
    read_share: float
    """Share (0 to 1) of the conversation's characters that the window holds."""
    language: str | None = None
    """ISO 639-1 code by the offline detector, where it could tell."""
    assistant_text: str = ""
    """Only what the assistant answered, redacted; as much as a window holds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One facet's answer for one conversation."""

    status: Status
    value: Any = None
    """text/category: str; multi: sorted list of str; scale: int; boolean: bool; number: float; None unless answered."""
    writer: str = ""
    """Which model, or ``extractive``, ``similarity``, ``computed``."""
    reason: str = ""
    """Why not answered, or why a stand-in was taken. A fixed word or two, never text of the conversation."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a namer sees of one cluster: redacted facet texts, at most one per account."""

    inside: Sequence[str]
    outside: Sequence[str]
    """Facet texts of the nearest conversations that are not in the cluster."""
    terms: Sequence[str]
    """Distinctive terms that enough distinct accounts share, most distinctive first."""
    languages: Sequence[str] = ()
    """ISO codes of the members' main languages, most frequent first."""
    children: Sequence[str] = ()
    """For a parent: the names of its children (then ``inside`` may be empty)."""
    naming: str = ""
    """How the clustered facet wants its clusters named (``Facet.naming``)."""


@dataclass(frozen=True, slots=True)
class Description:
    """A proposed name (at most ten words) and summary (at most two sentences)."""

    name: str
    summary: str
    writer: str


@dataclass(frozen=True, slots=True)
class Request:
    """One structured question to a capable model."""

    purpose: str
    """``facets``, ``describe``, ``propose``, ``deduplicate``, ``assign``, ``rename``... for counting."""
    system: str
    user: str
    schema: Mapping[str, Any]
    """JSON Schema of the object wanted."""
    max_tokens: int = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens bought by one reply."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a :class:`Request`: ``value`` fits the schema exactly when ``status`` is ``answered``."""

    status: Literal["answered", "refused", "failed"]
    value: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    usage: Usage = Usage()


@runtime_checkable
class Writer(Protocol):
    """Who answers facets and names clusters. Order is kept everywhere: the n-th result belongs to the n-th input."""

    @property
    def id(self) -> str:
        """What the manifest and the rows call it, for example ``smollm2-135m-instruct`` or ``claude-...``."""
        ...

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        """One sequence of answers (in the order of ``facets``) per transcript. Never raises for one bad input."""
        ...

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """Candidate descriptions per cluster, best first by the model's own lights; may be empty."""
        ...


@runtime_checkable
class StructuredWriter(Writer, Protocol):
    """A writer that can follow instructions: the paper's hierarchy steps need one."""

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """One reply per request, in order."""
        ...


@runtime_checkable
class WarmingWriter(Writer, Protocol):
    """A writer that can have answers made in bulk, for less, before it is asked for them."""

    def warms(self, stage: str) -> bool:
        """Whether it wants to, for a stage."""
        ...

    def warm(self, groups: Callable[[], Iterable[Sequence[Transcript]]], facets: Sequence[Facet]) -> None:
        """Have the answers made. ``groups`` may be called more than once."""
        ...


class Encoder(Protocol):
    """Texts to vectors."""

    @property
    def id(self) -> str:
        """What the manifest calls it."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions), float32, rows of length 1."""
        ...
