"""Promises of design.md, section 6, over whole runs of small corpora, with doubles for the models.

1 one facet row per conversation and facet; 4 permuting the input changes nothing, the same seed gives the same run;
5 children partition their parent and counts add up.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import clio
from clio.errors import InputError
from clio.models.protocol import Answer, Transcript
from clio.prompts.facets import resolve
from tests.fakes import TOPICS, ScriptedWriter, stable_hash
from tests.quick import CONFIG, digests, quick_run, write_jsonl

WHOLE_RUNS = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FACETS = ["request", "use", "concern", "language", "turns", "hour", "week", "model", "surface"]


MOODS = {
    0: Answer("refused", writer="moody", reason="refused"),
    1: Answer("failed", writer="moody", reason="overloaded"),
    2: Answer("na", writer="moody", reason="nothing near"),
}


def moods(transcript: Transcript, facet: Any) -> Answer | None:
    """Now and then a model refuses, fails or has nothing to say; the same for the same conversation and facet."""
    return MOODS.get(stable_hash(transcript.user_text + facet.name) % 20)


@st.composite
def corpora(draw: st.DrawFn) -> list[Any]:
    """Records as a source might hold them: uneven topics, few or many accounts, times or none, repeats, junk."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    size = draw(st.integers(1, 90))
    accounts = draw(st.integers(1, 40))
    topics = draw(st.lists(st.sampled_from(sorted(TOPICS)), min_size=1, max_size=6, unique=True))
    named, dated = draw(st.booleans()), draw(st.booleans())
    records: list[Any] = []
    for number in range(size):
        topic = topics[min(chance.randrange(len(topics)), chance.randrange(len(topics)))]
        words = chance.sample(TOPICS[topic], 4)
        turns = [{"role": "user", "content": f"Please {topic}: {' '.join(words)}"}]
        if chance.random() < 0.1:
            turns[0]["content"] = "???"
        turns += [{"role": "assistant", "content": "Gladly."}] * chance.randrange(3)
        record: dict[str, Any] = {"id": f"c{number}", "messages": turns, "metadata": {}}
        record["user_id"] = f"u{chance.randrange(accounts)}" if named else None
        record["timestamp"] = f"2025-03-{chance.randrange(1, 29):02d}T10:00:00Z" if dated else None
        if chance.random() < 0.7:
            record["metadata"] = {"model": chance.choice("ab"), "surface": chance.choice(["web", "api"])}
        records.append(record)
    junk = ["junk", {"id": "x"}, {"id": "y", "messages": [{"role": "assistant", "content": "alone"}]}, [], {}]
    records += chance.sample(junk, draw(st.integers(0, 3)))
    records += [chance.choice(records[:size]) for _ in range(draw(st.integers(0, 3)))]
    records += [{**records[0], "id": None} for _ in range(draw(st.integers(0, 2)))]
    chance.shuffle(records)
    return records


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Different thresholds, hierarchies, samples and ways to cluster."""
    least = draw(st.sampled_from([1, 3, 5, 15]))
    config: dict[str, Any] = {
        **CONFIG,
        "seed": draw(st.integers(0, 5)),
        "facets": {"use": FACETS, "intersections": draw(st.sampled_from([[], [["concern", "model"]]]))},
        "cluster": {"method": draw(st.sampled_from(["kmeans", "kmeans", "hdbscan"])), "hdbscan_min_size": 5},
        "arrange": {"levels": draw(st.integers(1, 4)), "top": draw(st.integers(2, 4))},
        "release": {
            "min_conversations": least,
            "min_accounts": min(least, draw(st.integers(1, 5))),
            "under_threshold": draw(st.sampled_from(["merge", "drop"])),
            "over_share": draw(st.sampled_from(["trim", "suppress"])),
        },
        "ingest": {
            "sampling": {"size": draw(st.sampled_from([None, 30])), "per_account": draw(st.sampled_from([None, 4]))}
        },
    }
    if draw(st.booleans()):
        config["facets"]["screener"] = {"question": "Is it about bread?"}
    return config


def finished(records: list[Any], folder: Path, config: dict[str, Any], **more: Any) -> clio.Run | None:
    """The run; None where the rules leave nothing to release, which is an error in words."""
    try:
        return quick_run(records, folder, config, writer=ScriptedWriter(moods), **more)
    except InputError:
        return None  # nothing usable, or nothing to cluster: said in words, with the counts kept


def one_row_per_conversation_and_facet(folder: Path, config: dict[str, Any], records: int) -> None:
    counts = json.loads((folder / "manifest.json").read_text())["counts"]
    facets = [facet.name for facet in resolve(clio.load_config({**CONFIG, **config}).facets)]
    rows = pq.read_table(folder / "workspace" / "facets.parquet").to_pandas()
    kept = pq.read_table(folder / "workspace" / "conversations.parquet").to_pandas()
    screened = pq.read_table(folder / "workspace" / "screened.parquet").to_pandas()
    answered = set(kept["conversation_id"]) - set(screened["conversation_id"])
    pairs = Counter(zip(rows["conversation_id"], rows["facet"], strict=True))
    assert pairs == Counter({(one, facet): 1 for one in answered for facet in facets})
    assert counts["input"] == records
    assert records == counts["rejected"] + counts["sampled_out"] + counts["screened_out"] + counts["conversations"]
    assert len(answered) == counts["conversations"]
    assert Counter(rows["status"]) == Counter(
        {s: counts[s] for s in ("answered", "na", "refused", "failed") if counts[s]}
    )
    assert rows.loc[rows["status"] != "answered", "value"].isna().all()
    assert rows.loc[rows["status"] == "answered", "value"].notna().all()
    assert (rows.loc[rows["status"].isin(["failed", "refused"]), "reason"] != "").all()


def children_partition_their_parent(run: clio.Run, config: dict[str, Any]) -> None:
    clusters, released = run.clusters, run.released["conversations"]
    assert clusters["cluster_id"].is_unique
    by_id = clusters.set_index("cluster_id")
    for cluster_id, row in by_id.iterrows():
        children = clusters[clusters["parent_id"] == cluster_id]
        if row["level"] == 0:
            assert children.empty
        else:
            assert set(children["level"]) == {row["level"] - 1}
            assert children["conversations"].sum() == row["conversations"]
            assert children["accounts"].max() <= row["accounts"] <= children["accounts"].sum()
        if isinstance(row["parent_id"], str):
            assert by_id.loc[row["parent_id"], "level"] == row["level"] + 1
        else:
            assert row["level"] == clusters["level"].max()
    assert (run.levels["conversations"] == released).all()
    assert run.levels["clusters"].sum() == len(clusters)
    assert clusters["conversations"].min() >= config["release"]["min_conversations"] if len(clusters) else released == 0
    counts = run.manifest["counts"]
    outside = sum(counts[n] for n in ("suppressed_conversations", "trimmed_conversations", "noise", "no_text"))
    assert released + outside == counts["conversations"]
    cells_add_up(run, run.breakdowns, "facet")
    cells_add_up(run, run.trends.assign(facet="week"), "facet")
    assert run.map["conversations"].sum() <= released


def cells_add_up(run: clio.Run, cells: pd.DataFrame, by: str) -> None:
    """Shown values and the rest, as such, never exceed their cluster; a facet of one value per conversation."""
    sizes = {**dict(zip(run.clusters["cluster_id"], run.clusters["conversations"], strict=True))}
    sizes["all"] = run.released["conversations"]
    assert (cells["share"] <= 1).all()
    for (cluster_id, _), group in cells.groupby(["cluster_id", by]):
        assert group["conversations"].sum() <= sizes[cluster_id]
        assert (group["kind"] == "other").sum() <= 1


@WHOLE_RUNS
@given(records=corpora(), config=configs())
def test_promises_one_and_five(records: list[Any], config: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        run = finished(records, path, config)
        if (path / "workspace" / "facets.parquet").exists():
            one_row_per_conversation_and_facet(path, config, len(records))
        if run is not None:
            children_partition_their_parent(run, config)


@WHOLE_RUNS
@given(records=corpora(), config=configs(), shuffle=st.randoms(use_true_random=False))
def test_promise_four(records: list[Any], config: dict[str, Any], shuffle: random.Random) -> None:
    """The order of records, the number of files and who ran before make no difference to a single byte released."""
    usable = [record for record in records if isinstance(record, dict) and record.get("messages")]
    mixed = shuffle.sample(usable, len(usable))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        first = finished(usable, path / "first", config)
        cut = shuffle.randrange(len(mixed) + 1)
        parts = [part for part in (mixed[:cut], mixed[cut:]) if part]
        files = [write_jsonl(path / f"part{number}.jsonl", part) for number, part in enumerate(parts)]
        second = finished(
            None, path / "second", {**config, "ingest": {**config["ingest"], "format": "clio"}}, input=files
        )  # type: ignore[arg-type]
        assert (first is None) == (second is None)
        if first is None:
            return
        assert digests(path / "first" / "release") == digests(path / "second" / "release")
        finished(usable, path / "first", config, force=["ingest"])
        assert digests(path / "first" / "release") == digests(path / "second" / "release")
