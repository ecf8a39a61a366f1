"""``clio cache``: what the reply cache holds, and how to empty it."""

from __future__ import annotations

import dataclasses
import json as json_format
import math
import sys
from typing import Annotated

import typer

cache_app = typer.Typer(
    help="Replies that were bought once and are kept, encrypted, for the next run.", no_args_is_help=True
)


@cache_app.command("info", epilog="Example: `clio cache info`")
def cache_info(json: Annotated[bool, typer.Option("--json", help="The result as one JSON line.")] = False) -> None:
    """Say where the cache and its key lie, what it holds, and what that had cost. Decrypts nothing."""
    from clio.models.reply_cache import ReplyCache

    cache = ReplyCache()
    info = cache.info()
    if json:
        facts = {**dataclasses.asdict(info), "folder": str(info.folder), "key_file": str(info.key_file)}
        _print(json_format.dumps({**facts, "notes": list(cache.notes)}, ensure_ascii=False))
        return
    written = f"{info.oldest} to {info.newest}" if info.entries else "nothing yet"
    rows = {
        "folder": str(info.folder),
        "key file": str(info.key_file),
        "entries": f"{info.entries:,}",
        "on disk": _size(info.bytes),
        "written": written,
        "tokens": f"{info.tokens:,}",
        "had cost": _money(info.cost),
    }
    for name, value in rows.items():
        _print(f"{name:<8}  {value}")
    for note in cache.notes:
        _print(note)


@cache_app.command("clear", epilog="Example: `clio cache clear --older-than 90`")
def cache_clear(
    older_than: Annotated[
        float | None,
        typer.Option(metavar="DAYS", help="Only what was written longer ago than this many days.", min=0),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove kept replies: the next run buys them again. The key stays."""
    from clio.models.reply_cache import ReplyCache

    if not (yes or sys.stdin.isatty()):
        raise typer.BadParameter("there is no terminal to ask on; pass --yes to remove without being asked.")
    if older_than is not None and math.isnan(older_than):
        raise typer.BadParameter("--older-than takes a number of days.")
    cache = ReplyCache()
    before = cache.info()
    which = "" if older_than is None else f" what is older than {older_than:g} days, of"
    question = f"Remove{which} {before.entries:,} replies ({_size(before.bytes)}, bought for {_money(before.cost)})?"
    if before.bytes and not (yes or typer.confirm(question)):
        _print("Nothing was removed.")
        raise typer.Exit(1)
    removed = cache.clear(older_than)
    after = cache.info()
    freed, tokens = max(0, before.bytes - after.bytes), max(0, before.tokens - after.tokens)
    cost = max(0.0, round(before.cost - after.cost, 6))
    _print(f"Removed {removed:,} replies ({_size(freed)}) that had cost {tokens:,} tokens and {_money(cost)}.")
    for note in cache.notes:
        _print(note)


def _size(count: float) -> str:
    """Decimal units, as `clio models list` has them."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"


def _money(dollars: float) -> str:
    """US dollars; small sums keep the digits that tell them from nothing."""
    return f"${dollars:,.2f}" if dollars >= 0.01 or not dollars else f"${dollars:.4f}"


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
