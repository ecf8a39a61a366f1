"""What a run says of its privacy: ``release/privacy.json``, the same as a page, and nothing that the wall would stop.

A statement is made of the rules that were in force and what was measured on the run itself; its words are fixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VERSION = 1

ADVERSARY = (
    "Somebody who has every file of this release and of all earlier ones of this run, knows how the system works "
    "and a great deal about the person they look for and about many other users, and may themselves have had "
    "conversations with the assistant that are counted here. They do not have the private workspace."
)
UNIT = (
    "An account: every conversation of one account together. Every threshold counts distinct accounts beside "
    "conversations; accounts that post nearly the same texts count as one."
)
LIMITS = (
    "Clusters are formed from the conversations themselves. Unless the counts carry noise (epsilon below), this is "
    "aggregation with thresholds and not differential privacy: that a group of this size exists is itself shown.",
    "A person with several accounts and different texts counts as several people.",
    "Names and summaries are written or chosen by models and judged by models and lists. Each of these can be wrong.",
    "Names of people are looked for in the languages listed under `languages` only.",
    "Rates of what is left are measured by detectors that miss things: 0 found is not 0 there.",
    "A cluster's size is not a prevalence: conversations were sampled, screened, clustered and in part hidden.",
    "Nothing is promised about the private workspace here: keep it, encrypt it or purge it.",
)


def statement(
    rules: Sequence[Mapping[str, Any]],
    thresholds: Mapping[str, Any],
    leaks: Sequence[Mapping[str, Any]],
    judged: Mapping[str, Any],
    suppressed: Mapping[str, int | None],
    languages: Mapping[str, Any],
    written: Mapping[str, int | None],
    noise: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The whole statement, ready for JSON.

    Args:
        rules: rows of the ``privacy`` table.
        thresholds: the settings of ``release``.
        leaks: :func:`clio.privacy.leaks.leak_rates`.
        judged: what a model says that the final names give away (:func:`clio.privacy.auditor.measure`).
        suppressed: things that were hidden, by reason.
        languages: ``with_detector``, ``without_detector`` (of those released) and ``note``.
        written: texts of a model by what became of them.
        noise: what the noise mechanism spent, where there is one.
    """
    return {
        "version": VERSION,
        "adversary": ADVERSARY,
        "unit": UNIT,
        "thresholds": dict(thresholds),
        "rules": [dict(row) for row in rules],
        "leaks": [dict(row) for row in leaks],
        "judged": dict(judged),
        "suppressed": dict(suppressed),
        "languages": dict(languages),
        "written": dict(written),
        "epsilon": dict(noise) if noise else None,
        "not_promised": list(LIMITS),
    }


def languages_told(released: Sequence[str] | None, with_detector: Sequence[str]) -> dict[str, Any]:
    """Which of the released languages have a detector of names; ``released`` is None where none was asked for."""
    detected = sorted(with_detector)
    if released is None:
        note = "The run asks no facet for the language: it is not known in which ones names were not looked for."
        return {"with_detector": detected, "without_detector": None, "note": note}
    missing = sorted(set(released) - set(detected))
    return {"with_detector": detected, "without_detector": missing, "note": ""}
