"""A release under ``release.noise: dp``: what ``publish`` writes instead of exact counts.

Nothing here may put into a release what the noise has not passed over: no total, no count of what is hidden, no order
by size. Exact numbers stay in the run's own manifest and in the workspace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.privacy import rounding
from clio.privacy._noise_ledger import LEDGER, Ledger, fingerprints, shared_ledger
from clio.privacy._noise_statements import noise_manifest, noise_statements, not_whole
from clio.privacy._noise_tables import Rows, check_noise, noisy_release
from clio.privacy.thresholds import Thresholds
from clio.privacy.wall import check_release, clean_text
from clio.runs.context import Context
from clio.runs.files import write_json
from clio.stages._audited import rules as audit_rules
from clio.stages._breakdowns import Tables
from clio.stages._statements import about, rule, sealed, statements
from clio.tables import CLUSTERS, PRIVACY

RELEASED_IDS = "released_ids.json"
_KEPT_RULES = ("terms", "given names", "redaction")
"""Rules of an ordinary release that hold here word for word."""
Scan = Callable[[str], Sequence[object]]


def noisy(
    config: RunConfig, context: Context, rows: Rows, facets: Sequence[Facet], scan: Scan
) -> tuple[Tables, dict[str, Any]]:
    """The checked tables and the manifest of a release with noise; enters in the ledger what it spends.

    Raises:
        PrivacyError: the budget of these data is spent, or a name may not be shown. Nothing was spent.
        ConfigError: the settings cannot be met. Nothing was spent.
    """
    taxonomy, noise, thresholds = context.taxonomy, config.release.noise, Thresholds.of(config.release)
    fixed = taxonomy is not None and not taxonomy.learned_here
    check_noise(facets, noise)
    if taxonomy is None:
        rows = _renamed(rows, context)
    _check_names(rows.hierarchy, thresholds, scan)
    ledger = Ledger(shared_ledger(), context.workspace / LEDGER)
    data = fingerprints(context.manifest.data["inputs"], noise.dataset, context.key)
    found = noisy_release(
        rows, facets, noise, thresholds, lambda budgets: ledger.charge(data, budgets, noise), fixed=fixed, scan=scan
    )
    reasons = not_whole(config, fixed=fixed, exact=len(list((context.workspace / "releases").glob("*.json"))))
    audited = audit_rules(config, context.read("audits").to_pylist()) if taxonomy is None else []
    said = [*noise_statements(found, reasons), *_rules(config, context.manifest.data, audited)]
    tables = found.tables | {"privacy": PRIVACY.build(said)}
    checked = check_release(tables, thresholds, scan)
    told = noise_manifest(found, reasons)
    clusters = checked["clusters"].num_rows
    public = about(config, context.manifest.data, facets) | {
        "conversations": found.conversations,
        "accounts": found.accounts,
        "conversations_outside": None,
        "conversations_outside_note": "not told: how many there are is a count of the data",
        "clusters": clusters,
        "suppressed_clusters": None,
        "suppressed_cells": None,
        "noise": told,
    }
    context.notes |= {
        "counts": {"released_conversations": found.conversations, "released_clusters": clusters},
        "noise": told,
    }
    base = config.release.round_to
    return rounding.round_tables(checked, base), rounding.round_manifest(sealed(public), base)


def warn_after_noise(context: Context) -> None:
    """Say what an exact release does to those with noise that this run made."""
    if (context.workspace / LEDGER).exists():
        context.reporter.say(
            "  this run has made releases with noise. This one has none: whoever sees both has exact counts, and what "
            "the noise promised no longer holds"
        )


def _renamed(rows: Rows, context: Context) -> Rows:
    """Rows whose cluster ids say nothing of size: learned ones are numbered by it, these by name.

    Which is which is kept in the workspace.
    """
    given = {row["cluster_id"]: row for row in rows.hierarchy}

    def place(name: str) -> tuple[str, str, str]:
        row = given[name]
        return row["name"], row["summary"], hashlib.sha256(name.encode()).hexdigest()

    levels = sorted({int(row["level"]) for row in rows.hierarchy})
    listed = {level: sorted((n for n, row in given.items() if row["level"] == level), key=place) for level in levels}
    new = {old: f"{level}-{number:04d}" for level, names in listed.items() for number, old in enumerate(names)}
    write_json(context.workspace / RELEASED_IDS, {new[old]: old for old in sorted(new, key=new.__getitem__)})
    hierarchy = [
        {**row, "cluster_id": new[row["cluster_id"]], "parent_id": new[row["parent_id"]] if row["parent_id"] else None}
        for row in rows.hierarchy
    ]
    return replace(rows, hierarchy=sorted(hierarchy, key=lambda row: (row["level"], row["cluster_id"])))


def _check_names(hierarchy: Sequence[Mapping[str, Any]], thresholds: Thresholds, scan: Scan) -> None:
    """Hold every name that might be shown to the wall before anything is spent, and whatever its count will be."""
    enough = max(thresholds.conversations, thresholds.accounts)
    check_release(
        {
            "clusters": CLUSTERS.build(
                [
                    {
                        "cluster_id": row["cluster_id"], "level": row["level"], "parent_id": row["parent_id"],
                        "name": clean_text(row["name"]), "summary": clean_text(row["summary"]),
                        "terms": [clean_text(term) for term in row["terms"]], "conversations": enough,
                        "accounts": enough, "share": 1.0, "merged": False, "x": None, "y": None,
                        "stability": None,
                        "writer": clean_text(row["writer"]),
                    }
                    for row in hierarchy
                ]
            )
        },
        thresholds,
        scan,
    )  # fmt: skip


def _rules(
    config: RunConfig, manifest: Mapping[str, Any], audited: Sequence[Mapping[str, object]]
) -> list[dict[str, object]]:
    """What else holds. ``hidden`` is null throughout: how much is hidden is itself a count of the data."""
    release = config.release
    none = {"suppressed_clusters": 0, "suppressed_cells": 0, "suppressed_cells_by_subtraction": 0}
    kept = [row for row in statements(config, manifest, none) if row["rule"] in _KEPT_RULES]
    return [
        rule(
            "least conversations", release.min_conversations, None, "conversations",
            f"A number is shown only where it is at least {release.min_conversations} with its noise.",
        ),
        rule(
            "least accounts", release.min_accounts, None, "accounts",
            f"A number is shown only where, with its noise, it stands for at least {release.min_accounts} accounts. A "
            "conversation that names no account counts as an account of its own.",
        ),
        rule(
            "share of one account", config.release.noise.most_conversations, None, "conversations",
            "Of one account no cell counts more conversations than this, and no table more cells than its bound.",
        ),
        *kept,
        *({**row, "hidden": None} for row in audited),
        *([rounding.statement(release.round_to)] if release.round_to > 1 else []),
        rule(
            "what this does not promise", "", None, "",
            "Nothing is promised of the private side of the run, of running times, or of what else is published of the "
            "same data: exact counts above all. A cluster's size is not a prevalence.",
        ),
    ]  # fmt: skip
