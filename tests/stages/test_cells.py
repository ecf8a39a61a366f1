from __future__ import annotations

import json
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config.facets import Facet
from clio.privacy.wall import MAX_LABEL, clean_text
from clio.stages import _cells
from clio.stages._cells import RARE, Counted, Counter
from clio.tables import FACETS
from tests.privacy.people import seeds
from tests.stages.workspaces import FACETS_ASKED, HOSTILE, draw_workspace

BY_NAME = {facet.name: facet for facet in FACETS_ASKED}
Table = dict[tuple[int, str], tuple[int, int, int]]
"""(node, label) to conversations, accounts, conversations of the largest account."""


Answers = list[dict[str, Any]]


def members_of(seed: int, people: int) -> tuple[pd.DataFrame, Answers, np.ndarray]:
    """Members in a tree of three levels (0 the root, 1 and 2, then 3 to 6), some of them in no cluster; answers."""
    drawn = draw_workspace(seed, people)
    rng = np.random.default_rng(seed)
    leaf = rng.integers(3, 7, people)
    leaf[rng.random(people) < 0.1] = -1
    frame = pd.DataFrame(
        {
            "conversation_id": [row["conversation_id"] for row in drawn.conversations],
            "account": [int(row["account_id"][-6:]) for row in drawn.conversations],
            "week": [
                None if row["started_at"] is None else f"2025-03-{row['started_at'].day:02d}"
                for row in drawn.conversations
            ],
            "node_all": np.zeros(people, dtype=np.int64),
            "node_1": np.where(leaf < 0, 1, (leaf - 1) // 2),
            "node_0": np.where(leaf < 0, 3, leaf),
        }
    )
    return frame, drawn.facets, np.array([-1, 0, 0, 1, 1, 2, 2], dtype=np.int64)


def counter(frame: pd.DataFrame, answers: Answers, parents: np.ndarray) -> Counter:
    return Counter(pa.Table.from_pandas(frame, preserve_index=False), FACETS.build(answers), parents)


def label(text: str) -> str:
    clean = clean_text(text)
    return clean if len(clean) <= MAX_LABEL else ""


def doubling(n: float) -> str:
    for most, name in ((4, "3 to 4"), (8, "5 to 8"), (16, "9 to 16"), (32, "17 to 32"), (64, "33 to 64")):
        if n <= 2:
            return str(int(n))
        if n <= most:
            return name
    return "65 and more"


def tenfold(n: float) -> str:
    if n < 0:
        return "below 0"
    for below, name in (
        (1, "0 to 1"), (10, "1 to 9"), (100, "10 to 99"), (1000, "100 to 999"), (10_000, "1,000 to 9,999"),
    ):  # fmt: skip
        if n < below:
            return name
    return "10,000 and more"


def labels_of(facet: Facet, status: str, value: str | None) -> list[str]:
    """The slow twin of the SQL."""
    if status != "answered" or value is None:
        return ["n/a" if status == "na" else status]
    what = facet.name if facet.kind == "computed" else facet.kind
    if what == "multi":
        return sorted(set(json.loads(value))) or ["n/a"]
    if what == "boolean":
        return ["yes" if value == "true" else "no"]
    if what == "turns":
        return [doubling(float(value))]
    if what in ("characters", "number"):
        return [tenfold(float(value))]
    return [label(value.rjust(2, "0") if what == "hour" else value)]


def slow(frame: pd.DataFrame, labels: dict[str, list[str]]) -> Table:
    rows = frame.assign(label=frame["conversation_id"].map(labels)).explode("label")
    nodes = rows.melt(["account", "label"], ["node_all", "node_1", "node_0"], value_name="node")
    by_account = nodes.groupby(["node", "label", "account"]).size()
    cells = by_account.groupby(["node", "label"]).agg(["sum", "count", "max"])
    return {(node, label): (row["sum"], row["count"], row["max"]) for (node, label), row in cells.iterrows()}


def fast(counted: Counted) -> Table:
    cells = counted.cells
    names = [(int(node), counted.values[value]) for node, value in zip(cells.node, cells.value, strict=True)]
    assert len(set(names)) == len(names) or counted.halves
    numbers = zip(cells.conversations.tolist(), cells.accounts.tolist(), cells.largest.tolist(), strict=True)
    return dict(zip(names, numbers, strict=True))


def answered(answers: Answers, facet: Facet) -> dict[str, list[str]]:
    return {
        row["conversation_id"]: labels_of(facet, row["status"], row["value"])
        for row in answers
        if row["facet"] == facet.name
    }


@settings(max_examples=8)
@given(seeds, st.integers(1, 60), st.sampled_from([name for name in BY_NAME if name not in ("request", "week")]))
def test_counts_equal_a_slow_implementation(seed: int, people: int, name: str) -> None:
    frame, answers, parents = members_of(seed, people)
    counts = counter(frame, answers, parents)
    counted = counts.facet(BY_NAME[name])
    assert fast(counted) == slow(frame, answered(answers, BY_NAME[name]))
    assert counted.adds_up is (name != "tags")
    weeks = {
        name: [week if isinstance(week, str) else "n/a"]
        for name, week in zip(frame["conversation_id"], frame["week"], strict=True)
    }
    assert fast(counts.weeks()) == slow(frame, weeks)
    counts.close()


@given(
    seeds, st.integers(1, 50), st.sampled_from([("use", "flag"), ("use", "tags"), ("tags", "use"), ("plan", "hour")])
)
def test_crossed_counts_equal_a_slow_implementation(seed: int, people: int, pair: tuple[str, str]) -> None:
    frame, answers, parents = members_of(seed, people)
    counts = counter(frame, answers, parents)
    counted = counts.pair(BY_NAME[pair[0]], BY_NAME[pair[1]])
    counts.close()
    one, two = (answered(answers, BY_NAME[name]) for name in pair)
    both = {name: [f"{a}\0{b}" for a in one[name] for b in two[name]] for name in one}
    cells = counted.cells
    found = {
        (int(node), "\0".join(counted.halves[value])): (int(n), int(accounts), int(largest))
        for node, value, n, accounts, largest in zip(
            cells.node, cells.value, cells.conversations, cells.accounts, cells.largest, strict=True
        )
    }
    assert found == slow(frame, both)
    assert counted.adds_up is ("tags" not in pair)
    shown = [f"{a} x {b}" if a and b else "" for a, b in counted.halves]
    assert list(counted.values) == shown


@settings(max_examples=8)
@given(seeds, st.integers(1, 60))
def test_the_rest_of_a_cluster(seed: int, people: int) -> None:
    frame, answers, parents = members_of(seed, people)
    counts = counter(frame, answers, parents)
    counted = counts.facet(BY_NAME["use"])
    cells = counted.cells
    visible = np.random.default_rng(seed).random(len(cells.node)) < 0.5
    rest = counts.others(counted, visible)
    counts.close()
    seen = {(int(n), counted.values[v]) for n, v in zip(cells.node[visible], cells.value[visible], strict=True)}
    labels = answered(answers, BY_NAME["use"])
    wanted: dict[int, Tally[int]] = defaultdict(Tally)
    for row in frame.to_dict("records"):
        for level in ("node_all", "node_1", "node_0"):
            if (row[level], labels[row["conversation_id"]][0]) not in seen and row[level] in {n for n, _ in seen}:
                wanted[row[level]][row["account"]] += 1
    assert rest == {node: (who.total(), len(who), max(who.values())) for node, who in wanted.items()}


@pytest.fixture
def opened() -> Iterator[list[Counter]]:
    made: list[Counter] = []
    yield made
    for one in made:
        one.close()


def flat(
    opened: list[Counter], facet: Facet, values: list[tuple[str, str | None]], accounts: list[int] | None = None
) -> Counter:
    """One cluster; one conversation per (status, value)."""
    ids = [f"c{n}" for n in range(len(values))]
    members = pa.table(
        {
            "conversation_id": pa.array(ids, pa.string()),
            "account": pa.array(accounts or list(range(len(values))), pa.int64()),
            "week": pa.array([None] * len(values), pa.string()),
            "node_all": pa.array([0] * len(values), pa.int64()),
        }
    )
    rows = [
        {"conversation_id": name, "facet": facet.name, "status": status, "value": value, "writer": "", "reason": "",
         "read_share": 1.0}
        for name, (status, value) in zip(ids, values, strict=True)
    ]  # fmt: skip
    opened.append(Counter(members, FACETS.build(rows), np.array([-1])))
    return opened[-1]


def counts_of(counted: Counted) -> dict[str, int]:
    return {name: cell[0] for (_, name), cell in fast(counted).items()}


def test_every_status_is_a_value(opened: list[Counter]) -> None:
    given = [("na", None), ("refused", None), ("failed", None), ("answered", None), ("answered", "alpha")]
    counts = counts_of(flat(opened, BY_NAME["use"], given).facet(BY_NAME["use"]))
    assert counts == {"n/a": 1, "refused": 1, "failed": 2, "alpha": 1}


def test_several_values(opened: list[Counter]) -> None:
    given = ['["alpha","beta"]', '["alpha","alpha"]', "[]", "[null]", "no list", '{"a": 1}', "null", '["it\'s 🦊"]']
    counts = counts_of(flat(opened, BY_NAME["tags"], [("answered", v) for v in given]).facet(BY_NAME["tags"]))
    assert counts == {"alpha": 2, "beta": 1, "n/a": 2, "failed": 3, "it's 🦊": 1}


def test_numbers_of_every_size(opened: list[Counter]) -> None:
    given = ["-1", "0", "0.99", "1", "9.99", "10", "1e3", "1e300", "NaN", "Infinity", "nothing"]
    counts = counts_of(flat(opened, BY_NAME["amount"], [("answered", v) for v in given]).facet(BY_NAME["amount"]))
    assert counts == {
        "below 0": 1, "0 to 1": 2, "1 to 9": 2, "10 to 99": 1, "1,000 to 9,999": 1, "10,000 and more": 4,
    }  # fmt: skip


def test_hostile_values_are_values(opened: list[Counter]) -> None:
    plan = BY_NAME["plan"]
    counter = flat(opened, plan, [("answered", value) for value in HOSTILE] + [("na", None)])
    counts = counts_of(counter.facet(plan))
    assert sum(counts.values()) == len(HOSTILE) + 1
    # What looks the same on a page is one value; 10,000 characters, a control character and a space are none.
    assert counts["zerowidth"] == 2
    assert counts[""] == 3
    assert counts["n/a"] == 2
    assert counts["'; DROP TABLE members; --"] == 1
    assert counts["evil"] == counts["שלום"] == counts["tab and line"] == 1
    assert counter.facet(plan).values == tuple(sorted(counts))


def test_a_value_that_reads_like_a_crossing_is_not_one(opened: list[Counter]) -> None:
    plan = BY_NAME["plan"]
    counter = flat(opened, plan, [("answered", "one x two"), ("answered", "one")])
    assert counter.pair(plan, plan).halves == (("one", "one"), ("one x two", "one x two"))


def test_values_of_one_person_are_pooled_where_there_are_very_many(
    opened: list[Counter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cells, "MANY_VALUES", 10)
    plan = BY_NAME["plan"]
    own = [("answered", f"value {n}") for n in range(10)]
    shared = [("answered", "shared")] * 3
    few = flat(opened, plan, [*own[:9], *shared]).facet(plan)
    assert RARE not in few.values
    many = flat(opened, plan, [*own, *shared]).facet(plan)
    assert counts_of(many) == {RARE: 10, "shared": 3}
    # One account three times is still one account.
    loud = flat(opened, plan, [*own, *shared], [*range(10), 99, 99, 99]).facet(plan)
    assert counts_of(loud) == {RARE: 13}


def test_crossing_pools_as_the_facets_do(opened: list[Counter], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the cells of a value, crossed, would not add up to the value's own."""
    monkeypatch.setattr(_cells, "MANY_VALUES", 2)
    plan = BY_NAME["plan"]
    counter = flat(opened, plan, [("answered", v) for v in ("a", "b", "c", "shared", "shared")])
    assert counts_of(counter.pair(plan, plan)) == {f"{RARE} x {RARE}": 3, "shared x shared": 2}


def test_nobody(opened: list[Counter]) -> None:
    for facet in FACETS_ASKED[1:]:
        counter = flat(opened, facet, [])
        assert fast(counter.facet(facet)) == {}
        assert fast(counter.weeks()) == {}
        assert counter.others(counter.facet(facet), np.zeros(0, dtype=np.bool_)) == {}
        assert fast(counter.pair(facet, facet)) == {}


def test_nothing_is_spilled_or_fetched(opened: list[Counter]) -> None:
    db: Any = flat(opened, BY_NAME["use"], []).db
    settings = "SELECT current_setting('temp_directory'), current_setting('autoinstall_known_extensions')"
    assert db.execute(settings).fetchall() == [("", False)]
