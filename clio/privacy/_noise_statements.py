"""What a release with noise says of itself: for its manifest, the table ``privacy`` and the privacy statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clio.config import RunConfig
from clio.privacy._noise_tables import Noisy

UNIT = (
    "an account with all its conversations, or a conversation that names no account; inputs are neighbours where one "
    "has one of them more"
)
WHOLE = "the whole release: the clusters and their names were fixed in advance"
PART = "the counts, with the exceptions under not_covered"
COUNTS = (
    "the counts, given the clusters; which clusters there are, and their names, were learned from the same accounts"
)


def not_whole(config: RunConfig, *, fixed: bool, exact: int = 0) -> tuple[str, ...]:
    """Why the promise of a run is less than (epsilon, delta) for the whole release; empty where it is not less.

    Nothing here looks at the data: these sentences are released.

    Args:
        config: of the run.
        fixed: the taxonomy was fixed in advance (``--taxonomy``).
        exact: releases that this run made without noise.
    """
    reasons = []
    if not fixed:
        reasons.append("the clusters, their names and terms were learned from the same conversations")
    if config.ingest.sampling.size is not None:
        reasons.append(
            "ingest.sampling.size draws a fixed number of conversations, so that one account decides which others are "
            "in: use per_account or dates"
        )
    if exact:
        reasons.append(
            f"this run made {exact} release(s) without noise: who has one of them has exact counts, and noise on later "
            "ones protects nothing that those tell"
        )
    return tuple(reasons)


def noise_manifest(noisy: Noisy, reasons: Sequence[str]) -> dict[str, Any]:
    """Under ``noise`` of either manifest. Settings and what follows from them; nothing of the data."""
    weeks = any(table.startswith("breakdowns/week/") for table in noisy.budgets)
    return _settings(noisy) | {
        "covers": COUNTS if not noisy.fixed else WHOLE if not reasons else PART,
        "not_covered": list(reasons),
        "left_out": ["map", "map positions", "facets crossed", *([] if weeks else ["trends"])],
    }


def _settings(noisy: Noisy) -> dict[str, Any]:
    """Epsilon and delta: of each table, of this release, and of all releases of these data."""
    return {
        "mechanism": "discrete Laplace noise on bounded counts, with a threshold",
        "backend": noisy.backend,
        "unit": UNIT,
        "epsilon": float(sum(budget.epsilon for budget in noisy.budgets.values())),
        "delta": sum(budget.delta for budget in noisy.budgets.values()),
        "composed": {
            "by": "basic composition: epsilons add up, deltas add up",
            "epsilon": float(noisy.composed.epsilon),
            "delta": noisy.composed.delta,
            "releases": noisy.composed.releases,
        },
        "tables": {
            name: {
                "epsilon": float(budget.epsilon),
                "delta": budget.delta,
                "most_cells_of_an_account": budget.most_cells,
                "most_conversations_in_a_cell": budget.most_conversations,
                "scale": float(budget.scale),
                "shown_from": noisy.lines.get(name),
            }
            for name, budget in noisy.budgets.items()
        },
    }


def noise_statements(noisy: Noisy, reasons: Sequence[str]) -> list[dict[str, object]]:
    """Rows for the table ``privacy``. ``hidden`` is null: how much is hidden is itself a count of the data."""
    told = _settings(noisy)

    def rule(name: str, setting: str, statement: str) -> dict[str, object]:
        return {"rule": name, "setting": setting, "hidden": None, "unit": "", "statement": statement}

    spent = f"epsilon {told['epsilon']:g}, delta {told['delta']:.3g}"
    composed = told["composed"]
    kind = "The whole release is" if noisy.fixed and not reasons else "Given the clusters, the counts are"
    rows = [
        rule(
            "noise", spent,
            f"{kind} differentially private for accounts: whether one account is in the data changes the probability "
            f"of any release by at most the factor exp({told['epsilon']:g}), but for a probability of "
            f"{told['delta']:.3g}.",
        ),
        rule(
            "noise, all releases of these data", f"epsilon {composed['epsilon']:g}, delta {composed['delta']:.3g}",
            f"What was spent over {composed['releases']} release(s) that are on file, by basic composition.",
        ),
        rule(
            "numbers are noisy", noisy.backend,
            "Every count carries noise and is bounded per account, so that it is a little off and sums do not agree to "
            "the last digit; accounts are a lower bound.",
        ),
    ]  # fmt: skip
    return rows + [rule("what the noise does not cover", "", f"{reason[0].upper()}{reason[1:]}.") for reason in reasons]
