"""Reading, the tree, facts of a cluster, exports, and what is said where there is nothing."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from clio.errors import ClioError
from clio.explore import exports, tree
from clio.explore.cluster import nearest, provenance
from clio.explore.colours import colours, means, options
from clio.explore.findings import findings
from clio.explore.launch import APP
from clio.explore.navigation import PAGES, pages
from clio.explore.release import ALL, Release, fingerprint, load
from clio.explore.slices import answer
from clio.explore.trouble import diagnose
from clio.privacy.auditor import WITHHELD_SUMMARY
from tests.released import HOSTILE, one_cluster, variant, with_hostile_names, without_clusters, without_times


def test_a_whole_run_and_a_release_alone(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "release", tmp_path / "alone")
    alone, whole = load(tmp_path / "alone"), load(run)
    assert alone.private is None
    assert whole.private is not None
    assert alone.rows.keys() == whole.rows.keys()
    assert diagnose(tmp_path / "alone") is None


def test_the_fingerprint_follows_the_files(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    before = fingerprint(copy)
    assert fingerprint(copy) == before
    variant(run, tmp_path / "other", clusters=lambda frame: frame.head(1))
    (copy / "release" / "clusters.parquet").write_bytes(
        (tmp_path / "other" / "release" / "clusters.parquet").read_bytes()
    )
    assert fingerprint(copy) != before


def test_rows_of_the_tree_are_every_cluster_below_its_parent(release: Release) -> None:
    frame = tree.rows(release)
    assert sorted(frame["cluster_id"]) == sorted(release.rows)
    place = {name: n for n, name in enumerate(frame["cluster_id"])}
    for name, row in release.rows.items():
        if row["parent_id"]:
            assert place[row["parent_id"]] < place[name]
            depth = len(release.path(name)) - 1
            assert frame["name"][place[name]].startswith(tree.INDENT * 2 * depth)
    assert frame["of_parent"].between(0, 100).all()
    for parent, children in release.children.items():
        if parent is not None and len(children) > 0:
            shares = frame[frame["cluster_id"].isin(children)]["of_parent"].sum()
            assert math.isclose(shares, 100, abs_tol=0.5)


def test_a_search_keeps_what_is_above(release: Release) -> None:
    leaf = release.marks()[0]
    assert list(tree.rows(release, only=[leaf])["cluster_id"]) == release.path(leaf)
    assert not len(tree.rows(release, only=[]))


def test_a_filter_adds_columns_and_leaves_hidden_ones_empty(release: Release) -> None:
    found = answer(release, [("model", ("large",))])
    frame = tree.rows(release, found).set_index("cluster_id")
    for name in release.rows:
        told = found.cells.get(name)
        assert (frame.loc[name, "in_filter"] == told.conversations) if told else pd.isna(frame.loc[name, "in_filter"])


def test_nearest_are_of_the_same_level(release: Release) -> None:
    for name, row in release.rows.items():
        near = nearest(release, name)
        assert all(release.rows[other]["level"] == row["level"] and other != name for other, _ in near)
        assert [distance for _, distance in near] == sorted(distance for _, distance in near)


def test_provenance_is_the_releases_own(release: Release) -> None:
    name = release.marks()[0]
    said = provenance(release, name)
    assert said["Cluster"].startswith(name)
    assert said["Embedding model"] == release.about["encoder"]
    assert "audit" in said["Verdict of the run"]
    assert said["Verdict"] == "Name and summary passed."
    withheld = release.clusters.assign(summary=WITHHELD_SUMMARY)
    assert "Not passed" in provenance(dataclasses.replace(release, clusters=withheld), name)["Verdict"]
    assert not any(label.lower().startswith("privacy audit") for label in said)


def test_a_mean_is_told_only_where_every_step_is(release: Release) -> None:
    found, hidden = means(release, "concern")
    assert set(found) | hidden >= set(release.rows)
    assert not set(found) & hidden
    assert all(1 <= mean <= 5 for mean in found.values())


def test_every_colour_can_be_made(release: Release) -> None:
    for key in options(release):
        made = colours(release, key)
        assert made.title or key == "area"
    filtered = answer(release, [("model", ("large",))])
    made = colours(release, "area", filtered)
    assert made.suppressed == frozenset(filtered.hidden(release))
    assert not set(made.suppressed) & {name for name, value in made.values.items() if value is not None}


def test_findings_point_at_clusters_that_are_there(release: Release) -> None:
    found = findings(release)
    assert found
    assert all(finding.cluster_id is None or finding.cluster_id in release.rows for finding in found)


def test_exports_hold_released_columns_only(release: Release) -> None:
    atlas = pd.read_parquet(io.BytesIO(exports.atlas_parquet(release)))
    assert {"x", "y", "text"} <= set(atlas.columns)
    assert len(atlas) == len(release.clusters)
    labels = pd.read_parquet(io.BytesIO(exports.atlas_labels(release)))
    assert list(labels.columns) == ["x", "y", "text", "level", "priority"]
    page = exports.map_html(release).decode()
    assert "<script" in page
    assert exports.file_name(release, "map", "html") == "test-run-map.html"


def test_hostile_names_are_inert_in_the_exports(run: Path, tmp_path: Path) -> None:
    spoiled = load(with_hostile_names(run, tmp_path / "hostile"))
    page = exports.map_html(spoiled).decode()
    for name in HOSTILE:
        assert "<script>alert" not in page
        assert "<img src=https" not in page
        assert len(name)
    assert len(tree.rows(spoiled)) == len(spoiled.rows)
    assert findings(spoiled)


@pytest.mark.parametrize("make", [without_clusters, one_cluster, without_times, with_hostile_names])
def test_odd_releases_load(run: Path, tmp_path: Path, make: object) -> None:
    folder = make(run, tmp_path / "odd")  # type: ignore[operator]
    odd = load(folder)
    tree.rows(odd)
    findings(odd)
    options(odd)
    if make is without_times:
        assert odd.weeks == ()
        assert tree.trends(odd) == {}
    if make is without_clusters:
        assert odd.top == -1
        assert odd.children == {}


def broken(kind: str, run: Path, to: Path) -> Path:
    if kind == "absent":
        return to
    if kind == "foreign":
        to.mkdir()
        return to
    shutil.copytree(run, to)
    if kind == "unfinished":
        shutil.rmtree(to / "release")
        data = json.loads((to / "manifest.json").read_text(encoding="utf-8"))
        data["stages"]["publish"]["done"] = False
        data["stopped_in"] = "publish"
        (to / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    if kind == "corrupt manifest":
        shutil.rmtree(to / "release")
        (to / "manifest.json").write_text("{not json", encoding="utf-8")
    if kind == "corrupt table":
        (to / "release" / "clusters.parquet").write_bytes(b"PAR1 nothing")
    if kind == "missing table":
        (to / "release" / "trends.parquet").unlink()
    if kind == "corrupt release manifest":
        (to / "release" / "manifest.json").write_text("[1, 2]", encoding="utf-8")
    if kind == "older":
        frame = pd.read_parquet(to / "release" / "clusters.parquet").drop(columns=["merged"])
        frame.to_parquet(to / "release" / "clusters.parquet", index=False)
        about = json.loads((to / "release" / "manifest.json").read_text(encoding="utf-8")) | {"clio": "0.0.1"}
        (to / "release" / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    return to


TROUBLES = {
    "absent": "absent",
    "foreign": "foreign",
    "unfinished": "unfinished",
    "corrupt manifest": "damaged",
    "corrupt table": "damaged",
    "missing table": "damaged",
    "corrupt release manifest": "damaged",
    "older": "older",
}


@pytest.mark.parametrize("kind", TROUBLES)
def test_trouble_is_told_apart(kind: str, run: Path, tmp_path: Path) -> None:
    folder = broken(kind, run, tmp_path / "broken")
    found = diagnose(folder)
    if found is None:
        with pytest.raises(ClioError) as error:
            load(folder)
        found = diagnose(folder, error.value)
    assert found is not None
    assert found.kind == TROUBLES[kind]
    assert found.remedy
    assert str(tmp_path) not in found.text
    if kind == "unfinished":
        assert ("publish", False) in found.stages
        assert "publish" in found.text


def test_every_page_of_the_menu_is_there() -> None:
    assert [(APP / page.file).is_file() for page in PAGES] == [True] * len(PAGES)
    assert [page.name for page in pages(release=False)] == ["runs"]
    assert len({page.title for page in pages()}) == len(pages())


def test_the_apps_settings_keep_it_at_home() -> None:
    import tomllib

    settings = tomllib.loads((APP / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorLinks"] is False
    assert settings["runner"]["magicEnabled"] is False
    assert settings["theme"].keys() >= {"light", "dark"}
    assert "http" not in (APP / ".streamlit" / "config.toml").read_text(encoding="utf-8")


def test_the_whole_is_a_cluster_of_the_breakdowns(release: Release) -> None:
    assert ALL not in release.rows
    assert ALL in set(release.breakdowns["cluster_id"])
