"""A release with noise: what is in it follows from noisy counts alone, holds together, and passes the wall."""

from __future__ import annotations

import itertools
import json
import logging
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config import load_config
from clio.config.facets import COMPUTED, Facet
from clio.config.noise import NoiseConfig
from clio.errors import ConfigError, PrivacyError
from clio.privacy import _noise_tables as module
from clio.privacy._noise_labels import fixed_values, label, labelled
from clio.privacy._noise_ledger import LEDGER, Ledger
from clio.privacy._noise_statements import noise_manifest, noise_statements, not_whole
from clio.privacy._noise_tables import Noisy, Rows, noisy_release
from clio.privacy._noise_utility import read_rows, report
from clio.privacy.thresholds import Thresholds
from clio.privacy.wall import check_release
from clio.stages._cells import Counter as Cells
from clio.tables import FACETS, PRIVACY, TABLES
from tests.privacy.noise_people import Seeded, free, rows_of
from tests.stages.workspaces import FACETS_ASKED, draw_workspace

LOW = Thresholds(2, 2, 1.0)
configs = st.builds(
    NoiseConfig,
    mechanism=st.just("dp"),
    epsilon=st.sampled_from([1.0, 20.0, 90.0]),
    delta=st.sampled_from([1e-6, 1e-2]),
    most_clusters=st.integers(1, 3),
    most_conversations=st.integers(1, 3),
    levels=st.sampled_from(["base", "every"]),
    breakdowns=st.sampled_from(["none", "whole", "every"]),
    trends=st.booleans(),
)
seeds = st.integers(0, 2**32 - 1)


def world(accounts_of: Sequence[tuple[int, int, str]], clusters: int = 3) -> Rows:
    """Rows from (account, base cluster, value of ``use``); one parent above all clusters."""
    bottom: list[dict[str, Any]] = [
        {"cluster_id": f"0-{n:04d}", "level": 0, "parent_id": "1-0000", "cluster": n, "name": f"Topic {n}",
         "summary": "", "terms": [], "writer": "w"} for n in range(clusters)
    ]  # fmt: skip
    top = bottom[0] | {"cluster_id": "1-0000", "level": 1, "parent_id": None, "cluster": None, "name": "Top"}
    ids = [f"c{n}" for n in range(len(accounts_of))]
    answers = FACETS.build(
        [
            {"conversation_id": name, "facet": "use", "status": "answered", "value": value, "writer": "w",
             "reason": "", "read_share": 1.0} for name, (_, _, value) in zip(ids, accounts_of, strict=True)
        ]
    )  # fmt: skip
    account, base = (np.array([row[place] for row in accounts_of], dtype=np.int64) for place in (0, 1))
    return Rows(ids, account, [None] * len(ids), base, answers, [*bottom, top])


USE = next(facet for facet in FACETS_ASKED if facet.name == "use")
PLAN = next(facet for facet in FACETS_ASKED if facet.name == "plan")


def quiet(**given: Any) -> NoiseConfig:
    """So much epsilon that noise is all but none: what is counted can be compared."""
    return NoiseConfig.model_validate({"mechanism": "dp", "epsilon": 100, "delta": 0.4} | given)


@settings(max_examples=25)
@given(seeds, st.integers(0, 150), configs, st.booleans())
def test_a_release_holds_together_and_passes_the_wall(seed: int, size: int, config: NoiseConfig, fixed: bool) -> None:
    rows = rows_of(draw_workspace(seed, size).private())
    thresholds = Thresholds(5, 3, 1.0)
    found = noisy_release(rows, FACETS_ASKED, config, thresholds, free, fixed=fixed, source=Seeded(seed))
    tables = {name: table.to_pylist() for name, table in found.tables.items()}
    for name, table in found.tables.items():
        assert TABLES[name].validate(table) is not None
    if config.levels == "base":
        check_release(found.tables, thresholds, lambda _text: ())
    shown = {row["cluster_id"]: row["conversations"] for row in tables["clusters"]} | {"all": found.conversations}
    for row in itertools.chain(tables["clusters"], tables["breakdowns"], tables["trends"]):
        assert row["conversations"] >= thresholds.conversations
        assert row["accounts"] >= thresholds.accounts
        assert row["accounts"] <= row["conversations"] <= shown[row["cluster_id"]]
        assert 0 < row["share"] <= 1
    for row in tables["clusters"]:
        assert row["parent_id"] is None or shown[row["parent_id"]] >= row["conversations"]
        assert (row["x"], row["y"], row["merged"]) == (None, None, False)
    assert tables["map"] == []
    assert bool(tables["breakdowns"]) <= (config.breakdowns != "none")
    assert bool(tables["trends"]) <= config.trends
    assert {row["facet"] for row in tables["breakdowns"]} <= {f.name for f in FACETS_ASKED} - {"request", "week"}


