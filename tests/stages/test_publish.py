from __future__ import annotations

import html
import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config.release import ReleaseConfig
from clio.errors import PrivacyError, RunError
from clio.privacy.settle import Settled
from clio.privacy.thresholds import Thresholds
from clio.runs.files import read_table
from clio.stages import _release_folder as folder
from clio.stages import publish as stage
from clio.stages._breakdowns import ALL
from clio.stages._statements import public_manifest, statements
from clio.stages.publish import Private, publish
from clio.vectors.stability import found_again
from tests.privacy.people import passes, seeds
from tests.stages.workspaces import FACETS_ASKED, SETTINGS, draw_workspace

PAIRS = tuple(tuple(pair) for pair in SETTINGS["facets"]["intersections"])
BY_NAME = {facet.name: facet for facet in FACETS_ASKED}
configs = st.builds(
    ReleaseConfig,
    min_conversations=st.integers(2, 12),
    min_accounts=st.integers(2, 6),
    max_account_share=st.sampled_from([0.3, 0.5, 0.8]),
    under_threshold=st.sampled_from(["merge", "drop"]),
    over_share=st.sampled_from(["trim", "suppress"]),
    map_depth=st.integers(0, 4),
)
people = st.integers(0, 120)


def released(
    seed: int, size: int, config: ReleaseConfig
) -> tuple[dict[str, pd.DataFrame], Private, Settled, dict[str, Counter[int]]]:
    """The tables as frames, what they were made of, and the counted rows by account of every cluster."""
    private = draw_workspace(seed, size).private()
    tables, _, settled = publish(private, FACETS_ASKED, PAIRS, config)
    above = {row["cluster_id"]: row["parent_id"] for row in private.hierarchy}
    who: dict[str, Counter[int]] = defaultdict(Counter)
    for row in private.hierarchy:
        if row["level"] == 0 and row["cluster"] in settled.members:
            mine = Counter(private.account[settled.members[row["cluster"]]].tolist())
            who[ALL].update(mine)
            name = row["cluster_id"]
            while name is not None:
                who[name].update(mine)
                name = above[name]
    return {name: table.to_pandas() for name, table in tables.items()}, private, settled, dict(who)


@settings(max_examples=5)
@given(seeds, people, configs)
def test_every_number_is_true_and_passes(seed: int, size: int, config: ReleaseConfig) -> None:
    tables, private, settled, who = released(seed, size, config)
    thresholds = Thresholds.of(config)
    for name, frame in tables.items():
        assert (frame["conversations"] >= config.min_conversations).all(), name
        if "accounts" in frame:
            assert (frame["accounts"] >= config.min_accounts).all(), name
            assert (frame["accounts"] <= frame["conversations"]).all(), name
    clusters = tables["clusters"].set_index("cluster_id")
    assert set(clusters.index) == who.keys() - {ALL}
    for name, mine in who.items():
        assert passes(mine, thresholds)
        if name != ALL:
            assert (clusters.loc[name, "conversations"], clusters.loc[name, "accounts"]) == (mine.total(), len(mine))
    everyone = np.concatenate([*settled.members.values(), np.empty(0, dtype=np.int64)])
    assert tables["map"]["conversations"].sum() in (0, len(everyone))
    _levels_and_parents(tables, len(everyone))
    _cells(tables, private, settled, thresholds)


@settings(max_examples=5)
@given(seeds, people, configs)
def test_stability_is_told_in_steps_and_is_of_what_is_counted(seed: int, size: int, config: ReleaseConfig) -> None:
    tables, private, settled, _ = released(seed, size, config)
    stable = tables["clusters"].set_index("cluster_id")["stability"]
    steps = stable.dropna() * 20
    assert np.allclose(steps, steps.round())
    assert steps.between(0, 20).all()
    counted = np.concatenate([*settled.members.values(), np.empty(0, dtype=np.int64)])
    labels = np.full(len(private.base), -1)
    for cluster, rows in settled.members.items():
        labels[rows] = cluster
    for row in private.hierarchy:
        if row["level"] == 0 and row["cluster"] in settled.members:
            likes = [found_again(labels[counted], draw[counted]) for draw in private.redrawn]
            told = float(np.nanmean([like[row["cluster"]] for like in likes]))
            assert stable[row["cluster_id"]] == pytest.approx(told, abs=0.0251)


