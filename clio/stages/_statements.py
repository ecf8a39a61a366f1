"""What a release says of itself: the rules, and a manifest without a word about single people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.privacy.thresholds import Thresholds


def statements(config: RunConfig, manifest: Mapping[str, Any], counts: Mapping[str, int]) -> list[dict[str, object]]:
    """Rows of the ``privacy`` table."""
    release = config.release
    least = config.describe.least_accounts(release.preset)
    facets = manifest.get("stages", {}).get("extract_facets", {})
    accounts = manifest.get("stages", {}).get("ingest", {}).get("accounts", {})
    redactor = facets.get("redactor", {})
    names = "model and cues" if redactor.get("names_available") else str(redactor.get("names") or "off")

    given = manifest.get("taxonomy") is not None

    return [
        rule(
            "least conversations", release.min_conversations, counts["suppressed_clusters"], "clusters",
            f"Every number shown is about at least {release.min_conversations} conversations.",
        ),
        rule(
            "least accounts", release.min_accounts, counts["suppressed_clusters"], "clusters",
            f"Every number shown is about at least {release.min_accounts} distinct accounts."
            + _account_note(accounts),
        ),
        rule(
            "largest share of one account", release.max_account_share, None, "conversations",
            f"No account is more than {release.max_account_share:.0%} of what a cluster counts.",
        ),
        rule(
            "cells under threshold", "", counts["suppressed_cells"], "cells",
            "A facet value or week with too few people in a cluster is not shown there.",
        ),
        rule(
            "cells hidden against subtraction", "", counts["suppressed_cells_by_subtraction"], "cells",
            "Where one hidden cell could be worked out from a total, a further cell is hidden too.",
        ),
        rule(*_GIVEN) if given else rule(
            "terms", f"{least} + 0 to {config.describe.margin(release.preset)}", None, "terms",
            f"A word of a term, name or summary is shown only where at least {least} accounts of the cluster used it, "
            "and up to so many more, which nobody knows, or where it comes from a public list and no conversation. "
            "A listed word for a sensitive attribute needs as many accounts that used it as that rule below says.",
        ),
        rule(
            "redaction", f"names: {names}", None, "texts",
            "Identifiers and secrets are taken out of every text before a model reads it and of all that a model wrote."
            + _NAMES.get(names, ""),
        ),
        rule(
            "what this does not promise", "", None, "",
            f"{'Conversations are put into given clusters' if given else 'Clusters are formed from the conversations'}"
            f"{'' if given else ' themselves'}: this is aggregation with thresholds, not "
            "differential privacy, and a cluster's size is not a prevalence.",
        ),
    ]  # fmt: skip


def rule(name: str, setting: object, hidden: int | None, unit: str, statement: str) -> dict[str, object]:
    """A row of the ``privacy`` table."""
    return {"rule": name, "setting": str(setting), "hidden": hidden, "unit": unit, "statement": statement}


_GIVEN = (
    "given names", "taxonomy", None, "names",
    "Clusters, names and summaries were given in a file before the run: none of their words comes from a conversation "
    "of it, and nothing judged them. A conversation is counted in the cluster it is nearest to.",
)  # fmt: skip


def _account_note(accounts: Mapping[str, Any]) -> str:
    """What it means that accounts are missing; not how many are, for that number is held to no threshold."""
    if not accounts.get("note"):
        return ""
    who = "Some conversations do not name" if accounts.get("conversations_with_account") else "No conversation names"
    return (
        f" {who} an account: each of these counts as an account of its own, so that for them this rule protects no "
        "more than the one on conversations."
    )


_NAMES = {
    "off": " Person names were not looked for: that is turned off.",
    "cues only": " Person names were looked for by their surroundings only: the optional detector is not installed.",
}


def public_manifest(
    config: RunConfig,
    manifest: Mapping[str, Any],
    facets: Sequence[Facet],
    released: tuple[int, int],
    outside: Mapping[int, int],
    counts: Mapping[str, int],
) -> dict[str, Any]:
    """``release/manifest.json``: settings and totals that hold the thresholds; no file name, no time of running.

    ``released`` is (conversations, accounts); ``outside`` has the conversations of each account that were read and are
    in no number of the release: their total is a cell like any other, told only where it passes.
    """
    conversations, accounts = released
    left_out = sum(outside.values())
    thresholds = Thresholds.of(config.release)
    enough = not outside or thresholds.passes(left_out, len(outside), max(outside.values()))
    public = about(config, manifest, facets, conversations + left_out if enough else None) | {
        "conversations": conversations,
        "accounts": accounts,
        "conversations_outside": left_out if enough else None,
        "conversations_outside_note": "" if enough else "some, under the thresholds",
        "clusters": counts["released_clusters"],
        "suppressed_clusters": counts["suppressed_clusters"],
        "suppressed_cells": counts["suppressed_cells"],
    }
    return sealed(public)


def about(
    config: RunConfig, manifest: Mapping[str, Any], facets: Sequence[Facet], told: int | None = None
) -> dict[str, Any]:
    """How a release was made: settings, models, prompts. Nothing here is a number about the data.

    ``told`` is how many conversations the release tells of in all; None where some are not told.
    """
    shown = config.model_dump(mode="json", include={"seed", "cluster", "describe", "arrange", "project", "release"})
    shown["describe"]["term_accounts"] = config.describe.least_accounts(config.release.preset)
    noise = shown["release"].pop("noise")
    if config.release.noise.on:
        shown["release"]["noise"] = {key: value for key, value in noise.items() if key != "dataset"}
    shown["sampling"] = _sampling(config, told)
    shown["window"] = config.facets.window.model_dump(mode="json")
    screener = config.facets.screener
    given = manifest.get("taxonomy")
    return {
        "title": config.title,
        "clio": manifest.get("clio"),
        "settings": shown,
        "writer": manifest.get("models", {}).get("writer"),
        "encoder": manifest.get("models", {}).get("encoder"),
        "prompts": manifest.get("prompts", {}),
        "facets": [facet.model_dump(mode="json", exclude_defaults=True) for facet in facets],
        "screener": screener.model_dump(mode="json", include={"question", "keep"}) if screener else None,
        **({"taxonomy": {key: given[key] for key in ("digest", "base_clusters")}} if given else {}),
    }


def _sampling(config: RunConfig, told: int | None) -> dict[str, Any]:
    """Which conversations were kept.

    A sample that was full has ``size`` conversations, so the number less what the release tells is what it hides: how
    many are under the thresholds, or were put aside by the screener. It is told where that is none.
    """
    shown = config.ingest.sampling.model_dump(mode="json")
    size = shown["size"]
    exact = size == told and config.release.round_to == 1
    return shown | {"size": size if exact else None, "limited": size is not None}


def sealed(public: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with a digest of its contents."""
    text = json.dumps(public, sort_keys=True, ensure_ascii=False)
    return {**public, "digest": hashlib.sha256(text.encode()).hexdigest()}
