"""What a run will cost and how long it will take: in seconds, and without spending.

The input is read as ``ingest`` reads it, a sample goes through ``extract_facets`` with a writer that only looks, and
the prompts that a capable model would get are counted. Nothing is stored. Nothing leaves this machine but a few
redacted windows, where the endpoint's own counter is used, to the endpoint that the run itself would send them to.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clio.config import ConfigLike, RunConfig, load_config
from clio.config.models import MessagesWriter
from clio.errors import InputError, ModelSetupError
from clio.models.prices import Price, cost, no_price, price_of, require_prices
from clio.models.protocol import Request, Usage
from clio.models.traits import bytes_per_token, least_cached, thinks
from clio.runs import _endpoint
from clio.runs._planned import (
    AGAIN,
    DESCRIPTION,
    OTHER,
    TEXT,
    Planned,
    answer_size,
    arranging,
    auditing,
    base_clusters,
    describing,
    measuring,
    schema_text,
    size,
)
from clio.runs._scan import Scan, scan
from clio.runs.context import Sources

if TYPE_CHECKING:
    from clio.runs._rehearsal import Seen
    from clio.stages._transcripts import Source

Count = Literal["auto", "endpoint", "local"]

SAMPLE = 200
"""Conversations whose prompts are counted, as many as there is time for."""
SENT = 16
"""Of these, conversations that are sent to the endpoint's counter: enough for the bytes of a token within a few
hundredths, and few beside the counter's own rate limits."""
SECONDS_PER_CALL = 3.0
THINKING = {"low": 150, "medium": 500, "high": 1_500, "xhigh": 4_000, "max": 8_000}
"""Output tokens of thinking per reply, by effort, for models that think. A guess: a run with ``--sample 50`` tells."""
_READING, _SENDING, _LOOKING = 0.4, 0.65, 0.9
"""Shares of the time by which reading, redacting for the endpoint and looking at the sample have to end."""


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One stage that asks a model."""

    stage: str
    model: str
    calls: Mapping[str, int]
    """Requests by purpose."""
    input_tokens: int
    """All of them, the shared prefix too."""
    cached_tokens: int
    """Those of the shared prefix, where it is long enough to be cached: bought once, then read at the cache's price."""
    output_tokens: int
    cost_usd: float | None
    """One by one, with the cache; None where no price is known."""
    cost_in_batches_usd: float | None
    """In message batches, without counting on the cache."""
    in_batches: bool
    """Whether the config sends this stage in batches."""
    seconds: float | None
    """Waiting for the model at the configured rate; None in batches."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will cost, with everything that was assumed."""

    records: int
    rejected: int
    sampled_out: int
    conversations: int
    accounts: int
    """Of what was read and is kept."""
    share_read: float
    """Share of the input's bytes that was read; below 1 the other counts are extrapolated."""
    sample: int
    """Conversations whose prompts were counted."""
    counter: str
    """Who counted tokens."""
    bytes_per_token: Mapping[str, float]
    """By model."""
    base_clusters: int
    stages: tuple[StageEstimate, ...]
    cost_usd: float
    """As configured; a model without a known price adds nothing and stands in ``notes``."""
    cost_one_by_one_usd: float
    cost_in_batches_usd: float
    seconds: float
    """Of all stages that are not in batches."""
    budget_usd: float | None
    within_budget: bool | None
    prices: Mapping[str, Price | None]
    notes: tuple[str, ...]
    assumptions: tuple[str, ...]
    took_s: float


@dataclass(frozen=True, slots=True)
class _Counter:
    label: str
    factor: float = 1.0
    """What the endpoint counts, as a share of what the length says."""

    def bytes_per_token(self, model: str) -> float:
        return bytes_per_token(model) / self.factor


def estimate(
    config: ConfigLike,
    input: str | Path | Sequence[str | Path],  # noqa: A002 - the name of the command's option
    sample: int | None = None,
    *,
    most_seconds: float = 20,
    count: Count = "auto",
) -> Estimate:
    """Estimate calls, tokens, cost and time of ``clio.run(config, input=input, sample=sample)``.

    Args:
        config: as for :func:`clio.run`.
        input: files or folders.
        sample: keep this many conversations (``ingest.sampling.size``).
        most_seconds: about how long this may take; a larger input is read in part and extrapolated by its bytes.
        count: who counts tokens: ``local`` by the length of the text, ``endpoint`` by the endpoint's free counter, to
            which a few redacted windows are sent; ``auto`` asks the endpoint where the config names one or its key is
            set, and falls back on the length.

    Raises:
        ClioError: the config or the input cannot be used; there is a budget and a model without a known price; or
            ``count`` is ``endpoint`` and it does not count.
    """
    began = time.monotonic()
    loaded = load_config(config, **{"ingest.sampling.size": sample})
    _check(loaded)
    sources = Sources(paths=_files(input))
    read = scan(sources, loaded, began + _READING * most_seconds)
    writer = loaded.writer
    if not isinstance(writer, MessagesWriter):
        note = "the embedded writer works in this process: nothing is sent and nothing is paid for"
        return _summed(read, 0, _Counter("none"), (), loaded, (note,), time.monotonic() - began)
    from clio.prompts.facets import resolve
    from clio.runs._rehearsal import draw, rehearse

    samples = draw(read.kept, sources, loaded, SAMPLE)
    counter = _counter(samples[:SENT], loaded, writer, count, began, most_seconds)
    until = began + _LOOKING * most_seconds
    seen = rehearse(samples, resolve(loaded.facets), loaded, names=False, until=until)
    stages = _stages(read, seen, counter, loaded, writer)
    return _summed(read, seen.conversations, counter, stages, loaded, (), time.monotonic() - began)


