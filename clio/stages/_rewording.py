"""Other words for clusters whose name or summary did not pass the audit.

A rewritten name passes the checks of any name: form, identifiers, rare words, one person's wording, nearness to the
cluster. Without a model, and where that fails too, at most the domain is told that most of the accounts are in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.models.protocol import Answer, Description, Evidence, Reply, Request, StructuredWriter, Transcript
from clio.privacy.auditor import Text, auditor_id
from clio.privacy.sensitive import kinds_in
from clio.prompts import reword
from clio.runs.context import Context
from clio.stages._evidence import Gathered, gather
from clio.stages._levels import ask
from clio.stages._names import SUMMARY_BY_TERMS, SUMMARY_IN_PART, Checks, Described, Subject, describe
from clio.stages._parents import MAJORITY, PARENT_FLOOR
from clio.stages._support import pooled
from clio.text.vocabulary import SUPPORT

_SAMPLES = 60
"""Facet texts that a rewritten parent is compared with."""


class Rewording:
    """Makes other words. What it needs of the workspace is read at the first use: most runs never need it."""

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        members: Sequence[Sequence[int]],
        config: RunConfig,
        context: Context,
    ) -> None:
        self._rows, self._config, self._context = rows, config, context
        self._base = [[int(rows[place]["cluster"]) for place in inside] for inside in members]
        """Base cluster numbers of each row."""

    def reworded(
        self, wanted: Mapping[int, tuple[Text, AbstractSet[str]]], writer: StructuredWriter
    ) -> dict[int, Described]:
        """Other names and summaries for rows, by number, as far as they pass the checks.

        ``wanted`` holds each row's words and the kinds of sensitive attribute that they touch.
        """
        found: dict[int, Described] = {}
        # A name that did not pass is free again: it may have been another word of the text that was at fault.
        standing = {row["name"] for row in self._rows} - {self._rows[row]["name"] for row in wanted}
        for level in sorted({self._rows[row]["level"] for row in wanted}):
            numbers = [row for row in wanted if self._rows[row]["level"] == level]
            teller = _Rewriter(writer, [wanted[row] for row in numbers])
            taken = standing | {made.name for made in found.values()}
            described = describe(
                self._subjects(level, numbers),
                teller,
                self._context.encoder,
                self._middles(numbers),
                self._checks,
                taken=taken,
            )
            found |= {
                row: made
                for row, made in zip(numbers, described, strict=True)
                if made.writer == teller.id and made.reason in ("", SUMMARY_IN_PART, SUMMARY_BY_TERMS)
            }
        return found

    def domain(self, row: int) -> str:
        """The domain of the public vocabulary that most of a cluster is in; empty where there is none, or where it
        would itself say too much.
        """
        held: dict[str, float] = {}
        for base in self._base[row]:
            held[self._domains[base]] = held.get(self._domains[base], 0.0) + self._found.sizes[base]
        name, most = max(held.items(), key=lambda item: (item[1], item[0]), default=("", 0.0))
        return name if most >= MAJORITY * sum(held.values()) and not kinds_in(name) else ""

    @cached_property
    def _found(self) -> Gathered:
        return gather(self._config, self._context)

    @cached_property
    def _domains(self) -> list[str]:
        return self._found.domains(self._context.vocabulary)

    @cached_property
    def _supported(self) -> list[frozenset[str]]:
        return self._found.supported(self._context.vocabulary)

    @cached_property
    def _checks(self) -> Checks:
        least = self._found.counts.min_accounts
        made = Checks(self._context.redactor.scan, least, vocabulary=self._context.vocabulary)
        # What was generalised lies further from the middle of its cluster than what was not.
        return replace(made, floor=made.floor * PARENT_FLOOR)

    def _subjects(self, level: int, numbers: Sequence[int]) -> list[Subject]:
        own = [row for row in range(len(self._rows)) if self._rows[row]["level"] == level]
        cut = np.full(len(self._found.centroids), -1, dtype=np.int64)
        for place, row in enumerate(own):
            cut[self._base[row]] = place
        counts = self._found.counts.regrouped(cut.tolist())
        terms = counts.distinctive(self._config.describe.terms)
        subjects = []
        for row in numbers:
            place, base = own.index(row), self._base[row]
            everyone = int(counts.cluster_accounts[place])
            subjects.append(
                Subject(
                    self._evidence(row),
                    terms[place],
                    counts.of_cluster(place),
                    size=sum(self._found.sizes[one] for one in base),
                    supported=(),
                    vouched=sorted({name for one in base for name in self._supported[one]}),
                    crowd=pooled([self._found.crowd(one) for one in base], everyone),
                    share=SUPPORT * PARENT_FLOOR,
                )
            )
        return subjects

    def _evidence(self, row: int) -> Evidence:
        parts = [self._found.evidence(base) for base in self._base[row]]
        if len(parts) == 1:
            return parts[0]
        share = max(1, _SAMPLES // max(1, len(parts)))
        inside = tuple(text for part in parts for text in part.inside[:share])
        languages = tuple(dict.fromkeys(code for part in parts for code in part.languages[:1]))
        return Evidence(inside, (), (), languages)

    def _middles(self, numbers: Sequence[int]) -> Any:
        rows = []
        for row in numbers:
            base = self._base[row]
            weights = np.maximum([self._found.sizes[one] for one in base], 1e-9)
            middle = np.average(self._found.centroids[base], axis=0, weights=weights)
            rows.append(middle / max(float(np.linalg.norm(middle)), 1e-12))
        return np.asarray(rows, dtype=np.float32)


class _Rewriter:
    """A structured writer seen as one that describes: it is told what did not pass instead of the evidence."""

    def __init__(self, writer: StructuredWriter, wanted: Sequence[tuple[Text, AbstractSet[str]]]) -> None:
        self.id = auditor_id(writer)
        self._writer, self._wanted = writer, wanted

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        return self._writer.answer(transcripts, facets)

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        return self._writer.ask(requests)

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """One description per cluster, or none where there was no usable reply."""
        requests = [
            reword.request(
                text.name, text.summary, text.accounts, sorted(kinds), [t for t in text.terms if not kinds_in(t)]
            )
            for text, kinds in self._wanted
        ]
        for value in ask(self._writer, requests[: len(evidence)]):
            name, summary = value.get("name"), value.get("summary")
            fits = isinstance(name, str) and isinstance(summary, str)
            yield [Description(str(name), str(summary), self.id)] if fits else []
