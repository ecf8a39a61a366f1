"""Whole runs with noise and with a given taxonomy, through the public ``run`` and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

import clio
from clio.cli import app, main
from clio.errors import ConfigError, InputError, MissingExtraError, PrivacyError
from clio.models.protocol import Transcript
from clio.privacy import _noise_opendp, noise
from clio.privacy._noise_ledger import LEDGER, shared_ledger
from clio.runs import runner
from clio.runs.inspect import inspect_run
from clio.runs.read import Run
from clio.stages._taxonomy import load_taxonomy
from clio.tables import TABLES
from tests.fakes import HashingEncoder, ScriptedWriter, corpus
from tests.quick import ROOT, digests, quick_run, without_umap, write_jsonl

DP: dict[str, Any] = {"mechanism": "dp", "epsilon": 8.0}
GIVEN = [
    {"name": "Home", "children": [
        {"name": "Bake bread", "summary": "sourdough starter oven crust flour dough baking loaf bread"},
        {"name": "Grow a garden", "summary": "tomato seedling compost pruning soil watering roses garden"},
    ]},
    {"name": "Away", "children": [
        {"name": "Plan travel", "summary": "itinerary train hotel museum weekend city luggage ticket travel"},
        {"name": "Climb mountains", "summary": "rope summit glacier"},
    ]},
    {"name": "Work", "children": [
        {"name": "Program in Python", "summary": "python function exception pandas dataframe script import loop"},
    ]},
]  # fmt: skip
COUNTS = ("conversations", "accounts", "smallest", "largest")
needs_opendp = pytest.mark.skipif(find_spec("opendp") is None, reason="OpenDP (extra `dp`) is not installed")


def noisy_config(**given: Any) -> dict[str, Any]:
    return {"release": {"min_conversations": 5, "min_accounts": 3, "noise": {**DP, **given}}}


def noisy_run(folder: Path, records: Any = None, taxonomy: Path | None = None, **given: Any) -> Run:
    records = corpus(300, accounts=200) if records is None else records
    return quick_run(records, folder, noisy_config(**given), taxonomy=taxonomy)


def tables_of(run: Run) -> dict[str, pd.DataFrame]:
    """Every release table, validated against what is declared of it."""
    return {table.name: run.table(table.name) for table in TABLES.values() if table.side == "release"}


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(yaml.safe_dump({"clusters": GIVEN}, sort_keys=False), encoding="utf-8")
    return path


@needs_opendp
def test_a_whole_run_with_noise(tmp_path: Path) -> None:
    run = noisy_run(tmp_path / "run")
    tables, told = tables_of(run), run.released["noise"]
    assert len(tables["clusters"]) > 2
    assert len(tables["breakdowns"]) > 2
    assert tables["map"].empty
    assert tables["trends"].empty
    assert tables["clusters"]["x"].isna().all()
    assert (told["backend"], told["epsilon"]) == ("opendp", pytest.approx(8))
    assert told["delta"] == pytest.approx(1e-6)
    assert sum(table["epsilon"] for table in told["tables"].values()) == pytest.approx(8)
    assert "learned from the same conversations" in " ".join(told["not_covered"])
    assert run.manifest["stages"]["publish"]["noise"] == told
    assert "with noise (epsilon 8)" in run.tree()
    facts = inspect_run(tmp_path / "run")
    assert facts["differential privacy"].startswith("epsilon 8")
    # Nothing that is hidden is counted, nor anything that was left out.
    assert run.released["suppressed_clusters"] is run.released["suppressed_cells"] is None
    assert run.released["conversations_outside"] is None
    assert tables["privacy"]["hidden"].isna().all()
    assert abs(run.released["conversations"] - 200) < 100  # one conversation of each account is counted


@needs_opendp
def test_a_whole_run_with_noise_on_a_given_taxonomy(tmp_path: Path, given: Path) -> None:
    run = noisy_run(tmp_path / "run", taxonomy=given)
    clusters = tables_of(run)["clusters"]
    assert set(clusters["name"]) == {"Home", "Away", "Work", "Bake bread", "Grow a garden", "Plan travel",
                                     "Program in Python"}  # fmt: skip
    assert not any(len(terms) for terms in clusters["terms"])
    assert set(clusters["writer"]) == {"taxonomy"}
    told = run.released["noise"]
    assert told["covers"].startswith("the whole release")
    assert told["not_covered"] == []
    assert told["tables"]["clusters/0"]["delta"] == 0
    assert run.released["taxonomy"] == {"digest": load_taxonomy(given).digest, "base_clusters": 5}
    assert inspect_run(tmp_path / "run")["taxonomy"] == "taxonomy.yaml, 5 base clusters"
    statement = " ".join(run.privacy["statement"])
    assert "The whole release is differentially private" in statement
    assert "not differential privacy" not in statement


def test_a_given_taxonomy_without_noise(tmp_path: Path, given: Path) -> None:
    writer = ScriptedWriter()
    run = quick_run(corpus(200, accounts=100), tmp_path / "run", taxonomy=given, writer=writer)
    sizes = run.clusters[run.clusters["level"] == 0].set_index("name")["conversations"]
    assert dict(sizes) == dict.fromkeys(("Bake bread", "Grow a garden", "Plan travel", "Program in Python"), 50)
    assert not writer.evidence  # nobody was asked for a name
    assert len(run.map)
    statement = " ".join(run.privacy["statement"])
    assert "were given in a file" in statement
    assert "No model judged names" not in statement
    assert run.tree().count("Climb") == 0


def shifted(monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    """Noise that is the same everywhere and far beyond every count of the data: whatever is small did not get any."""
    monkeypatch.setattr(noise, "discrete_laplace", lambda _scale, _source: by)
    monkeypatch.setattr("clio.privacy._noise_tables.backend_of", lambda *_given: "own")


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a JSON value, with where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


@pytest.mark.parametrize("levels", ["base", "every"])
@pytest.mark.parametrize("fixed", [False, True], ids=["learned", "given"])
def test_no_number_of_a_release_is_exact(
    tmp_path: Path, given: Path, monkeypatch: pytest.MonkeyPatch, levels: str, fixed: bool
) -> None:
    much = 10**6
    shifted(monkeypatch, much)
    run = noisy_run(tmp_path / "run", taxonomy=given if fixed else None, levels=levels, breakdowns="every", trends=True)
    tables = tables_of(run)
    assert len(tables["trends"]) > 2
    assert tables.pop("map").empty
    held = dict(zip(tables["clusters"]["cluster_id"], tables["clusters"]["conversations"], strict=True))
    held["all"] = run.released["conversations"]
    for name, table in tables.items():
        if "share" in table:
            whole = pd.Series("all", table.index) if name == "clusters" else table["cluster_id"]
            assert (table["share"] == table["conversations"] / whole.map(held)).all(), name
        for column in table.select_dtypes("number").columns:
            if column in COUNTS:
                assert (table[column] >= much).all(), (name, column)
            elif column == "stability":
                assert table[column].isna().all()  # the data decide it, and no noise lies over it
            else:
                assert column in ("level", "clusters", "share", "hidden", "x", "y"), (name, column)
    public = [(path, number) for path, number in numbers(run.released)
              if not path.startswith(("/settings/", "/facets/", "/noise/", "/taxonomy/"))]  # fmt: skip
    assert {path for path, number in public if number < much} == {"/clusters"}
    assert run.released["clusters"] == len(tables["clusters"])


def test_nothing_but_counts_depends_on_the_data(tmp_path: Path, given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a given taxonomy, of two bodies of data every file of the release says the same but for counts."""
    shifted(monkeypatch, 10**6)
    small, large = corpus(40, accounts=30, topics=2), corpus(260, accounts=90, seed=1)
    for record in large[:20]:
        del record["user_id"]
    one, two = (noisy_run(tmp_path / str(n), records, given, facets=("concern",)) for n, records in
                enumerate((small, large)))  # fmt: skip
    for name, table in tables_of(one).items():
        other = tables_of(two)[name]
        kept = [column for column in table.columns if column not in (*COUNTS, "share")]
        pd.testing.assert_frame_equal(table[kept], other[kept])
    told = [{k: v for k, v in run.released.items() if k not in ("conversations", "accounts", "digest")}
            for run in (one, two)]  # fmt: skip
    assert told[0] == told[1]
    assert one.released["conversations"] != two.released["conversations"]


