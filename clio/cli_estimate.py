"""``clio estimate``: what a run will cost, before it starts."""

from __future__ import annotations

import dataclasses
import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clio.runs.progress import duration

if TYPE_CHECKING:
    from clio.runs.estimate import Estimate, StageEstimate

EPILOG = "Example: `clio estimate configs/claude.yaml --input chats.jsonl.gz`"
_COLUMNS = ("stage", "model", "requests", "tokens in", "cached", "tokens out", "cost", "in batches", "time")
_TEXT_COLUMNS = 2


def estimate(
    config: Annotated[Path, typer.Argument(help="A YAML config; see configs/.")],
    input: Annotated[list[Path], typer.Option(help="A file or folder of conversations. Repeatable.")],  # noqa: A002
    sample: Annotated[
        int | None, typer.Option(help="Keep this many conversations, as `clio run` would.", min=1)
    ] = None,
    count: Annotated[
        str,
        typer.Option(
            metavar="WHO",
            help="Who counts tokens: `local` by the length of the text; `endpoint` by its free counter, which is shown "
            "a few redacted conversations; `auto` the endpoint where it can be asked.",
        ),
    ] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
) -> None:
    """Say what a run will ask, cost and take: in seconds, and without spending.

    Requests, tokens, cost (one by one and in message batches) and time per stage, with everything that was assumed.
    """
    from clio.runs.estimate import Count
    from clio.runs.estimate import estimate as estimate_run

    known: dict[str, Count] = {"auto": "auto", "endpoint": "endpoint", "local": "local"}
    if count not in known:
        raise typer.BadParameter(f"one of {', '.join(known)}", param_hint="--count")
    found = estimate_run(config, input, sample, count=known[count])
    if json:
        sys.stdout.write(json_module.dumps(dataclasses.asdict(found), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(shown(found) + "\n")
    sys.stdout.flush()


def shown(found: Estimate) -> str:
    """The estimate as plain text: what was read, a table, the verdict, the assumptions."""
    parts = [_read(found)]
    if found.stages:
        parts += ["", *_table(found), ""]
    parts += [f"{note[:1].upper()}{note[1:]}." for note in found.notes]
    if found.budget_usd is not None:
        from clio.models.ledger import usd

        verdict = "fits" if found.within_budget else "does not fit"
        parts.append(f"{usd(found.cost_usd)} {verdict} the budget of {usd(found.budget_usd)} (writer.budget_usd).")
    if found.assumptions:
        parts += ["", "Assumed", *(f"  {line}" for line in found.assumptions)]
    return "\n".join(_plain(line) for line in parts)


def _read(found: Estimate) -> str:
    about = "about " if found.share_read < 1 else ""
    told = (
        f"{about}{found.records:,} records in: {found.rejected:,} rejected, {found.sampled_out:,} sampled out; "
        f"{about}{found.conversations:,} conversations"
    )
    if not found.stages:
        return told + "."
    return (
        f"{told}, {found.base_clusters:,} clusters. Tokens: {found.counter}; {found.sample:,} conversations looked at."
    )


def _table(found: Estimate) -> list[str]:
    from clio.models.ledger import usd

    rows = [_COLUMNS, *(_row(stage) for stage in found.stages)]
    stages = found.stages
    total = (
        "total",
        "",
        f"{sum(sum(stage.calls.values()) for stage in stages):,}",
        tokens(sum(stage.input_tokens for stage in stages)),
        tokens(sum(stage.cached_tokens for stage in stages)),
        tokens(sum(stage.output_tokens for stage in stages)),
        usd(found.cost_one_by_one_usd),
        usd(found.cost_in_batches_usd),
        duration(found.seconds),
    )
    widths = [max(len(row[place]) for row in [*rows, total]) for place in range(len(_COLUMNS))]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [_aligned(row, widths) for row in rows]
    lines = [lines[0], rule, *lines[1:], rule, _aligned(total, widths)]
    if any(stage.in_batches for stage in stages):
        lines += ["", f"With the batches of this config: {usd(found.cost_usd)}."]
    return lines


def _row(stage: StageEstimate) -> tuple[str, ...]:
    from clio.models.ledger import usd

    costs = (stage.cost_usd, stage.cost_in_batches_usd)
    one_by_one, in_batches = ("unknown" if cost is None else usd(cost) for cost in costs)
    return (
        stage.stage,
        stage.model,
        f"{sum(stage.calls.values()):,}",
        tokens(stage.input_tokens),
        tokens(stage.cached_tokens),
        tokens(stage.output_tokens),
        one_by_one,
        in_batches,
        "in batches" if stage.seconds is None else duration(stage.seconds),
    )


def tokens(count: int) -> str:
    """``950``, ``12.3 k``, ``4.1 M``."""
    if count >= 999_950:
        return f"{count / 1e6:,.1f} M"
    return f"{count / 1e3:.1f} k" if count >= 1_000 else str(count)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        f"{cell:<{width}}" if place < _TEXT_COLUMNS else f"{cell:>{width}}"
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _plain(line: str) -> str:
    """Model names come from a file: a terminal must not obey them."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)