def _check(config: RunConfig) -> None:
    """Raise what would stop the run at once: facets that do not fit together, a budget that cannot be held."""
    from clio.prompts.facets import resolve

    resolve(config.facets)
    if isinstance(config.writer, MessagesWriter):
        require_prices(_models(config.writer), config.writer.prices, config.writer.budget_usd)


def _files(given: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    from clio.conversations.files import sources

    listed = [given] if isinstance(given, (str, Path)) else list(given)
    if not listed:
        raise InputError("no input file was given")
    return tuple(file for path in listed for file in sources(Path(path)))


def _counter(
    samples: Sequence[Source],
    config: RunConfig,
    writer: MessagesWriter,
    count: Count,
    began: float,
    most_seconds: float,
) -> _Counter:
    """Bytes per token, by the endpoint where it may be asked and counts."""
    from clio.prompts.facets import resolve
    from clio.runs._rehearsal import rehearse

    local = "local, by the length of the text"
    if count == "local" or (count == "auto" and not _endpoint.reachable(writer)):
        return _Counter(local)
    until = began + _SENDING * most_seconds
    seen = rehearse(samples, resolve(config.facets), config, names=config.redact.names_in_source, until=until)
    asked = [request for request in seen.requests if request.purpose == "facets"]
    counted = _endpoint.count(asked, writer, began + _LOOKING * most_seconds)
    if counted is not None:
        label = f"the endpoint's, for {counted.requests} requests"
        return _Counter(label, counted.tokens * bytes_per_token(writer.model) / counted.bytes)
    if count == "endpoint":
        raise ModelSetupError(
            "The endpoint's token counter cannot be used: there is no key, model or route for it, or it does not count "
            "(writer.base_url, writer.api_key_env). Nothing was bought. By default, or with `local`, tokens are "
            "estimated by the length of the text."
        )
    return _Counter(f"{local}: the endpoint did not count")


def _stages(
    read: Scan, seen: Seen, counter: _Counter, config: RunConfig, writer: MessagesWriter
) -> tuple[StageEstimate, ...]:
    small, strong = _models(writer)
    found = [
        _stage("extract_facets", small, _extracting(read, seen), counter, writer),
        _stage("describe", strong, describing(read.conversations, read.accounts, config), counter, writer),
        _stage("arrange", strong, arranging(read.conversations, config), counter, writer),
        _stage("audit", strong, auditing(read.conversations, config), counter, writer),
        _stage("publish", config.audit.measure_model or strong, measuring(read.conversations, config), counter, writer),
    ]
    return tuple(stage for stage in found if stage.calls)


def _extracting(read: Scan, seen: Seen) -> list[Planned]:
    found = []
    for purpose, facets in seen.facets.items():
        requests = [request for request in seen.requests if request.purpose == purpose]
        calls = round(read.conversations * len(requests) / seen.conversations)
        rest = sum(size(request.user) for request in requests) / len(requests) + size(schema_text(requests[0]))
        found.append(Planned(purpose, calls, size(requests[0].system), rest, answer_size(facets)))
    return found


def _stage(
    stage: str, model: str, parts: Sequence[Planned], counter: _Counter, writer: MessagesWriter
) -> StageEstimate:
    price, ratio = price_of(model, writer.prices), counter.bytes_per_token(model)
    thinking = _thinking(model, writer)
    calls: dict[str, int] = {}
    one_by_one = in_batches = seconds = 0.0
    inputs = cached = outputs = 0
    for part in parts:
        system, rest = part.system / ratio, part.rest / ratio
        whole, output = round(part.calls * (system + rest)), round(part.calls * (part.output / ratio + thinking))
        prefix = round(part.calls * system) if writer.prompt_caching and system >= least_cached(model) else 0
        # The first requests set out together: each of them writes the prefix to the cache.
        written = min(prefix, round(writer.concurrency * system))
        if price:
            one_by_one += cost(Usage(whole - prefix, output, prefix - written, written), price)
            in_batches += cost(Usage(whole, output), price, batch=True)
        seconds += _seconds(part.calls, writer)
        calls[part.purpose] = calls.get(part.purpose, 0) + part.calls
        inputs, cached, outputs = inputs + whole, cached + prefix, outputs + output
    batched = stage in writer.batches
    return StageEstimate(
        stage,
        model,
        calls,
        inputs,
        cached,
        outputs,
        round(one_by_one, 6) if price else None,
        round(in_batches, 6) if price else None,
        batched,
        None if batched else round(seconds, 1),
    )


def _seconds(calls: int, writer: MessagesWriter) -> float:
    """Waiting for so many requests, as many at once and as many a minute as the config allows."""
    at_once = math.ceil(calls / writer.concurrency) * SECONDS_PER_CALL
    limit = writer.requests_per_minute
    return max(at_once, 60 * calls / limit) if limit else at_once


def _thinking(model: str, writer: MessagesWriter) -> int:
    """Output tokens that are thought and not said, by what the requests will say about it."""
    from clio.models.dialogue import body_of

    body = body_of(Request("facets", "", "", {}), model, writer, structured=True)
    if not thinks(model) or body.get("thinking", {}).get("type") == "disabled":
        return 0
    return THINKING.get(body.get("output_config", {}).get("effort", "medium"), THINKING["medium"])


def _summed(
    read: Scan,
    sample: int,
    counter: _Counter,
    stages: tuple[StageEstimate, ...],
    config: RunConfig,
    notes: tuple[str, ...],
    took: float,
) -> Estimate:
    writer = config.writer if isinstance(config.writer, MessagesWriter) else None
    prices = {stage.model: price_of(stage.model, writer.prices) for stage in stages} if writer else {}
    unknown = [model for model, price in prices.items() if price is None]
    chosen = sum((stage.cost_in_batches_usd if stage.in_batches else stage.cost_usd) or 0 for stage in stages)
    budget = writer.budget_usd if writer else None
    return Estimate(
        records=read.records,
        rejected=read.rejected,
        sampled_out=max(0, read.records - read.rejected - read.conversations),
        conversations=read.conversations,
        accounts=read.accounts,
        share_read=round(read.share, 6),
        sample=sample,
        counter=counter.label,
        bytes_per_token={model: round(counter.bytes_per_token(model), 3) for model in prices},
        base_clusters=base_clusters(read.conversations, config),
        stages=stages,
        cost_usd=round(chosen, 6),
        cost_one_by_one_usd=round(sum(stage.cost_usd or 0 for stage in stages), 6),
        cost_in_batches_usd=round(sum(stage.cost_in_batches_usd or 0 for stage in stages), 6),
        seconds=round(sum(stage.seconds or 0 for stage in stages), 1),
        budget_usd=budget,
        within_budget=None if budget is None else chosen <= budget,
        prices=prices,
        notes=notes + ((no_price(unknown),) if unknown else ()),
        assumptions=_assumptions(config, writer, stages, prices, read.share) if writer else (),
        took_s=round(took, 2),
    )


def _assumptions(
    config: RunConfig,
    writer: MessagesWriter,
    stages: Sequence[StageEstimate],
    prices: Mapping[str, Price | None],
    share: float,
) -> tuple[str, ...]:
    limit = writer.requests_per_minute
    rate = f"{writer.concurrency} requests at once" + (f", at most {limit:,} a minute" if limit else "")
    found = [
        f"replies: {TEXT} characters per text facet, {OTHER} per other facet, {DESCRIPTION} per name with summary",
        f"one name in {round(1 / AGAIN)} is asked for twice, nothing else is; nothing is in the reply cache yet",
        "system prompts are cached where they are long enough for the model; in batches the cache is not counted on",
        f"time: {SECONDS_PER_CALL:g} seconds per request, {rate}; waiting for the model only",
        "clusters: as many as k-means is asked for, as far as each can reach the threshold for conversations",
        "person names, which the run takes out, are counted as they stand",
    ]
    found += [
        f"{model} thinks about {thinking:,} tokens per reply, billed as output: a guess, which a run with --sample 50 "
        "can replace"
        for model in prices
        if (thinking := _thinking(model, writer))
    ]
    if share < 1:
        found.append(f"the first {share:.0%} of the input stand for the whole; accounts are those of that part")
    if config.facets.screener is not None:
        found.append("the screener lets every conversation through")
    if config.cluster.method == "hdbscan":
        found.append("hdbscan finds as many clusters as k-means would be asked for")
    if any(stage.in_batches for stage in stages):
        found.append("batches are ready within a day, most within an hour: their time is not counted")
    found += [
        f"{model}: ${price.input:g} in, ${price.output:g} out, ${price.cache_read:g} read from the cache, "
        f"${price.cache_write:g} written to it, per million tokens ({price.source})"
        for model, price in prices.items()
        if price
    ]
    return tuple(found)


def _models(writer: MessagesWriter) -> tuple[str, str]:
    """Who answers facets, and who names and arranges."""
    return writer.model, writer.names_model or writer.model