def test_ids_of_learned_clusters_do_not_tell_their_order_by_size(tmp_path: Path) -> None:
    run = noisy_run(tmp_path / "run")
    base = run.clusters[run.clusters["level"] == 0].sort_values("cluster_id")
    assert list(base["name"]) == sorted(base["name"])
    back = json.loads((tmp_path / "run" / "workspace" / "released_ids.json").read_text())
    hierarchy = pd.read_parquet(tmp_path / "run" / "workspace" / "hierarchy.parquet").set_index("cluster_id")
    for row in run.clusters.itertuples():
        assert hierarchy.loc[back[row.cluster_id]]["name"] == row.name
        if isinstance(row.parent_id, str):
            assert back[row.parent_id] == hierarchy.loc[back[row.cluster_id]]["parent_id"]


def test_two_publishings_of_one_run_differ_and_are_composed(tmp_path: Path) -> None:
    run = noisy_run(tmp_path / "run")
    first = run.clusters.set_index("cluster_id")["conversations"]
    assert [run.released["noise"]["composed"][key] for key in ("epsilon", "releases")] == [8, 1]
    # The same call spends nothing and changes nothing.
    before = digests(tmp_path / "run" / "release")
    noisy_run(tmp_path / "run")
    assert digests(tmp_path / "run" / "release") == before
    records = corpus(300, accounts=200)
    again = quick_run(records, tmp_path / "run", noisy_config(), force=["publish"])
    assert [again.released["noise"]["composed"][key] for key in ("epsilon", "releases")] == [16, 2]
    assert again.released["noise"]["epsilon"] == 8
    second = again.clusters.set_index("cluster_id")["conversations"]
    assert not first.equals(second)  # by chance with probability 0.03 to the number of clusters
    lines = shared_ledger().read_text().splitlines()
    assert (tmp_path / "run" / "workspace" / LEDGER).read_text().splitlines() == lines
    assert len(lines) == 2


