"""What the statement of a release is made of: the run's own notes, held to the thresholds like every other number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.privacy.leaks import Detector, Gauge, Stage, leak_rates
from clio.privacy.statement import languages_told, statement
from clio.runs.context import Context
from clio.stages._audited import measured
from clio.stages._breakdowns import ALL, Tables


def told(
    config: RunConfig,
    context: Context,
    facets: Sequence[Facet],
    tables: Tables,
    counts: Mapping[str, int] | None,
    noise: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The statement about final ``tables``; ``counts`` as in the manifest of the run.

    Without ``counts`` the release has noise, and nothing is told that was counted without it.
    """
    least = config.release.min_conversations
    clusters = tables["clusters"].to_pylist()
    notes = context.manifest.stage("extract_facets")
    names = [" ".join((row["name"], row["summary"], *row["terms"])) for row in clusters]
    found, written = dict(Gauge(context.redactor).look("release", names)), dict.fromkeys(_WRITTEN)
    suppressed: dict[str, int | None] = dict.fromkeys(("clusters", "cells", "cells_by_subtraction"))
    if counts is not None:
        found |= notes.get("leaks", {})
        suppressed = {name: counts[f"suppressed_{name}"] for name in suppressed}
        written = {name: _enough(notes.get("written", {}).get(name, 0), least) for name in _WRITTEN}
    return statement(
        tables["privacy"].to_pylist(),
        config.release.model_dump(mode="json"),
        leak_rates(found, _filtered(config, bool(notes.get("written", {}).get("written"))), least),
        measured(config, context, clusters),
        suppressed,
        _languages(facets, tables, notes.get("redactor", {}).get("name_languages", [])),
        written,
        noise,
    )


_WRITTEN = ("written", "rephrased", "withheld")


def _enough(count: int, least: int) -> int | None:
    return count if count == 0 or count >= least else None


def _filtered(config: RunConfig, by_model: bool) -> dict[Stage, tuple[Detector, ...]]:
    """Which detectors of names removed what they found before each stage."""
    first: tuple[Detector, ...] = ("first",) if config.redact.names_in_source else ()
    source = (*first, "second") if config.redact.second_in_source else first
    both: tuple[Detector, ...] = ("first", "second")
    return {"redacted": source, "facet": both if by_model else ("first", *source[1:]), "release": both}


def _languages(facets: Sequence[Facet], tables: Tables, detected: Sequence[str]) -> dict[str, Any]:
    mine = {facet.name for facet in facets if facet.kind == "computed" and (facet.compute or facet.name) == "language"}
    if not mine:
        return languages_told(None, detected)
    rows = tables["breakdowns"].to_pylist()
    codes = [r["value"] for r in rows if r["cluster_id"] == ALL and r["facet"] in mine and r["kind"] == "value"]
    return languages_told(codes, detected)
