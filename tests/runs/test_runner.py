from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest

import clio
from clio.conversations.types import Conversation
from clio.errors import (
    ClioError,
    ConfigError,
    InputError,
    MissingExtraError,
    ModelPassingError,
    RunError,
    WeightsError,
)
from clio.runs import runner
from clio.runs.runner import STAGES, load_stage, locked
from tests.fakes import HashingEncoder, ScriptedWriter, corpus
from tests.quick import CONFIG, ROOT, digests, quick_run, write_jsonl

SIZE = 72
RECORDS = corpus(SIZE, accounts=20)


class Watch:
    """Which stages ran since it was last asked."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def take(self) -> list[str]:
        ran, self.ran = self.ran, []
        return ran


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Every stage's real function, and a note that it was called."""
    from dataclasses import replace

    watch = Watch()

    def watched(name: str) -> Any:
        stage = load_stage(name)

        def run(config: Any, context: Any) -> None:
            watch.ran.append(name)
            stage.run(config, context)

        return replace(stage, run=run)

    monkeypatch.setattr(runner, "load_stage", watched)
    return watch


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with the key it was made with, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIO_KEY_DIR", str(folder / "keys"))
        quick_run(RECORDS, folder / "run")
    return folder


@pytest.fixture
def made(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIO_KEY_DIR", str(made_once / "keys"))
    shutil.copytree(made_once / "run", tmp_path / "run")
    return tmp_path / "run"


def test_every_stage_reads_only_stages_before_it() -> None:
    for number, name in enumerate(STAGES):
        stage = load_stage(name)
        assert stage.name == name
        assert set(stage.after) <= set(STAGES[:number])
        assert set(stage.sections) <= set(clio.RunConfig.model_fields)
        assert stage.outputs


def test_unchanged_stages_are_not_run_again(made: Path, watch: Watch) -> None:
    before = digests(made / "release")
    writer, encoder = ScriptedWriter(), HashingEncoder()
    run = quick_run(RECORDS, made, writer=writer, encoder=encoder)
    assert watch.take() == []
    assert (writer.seen, encoder.calls) == ([], 0)
    assert digests(made / "release") == before
    assert run.manifest["status"] == "finished"


@pytest.mark.parametrize(
    ("config", "runs_again"),
    [
        ({"project": {"neighbours": 7}}, ["project", "publish"]),
        ({"release": {**CONFIG["release"], "map_depth": 2}}, ["publish"]),
        ({"title": "Another title"}, ["publish"]),
        ({"arrange": {"top": 3}}, ["arrange", "audit", "publish"]),
        ({"describe": {"inside": 9}}, ["describe", "arrange", "audit", "publish"]),
        ({"cluster": {"k": 5}}, ["cluster", "describe", "arrange", "audit", "publish"]),
        (
            {"release": {"min_conversations": 6, "min_accounts": 3}},
            ["cluster", "describe", "arrange", "audit", "publish"],
        ),
        ({"facets": {**CONFIG["facets"], "groundedness": 0.2}}, list(STAGES[1:])),
        ({"redact": {"names": "off", "allow": ["Sourdough"]}}, list(STAGES[1:])),
        ({"ingest": {"sampling": {"per_account": 3}}}, list(STAGES)),
        ({"seed": 1}, list(STAGES)),
        ({"writer": {"backend": "embedded", "threads": 1}}, []),
        ({"encoder": {"device": "cpu"}}, []),
    ],
)
def test_a_changed_section_runs_again_exactly_what_follows(
    made: Path, watch: Watch, config: dict[str, Any], runs_again: list[str]
) -> None:
    quick_run(RECORDS, made, config)
    assert watch.take() == runs_again
    quick_run(RECORDS, made, config)
    assert watch.take() == []


def test_another_model_runs_again_what_it_wrote(made: Path, watch: Watch) -> None:
    quick_run(RECORDS, made, writer=ScriptedWriter(name="another"))
    assert "extract_facets" in watch.take()


def test_other_records_run_everything_again(made: Path, watch: Watch) -> None:
    quick_run(RECORDS[:-1], made)
    assert watch.take() == list(STAGES)


@pytest.mark.parametrize(
    ("force", "runs_again"),
    [
        (["describe"], ["describe", "arrange", "audit", "publish"]),
        (["project", "arrange"], ["arrange", "audit", "project", "publish"]),
        (["ingest"], list(STAGES)),
    ],
)
def test_force_runs_a_stage_and_all_that_follow(
    made: Path, watch: Watch, force: list[str], runs_again: list[str]
) -> None:
    before = digests(made / "release")
    writer = ScriptedWriter()
    quick_run(RECORDS, made, force=force, writer=writer)
    assert watch.take() == runs_again
    assert digests(made / "release") == before
    assert len(writer.seen) == (SIZE if "ingest" in force else 0), "forced means asked again, journal or not"


def test_a_stage_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no stage `explain`; the stages are ingest, .*publish"):
        quick_run(RECORDS, tmp_path / "run", force=["explain"])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", STAGES)
def test_a_missing_file_is_made_again(made: Path, watch: Watch, name: str) -> None:
    before = digests(made / "release")
    (made / load_stage(name).outputs[0]).unlink()
    writer = ScriptedWriter()
    quick_run(RECORDS, made, writer=writer)
    ran = watch.take()
    assert ran[0] == name
    assert "publish" in ran
    assert digests(made / "release") == before
    assert writer.seen == [], "the journal still holds every answer: nothing is asked, or paid for, twice"


def test_vectors_whose_journal_is_gone_are_not_made_up(made: Path) -> None:
    """The vectors of conversations are made while their text is in memory, and kept in the journal alone."""
    before = digests(made / "release")
    (made / "workspace" / "extract_facets.journal.jsonl").unlink()
    quick_run(RECORDS, made)
    assert digests(made / "release") == before, "nothing that is whole needs it"
    (made / "workspace" / "vectors" / "vectors.npy").unlink()
    with pytest.raises(RunError, match="--force extract_facets"):
        quick_run(RECORDS, made)
    quick_run(RECORDS, made, force=["extract_facets"])
    assert digests(made / "release") == before


def test_a_damaged_file_is_one_paragraph(made: Path) -> None:
    path = made / "workspace" / "facets.parquet"
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(RunError, match=r"facets\.parquet: damaged\. Delete it") as fault:
        quick_run(RECORDS, made, force=["embed"])
    assert fault.value.__cause__ is None
    path.unlink()
    assert quick_run(RECORDS, made).manifest["status"] == "finished"


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    broken = [{"id": "no-turns", "messages": []}, {"messages": "none"}, "not a record"]
    copies = [RECORDS[0], RECORDS[1]]
    unrelated = {**RECORDS[2], "id": "odd", "messages": [{"role": "user", "content": "unrelated spam offer"}]}
    config = {
        "facets": {**CONFIG["facets"], "screener": {"question": "Is it a request?"}},
        "ingest": {"sampling": {"size": 60}},
    }
    records = [*RECORDS, *broken, *copies, unrelated]
    run = quick_run(records, tmp_path / "run", config)
    counts = run.manifest["counts"]
    assert counts["input"] == len(records)
    assert counts["rejected"] == 5
    assert counts["rejected"] + counts["sampled_out"] + counts["screened_out"] + counts["conversations"] == len(records)
    assert counts["sampled_out"] == SIZE + 1 - 60
    assert run.manifest["adds_up"] is True
    assert sum(counts[status] for status in ("answered", "na", "refused", "failed")) == counts["facet_rows"]
    assert counts["facet_rows"] == counts["conversations"] * len(CONFIG["facets"]["use"])
    reasons = run.manifest["stages"]["ingest"]["reasons"]
    assert sum(reasons["rejected"].values()) == counts["rejected"]
    assert sum(reasons["sampled_out"].values()) == counts["sampled_out"]
    lines = (tmp_path / "run" / "workspace" / "rejected.jsonl").read_text().splitlines()
    assert len(lines) == counts["rejected"]
    assert all(set(json.loads(line)) == {"file", "line", "reason"} for line in lines)


def test_the_manifest_names_models_and_prompts(made: Path) -> None:
    run = clio.open_run(made)
    assert run.manifest["models"] == {"encoder": "hashing-256", "writer": "scripted"}
    assert run.released["writer"] == "scripted"
    assert run.released["encoder"] == "hashing-256"
    assert run.released["prompts"]
    assert run.released["prompts"] == run.manifest["prompts"]


def test_records_and_a_file_of_them_give_the_same(made: Path, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "records.jsonl", RECORDS)
    quick_run(None, tmp_path / "from_file", input=file)
    assert digests(tmp_path / "from_file" / "release") == digests(made / "release")


def test_conversations_and_records_give_the_same(made: Path, tmp_path: Path) -> None:
    from clio.conversations.readers import from_records

    given = list(from_records(RECORDS))
    assert all(isinstance(one, Conversation) for one in given)
    quick_run(given, tmp_path / "objects")
    assert digests(tmp_path / "objects" / "release") == digests(made / "release")


def test_the_same_file_under_another_name_is_the_same_input(tmp_path: Path, watch: Watch) -> None:
    file = write_jsonl(tmp_path / "one.jsonl", RECORDS)
    quick_run(None, tmp_path / "run", input=[file])
    watch.take()
    quick_run(None, tmp_path / "run", input=file.rename(tmp_path / "two.jsonl"))
    assert watch.take() == []


def test_records_are_held_to_the_limits_of_the_config(tmp_path: Path) -> None:
    deep: Any = "bottom"
    for _ in range(30):
        deep = [deep]
    records = [*RECORDS, {**RECORDS[0], "id": "deep", "metadata": {"x": deep}}]
    run = quick_run(records, tmp_path / "run", {"ingest": {"max_depth": 20}})
    assert run.manifest["counts"]["rejected"] == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"conversations": RECORDS, "input": "x.jsonl"}, "either conversations or input"),
        ({"conversations": None}, "either conversations or input"),
        ({"conversations": []}, "no conversations were given"),
        ({"conversations": None, "input": []}, "no conversations were given"),
        ({"conversations": None, "input": "nowhere.jsonl"}, "nowhere.jsonl: cannot be opened"),
    ],
)
def test_input_faults(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        quick_run(given.pop("conversations"), tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_every_fault_of_a_config_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as fault:
        quick_run(RECORDS, tmp_path / "run", {"seed": -1, "nonsense": 1, "cluster": {"method": "magic"}})
    assert len(fault.value.faults) == 3
    assert not (tmp_path / "run").exists()


class TestStopping:
    def test_keeps_what_was_finished(self, tmp_path: Path) -> None:
        away = ModelPassingError("overloaded")
        records = corpus(200, accounts=40)
        with pytest.raises(ModelPassingError):
            quick_run(records, tmp_path / "run", writer=ScriptedWriter(fail_after=150, fault=away))
        manifest = json.loads((tmp_path / "run" / "manifest.json").read_bytes())
        assert manifest["status"] == "stopped"
        assert manifest["stopped_in"] == "extract_facets"
        assert manifest["stopped_by"] == "ModelPassingError"
        assert manifest["counts"]["input"] == 200
        assert not (tmp_path / "run" / "release").exists()
        with pytest.raises(RunError, match="nothing yet \\(status: stopped\\)"):
            clio.open_run(tmp_path / "run")

        again = ScriptedWriter()
        run = quick_run(records, tmp_path / "run", writer=again)
        assert len(again.seen) == 200 - 128, "two whole batches of 64 were kept"
        assert run.manifest["status"] == "finished"
        assert not {"stopped_in", "stopped_by"} & set(run.manifest)
        quick_run(records, tmp_path / "other")
        assert digests(tmp_path / "run" / "release") == digests(tmp_path / "other" / "release")

    def test_by_hand(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            quick_run(RECORDS, tmp_path / "run", writer=ScriptedWriter(fail_after=3, fault=KeyboardInterrupt()))
        manifest = json.loads((tmp_path / "run" / "manifest.json").read_bytes())
        assert (manifest["status"], manifest["stopped_by"]) == ("stopped", "KeyboardInterrupt")
        assert quick_run(RECORDS, tmp_path / "run").manifest["status"] == "finished"

    def test_leaves_the_release_that_was_there(self, made: Path) -> None:
        before = digests(made / "release")
        with pytest.raises(ModelPassingError):
            quick_run(
                RECORDS, made, {"seed": 5}, writer=ScriptedWriter(fail_after=3, fault=ModelPassingError("overloaded"))
            )
        assert digests(made / "release") == before
        assert clio.open_run(made).manifest["status"] == "stopped"

    def test_and_lets_go_of_its_lock(self, tmp_path: Path) -> None:
        with pytest.raises(InputError):
            quick_run(["nothing"], tmp_path / "run")
        with locked(tmp_path / "run"):
            pass


class TestWhatIsMissing:
    """It is told before work begins: nothing was read, and nothing that an earlier run kept was forgotten."""

    WRITES: ClassVar = {"writer": {"backend": "embedded", "names": "model"}}

    @pytest.fixture(autouse=True)
    def nothing_pulled(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path / "none"))

    def test_weights_of_the_encoder(self, tmp_path: Path, watch: Watch) -> None:
        with pytest.raises(WeightsError, match="clio models pull all-minilm-l6-v2"):
            quick_run(RECORDS, tmp_path / "run", encoder=None)
        assert watch.take() == []

    def test_weights_of_the_writer(self, tmp_path: Path, watch: Watch) -> None:
        with pytest.raises(WeightsError, match="clio models pull smollm2-135m-instruct"):
            quick_run(RECORDS, tmp_path / "run", self.WRITES, writer=None)
        assert watch.take() == []

    def test_a_package(self, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runner, "find_spec", lambda name: None)
        with pytest.raises(MissingExtraError, match=r"pip install 'clio-toolkit\[embedded\]'"):
            quick_run(RECORDS, tmp_path / "run", self.WRITES, writer=None)
        assert watch.take() == []

    def test_not_where_nothing_needs_it(self, tmp_path: Path) -> None:
        run = quick_run(RECORDS, tmp_path / "run", {"writer": {"backend": "embedded", "names": "terms"}}, writer=None)
        assert run.manifest["status"] == "finished"

    def test_the_journal_outlives_it(self, tmp_path: Path) -> None:
        quick_run(RECORDS, tmp_path / "run")
        journal = tmp_path / "run" / "workspace" / "extract_facets.journal.jsonl"
        before = journal.read_bytes()
        with pytest.raises(WeightsError):
            quick_run(RECORDS, tmp_path / "run", encoder=None)
        assert journal.read_bytes() == before


HOLD = """
import sys, time
from pathlib import Path
from clio.runs.runner import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunError, match="another process is writing this run"):
            quick_run(RECORDS, tmp_path / "run")
        holder.kill()
    assert quick_run(RECORDS, tmp_path / "run").manifest["status"] == "finished", "a dead process holds no lock"


def foreign_files(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.doc").write_text("all my work")


def a_file(path: Path) -> None:
    path.write_text("a file")


def another_manifest(folder: Path) -> None:
    folder.mkdir()
    (folder / "manifest.json").write_text('{"name": "a browser extension"}')


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (foreign_files, "holds files that are no run"),
        (a_file, "cannot be written"),
        (another_manifest, "is no manifest of a run"),
    ],
)
def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "run")
    before = digests(tmp_path)
    with pytest.raises(RunError, match=said):
        quick_run(RECORDS, tmp_path / "run")
    after = digests(tmp_path)
    after.pop("run/.lock", None)
    assert after == before


def test_a_release_is_not_taken_for_a_run(made: Path) -> None:
    before = digests(made / "release")
    with pytest.raises(RunError, match="is no manifest of a run"):
        quick_run(RECORDS, made / "release")
    (made / "release" / ".lock").unlink()
    assert digests(made / "release") == before


def test_a_release_that_was_half_swapped_is_made_again(made: Path) -> None:
    before = digests(made / "release")
    (made / "release").rename(made / "release.old")
    quick_run(RECORDS, made)
    assert digests(made / "release") == before
    assert not (made / "release.old").exists()


def test_the_journal_of_another_key_counts_nothing(made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pseudonyms made with another key are other people."""
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "another"))
    writer = ScriptedWriter()
    quick_run(RECORDS, made, writer=writer)
    assert len(writer.seen) == SIZE


def test_what_was_redacted_is_nowhere_on_disk_and_in_no_error(tmp_path: Path) -> None:
    canary = "quokka.canary@example.org"
    records = corpus(SIZE, accounts=20, extra=f"Write to {canary} please.")
    with pytest.raises(ClioError) as fault:
        quick_run(records, tmp_path / "run", {"ingest": {"sampling": {"since": "2030-01-01"}}})
    assert canary not in str(fault.value)
    quick_run(records, tmp_path / "run")
    for path in (tmp_path / "run").rglob("*"):
        if path.suffix == ".parquet":
            assert canary not in str(pq.read_table(path).to_pylist())
        elif path.is_file():
            assert canary.encode() not in path.read_bytes()
