"""Prices: the config's own before the package's, and sums that agree with the package's own arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import genai_prices
import pytest
from anthropic.types import model as sdk
from genai_prices import data_snapshot
from genai_prices import types as listed
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clio.config.prices import PriceConfig
from clio.errors import ModelSetupError
from clio.models.prices import Price, cost, most_picodollars, picodollars, price_of, require_prices
from clio.models.protocol import Usage

SMALL, STRONG = "claude-haiku-5-5", "claude-opus-5-5"
CURRENT = [name for name in get_args(get_args(sdk.Model)[0]) if price_of(name, {})]
tokens = st.integers(0, 20_000)
usages = st.builds(Usage, tokens, tokens, tokens, tokens)
dollars = st.floats(0, 200, allow_nan=False).map(lambda price: round(price, 4))
prices = st.builds(Price, dollars, dollars, dollars, dollars, st.sampled_from([0.5, 1.0, 0.25]))


def test_the_configs_price_comes_first() -> None:
    own = price_of(SMALL, {SMALL: PriceConfig(input=3, output=9)})
    assert own == Price(3, 9, pytest.approx(0.3), pytest.approx(3.75), 0.5, "config")
    whole = price_of("mine", {"mine": PriceConfig(input=3, output=9, cache_read=0, cache_write=7)})
    assert whole == Price(3, 9, 0, 7, 0.5, "config")


def test_an_override_of_one_model_leaves_the_others_alone() -> None:
    assert price_of(STRONG, {SMALL: PriceConfig(input=3, output=9)}) == price_of(STRONG, {})


def test_the_models_of_the_shipped_config_are_listed() -> None:
    for name in (SMALL, STRONG):
        found = price_of(name, {})
        assert found is not None
        assert found.source.startswith(f"genai-prices {genai_prices.__version__}")
        assert 0 < found.cache_read < found.input < found.cache_write < found.output
    assert len(CURRENT) > 10


def test_a_price_that_grows_with_the_prompt_says_that_it_is_the_base_tier() -> None:
    found = price_of(SMALL, {})
    assert found is not None
    assert "base tier (prompts of up to 100,000 tokens)" in found.source
    flat = price_of(STRONG, {})
    assert flat is not None
    assert "tier" not in flat.source


@pytest.mark.parametrize("name", ["", "qwen3-4b", "mistral-7b-instruct", "gpt-4o", "claude-of-our-own", "CLAUDE"])
def test_weights_that_anybody_may_serve_have_no_price(name: str) -> None:
    assert price_of(name, {}) is None


@given(st.sampled_from(CURRENT), usages, st.booleans())
def test_costs_are_what_the_package_itself_computes(name: str, usage: Usage, batch: bool) -> None:
    """Its ``input_tokens`` hold the cached ones, ours (Anthropic's) do not."""
    price = price_of(name, {})
    assert price is not None
    theirs: Any = genai_prices.calc_price(
        listed.Usage(
            input_tokens=usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_tokens=usage.output_tokens,
        ),
        name,
        provider_id="anthropic",
        price_context={"processing": "batch"} if batch and price.batch_factor < 1 else None,
    ).total_price
    assert cost(usage, price, batch=batch) == pytest.approx(float(theirs), rel=1e-9, abs=1e-11)


def test_prices_fetched_by_another_library_change_nothing() -> None:
    before = price_of(STRONG, {})
    dear = listed.ModelInfo(
        id=STRONG,
        match=listed.ClauseEquals(equals=STRONG),
        prices=listed.ModelPrice(input_mtok=Decimal(999), output_mtok=Decimal(999)),
    )
    anthropic = next(provider for provider in providers if provider.id == "anthropic")
    other = listed.Provider(id="anthropic", name="", api_pattern="", model_match=anthropic.model_match, models=[dear])
    data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot([other], from_auto_update=True))
    try:
        price_of.__globals__["_listed"].cache_clear()
        assert price_of(STRONG, {}) == before
    finally:
        data_snapshot.set_custom_snapshot(None)


@given(usages, prices, st.booleans())
def test_the_worst_case_is_never_passed(usage: Usage, price: Price, batch: bool) -> None:
    inputs = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    most = most_picodollars(price, inputs, usage.output_tokens, batch=batch)
    assert picodollars(usage, price, batch=batch) <= most
    assert most_picodollars(price, inputs + 1, usage.output_tokens + 1, batch=batch) >= most


@given(usages, usages, prices)
def test_costs_add_up_exactly(one: Usage, two: Usage, price: Price) -> None:
    both = Usage(
        one.input_tokens + two.input_tokens,
        one.output_tokens + two.output_tokens,
        one.cache_read_tokens + two.cache_read_tokens,
        one.cache_write_tokens + two.cache_write_tokens,
    )
    assert picodollars(both, price) == picodollars(one, price) + picodollars(two, price)


@given(usages, prices)
def test_a_batch_costs_its_factor(usage: Usage, price: Price) -> None:
    assert cost(usage, price, batch=True) == pytest.approx(price.batch_factor * cost(usage, price), abs=2e-12)


def test_a_cost_by_hand() -> None:
    price = Price(1, 5, 0.1, 1.25)
    assert cost(Usage(1_000_000, 100_000, 2_000_000, 400_000), price) == 1 + 0.5 + 0.2 + 0.5
    assert cost(Usage(), price) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"input": -1, "output": 1}, {"input": 1}, {"input": 1, "output": float("inf")}, {"input": 1, "output": 1, "x": 1}],
)
def test_a_price_in_a_config_is_held_to_its_form(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        PriceConfig.model_validate(wrong)


def test_a_budget_needs_prices() -> None:
    require_prices(["nobody-knows"], {}, None)
    require_prices([SMALL, STRONG, "mine"], {"mine": PriceConfig(input=0, output=0)}, 5.0)
    with pytest.raises(ModelSetupError, match=r"no price known for nobody-knows: set writer\.prices") as error:
        require_prices([SMALL, "nobody-knows", "nobody-knows"], {}, 5.0)
    assert "\n" not in str(error.value)
