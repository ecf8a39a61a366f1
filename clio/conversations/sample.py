"""Which of the readable conversations are kept: by seed and content, never by where they stand in a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clio.config.ingest import Sampling

Drop = Literal["too few turns", "no date", "outside the dates", "account cap", "not sampled"]
DROPS: tuple[Drop, ...] = get_args(Drop)
"""In the order in which the rules are applied: a row has the reason of the first rule that drops it."""

Hashes = NDArray[np.uint64]
Mask = NDArray[np.bool_]


def choose(conversations: pa.Table, sampling: Sampling, seed: int) -> pa.Array:
    """One string per row: why it is dropped, one of DROPS, or null where it is kept.

    Columns read: ``conversation_id`` and ``account_id`` (string; a null account is its own), ``started_at`` (timestamp
    in microseconds, UTC, nullable), ``user_turns`` (integer) and ``order`` (uint64, a digest of the content that does
    not depend on the seed). Permuting the rows permutes the result. ``per_account`` and ``size`` draw independently of
    each other, so an account with many conversations is no likelier to be in the sample for it.
    """
    reasons = np.full(conversations.num_rows, -1, dtype=np.int8)
    turns = conversations["user_turns"].to_numpy()
    _drop(reasons, turns < sampling.min_turns, "too few turns")
    if sampling.since is not None or sampling.until is not None:
        started = conversations["started_at"]
        _drop(reasons, np.asarray(pc.is_null(started)), "no date")
        moments = pc.fill_null(started.cast(pa.int64()), 0).to_numpy()
        _drop(reasons, ~_within(moments, sampling.since, sampling.until), "outside the dates")
    if sampling.per_account is not None:
        rows = np.flatnonzero(reasons < 0)
        _drop(reasons, rows[_beyond_cap(conversations, rows, sampling.per_account, seed)], "account cap")
    rows = np.flatnonzero(reasons < 0)
    if sampling.size is not None and len(rows) > sampling.size:
        drawn = rows[_drawn_order(conversations, rows, seed, "size")]
        _drop(reasons, drawn[sampling.size :], "not sampled")
    indices = pa.array(reasons, mask=reasons < 0)
    return pc.take(pa.array(DROPS, type=pa.string()), indices)


def _drop(reasons: NDArray[np.int8], which: Mask | NDArray[np.intp], reason: Drop) -> None:
    """Give ``which`` rows (a mask or indices) the reason, unless they have one."""
    mask = which
    if which.dtype != np.bool_:
        mask = np.zeros(len(reasons), dtype=np.bool_)
        mask[which] = True
    reasons[mask.astype(np.bool_) & (reasons < 0)] = DROPS.index(reason)


def _within(moments: NDArray[np.int64], since: date | None, until: date | None) -> Mask:
    inside = np.ones(len(moments), dtype=np.bool_)
    if since is not None:
        inside &= moments >= _midnight(since)
    if until is not None and until < date.max:
        inside &= moments < _midnight(until + timedelta(days=1))
    return inside


def _midnight(day: date) -> int:
    """Microseconds since 1970 at the beginning of ``day``, UTC."""
    return (datetime.combine(day, time(), UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _beyond_cap(conversations: pa.Table, rows: NDArray[np.intp], cap: int, seed: int) -> Mask:
    """Which of ``rows`` stand beyond the first ``cap`` of their account, in drawn order."""
    accounts = conversations["account_id"].combine_chunks().dictionary_encode().indices
    codes = pc.fill_null(accounts.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)[rows]
    drawn = _drawn_order(conversations, rows, seed, "account")
    by_account = drawn[np.argsort(codes[drawn], kind="stable")]
    grouped = codes[by_account]
    begins = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]]) if len(grouped) else np.empty(0, np.intp)
    place = np.arange(len(grouped)) - np.repeat(begins, np.diff(np.r_[begins, len(grouped)]))
    beyond = np.zeros(len(rows), dtype=np.bool_)
    beyond[by_account] = (place >= cap) & (grouped >= 0)
    return beyond


def _drawn_order(
    conversations: pa.Table, rows: NDArray[np.intp], seed: int, purpose: Literal["account", "size"]
) -> NDArray[np.intp]:
    """Positions in ``rows`` in the order in which this seed draws them."""
    order = conversations["order"].to_numpy().astype(np.uint64)[rows]
    hashes = _mixed(order ^ _mixed(np.array([2 * seed + (purpose == "size")], dtype=np.uint64)))
    drawn = np.argsort(hashes, kind="stable")
    ranked = hashes[drawn]
    if not (ranked[1:] == ranked[:-1]).any():
        return drawn
    # The same content twice: the ids decide, so that the order of the rows still does not.
    ids = conversations["conversation_id"].combine_chunks().take(pa.array(rows))
    ranks = pc.rank(ids, tiebreaker="min").to_numpy()
    return np.lexsort((ranks, hashes))


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): a bijection of 64-bit numbers that scatters well."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))