def test_no_stability_without_draws() -> None:
    private = replace(draw_workspace(3, 90).private(), redrawn=np.zeros((0, 0), np.int32))
    tables, _, _ = publish(private, FACETS_ASKED, (), ReleaseConfig(min_conversations=4, min_accounts=3))
    assert tables["clusters"].num_rows > 0
    assert tables["clusters"].column("stability").null_count == tables["clusters"].num_rows


def _levels_and_parents(tables: dict[str, pd.DataFrame], total: int) -> None:
    clusters = tables["clusters"]
    assert tables["levels"]["level"].tolist() == sorted(set(clusters["level"]))
    for row in tables["levels"].itertuples():
        mine = clusters.loc[clusters["level"] == row.level, "conversations"]
        assert (row.clusters, row.conversations, row.smallest, row.largest) == (
            len(mine), total, mine.min(), mine.max(),
        )  # fmt: skip
        assert clusters.loc[clusters["level"] == row.level, "share"].sum() == pytest.approx(1)
    children = clusters.dropna(subset=["parent_id"]).groupby("parent_id")["conversations"].sum()
    for row in clusters.itertuples():
        if row.level:
            assert children[row.cluster_id] == row.conversations
    assert clusters["parent_id"].dropna().isin(clusters["cluster_id"]).all()


def _cells(tables: dict[str, pd.DataFrame], private: Private, settled: Settled, thresholds: Thresholds) -> None:
    """Rows of a cluster and its rest never exceed it; where they add up, what is missing passes, or all is missing."""
    size = tables["clusters"].set_index("cluster_id")["conversations"].to_dict()
    size[ALL] = sum(len(rows) for rows in settled.members.values())
    frames = [tables["breakdowns"], tables["trends"].assign(facet="week", value=tables["trends"]["week"])]
    for frame in frames:
        assert not frame.duplicated(["cluster_id", "facet", "value", "kind"]).any()
        assert not frame["facet"].str.contains("request").any()
        assert all(row.share == row.conversations / size[row.cluster_id] for row in frame.itertuples())
        for (cluster, facet), rows in frame.groupby(["cluster_id", "facet"]):
            if "tags" in facet:
                assert not (rows["kind"] == "other").any()
                continue
            told = rows["conversations"].sum()
            assert told <= size[cluster]
            if not (rows["kind"] == "other").any():
                # Without a rest there is nothing left over, or what is left over could not be told either way.
                left = size[cluster] - told
                assert left == 0 or left >= thresholds.conversations, (cluster, facet)


@settings(max_examples=5)
@given(seeds, st.integers(60, 140), configs)
def test_crossed_cells_tell_nothing_that_the_facets_hide(seed: int, size: int, config: ReleaseConfig) -> None:
    tables, *_ = released(seed, size, config)
    cells = tables["breakdowns"].query("kind == 'value'")
    weeks = tables["trends"].query("kind == 'value'")
    shown = {(row.cluster_id, row.facet, row.value): row.conversations for row in cells.itertuples()} | {
        (row.cluster_id, "week", row.week): row.conversations for row in weeks.itertuples()
    }
    for one, other in (("use", "flag"), ("use", "tags"), ("week", "flag")):
        sums: Counter[tuple[str, str, str]] = Counter()
        for row in cells[cells["facet"] == f"{one} x {other}"].itertuples():
            left, _, right = row.value.partition(" x ")
            assert shown[row.cluster_id, one, left] >= row.conversations
            assert shown[row.cluster_id, other, right] >= row.conversations
            sums[row.cluster_id, one, left] += row.conversations
        for key, told in sums.items():
            left_over = shown[key] - told
            assert other == "tags" or left_over == 0 or left_over >= config.min_conversations


