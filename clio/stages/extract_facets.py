"""Conversations to facets: exactly one answer per conversation and facet, each saying who wrote it.

The sources are read a second time, because no text is ever stored: each conversation is redacted, windowed, asked
about, and forgotten. What a model wrote is redacted again and checked against what the user said before it counts;
else the redacted extractive sentence stands in.

Conversations go through in fixed batches (the n-th batch holds the same conversations whatever happened before), and a
finished batch is one line of a journal. A killed run picks up after the last whole line and ends in the same table.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from clio.config import RunConfig
from clio.config.facets import Facet, FacetsConfig, Option, Screener
from clio.conversations.types import Conversation
from clio.errors import RunError
from clio.models.protocol import Answer, Encoder, Transcript, WarmingWriter, Writer
from clio.runs.context import Context
from clio.runs.journal import JOURNAL, Journal, Rows
from clio.runs.stage import Stage
from clio.stages._answers import Pending
from clio.stages._computed import compute
from clio.stages._transcripts import Source, transcripts_of
from clio.tables import FACETS, SCREENED
from clio.vectors.conversation import conversation_vectors, pack

BATCH = 64
"""Conversations per batch: what a killed run may have to do again."""
WAIT_S = 0.05
"""How long at most to look at one answer that is on its way before looking at the others."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Who takes part in extracting facets."""

    writer: Writer
    encoder: Encoder
    redact: Callable[[Sequence[str]], Sequence[str | None]]
    """Redacted texts; None where a text was refused."""
    redact_written: Callable[[Sequence[str]], Sequence[str | None]]
    """The same for what a model wrote: names are looked for too."""


@dataclass(slots=True)
class Flight:
    """One batch under way: being screened, or being asked the facets; at last its rows."""

    number: int
    batch: Sequence[Source]
    refused: Mapping[str, str]
    transcripts: list[Transcript]
    pending: Pending
    screening: bool
    facet_rows: Rows = field(default_factory=list)
    screened: Rows = field(default_factory=list)

    @property
    def shown(self) -> list[Transcript]:
        """Those that were kept and could be redacted."""
        return [t for t in self.transcripts if t.conversation_id not in self.refused]


def extract_facets(
    batch: Sequence[Source], facets: Sequence[Facet], config: FacetsConfig, tools: Tools
) -> tuple[Rows, Rows]:
    """Rows of the ``facets`` and of the ``screened`` table for one batch; every conversation is in exactly one."""
    (flight,) = flights([(0, batch)], facets, config, tools)
    return flight.facet_rows, flight.screened


