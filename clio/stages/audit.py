"""Judge what names and summaries give away before any is published: rewrite once, then withhold.

Three instruments. A capable model rates every text on two scales (:mod:`clio.privacy.auditor`). A list of words
(:mod:`clio.privacy.sensitive`), which needs no model, keeps sensitive attributes from being told of a small group. And
the detectors of names and identifiers look at every text, so that the last look at the release finds nothing. Without a
capable model every row says that it was not audited; the other two are applied all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from clio.config import RunConfig
from clio.config.audit import AuditConfig
from clio.errors import ModelSetupError
from clio.models.protocol import StructuredWriter
from clio.privacy.auditor import (
    DETECTED,
    LINKED,
    NO_MODEL,
    SENSITIVE,
    SENSITIVE_WORD,
    TURNED_OFF,
    WITHHELD_SUMMARY,
    Judge,
    Statements,
    Text,
    Verdict,
    auditor_id,
    band,
    capable,
)
from clio.privacy.sensitive import kinds_in
from clio.runs.context import Context
from clio.runs.stage import Stage
from clio.stages._names import Described
from clio.stages._people import people
from clio.stages._rewording import Rewording
from clio.tables import AUDITS
from clio.text.phrasing import distinct
from clio.text.words import keys

WITHHELD = "Withheld"
DETAILS_WITHHELD = "details withheld"

Detect = Callable[[Sequence[str]], Sequence[bool]]
"""Whether a detector finds something in each text: what the last look at the release would find there too."""


class OtherWords(Protocol):
    """Who finds other words: :class:`clio.stages._rewording.Rewording`."""

    def reworded(
        self, wanted: Mapping[int, tuple[Text, frozenset[str]]], writer: StructuredWriter
    ) -> dict[int, Described]:
        """By row, as far as they pass the checks of a name."""
        ...

    def domain(self, row: int) -> str:
        """The domain that may be told instead; empty where none."""
        ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """One row of ``hierarchy``, with the accounts behind it."""

    row: Mapping[str, Any]
    text: Text
    members: tuple[int, ...]
    """Rows of the base clusters it is made of."""
    below: tuple[int, ...]
    """Rows of all clusters below it."""


@dataclass(slots=True)
class _Case:
    """What is known of one cluster while it is audited."""

    shown: Text
    writer: str
    verdict: Verdict | None = None
    first: Verdict | None = None
    outcome: str = "kept"
    reason: str = ""
    blamed: frozenset[str] = frozenset()
    """The kinds of sensitive attribute for which it did not pass."""


def audit(
    clusters: Sequence[Cluster],
    accounts: Mapping[int, frozenset[int]],
    config: AuditConfig,
    judge: Judge | None,
    other: OtherWords,
    detect: Detect = lambda texts: [False] * len(texts),
) -> list[dict[str, Any]]:
    """Rows of ``audits`` without the auditor, in order.

    Args:
        clusters: all of a run, base clusters and those above.
        accounts: accounts of each base cluster, by its row.
        config: what has to be reached.
        judge: who rates; None where no model can.
        other: makes other words for those that did not pass.
        detect: in which texts a detector finds something.
    """
    alike = _alike(clusters)
    own = [_Case(cluster.text, cluster.row["writer"]) for cluster in clusters]
    cases = [own[row] for row in alike]
    first = sorted(set(alike))
    few, parts = config.sensitive_accounts, [cluster.members for cluster in clusters]
    stated = Statements([c.text for c in clusters], parts, accounts)
    for row in first:
        cases[row].shown = _with_terms(cases[row].shown, row, stated, few)
    _without_found(cases, first, detect)
    _rate(cases, first, judge)
    for row in first:
        cases[row].first = cases[row].verdict
    told = [case.verdict.kinds if case.verdict else frozenset[str]() for case in cases]
    stated = Statements([c.text for c in clusters], parts, accounts, told)
    failed = _faults(clusters, cases, first, stated, config, detect)
    for row, reason in failed.items():
        cases[row].reason = reason
    if judge is not None and failed:
        rewritten = _reword(clusters, cases, list(failed), judge, other)
        again = _faults(clusters, cases, rewritten, stated, config, detect)
        for row in rewritten:
            if row not in again:
                del failed[row]
    _withhold(cases, sorted(failed), first, other, detect)
    return [
        _row(cluster, case, stated.of(row)) for row, (cluster, case) in enumerate(zip(clusters, cases, strict=True))
    ]


def _alike(clusters: Sequence[Cluster]) -> list[int]:
    """For each row the first with the same words about the same people, as of a cluster that is alone in its parent."""
    seen: dict[tuple[object, ...], int] = {}
    return [seen.setdefault((c.text, c.members), row) for row, c in enumerate(clusters)]


def _with_terms(text: Text, row: int, stated: Statements, few: int) -> Text:
    """Without the terms that state a sensitive attribute of few."""
    kept = tuple(term for term in text.terms if not stated.exposed(row, kinds_in(term), few))
    return replace(text, terms=kept)


def _without_found(cases: Sequence[_Case], rows: Sequence[int], detect: Detect) -> None:
    """Take out the terms in which a detector finds something."""
    terms = sorted({term for row in rows for term in cases[row].shown.terms})
    found = {term for term, hit in zip(terms, detect(terms), strict=True) if hit}
    for row in rows:
        kept = tuple(term for term in cases[row].shown.terms if term not in found)
        cases[row].shown = replace(cases[row].shown, terms=kept)


def _rate(cases: Sequence[_Case], rows: Sequence[int], judge: Judge | None) -> None:
    if judge is not None:
        for row, verdict in zip(rows, judge([cases[row].shown for row in rows]), strict=True):
            cases[row].verdict = verdict


def _faults(
    clusters: Sequence[Cluster],
    cases: Sequence[_Case],
    rows: Sequence[int],
    stated: Statements,
    config: AuditConfig,
    detect: Detect,
) -> dict[int, str]:
    """Which of the rows do not pass, and why; notes in each case for which kinds."""
    few = config.sensitive_accounts
    found: dict[int, str] = {}
    touched: dict[int, frozenset[str]] = {}
    texts = [text for row in rows for text in (cases[row].shown.name, cases[row].shown.summary)]
    hits = detect(texts)
    for at, row in enumerate(rows):
        case = cases[row]
        words = kinds_in(case.shown.words)
        exposed = stated.exposed(row, words, few)
        touched[row] = words | (case.verdict.kinds if case.verdict else frozenset())
        fault = case.verdict.fault(config.least) if case.verdict else ""
        seen = DETECTED if any(hits[2 * at : 2 * at + 2]) else ""
        if reason := fault or (SENSITIVE_WORD if exposed else seen):
            found[row] = reason
            case.blamed |= touched[row] if fault == SENSITIVE else exposed
    for row in rows:
        below = frozenset(kind for one in clusters[row].below for kind in cases[one].blamed)
        linked = stated.exposed(row, touched[row] & below, few)
        if linked and row not in found:
            found[row] = LINKED
            cases[row].blamed |= linked
    return found


def _reword(
    clusters: Sequence[Cluster], cases: Sequence[_Case], failed: Sequence[int], judge: Judge, other: OtherWords
) -> list[int]:
    """Other words for those that did not pass, judged. A term stays only where the new words say it anyway."""
    wanted = {row: (clusters[row].text, cases[row].blamed) for row in failed}
    rewritten = other.reworded(wanted, judge.writer)
    for row, made in rewritten.items():
        said = set(keys(f"{made.name}. {made.summary}"))
        terms = tuple(term for term in cases[row].shown.terms if set(keys(term)) <= said)
        cases[row].shown = Text(made.name, made.summary, terms, clusters[row].text.accounts)
        cases[row].writer, cases[row].outcome = made.writer, "rewritten"
    _rate(cases, list(rewritten), judge)
    return list(rewritten)


def _withhold(
    cases: Sequence[_Case], failed: Sequence[int], first: Sequence[int], other: OtherWords, detect: Detect
) -> None:
    """A name that tells at most the domain, no summary but that, no terms."""
    gone = set(failed)
    used = {cases[row].shown.name.casefold() for row in first if row not in gone}
    for row in failed:
        domain = other.domain(row)
        if any(detect([f"{domain} ({DETAILS_WITHHELD})"])):
            domain = ""
        name = distinct(f"{domain} ({DETAILS_WITHHELD})" if domain else WITHHELD, used, [])
        used.add(name.casefold())
        case = cases[row]
        case.shown = Text(name, WITHHELD_SUMMARY, (), case.shown.accounts)
        case.writer = "vocabulary" if domain else "audit"
        case.outcome, case.verdict = "generalised" if domain else "withheld", None


def _row(cluster: Cluster, case: _Case, kinds: frozenset[str]) -> dict[str, Any]:
    verdict, first = case.verdict, case.first
    return {
        "cluster_id": cluster.row["cluster_id"],
        "name": case.shown.name,
        "summary": case.shown.summary,
        "terms": list(case.shown.terms),
        "writer": case.writer,
        "outcome": case.outcome,
        "reason": case.reason,
        "accounts": cluster.text.accounts,
        "identifiability": verdict.identifiability if verdict else None,
        "sensitivity": verdict.sensitivity if verdict else None,
        "first_identifiability": first.identifiability if first else None,
        "first_sensitivity": first.sensitivity if first else None,
        "kinds": sorted(kinds),
        "terms_hidden": len(cluster.text.terms) - len(case.shown.terms),
    }


def clusters_of(
    rows: Sequence[Mapping[str, Any]], accounts: Mapping[int, frozenset[int]]
) -> tuple[list[Cluster], dict[int, frozenset[int]]]:
    """The rows of ``hierarchy`` with who is behind them; ``accounts`` by base cluster number, given back by row."""
    place = {row["cluster_id"]: number for number, row in enumerate(rows)}
    members: list[list[int]] = [[] for _ in rows]
    below: list[list[int]] = [[] for _ in rows]
    for number, row in enumerate(rows):
        above: str | None = row["cluster_id"]
        while above is not None:
            if row["cluster"] is not None:
                members[place[above]].append(number)
            if place[above] != number:
                below[place[above]].append(number)
            above = rows[place[above]]["parent_id"]
    of_row = {n: accounts.get(row["cluster"], frozenset()) for n, row in enumerate(rows) if row["cluster"] is not None}
    clusters = []
    for number, row in enumerate(rows):
        people = len(frozenset[int]().union(*(of_row[base] for base in members[number])))
        text = Text(row["name"], row["summary"], tuple(row["terms"]), band(people))
        clusters.append(Cluster(row, text, tuple(members[number]), tuple(below[number])))
    return clusters, of_row


def run(config: RunConfig, context: Context) -> None:
    """Audit the words of ``hierarchy`` and write ``audits``."""
    writer, why = _auditor(config.audit, context)
    rows = context.read("hierarchy").to_pylist()
    clusters, accounts = clusters_of(rows, _accounts(context))
    judge = Judge(writer) if writer else None
    other = Rewording(rows, [cluster.members for cluster in clusters], config, context)
    with context.reporter.track("audit", len(rows)) as advance:
        found = audit(clusters, accounts, config.audit, judge, other, partial(_detected, context))
        advance(len(rows))
    auditor = auditor_id(writer) if writer else why
    context.write("audits", AUDITS.build([row | {"auditor": auditor} for row in found]))
    changed = [row for row in found if row["outcome"] != "kept"]
    context.notes |= {
        "auditor": auditor,
        "outcomes": dict(sorted(Counter(row["outcome"] for row in found).items())),
        "reasons": dict(sorted(Counter(row["reason"] for row in changed).items())),
        "terms_hidden": sum(row["terms_hidden"] for row in found),
        "requests": judge.asked if judge else 0,
        "requests_distrusted": judge.distrusted if judge else 0,
    }


def _detected(context: Context, texts: Sequence[str]) -> list[bool]:
    return [bool(spans) for spans in context.redactor.scan_many(texts, second=True)]


def _auditor(config: AuditConfig, context: Context) -> tuple[StructuredWriter | None, str]:
    """Who judges; None, and why, where nobody does. ModelSetupError where somebody has to."""
    if config.judge == "off":
        return None, TURNED_OFF
    writer = capable(context.writer)
    if writer is None and config.judge == "required":
        raise ModelSetupError(
            "audit.judge is `required`, and the writer of this run cannot judge names and summaries: it does not "
            "answer structured questions. Choose a model at an endpoint (writer: {backend: messages, model: ...}), or "
            "set audit.judge to `auto` and let the release say that it was not audited."
        )
    return writer, "" if writer else NO_MODEL


def _accounts(context: Context) -> dict[int, frozenset[int]]:
    """Distinct accounts of each base cluster, by its number; those that post the same text count as one."""
    account = people(context)
    found: dict[int, set[int]] = {}
    assigned = context.read("assignments").select(["conversation_id", "cluster"]).to_pydict()
    for name, cluster in zip(assigned["conversation_id"], assigned["cluster"], strict=True):
        found.setdefault(cluster, set()).add(account[name])
    return {cluster: frozenset(people) for cluster, people in found.items()}


def _identity(context: Context) -> dict[str, str]:
    from clio.prompts.facets import prompt_hashes

    preset, describing = context.config.release.preset, context.config.describe
    least = f"{describing.least_accounts(preset)} {describing.margin(preset)} {context.config.audit.sensitive_accounts}"
    own = {name: digest for name, digest in prompt_hashes().items() if name in ("audit", "reword")}
    return own | {"least_accounts": least}


STAGE = Stage(
    name="audit",
    run=run,
    version=3,
    sections=("audit", "describe", "writer", "encoder", "redact", "seed"),
    after=("extract_facets", "embed", "cluster", "describe", "arrange"),
    outputs=("workspace/audits.parquet",),
    identity=_identity,
)
