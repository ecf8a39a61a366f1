"""What a report states is so: nothing said of what cannot be told, no bound written as a number, no share over all."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clio.config.report import ReportConfig
from clio.explore import curation
from clio.explore.release import ALL, Release, load
from clio.report.content import build
from clio.report.document import Document, Metrics, Table, Tree
from tests.report.documents import said, section, sections

pytest.importorskip("vl_convert")
STILL = "changed by more than chance would explain"


def weeks_kept(release: Release, areas: int) -> Release:
    """Weeks are shown of the whole and of so many areas."""
    kept = [ALL, *release.children[None][:areas]]
    return dataclasses.replace(release, trends=release.trends[release.trends["cluster_id"].isin(kept)])


def summary(release: Release, **config: Any) -> str:
    return said(section(build(release, ReportConfig(detail="brief", **config)), "summary"))


def test_where_no_area_can_be_compared_no_movement_is_denied(release: Release) -> None:
    text = summary(weeks_kept(release, 0))
    assert STILL not in text
    assert f"cannot be told: of none of the {len(release.children[None])} areas" in text
    assert f"0 of {len(release.children[None])} areas could be compared" in text
    assert "lässt sich nicht sagen" in summary(weeks_kept(release, 0), language="de").replace("\n", " ")


def steady(release: Release, shown: int) -> Release:
    """So many areas have a cell in every week, of the same size; the others in none."""
    weeks = release.trends[(release.trends["cluster_id"] == ALL) & (release.trends["kind"] == "value")]
    rows = [weeks.assign(cluster_id=name, conversations=9, accounts=9) for name in release.children[None][:shown]]
    return dataclasses.replace(release, trends=pd.concat([weeks.assign(conversations=40), *rows], ignore_index=True))


def test_how_many_areas_were_compared_is_said(release: Release) -> None:
    total = len(release.children[None])
    two = summary(steady(release, 2))
    assert f"2 of {total} areas could be compared" in two
    assert f"Of {total} areas 2 could be compared" in two
    assert STILL in two
    assert f"All {total} areas could be compared" in summary(steady(release, total))


@pytest.fixture(scope="module")
def edited(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """One area is hidden, two are one, and so are two clusters of another."""
    folder = tmp_path_factory.mktemp("edited") / "run"
    shutil.copytree(run, folder)
    release = load(folder)
    assert release.published is not None
    first, second, third, last = release.children[None]
    one, other = release.children[third]
    curation.add(folder, release.published, "hide", cluster=last, why="out of scope")
    for gone, into in ((second, first), (other, one)):
        curation.add(folder, release.published, "merge", cluster=gone, to=into, why="the same")
    return load(folder)


def tables(document: Document) -> list[tuple[Table, int]]:
    """Tables with a column of accounts, and which one it is."""
    blocks = [block for one in sections(document.sections) for block in one.blocks]
    found = [block if isinstance(block, Table) else getattr(block, "table", None) for block in blocks]
    return [(t, t.columns.index(_ACCOUNTS)) for t in found if t is not None and _ACCOUNTS in t.columns]


_ACCOUNTS = "Accounts"


def test_upper_bounds_are_written_as_such_wherever_they_stand(edited: Release) -> None:
    exact = {row["name"] for name, row in edited.rows.items() if name not in edited.at_most}
    bound = {row["name"] for name, row in edited.rows.items() if name in edited.at_most} - exact
    assert ALL in edited.at_most
    assert bound & {edited.rows[name]["name"] for name in edited.children[None]}
    document = build(edited, ReportConfig(detail="full"))
    facts = dict(document.facts)
    assert facts[_ACCOUNTS].startswith("at most ")
    (metrics,) = (b for b in section(document, "summary").blocks if isinstance(b, Metrics))
    accounts = next(item for item in metrics.items if item.label == _ACCOUNTS)
    assert accounts.value == facts[_ACCOUNTS]
    assert accounts.note.startswith("at least ")
    assert f"of {facts[_ACCOUNTS]} accounts" in said(section(document, "summary"))
    named = 0
    for table, column in tables(document):
        name = table.columns.index("Name") if "Name" in table.columns else 0
        for row in table.rows:
            if row[name] in bound and row[column] != "not shown":
                named += 1
                assert row[column].startswith("at most "), table.caption
    assert named >= 3
    whole = [t for t, _ in tables(document) if t.caption.endswith(("all conversations", "over all conversations"))]
    column = [row[t.columns.index(_ACCOUNTS)] for t in whole for row in t.rows]
    assert column
    assert all(cell == "not shown" or cell.startswith("at most ") for cell in column)
    (tree,) = (block for block in section(document, "hierarchy").blocks if isinstance(block, Tree))
    waiting, seen = list(tree.nodes), 0
    while waiting:
        node = waiting.pop()
        waiting += node.children
        seen += node.cluster_id in edited.at_most
        assert ("at most" in node.facts) == (node.cluster_id in edited.at_most)
    assert seen
    for area in section(document, "areas").sections:
        of = next(name for name in edited.children[None] if edited.rows[name]["name"] == area.title)
        line = said(area.blocks[0])
        assert bool(re.search(r"of at most [\d,]+ accounts", line)) == (of in edited.at_most)


def test_the_whole_has_no_more_accounts_than_its_areas_together(edited: Release) -> None:
    told = int(dict(build(edited, ReportConfig()).facts)[_ACCOUNTS].removeprefix("at most ").replace(",", ""))
    areas = sum(edited.rows[name]["accounts"] for name in edited.children[None])
    assert told == min(areas, edited.about["accounts"])


def test_without_edits_no_bound_is_told(document: Document) -> None:
    assert "at most" not in said(document.facts)
    assert not [row for table, column in tables(document) for row in table.rows if row[column].startswith("at most")]


def test_no_share_is_more_than_all(release: Release) -> None:
    """Counts with noise need not add up: three areas can come to more than the total."""
    clusters = release.clusters.assign(share=release.clusters["share"].where(release.clusters["level"] == 0, 0.8))
    document = build(dataclasses.replace(release, clusters=clusters), ReportConfig())
    assert "areas hold 100 % together" in said(section(document, "summary"))
    shares = re.findall(r"(\d+(?:\.\d+)?) %", said(document.sections))
    assert max(float(share) for share in shares) <= 100
