"""Sums over the lines of a ledger, by stage and by facet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clio.models.prices import PICO, Price, picodollars
from clio.models.protocol import Usage

STAGE_OF = {
    "facets": "extract_facets",
    "screener": "extract_facets",
    "rephrase": "extract_facets",
    "probe": "extract_facets",
    "describe": "describe",
    "propose": "arrange",
    "deduplicate": "arrange",
    "assign": "arrange",
    "rename": "arrange",
    "audit": "audit",
}
"""The stage that a request's purpose belongs to."""
_STAGES = list(dict.fromkeys(STAGE_OF.values()))
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
MOST_USD = 1e9
"""A single amount of more is a damaged line."""


@dataclass(slots=True)
class Tally:
    """Sums over the replies of one purpose, or over a facet's parts of them (then tokens are no whole numbers)."""

    input_tokens: float = 0
    output_tokens: float = 0
    cache_read_tokens: float = 0
    cache_write_tokens: float = 0
    cost: float = 0
    """Picodollars; replies without a known price add nothing."""
    unpriced: Counter[str] = field(default_factory=Counter)
    """Replies without a known price, by model."""
    replies: int = 0
    in_batches: int = 0
    from_cache: int = 0
    saved_tokens: int = 0
    saved_cost: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)

    def bought(self, usage: Usage, model: str, cost: int | None, share: float | None = None) -> None:
        """One reply, or a share of it."""
        part: float = 1 if share is None else share
        for name in _TOKENS:
            setattr(self, name, getattr(self, name) + part * getattr(usage, name))
        self.cost += part * (cost or 0)
        if cost is None:
            self.unpriced[model] += 1

    def join(self, other: Tally) -> None:
        """Add another's sums."""
        for name in Tally.__slots__:
            mine, more = getattr(self, name), getattr(other, name)
            if isinstance(more, Counter):
                mine.update(more)
            else:
                setattr(self, name, mine + more)

    def spent(self) -> dict[str, Any]:
        """Tokens by kind, and the cost: None where a price is unknown."""
        cost = None if self.unpriced else round(self.cost / PICO, 9)
        return {name: round(getattr(self, name)) for name in _TOKENS} | {"cost_usd": cost}

    def described(self) -> dict[str, Any]:
        """All of it."""
        read = self.input_tokens + self.cache_read_tokens + self.cache_write_tokens
        return {
            "replies": self.replies,
            "in_batches": self.in_batches,
            **self.spent(),
            "cache_hit_share": round(self.cache_read_tokens / read, 4) if read else 0.0,
            "from_cache": self.from_cache,
            "saved_tokens": self.saved_tokens,
            "saved_usd": round(self.saved_cost / PICO, 9),
            "retries": dict(sorted(self.retries.items())),
            "models": dict(sorted(self.models.items())),
        }


class Sums:
    """What the lines of a ledger add up to. ``price`` gives what a line that tells no cost is counted at."""

    def __init__(self, price: Callable[[str], Price | None]) -> None:
        self._price = price
        self._purposes: dict[str, Tally] = {}
        self._facets: dict[str, Tally] = {}
        self.picodollars = 0

    def unpriced(self) -> list[str]:
        """Models that wrote replies of unknown cost."""
        return sorted({model for tally in self._purposes.values() for model in tally.unpriced})

    def models(self) -> list[str]:
        """Models that wrote replies."""
        return sorted({model for tally in self._purposes.values() for model in tally.models})

    def count(self, line: Mapping[str, Any]) -> None:
        """Take in one line, or raise ValueError, KeyError or TypeError for what is none and change nothing."""
        purpose = str(line["purpose"])
        if "saved" in line:
            n, tokens, cost = _whole(line["saved"]), _whole(line["tokens"]), line["usd"]
            amount = 0 if cost is None else _pico(cost)
            tally = self._purposes.setdefault(purpose, Tally())
            tally.from_cache += n
            tally.saved_tokens += tokens
            tally.saved_cost += amount
        elif "retried" in line:
            n, reason = _whole(line["retried"]), str(line["reason"])
            self._purposes.setdefault(purpose, Tally()).retries[reason] += n
        else:
            self._count_reply(purpose, line)

    def _count_reply(self, purpose: str, line: Mapping[str, Any]) -> None:
        model = str(line["model"])
        usage = Usage(*(_whole(line[name]) for name in ("input", "output", "cache_read", "cache_write")))
        batch, retries = line.get("batch") is True, _whole(line.get("retries", 0))
        shares = {str(name): _share(share) for name, share in dict(line.get("facets", {})).items()}
        cost: int | None = None
        if line["usd"] is not None:
            cost = _pico(line["usd"])
        elif price := self._price(model):  # bought when nobody knew the price
            cost = picodollars(usage, price, batch=batch)
        tally = self._purposes.setdefault(purpose, Tally())
        tally.bought(usage, model, cost)
        tally.replies += 1
        tally.in_batches += batch
        tally.models[model] += 1
        if retries:
            tally.retries["other"] += retries
        for name, share in shares.items():
            self._facets.setdefault(name, Tally()).bought(usage, model, cost, share)
        self.picodollars += cost or 0

    def summary(self) -> dict[str, Any]:
        """In total, by stage in the order of a run, and by facet."""
        stages: dict[str, Tally] = {}
        total = Tally()
        for purpose, tally in self._purposes.items():
            stages.setdefault(STAGE_OF.get(purpose, purpose), Tally()).join(tally)
            total.join(tally)
        return {
            "total": total.described(),
            "stages": {name: stages[name].described() for name in sorted(stages, key=_place)},
            "facets": {name: tally.spent() for name, tally in sorted(self._facets.items())},
        }


def _place(stage: str) -> tuple[int, str]:
    return (_STAGES.index(stage) if stage in _STAGES else len(_STAGES), stage)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return value


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (value >= 0 and math.isfinite(value)):
        raise ValueError
    return float(value)


def _pico(amount: Any) -> int:
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not 0 <= amount < MOST_USD:
        raise ValueError
    return round(amount * PICO)