def flights(
    batches: Iterable[tuple[int, Sequence[Source]]], facets: Sequence[Facet], config: FacetsConfig, tools: Tools
) -> Iterator[Flight]:
    """Each batch when it is finished, which may be in another order.

    A writer that says how many conversations it likes to be ahead (``ahead``) gets several batches at a time: the next
    are redacted while the answers to the first are on their way, and a stalled answer holds up its own batch only.
    """
    most = max(1, getattr(tools.writer, "ahead", 0) // BATCH)
    air: deque[Flight] = deque()
    try:
        for number, batch in batches:
            air.append(_start(number, batch, facets, config, tools))
            yield from _landed(air, facets, config, tools)
            while len(air) >= most:
                air[0].pending.wait(WAIT_S)
                yield from _landed(air, facets, config, tools)
        while air:
            air[0].pending.wait(WAIT_S)
            yield from _landed(air, facets, config, tools)
    finally:
        for flight in air:
            flight.pending.close()


def _start(number: int, batch: Sequence[Source], facets: Sequence[Facet], config: FacetsConfig, tools: Tools) -> Flight:
    transcripts, refused = transcripts_of(batch, config, tools.redact)
    if config.screener is not None:
        pending = _put(transcripts, [_screening(config.screener)], tools)
        return Flight(number, batch, refused, transcripts, pending, screening=True)
    shown = [t for t in transcripts if t.conversation_id not in refused]
    return Flight(number, batch, refused, transcripts, _put(shown, _by_model(facets), tools), screening=False)


def _landed(air: deque[Flight], facets: Sequence[Facet], config: FacetsConfig, tools: Tools) -> Iterator[Flight]:
    for flight in [flight for flight in air if flight.pending.ready()]:
        if flight.screening and config.screener is not None:
            _screen(flight, config.screener)
            flight.pending, flight.screening = _put(flight.shown, _by_model(facets), tools), False
            if not flight.pending.ready():
                continue
        flight.facet_rows = _rows(flight, facets, config, tools)
        air.remove(flight)
        yield flight


def _rows(flight: Flight, facets: Sequence[Facet], config: FacetsConfig, tools: Tools) -> Rows:
    answers, by_id = flight.pending.take(), {t.conversation_id: t for t in flight.transcripts}
    _settle_texts(answers, by_id, _by_model(facets), config, tools)
    rows: Rows = []
    for source in flight.batch:
        name = source.row["conversation_id"]
        if name not in by_id:
            continue
        transcript = by_id[name]
        failed = Answer("failed", writer="", reason=flight.refused.get(name, ""))
        for facet in facets:
            if not facet.answered_by_model:
                answer = compute(facet, source.row, transcript.language)
            else:
                answer = failed if name in flight.refused else answers[name][facet.name]
            rows.append(_row(name, facet, answer, transcript.read_share))
    return rows


def _by_model(facets: Sequence[Facet]) -> list[Facet]:
    return [facet for facet in facets if facet.answered_by_model]


def _put(transcripts: Sequence[Transcript], facets: Sequence[Facet], tools: Tools) -> Pending:
    """Put the question; where there is nothing to ask, or nothing to ask about, the answer is there already."""
    nothing = Answer("na", writer=tools.writer.id, reason="no user text")
    found = {t.conversation_id: {facet.name: nothing for facet in facets} for t in transcripts}
    asked = [t for t in transcripts if t.user_text.strip()] if facets else []
    return Pending(asked, facets, found, iter(tools.writer.answer(asked, facets) if asked else ()), tools.writer.id)


def _yes_no(screener: Screener) -> tuple[Option, ...]:
    if not (screener.yes and screener.no):
        return ()
    return (Option(value="yes", description=screener.yes), Option(value="no", description=screener.no))


def _screening(screener: Screener) -> Facet:
    return Facet(name="screener", kind="boolean", question=screener.question, options=_yes_no(screener))


def _screen(flight: Flight, screener: Screener) -> None:
    """Leave out of the flight whoever did not pass, each with a reason."""
    answers = flight.pending.take()
    kept: list[Transcript] = []
    for transcript in flight.transcripts:
        answer = answers[transcript.conversation_id]["screener"]
        if answer.status == "answered" and bool(answer.value) is screener.keep:
            kept.append(transcript)
            continue
        # A screener that could not answer keeps nobody: a study of X must not quietly hold what is not X.
        said = ("answered yes" if answer.value else "answered no") if answer.status == "answered" else answer.status
        reason = flight.refused.get(transcript.conversation_id) or answer.reason or said
        row = {"conversation_id": transcript.conversation_id, "status": answer.status, "reason": reason}
        flight.screened.append(row)
    flight.transcripts = kept


def _settle_texts(
    answers: dict[str, dict[str, Answer]],
    transcripts: dict[str, Transcript],
    facets: Sequence[Facet],
    config: FacetsConfig,
    tools: Tools,
) -> None:
    """Redact and check every written text in place; where one does not hold, the extractive sentence stands in."""
    from clio.models.check import check
    from clio.models.extractive import opening

    written = [
        (name, facet.name)
        for facet in facets
        if facet.kind == "text"
        for name, by_facet in answers.items()
        if by_facet[facet.name].status == "answered"
    ]
    texts = tools.redact_written([str(answers[name][facet].value) for name, facet in written])
    suspects: list[tuple[str, str, str]] = []
    to_check = []
    for (name, facet), text in zip(written, texts, strict=True):
        if text is None:
            suspects.append((name, facet, "not redacted"))
            continue
        answers[name][facet] = replace(answers[name][facet], value=text)
        if answers[name][facet].writer != "extractive":
            to_check.append((name, facet, text))
    faults = check(
        [text for _, _, text in to_check],
        [transcripts[name].user_text for name, _, _ in to_check],
        tools.encoder,
        config.groundedness,
    )
    suspects += [(name, facet, fault) for (name, facet, _), fault in zip(to_check, faults, strict=True) if fault]
    if not suspects:
        return
    names = list(dict.fromkeys(name for name, _, _ in suspects))
    sentences = opening([transcripts[name] for name in names])
    standing = dict(zip(names, tools.redact_written(sentences), strict=True))
    for name, facet, fault in suspects:
        sentence = standing[name]
        answers[name][facet] = (
            Answer("answered", sentence, "extractive", fault) if sentence else Answer("failed", reason=fault)
        )


def _row(name: str, facet: Facet, answer: Answer, read_share: float) -> dict[str, Any]:
    value = None
    if answer.status == "answered":
        value = answer.value if isinstance(answer.value, str) else json.dumps(answer.value, ensure_ascii=False)
    return {
        "conversation_id": name,
        "facet": facet.name,
        "status": answer.status,
        "value": value,
        "writer": answer.writer,
        "reason": answer.reason,
        "read_share": float(np.float32(min(1.0, read_share))),
    }


def batches(context: Context, table: pa.Table) -> Iterator[tuple[int, list[Source]]]:
    """Kept conversations in file order, in groups of BATCH, each with its table row."""
    columns = table.select(
        ["conversation_id", "file", "record", "started_at", "turns", "characters", "model", "surface", "metadata"]
    )
    pairs = zip(columns.column("file").to_pylist(), columns.column("record").to_pylist(), strict=True)
    wanted = {pair: row for row, pair in enumerate(pairs)}
    group: list[Source] = []
    number = 0
    for file, stream in context.sources.read(context.config):
        for record in stream:
            row = wanted.get((file, record.record)) if isinstance(record, Conversation) else None
            if row is None or not isinstance(record, Conversation):
                continue
            group.append(Source(columns.slice(row, 1).to_pylist()[0], record))
            if len(group) == BATCH:
                yield number, group
                group, number = [], number + 1
    if group:
        yield number, group


def run(config: RunConfig, context: Context) -> None:
    """Extract facets batch by batch, resuming from the journal, and write ``facets`` and ``screened``."""
    from clio.prompts.facets import resolve

    facets = resolve(config.facets)
    table = context.read("conversations")
    journal = Journal(context.workspace / JOURNAL, context.manifest.stage("extract_facets").get("key", ""))
    if journal.done:
        context.reporter.say(f"  {journal.conversations:,} conversations were done before; going on from there")
    redactor = context.redactor

    def redact(texts: Sequence[str]) -> list[str | None]:
        return [r.text for r in redactor.redact_many(texts, names=config.redact.names_in_source)]

    def redact_written(texts: Sequence[str]) -> list[str | None]:
        return [r.text for r in redactor.redact_many(texts, names=True)]

    with context.reporter.track("extract facets", table.num_rows, journal.conversations) as advance:
        left = _left(context, table, journal)
        first = next(left, None)
        if first is not None:  # a stage that only has to gather its journal loads no model
            tools = Tools(context.writer, context.encoder, redact, redact_written)
            _warm(config.facets, facets, tools, lambda: (batch for _, batch in _left(context, table, journal)))
            for flight in flights(chain([first], left), facets, config.facets, tools):
                vectors = conversation_vectors(flight.shown, context.encoder) if config.clusters_conversations else None
                packed = pack(vectors) if vectors is not None else None
                journal.add(flight.number, flight.facet_rows, flight.screened, packed)
                advance(len(flight.batch))
    _finish(context, table, [facet.name for facet in facets], journal)


def _left(context: Context, table: pa.Table, journal: Journal) -> Iterator[tuple[int, list[Source]]]:
    return ((number, group) for number, group in batches(context, table) if number not in journal.done)


def _warm(
    config: FacetsConfig, facets: Sequence[Facet], tools: Tools, groups: Callable[[], Iterable[Sequence[Source]]]
) -> None:
    """Where the writer buys in bulk first: show it everything that will be asked, in the order of the questions.

    Nothing is kept of it here. The conversations are read and redacted once more than else, for each question.
    """
    writer = tools.writer
    if not (isinstance(writer, WarmingWriter) and writer.warms("extract_facets")):
        return

    def shown() -> Iterator[list[Transcript]]:
        for batch in groups():
            transcripts, refused = transcripts_of(batch, config, tools.redact)
            yield [t for t in transcripts if t.conversation_id not in refused and t.user_text.strip()]

    def kept() -> Iterator[list[Transcript]]:
        screener = config.screener
        for transcripts in shown():
            if screener is None:
                yield transcripts
                continue
            said = [answer for (answer,) in writer.answer(transcripts, [_screening(screener)])]
            pairs = zip(transcripts, said, strict=True)
            yield [t for t, a in pairs if a.status == "answered" and bool(a.value) is screener.keep]

    if config.screener is not None:
        writer.warm(shown, [_screening(config.screener)])
    writer.warm(kept, _by_model(facets))


def _finish(context: Context, table: pa.Table, facets: Sequence[str], journal: Journal) -> None:
    """Columnar from here on: a million conversations with ten facets are some hundred megabytes."""
    from clio.prompts.facets import prompt_hashes

    parts: list[pa.Table] = []
    screened: Rows = []
    for rows, left_out in journal.entries():
        parts.append(FACETS.build(rows))
        screened += left_out
    answers = pa.concat_tables(parts) if parts else FACETS.build([])
    place = {name: n for n, name in enumerate(table.column("conversation_id").to_pylist())}
    order = {name: n for n, name in enumerate(facets)}
    key = np.array([place[n] for n in answers.column("conversation_id").to_pylist()], dtype=np.int64) * len(order)
    key += np.array([order[n] for n in answers.column("facet").to_pylist()], dtype=np.int64)
    answers = answers.take(pa.array(np.argsort(key, kind="stable")))
    screened.sort(key=lambda row: place[row["conversation_id"]])
    kept = table.num_rows - len(screened)
    if answers.num_rows != kept * len(facets):
        raise RunError(
            f"the input changed while it was read: {answers.num_rows} answers for {kept} conversations and "
            f"{len(facets)} facets. Run the same command again."
        )
    context.write("facets", answers)
    context.write("screened", SCREENED.build(screened))
    context.notes |= _notes(answers, screened, kept) | {"redactor": context.redactor.describe()}
    context.manifest.data.setdefault("models", {})["writer"] = context.writer_label
    context.manifest.data["prompts"] = prompt_hashes()


def _notes(answers: pa.Table, screened: Rows, kept: int) -> dict[str, Any]:
    statuses = Counter(answers.column("status").to_pylist())

    def tally(column: str) -> dict[str, int]:
        pairs = zip(answers.column("facet").to_pylist(), answers.column(column).to_pylist(), strict=True)
        return dict(sorted(Counter(f"{facet}: {value}" for facet, value in pairs if value).items()))

    return {
        "counts": {
            "screened_out": len(screened),
            "conversations": kept,
            "facet_rows": answers.num_rows,
            **{status: statuses.get(status, 0) for status in ("answered", "na", "refused", "failed")},
        },
        "reasons": tally("reason"),
        "writers": tally("writer"),
        "screened_reasons": dict(sorted(Counter(row["reason"] for row in screened).items())),
    }


def _identity(context: Context) -> dict[str, Any]:
    from clio.prompts.facets import prompt_hashes

    return {"prompts": prompt_hashes(), "redactor": context.redactor.describe()}


STAGE = Stage(
    name="extract_facets",
    run=run,
    version=2,
    sections=("facets", "redact", "writer", "encoder"),
    after=("ingest",),
    outputs=("workspace/facets.parquet", "workspace/screened.parquet"),
    identity=_identity,
)