def test_the_budget_of_the_data_holds_over_runs(tmp_path: Path, given: Path) -> None:
    records = corpus(120)
    settings = noisy_config(epsilon=1.0, total_epsilon=1.5)
    quick_run(records, tmp_path / "one", settings)
    with pytest.raises(PrivacyError, match="epsilon 2 and"):
        quick_run(records, tmp_path / "two", settings, taxonomy=given)
    assert not (tmp_path / "two" / "release").exists()
    before = digests(tmp_path / "one" / "release")
    with pytest.raises(PrivacyError, match="Nothing was released"):
        quick_run(records, tmp_path / "one", settings, force=["publish"])
    assert digests(tmp_path / "one" / "release") == before
    # Other data have a budget of their own.
    assert quick_run(corpus(120, seed=9), tmp_path / "three", settings).released["noise"]["composed"]["releases"] == 1


def test_a_name_that_may_not_be_shown_spends_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(yaml.safe_dump(["Ask anna.larsen@example.org", "Bake bread"]), encoding="utf-8")
    with pytest.raises(PrivacyError, match="table clusters"):
        noisy_run(tmp_path / "run", corpus(60), bad)
    assert not shared_ledger().exists()


def test_without_the_extra_the_line_that_installs_it_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_noise_opendp, "installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"pip install 'clio-toolkit\[dp\]'$"):
        noisy_run(tmp_path / "run", backend="opendp")
    assert not (tmp_path / "run").exists()
    # Without being asked for, it is not needed.
    assert noisy_run(tmp_path / "other", corpus(60)).released["noise"]["backend"] == "own"


def test_a_facet_that_cannot_be_counted_stops_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="request"):
        noisy_run(tmp_path / "run", facets=("request",))
    assert not (tmp_path / "run").exists()