def files_under(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_publishing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    drawn = draw_workspace(3, 90)
    one, other = (drawn.context(tmp_path / name) for name in ("one", "other"))
    stage.run(one.config, one)
    first = files_under(one.release)
    stage.run(one.config, one)
    stage.run(other.config, other)
    assert first == files_under(one.release) == files_under(other.release)
    assert [path.name for path in tmp_path.joinpath("one").iterdir()] != []
    assert not list(tmp_path.rglob("release.*"))


class Killed(BaseException):
    """What stands for a process that ends."""


@pytest.mark.parametrize("step", ["write", "first rename", "second rename"])
def test_a_crash_leaves_the_old_or_the_new_release(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it ends, what stands at ``release`` is whole; the next publishing leaves nothing behind."""
    context = draw_workspace(3, 90).context(tmp_path)
    stage.run(context.config, context)
    old = files_under(context.release)
    fresh = draw_workspace(4, 90).context(tmp_path)
    rename = Path.rename
    calls = 0

    def stop(*_: Any, **__: Any) -> None:
        raise Killed

    def rename_or_stop(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == (1 if step == "first rename" else 2):
            raise Killed
        return rename(self, target)

    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr(folder, "write_json", stop)
        else:
            patch.setattr(Path, "rename", rename_or_stop)
        with pytest.raises(Killed):
            stage.run(fresh.config, fresh)
    assert files_under(fresh.release) == old
    stage.run(fresh.config, fresh)
    assert files_under(fresh.release) != old
    assert not list(tmp_path.glob("release.*"))


def test_a_process_killed_between_the_renames_is_healed(tmp_path: Path) -> None:
    context = draw_workspace(3, 90).context(tmp_path)
    stage.run(context.config, context)
    whole = files_under(context.release)
    context.release.rename(tmp_path / "release.old")
    (tmp_path / "release.new").mkdir()
    stage.run(context.config, context)
    assert files_under(context.release) == whole
    assert not list(tmp_path.glob("release.*"))


def test_a_release_that_cannot_be_replaced_is_a_run_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = draw_workspace(3, 90).context(tmp_path)
    stage.run(context.config, context)
    old = files_under(context.release)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "release.new":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(RunError, match="cannot be replaced"):
            stage.run(context.config, context)
    assert files_under(context.release) == old


def test_the_last_look_stops_a_release(tmp_path: Path) -> None:
    context = draw_workspace(3, 90).context(tmp_path)
    stage.run(context.config, context)
    old = files_under(context.release)
    wrong = draw_workspace(3, 90).context(tmp_path, title="Ask anna.schmidt@example.org about it")
    with pytest.raises(PrivacyError, match=r"manifest.json, title: EMAIL") as fault:
        stage.run(wrong.config, wrong)
    assert "anna" not in str(fault.value)
    assert files_under(context.release) == old
    assert not list(tmp_path.glob("release.*"))


def test_the_statement_is_made_of_the_run(tmp_path: Path) -> None:
    context = draw_workspace(3, 90).context(tmp_path, title="<script>alert(1)</script>")
    context.manifest.stage("extract_facets").update(
        leaks={"raw: texts": 40, "raw: broad": 12, "redacted: texts": 40, "redacted: broad": 2, "facet: texts": 3},
        written={"written": 30, "rephrased": 1, "withheld": 0},
    )
    stage.run(context.config, context)
    told = json.loads((context.release / "privacy.json").read_text())
    broad = [(row["stage"], row["share"], row["at_most"]) for row in told["leaks"] if row["detector"] == "broad"]
    assert broad[:2] == [("raw", 12 / 40, False), ("redacted", 5 / 40, True)]
    assert "facet" not in {row["stage"] for row in told["leaks"]}
    assert told["written"] == {"written": 30, "rephrased": None, "withheld": 0}
    assert told["thresholds"]["min_accounts"] == 3
    rows = read_table(context.release / "privacy.parquet").to_pylist()
    assert told["rules"] == rows
    page = (context.release / "privacy.html").read_text()
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert all(html.escape(row["statement"]) in page for row in rows)


@pytest.mark.parametrize("size", [0, 3])
def test_where_nobody_is_left_the_release_is_empty(size: int, tmp_path: Path) -> None:
    context = draw_workspace(1, size).context(tmp_path)
    stage.run(context.config, context)
    tables = {name: len(content) for name, content in files_under(context.release).items()}
    assert len(tables) == 9
    manifest = json.loads((context.release / "manifest.json").read_bytes())
    assert (manifest["conversations"], manifest["accounts"], manifest["clusters"]) == (0, 0, 0)
    assert manifest["conversations_outside"] == (None if size else 0)


def test_a_value_that_holds_an_identifier_is_hidden_not_fatal(tmp_path: Path) -> None:
    drawn = draw_workspace(5, 200)
    values = ("write to support@shop.example.com", "free", "paid")
    for number, row in enumerate(row for row in drawn.facets if row["facet"] == "plan"):
        row["value"] = values[number % 3]
    context = drawn.context(tmp_path)
    stage.run(context.config, context)
    assert not any(b"support@" in content for content in files_under(context.release).values())
    tables, *_ = publish(drawn.private(), FACETS_ASKED, (), context.config.release)
    assert "write to support@shop.example.com" in tables["breakdowns"].column("value").to_pylist()


OUTSIDE = [
    ({}, 0),
    ({1: 2}, None),
    ({1: 40}, None),  # many conversations of one person are still one person
    (dict.fromkeys(range(14), 1), None),
    (dict.fromkeys(range(15), 1), 15),
    ({1: 30} | dict.fromkeys(range(2, 12), 1), None),
]


@pytest.mark.parametrize(("outside", "told"), OUTSIDE)
def test_what_is_outside_the_release_is_a_cell_too(outside: dict[int, int], told: int | None, tmp_path: Path) -> None:
    config = draw_workspace(0, 0).context(tmp_path, release={}).config
    counts: Counter[str] = Counter()
    found = public_manifest(config, {}, FACETS_ASKED, (100, 50), outside, counts)
    assert found["conversations_outside"] == told
    assert (found["conversations_outside_note"] == "") == (told is not None)
    for n in outside.values():
        assert str(n) not in found["conversations_outside_note"]


@pytest.mark.parametrize(
    ("redactor", "setting"),
    [({"names": "off", "names_available": False}, "names: off"),
     ({"names": "cues only", "names_available": False}, "names: cues only"),
     ({"names": "model and cues", "names_available": True}, "names: model and cues"), ({}, "names: off")],
)  # fmt: skip
def test_the_statement_on_names_tells_what_ran(redactor: dict[str, Any], setting: str, tmp_path: Path) -> None:
    config = draw_workspace(0, 0).context(tmp_path).config
    rows = statements(config, {"stages": {"extract_facets": {"redactor": redactor}}}, Counter())
    row = next(row for row in rows if row["rule"] == "redaction")
    assert row["setting"] == setting
    assert ("not installed" in str(row["statement"])) == (redactor.get("names") == "cues only")


@pytest.mark.parametrize(("given", "said"), [(0, "No conversation names"), (97, "Some conversations do not name")])
def test_the_statement_on_accounts_tells_no_number_that_is_held_to_no_threshold(
    given: int, said: str, tmp_path: Path
) -> None:
    config = draw_workspace(0, 0).context(tmp_path).config
    note = {"accounts": {"note": "3 conversations name no account", "conversations_with_account": given}}
    row = statements(config, {"stages": {"ingest": note}}, Counter())[1]
    assert said in str(row["statement"])
    assert not any(character in str(row["statement"]) for character in "79")
    assert "distinct accounts. " + said in str(row["statement"])


def test_the_public_manifest_holds_nothing_of_the_run_owner(tmp_path: Path) -> None:
    context = draw_workspace(3, 90).context(tmp_path)
    context.manifest.data |= {
        "inputs": [{"file": "anna-private.jsonl", "sha256": "ab"}],
        "stages": {"ingest": {"reasons": {"rejected": {"not JSON": 1}}}},
        "models": {"writer": "w", "encoder": "e"},
    }
    stage.run(context.config, context)
    found = json.loads((context.release / "manifest.json").read_bytes())
    assert found["writer"] == "w"
    text = json.dumps(found)
    for private in ("anna", str(tmp_path), "rejected", "api_key", "trimmed", "noise"):
        assert private not in text
    counts = context.notes["counts"]
    assert found["conversations"] == counts["released_conversations"]
    total = found["conversations"] + (
        counts["suppressed_conversations"] + counts["trimmed_conversations"] + counts["noise"] + counts["no_text"]
    )
    assert total == 90
