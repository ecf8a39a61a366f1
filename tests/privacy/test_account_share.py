"""No account has more than its share of any cell of any table, counted again one conversation at a time."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config.facets import Facet
from clio.config.release import ReleaseConfig
from clio.privacy.settle import Settled
from clio.stages.publish import Private, publish
from tests.privacy.people import seeds
from tests.stages.workspaces import FACETS_ASKED, draw_workspace

ASKED: tuple[Facet, ...] = tuple(facet for facet in FACETS_ASKED if facet.name in ("use", "tags", "flag", "week"))
PAIRS = (("use", "flag"), ("use", "tags"), ("week", "flag"))
configs = st.builds(
    ReleaseConfig,
    min_conversations=st.integers(2, 8),
    min_accounts=st.integers(1, 4),
    max_account_share=st.sampled_from([0.2, 0.3, 0.5]),
    under_threshold=st.sampled_from(["merge", "drop"]),
    over_share=st.sampled_from(["trim", "suppress"]),
    map_depth=st.integers(0, 5),
)


def labels_of(private: Private) -> dict[str, dict[str, list[str]]]:
    """Facet, conversation, labels."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in private.answers.to_pylist():
        value = row["value"]
        if row["status"] != "answered":
            mine = ["n/a" if row["status"] == "na" else row["status"]]
        elif row["facet"] == "tags":
            mine = json.loads(value) or ["n/a"]
        else:
            mine = [{"true": "yes", "false": "no"}[value] if row["facet"] == "flag" else value]
        found[row["facet"]][row["conversation_id"]] = mine
    found["week"] = {
        name: ["n/a" if week is None else week]
        for name, week in zip(private.conversation_id, private.week, strict=True)
    }
    return found


def members_of(private: Private, settled: Settled) -> dict[str, list[int]]:
    above = {row["cluster_id"]: row["parent_id"] for row in private.hierarchy}
    found: dict[str, list[int]] = defaultdict(list)
    for row in private.hierarchy:
        name = row["cluster_id"] if row["level"] == 0 else None
        rows = settled.members.get(row["cluster"], np.empty(0, dtype=np.int64)).tolist() if name else []
        found["all"] += rows
        while name is not None:
            found[name] += rows
            name = above[name]
    return found


@settings(max_examples=6)
@given(seeds, st.integers(80, 160), configs)
def test_no_account_exceeds_its_share_of_any_cell(seed: int, size: int, config: ReleaseConfig) -> None:
    private = draw_workspace(seed, size, facets=ASKED).private()
    tables, _, settled = publish(private, ASKED, PAIRS, config)
    labels, members = labels_of(private), members_of(private, settled)

    def hold(rows: list[int], row: dict[str, Any]) -> None:
        who = Counter(private.account[rows].tolist())
        assert (row["conversations"], row["accounts"]) == (who.total(), len(who))
        assert max(who.values()) <= config.max_account_share * who.total() + 1e-9

    def has(conversation: int, facet: str, value: str) -> bool:
        parts = facet.split(" x ")
        name = private.conversation_id[conversation]
        return all(v in labels[f][name] for f, v in zip(parts, value.split(" x ", len(parts) - 1), strict=True))

    for row in tables["clusters"].to_pylist():
        hold(members[row["cluster_id"]], row)
    cells = tables["breakdowns"].to_pylist()
    cells += [row | {"facet": "week", "value": row["week"]} for row in tables["trends"].to_pylist()]
    shown: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in cells:
        if row["kind"] == "value":
            shown[row["cluster_id"], row["facet"]].append(row["value"])
    for row in cells:
        mine, facet = members[row["cluster_id"]], row["facet"]
        if row["kind"] == "value":
            hold([n for n in mine if has(n, facet, row["value"])], row)
        else:
            told = shown[row["cluster_id"], facet]
            hold([n for n in mine if not any(has(n, facet, value) for value in told)], row)
    spots = private.positions.astype(np.float64)
    for row in tables["map"].to_pylist():
        low, high = np.array([row["x"], row["y"]]), np.array([row["x"], row["y"]]) + row["size"]
        hold([n for n in members["all"] if (spots[n] >= low).all() and (spots[n] < high).all()], row)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_one_account_that_fills_a_value_a_week_and_a_corner_of_the_map(share: float) -> None:
    """Sixty people and one who alone says `beta`, in one week, in one corner: shown only where the cap is lifted."""
    drawn = draw_workspace(0, 60, clusters=1, facets=ASKED)
    for n, row in enumerate(drawn.conversations):
        loud = n < 15
        row["account_id"] = "person-loud" if loud else f"person-{n:04d}"
        row["started_at"] = datetime(2025, 3, 24 if loud else 4, tzinfo=UTC)
    loud_ones = {row["conversation_id"] for row in drawn.conversations[:15]}
    for row in drawn.facets:
        if row["facet"] == "use":
            row |= {"status": "answered", "value": "beta" if row["conversation_id"] in loud_ones else "alpha"}
    for row in drawn.assignments:
        row["cluster"] = 0
    drawn.positions[:] = [
        {"conversation_id": row["conversation_id"], "x": 9.0 * (row["conversation_id"] in loud_ones), "y": 0.0}
        for row in drawn.conversations
    ]
    config = ReleaseConfig(min_conversations=5, min_accounts=1, max_account_share=share)
    tables, *_ = publish(drawn.private(), ASKED, (), config)
    values = {row["value"] for row in tables["breakdowns"].to_pylist() if row["facet"] == "use"}
    weeks = {row["week"] for row in tables["trends"].to_pylist()}
    assert ("beta" in values) == ("2025-03-24" in weeks) == (tables["map"].num_rows > 1) == (share == 1.0)
    assert "alpha" not in values or share == 1.0  # it would give the other away
