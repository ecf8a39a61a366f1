"""What comes after the audit: the words that may be shown, what measures them, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from clio.config import RunConfig
from clio.config.models import MessagesWriter
from clio.errors import ModelError, RunError
from clio.models.protocol import StructuredWriter
from clio.privacy.auditor import DETECTED, LINKED, SENSITIVE_WORD, Text, auditor_id, band, bands_below, capable, measure
from clio.privacy.sensitive import KINDS
from clio.runs.context import Context

SHOWN = ("name", "summary", "terms", "writer")
"""The columns of ``audits`` that stand in for those of ``hierarchy``."""


def audited(hierarchy: Sequence[Mapping[str, Any]], audits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of ``hierarchy`` with the words that passed. RunError where one was not audited: none is let through."""
    by_id = {row["cluster_id"]: row for row in audits}
    missing = [row["cluster_id"] for row in hierarchy if row["cluster_id"] not in by_id]
    if missing:
        raise RunError(
            f"{len(missing)} clusters have no row in workspace/audits.parquet. Run the audit again (--force audit)."
        )
    return [{**row, **{name: by_id[row["cluster_id"]][name] for name in SHOWN}} for row in hierarchy]


def measured(config: RunConfig, context: Context, clusters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the final words of the released clusters give away, for the notes of a run.

    ``clusters`` are rows of the release table. An endpoint that cannot be asked does not stop the release: it is said.
    """
    texts = [Text(r["name"], r["summary"], tuple(r["terms"]), band(r["accounts"])) for r in clusters]
    small, scan = bands_below(config.audit.sensitive_accounts), context.redactor.scan
    if config.audit.judge == "off":
        return measure(texts, None, scan, small) | {"note": "not measured by a model: turned off"}
    with _measuring(config, context) as writer:
        if writer is None:
            return measure(texts, None, scan, small) | {"note": "not measured by a model: no capable model"}
        try:
            found = measure(texts, writer, scan, small)
        except ModelError as fault:
            note = f"not measured by a model: {type(fault).__name__}"
            return measure(texts, None, scan, small) | {"note": note}
        same = found["judge"] == auditor_id(context.writer)
    return found | {"note": "the model that filtered, asked in other words" if same else "another model"}


@contextmanager
def _measuring(config: RunConfig, context: Context) -> Iterator[StructuredWriter | None]:
    """The writer that measures. Only one writer at a time keeps the run's ledger: the other is closed meanwhile."""
    model = config.audit.measure_model
    if model is None or context.given_writer is not None or not isinstance(config.writer, MessagesWriter):
        yield capable(context.writer)
        return
    from clio.models.factory import make_writer

    chosen = config.writer.model_copy(update={"names_model": model, "names_effort": None})
    context.close()
    context.__dict__.pop("writer", None)
    writer = make_writer(chosen, context.encoder, context.workspace, context.reporter.say)
    try:
        yield capable(writer)
    finally:
        close = getattr(writer, "close", None)
        if close is not None:
            close()
        context.close()
        context.__dict__.pop("writer", None)
        _ = context.writer  # made anew: it reads what the other one spent


def rules(config: RunConfig, audits: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Rows of the ``privacy`` table about the audit; ``audits`` are those of the released clusters."""
    changed = [row for row in audits if row["outcome"] != "kept"]
    by_rule = [row for row in changed if row["reason"] in (SENSITIVE_WORD, LINKED)]
    detected = [row for row in changed if row["reason"] == DETECTED]
    auditor = next((row["auditor"] for row in audits), "")
    judged = bool(auditor) and not auditor.startswith("not audited")
    least, few = config.audit.least, config.audit.sensitive_accounts
    said = (
        f"A model rated every name and summary from 1 to 5 for what it tells of a person or small group and for "
        f"sensitive attributes of few; below {least} it was rewritten once or withheld. It can be wrong."
        if judged
        else "No model judged names and summaries in this run. They were held to the other rules of this table only."
    )
    return [
        {
            "rule": "privacy audit",
            "setting": f"{auditor}; least verdict {least}" if judged else auditor or "nothing to audit",
            "hidden": len(changed) - len(by_rule) - len(detected) if judged else None,
            "unit": "names",
            "statement": said,
        },
        {
            "rule": "sensitive attributes",
            "setting": str(few) if few else "off",
            "hidden": len(by_rule) if few else None,
            "unit": "names",
            "statement": f"A listed word for {', '.join(KINDS[:-1])} or {KINDS[-1]} is shown only of at least {few} "
            "accounts. The list is short and English: what it does not hold, it does not see."
            if few
            else "No list of sensitive words was applied.",
        },
        {
            "rule": "detectors on names and summaries",
            "setting": "",
            "hidden": len(detected),
            "unit": "names",
            "statement": "A name or summary in which a detector finds an identifier, a secret or a person was "
            "rewritten once or withheld; such a term is left out. Detectors miss things and see things.",
        },
    ]
