"""Facets that need no model."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from clio.config.facets import Facet
from clio.models.protocol import Answer

LANGUAGE_CHARACTERS = 2_000
"""Characters of the user's text that the language detector reads: more changes no verdict and costs time."""
_NOT_LANGUAGE = re.compile(r"```.*?(?:```|\Z)|\[[A-Za-z][^\[\]\n]{0,60}\]|https?://\S+", re.S)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MISSING = Answer("na", writer="computed", reason="not told by the source")


@cache
def _detector() -> Any:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()


def detect_languages(texts: Sequence[str]) -> list[str | None]:
    """ISO 639-1 codes by lingua (offline); None where there is too little to tell by.

    Fenced code and placeholders are left out first: they are in no human language.
    """
    plain = [_NOT_LANGUAGE.sub(" ", text[: 2 * LANGUAGE_CHARACTERS]) for text in texts]
    found = _detector().detect_languages_in_parallel_of([t[:LANGUAGE_CHARACTERS] for t in plain])
    return [
        language.iso_code_639_1.name.lower() if language is not None and sum(map(str.isalpha, text)) >= 3 else None
        for language, text in zip(found, plain, strict=True)
    ]


def monday(moment: datetime) -> str:
    """ISO date of the Monday of the week that ``moment`` falls in, UTC."""
    day = moment.astimezone(UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def compute(facet: Facet, row: dict[str, Any], language: str | None) -> Answer:
    """One computed answer from a row of the ``conversations`` table."""
    what = facet.compute or facet.name
    started: datetime | None = row["started_at"]
    value: Any
    if what in ("turns", "characters"):
        value = row[what]
    elif what == "language":
        value = language
    elif what in ("model", "surface"):
        value = row[what]
    elif what.startswith("metadata."):
        value = json.loads(row["metadata"]).get(what.removeprefix("metadata."))
    elif started is None:
        value = None
    else:
        started = started.astimezone(UTC)
        quarter = started.hour // 6 * 6
        value = {
            "hour": started.hour,
            "time_of_day": f"{quarter:02} to {quarter + 5:02}",
            "weekday": _WEEKDAYS[started.weekday()],
            "week": monday(started),
        }[what]
    return _MISSING if value is None or value == "" else Answer("answered", value, "computed")
