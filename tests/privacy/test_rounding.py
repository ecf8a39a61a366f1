from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config.release import ReleaseConfig
from clio.privacy.rounding import COUNTS, nearest, round_manifest, round_tables, statement
from clio.stages.publish import publish
from clio.tables import TABLES
from tests.privacy.people import seeds
from tests.stages.workspaces import FACETS_ASKED, draw_workspace

bases = st.sampled_from([2, 3, 5, 10, 25])


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 100))
def test_nearest_is_near_monotone_and_never_nothing(one: int, other: int, base: int) -> None:
    low, high = nearest(min(one, other), base), nearest(max(one, other), base)
    assert low <= high
    assert low % base == 0
    assert abs(nearest(one, base) - one) <= base / 2 or (0 < one < base and nearest(one, base) == base)
    assert (nearest(one, base) == 0) == (one == 0)
    assert nearest(one, 1) == one


@settings(max_examples=4)
@given(seeds, st.integers(80, 140), bases)
def test_every_sum_and_difference_of_a_release_is_a_multiple_of_the_base(seed: int, size: int, base: int) -> None:
    config = ReleaseConfig(min_conversations=4, min_accounts=2)
    exact, *_ = publish(draw_workspace(seed, size).private(), FACETS_ASKED, [("use", "flag")], config)
    rounded = round_tables(exact, base)
    for name, table in rounded.items():
        assert TABLES[name].validate(table).equals(table)
        before, after = exact[name].to_pandas(), table.to_pandas()
        for column in before.columns:
            if column in COUNTS:
                assert (after[column] % base == 0).all()
                assert (after[column] > 0).all()
                assert (after[column] - before[column]).abs().max() <= base / 2 or before[column].min() < base / 2
            elif column != "share":
                assert after[column].equals(before[column])
        for column in {"conversations", "accounts", "smallest", "largest"} & set(before.columns):
            # A count is one number wherever it stands.
            assert after.groupby(before[column])[column].nunique().max() in (1, np.nan) or not len(before)
    shares_from_rounded_counts(rounded)


def shares_from_rounded_counts(tables: dict[str, Any]) -> None:
    frames: dict[str, pd.DataFrame] = {name: table.to_pandas() for name, table in tables.items()}
    size = dict(zip(frames["clusters"]["cluster_id"], frames["clusters"]["conversations"], strict=True))
    if size:
        size["all"] = frames["levels"]["conversations"].iloc[0]
    for row in frames["clusters"].itertuples():
        assert row.share == row.conversations / size["all"]
    for name in ("breakdowns", "trends"):
        for row in frames[name].itertuples():
            assert row.share == row.conversations / size[row.cluster_id] <= 1


def test_one_leaves_everything_as_it_is() -> None:
    tables, *_ = publish(draw_workspace(3, 90).private(), FACETS_ASKED, (), ReleaseConfig(min_conversations=5))
    assert round_tables(tables, 1) == tables
    manifest = {"conversations": 7, "digest": "x"}
    assert round_manifest(manifest, 1) == manifest


@pytest.mark.parametrize("outside", [None, 23])
def test_the_manifest_is_rounded_says_so_and_has_a_digest_of_its_own(outside: int | None) -> None:
    given = {"conversations": 117, "accounts": 33, "conversations_outside": outside, "clusters": 7, "digest": "old"}
    found = round_manifest(given, 10)
    digest = found.pop("digest")
    assert found == {
        "conversations": 120, "accounts": 30, "conversations_outside": outside and 20, "clusters": 7, "rounded_to": 10,
    }  # fmt: skip
    assert digest == hashlib.sha256(json.dumps(found, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def test_the_statement_says_that_numbers_need_not_add_up() -> None:
    assert "need not add up" in str(statement(10)["statement"])
    assert statement(10)["setting"] == "10"
    assert "as they are" in str(statement(1)["statement"])
