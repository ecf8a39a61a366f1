"""``epsilon.jsonl``: what was spent on which data, so that releases of the same data are composed.

Composition is basic: epsilons add up, deltas add up. It holds whatever the mechanisms and however one release was
chosen after seeing another; tighter accounting exists and is not used here.

A line is appended and synced before any noise is drawn. A process that is killed in between has spent without
releasing; the other way round would be a release that nobody counted. One file stands beside the keys and is shared by
all runs of a user, the other in the run's workspace, so that neither a new output folder nor a moved run loses count.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from clio.config.noise import NoiseConfig
from clio.errors import PrivacyError, RunError
from clio.privacy.noise import Budget
from clio.runs.files import sync_folder
from clio.runs.keys import key_path

LEDGER = "epsilon.jsonl"
WAIT_S = 30.0
"""How long another process may hold the ledger; a charge takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Composed:
    """All releases on data that have a part in common, this one included."""

    epsilon: Fraction
    delta: float
    releases: int


def shared_ledger() -> Path:
    """The ledger of all runs of this user, where the keys are."""
    return key_path().with_name(LEDGER)


def fingerprints(inputs: Iterable[Mapping[str, Any]], dataset: str, key: bytes) -> tuple[str, ...]:
    """Which data a run is about: one per input (``inputs`` of the run's manifest), and one of the name if it has one.

    Keyed digests of digests: the ledger tells nobody without the key whether a file they have was among the inputs.
    """
    named = [f"file\0{given['sha256']}" for given in inputs] + ([f"name\0{dataset}"] if dataset else [])
    return tuple(sorted({hmac.new(key, f"epsilon\0{n}".encode(), hashlib.sha256).hexdigest()[:32] for n in named}))


class Ledger:
    """What was spent, in one or more files with the same lines; a line that is in any of them counts.

    Args:
        paths: the files, made with the first charge. The first also decides where the lock lies.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = paths

    def spent(self, data: Sequence[str]) -> Composed:
        """All releases so far of data that share a fingerprint with ``data``.

        Raises:
            PrivacyError: a line cannot be read, so nobody knows what was spent.
        """
        mine = [entry for entry in self._entries().values() if entry["data"] & set(data)]
        epsilon = sum((Fraction(entry["epsilon"]) for entry in mine), Fraction(0))
        return Composed(epsilon, sum(float(entry["delta"]) for entry in mine), len(mine))

    def charge(self, data: Sequence[str], budgets: Iterable[Budget], config: NoiseConfig) -> Composed:
        """Enter a release before it is drawn; on file when this returns. What is composed, this one included.

        Raises:
            PrivacyError: it would pass ``total_epsilon`` or ``total_delta``; nothing was entered.
            RunError: a file cannot be written.
        """
        budgets = list(budgets)
        epsilon = sum((budget.epsilon for budget in budgets), Fraction(0))
        delta = sum(budget.delta for budget in budgets)
        entry = {
            "id": secrets.token_hex(8),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": list(data),
            "epsilon": str(epsilon),
            "delta": delta,
            "tables": {budget.table: [str(budget.epsilon), budget.delta] for budget in budgets},
        }
        try:
            for path in self._paths:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self._paths[0].with_name(f".{LEDGER}.lock"), timeout=WAIT_S):
                before = self.spent(data)
                after = Composed(before.epsilon + epsilon, before.delta + delta, before.releases + 1)
                _refuse_beyond(after, before, config)
                for path in self._paths:
                    _append(path, (json.dumps(entry) + "\n").encode())
        except Timeout:
            raise RunError(f"{self._paths[0]}: another process holds the ledger. Run the same command again.") from None
        except OSError as fault:
            raise RunError(
                f"{LEDGER} cannot be written ({fault.strerror}), and without it nothing is released. Make room or mend "
                "the permissions, then run the same command again."
            ) from None
        return after

    def _entries(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for path in self._paths:
            if not path.exists():
                continue
            for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):  # the last is cut or empty
                try:
                    entry = json.loads(line)
                    if Fraction(entry["epsilon"]) < 0 or not 0 <= float(entry["delta"]) < math.inf:
                        raise ValueError
                    found[entry["id"]] = entry | {"data": set(entry["data"])}
                except (ValueError, KeyError, TypeError, ZeroDivisionError):
                    raise PrivacyError(
                        f"{path}, line {number}: damaged, so what was spent on these data is not known. Restore the "
                        "file; nothing was released."
                    ) from None
        return found


def _refuse_beyond(after: Composed, before: Composed, config: NoiseConfig) -> None:
    over = config.total_epsilon is not None and after.epsilon > Fraction(repr(config.total_epsilon))
    if over or (config.total_delta is not None and after.delta > config.total_delta * (1 + 1e-9)):
        raise PrivacyError(
            f"This release would bring the data to epsilon {float(after.epsilon):g} and delta {after.delta:.3g} over "
            f"{after.releases} releases; release.noise allows {config.total_epsilon or 'any'} and "
            f"{config.total_delta or 'any'}, and {float(before.epsilon):g} and {before.delta:.3g} are spent. Nothing "
            "was released. Use an earlier release, ask for a smaller epsilon, or decide to raise the total."
        )


def _append(path: Path, line: bytes) -> None:
    """After the last whole line: one that a kill cut short was never acted on."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as handle:
        whole = handle.read().rfind(b"\n") + 1
        handle.seek(whole)
        handle.truncate(whole)
        handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())
    sync_folder(path.parent)
