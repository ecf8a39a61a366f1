from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.errors import RunError
from clio.privacy.history import Earlier, digest, read, record
from clio.privacy.settle import settle_again
from clio.stages import publish as stage
from tests.privacy.people import seeds
from tests.stages.workspaces import Workspace, draw_workspace

releases = st.fixed_dictionaries(
    {
        "min_conversations": st.integers(2, 14),
        "min_accounts": st.integers(2, 6),
        "max_account_share": st.sampled_from([0.3, 0.5, 1.0]),
        "under_threshold": st.sampled_from(["merge", "drop"]),
        "over_share": st.sampled_from(["trim", "suppress"]),
    }
)


def published(drawn: Workspace, folder: Path, **release: Any) -> dict[str, list[dict[str, Any]]]:
    context = drawn.context(folder, release=release)
    stage.run(context.config, context)
    return {path.stem: pq.read_table(path).to_pylist() for path in context.release.glob("*.parquet")}


def told(tables: dict[str, list[dict[str, Any]]]) -> str:
    return next(row for row in tables["privacy"] if row["rule"] == "earlier releases")["statement"]


@settings(max_examples=4)
@given(seeds, st.lists(releases, min_size=2, max_size=3))
def test_sizes_of_all_releases_are_sums_of_whole_clusters_of_the_first(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chain: list[dict[str, Any]]
) -> None:
    """So no difference of two of them is about people who moved, or about what was trimmed of one person."""
    drawn, folder = draw_workspace(seed, 120), tmp_path_factory.mktemp("run")
    for release in chain:
        published(drawn, folder, **release)
    private = drawn.private()
    first, *later = [np.load(path) for path in sorted((folder / "workspace" / "releases").glob("*.npy"))]
    for settled in later:
        for cluster in np.unique(first):
            assert len(np.unique(settled[first == cluster])) == 1
        assert ((settled >= 0) <= (first >= 0)).all()
    assert len(first) == len(private.base)


@settings(max_examples=4)
@given(seeds, releases, releases)
def test_cells_of_two_releases_with_the_same_name_are_the_same_number(
    tmp_path_factory: pytest.TempPathFactory, seed: int, one: dict[str, Any], other: dict[str, Any]
) -> None:
    drawn, folder = draw_workspace(seed, 120), tmp_path_factory.mktemp("run")
    before, after = published(drawn, folder, **one), published(drawn, folder, **other)
    for name, label in (("breakdowns", "value"), ("trends", "week")):
        cells: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        for row in before[name] + after[name]:
            if row["kind"] == "value":
                cells[row["cluster_id"], row.get("facet"), row[label]].add(row["conversations"])
        assert all(len(numbers) == 1 for numbers in cells.values())


def test_an_identical_publishing_gives_the_same_and_is_no_second_release(tmp_path: Path) -> None:
    drawn = draw_workspace(3, 150)
    loose = {"min_conversations": 3, "min_accounts": 2}
    strict = {"min_conversations": 9, "min_accounts": 4}
    first = published(drawn, tmp_path, **loose)
    second = published(drawn, tmp_path, **strict)
    assert published(drawn, tmp_path, **loose) == first
    assert published(drawn, tmp_path, **strict) == second
    assert len(list((tmp_path / "workspace" / "releases").glob("*.json"))) == 2


def test_what_was_released_before_is_said_to_be(tmp_path: Path) -> None:
    drawn = draw_workspace(3, 150)
    first = published(drawn, tmp_path, min_conversations=3, min_accounts=2)
    assert "no earlier release" in told(first)
    second = published(drawn, tmp_path, min_conversations=9, min_accounts=4)
    said = next(row for row in second["privacy"] if row["rule"] == "earlier releases")
    assert said["hidden"] > 0
    assert f"{said['hidden']} were already released" in said["statement"]
    names = lambda tables: {  # noqa: E731
        (row["cluster_id"], row["facet"], row["value"]) for row in tables["breakdowns"] if row["kind"] == "value"
    }
    weeks = lambda tables: {  # noqa: E731
        (row["cluster_id"], row["week"]) for row in tables["trends"] if row["kind"] == "value"
    }
    assert said["hidden"] == len(names(first) - names(second)) + len(weeks(first) - weeks(second))


def test_ignoring_is_said_and_settles_anew(tmp_path: Path) -> None:
    drawn = draw_workspace(3, 150)
    published(drawn, tmp_path, min_conversations=12, min_accounts=3)
    fresh = published(drawn, tmp_path, min_conversations=3, min_accounts=2, earlier="ignore")
    alone = published(drawn, tmp_path / "other", min_conversations=3, min_accounts=2)
    assert fresh["breakdowns"] == alone["breakdowns"]
    assert "nobody was shown" in told(fresh)


