from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import clio
from clio import errors
from clio.cli import INTERRUPTED, app, main
from clio.runs.runner import STAGES
from tests.fakes import corpus
from tests.quick import CONFIG, ROOT, digests, quick_run, without_umap, write_jsonl

WORDS = {"NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"}


def all_commands() -> Iterator[tuple[str, ...]]:
    def below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, inner in sorted(getattr(command, "commands", {}).items()):
            if hasattr(inner, "commands"):
                yield from below(inner, (*path, name))
            else:
                yield (*path, name)

    return below(typer.main.get_command(app), ())


COMMANDS = list(all_commands())


def help_of(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--help"], env=WORDS)
    assert result.exit_code == 0
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


def test_the_commands() -> None:
    names = {" ".join(path) for path in COMMANDS}
    assert {"demo", "run", "inspect", "tree", "doctor", "models list", "models pull", "models path"} <= names


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    text = help_of(*path)
    assert f"Example: clio {' '.join(path)}" in text
    assert f"Usage: root {' '.join(path)}" in text or f"Usage: clio {' '.join(path)}" in text


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    for param in command.params:
        assert getattr(param, "help", ""), f"{param.name} of clio {' '.join(path)}"


def test_the_stages_that_can_be_forced_are_named() -> None:
    assert f"{', '.join(STAGES[:-1])} or {STAGES[-1]}" in help_of("run")


def test_exit_codes_are_in_the_help() -> None:
    text = help_of()
    assert "Exit codes: 0 done" in text
    documented = {int(code) for code in re.findall(r"(?:^|, |: )(\d+) [a-z]", text[text.index("Exit codes") :])}
    leaves = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ClioError)]
    assert {kind.exit_code for kind in leaves} | {0, INTERRUPTED} <= documented


def test_the_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"{clio.__version__}\n"


# --- errors become one paragraph and an exit code


def ended(capsys: pytest.CaptureFixture[str], call: Any) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of main()."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as left:
            main(call)
    finally:
        signal.signal(signal.SIGTERM, before)
    shown = capsys.readouterr()
    code = left.value.code
    return int(code or 0), shown.out, shown.err


def raising(error: BaseException) -> Any:
    def call() -> None:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ClioError("why"), 1),
        (errors.ConfigError("why", ("a: b",)), 2),
        (errors.InputError("why"), 3),
        (errors.MissingExtraError("why", "embedded"), 4),
        (errors.WeightsError("why"), 4),
        (errors.ModelSetupError("why"), 5),
        (errors.ModelPassingError("why"), 5),
        (errors.ModelInputError("why"), 5),
        (errors.RunError("why"), 6),
        (errors.PrivacyError("why"), 7),
        (errors.TableError("why"), 8),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_every_error_has_its_exit_code(capsys: pytest.CaptureFixture[str], error: BaseException, code: int) -> None:
    left, out, err = ended(capsys, raising(error))
    assert left == code
    assert out == ""
    assert err.startswith("clio: stopped" if code == 130 else "clio: why")
    assert "Traceback" not in err


def test_an_error_as_a_line_for_programs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["clio", "run", "--json"])
    _, _, err = ended(capsys, raising(errors.InputError("two\nlines")))
    assert json.loads(err) == {"event": "error", "exit_code": 3, "message": "two\nlines"}
    assert err.count("\n") == 1


def test_a_defect_says_where_and_never_what(capsys: pytest.CaptureFixture[str]) -> None:
    """The message of an unforeseen error may quote a conversation."""

    def defect() -> None:
        clio.config.load_config(3)  # type: ignore[arg-type]

    code, _, err = ended(capsys, defect)
    assert code == 1
    assert re.match(r"clio: a defect of Clio Toolkit: \w+Error at .*config/load\.py:\d+\.", err)
    assert "not iterable" not in err
    assert ended(capsys, raising(MemoryError("of a user")))[2].startswith("clio: out of memory")
    assert "a user" not in ended(capsys, raising(ValueError("of a user")))[2]


# --- the commands, in a process of their own


def clio_process(*arguments: str | Path, quick: bool = True, **more: Any) -> subprocess.Popen[str]:
    """The real command; ``quick``: with the test doubles inside."""
    command = (
        [sys.executable, "-m", "tests.quick"]
        if quick
        else [sys.executable, "-c", "from clio.cli import command; command()"]
    )
    env = {**os.environ, **WORDS, "PYTHONPATH": str(ROOT), **more.pop("env", {})}
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    # A test run in the background is deaf to SIGINT, and what it starts would be so too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen([*command, *map(str, arguments)], text=True, cwd=ROOT, env=env, **more)
    finally:
        signal.signal(signal.SIGINT, before)


