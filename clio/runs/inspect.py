"""What ``clio inspect`` says: facts about an input before it is run, or about a run. Never a word of a conversation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clio.config import RunConfig
from clio.config.ingest import IngestConfig
from clio.conversations.types import Rejection
from clio.runs import encryption, permissions, purge, retention
from clio.runs.manifest import Manifest

MOST_RECORDS = 200_000
"""Records looked at; a larger input is described from its beginning, and the facts say so."""


def inspect_input(path: Path, config: IngestConfig | None = None) -> dict[str, Any]:
    """Format, counts, accounts, dates, lengths, models and surfaces of a file or folder.

    Raises:
        InputError: nothing of it can be read.
    """
    from clio.conversations.detect import detect
    from clio.conversations.files import sources
    from clio.conversations.readers import read

    config = config or RunConfig().ingest
    files = sources(path)
    reasons: Counter[str] = Counter()
    turns: Counter[int] = Counter()
    characters = conversations = timed = 0
    accounts: set[str] = set()
    models: Counter[str] = Counter()
    first = last = None
    looked = 0
    for file in files:
        for record in read(file, config):
            looked += 1
            if looked > MOST_RECORDS:
                break
            if isinstance(record, Rejection):
                reasons[record.reason] += 1
                continue
            conversations += 1
            turns[sum(turn.role == "user" for turn in record.turns)] += 1
            characters += sum(len(turn.text) for turn in record.turns)
            if record.account:
                accounts.add(record.account)
            if record.started_at is not None:
                timed += 1
                first = min(first or record.started_at, record.started_at)
                last = max(last or record.started_at, record.started_at)
            models[record.metadata.get("model", "not told")] += 1
    one = turns.get(1, 0)
    return {
        "files": len(files),
        "format": ", ".join(sorted({detect(file, config) for file in files})),
        "bytes": sum(file.stat().st_size for file in files),
        "records": looked if looked <= MOST_RECORDS else f"the first {MOST_RECORDS:,}",
        "conversations": conversations,
        "rejected": dict(reasons.most_common()) or 0,
        "accounts": len(accounts) or "none named: each conversation will count as its own",
        "user turns": f"{one:,} with one, {conversations - one:,} with more" if conversations else 0,
        "mean characters": round(characters / conversations) if conversations else 0,
        "dates": f"{first:%Y-%m-%d} to {last:%Y-%m-%d} ({timed:,} dated)" if first and last else "none",
        "models": dict(models.most_common(8)),
    }


def inspect_run(folder: Path) -> dict[str, Any]:
    """Status, counts, reasons and seconds of a run, from its manifest."""
    manifest = Manifest.open(folder).data
    stages = manifest.get("stages", {})
    seconds = {name: entry["seconds"] for name, entry in stages.items() if "seconds" in entry}
    facts: dict[str, Any] = {
        "title": manifest.get("title"),
        "status": manifest.get("status"),
        "clio": manifest.get("clio"),
        **_fixed_and_noisy(manifest),
        "inputs": ", ".join(str(item.get("file", "records")) for item in manifest.get("inputs", [])),
        **{name.replace("_", " "): value for name, value in manifest.get("counts", {}).items()},
        "seconds": seconds,
        "workspace": "; ".join(
            filter(
                None,
                (
                    purge.told(manifest) or permissions.told(folder),
                    encryption.told(folder),
                    retention.told(folder, manifest),
                ),
            )
        ),
    }
    if "stopped_in" in manifest and manifest.get("status") == "stopped":
        facts["stopped in"] = f"{manifest['stopped_in']} ({manifest.get('stopped_by')})"
    reasons = stages.get("ingest", {}).get("reasons", {})
    facts |= {f"why {kind.replace('_', ' ')}": found for kind, found in reasons.items() if found}
    return facts


def _fixed_and_noisy(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Which taxonomy was given, and what noise spent; empty where neither."""
    facts: dict[str, Any] = {}
    given, noise = manifest.get("taxonomy"), manifest.get("stages", {}).get("publish", {}).get("noise")
    if given:
        facts["taxonomy"] = f"{given['file']}, {given['base_clusters']} base clusters"
    if noise:
        spent, before = f"epsilon {noise['epsilon']:g}, delta {noise['delta']:.3g}", noise["composed"]
        facts["differential privacy"] = f"{spent} ({noise['backend']})"
        facts["all releases of these data"] = (
            f"epsilon {before['epsilon']:g}, delta {before['delta']:.3g} over {before['releases']}"
        )
    return facts
