"""Rules on or off. Off exists for attacks only: nothing in a config, an environment or the command ``run`` leads here.

Off is made of three things. Settings that a config has are set to where they forbid nothing (:data:`OFF`). What no
config can turn off is replaced while the attack's run goes on: redaction by a redactor without detectors
(:func:`no_redaction`), and, for the attack by subtraction, complementary suppression by the thresholds alone
(:func:`thresholds_alone`). These two are all that is replaced; everything else runs as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from clio.config import RunConfig, load_config
from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor

if TYPE_CHECKING:
    from clio.privacy.suppression import Bools, Cells
    from clio.privacy.thresholds import Thresholds

OFF: Mapping[str, Any] = {
    "release.min_conversations": 1,
    "release.min_accounts": 1,
    "release.max_account_share": 1.0,
    "release.under_threshold": "drop",
    "release.round_to": 1,
    "release.earlier": "ignore",
    "release.noise": "none",
    "describe.term_accounts": 1,
    "describe.per_account_evidence": 1_000,
    "audit.judge": "off",
    "audit.least": 1,
    "audit.sensitive_accounts": 0,
    "redact.names": "off",
    "redact.second": "off",
}
"""Least settings, by dotted key. Keys that this version's config does not have are passed over."""

SWITCHED_OFF = (
    "thresholds 1 conversation and 1 account, so no merging, no trimming, no suppression and no complementary one",
    "rare-term and wording rules at 1 account, so any word or phrase of anybody may stand in terms, names, summaries",
    "no list of sensitive words, no auditor, no rounding, no noise",
    "no redaction at all: not of sources, not of what was written, not at the wall",
)
ALWAYS_ON = (
    "release tables have no column for a text, id or vector of one conversation; pseudonyms are keyed; a name is plain "
    "English of at most ten words near its cluster; texts are cut to one clean line; samples hold one text an account; "
    "texts that speak to the namer are left out of samples; near-duplicates are joined"
)
"""What stays on, because it is how the pipeline is built and no setting turns it off."""


class Unredacting(Redactor):
    """A redactor that finds nothing."""

    def __init__(self, *_given: object, **_more: object) -> None:
        super().__init__(RedactConfig(names="off", max_characters=10**9), model=False)
        self._rules = ()
        self._named = ()
        self._models = ()
        self._second = None
        self._packs = {}


def without_rules(config: RunConfig) -> RunConfig:
    """The config with every rule that it governs at its least."""
    return load_config(config, **{key: value for key, value in OFF.items() if has(key)})


def has(key: str) -> bool:
    """Whether the config has a dotted key."""
    section: Any = RunConfig
    for part in key.split("."):
        fields = getattr(section, "model_fields", {})
        if part not in fields:
            return False
        section = fields[part].annotation
    return True


@contextmanager
def no_redaction() -> Iterator[None]:
    """Runs inside this redact nothing: not the sources, not what is written, not at the wall."""
    with mock.patch("clio.privacy.redact.Redactor", Unredacting):
        yield


@contextmanager
def thresholds_alone() -> Iterator[None]:
    """Publishing inside this shows every cell that reaches the thresholds, whatever can be subtracted from it."""
    with mock.patch("clio.stages._breakdowns.shown", _passing):
        yield


def _passing(cells: Cells, thresholds: Thresholds, *, allowed: Bools | None = None, **_more: object) -> Bools:
    wanted = thresholds.pass_mask(cells.conversations, cells.accounts, cells.largest)
    return wanted if allowed is None else np.asarray(wanted & allowed, dtype=np.bool_)