def test_what_an_exact_release_told_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = corpus(120)
    quick_run(records, tmp_path / "run")
    run = quick_run(records, tmp_path / "run", noisy_config())
    assert "1 release(s) without noise" in " ".join(run.released["noise"]["not_covered"])
    assert "without noise" in " ".join(run.privacy["statement"])
    quick_run(records, tmp_path / "run", progress="plain")
    assert "what the noise promised no longer holds" in capsys.readouterr().err.replace("\n", " ")


def test_counts_are_rounded_after_the_noise(tmp_path: Path) -> None:
    settings = noisy_config()
    settings["release"]["round_to"] = 5
    run = quick_run(corpus(300, accounts=200), tmp_path / "run", settings)
    assert len(run.clusters)
    assert (run.clusters["conversations"] % 5 == 0).all()
    assert run.released["conversations"] % 5 == 0


def test_with_and_without_a_taxonomy_in_one_folder(tmp_path: Path, given: Path) -> None:
    """Each way gives what it would give in a folder of its own, whatever lay there before."""
    records, folder = corpus(120), tmp_path / "run"
    quick_run(records, folder)
    learned = digests(folder / "release")
    fixed = quick_run(records, folder, taxonomy=given)
    assert set(fixed.clusters["writer"]) == {"taxonomy"}
    assert fixed.manifest["taxonomy"]["base_clusters"] == 5
    back = quick_run(records, folder, {"release": {**DPLESS, "earlier": "ignore"}})
    assert "taxonomy" not in back.manifest
    assert set(back.clusters["name"]) == set(pd.read_parquet(folder / "workspace" / "hierarchy.parquet")["name"])
    assert "taxonomy" not in set(back.clusters["writer"])
    alone = quick_run(records, tmp_path / "alone", {"release": {**DPLESS, "earlier": "ignore"}})
    assert digests(folder / "release") == digests(alone.folder / "release")
    assert learned["clusters.parquet"] == digests(folder / "release")["clusters.parquet"]


DPLESS = {"min_conversations": 5, "min_accounts": 3}


