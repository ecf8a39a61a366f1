"""What a release says of itself: the rules, and a manifest without a word about single people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from clio.config import RunConfig
from clio.config.facets import Facet


def statements(config: RunConfig, manifest: Mapping[str, Any], counts: Mapping[str, int]) -> list[dict[str, object]]:
    """Rows of the ``privacy`` table."""
    release = config.release
    facets = manifest.get("stages", {}).get("extract_facets", {})
    accounts = manifest.get("stages", {}).get("ingest", {}).get("accounts", {})
    no_names = not facets.get("redactor", {}).get("names", False)

    def rule(name: str, setting: object, hidden: int | None, unit: str, statement: str) -> dict[str, object]:
        return {"rule": name, "setting": str(setting), "hidden": hidden, "unit": unit, "statement": statement}

    return [
        rule(
            "least conversations", release.min_conversations, counts["suppressed_clusters"], "clusters",
            f"Every number shown is about at least {release.min_conversations} conversations.",
        ),
        rule(
            "least accounts", release.min_accounts, counts["suppressed_clusters"], "clusters",
            f"Every number shown is about at least {release.min_accounts} distinct accounts."
            + (" " + accounts["note"].capitalize() + "." if accounts.get("note") else ""),
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
        rule(
            "terms", config.describe.term_accounts, None, "terms",
            f"A term is shown only where at least {config.describe.term_accounts} accounts of the cluster used it.",
        ),
        rule(
            "redaction", "names: no" if no_names else "names: yes", None, "texts",
            "Identifiers and secrets are taken out of every text before a model reads it and of all that a model wrote."
            + (" Person names were not looked for: the optional detector is not installed." if no_names else ""),
        ),
        rule(
            "what this does not promise", "", None, "",
            "Clusters are formed from the conversations themselves: this is aggregation with thresholds, not "
            "differential privacy, and a cluster's size is not a prevalence.",
        ),
    ]  # fmt: skip


def public_manifest(
    config: RunConfig,
    manifest: Mapping[str, Any],
    facets: Sequence[Facet],
    released: int,
    accounts: int,
    counts: Mapping[str, int],
) -> dict[str, Any]:
    """``release/manifest.json``: settings and totals that hold the thresholds; no file name, no time of running."""
    kept = manifest.get("counts", {}).get("conversations") or manifest.get("stages", {}).get("extract_facets", {}).get(
        "counts", {}
    ).get("conversations", released)
    outside = int(kept) - released
    enough = outside == 0 or outside >= config.release.min_conversations
    shown = config.model_dump(mode="json", include={"seed", "cluster", "describe", "arrange", "project", "release"})
    public = {
        "title": config.title,
        "clio": manifest.get("clio"),
        "settings": shown,
        "writer": manifest.get("models", {}).get("writer"),
        "encoder": manifest.get("models", {}).get("encoder"),
        "prompts": manifest.get("prompts", {}),
        "facets": [facet.model_dump(mode="json", exclude_defaults=True) for facet in facets],
        "conversations": released,
        "accounts": accounts,
        "conversations_outside": outside if enough else None,
        "conversations_outside_note": "" if enough else f"fewer than {config.release.min_conversations}",
        "clusters": counts["released_clusters"],
        "suppressed_clusters": counts["suppressed_clusters"],
        "suppressed_cells": counts["suppressed_cells"],
    }
    text = json.dumps(public, sort_keys=True, ensure_ascii=False)
    return public | {"digest": hashlib.sha256(text.encode()).hexdigest()}
