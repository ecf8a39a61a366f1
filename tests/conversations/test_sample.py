from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from clio.config.ingest import Sampling
from clio.conversations.sample import DROPS, choose

DAY = datetime(2024, 5, 6, tzinfo=UTC)


def table(rows: list[tuple[str | None, int | None, int, int]]) -> pa.Table:
    """Rows of (account, hours after DAY, user turns, order)."""
    return pa.table(
        {
            "conversation_id": pa.array([f"c{n}" for n in range(len(rows))], pa.string()),
            "account_id": pa.array([row[0] for row in rows], pa.string()),
            "started_at": pa.array(
                [None if row[1] is None else DAY + timedelta(hours=row[1]) for row in rows], pa.timestamp("us", "UTC")
            ),
            "user_turns": pa.array([row[2] for row in rows], pa.int32()),
            "order": pa.array([row[3] for row in rows], pa.uint64()),
        }
    )


rows = st.lists(
    st.tuples(
        st.sampled_from([None, "a", "b", "c"]),
        st.none() | st.integers(-50, 50),
        st.integers(1, 4),
        st.integers(0, 5) | st.integers(0, 2**64 - 1),
    ),
    max_size=40,
)
samplings = st.builds(
    Sampling,
    size=st.none() | st.integers(1, 20),
    per_account=st.none() | st.integers(1, 4),
    since=st.none() | st.dates(date(2024, 5, 4), date(2024, 5, 8)),
    until=st.none() | st.dates(date(2024, 5, 4), date(2024, 5, 8)) | st.just(date.max),
    min_turns=st.integers(1, 3),
)


@given(rows, samplings, st.integers(0, 2**32 - 1), st.randoms())
def test_permuting_the_rows_permutes_the_choice(rows: Any, sampling: Sampling, seed: int, random: Any) -> None:
    conversations = table(rows)
    new_order = list(range(len(rows)))
    random.shuffle(new_order)
    before = choose(conversations, sampling, seed)
    after = choose(conversations.take(pa.array(new_order, pa.int64())), sampling, seed)
    assert after.to_pylist() == [before[at].as_py() for at in new_order]


@given(rows, samplings, st.integers(0, 2**32 - 1))
def test_the_rules_hold_and_drop_no_more_than_they_must(rows: Any, sampling: Sampling, seed: int) -> None:
    reasons = choose(table(rows), sampling, seed).to_pylist()
    assert len(reasons) == len(rows)
    kept = [row for row, reason in zip(rows, reasons, strict=True) if reason is None]
    dated = sampling.since is not None or sampling.until is not None
    for (_, hours, turns, _), reason in zip(rows, reasons, strict=True):
        assert (reason == "too few turns") == (turns < sampling.min_turns)
        if turns < sampling.min_turns:
            continue
        assert (reason == "no date") == (dated and hours is None)
        day = None if hours is None else (DAY + timedelta(hours=hours)).date()
        outside = day is not None and (
            (sampling.since is not None and day < sampling.since)
            or (sampling.until is not None and day > sampling.until)
        )
        assert (reason == "outside the dates") == outside
    accounts = Counter(row[0] for row in kept if row[0] is not None)
    if sampling.per_account is not None:
        assert all(count <= sampling.per_account for count in accounts.values())
        capped = {row[0] for row, reason in zip(rows, reasons, strict=True) if reason == "account cap"}
        assert None not in capped
        if sampling.size is None:
            assert all(accounts[account] == sampling.per_account for account in capped)
    else:
        assert "account cap" not in reasons
    if "not sampled" in reasons:
        assert len(kept) == sampling.size
    elif sampling.size is not None:
        assert len(kept) <= sampling.size


def test_seeds_draw_differently_and_evenly() -> None:
    conversations = table([(None, None, 1, n) for n in range(1000)])
    drawn = Counter[int]()
    for seed in range(200):
        mask = np.array([reason is None for reason in choose(conversations, Sampling(size=100), seed).to_pylist()])
        assert mask.sum() == 100
        drawn.update(np.flatnonzero(mask).tolist())
    counts = np.array([drawn[n] for n in range(1000)])
    # Each is drawn 20 times of 200 on average, with a standard deviation of about 4.2.
    assert 3.4 < counts.std() < 5.0
    assert counts.max() < 45


def test_an_account_that_talks_much_is_no_likelier_to_be_drawn_after_the_cap() -> None:
    # 500 accounts with one conversation, 500 with twenty; one of each account, then a sample of 200.
    names = [f"one-{n}" for n in range(500)] + [f"many-{n % 500}" for n in range(10_000)]
    conversations = table([(name, None, 1, n * 7919) for n, name in enumerate(names)])
    many = 0
    for seed in range(20):
        reasons = choose(conversations, Sampling(per_account=1, size=200), seed).to_pylist()
        many += sum(reason is None and name.startswith("many") for name, reason in zip(names, reasons, strict=True))
    assert 1800 < many < 2200


def test_no_rows_and_no_rules() -> None:
    assert choose(table([]), Sampling(size=3, per_account=1, since=date(2024, 1, 1)), 0).to_pylist() == []
    assert choose(table([("a", None, 1, 0)] * 3), Sampling(), 0).to_pylist() == [None] * 3
    assert set(DROPS) == {"too few turns", "outside the dates", "no date", "account cap", "not sampled"}


def test_a_million_rows_take_seconds() -> None:
    n = 1_000_000
    generator = np.random.default_rng(0)
    conversations = pa.table(
        {
            "conversation_id": pa.array([f"c{k}" for k in range(n)]),
            "account_id": pa.array(generator.integers(0, 100_000, n)).cast(pa.string()),
            "started_at": pa.array(generator.integers(1_600_000_000, 1_700_000_000, n) * 10**6).cast(
                pa.timestamp("us", "UTC")
            ),
            "user_turns": pa.array(generator.integers(1, 5, n)),
            "order": pa.array(generator.integers(0, 2**64 - 1, n, dtype=np.uint64)),
        }
    )
    begun = time.process_time()
    reasons = choose(conversations, Sampling(size=100_000, per_account=5, since=date(2021, 1, 1), min_turns=2), 1)
    assert time.process_time() - begun < 8
    assert reasons.null_count == 100_000