def test_a_changed_taxonomy_is_placed_anew_and_the_same_one_is_not(
    tmp_path: Path, given: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = corpus(120)
    quick_run(records, tmp_path / "run", taxonomy=given)
    quick_run(records, tmp_path / "run", taxonomy=given, progress="plain")
    assert capsys.readouterr().err.count(": unchanged") == len(runner.STAGES)
    given.write_text(yaml.safe_dump(["Bake bread", "Anything else"]), encoding="utf-8")
    changed = quick_run(records, tmp_path / "run", taxonomy=given, progress="plain")
    said = capsys.readouterr().err
    assert "embed: unchanged" in said
    assert "cluster: unchanged" not in said
    assert set(changed.clusters["name"]) <= {"Bake bread", "Anything else"}


def test_a_release_of_the_same_data_is_not_fixed_in_advance(tmp_path: Path) -> None:
    records = corpus(200, accounts=100)
    quick_run(records, tmp_path / "first")
    for place in (tmp_path / "first", tmp_path / "first" / "release",
                  tmp_path / "first" / "release" / "clusters.parquet"):  # fmt: skip
        run = noisy_run(tmp_path / f"own-{place.name}", records, place)
        assert "learned from the same conversations" in " ".join(run.released["noise"]["not_covered"])
        assert run.released["noise"]["tables"]["clusters/0"]["delta"] > 0
        assert run.manifest["taxonomy"]["learned_from_this_input"]
    other = noisy_run(tmp_path / "other", corpus(200, accounts=100, seed=4), tmp_path / "first")
    assert other.released["noise"]["not_covered"] == []
    ours = quick_run(None, tmp_path / "x", input=write_jsonl(tmp_path / "x.jsonl", records[:50]))
    assert set(other.clusters["cluster_id"]) <= set(clio.open_run(tmp_path / "first").clusters["cluster_id"])
    assert ours.manifest["status"] == "finished"


def test_where_a_conversation_is_placed_depends_on_it_alone(tmp_path: Path, given: Path) -> None:
    """Vectors of conversations and several languages: what moves them where clusters are learned."""

    def tongue(transcript: Transcript, facet: Any) -> Any:
        return None

    settings = {
        "encoder": {"input": "conversation"},
        "facets": {"use": ["request", "concern", "language"]},
    }
    records = corpus(90)
    for record in records[::3]:
        record["messages"][0]["content"] = "Bitte hilf mir mit bread und travel, danke sehr für die schöne Antwort."
    few, many = records[:45], records
    found = []
    for number, part in enumerate((few, many)):
        run = quick_run(part, tmp_path / str(number), settings, taxonomy=given, writer=ScriptedWriter(tongue))
        frame = pd.read_parquet(run.folder / "workspace" / "assignments.parquet").set_index("conversation_id")
        assert run.manifest["stages"]["embed"]["of"] == "conversations"
        found.append(frame)
    both = found[1].loc[found[0].index]
    pd.testing.assert_frame_equal(found[0], both)


def invoke(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runner, "run", partial(runner.run, writer=ScriptedWriter(), encoder=HashingEncoder()))
    with without_umap():
        yield


@pytest.mark.usefixtures("doubles")
def test_the_command_line(tmp_path: Path, given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chats = write_jsonl(tmp_path / "chats.jsonl", corpus(300, accounts=200))
    config = tmp_path / "config.yaml"
    settings = {"redact": {"names": "off"}, "facets": {"use": ["request", "concern"]},
                **noisy_config(total_epsilon=10, dataset="our log")}  # fmt: skip
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    arguments = ("run", config, "--input", chats, "--taxonomy", given, "--output")
    done = invoke(*arguments, tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "screened out; about " in done.stdout
    shown = invoke("tree", tmp_path / "run", "--summaries")
    assert "Bake bread" in shown.stdout
    assert "with noise (epsilon 8)" in shown.stdout
    assert "differential privacy" in invoke("inspect", tmp_path / "run").stdout
    assert "our log" not in (tmp_path / "run" / "release" / "manifest.json").read_text()
    # More of the same log: another file, the same name, the same budget.
    more = write_jsonl(tmp_path / "more.jsonl", corpus(310, accounts=200))
    arguments = ("run", config, "--input", more, "--taxonomy", given, "--output", tmp_path / "later")
    with pytest.raises(SystemExit) as ended:
        main(lambda: app([str(argument) for argument in arguments], standalone_mode=False))
    assert ended.value.code == 7
    assert "8 and 0 are spent" in capsys.readouterr().err


def test_a_taxonomy_that_is_none_stops_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.yaml"):
        quick_run(corpus(20), tmp_path / "run", taxonomy=tmp_path / "no.yaml")
    assert not (tmp_path / "run").exists()


SHIPPED = ROOT / "configs" / "taxonomies" / "assistant.yaml"


def test_the_shipped_taxonomy() -> None:
    found = load_taxonomy(SHIPPED)
    areas = [entry for entry in found.entries if entry.level == 1]
    assert (len(areas), len(found.base)) == (10, 40)
    assert all(entry.summary and entry.parent_id for entry in found.base)
    assert len({entry.name for entry in found.base}) == 40


@pytest.mark.models
def test_the_shipped_taxonomy_takes_what_it_is_made_for() -> None:
    from clio.config.models import EncoderConfig
    from clio.models.encoder import SentenceEncoder
    from clio.stages._taxonomy import assign

    asked = {
        "My code fails with this error message and stack trace, where is the bug?": "Debug code",
        "Give me a recipe for lentil soup with carrots": "Cooking and recipes",
        "Five days in Lisbon, what should I see?": "Travel planning",
        "Write a poem about autumn rain": "Write poems and lyrics",
        "Translate this sentence into French: where is the station?": "Translate a text",
        "How do I calculate the derivative of x squared times sin x?": "Solve a mathematics problem",
        "Should I put my savings into stocks or pay back my loan?": "Personal finance and investing",
        "I feel anxious and lonely since I moved": "Feelings and mental health",
    }
    taxonomy, encoder = load_taxonomy(SHIPPED), SentenceEncoder(EncoderConfig())
    labels = assign(encoder.encode(list(asked)), taxonomy, encoder).labels
    assert [taxonomy.base[label].name for label in labels] == list(asked.values())
