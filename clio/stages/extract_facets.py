"""Conversations to facets: exactly one answer per conversation and facet, each saying who wrote it.

The sources are read a second time, because no text is ever stored: each conversation is redacted, windowed, asked
about, and forgotten. What a model wrote is redacted again and checked against what the user said before it counts;
else the redacted extractive sentence stands in.

Conversations go through in fixed batches (the n-th batch holds the same conversations whatever happened before), and a
finished batch is one line of a journal. A killed run picks up after the last whole line and ends in the same table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from clio.config import RunConfig
from clio.config.facets import Facet, FacetsConfig, Option, Screener
from clio.conversations.types import Conversation, Turn
from clio.errors import ModelSetupError, RunError
from clio.models.protocol import Answer, Encoder, Transcript, Writer
from clio.runs.context import Context
from clio.runs.journal import JOURNAL, Journal, Rows
from clio.runs.stage import Stage
from clio.stages._answers import held
from clio.stages._computed import compute, detect_languages
from clio.tables import FACETS, SCREENED
from clio.vectors.conversation import conversation_vectors, pack

BATCH = 64
"""Conversations per batch: what a killed run may have to do again."""
SEAM = 1_000
"""Characters on either side of a cut through a very long turn that are not shown: longer than any identifier."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Who takes part in extracting facets."""

    writer: Writer
    encoder: Encoder
    redact: Callable[[Sequence[str]], Sequence[str | None]]
    """Redacted texts; None where a text was refused."""
    redact_written: Callable[[Sequence[str]], Sequence[str | None]]
    """The same for what a model wrote: names are looked for too."""
    watch: Callable[[Sequence[Transcript]], None] = lambda _kept: None
    """Is shown the transcripts that are kept, while they are in memory."""


@dataclass(frozen=True, slots=True)
class Source:
    """One conversation with the row of the ``conversations`` table that tells of it."""

    row: dict[str, Any]
    conversation: Conversation


def extract_facets(
    batch: Sequence[Source], facets: Sequence[Facet], config: FacetsConfig, tools: Tools
) -> tuple[Rows, Rows]:
    """Rows of the ``facets`` and of the ``screened`` table for one batch; every conversation is in exactly one."""
    transcripts, refused = _transcripts(batch, config, tools)
    kept, screened = _screen(transcripts, refused, config, tools)
    tools.watch([t for t in kept if t.conversation_id not in refused])
    asked = [facet for facet in facets if facet.answered_by_model]
    answers = _ask([t for t in kept if t.conversation_id not in refused], asked, tools)
    _settle_texts(answers, {t.conversation_id: t for t in kept}, asked, config, tools)
    by_id = {t.conversation_id: t for t in kept}
    rows: Rows = []
    for source in batch:
        name = source.row["conversation_id"]
        if name not in by_id:
            continue
        transcript = by_id[name]
        failed = Answer("failed", writer="", reason=refused.get(name, ""))
        for facet in facets:
            if not facet.answered_by_model:
                answer = compute(facet, source.row, transcript.language)
            else:
                answer = failed if name in refused else answers[name][facet.name]
            rows.append(_row(name, facet, answer, transcript.read_share))
    return rows, screened


