"""What a report says of a release, before it is written as anything."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from clio.config.report import ReportConfig
from clio.explore.release import Release, load
from clio.figures.texts import ENGLISH_TEXTS
from clio.report._english import ENGLISH
from clio.report._german import GERMAN
from clio.report._german_figures import GERMAN_TEXTS
from clio.report.content import build, compose, content_hash
from clio.report.document import Document, Picture, Section, Table, Tree
from tests.figures.fixed import left, shown_in
from tests.released import HOSTILE, one_cluster, without_clusters, without_times
from tests.report.documents import texts as read

pytest.importorskip("vl_convert")


def texts(value: Any) -> Iterator[str]:
    """Every string of a document but the drawings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Picture):
        yield from (value.title, value.alt, value.note)
        yield from texts(value.table)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


def sections(found: tuple[Section, ...]) -> Iterator[Section]:
    for section in found:
        yield section
        yield from sections(section.sections)


def section(document: Document, key: str) -> Section:
    return next(one for one in sections(document.sections) if one.key == key)


def count(tree: Tree) -> int:
    def under(nodes: Any) -> int:
        return sum(1 + under(node.children) for node in nodes)

    return under(tree.nodes)


def test_anchors_and_figures_have_keys_of_their_own(document: Document) -> None:
    found = list(sections(document.sections))
    keys = [one.key for one in found]
    pictures = [block.key for one in found for block in one.blocks if isinstance(block, Picture)]
    assert len(set(keys)) == len(keys)
    assert len(set(pictures)) == len(pictures) > 5
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in [*keys, *pictures])


def test_the_tree_has_every_cluster_and_every_area_its_section(document: Document, release: Release) -> None:
    (tree,) = (block for block in section(document, "hierarchy").blocks if isinstance(block, Tree))
    assert count(tree) == len(release.rows)
    assert len(section(document, "areas").sections) == len(release.children[None])


def test_every_figure_has_its_numbers_and_words(document: Document) -> None:
    for one in sections(document.sections):
        for block in one.blocks:
            if isinstance(block, Picture):
                assert block.table.rows
                assert len(block.alt) > 20
                assert len(block.note) > 20
                assert block.light.startswith("<svg")
                assert block.dark.startswith("<svg")


def test_rows_are_as_wide_as_their_table(document: Document) -> None:
    for one in sections(document.sections):
        for block in one.blocks:
            table = block.table if isinstance(block, Picture) else block
            if isinstance(table, Table):
                assert {len(row) for row in table.rows} == {len(table.columns)}
                assert all(0 <= place < len(table.columns) for place in table.numeric)


def test_numbers_are_those_of_the_release(document: Document, release: Release) -> None:
    told = dict(document.facts)
    assert told["Conversations"] == f"{release.about['conversations']:,}"
    assert told["Digest of the run"] == release.about["digest"]
    appendix = section(document, "appendix")
    (clusters,) = (b for b in appendix.blocks if isinstance(b, Table) and b.caption.startswith("Clusters"))
    assert {(row[0], row[3]) for row in clusters.rows} == {
        (name, f"{row['conversations']:,}") for name, row in release.rows.items()
    }


def test_the_hash_changes_with_any_word_and_with_nothing_else(document: Document, release: Release) -> None:
    again = build(release, ReportConfig())
    assert again == document
    told = dict(document.facts)["Hash of this report"]
    assert re.fullmatch("[0-9a-f]{64}", told)
    assert content_hash(document) == told
    other = dataclasses.replace(document, organisation="Somebody else")
    assert content_hash(other) != told


def test_the_private_side_is_not_needed(release: Release, document: Document) -> None:
    assert build(dataclasses.replace(release, private=None), ReportConfig()) == document


def test_sections_come_in_the_order_asked_for(release: Release) -> None:
    config = ReportConfig(sections=("limits", "privacy", "map"), detail="brief")
    assert [one.key for one in build(release, config).sections] == ["limits", "privacy", "map"]


def test_what_is_cut_is_said(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    from clio.report import _base

    small = dataclasses.replace(_base.BOUNDS["standard"], nodes=3, areas=1, children=1, rows=2)
    monkeypatch.setitem(_base.BOUNDS, "standard", small)
    document = build(release, ReportConfig())
    (tree,) = (block for block in section(document, "hierarchy").blocks if isinstance(block, Tree))
    assert count(tree) == 3
    assert f"{len(release.rows) - 3} clusters of deeper levels" in tree.note
    said = " ".join(texts(document))
    assert f"{len(release.children[None]) - 1} further areas" in said
    assert f"lists 2 of {len(release.rows)} clusters" in said


def test_hostile_names_stay_whole_and_on_one_line(hostile_run: Path) -> None:
    document = build(load(hostile_run), ReportConfig())
    found = list(texts(document))
    for name in HOSTILE:
        cleaned = " ".join(name.replace("\u202e", "").split())
        assert any(cleaned in text for text in found), cleaned[:40]
    assert not any(set(text) & set("\n\u202e\x00") for text in found)


def test_a_run_with_nothing_to_show(run: Path, tmp_path: Path) -> None:
    document = build(load(without_clusters(run, tmp_path / "run")), ReportConfig())
    assert "nothing that may be shown" in " ".join(texts(section(document, "summary")))
    assert section(document, "privacy").sections


def test_one_cluster_and_no_times(run: Path, tmp_path: Path) -> None:
    one = build(load(one_cluster(run, tmp_path / "one")), ReportConfig())
    assert len(section(one, "areas").sections) == 1
    still = build(load(without_times(run, tmp_path / "still")), ReportConfig())
    assert dict(still.facts)["Period"] == "the source gave no dates"
    assert "no movement is told" in " ".join(texts(section(still, "movement")))


def test_without_facets_of_harm_that_is_said(release: Release) -> None:
    document = build(release, ReportConfig(concerns=()))
    assert "no facet of the run as telling of harm" in " ".join(texts(section(document, "concerns")))


def test_figures_that_move_are_german_too(release: Release) -> None:
    pytest.importorskip("plotly")
    drawings = compose(release, ReportConfig(language="de")).drawings
    moving = [drawing.moving("light") for drawing in drawings.values() if drawing.moving is not None]
    assert len(moving) > 5
    for found in moving:
        told = [*shown_in(json.loads(found.figure.to_json())), found.alt, found.note, found.title]
        assert left(told, ENGLISH_TEXTS, GERMAN_TEXTS) == set(), found.title
        assert found.figure.layout.separators == ",."


def test_in_german_no_fixed_english_is_left(release: Release) -> None:
    german = build(release, ReportConfig(language="de"))
    assert german.language == "de"
    told = [*read(german), *german.words.values()]
    for one in sections(german.sections):
        for picture in (block for block in one.blocks if isinstance(block, Picture)):
            for svg in (picture.light, picture.dark):
                told += [element.text for element in ElementTree.fromstring(svg).iter() if element.text]
    own = {str(value) for row in release.rows.values() for value in (row["name"], row["summary"])}
    own |= {str(row.get("question")) for row in release.about["facets"]}
    english = {**ENGLISH, **{f"figure_{key}": text for key, text in ENGLISH_TEXTS.items()}}
    other = {**GERMAN, **{f"figure_{key}": text for key, text in GERMAN_TEXTS.items()}}
    assert left([text for text in told if text not in own], english, other) <= {"Clio Toolkit"}