def clio_ran(*arguments: str | Path, quick: bool = False, **more: Any) -> tuple[int, str, str]:
    with clio_process(*arguments, quick=quick, **more) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config, an input and a finished run."""
    import yaml

    folder = tmp_path_factory.mktemp("here")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    write_jsonl(folder / "chats.jsonl", corpus(72, accounts=20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIO_KEY_DIR", str(folder / "keys"))
        quick_run(None, folder / "run", input=folder / "chats.jsonl")
    return folder


def invoke(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=WORDS)


class TestRun:
    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> Any:
        from functools import partial

        from clio.runs import runner
        from tests.fakes import HashingEncoder, ScriptedWriter

        monkeypatch.setattr(runner, "run", partial(runner.run, writer=ScriptedWriter(), encoder=HashingEncoder()))
        with without_umap():
            return invoke("run", *arguments)

    def test_ends_with_what_came_of_it(self, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        output = tmp_path / "run"
        result = self.run(
            monkeypatch, here / "config.yaml", "--input", here / "chats.jsonl", "--output", output,
            "--sample", "60", "--seed", "3",
        )  # fmt: skip
        assert result.exit_code == 0
        assert "72 records in: 0 rejected, 12 sampled out, 0 screened out; 60 of 60 conversations" in result.stdout
        assert f"See it: clio tree {output}" in result.stdout
        assert "[9/9] publish" in result.stderr
        manifest = json.loads((output / "manifest.json").read_text())
        assert (manifest["seed"], manifest["counts"]["sampled_out"]) == (3, 12)

    def test_quiet_is_silent(self, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        result = self.run(
            monkeypatch, here / "config.yaml", "--input", here / "chats.jsonl", "--output", tmp_path / "run", "-q"
        )
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")

    def test_json_lines(self, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        result = self.run(
            monkeypatch, here / "config.yaml", "--input", here / "chats.jsonl", "--output", tmp_path / "run", "--json"
        )
        events = [json.loads(line) for line in result.stderr.splitlines()]
        assert {event["event"] for event in events} == {"message", "progress"}
        (last,) = [json.loads(line) for line in result.stdout.splitlines()]
        assert last["event"] == "result"
        assert last["counts"]["input"] == 72

    def test_several_inputs(self, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        more = write_jsonl(tmp_path / "more.jsonl", corpus(20, seed=5))
        result = self.run(
            monkeypatch, here / "config.yaml", "--input", here / "chats.jsonl", "--input", more,
            "--output", tmp_path / "run", "--force", "embed", "--force", "publish",
        )  # fmt: skip
        assert "92 records in" in result.stdout


@pytest.mark.parametrize(
    ("code", "said", "line"),
    [
        (2, "2 faults", "run {tmp}/several.yaml --input {here}/chats.jsonl --output {tmp}/out"),
        (2, "not valid YAML", "run {tmp}/not.yaml --input {here}/chats.jsonl --output {tmp}/out"),
        (2, "cannot be read", "run {tmp}/nowhere.yaml --input {here}/chats.jsonl --output {tmp}/out"),
        (2, "no stage `x`", "run {here}/config.yaml --input {here}/chats.jsonl --output {tmp}/out --force x"),
        (2, "No such option", "run {here}/config.yaml --input {here}/chats.jsonl --output {tmp}/out --fast"),
        (2, "Missing option", "run {here}/config.yaml --input {here}/chats.jsonl"),
        (2, "No such command", "explode"),
        (3, "cannot be opened", "run {here}/config.yaml --input {tmp}/nowhere --output {tmp}/out"),
        (3, "picture", "inspect {tmp}/picture"),
        (4, "clio models pull all-minilm", "run {here}/config.yaml --input {here}/chats.jsonl --output {tmp}/out"),
        (4, "Known:", "models path gpt-9"),
        (5, "there is no key", "run {tmp}/messages.yaml --input {here}/chats.jsonl --output {tmp}/out"),
        (6, "files that are no run", "run {here}/config.yaml --input {here}/chats.jsonl --output {tmp}/mine"),
        (6, "is not the folder of a run", "tree {tmp}"),
    ],
)
def test_what_goes_wrong_is_one_paragraph(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    code: int, said: str, line: str,
) -> None:  # fmt: skip
    """The real pipeline, without any double, as far as it comes without weights."""
    (tmp_path / "several.yaml").write_text("seed: -1\nnonsense: 1\n")
    (tmp_path / "not.yaml").write_text("a: [")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("x")
    (tmp_path / "picture").write_bytes(b"\x89PNG" + bytes(300))
    (tmp_path / "messages.yaml").write_text("writer: {backend: messages, model: some-model}")
    monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path / "no_models"))
    arguments = line.format(here=here, tmp=tmp_path).split()
    left, _, err = ended(capsys, lambda: app(arguments))
    assert left == code, err
    assert said in " ".join(err.split())
    assert "Traceback" not in err


def test_a_config_with_several_faults_lists_all(here: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("seed: -1\nnonsense: 1\ncluster:\n  method: magic\n  k: none\n")
    code, _, err = clio_ran("run", tmp_path / "c.yaml", "--input", here / "chats.jsonl", "--output", tmp_path / "out")
    assert code == 2
    lines = err.splitlines()
    assert lines[0].endswith("c.yaml: 4 faults")
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["seed", "cluster.method", "cluster.k", "nonsense"]


class TestTree:
    def test_shows_every_cluster(self, here: Path) -> None:
        result = invoke("tree", here / "run")
        assert result.exit_code == 0
        for name in clio.open_run(here / "run").clusters["name"]:
            assert name in result.stdout

    def test_plain_is_what_the_api_gives(self, here: Path) -> None:
        assert invoke("tree", here / "run", "--plain").stdout == clio.open_run(here / "run").tree() + "\n"

    def test_a_level_and_summaries(self, here: Path) -> None:
        assert len(invoke("tree", here / "run", "--level", "1").stdout.splitlines()) < len(
            invoke("tree", here / "run", "--summaries").stdout.splitlines()
        )
        assert "Users ask about" in invoke("tree", here / "run", "--summaries").stdout

    @pytest.mark.parametrize("option", [[], ["--plain"]])
    def test_a_reader_that_has_enough(self, here: Path, option: list[str]) -> None:
        """`clio tree RUN | head -1`, with the pipe closed before anything is written."""
        reading, writing = os.pipe()
        os.close(reading)
        process = clio_process("tree", here / "run", *option, quick=False, stdout=writing)
        os.close(writing)
        with process:
            assert process.stderr is not None
            assert process.stderr.read() == ""
        assert process.returncode == 0

    def test_head(self, here: Path) -> None:
        line = f"{sys.executable} -c 'from clio.cli import main; main()' tree {here / 'run'} | head -1"
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, cwd=ROOT)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == 1

    def test_a_terminal_that_lacks_the_signs(self, here: Path) -> None:
        code, out, err = clio_ran("tree", here / "run", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
        assert (code, err) == (0, "")
        assert "conversations" in out


class TestInspect:
    def test_a_file(self, here: Path) -> None:
        out = invoke("inspect", here / "chats.jsonl").stdout
        assert re.search(r"^conversations +72$", out, re.M)
        assert re.search(r"^models +(large|small) \d+, (large|small) \d+$", out, re.M)

    def test_a_run(self, here: Path) -> None:
        assert re.search(r"^status +finished$", invoke("inspect", here / "run").stdout, re.M)

    def test_json(self, here: Path) -> None:
        assert json.loads(invoke("inspect", here / "chats.jsonl", "--json").stdout)["conversations"] == 72
        assert json.loads(invoke("inspect", here / "run", "--json").stdout)["status"] == "finished"

    def test_names_from_outside_are_shown_as_text(self, tmp_path: Path) -> None:
        records = [{**record, "metadata": {"model": "big\x1b[31m\x07[red]"}} for record in corpus(3)]
        out = invoke("inspect", write_jsonl(tmp_path / "chats.jsonl", records)).stdout
        assert "\x1b" not in out
        assert "\x07" not in out
        assert "[red] 3" in out


def test_doctor() -> None:
    shown = invoke("doctor")
    assert shown.exit_code == 0
    assert "clio-toolkit" in shown.stdout
    report = json.loads(invoke("doctor", "--json").stdout)
    assert all(set(row) == {"what", "state", "detail", "remedy"} for row in report)
    assert len(report) <= len(shown.stdout.splitlines())


def test_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path))
    rows = json.loads(invoke("models", "list", "--json").stdout)
    assert {"all-minilm-l6-v2", "smollm2-135m-instruct"} <= {row["name"] for row in rows}
    assert not any(row["installed"] for row in rows)
    assert len(invoke("models", "list").stdout.splitlines()) == len(rows)
    failed = invoke("models", "path", "all-minilm-l6-v2")
    assert isinstance(failed.exception, errors.WeightsError)
    failed = invoke("models", "pull", "all-minilm-l6-v2", "--source", tmp_path)
    assert isinstance(failed.exception, errors.WeightsError)


# --- stopped by hand


def wait_for(path: Path, size: int, process: subprocess.Popen[str]) -> None:
    """Until the file has so many bytes."""
    until = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size >= size):
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("sign", "made", "size"),
    [
        (signal.SIGINT, "extract_facets.journal.jsonl", 2_000),
        (signal.SIGTERM, "extract_facets.journal.jsonl", 50_000),
        (signal.SIGTERM, "centroids.npy", 1),
    ],
)
def test_stopped_by_hand_and_taken_up(here: Path, tmp_path: Path, sign: signal.Signals, made: str, size: int) -> None:
    write_jsonl(tmp_path / "chats.jsonl", corpus(160, accounts=30))
    output = tmp_path / "run"
    arguments = ("run", here / "config.yaml", "--input", tmp_path / "chats.jsonl", "--output", output)
    with clio_process(*arguments, env={"QUICK_SECONDS": "0.01"}) as process:
        wait_for(output / "workspace" / made, size, process)
        process.send_signal(sign)
        out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, err
    assert out == ""
    assert err.splitlines()[-1] == "clio: stopped. What was finished is kept: the same command goes on from there."
    assert "Traceback" not in err
    assert "Abort" not in err
    manifest = json.loads((output / "manifest.json").read_text())
    assert (manifest["status"], manifest["stopped_by"]) == ("stopped", "KeyboardInterrupt")

    code, _, err = clio_ran(*arguments, quick=True)
    assert code == 0, err
    assert "ingest: unchanged" in err
    quick_run(None, tmp_path / "other", input=tmp_path / "chats.jsonl")
    assert digests(output / "release") == digests(tmp_path / "other" / "release")
