"""Edits: kept, refused, applied, undone."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.errors import PrivacyError, RunError
from clio.explore import curation
from clio.explore.curation import Curated, Edit, EditsError, add, apply_edits, as_rows, in_force, read_edits, release_id
from clio.explore.release import ALL, Release, fingerprint, load
from clio.explore.trouble import diagnose
from tests.released import HOSTILE, with_hostile_names

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(run, tmp_path / "run")


def tables(release: Release) -> Tables:
    assert release.published is not None
    return release.published


def edit(number: int, kind: Any, **more: Any) -> Edit:
    return Edit(number, "2026-01-01T00:00:00+00:00", "ann", kind, "0" * 16, **more)


DRAWN = st.lists(
    st.tuples(
        st.sampled_from(["rename", "merge", "move", "hide", "note", "undo"]), st.integers(0, 999), st.integers(0, 999)
    ),
    min_size=1,
    max_size=8,
)
Drawn = list[tuple[str, int, int]]


def sequence(release: Release, drawn: Drawn) -> list[Edit]:
    """Edits of clusters that are there; merges and moves go to a level that takes them, so that most of them apply."""
    level = {name: int(release.rows[name]["level"]) for name in sorted(release.rows)}
    found = []
    for number, (kind, one, other) in enumerate(drawn, start=1):
        cluster = list(level)[one % len(level)]
        there = [name for name in level if level[name] == level[cluster] + (kind == "move")] or list(level)
        if kind == "undo":
            found.append(edit(number, "undo", of=1 + other % max(1, number - 1)))
        else:
            found.append(edit(number, kind, cluster=cluster, to=there[other % len(there)], text="Another name"))
    return found


def partition(made: Curated) -> None:
    size = made.clusters.set_index("cluster_id")["conversations"].to_dict()
    below: Counter[str] = Counter()
    for parent, count in zip(made.clusters["parent_id"], made.clusters["conversations"], strict=True):
        if isinstance(parent, str):
            assert parent in size
            below[parent] += int(count)
    assert all(below[parent] == size[parent] for parent in below)
    levels = made.clusters.groupby("level")["conversations"].sum()
    assert levels.nunique() == 1
    upper = made.clusters[made.clusters["level"] > 0]["cluster_id"]
    assert set(upper) == set(below)


@settings(deadline=None, max_examples=60)
@given(drawn=DRAWN)
def test_any_edits_keep_the_hierarchy_whole(release: Release, drawn: Drawn) -> None:
    given_tables = tables(release)
    made = apply_edits(*given_tables, sequence(release, drawn))
    partition(made)
    before = given_tables[0].groupby("level")["conversations"].sum()
    after = made.clusters.groupby("level")["conversations"].sum()
    assert (after <= before.reindex(after.index)).all()
    assert list(made.clusters.columns) == list(given_tables[0].columns)
    assert (made.clusters["accounts"] <= made.clusters["conversations"]).all()
    assert made.clusters["share"].between(0, 1).all()
    # Nothing that is gone is told of anywhere, and every cell fits in its cluster.
    size = made.clusters.set_index("cluster_id")["conversations"].to_dict() | {ALL: int(after.max())}
    people = made.clusters.set_index("cluster_id")["accounts"].to_dict()
    for frame in (made.breakdowns, made.trends):
        assert set(frame["cluster_id"]) <= set(size)
        assert all(c <= size[n] for n, c in zip(frame["cluster_id"], frame["conversations"], strict=True))
        named = frame[frame["cluster_id"].isin(people)]
        assert all(a <= people[n] for n, a in zip(named["cluster_id"], named["accounts"], strict=True))
        least = release.thresholds
        assert (frame["conversations"] >= least.conversations).all()
        assert (frame["accounts"] >= least.accounts).all()
        assert not frame.duplicated([c for c in ("cluster_id", "facet", "value", "week") if c in frame]).any()
    assert set(made.notes) <= set(people)


@settings(deadline=None, max_examples=40)
@given(drawn=DRAWN)
def test_cells_are_sums_of_released_cells(release: Release, drawn: Drawn) -> None:
    """Of an adding facet: what a cell of the result holds is what its base clusters show of it, or less is told."""
    given_tables = tables(release)
    made = apply_edits(*given_tables, sequence(release, drawn))
    merged = made.clusters[made.clusters["cluster_id"].isin(made.at_most)]
    for name in merged["cluster_id"]:
        rows = made.breakdowns[made.breakdowns["cluster_id"] == name]
        size = int(merged.set_index("cluster_id")["conversations"][name])
        for facet, cells in rows.groupby("facet"):
            if release.facets[str(facet)].adds_up:
                assert cells["conversations"].sum() <= size
                assert abs(cells["share"].sum() - cells["conversations"].sum() / size) < 1e-9


@settings(deadline=None, max_examples=40)
@given(drawn=DRAWN, shuffled=st.randoms(use_true_random=False))
def test_undoing_all_gives_the_release_back(release: Release, drawn: Drawn, shuffled: Random) -> None:
    edits = sequence(release, drawn)
    order = [e.number for e in in_force(edits)]
    shuffled.shuffle(order)
    for of in order:
        edits.append(edit(len(edits) + 1, "undo", of=of))
    made = apply_edits(*tables(release), edits)
    for frame, original in zip((made.clusters, made.breakdowns, made.trends), tables(release), strict=True):
        pd.testing.assert_frame_equal(frame, original)


def test_undoing_an_undo_makes_the_edit_anew() -> None:
    first, note = edit(1, "hide", cluster="0-0001"), edit(4, "note", cluster="0-0001", text="x")
    undo, again = edit(2, "undo", of=1), edit(3, "undo", of=2)
    assert in_force([first, undo]) == []
    assert in_force([first, undo, again, note]) == [first, note]


def test_a_merge_adds_what_both_tell(release: Release) -> None:
    clusters, breakdowns, trends = tables(release)
    into, gone = release.marks()[:2]
    made = apply_edits(clusters, breakdowns, trends, [edit(1, "merge", cluster=gone, to=into)])
    row = made.clusters.set_index("cluster_id").loc[into]
    one, other = release.rows[into], release.rows[gone]
    assert row["conversations"] == one["conversations"] + other["conversations"]
    assert max(one["accounts"], other["accounts"]) <= row["accounts"] <= one["accounts"] + other["accounts"]
    assert into in made.at_most
    assert row["merged"]
    shown = {
        name: breakdowns[(breakdowns["cluster_id"] == name) & (breakdowns["kind"] == "value")]
        .set_index(["facet", "value"])["conversations"]
        .to_dict()
        for name in (into, gone)
    }
    values = made.breakdowns[(made.breakdowns["cluster_id"] == into) & (made.breakdowns["kind"] == "value")]
    assert len(values)
    for facet, value, count in zip(values["facet"], values["value"], values["conversations"], strict=True):
        assert count == shown[into].get((facet, value), 0) + shown[gone].get((facet, value), 0)


def test_what_is_hidden_is_in_no_total(release: Release) -> None:
    """From the tables that are left, the size of a hidden cluster is not to be had by subtraction."""
    clusters, breakdowns, trends = tables(release)
    away = release.marks()[0]
    made = apply_edits(clusters, breakdowns, trends, [edit(1, "hide", cluster=away)])
    whole = made.clusters[made.clusters["level"] == 0]["conversations"].sum()
    assert whole == clusters[clusters["level"] == 0]["conversations"].sum() - release.rows[away]["conversations"]
    told = made.breakdowns[made.breakdowns["cluster_id"] == ALL]
    for facet, cells in told.groupby("facet"):
        if release.facets[str(facet)].adds_up:
            assert cells["conversations"].sum() <= whole
    assert made.trends[made.trends["cluster_id"] == ALL]["conversations"].sum() <= whole
    assert away in made.gone
    left = curation.squares_left(release.squares, clusters, made.gone)
    assert len(left) <= len(release.squares)


def test_the_last_cluster_stays(release: Release) -> None:
    edits = [edit(n, "hide", cluster=name) for n, name in enumerate(release.children[None], start=1)]
    made = apply_edits(*tables(release), edits)
    assert len(made.clusters)
    assert [why for _, why in made.skipped] == ["Nothing would be left."]


def test_levels_that_do_not_add_up_are_not_moved(release: Release) -> None:
    clusters, breakdowns, trends = tables(release)
    noisy = clusters.assign(conversations=clusters["conversations"] + (clusters["level"] == 1) * 3)
    name = release.marks()[0]
    parents = [n for n, r in release.rows.items() if r["level"] == 1 and n != release.rows[name]["parent_id"]]
    made = apply_edits(noisy, breakdowns, trends, [edit(1, "move", cluster=name, to=parents[0])])
    assert "do not add up" in made.skipped[0][1]


def test_edits_are_kept_beside_the_release_and_read_by_it(copy: Path) -> None:
    release = load(copy)
    before, name = fingerprint(copy), release.marks()[0]
    files = {path: path.read_bytes() for path in (copy / "release").iterdir()}
    made = add(copy, tables(release), "rename", cluster=name, text=" A  better name ", why="clearer", who="Ann")
    assert (made.number, made.text, made.who) == (1, "A better name", "Ann")
    assert fingerprint(copy) != before
    after = load(copy)
    assert after.rows[name]["name"] == "A better name"
    assert after.rows[name]["writer"] == "curation"
    assert load(copy, edited=False).rows[name]["name"] == release.rows[name]["name"]
    add(copy, tables(release), "note", cluster=name, text="Seen in two weeks only")
    add(copy, tables(release), "undo", of=1)
    again = load(copy)
    assert again.rows[name]["name"] == release.rows[name]["name"]
    assert again.curated is not None
    assert [note.text for note in again.curated.notes[name]] == ["Seen in two weeks only"]
    assert [row["in_force"] for row in as_rows(read_edits(copy))] == [False, True, True]
    assert files == {path: path.read_bytes() for path in (copy / "release").iterdir()}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("rename", {"text": ""}), ("rename", {"text": "x" * 121}), ("note", {"text": "x" * 501}),
        ("merge", {"to": "0-9999"}), ("merge", {"to": ""}), ("move", {"to": "../../x"}), ("undo", {"of": 1}),
        ("undo", {"of": 0}), ("hide", {"cluster": "9-0001"}), ("hide", {"cluster": "nonsense"}),
    ],
)  # fmt: skip
def test_what_does_not_apply_is_refused(copy: Path, kind: Any, more: dict[str, Any]) -> None:
    release = load(copy)
    with pytest.raises(RunError, match=r"Nothing was changed\.$"):
        add(copy, tables(release), kind, **{"cluster": release.marks()[0], **more})
    assert not (copy / curation.FILE).exists()


@pytest.mark.parametrize("field", ["text", "why", "who"])
@pytest.mark.parametrize("said", ["Mail ann.smith@example.org", "card 4111 1111 1111 1111"])
def test_identifiers_are_refused_without_being_quoted(copy: Path, field: str, said: str) -> None:
    release = load(copy)
    with pytest.raises(PrivacyError) as refused:
        add(copy, tables(release), "note", **{"cluster": release.marks()[0], "text": "fine", field: said})
    assert said.split()[1] not in str(refused.value)
    assert not (copy / curation.FILE).exists()


def test_hostile_text_becomes_one_clean_line(copy: Path) -> None:
    release = load(copy)
    made = add(copy, tables(release), "note", cluster=release.marks()[0], text="a\u202eb\x00\n\u2028c\x1b[2J")
    assert made.text == "ab c [2J"
    assert read_edits(copy) == (made,)


def good(release: Release) -> dict[str, Any]:
    return {
        "number": 1, "time": "2026-01-01T00:00:00+00:00", "who": "ann", "kind": "hide",
        "release": release_id(tables(release)[0]), "cluster": release.marks()[0], "to": "", "text": "", "of": 0,
        "why": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2}, {"number": True}, {"kind": "drop"}, {"cluster": "x"}, {"cluster": None}, {"who": "a\nb"},
        {"why": "x" * 301}, {"release": "zz"}, {"time": "yesterday"}, {"more": 1}, {"kind": "undo", "of": 7},
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(copy: Path, change: dict[str, Any]) -> None:
    line = good(load(copy)) | change
    (copy / curation.FILE).write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(EditsError, match=r"edits\.jsonl, line 1") as told:
        load(copy)
    trouble = diagnose(copy, told.value)
    assert trouble is not None
    assert "edits" in trouble.title
    assert "line 1" in trouble.text


@given(junk=st.binary(max_size=60).filter(lambda b: b"\n" not in b))
def test_any_bytes_are_an_edits_error_or_a_line_cut_off(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    folder = tmp_path_factory.mktemp("junk")
    (folder / curation.FILE).write_bytes(junk)
    assert read_edits(folder) == ()
    (folder / curation.FILE).write_bytes(junk + b"\n")
    with pytest.raises(EditsError, match="line 1"):
        read_edits(folder)


def test_a_line_that_a_kill_cut_off_is_written_over(copy: Path) -> None:
    release = load(copy)
    add(copy, tables(release), "note", cluster=release.marks()[0], text="first")
    with (copy / curation.FILE).open("ab") as handle:
        handle.write(b'{"number": 2, "ti')
    assert len(read_edits(copy)) == 1
    add(copy, tables(release), "note", cluster=release.marks()[0], text="second")
    assert [e.text for e in read_edits(copy)] == ["first", "second"]


def test_a_link_is_not_followed(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("", encoding="utf-8")
    (copy / curation.FILE).symlink_to(tmp_path / "elsewhere")
    release = load(copy, edited=False)
    with pytest.raises(EditsError, match="link"):
        add(copy, tables(release), "note", cluster=release.marks()[0], text="x")
    assert (tmp_path / "elsewhere").read_text(encoding="utf-8") == ""


def test_many_at_once_lose_nothing(copy: Path) -> None:
    release = load(copy)
    name = release.marks()[0]

    def note(number: int) -> Edit:
        return add(copy, tables(release), "note", cluster=name, text=f"note {number}")

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(note, range(18)))
    assert sorted(e.number for e in made) == list(range(1, 19))
    assert {e.text for e in read_edits(copy)} == {e.text for e in made}


def test_edits_of_another_release_are_not_applied(run: Path, tmp_path: Path) -> None:
    other = with_hostile_names(run, tmp_path / "other")
    (other / curation.FILE).write_text(json.dumps(good(load(run))) + "\n", encoding="utf-8")
    release = load(other)
    assert release.curated is None
    assert len(release.curation.edits) == 1
    assert not release.curation.own
    assert any(name in set(release.clusters["name"]) for name in HOSTILE)


def test_a_merge_has_no_more_accounts_than_what_holds_both(release: Release) -> None:
    parents = [name for name in release.children if name is not None and len(release.children[name]) > 1]
    into, gone = release.children[parents[-1]][:2]
    made = apply_edits(*tables(release), [edit(1, "merge", cluster=gone, to=into)])
    people = made.clusters.set_index("cluster_id")["accounts"]
    assert people[into] <= people[release.rows[into]["parent_id"]]
    cells = made.breakdowns[made.breakdowns["cluster_id"] == into]
    assert (cells["accounts"] <= people[into]).all()
