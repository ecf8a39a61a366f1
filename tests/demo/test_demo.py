"""The demo as a user sees it, whole: the ordinary command, the ordinary config, the real models."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import clio
from clio.config import load_config
from clio.demo import CONFIG, CONVERSATIONS, GROUND_TRUTH
from clio.models import weights
from clio.prompts.facets import resolve
from clio.runs.doctor import DEFAULTS

TRUTH: dict[str, Any] = json.loads(GROUND_TRUTH.read_text(encoding="utf-8"))


def whole(test: Any) -> Any:
    """Needs the weights, and minutes."""
    return pytest.mark.models(pytest.mark.slow(test))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run's folder and what `clio demo` printed."""
    missing = [row.name for row in weights.available() if row.name in DEFAULTS and not row.installed]
    if missing:
        pytest.skip(f"weights are not here: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("demo") / "run"
    done = subprocess.run(
        [sys.executable, "-c", "from clio.cli import main; main()", "demo", "--output", str(folder)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder, done.stdout


def released_text(folder: Path) -> str:
    """Every cell and every byte of text that is in the release, in lower case, in both compositions."""
    found = []
    for path in sorted((folder / "release").rglob("*")):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            found += [json.dumps(table.to_pylist(), ensure_ascii=False, default=str), str(table.schema.metadata)]
        else:
            found.append(path.read_text(encoding="utf-8"))
    text = "\n".join(found).casefold()
    return text + unicodedata.normalize("NFKC", text)


def test_the_ground_truth_is_about_the_corpus() -> None:
    """What is said to be planted is in the conversation that it is said to be in."""
    lines = CONVERSATIONS.read_text(encoding="utf-8").splitlines()
    records = {record["id"]: record for record in map(json.loads, lines)}
    for planted in [*TRUTH["planted"], *TRUTH["injections"]]:
        said = "\n".join(turn["content"] for turn in records[planted["conversation"]]["messages"])
        assert planted["text"] in said, planted["conversation"]
    accounts = {record["user_id"] for record in records.values()}
    assert len(records) >= 400
    assert len(accounts) > 150
    assert len(TRUTH["topics"]) >= 16
    assert len(TRUTH["small_group"]["accounts"]) == 3
    assert len(TRUTH["coordinated"]["accounts"]) == 12
    assert (
        Counter(record["user_id"] for record in records.values()).most_common(1)[0][0] == TRUTH["talkative"]["account"]
    )


def test_the_pipeline_never_reads_the_ground_truth() -> None:
    for path in Path(clio.__file__).parent.rglob("*.py"):
        if path.parent.name != "demo":
            assert "ground_truth" not in path.read_text(encoding="utf-8").replace("clio/demo/ground_truth.json", ""), (
                path
            )


@whole
def test_three_levels(demo: tuple[Path, str]) -> None:
    run = clio.open_run(demo[0])
    assert list(run.levels["level"]) == [0, 1, 2]
    assert list(run.levels["clusters"]) == sorted(run.levels["clusters"], reverse=True)
    assert run.clusters["name"].str.split().str.len().max() <= 10
    for _, level in run.clusters.groupby("level"):
        assert level["name"].is_unique


@whole
def test_nothing_planted_is_released(demo: tuple[Path, str]) -> None:
    text = released_text(demo[0]) + demo[1].casefold()
    found = [
        planted["text"] for planted in [*TRUTH["planted"], *TRUTH["injections"]] if planted["text"].casefold() in text
    ]
    assert found == []
    words = set(re.findall(r"\w+", text))
    assert words.isdisjoint(word.casefold() for word in TRUTH["small_group"]["words"])
    ids = {record["id"] for record in map(json.loads, CONVERSATIONS.read_text().splitlines())}
    assert not [name for name in [*ids, *TRUTH["small_group"]["accounts"]] if name in text]


@whole
def test_no_part_of_a_planted_name_is_released(demo: tuple[Path, str]) -> None:
    """Family names in the corpus are made up: none is a word of anything else."""
    words = set(re.findall(r"\w+", released_text(demo[0])))
    names = {name["text"].split()[-1].casefold() for name in TRUTH["planted"] if name["kind"] == "name"}
    assert words.isdisjoint(name for name in names if len(name) > 4)


@whole
def test_counts_add_up(demo: tuple[Path, str]) -> None:
    run = clio.open_run(demo[0])
    counts, clusters = run.manifest["counts"], run.clusters
    assert counts["input"] == len(CONVERSATIONS.read_text().splitlines())
    assert run.manifest["adds_up"] is True
    outside = sum(counts[name] for name in ("suppressed_conversations", "trimmed_conversations", "noise", "no_text"))
    assert counts["released_conversations"] + outside == counts["conversations"]
    for cluster_id, conversations in zip(clusters["cluster_id"], clusters["conversations"], strict=True):
        children = clusters[clusters["parent_id"] == cluster_id]
        assert children.empty or children["conversations"].sum() == conversations
    assert (run.levels["conversations"] == counts["released_conversations"]).all()


@whole
def test_thresholds_hold(demo: tuple[Path, str]) -> None:
    run = clio.open_run(demo[0])
    release = load_config(CONFIG).release
    for frame in (run.clusters, run.breakdowns, run.trends, run.map):
        assert frame["conversations"].min() >= release.min_conversations
        assert frame["accounts"].min() >= release.min_accounts


@whole
def test_one_facet_row_per_conversation_and_facet(demo: tuple[Path, str]) -> None:
    rows = pq.read_table(demo[0] / "workspace" / "facets.parquet").to_pandas()
    facets = [facet.name for facet in resolve(load_config(CONFIG).facets)]
    pairs = Counter(zip(rows["conversation_id"], rows["facet"], strict=True))
    assert set(pairs.values()) == {1}
    assert len(pairs) == len(facets) * rows["conversation_id"].nunique()
    assert rows["conversation_id"].nunique() == clio.open_run(demo[0]).manifest["counts"]["conversations"]
    assert set(rows["facet"]) == set(facets)


@whole
def test_the_talkative_account_weighs_little(demo: tuple[Path, str]) -> None:
    counts = clio.open_run(demo[0]).manifest["counts"]
    assert counts["trimmed_conversations"] + counts["suppressed_conversations"] > 0


@whole
def test_it_ends_by_saying_what_to_look_at(demo: tuple[Path, str]) -> None:
    folder, printed = demo
    assert "What to look at:" in printed
    spike = re.search(r"A spike: \d+% of .* came in the one week from (\S+),", printed)
    assert spike is not None
    assert spike[1] >= TRUTH["spike"]["from"]
    assert f"clio tree {folder} --summaries" in printed
    assert f"{folder}/manifest.json" in printed
    for name in clio.open_run(folder).clusters["name"]:
        assert name in " ".join(re.sub("[│├└─]", " ", printed).split())
