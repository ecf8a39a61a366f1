"""Small real implementations for the tests of naming: an encoder and writers that answer from a table."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from clio.config.facets import Facet
from clio.models.protocol import Answer, Description, Evidence, Reply, Request, Transcript, Vectors
from clio.text.words import keys

SIZE = 64


class Hashing:
    """An encoder: a text is the sum of fixed directions of its words. Same words, same vector, on any machine."""

    id = "hashing"
    dimensions = SIZE

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), SIZE), dtype=np.float32)
        for row, text in enumerate(texts):
            for key in keys(text) or [text]:
                rows[row] += _direction(key)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@functools.cache
def _direction(key: str) -> Vectors:
    return np.random.default_rng(zlib.crc32(key.encode("utf-8", "replace"))).normal(size=SIZE).astype(np.float32)


class Table:
    """A writer whose candidates per cluster stand in a table, one list per asking."""

    id = "table"

    def __init__(self, *rounds: Sequence[Sequence[tuple[str, str]]]) -> None:
        self._rounds = list(rounds)
        self.seen: list[list[Evidence]] = []

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        return iter(())

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        self.seen.append(list(evidence))
        for found in self._rounds.pop(0):
            yield [Description(name, summary, self.id) for name, summary in found]


class Scripted(Table):
    """A structured writer: ``reply`` gives the value (of whatever type) for each request, None for a refusal."""

    def __init__(self, reply: Callable[[Request], Any], *rounds: Sequence[Sequence[tuple[str, str]]]) -> None:
        super().__init__(*rounds)
        self._reply = reply
        self.asked: list[Request] = []

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        self.asked += requests
        for request in requests:
            value = self._reply(request)
            yield Reply("refused", reason="refused") if value is None else Reply("answered", value)


def lines(request: Request, label: str) -> list[str]:
    """The numbered lines of one fence of a prompt."""
    found = re.search(rf"<{label}-\w+>\n(.*?)\n</{label}-", request.user, re.DOTALL)
    return [line.split(". ", 1)[1] for line in found.group(1).splitlines()] if found else []
