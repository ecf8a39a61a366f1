"""Structured writers that judge by rules, for the tests of the audit: honest ones, and ones that can be talked over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from clio.models.protocol import Reply, Request
from clio.privacy.auditor import Text
from clio.privacy.sensitive import kinds_in
from clio.prompts import measure
from tests.fakes import ScriptedWriter
from tests.stages.naming import lines

PERSONAL = ("Ottoline", "Corvin", "Tamsin", "Rosa", "street", "lane")
Value = Mapping[str, Any] | None


def rated(text: str) -> dict[str, Any]:
    """What an honest auditor says of one line: a name or an address is a person, a listed word of few is sensitive."""
    kinds = sorted(kinds_in(text))
    personal = any(word.casefold() in text.casefold() for word in PERSONAL)
    return {
        "reasoning": "by rule",
        "identifiability": 1 if personal else 5,
        "sensitivity": 1 if kinds else 5,
        "kinds": kinds,
    }


class HonestJudge(ScriptedWriter):
    """Judges each line for itself, by ``rate`` but for the controls, and rewrites to ``rewrite``; keeps every request.

    ``spoil`` may change a reply.
    """

    def __init__(
        self,
        rewrite: Mapping[str, str] | None = None,
        spoil: Callable[[Request, Value], Value] | None = None,
        rate: Callable[[str], dict[str, Any]] = rated,
    ) -> None:
        super().__init__(name="judge")
        self.rewrite, self.spoil, self.rate = rewrite, spoil, rate
        self.requests: list[Request] = []

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            self.requests.append(request)
            value = self._value(request)
            if self.spoil:
                value = self.spoil(request, value)
            yield Reply("refused", reason="refused") if value is None else Reply("answered", value)

    def _value(self, request: Request) -> Value:
        keys = list(request.schema["properties"])
        if judges(request):
            return {key: self._rated(line) for key, line in zip(keys, lines(request, "data"), strict=True)}
        if measures(request):
            return {key: self._measured(line) for key, line in zip(keys, lines(request, "data"), strict=True)}
        return self.rewrite

    def _rated(self, line: str) -> dict[str, Any]:
        return rated(line) if any(name in line for name in PERSONAL[:3]) else self.rate(line)

    def _measured(self, line: str) -> dict[str, str]:
        found = self.rate(line)
        who = next(word for word, step in measure.WHO.items() if step == found["identifiability"])
        learnt = next(word for word, step in measure.LEARNT.items() if step == found["sensitivity"])
        return {"leads_to": who, "learnt": learnt}


def judges(request: Request) -> bool:
    """Whether it asks for verdicts."""
    return "text_01" in request.schema["properties"]


def measures(request: Request) -> bool:
    """Whether it measures what was published."""
    return "entry_01" in request.schema["properties"]


def texts(*names: str, accounts: str = "20 to 49 accounts") -> list[Text]:
    return [Text(name, "People asked about it.", (), accounts) for name in names]