def test_with_other_conversations_nothing_is_promised_and_that_is_said(tmp_path: Path) -> None:
    published(draw_workspace(3, 120), tmp_path)
    tables = published(draw_workspace(4, 120), tmp_path)
    assert "1 earlier releases have other clusters or conversations" in told(tables)
    assert "not protected" in told(tables)


def test_with_other_answers_the_facet_is_named(tmp_path: Path) -> None:
    drawn = draw_workspace(3, 150)
    published(drawn, tmp_path, min_conversations=3, min_accounts=2)
    for row in drawn.facets:
        if row["facet"] == "flag" and row["value"] == "true":
            row["value"] = "false"
    tables = published(drawn, tmp_path, min_conversations=4, min_accounts=2)
    assert "Answers changed since, so this is not promised for: flag" in told(tables)


@pytest.mark.parametrize("broken", [".json", ".npy", ".parquet"])
def test_a_damaged_record_stops_the_release(broken: str, tmp_path: Path) -> None:
    drawn = draw_workspace(3, 90)
    published(drawn, tmp_path)
    (tmp_path / "workspace" / "releases" / f"0001{broken}").write_bytes(b"{}")
    with pytest.raises(RunError):
        published(drawn, tmp_path, min_conversations=9)


def test_records_go_round(tmp_path: Path) -> None:
    earlier = Earlier()
    earlier.note("use", [("0-0001", "alpha"), ("all", "beta")], np.array([7, 9]), np.array([True, False]))
    record(tmp_path, "t", "one", np.array([0, -1, 2]), earlier)
    found = read(tmp_path, "t", "two")
    assert found.entries[0].cells == {("use", "0-0001", "alpha"): (7, True), ("use", "all", "beta"): (9, False)}
    assert found.settled is not None
    assert found.settled.tolist() == [0, -1, 2]
    names = [("0-0001", "alpha"), ("all", "beta"), ("all", "gamma")]
    assert found.known("use", names, np.array([7, 9, 1])).tolist() == [True, False, False]
    assert not found.changed
    assert not read(tmp_path, "t", "one").entries
    assert read(tmp_path, "u", "two").elsewhere == 1


def test_digests_tell_apart() -> None:
    array = np.arange(4)
    assert digest(array, "a") == digest(np.arange(4), "a")
    assert len({digest(array, "a"), digest(array.reshape(2, 2), "a"), digest("a", array), digest(array), digest()}) == 5


@settings(max_examples=30)
@given(seeds, releases, releases)
def test_settling_again_joins_whole_clusters_and_everybody_is_accounted_for(
    seed: int, one: dict[str, Any], other: dict[str, Any]
) -> None:
    from clio.config.release import ReleaseConfig
    from clio.privacy.settle import settle

    private = draw_workspace(seed, 100, facets=()).private()
    people = (private.base, private.account, private.centroids, stage._parents(private.hierarchy))
    before = settle(*people, ReleaseConfig(**one))
    first = stage._settled_base(private, before)
    found = settle_again(first, *people, ReleaseConfig(**other))
    counted = np.concatenate([*found.members.values(), np.empty(0, dtype=np.int64)])
    assert len(np.unique(counted)) == len(counted)
    assert len(counted) + found.dropped_conversations + found.trimmed_conversations == len(private.base)
    assert len(found.members) == len(np.unique(private.base)) - found.merged - found.dropped
    for rows in found.members.values():
        who = Counter(private.account[rows].tolist())
        assert who.total() >= other["min_conversations"]
        assert len(who) >= other["min_accounts"]
        assert max(who.values()) <= other["max_account_share"] * who.total() + 1e-9
    same = settle_again(first, *people, ReleaseConfig(**one))
    assert {c: rows.tolist() for c, rows in same.members.items()} == {
        c: rows.tolist() for c, rows in before.members.items()
    }
    assert (same.merged, same.dropped, same.grown) == (before.merged, before.dropped, before.grown)


def test_the_record_holds_no_text_of_a_conversation(tmp_path: Path) -> None:
    published(draw_workspace(3, 90), tmp_path)
    head = json.loads((tmp_path / "workspace" / "releases" / "0001.json").read_text())
    assert head.keys() == {"taxonomy", "identity"}
    columns = pq.read_schema(tmp_path / "workspace" / "releases" / "0001.parquet").names
    assert columns == ["facet", "cluster_id", "value", "conversations", "shown"]
