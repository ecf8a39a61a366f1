"""A taxonomy fixed in advance: read from anything, refused where it is none, assigned one conversation at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clio.errors import InputError
from clio.runs.files import load_array, write_table
from clio.runs.runner import load_stage
from clio.stages import _taxonomy as module
from clio.stages._audited import audited
from clio.stages._taxonomy import (
    Taxonomy,
    assign,
    assignments_table,
    descriptions_table,
    hierarchy_table,
    in_place,
    load_taxonomy,
)
from clio.stages.publish import publish
from clio.tables import CLUSTERS
from clio.vectors.store import store_vectors
from tests.stages.workspaces import FACETS_ASKED, draw_workspace

NESTED = [
    {"name": "Code", "children": [{"name": "Fix code", "summary": "Bugs."}, "Explain code"]},
    {"name": "Words", "summary": "Text.", "children": ["Write letters"]},
]
FLAT = [
    {"name": "Fix code", "summary": "Bugs.", "parent": "Code"},
    {"name": "Explain code", "parent": "Code"},
    {"name": "Write letters", "parent": "w"},
    {"name": "Code"},
    {"id": "w", "name": "Words", "summary": "Text."},
]


class Words:
    """An encoder of bags of words: deterministic, and near where words are shared."""

    id, dimensions = "words", 64

    def encode(self, texts: Any) -> Any:
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().replace(".", " ").split():
                rows[row, int.from_bytes(word.encode()) % 61] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def write(folder: Path, given: Any, name: str = "taxonomy.yaml") -> Path:
    path = folder / name
    text = json.dumps(given) if name.endswith(".json") else yaml.safe_dump(given, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def tree(taxonomy: Taxonomy) -> dict[str, str | None]:
    """Name of each cluster to the name above it; leaves and parents of one name are told apart by level."""
    name = {entry.cluster_id: f"{entry.level} {entry.name}" for entry in taxonomy.entries}
    return {name[e.cluster_id]: name.get(e.parent_id or "") for e in taxonomy.entries}


@pytest.mark.parametrize("name", ["t.yaml", "t.yml", "t.json"])
@pytest.mark.parametrize("given_as", [NESTED, FLAT, {"clusters": NESTED}], ids=["nested", "flat", "keyed"])
def test_the_same_taxonomy_however_it_is_written(tmp_path: Path, name: str, given_as: Any) -> None:
    found = load_taxonomy(write(tmp_path, given_as, name))
    assert tree(found) == {
        "0 Fix code": "1 Code", "0 Explain code": "1 Code", "0 Write letters": "1 Words",
        "1 Code": None, "1 Words": None,
    }  # fmt: skip
    assert [entry.name for entry in found.base] == ["Fix code", "Explain code", "Write letters"]
    assert found.base[0].text == "Fix code. Bugs."
    assert found.other_below is None


def test_a_flat_list_of_names_is_one_level(tmp_path: Path) -> None:
    found = load_taxonomy(write(tmp_path, ["b", "a"]))
    assert [(e.cluster_id, e.name, e.parent_id) for e in found.entries] == [
        ("0-0000", "b", None),
        ("0-0001", "a", None),
    ]


def test_what_ends_early_goes_on_as_itself(tmp_path: Path) -> None:
    """Every base cluster is at level 0, so that no level lacks a conversation."""
    found = load_taxonomy(write(tmp_path, {"clusters": [*NESTED, "Alone"], "other_below": 0.1}))
    assert tree(found)["0 Alone"] == "1 Alone"
    assert tree(found)["0 Other"] == "1 Other"
    assert len({entry.cluster_id for entry in found.entries}) == len(found.entries)
    assert [entry.other for entry in found.base] == [False, False, False, False, True]


def test_a_release_is_a_taxonomy_and_keeps_its_ids(tmp_path: Path) -> None:
    private = draw_workspace(3, 200).private()
    from clio.config.release import ReleaseConfig

    tables, _, _ = publish(private, FACETS_ASKED, (), ReleaseConfig(min_conversations=5, min_accounts=3))
    (tmp_path / "run" / "release").mkdir(parents=True)
    write_table(tmp_path / "run" / "release" / "clusters.parquet", tables["clusters"])
    expected = {row["cluster_id"]: row["parent_id"] for row in tables["clusters"].to_pylist()}
    assert len(expected) > 3
    for path in (tmp_path / "run", tmp_path / "run" / "release", tmp_path / "run" / "release" / "clusters.parquet"):
        found = load_taxonomy(path)
        assert {entry.cluster_id: entry.parent_id for entry in found.entries} == expected
        assert {e.cluster_id: e.level for e in found.entries} == {name: int(name[0]) for name in expected}


def test_a_release_that_shows_a_parent_without_its_children(tmp_path: Path) -> None:
    row = {
        "summary": "", "terms": [], "conversations": 9, "accounts": 9, "share": 0.5, "merged": False, "writer": "w",
    }  # fmt: skip
    rows = [
        row | {"cluster_id": "1-0000", "level": 1, "parent_id": None, "name": "A"},
        row | {"cluster_id": "1-0001", "level": 1, "parent_id": None, "name": "B"},
        row | {"cluster_id": "0-0000", "level": 0, "parent_id": "1-0001", "name": "b"},
    ]
    write_table(tmp_path / "clusters.parquet", CLUSTERS.build(rows))
    assert tree(load_taxonomy(tmp_path)) == {"0 b": "1 B", "0 A": "1 A", "1 A": None, "1 B": None}


BAD: dict[str, Any] = {
    "nothing": None,
    "no clusters": {"clusters": []},
    "a number": 7,
    "no name": [{"summary": "secret words"}],
    "empty name": [{"name": " \u200b"}],
    "unknown key": [{"name": "a", "secret": 1}],
    "name no text": [{"name": ["a"]}],
    "same twice": ["a", {"name": "a"}],
    "same id": [{"name": "a", "id": "1"}, {"name": "b", "id": "1"}],
    "no such parent": [{"name": "a", "parent": "secret words"}],
    "two such parents": [{"name": "a", "parent": "p"}, {"name": "p"}, {"name": "p", "summary": "x"}],
    "under itself": [{"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}],
    "its own parent": [{"name": "a", "parent": "a"}],
    "too deep": [{"name": "1", "children": [{"name": "2", "children": [{"name": "3", "children": [
        {"name": "4", "children": [{"name": "5", "children": [{"name": "6", "children": ["7"]}]}]}]}]}]}],
    "children no list": [{"name": "a", "children": "secret words"}],
    "long name": ["x" * 121],
    "long summary": [{"name": "a", "summary": "x" * 1_001}],
    "other no number": {"clusters": ["a"], "other_below": "0.3"},
    "other a flag": {"clusters": ["a"], "other_below": True},
    "other out of range": {"clusters": ["a"], "other_below": 1.5},
    "other keys": {"clusters": ["a"], "secret": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", ["t.yaml", "t.json"])
@pytest.mark.parametrize("given_as", BAD.values(), ids=BAD)
def test_what_is_no_taxonomy_is_refused_by_place_and_not_by_words(tmp_path: Path, name: str, given_as: Any) -> None:
    path = write(tmp_path, given_as, name)
    with pytest.raises(InputError) as refused:
        load_taxonomy(path)
    assert str(path) in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.yaml", b"a: [b"), ("t.yaml", b"\xff\xfe"), ("t.yaml", b"2024-99-99"), ("t.json", b"{"),
        ("t.json", b"[" * 100_000), ("t.yaml", b"[" * 5_000), ("t.parquet", b"PAR1"),
        ("t.yaml", b"- &a {name: a, children: [*a]}"),
        ("t.yaml", b"a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nclusters: [*b, *b]"),
    ],
)  # fmt: skip
def test_hostile_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        load_taxonomy(tmp_path / name)


def test_what_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "t.yaml", tmp_path / "t.parquet"):
        with pytest.raises(InputError):
            load_taxonomy(path)


def test_every_change_changes_the_digest(tmp_path: Path) -> None:
    variants = [
        ["a", "b"], ["b", "a"], [{"name": "a", "summary": "s"}, "b"], {"clusters": ["a", "b"], "other_below": 0.1},
        {"clusters": ["a", "b"], "other_below": 0.2}, [{"name": "p", "children": ["a", "b"]}],
    ]  # fmt: skip
    found = [load_taxonomy(write(tmp_path, given_as)).digest for given_as in variants]
    assert len(set(found)) == len(variants)
    assert found[0] == load_taxonomy(write(tmp_path, variants[0], "t.json")).digest


WORDS = ["fix", "my", "code", "bugs", "write", "letters", "zebra", "quince"]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)


@given(st.lists(texts, max_size=12), st.sampled_from([None, 0.2, 0.9]))
def test_a_conversation_belongs_to_the_nearest_whoever_else_is_there(
    tmp_path_factory: pytest.TempPathFactory, words: list[list[str]], below: float | None
) -> None:
    path = write(tmp_path_factory.mktemp("t"), {"clusters": NESTED} | ({"other_below": below} if below else {}))
    taxonomy, encoder = load_taxonomy(path), Words()
    vectors = encoder.encode([" ".join(text) for text in words]).reshape(-1, 64)
    found = assign(vectors, taxonomy, encoder)
    centres = encoder.encode([entry.text for entry in taxonomy.base if not entry.other])
    for row, vector in enumerate(vectors):
        near = centres @ vector
        best = len(centres) if below and near.max() < below else int(near.argmax())
        assert found.labels[row] == best
        assert found.similarity[row] == pytest.approx(near.max(), abs=1e-6)
        alone = assign(vector[None], taxonomy, encoder)
        assert alone.labels[0] == found.labels[row]


def test_the_other_cluster_is_near_to_nobody(tmp_path: Path) -> None:
    """It takes what is below the line, and nothing because the rest point away."""
    taxonomy = load_taxonomy(write(tmp_path, {"clusters": ["code", "letters"], "other_below": -0.9}))
    centres = Words().encode(["code", "letters"])
    away = -(centres[0] + 0.5 * centres[1])[None] / np.sqrt(1.25)
    found = assign(away.astype(np.float32), taxonomy, Words())
    assert found.labels.tolist() == [1]
    assert found.similarity[0] < 0


def test_blocks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taxonomy = load_taxonomy(write(tmp_path, {"clusters": NESTED, "other_below": 0.1}))
    vectors = np.random.default_rng(0).normal(size=(50, 64)).astype(np.float32)
    whole = assign(vectors, taxonomy, Words())
    monkeypatch.setattr(module, "CHUNK", 7)
    parts = assign(vectors, taxonomy, Words())
    assert (whole.labels == parts.labels).all()
    assert len(set(whole.labels.tolist())) == 4


def test_tables_are_those_that_the_stages_would_have_written(tmp_path: Path) -> None:
    taxonomy, encoder = load_taxonomy(write(tmp_path, NESTED)), Words()
    found = assign(encoder.encode(["fix bugs", "letters"]), taxonomy, encoder)
    rows = assignments_table(["x", "no text", "y"], ["x", "y"], found).to_pylist()
    assert [(row["conversation_id"], row["cluster"]) for row in rows] == [("x", 0), ("no text", -2), ("y", 2)]
    assert rows[1]["similarity"] is None
    hierarchy = hierarchy_table(taxonomy).to_pylist()
    assert [row["cluster"] for row in hierarchy] == [0, 1, 2, None, None]
    assert {row["writer"] for row in hierarchy} == {"taxonomy"}
    assert descriptions_table(taxonomy).num_rows == 3


def test_what_is_placed_is_what_publishing_reads(tmp_path: Path) -> None:
    """Through the workspace, as the runner would, to the tables that publishing reads."""
    workspace = draw_workspace(5, 120)
    context = workspace.context(tmp_path / "run")
    context.given_encoder = encoder = Words()
    asked = [row for row in workspace.facets if row["facet"] == "request" and row["status"] == "answered"]
    store_vectors(encoder.encode([row["value"] for row in asked]), context.workspace / "vectors")
    taxonomy = load_taxonomy(write(tmp_path, [f"help with something {n}" for n in range(4)]))
    context.taxonomy = taxonomy
    for name in ("cluster", "describe", "arrange", "audit"):
        in_place(load_stage(name), taxonomy).run(context.config, context)
    assigned = context.read("assignments")
    assert assigned.num_rows == len(workspace.conversations)
    assert context.read("hierarchy").equals(hierarchy_table(taxonomy))
    shown = audited(context.read("hierarchy").to_pylist(), context.read("audits").to_pylist())
    assert shown == context.read("hierarchy").to_pylist()
    assert load_array(context.workspace / "centroids.npy").shape == (4, 64)
    assert context.notes["base_clusters"] == 4
    named = {row["conversation_id"]: int(row["value"][-1]) for row in asked}
    for row in assigned.to_pylist():
        want = named.get(row["conversation_id"], -2)
        assert row["cluster"] == (want if want < 4 else row["cluster"])
    assert len(set(assigned.column("cluster").to_pylist())) == 5
