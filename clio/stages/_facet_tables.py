"""From the journal of facets to tables, and what the manifest says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from clio.errors import RunError
from clio.runs.context import Context
from clio.runs.journal import Journal, Rows
from clio.tables import FACETS, SCREENED, SIGNATURES


def gather(context: Context, conversations: pa.Table, facets: Sequence[str], journal: Journal) -> None:
    """Write ``facets``, ``screened`` and ``signatures`` in the order of ``conversations``.

    Columnar: a million conversations with ten facets are some hundred megabytes. RunError where the journal does not
    hold every conversation.
    """
    from clio.prompts.facets import prompt_hashes

    parts: list[pa.Table] = []
    screened: Rows = []
    signatures: dict[str, bytes] = {}
    counted: Counter[str] = Counter()
    for entry in journal.entries():
        parts.append(FACETS.build(entry.facets))
        screened += entry.screened
        signatures |= entry.signatures
        counted.update(entry.counts)
    answers = pa.concat_tables(parts) if parts else FACETS.build([])
    place = {name: n for n, name in enumerate(conversations.column("conversation_id").to_pylist())}
    order = {name: n for n, name in enumerate(facets)}
    key = np.array([place[n] for n in answers.column("conversation_id").to_pylist()], dtype=np.int64) * len(order)
    key += np.array([order[n] for n in answers.column("facet").to_pylist()], dtype=np.int64)
    answers = answers.take(pa.array(np.argsort(key, kind="stable")))
    screened.sort(key=lambda row: place[row["conversation_id"]])
    kept = conversations.num_rows - len(screened)
    if answers.num_rows != kept * len(facets):
        raise RunError(
            f"the input changed while it was read: {answers.num_rows} answers for {kept} conversations and "
            f"{len(facets)} facets. Run the same command again."
        )
    signed = sorted(signatures, key=lambda name: place[name])
    context.write("facets", answers)
    context.write("screened", SCREENED.build(screened))
    context.write(
        "signatures", SIGNATURES.build([{"conversation_id": name, "signature": signatures[name]} for name in signed])
    )
    context.notes |= _notes(answers, screened, kept) | {
        "written": {name: counted[name] for name in ("written", "rephrased", "withheld")},
        "leaks": {name: count for name, count in sorted(counted.items()) if ": " in name},
        "redactor": context.redactor.describe(),
    }
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
