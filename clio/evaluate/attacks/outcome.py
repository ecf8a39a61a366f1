"""What an attack comes back with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clio.evaluate.attacks.wilson import Rate


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attack, run against the rules and against none."""

    attack: str
    on: Rate
    off: Rate
    baseline: float
    """What a blind guess, or chance, reaches."""
    success: str
    """What counts as success, in one sentence."""
    blind: str
    """What the baseline is, in one sentence."""
    switched_off: Sequence[str]
    """What exactly ``off`` ran without."""
    lines: Sequence[str] = ()
    """Further figures, one a line, for readers."""
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The last line of the command."""
        on, off = self.on.as_dict(), self.off.as_dict()
        return {
            "attack": self.attack,
            **on,
            "baseline": round(self.baseline, 6),
            "rate_rules_off": off["rate"],
            "low_rules_off": off["low"],
            "high_rules_off": off["high"],
            "trials_rules_off": off["trials"],
            "beats_baseline": self.on.beats(self.baseline),
            "switched_off": list(self.switched_off),
            **self.details,
        }

    def text(self) -> str:
        """For readers; no conversation text, no planted secret."""
        return "\n".join(
            [
                f"{self.attack}: {self.success}",
                f"  rules on   {shown(self.on)}",
                f"  rules off  {shown(self.off)}",
                f"  baseline   {self.baseline:.1%}: {self.blind}",
                *(f"  {line}" for line in self.lines),
                "  off means: " + "; ".join(self.switched_off),
            ]
        )


def shown(rate: Rate) -> str:
    """``3.0 % (0.5 % to 15.9 %, 1 of 33)``."""
    low, high = rate.interval
    return f"{rate.rate:.1%} ({low:.1%} to {high:.1%}, {rate.hits:g} of {rate.trials:,})"
