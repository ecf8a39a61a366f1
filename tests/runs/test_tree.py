from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

import clio
from clio.privacy.wall import clean_text
from clio.runs.files import write_json, write_table
from clio.runs.tree import plain_tree, rich_tree
from clio.tables import CLUSTERS, TABLES

HOSTILE = {
    "markup": "[red]Bold[/red] [link=file:///etc/passwd]click[/link] [/]",
    "escapes": "\x1b[31mred\x1b[0m \x1b]8;;http://bad.example\x07link\x1b]8;;\x07",
    "lines": "First\nSecond\r\nThird\u2028Fourth\x0bFifth",
    "bidi": "safe\u202eexe.txt\u200b",
    "emoji": ":warning: :smile:",
}


def rendered(run: clio.Run, level: int | None = None, summaries: bool = False) -> str:
    from rich.console import Console

    console = Console(force_terminal=False, width=300, highlight=False)
    with console.capture() as shown:
        console.print(rich_tree(run, level, summaries))
    return shown.get()


def row(cluster_id: str, level: int, parent: str | None, name: str, conversations: int) -> dict[str, object]:
    return {
        "cluster_id": cluster_id, "level": level, "parent_id": parent, "name": name, "summary": f"About {name}",
        "terms": [], "conversations": conversations, "accounts": conversations // 2, "share": conversations / 100,
        "merged": False, "x": 0.0, "y": 0.0, "stability": 0.8, "writer": "terms",
    }  # fmt: skip


def release_of(folder: Path, rows: list[dict[str, object]], title: str = "Test") -> clio.Run:
    write_table(folder / "clusters.parquet", CLUSTERS.build(rows))
    about = {"title": title, "conversations": 100, "accounts": 50, "clusters": len(rows)}
    write_json(folder / "manifest.json", about)
    return clio.open_run(folder)


@pytest.fixture
def small(tmp_path: Path) -> clio.Run:
    return release_of(
        tmp_path,
        [
            row("0-1", 0, "1-0", "Small", 20),
            row("0-0", 0, "1-0", "Large", 50),
            row("0-2", 0, "1-1", "Other", 30),
            row("1-1", 1, None, "Right", 30),
            row("1-0", 1, None, "Left", 70),
        ],
    )


def test_the_largest_first_children_below_their_parent(small: clio.Run) -> None:
    assert plain_tree(small).splitlines() == [
        "Test: 100 conversations of 50 accounts in 5 clusters",
        "  Left  (70, 70.0%)",
        "    Large  (50, 50.0%)",
        "    Small  (20, 20.0%)",
        "  Right  (30, 30.0%)",
        "    Other  (30, 30.0%)",
    ]
    assert small.tree() == plain_tree(small)


@pytest.mark.parametrize(("level", "shown"), [(None, 5), (0, 5), (1, 2), (2, 2), (99, 2)])
def test_the_finest_level_shown(small: clio.Run, level: int | None, shown: int) -> None:
    """Beyond the top there is still the top."""
    assert len(small.tree(level).splitlines()) == 1 + shown
    assert len(rendered(small, level).splitlines()) == 1 + shown


def test_summaries_only_when_asked_for(small: clio.Run) -> None:
    assert "About Large" not in rendered(small)
    assert "About Large" in rendered(small, summaries=True)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_shown_as_text(tmp_path: Path, name: str) -> None:
    run = release_of(tmp_path, [row("0-0", 0, None, name, 100)], title=name)
    for text in (rendered(run, summaries=True), run.tree()):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u2028\u202e\u200b]", text)
        assert len(text.splitlines()) == (3 if "About" in text else 2)
        for visible in ("[red]Bold[/red]", "/passwd]", "[31mred", "First Second", "Fifth", "safeexe.txt", ":warning:"):
            assert visible in text or visible not in clean_text(name)


def test_a_release_without_clusters(tmp_path: Path) -> None:
    run = release_of(tmp_path, [])
    assert run.tree(1).count("\n") == 0
    assert "in 0 clusters" in rendered(run)


def test_a_real_run(finished: Path, tmp_path: Path) -> None:
    run = clio.open_run(finished)
    lines = run.tree().splitlines()
    names = run.clusters.set_index("cluster_id")["name"]
    alone = run.clusters["parent_id"].map(run.clusters["parent_id"].value_counts()).eq(1)
    repeated = alone & run.clusters["parent_id"].map(names).eq(run.clusters["name"])
    assert len(lines) == 1 + len(run.clusters) - repeated.sum()
    for name in run.clusters["name"]:
        assert any(name in line for line in lines)
    shutil.copytree(finished / "release", tmp_path / "release")
    about = json.loads((tmp_path / "release" / "manifest.json").read_text())
    assert lines[0].startswith(about["title"])
    assert isinstance(TABLES["clusters"].schema, pa.Schema)
