"""Conversations to facets: exactly one answer per conversation and facet, each saying who wrote it.

The sources are read a second time, because no text is ever stored: each conversation is redacted, windowed, asked
about, and forgotten. What a model wrote is judged and checked before it counts (:mod:`clio.stages._written`).

Conversations go through in fixed batches (the n-th batch holds the same conversations whatever happened before), and a
finished batch is one line of a journal. A killed run picks up after the last whole line and ends in the same table.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from clio.config import RunConfig
from clio.config.facets import Facet, FacetsConfig, Option, Screener
from clio.conversations.types import Conversation
from clio.models.protocol import Answer, Encoder, Transcript, WarmingWriter, Writer
from clio.privacy.duplicates import signature
from clio.privacy.leaks import MOST, Gauge
from clio.privacy.redact.policy import judge_all
from clio.runs.context import Context
from clio.runs.journal import JOURNAL, Journal, Rows
from clio.runs.stage import Stage
from clio.stages._answers import Pending
from clio.stages._computed import compute
from clio.stages._facet_tables import gather
from clio.stages._transcripts import Source, transcripts_of
from clio.stages._written import Answers, Judge, Written, judged, settle, take_rephrased
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
    redact_extract: Callable[[Sequence[str]], Sequence[str | None]]
    """The same for a sentence of the user's that is kept: names are looked for too."""
    judge: Judge
    """What becomes of a text that a model wrote."""
    gauge: Gauge | None = None
    """Measures what is left at each stage; None: nothing does."""
    sign: Callable[[str], bytes] = lambda _text: b""
    """The near-duplicate signature of what a user said."""


@dataclass(slots=True)
class Flight:
    """One batch under way: being screened, being asked the facets, being rephrased; at last its rows."""

    number: int
    batch: Sequence[Source]
    refused: Mapping[str, str]
    transcripts: list[Transcript]
    pending: Pending | Written
    step: Literal["screen", "ask", "rephrase"]
    facet_rows: Rows = field(default_factory=list)
    screened: Rows = field(default_factory=list)
    signatures: dict[str, bytes] = field(default_factory=dict)
    """Of the conversations that are long enough to have one."""
    counts: Counter[str] = field(default_factory=Counter)
    """What became of the written texts, and what was measured."""

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
    counts = _measured(batch, transcripts, tools.gauge) if tools.gauge else Counter[str]()
    if config.screener is not None:
        pending = _put(transcripts, [_screening(config.screener)], tools)
        return Flight(number, batch, refused, transcripts, pending, "screen", counts=counts)
    shown = [t for t in transcripts if t.conversation_id not in refused]
    return Flight(number, batch, refused, transcripts, _put(shown, _by_model(facets), tools), "ask", counts=counts)


def _measured(batch: Sequence[Source], transcripts: Sequence[Transcript], gauge: Gauge) -> Counter[str]:
    """What stands in the conversations, and in what a model is shown of them."""
    sources = [source for source in batch if gauge.measures(source.row["conversation_id"])]
    raw = ["\n".join(turn.text for turn in source.conversation.turns)[:MOST] for source in sources]
    shown = [transcript.text for transcript in transcripts if gauge.measures(transcript.conversation_id)]
    return gauge.look("raw", raw) + gauge.look("redacted", shown)


def _landed(air: deque[Flight], facets: Sequence[Facet], config: FacetsConfig, tools: Tools) -> Iterator[Flight]:
    for flight in [flight for flight in air if flight.pending.ready()]:
        while flight.pending.ready():
            if _arrived(flight, facets, config, tools):
                air.remove(flight)
                yield flight
                break


def _arrived(flight: Flight, facets: Sequence[Facet], config: FacetsConfig, tools: Tools) -> bool:
    """Go one step on with the answers that are there. True once the flight has its rows."""
    if isinstance(flight.pending, Written):
        take_rephrased(flight.pending, tools.judge)
        flight.facet_rows = _rows(flight, flight.pending, facets, config, tools)
        return True
    answers = flight.pending.take()
    if flight.step == "screen" and config.screener is not None:
        _screen(flight, answers, config.screener)
        flight.pending, flight.step = _put(flight.shown, _by_model(facets), tools), "ask"
    else:
        flight.pending, flight.step = judged(answers, _by_model(facets), tools.writer, tools.judge), "rephrase"
    return False


def _rows(flight: Flight, written: Written, facets: Sequence[Facet], config: FacetsConfig, tools: Tools) -> Rows:
    answers, by_id = written.answers, {t.conversation_id: t for t in flight.transcripts}
    settle(written, by_id, _by_model(facets), config, tools.encoder, tools.redact_extract)
    flight.counts.update(written.counts)
    signed = ((t.conversation_id, tools.sign(t.user_text)) for t in flight.shown)
    flight.signatures = {name: signature for name, signature in signed if signature}
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
    if tools.gauge is not None:
        texts = {facet.name for facet in facets if facet.kind == "text"}
        seen = [row for row in rows if row["facet"] in texts and tools.gauge.measures(row["conversation_id"])]
        flight.counts.update(tools.gauge.look("facet", [row["value"] for row in seen if row["value"]]))
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


def _screen(flight: Flight, answers: Answers, screener: Screener) -> None:
    """Leave out of the flight whoever did not pass, each with a reason."""
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
    with context.reporter.track("extract facets", table.num_rows, journal.conversations) as advance:
        left = _left(context, table, journal)
        first = next(left, None)
        if first is not None:  # a stage that only has to gather its journal loads no model
            tools = _tools(config, context, table.num_rows)
            _warm(config.facets, facets, tools, lambda: (batch for _, batch in _left(context, table, journal)))
            for flight in flights(chain([first], left), facets, config.facets, tools):
                vectors = conversation_vectors(flight.shown, context.encoder) if config.clusters_conversations else None
                journal.add(
                    flight.number,
                    flight.facet_rows,
                    flight.screened,
                    pack(vectors) if vectors is not None else None,
                    flight.signatures,
                    flight.counts,
                )
                advance(len(flight.batch))
    gather(context, table, [facet.name for facet in facets], journal)


def _tools(config: RunConfig, context: Context, conversations: int) -> Tools:
    redactor = context.redactor
    measured = min(1.0, config.redact.measured / conversations) if conversations else 0.0
    return Tools(
        context.writer,
        context.encoder,
        lambda texts: [r.text for r in redactor.redact_many(texts, names=config.redact.names_in_source)],
        lambda texts: [r.text for r in redactor.redact_many(texts, names=True)],
        partial(judge_all, redactor=redactor),
        Gauge(redactor, measured) if measured else None,
        partial(signature, key=context.key),
    )


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


def _identity(context: Context) -> dict[str, Any]:
    from clio.prompts.facets import prompt_hashes

    return {"prompts": prompt_hashes(), "redactor": context.redactor.describe()}


STAGE = Stage(
    name="extract_facets",
    run=run,
    version=3,
    sections=("facets", "redact", "writer", "encoder"),
    after=("ingest",),
    outputs=("workspace/facets.parquet", "workspace/screened.parquet", "workspace/signatures.parquet"),
    identity=_identity,
)