def test_parents_are_sums_of_what_is_shown_below_or_counted_for_themselves() -> None:
    rows = world([(n, n // 40 if n < 80 else 2, "alpha") for n in range(83)])
    base = noisy_release(rows, [USE], quiet(), LOW, free, fixed=True, source=Seeded(1)).tables
    sizes = {row["cluster_id"]: row["conversations"] for row in base["clusters"].to_pylist()}
    assert sizes["1-0000"] == sum(n for name, n in sizes.items() if name != "1-0000")
    own = noisy_release(rows, [USE], quiet(levels="every"), Thresholds(5, 5, 1.0), free, source=Seeded(1))
    sizes = {row["cluster_id"]: row["conversations"] for row in own.tables["clusters"].to_pylist()}
    assert sizes.keys() == {"0-0000", "0-0001", "1-0000"}
    assert sizes["1-0000"] == pytest.approx(83, abs=1)  # with those of the cluster that is not shown
    assert own.conversations == sizes["1-0000"]


def test_only_what_is_in_a_shown_cluster_is_broken_down() -> None:
    rows = world([(n, 0, "alpha") for n in range(60)] + [(100 + n, 1 + n % 2, "beta") for n in range(24)])
    found = noisy_release(rows, [USE], quiet(), Thresholds(20, 2, 1.0), free, fixed=True, source=Seeded(2))
    assert [row["value"] for row in found.tables["breakdowns"].to_pylist()] == ["alpha"]


def test_accounts_and_not_conversations_are_counted_by_default() -> None:
    loud = [(7, 0, "alpha")] * 500 + [(n, 0, "alpha") for n in range(8, 40)]
    found = noisy_release(world(loud), [USE], quiet(), LOW, free, fixed=True, source=Seeded(3))
    assert found.conversations == found.accounts == pytest.approx(33, abs=1)
    twice = noisy_release(world(loud), [USE], quiet(most_conversations=30), LOW, free, fixed=True, source=Seeded(3))
    assert twice.conversations == pytest.approx(32 + 30, abs=6)
    assert twice.accounts == math.ceil(twice.conversations / 30)


def test_one_account_changes_every_true_count_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole of a release: what reaches the mechanism with an account and without it."""
    config = NoiseConfig(mechanism="dp", most_clusters=2, most_conversations=2, breakdowns="every")
    monkeypatch.setattr(module, "release_known", recorder := Recorder())
    monkeypatch.setattr(module, "release_keys", recorder)
    facets = [facet for facet in FACETS_ASKED if facet.kind != "text" and fixed_values(facet)]  # labels keep numbers
    for seed in range(12):
        rows = rows_of(draw_workspace(seed, 60, clusters=4).private())
        order = np.argsort(rows.account, kind="stable")  # the last account stands last: the others keep their luck
        whole = take(rows, order)
        last = int(whole.account.max())
        fewer = take(whole, np.flatnonzero(whole.account != last))
        recorder.tables = {}
        noisy_release(fewer, facets, config, LOW, free, fixed=True, source=Seeded(seed))
        without, recorder.tables = recorder.tables, {}
        noisy_release(whole, facets, config, LOW, free, fixed=True, source=Seeded(seed))
        assert without.keys() == recorder.tables.keys()
        for table, counts in recorder.tables.items():
            gone = Counter(counts)
            gone.subtract(without[table])
            changed = [by for by in gone.values() if by]
            assert len(changed) <= 2, table
            assert all(0 < by <= 2 for by in changed), table


class Recorder:
    """In place of the mechanism: keeps the true counts by table (labels by their text), and shows every cluster."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Any, int]] = {}

    def __call__(self, account: Any, key: Any, *given: Any) -> Any:
        from clio.privacy.noise import Released, counted

        budget, source = (given[1], given[3]) if len(given) == 4 else (given[0], given[2])
        true = counted(account, key, budget, Seeded(17))
        assert source is not None
        self.tables[budget.table] = true
        return Released(dict.fromkeys(range(4), 100) if budget.table.startswith("clusters") else {}, 1)


def take(rows: Rows, which: Any) -> Rows:
    chosen = [int(row) for row in which]
    return Rows(
        [rows.conversation_id[n] for n in chosen], rows.account[chosen], [rows.week[n] for n in chosen],
        rows.base[chosen], rows.answers, rows.hierarchy,
    )  # fmt: skip


def test_one_person_in_a_cluster_of_their_own_hardly_ever_shows() -> None:
    """The rate over a whole release, all tables and thresholds together, against the delta that was asked."""
    config = NoiseConfig(mechanism="dp", epsilon=4, delta=0.05, breakdowns="every", cluster_share=0.5)
    crowd = [(n, 0, "alpha") for n in range(80)]
    alone = [(999, 1, "only-theirs")]
    facet = PLAN.model_copy(update={"name": "use", "compute": "metadata.use"})
    n = 400
    hits = 0
    for seed in range(n):
        found = noisy_release(world(crowd + alone), [facet], config, Thresholds(1, 1, 1.0), free, source=Seeded(seed))
        hits += "0-0001" in found.tables["clusters"]["cluster_id"].to_pylist() or (
            "only-theirs" in found.tables["breakdowns"]["value"].to_pylist()
        )
    assert 0 < hits <= n * 0.05 + 5 * math.sqrt(n * 0.05)


def test_no_true_count_is_in_the_object_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Noise of scale 400 about a true count that is a number of its own: it must stand nowhere."""
    caplog.set_level(logging.DEBUG)
    true = 7_919
    rows = world([(n, 0, "alpha") for n in range(true)] + [(10_000 + n, 1, "beta") for n in range(4_001)])
    config = NoiseConfig(mechanism="dp", epsilon=0.01, breakdowns="every", facets=("use",))
    seen = 0
    for seed in range(12):
        found = noisy_release(rows, [USE], config, LOW, free, source=Seeded(seed))
        told = repr(found) + json.dumps({k: t.to_pylist() for k, t in found.tables.items()}) + caplog.text
        told += json.dumps(noise_manifest(found, [])) + json.dumps(noise_statements(found, []))
        assert str(true) not in told
        assert "4001" not in told
        seen += bool(found.tables["clusters"].num_rows)
    assert seen
    assert set(Noisy.__slots__) == {
        "tables", "conversations", "accounts", "budgets", "lines", "composed", "backend", "fixed"
    }  # fmt: skip


def test_nothing_is_drawn_where_the_total_is_passed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / LEDGER)
    config = NoiseConfig(mechanism="dp", total_epsilon=1.5)

    def charge(budgets: Any) -> Any:
        return ledger.charge(["data"], budgets, config)

    rows = world([(n, 0, "alpha") for n in range(60)])
    first = noisy_release(rows, [USE], config, LOW, charge)
    assert noise_manifest(first, [])["composed"] == {
        "by": "basic composition: epsilons add up, deltas add up", "epsilon": 1.0, "delta": 1e-6, "releases": 1
    }  # fmt: skip
    monkeypatch.setattr(module, "release_keys", lambda *_: pytest.fail("drawn"))
    monkeypatch.setattr(module, "bounded", lambda *_: pytest.fail("looked at"))
    with pytest.raises(PrivacyError, match="epsilon 2"):
        noisy_release(rows, [USE], config, LOW, charge)
    assert ledger.spent(["data"]).releases == 1


def test_what_is_spent_is_what_was_asked_and_delta_only_where_keys_are_unknown() -> None:
    rows = world([(n, 0, "alpha") for n in range(60)])
    config = NoiseConfig(mechanism="dp", epsilon=2, breakdowns="every", levels="every")
    fixed = noise_manifest(noisy_release(rows, [USE], config, LOW, free, fixed=True), [])
    assert (fixed["epsilon"], fixed["delta"]) == (2.0, 0.0)
    assert "whole release" in fixed["covers"]
    learned = noise_manifest(noisy_release(rows, [USE], config, LOW, free), ["learned"])
    assert learned["delta"] == pytest.approx(1e-6)
    assert learned["covers"].startswith("the counts, given the clusters")
    with_plan = noise_manifest(noisy_release(rows, [USE, PLAN], config, LOW, free, fixed=True), [])
    assert with_plan["delta"] == pytest.approx(1e-6)
    assert {name for name, table in with_plan["tables"].items() if table["delta"]} == {
        f"breakdowns/plan/{grain}" for grain in ("all", "0", "1")
    }


def test_values_that_hold_an_identifier_are_not_shown() -> None:
    facet = PLAN.model_copy(update={"name": "use", "compute": "metadata.use"})
    rows = world([(n, 0, "jo@example.org" if n % 2 else "team") for n in range(80)])

    def scan(text: str) -> list[str]:
        return ["mail"] if "@" in text else []

    found = noisy_release(rows, [facet], quiet(), LOW, free, scan=scan, source=Seeded(1))
    assert [row["value"] for row in found.tables["breakdowns"].to_pylist()] == ["team"]


def test_statements_say_what_is_promised() -> None:
    rows = world([(n, 0, "alpha") for n in range(60)])
    found = noisy_release(rows, [USE], NoiseConfig(mechanism="dp"), LOW, free)
    config = load_config({"ingest": {"sampling": {"size": 10}}})
    reasons = not_whole(config, fixed=False, exact=2)
    assert len(reasons) == 3
    assert not_whole(load_config({}), fixed=True) == ()
    told = PRIVACY.build(noise_statements(found, reasons)).to_pylist()
    assert "epsilon 1, delta 1e-06" in told[0]["setting"]
    assert told[0]["statement"].startswith("Given the clusters")
    assert all(row["hidden"] is None for row in told)
    assert len(told) == 6


def test_a_facet_that_cannot_be_counted_is_a_fault() -> None:
    for name in ("request", "week", "nothing"):
        with pytest.raises(ConfigError, match=name):
            noisy_release(world([]), FACETS_ASKED, NoiseConfig(mechanism="dp", facets=(name,)), LOW, free)


def test_nobody_at_all() -> None:
    for fixed in (False, True):
        found = noisy_release(world([]), [USE], NoiseConfig(mechanism="dp", trends=True), LOW, free, fixed=fixed)
        assert found.tables["trends"].num_rows == 0


# Labels


@settings(max_examples=15)
@given(seeds)
def test_labels_are_those_of_a_release_without_noise(seed: int) -> None:
    private = draw_workspace(seed, 60).private()
    place = {name: row for row, name in enumerate(private.conversation_id)}
    members = pa.table(
        {"conversation_id": list(place), "account": private.account, "week": pa.array(private.week, pa.string()),
         "node_all": np.zeros(len(place), dtype=np.int64)}
    )  # fmt: skip
    cells = Cells(members, private.answers, np.array([-1]))
    try:
        for facet in FACETS_ASKED:
            if facet.kind == "text":
                continue
            theirs = cells.facet(facet)
            expected = {
                theirs.values[v]: n for v, n in zip(theirs.cells.value, theirs.cells.conversations, strict=True)
            }
            rows, values, labels = labelled(private.answers, facet, place, None)
            pairs = set(zip(rows.tolist(), values.tolist(), strict=True))
            assert Counter(labels[value] for _, value in pairs) == expected, facet.name
            known = fixed_values(facet)
            assert known is None or set(labels) <= set(known), facet.name
    finally:
        cells.close()


def test_which_value_lists_are_public() -> None:
    open_ended = {"model", "surface", "week"}
    for name in COMPUTED:
        facet = Facet(name=name, kind="computed")
        assert (fixed_values(facet) is None) == (name in open_ended)
    assert "en" in (fixed_values(Facet(name="language", kind="computed")) or ())
    assert fixed_values(PLAN) is None


@pytest.mark.parametrize("value", ["{}", "7", "[1]", '["a", null]', "[", "null"])
def test_what_is_no_list_is_a_failed_answer(value: str) -> None:
    tags = next(facet for facet in FACETS_ASKED if facet.kind == "multi")
    assert label(tags, "answered", value) == ("failed",)


def test_what_noise_would_leave_is_told_without_spending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = draw_workspace(3, 150)
    context = workspace.context(tmp_path / "run")
    context.manifest.begin(context.config.model_dump(mode="json"), [], 0, "t")
    rows, private = read_rows(tmp_path / "run"), workspace.private()
    assert rows.base.tolist() == private.base.tolist()
    assert len(np.unique(rows.account)) == len(np.unique(private.account))
    monkeypatch.setattr("clio.privacy._noise_utility.EPSILONS", (90.0,))
    told = report(tmp_path / "run", 2).splitlines()
    assert len(told) == 4 + 3 * 2
    assert "6/3/1" in told[0]
    assert not (tmp_path / "run" / "workspace" / LEDGER).exists()
