"""A sample of the input taken through ``extract_facets`` by a writer that only looks: the requests it would lead to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.conversations.types import Conversation
from clio.models.asked import Asked
from clio.models.protocol import Answer, Description, Evidence, Request, Transcript, Vectors
from clio.privacy.redact import Redactor
from clio.privacy.redact.policy import judge_all
from clio.prompts.facets import conversation_message
from clio.runs.context import Sources
from clio.stages._transcripts import Source
from clio.stages.extract_facets import Tools, extract_facets

_CHUNK = 8
"""Conversations between looks at the clock."""


@dataclass(slots=True)
class Seen:
    """The requests that a number of conversations lead to."""

    conversations: int = 0
    requests: list[Request] = field(default_factory=list)
    facets: dict[str, tuple[Facet, ...]] = field(default_factory=dict)
    """What is asked, by purpose."""


def draw(kept: pa.Table, sources: Sources, config: RunConfig, most: int) -> list[Source]:
    """Up to ``most`` of the rows with their conversations, drawn by the config's seed; their order is random too."""
    drawn = np.random.default_rng(config.seed).permutation(kept.num_rows)[:most]
    rows = kept.take(drawn).to_pylist()
    wanted = {(row["file"], row["record"]): place for place, row in enumerate(rows)}
    found: dict[int, Source] = {}
    for file, stream in sources.read(config):
        for record in stream:
            place = wanted.get((file, record.record))
            if place is not None and isinstance(record, Conversation):
                found[place] = Source(rows[place], record)
                if len(found) == len(wanted):
                    break
        if len(found) == len(wanted):
            break
    return [found[place] for place in sorted(found)]


def rehearse(
    sample: Sequence[Source], facets: Sequence[Facet], config: RunConfig, *, names: bool, until: float
) -> Seen:
    """What the stage itself would ask about ``sample``: about all of it, or as much as there is time for before
    ``until`` (of ``time.monotonic``), a few in any case. The screener is taken to let everything through.

    ``names``: look for person names too, which takes ten times as long.
    """
    redactor = Redactor(config.redact)
    screener = config.facets.screener
    seen = Seen()

    def redact(names: bool) -> Callable[[Sequence[str]], list[str | None]]:
        return lambda texts: [found.text for found in redactor.redact_many(texts, names=names)]

    judge = partial(judge_all, redactor=redactor)
    for start in range(0, len(sample), _CHUNK):
        if start and time.monotonic() > until:
            break
        chunk = sample[start : start + _CHUNK]
        listener = _Listener(screener.keep if screener else True, seen)
        extract_facets(chunk, facets, config.facets, Tools(listener, _NoEncoder(), redact(names), redact(False), judge))
        seen.conversations += len(chunk)
    return seen


class _Listener:
    """Notes what it is asked, passes every conversation through the screener, and answers nothing else."""

    id = "estimate"

    def __init__(self, keep: bool, seen: Seen) -> None:
        self._keep, self._seen = keep, seen

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        asked = Asked.of(facets)
        for transcript in transcripts:
            if transcript.text.strip() and asked.facets:
                self._seen.facets[asked.purpose] = asked.facets
                self._seen.requests.append(asked.request(conversation_message(transcript.text)))
            passed = Answer("answered", self._keep, self.id)
            yield [passed if asked.purpose == "screener" else Answer("na", writer=self.id) for _ in facets]

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        yield from ([] for _ in evidence)


class _NoEncoder:
    """Never asked: nothing is written that would have to be compared."""

    id = "none"
    dimensions = 1

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)
