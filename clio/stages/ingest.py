"""Source files to the table of conversations: pseudonyms, counts and dates, never a word of text.

Every record ends in exactly one of three places: the table, ``rejected.jsonl`` (file, line and reason) or a counted
sampling reason. The table's order depends on contents only, so shuffling the input changes nothing downstream.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clio.config import RunConfig
from clio.conversations.types import Conversation, Rejection
from clio.errors import InputError
from clio.runs.context import Context
from clio.runs.files import replacing
from clio.runs.keys import key_id, pseudonym
from clio.runs.progress import Advance
from clio.runs.stage import Stage
from clio.tables import CONVERSATIONS

REJECTED = "rejected.jsonl"


@dataclass
class Ingested:
    """What came of the input: ``conversations`` before sampling, and one (file, record, reason) per rejection."""

    conversations: pa.Table
    rejections: list[tuple[int, int, str]] = field(default_factory=list)


def ingest(
    records: Iterable[tuple[int, Conversation | Rejection]],
    key: bytes,
    metadata: Sequence[str] = (),
    advance: Advance = lambda _more: None,
) -> Ingested:
    """Turn records into the ``conversations`` table (see :mod:`clio.tables`), sorted by content digest.

    A source id that occurs more than once keeps its longest conversation (its latest state, as in the Clio paper's
    G.1): the one of most turns, then of most characters. The others are rejected as ``duplicate id``.
    """
    columns: dict[str, list[Any]] = {column.name: [] for column in CONVERSATIONS.columns}
    named: list[bool] = []
    rejections: list[tuple[int, int, str]] = []
    number = 0
    for number, (file, record) in enumerate(records, start=1):
        if number % 1000 == 0:
            advance(1000)
        if isinstance(record, Rejection):
            rejections.append((file, record.record, record.reason))
            continue
        _append(columns, file, record, key, metadata)
        named.append(bool(record.source_id))
    advance(number % 1000)
    table = pa.table(columns, schema=CONVERSATIONS.schema)
    table = table.append_column("named", pa.array(named, pa.bool_())).sort_by(
        [("order", "ascending"), ("conversation_id", "ascending"), ("file", "ascending"), ("record", "ascending")]
    )
    kept, duplicates = _unique(table, key)
    rejections += duplicates
    return Ingested(kept, sorted(rejections))


def _append(
    columns: dict[str, list[Any]], file: int, record: Conversation, key: bytes, metadata: Sequence[str]
) -> None:
    digest = _digest(record)
    conversation_id = pseudonym(key, "conversation" if record.source_id else "contents", record.source_id or digest)
    account = (record.account or "").strip()
    row: dict[str, Any] = {
        "conversation_id": conversation_id,
        "account_id": pseudonym(key, "account", account) if account else pseudonym(key, "own", conversation_id),
        "account_given": bool(account),
        "file": file,
        "record": record.record,
        "started_at": record.started_at,
        "turns": len(record.turns),
        "user_turns": sum(turn.role == "user" for turn in record.turns),
        "characters": sum(len(turn.text) for turn in record.turns),
        "model": _storable(record.metadata.get("model")),
        "surface": _storable(record.metadata.get("surface")),
        "metadata": json.dumps({name: record.metadata[name] for name in sorted(metadata) if name in record.metadata}),
        "order": int(digest[:16], 16),
    }
    for name, value in row.items():
        columns[name].append(value)


def _storable(text: str | None) -> str | None:
    """Readers do this already; a conversation made in Python may still hold a lone surrogate."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _digest(record: Conversation) -> str:
    """128 bits of everything the source told, as hex. Unkeyed, so that the order is the same on every machine."""
    digest = hashlib.blake2b(digest_size=16)
    head = (record.source_id, record.account, record.started_at.isoformat() if record.started_at else None)
    digest.update(json.dumps([head, sorted(record.metadata.items())]).encode())
    for turn in record.turns:
        digest.update(f"\0{turn.role}\0{turn.kind}\0{len(turn.text)}\0".encode())
        digest.update(turn.text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _unique(table: pa.Table, key: bytes) -> tuple[pa.Table, list[tuple[int, int, str]]]:
    """Keep the longest of each repeated source id; number the repeats of records that have no id."""
    ids = table.column("conversation_id").to_pylist()
    repeated = {value for value, times in Counter(ids).items() if times > 1}
    if not repeated:
        return table.drop_columns(["named"]), []
    named = table.column("named").to_pylist()
    length = list(zip(table.column("turns").to_pylist(), table.column("characters").to_pylist(), strict=True))
    own = table.column("account_given").to_pylist()
    accounts = table.column("account_id").to_pylist()
    best: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for row, value in enumerate(ids):
        if value not in repeated:
            continue
        if named[row]:
            if value not in best or length[row] > length[best[value]]:
                best[value] = row
        else:
            seen[value] += 1
            if seen[value] > 1:
                ids[row] = pseudonym(key, "repeat", f"{value}\0{seen[value]}")
                if not own[row]:
                    accounts[row] = pseudonym(key, "own", ids[row])
    keep = [not (named[row] and value in repeated and best[value] != row) for row, value in enumerate(ids)]
    files, records = table.column("file").to_pylist(), table.column("record").to_pylist()
    duplicates = [(files[row], records[row], "duplicate id") for row, kept in enumerate(keep) if not kept]
    table = table.drop_columns(["named", "conversation_id", "account_id"])
    table = table.append_column("conversation_id", pa.array(ids)).append_column("account_id", pa.array(accounts))
    return CONVERSATIONS.validate(table.filter(pa.array(keep))), duplicates


def run(config: RunConfig, context: Context) -> None:
    """Read every source, reject, sample, and write ``conversations`` and ``rejected.jsonl``."""
    from clio.conversations.sample import choose

    def records() -> Iterable[tuple[int, Conversation | Rejection]]:
        for file, stream in context.sources.read(config):
            for record in stream:
                yield file, record

    with context.reporter.track("ingest", 0) as advance:
        found = ingest(records(), context.key, config.ingest.metadata, advance)
    names = {number: path.name for number, path in enumerate(context.sources.paths)}
    with replacing(context.workspace / REJECTED) as handle:
        for file, record, reason in found.rejections:
            line = {"file": names.get(file, "(records)"), "line": record, "reason": reason}
            handle.write((json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
    if not found.conversations.num_rows:
        reasons = dict(Counter(reason for _, _, reason in found.rejections))
        raise InputError(f"no usable conversation in {len(names) or 1} input(s); rejected: {reasons or 'nothing'}")
    reasons = choose(found.conversations, config.ingest.sampling, config.seed)
    kept = found.conversations.filter(pc.is_null(reasons))
    if not kept.num_rows:
        raise InputError(f"the sampling rules leave no conversation of {found.conversations.num_rows}")
    context.write("conversations", kept)
    context.notes |= _notes(found, kept, reasons)


def _notes(found: Ingested, kept: pa.Table, reasons: pa.Array) -> dict[str, Any]:
    given = int(np.sum(kept.column("account_given").to_numpy(zero_copy_only=False)))
    return {
        "counts": {
            "input": found.conversations.num_rows + len(found.rejections),
            "rejected": len(found.rejections),
            "sampled_out": found.conversations.num_rows - kept.num_rows,
        },
        "reasons": {
            "rejected": dict(sorted(Counter(reason for _, _, reason in found.rejections).items())),
            "sampled_out": dict(sorted(Counter(reason for reason in reasons.to_pylist() if reason).items())),
        },
        "accounts": {
            "distinct": len(pc.unique(kept.column("account_id"))),
            "conversations_with_account": given,
            "note": ""
            if given == kept.num_rows
            else f"{kept.num_rows - given} conversations name no account: each counts as an account of its own, "
            "so thresholds on accounts protect no more than thresholds on conversations for them",
        },
    }


def _identity(context: Context) -> dict[str, Any]:
    inputs = [item["sha256"] for item in context.manifest.data.get("inputs", [])]
    return {"inputs": inputs, "key": key_id(context.key)}


STAGE = Stage(
    name="ingest",
    run=run,
    version=1,
    sections=("ingest", "seed"),
    outputs=("workspace/conversations.parquet", f"workspace/{REJECTED}"),
    identity=_identity,
)
