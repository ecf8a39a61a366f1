"""The facets that are asked together, and a reply held to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clio.config.facets import Facet
from clio.models.ledger import facet_shares
from clio.models.protocol import Answer, Request
from clio.models.schema import faults
from clio.prompts.facets import parse, prompt_for, schema_for


@dataclass(frozen=True, slots=True)
class Asked:
    """The facets of one question, and what is the same for every conversation."""

    facets: tuple[Facet, ...]
    purpose: str
    system: str
    schema: Mapping[str, Any]
    room: int
    prompts: tuple[str, ...]
    """For each facet a digest of what decides its answer: all of the prompt but the other facets."""
    _parts: dict[tuple[bool, ...], Asked] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, facets: Sequence[Facet]) -> Asked:
        """Those of ``facets`` that a model answers."""
        asked = tuple(facet for facet in facets if facet.answered_by_model)
        purpose = "screener" if [facet.name for facet in asked] == ["screener"] else "facets"
        room = 256 + sum(256 if facet.kind == "text" else 64 for facet in asked)
        prompts = tuple(
            hashlib.sha256(f"{prompt_for([one])}\0{json.dumps(schema_for([one]))}".encode()).hexdigest()
            for one in asked
        )
        return cls(asked, purpose, prompt_for(asked), schema_for(asked), room, prompts)

    def only(self, wanted: Sequence[bool]) -> Asked:
        """Some of the facets. The same for the same ones: all conversations share one prompt and one schema."""
        if all(wanted):
            return self
        found = self._parts.get(tuple(wanted))
        if found is None:
            found = Asked.of([facet for facet, kept in zip(self.facets, wanted, strict=True) if kept])
            self._parts[tuple(wanted)] = found
        return found

    def request(self, message: str) -> Request:
        """The one request for all facets of a conversation."""
        return Request(self.purpose, self.system, message, self.schema, self.room)


class Judged:
    """One reply's value held to the facets: judged once, asked for three times."""

    def __init__(self, facets: Sequence[Facet], writer: str) -> None:
        self._facets, self._writer = facets, writer
        self._value: Mapping[str, Any] | None = None
        self._answers: list[Answer] = []
        self._shares: Mapping[str, float] = {}

    def answers(self, value: Mapping[str, Any]) -> list[Answer]:
        self._judge(value)
        return self._answers

    def shares(self, value: Mapping[str, Any]) -> Mapping[str, float]:
        self._judge(value)
        return self._shares

    def faults(self, value: Mapping[str, Any]) -> list[str]:
        """Where an answer fails, in words for the model."""
        failed = [(f, a) for f, a in zip(self._facets, self.answers(value), strict=True) if a.status == "failed"]
        if not failed:
            return []
        schema: Mapping[str, Any] = schema_for(self._facets)["properties"]
        found = []
        for facet, answer in failed:
            wanted = faults(value.get(facet.name), schema[facet.name], facet.name)
            found.append(f"`{facet.name}`: {answer.reason}" + (f"; {wanted[0]}" if wanted else ""))
        return found

    def _judge(self, value: Mapping[str, Any]) -> None:
        if value is not self._value:
            self._value = value
            self._answers = parse(value, self._facets, self._writer)
            self._shares = facet_shares(self._facets, value)
