"""What tokens cost: by the config, else by the list that comes with the ``genai-prices`` package.

The list is the one that was installed; nothing is fetched. Amounts are counted in whole picodollars (1e-12 USD), so
that a sum does not depend on its order and a budget can be held exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from clio.config.prices import PriceConfig
from clio.errors import ModelSetupError
from clio.models.protocol import Usage

PICO = 10**12
"""Picodollars in a dollar."""
_MILLIONTHS = 10**6
CACHE_READ, CACHE_WRITE = 0.1, 1.25
"""Prices of cached input as shares of the input price, where a config does not tell them: Anthropic's own for a cache
of five minutes (platform.claude.com/docs/en/build-with-claude/prompt-caching)."""
BATCH_FACTOR = 0.5
"""Price of a request in a batch as a share of the ordinary one, where the package does not tell it
(platform.claude.com/docs/en/build-with-claude/batch-processing)."""
_PROVIDERS = ("anthropic", "aws")
"""Whose prices are looked up, in this order. Only models called ``claude`` are: the weights of others are served by
anybody at any price, one's own machine included."""


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: float
    """Neither read from nor written to the prompt cache."""
    output: float
    cache_read: float
    cache_write: float
    batch_factor: float = BATCH_FACTOR
    """What a batch's price is multiplied with."""
    source: str = "config"
    """``config``, or the package with its version and, where long prompts cost more, up to which length this holds."""


def price_of(model: str, overrides: Mapping[str, PriceConfig]) -> Price | None:
    """The price of ``model`` by ``overrides`` (``writer.prices``), else by the package; None where neither knows it.

    Of a price that grows with the length of the prompt this is the base tier, and ``source`` says so.
    """
    own = overrides.get(model)
    if own is None:
        return _listed(model)
    read = CACHE_READ * own.input if own.cache_read is None else own.cache_read
    write = CACHE_WRITE * own.input if own.cache_write is None else own.cache_write
    return Price(own.input, own.output, read, write)


def require_prices(models: Iterable[str], overrides: Mapping[str, PriceConfig], budget_usd: float | None) -> None:
    """Raise ModelSetupError where there is a budget and a model whose price nobody knows: it could not be held."""
    unknown = [model for model in dict.fromkeys(models) if price_of(model, overrides) is None]
    if budget_usd is not None and unknown:
        raise ModelSetupError(
            f"writer.budget_usd cannot be held: {no_price(unknown)} (USD per million tokens, for example `prices: "
            f"{{{unknown[0]}: {{input: 1, output: 5}}}}`; all zero for a server of your own), or leave out the budget."
        )


def no_price(models: Iterable[str]) -> str:
    """What is said of models without a price."""
    return f"no price known for {', '.join(models)}: set writer.prices"


def cost(usage: Usage, price: Price, *, batch: bool = False) -> float:
    """USD. ``usage.input_tokens`` does not hold the cached ones, as the Messages API counts."""
    return picodollars(usage, price, batch=batch) / PICO


def picodollars(usage: Usage, price: Price, *, batch: bool = False) -> int:
    """The same in picodollars, rounded up. More tokens never cost less."""
    total = (
        usage.input_tokens * _rate(price.input)
        + usage.output_tokens * _rate(price.output)
        + usage.cache_read_tokens * _rate(price.cache_read)
        + usage.cache_write_tokens * _rate(price.cache_write)
    )
    return _batched(total, price) if batch else total


def most_picodollars(price: Price, input_tokens: int, output_tokens: int, *, batch: bool = False) -> int:
    """The most that so many tokens can cost, whichever part of the input the cache takes."""
    dearest = max(_rate(price.input), _rate(price.cache_read), _rate(price.cache_write))
    total = input_tokens * dearest + output_tokens * _rate(price.output)
    return _batched(total, price) if batch else total


def _rate(per_million: float) -> int:
    """Picodollars per token."""
    return round(per_million * _MILLIONTHS)


def _batched(total: int, price: Price) -> int:
    return -(-total * round(price.batch_factor * _MILLIONTHS) // _MILLIONTHS)


@lru_cache(maxsize=64)
def _listed(model: str) -> Price | None:
    """By the package: its bundled list, whatever another library of this process may have fetched."""
    if "claude" not in model.casefold():
        return None
    from importlib.metadata import version

    from genai_prices.data import providers

    by_id = {provider.id: provider for provider in providers}
    for name in _PROVIDERS:
        found = by_id[name].find_model(model) if name in by_id else None
        if found is None:
            continue
        now = datetime.now(UTC)
        source = f"genai-prices {version('genai-prices')}"
        price = _base(found.get_prices(now), source)
        in_batch = _base(found.get_prices(now, {"processing": "batch"}), source)
        if price and in_batch and in_batch.input < price.input:
            factor = in_batch.input / price.input
            return Price(price.input, price.output, price.cache_read, price.cache_write, factor, price.source)
        return price
    return None


def _base(prices: Any, source: str) -> Price | None:
    """The base tier of a ``genai_prices.types.ModelPrice``; None where it lacks what a text costs."""
    listed = [prices.input_mtok, prices.output_mtok, prices.cache_read_mtok, prices.cache_write_mtok]
    starts = [tier.start for one in listed if hasattr(one, "tiers") for tier in one.tiers]
    given, out, read, write = (
        None if one is None else float(one.base if hasattr(one, "base") else one) for one in listed
    )
    if given is None or out is None:
        return None
    if starts:
        source += f", base tier (prompts of up to {min(starts):,} tokens)"
    return Price(
        given,
        out,
        CACHE_READ * given if read is None else read,
        CACHE_WRITE * given if write is None else write,
        source=source,
    )