def _transcripts(
    batch: Sequence[Source], config: FacetsConfig, tools: Tools
) -> tuple[list[Transcript], dict[str, str]]:
    """Redact each turn, then window: an identifier is never cut in half before it is looked for."""
    from clio.conversations.window import window

    reach = 2 * config.window.characters + SEAM
    pieces: list[str] = []
    shapes: list[list[tuple[Turn, int]]] = []
    for source in batch:
        shape = []
        for turn in source.conversation.turns:
            # Only what a window can hold is scanned; what stands at the cut is taken out after the scan.
            parts = [turn.text] if len(turn.text) <= 2 * reach else [turn.text[:reach], turn.text[-reach:]]
            pieces += parts
            shape.append((turn, len(parts)))
        shapes.append(shape)
    cleaned = iter(tools.redact(pieces))
    transcripts, refused = [], {}
    for source, shape in zip(batch, shapes, strict=True):
        name = source.row["conversation_id"]
        turns: list[Turn] = []
        reachable = total = 0
        for turn, count in shape:
            parts_clean = [next(cleaned) for _ in range(count)]
            if any(part is None for part in parts_clean):
                refused[name] = "not redacted"
            turns.append(replace(turn, text=_joined([part or "" for part in parts_clean])))
            total += len(turn.text)
            reachable += min(len(turn.text), 2 * reach)
        seen = window(turns if name not in refused else (), config.window)
        share = seen.read_share * (reachable / total if total else 1.0) if name not in refused else 0.0
        shown = () if name in refused else turns
        answered = "\n".join(turn.text for turn in shown if turn.role == "assistant" and turn.kind == "text")
        transcripts.append(
            Transcript(name, seen.text, seen.user_text, share, assistant_text=answered[: config.window.characters])
        )
    languages = detect_languages([t.user_text for t in transcripts])
    return [replace(t, language=code) for t, code in zip(transcripts, languages, strict=True)], refused


def _joined(parts: Sequence[str]) -> str:
    """A turn from its redacted parts. What was cut in two at a seam could not be recognised: it is not shown."""
    if len(parts) == 1:
        return parts[0]
    head, tail = parts
    return f"{head[:-SEAM]} [...] {tail[SEAM:]}"


def _yes_no(screener: Screener) -> tuple[Option, ...]:
    if not (screener.yes and screener.no):
        return ()
    return (Option(value="yes", description=screener.yes), Option(value="no", description=screener.no))


def _screen(
    transcripts: list[Transcript], refused: Mapping[str, str], config: FacetsConfig, tools: Tools
) -> tuple[list[Transcript], Rows]:
    screener = config.screener
    if screener is None:
        return transcripts, []
    question = Facet(name="screener", kind="boolean", question=screener.question, options=_yes_no(screener))
    answers = _ask(transcripts, [question], tools)
    kept, screened = [], []
    for transcript in transcripts:
        answer = answers[transcript.conversation_id]["screener"]
        if answer.status == "answered" and bool(answer.value) is screener.keep:
            kept.append(transcript)
            continue
        # A screener that could not answer keeps nobody: a study of X must not quietly hold what is not X.
        said = ("answered yes" if answer.value else "answered no") if answer.status == "answered" else answer.status
        reason = refused.get(transcript.conversation_id) or answer.reason or said
        screened.append({"conversation_id": transcript.conversation_id, "status": answer.status, "reason": reason})
    return kept, screened


def _ask(transcripts: Sequence[Transcript], facets: Sequence[Facet], tools: Tools) -> dict[str, dict[str, Answer]]:
    if not transcripts or not facets:
        return {t.conversation_id: {} for t in transcripts}
    nothing = Answer("na", writer=tools.writer.id, reason="no user text")
    found = {t.conversation_id: {facet.name: nothing for facet in facets} for t in transcripts}
    asked = [t for t in transcripts if t.user_text.strip()]
    replies = iter(tools.writer.answer(asked, facets) if asked else ())
    # A writer of the user's own may break its word; what it gave is then anybody's.
    broken = f"the writer `{tools.writer.id}` did not give one answer per conversation and facet"
    for transcript in asked:
        answers = next(replies, None)
        if answers is None or len(answers) != len(facets):
            raise ModelSetupError(broken)
        found[transcript.conversation_id] = {f.name: held(a, f) for f, a in zip(facets, answers, strict=True)}
    if next(replies, None) is not None:
        raise ModelSetupError(broken)
    return found


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
        tools: Tools | None = None
        kept: list[Transcript] = []
        for number, group in batches(context, table):
            if number in journal.done:
                continue
            tools = tools or Tools(context.writer, context.encoder, redact, redact_written, kept.extend)
            kept.clear()
            rows, screened = extract_facets(group, facets, config.facets, tools)
            packed = pack(conversation_vectors(kept, context.encoder)) if config.clusters_conversations else None
            journal.add(number, rows, screened, packed)
            advance(len(group))
    _finish(context, table, [facet.name for facet in facets], journal)


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
