"""An encrypted workspace: nothing in clear, no change unnoticed, the same release, and no way in without the key."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import random
import shutil
import stat
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import clio
from clio.errors import ConfigError, RunError, TableError
from clio.models.protocol import Answer
from clio.runs import workspace_key
from clio.runs.files import load_array, read_json, read_table, reading, replacing, write_array, write_json, write_table
from clio.runs.inspect import inspect_run
from clio.runs.journal import JOURNAL, Journal
from clio.runs.manifest import Manifest
from clio.runs.purge import purge
from clio.runs.seal import CHUNK, MARKER, PLAIN, DamagedError, Seal, seal_of
from clio.runs.workspace_key import Source, wrapped_path
from clio.vectors.store import open_vectors, store_vectors, write_vectors
from tests.fakes import HashingEncoder, ScriptedWriter, corpus
from tests.properties.test_kill import QUICK, killed, start, through
from tests.quick import CONFIG, digests, quick_run, write_jsonl

SEALED: dict[str, Any] = {"title": "Test", "workspace": {"encryption": "key"}}
RECORDS = corpus(72, accounts=20)
MAGIC = b"ClioSeal\x01"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An encrypted workspace with nothing in it."""
    return begun(tmp_path)


def begun(folder: Path) -> Path:
    from clio.config.workspace import WorkspaceConfig
    from clio.runs.encryption import prepare

    workspace = folder / "run" / "workspace"
    workspace.mkdir(parents=True)
    prepare(workspace, WorkspaceConfig(encryption="key"))
    return workspace


def seal_in(folder: Path, key: bytes = b"k" * 32) -> Seal:
    return Seal(folder, key)


def sealed(seal: Seal, path: Path, *parts: bytes) -> bytes:
    handle = io.BytesIO()
    writer = seal.writer(handle, path)
    for part in parts:
        assert writer.write(part) == len(part)
    assert writer.tell() == sum(map(len, parts))
    writer.finish()
    return handle.getvalue()


def unsealed(seal: Seal, path: Path, content: bytes) -> bytes:
    return seal.reader(io.BytesIO(content), path).read()


SIZES = [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7]


# --- the form of a file


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1 << 30, 70_001])
def test_what_is_written_comes_back(tmp_path: Path, size: int, step: int) -> None:
    plain = random.Random(size).randbytes(size)
    seal, path = seal_in(tmp_path), tmp_path / "a" / "file"
    content = sealed(seal, path, *(plain[place : place + step] for place in range(0, size, step)))
    assert unsealed(seal, path, content) == plain
    assert len(content) == 25 + size + 16 * max(1, -(-size // CHUNK))
    assert sealed(seal, path, plain) != content, "two writings share no key and no nonce"


@given(
    size=st.sampled_from([0, 1, 1000, CHUNK, CHUNK + 5]), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7)
)
def test_a_changed_bit_is_noticed(size: int, place: float, bit: int) -> None:
    seal, path = seal_in(Path("workspace")), Path("workspace/file")
    content = bytearray(sealed(seal, path, bytes(size)))
    content[int(place * len(content))] ^= 1 << bit
    with pytest.raises(DamagedError):
        unsealed(seal, path, bytes(content))


@given(size=st.sampled_from(SIZES), cut=st.floats(0, 1, exclude_max=True), more=st.binary(min_size=1, max_size=40))
def test_a_file_cut_short_or_lengthened_is_noticed(size: int, cut: float, more: bytes) -> None:
    seal, path = seal_in(Path("workspace")), Path("workspace/file")
    content = sealed(seal, path, bytes(size))
    for damaged in (content[: int(cut * len(content))], content + more):
        with pytest.raises(DamagedError):
            unsealed(seal, path, damaged)


def test_chunks_cannot_be_dropped_repeated_or_moved() -> None:
    seal, path = seal_in(Path("workspace")), Path("workspace/file")
    content = sealed(seal, path, bytes(3 * CHUNK + 9))
    head, step = 25, CHUNK + 16
    chunks = [content[head + n * step : head + (n + 1) * step] for n in range(4)]
    assert unsealed(seal, path, content[:head] + b"".join(chunks)) == bytes(3 * CHUNK + 9)
    for order in ([0, 1, 2], [0, 1, 3], [1, 0, 2, 3], [0, 0, 1, 2, 3], [3], [0, 1, 2, 2]):
        with pytest.raises(DamagedError):
            unsealed(seal, path, content[:head] + b"".join(chunks[n] for n in order))


def test_a_file_opens_in_its_place_and_with_its_key_only() -> None:
    folder = Path("workspace")
    content = sealed(seal_in(folder), folder / "facets.parquet", b"text")
    for seal, name in ((seal_in(folder), "screened.parquet"), (seal_in(folder, b"x" * 32), "facets.parquet")):
        with pytest.raises(DamagedError):
            unsealed(seal, folder / name, content)
    with pytest.raises(DamagedError):
        unsealed(seal_in(folder), folder / "facets.parquet", b"text in clear, put in the place of a table")


# --- files of a run


def test_tables_arrays_json_and_vectors(workspace: Path) -> None:
    table = pa.table({"a": list(range(1000)), "b": ["some text of a conversation"] * 1000})
    write_table(workspace / "t.parquet", table)
    assert read_table(workspace / "t.parquet").equals(table)
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_array(workspace / "deep" / "a.npy", array)
    np.testing.assert_array_equal(load_array(workspace / "deep" / "a.npy"), array)
    write_json(workspace / "j.json", {"a": "b"})
    assert read_json(workspace / "j.json") == {"a": "b"}
    store_vectors(array, workspace / "vectors")
    vectors = open_vectors(workspace / "vectors")
    np.testing.assert_array_equal(vectors, array)
    assert not vectors.flags.writeable
    for path in workspace.rglob("*"):
        if path.is_file() and path.name not in PLAIN:
            assert path.read_bytes().startswith(MAGIC), path
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_beside_a_workspace_nothing_is_encrypted(workspace: Path) -> None:
    assert seal_of(workspace.parent / "manifest.json") is None
    assert seal_of(workspace.parent / "release" / "clusters.parquet") is None
    assert seal_of(workspace / "access.jsonl") is None
    assert seal_of(workspace / "releases" / "0001.json") is not None


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"", lambda b: b[:300] + b"\0" + b[301:]]
)
def test_damage_is_told_as_ever(workspace: Path, damage: Any) -> None:
    write_table(workspace / "t.parquet", pa.table({"a": list(range(100))}))
    write_array(workspace / "a.npy", np.ones((99, 3), np.float32))
    write_json(workspace / "j.json", {"a": "b" * 400})
    store_vectors(np.ones((99, 3), np.float32), workspace / "vectors")
    for name in ("t.parquet", "a.npy", "j.json", "vectors/vectors.npy"):
        (workspace / name).write_bytes(damage((workspace / name).read_bytes()))
    for read, name in ((read_table, "t.parquet"), (load_array, "a.npy"), (read_json, "j.json")):
        with pytest.raises(RunError, match="damaged"):
            read(workspace / name)
    with pytest.raises(TableError, match="is damaged"):
        open_vectors(workspace / "vectors")


def test_a_write_that_fails_leaves_the_old_file(workspace: Path) -> None:
    write_json(workspace / "j.json", 1)

    def half() -> None:
        with replacing(workspace / "j.json") as handle:
            handle.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert read_json(workspace / "j.json") == 1


def test_shards_are_taken_over_and_damaged_ones_made_anew(workspace: Path) -> None:
    texts = [f"the word{number} of many" for number in range(50)]
    folder = workspace / "vectors"

    class Stopping(HashingEncoder):
        def encode(self, texts: Any) -> Any:
            if self.calls >= 40:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt):
        write_vectors(texts, Stopping(), folder, 20)
    first, second = sorted(folder.glob("shard-*"))
    second.write_bytes(second.read_bytes()[:-5])
    encoder = HashingEncoder()
    write_vectors(texts, encoder, folder, 20)
    assert encoder.calls == 30, f"{first.name} is whole"
    np.testing.assert_array_equal(open_vectors(folder), HashingEncoder().encode(texts))


# --- the journal


ROWS = [[{"conversation_id": f"c{n}", "value": f"planted text {n} " * 20}] for n in range(5)]


def test_a_journal_in_cipher(workspace: Path) -> None:
    journal = Journal(workspace / JOURNAL, "key")
    for number, rows in enumerate(ROWS):
        journal.add(number, rows, [], {"v": "packed"})
    again = Journal(workspace / JOURNAL, "key")
    assert [entry.facets for entry in again.entries()] == ROWS
    assert list(again.vectors()) == [{"v": "packed"}] * 5
    assert b"planted" not in (workspace / JOURNAL).read_bytes()
    assert Journal(workspace / JOURNAL, "another").done == set()


@given(st.permutations(range(5)), st.integers(0, 5))
def test_lines_of_a_journal_stay_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], kept: int
) -> None:
    workspace = begun(tmp_path_factory.mktemp("journal"))
    journal = Journal(workspace / JOURNAL, "key")
    for number, rows in enumerate(ROWS):
        journal.add(number, rows, [])
    head, *lines = journal.path.read_bytes().splitlines(keepends=True)
    moved = order[:kept]
    journal.path.write_bytes(head + b"".join(lines[number] for number in moved))
    right = next((place for place, number in enumerate(moved) if place != number), len(moved))
    assert Journal(workspace / JOURNAL, "key").done == set(range(right))


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_damaged_journal_loses_what_follows(
    tmp_path_factory: pytest.TempPathFactory, place: float, change: int
) -> None:
    workspace = begun(tmp_path_factory.mktemp("journal"))
    journal = Journal(workspace / JOURNAL, "key")
    for number, rows in enumerate(ROWS):
        journal.add(number, rows, [])
    content = bytearray(journal.path.read_bytes())
    content[int(place * len(content))] = (content[int(place * len(content))] + change) % 256
    journal.path.write_bytes(content)
    again = Journal(workspace / JOURNAL, "key")
    whole = content[: int(place * len(content))].count(b"\n") - 1
    assert again.done == set(range(max(0, whole)))
    assert [entry.facets for entry in again.entries()] == ROWS[: max(0, whole)]


# --- whole runs


PLANTED = [f"zorvath{number}quibbleflux" for number in range(8)]


def planted() -> list[dict[str, Any]]:
    """Conversations whose users' words can be looked for."""
    extra = []
    for number, word in enumerate(PLANTED):
        base = RECORDS[number]
        turns = [{"role": "user", "content": f"Please help me with {word}, which is private"}]
        extra.append({**base, "id": f"planted-{number}", "user_id": f"p{number}", "messages": turns})
    return [*RECORDS, *extra]


def quoting() -> ScriptedWriter:
    """Answers with what the user wrote: the worst that could come to lie in a workspace."""
    return ScriptedWriter(
        lambda transcript, facet: Answer("answered", transcript.user_text[:200]) if facet.kind == "text" else None
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def names_in_clear(content: bytes, words: list[str]) -> list[str]:
    forms = [
        (word, form) for word in words for form in (word.encode(), word.upper().encode(), word.encode("utf-16-le"))
    ]
    forms += [(word, base64.b64encode(word.encode())[:-4]) for word in words]
    return [word for word, form in forms if form in content]


def test_no_planted_text_lies_in_clear(tmp_path: Path) -> None:
    records = planted()
    plain = quick_run(records, tmp_path / "plain", {"title": "Test"}, writer=quoting())
    sealed_run = quick_run(records, tmp_path / "sealed", SEALED, writer=quoting())
    in_clear = contents(tmp_path / "plain" / "workspace")
    assert set(names_in_clear(in_clear[f"{JOURNAL}"], PLANTED)) == set(PLANTED), "without it, it would be found"
    ids = read_table(tmp_path / "plain" / "workspace" / "facets.parquet").column("conversation_id").to_pylist()
    vectors = open_vectors(tmp_path / "plain" / "workspace" / "vectors")
    rows = [row.tobytes() for row in vectors[:20]]
    hidden = contents(tmp_path / "sealed" / "workspace")
    assert set(hidden) - {MARKER} == set(in_clear)
    for name, content in hidden.items():
        assert names_in_clear(content, [*PLANTED, *ids[:50]]) == [], name
        assert not any(row in content for row in rows), name
        if name != MARKER:
            # Tables are compressed, so that text in them would not be seen as it is: nothing of them may show.
            body = content.partition(b"\n")[2] if name == JOURNAL else content
            packed = base64.b64decode(b"".join(body.split(b"\n"))) if name == JOURNAL else body
            assert name == JOURNAL or content.startswith(MAGIC), name
            assert len(zlib.compress(packed, 9)) >= 0.99 * len(packed), name
    assert digests(sealed_run.release) == digests(plain.release)
    key = read_key(tmp_path / "sealed")
    assert not any(key in content for content in contents(tmp_path / "sealed").values())


def read_key(run: Path) -> bytes:
    marked = json.loads((run / "workspace" / MARKER).read_text())
    return workspace_key.unwrap(marked["id"], Source(), marked["master"])


def test_a_killed_run_goes_on_in_cipher(tmp_path: Path) -> None:
    config, chats, log = tmp_path / "config.yaml", tmp_path / "chats.jsonl", tmp_path / "log"
    config.write_text(yaml.safe_dump({**CONFIG, "workspace": {"encryption": "key"}}))
    write_jsonl(chats, corpus(300, accounts=50))
    run = tmp_path / "run"
    arguments = (config, "--input", chats, "--output", run)
    journal = f"workspace/{JOURNAL}"
    kills = [killed(start(QUICK, log, *arguments), run / journal, size, 0.02) for size in (40_000, 200_000)]
    assert any(kills)
    before = (run / journal).read_bytes()
    through(start(QUICK, log, *arguments), log)
    assert (run / journal).read_bytes().startswith(before[: before.rindex(b"\n")]), "what was finished was taken over"
    quick_run(None, tmp_path / "whole", input=chats)
    assert digests(run / "release") == digests(tmp_path / "whole" / "release")
    assert not list(run.rglob("*.tmp"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted run, in a folder with its keys."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIO_KEY_DIR", str(folder / "keys"))
        quick_run(RECORDS, folder / "run", SEALED)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "copy" / "keys"))
    return tmp_path / "copy" / "run"


def the_key(run: Path) -> Path:
    return wrapped_path(json.loads((run / "workspace" / MARKER).read_text())["id"])


def test_an_unchanged_run_does_nothing_and_the_view_opens(run: Path, finished: Path) -> None:
    before = digests(run / "workspace")
    quick_run(RECORDS, run, SEALED)
    assert digests(run / "workspace") == before
    frame = clio.Run(run).conversations(purpose="see that it opens")
    assert len(frame) == 72
    assert frame["request"].notna().any()
    assert inspect_run(run)["workspace"].startswith("owner only; encrypted with ")


def test_published_again_in_cipher(run: Path, tmp_path: Path) -> None:
    """The records of earlier releases are read and written in cipher too."""
    stricter = {"release": {"min_conversations": 8, "min_accounts": 4}}
    quick_run(RECORDS, run, {**SEALED, **stricter})
    quick_run(RECORDS, tmp_path / "plain", {"title": "Test"})
    quick_run(RECORDS, tmp_path / "plain", {"title": "Test", **stricter})
    assert len(list((run / "workspace" / "releases").glob("*.json"))) == 2
    assert (
        clio.open_run(run).clusters["conversations"].sum()
        == clio.open_run(tmp_path / "plain").clusters["conversations"].sum()
    )


def test_the_key_is_lost(run: Path) -> None:
    the_key(run).unlink()
    for use in (lambda: quick_run(RECORDS, run, SEALED), lambda: clio.Run(run).conversations(purpose="why")):
        with pytest.raises(RunError, match="key of this encrypted workspace is gone"):
            use()
    assert len(clio.open_run(run).clusters) > 0


def test_another_key(run: Path) -> None:
    path = the_key(run).parent.with_name("workspaces.key")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(the_key(run).stat().st_mode) == 0o600
    path.write_bytes(b"x" * 32)
    with pytest.raises(RunError, match="is another key than the one this workspace is encrypted with"):
        quick_run(RECORDS, run, SEALED)
    with pytest.raises(RunError, match="is another key"):
        clio.Run(run).conversations(purpose="why")


@pytest.mark.parametrize("content", [b"", b"x" * 60, b"short"])
def test_a_damaged_wrapped_key(run: Path, content: bytes) -> None:
    the_key(run).write_bytes(content)
    with pytest.raises(RunError, match=r"is damaged\. Restore the file"):
        quick_run(RECORDS, run, SEALED)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"id": "../x", "key": {}, "master": ""}', '{"id":1,"key":{"a":1}}']
)
def test_a_damaged_marker(run: Path, content: str) -> None:
    (run / "workspace" / MARKER).write_text(content)
    with pytest.raises(RunError, match="damaged"):
        quick_run(RECORDS, run, SEALED)
    purge(run)
    assert not (run / "workspace").exists()


def test_the_choice_holds_for_the_whole_run(run: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is encrypted, and the config does not say so"):
        quick_run(RECORDS, run, {"title": "Test"})
    quick_run(RECORDS, tmp_path / "plain", {"title": "Test"})
    with pytest.raises(RunError, match="was begun in clear"):
        quick_run(RECORDS, tmp_path / "plain", SEALED)


def test_a_key_in_the_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "run" / "keys"))
    with pytest.raises(ConfigError, match="would lie in that run"):
        quick_run(RECORDS, tmp_path / "run", SEALED)


@pytest.mark.parametrize("form", ["hex", "base64", "raw"])
@pytest.mark.parametrize("where", ["env", "file"])
def test_a_key_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, form: str) -> None:
    key = bytes(range(100, 132))
    text = {"hex": key.hex().encode(), "base64": base64.b64encode(key), "raw": key}[form]
    if where == "env" and form == "raw":
        text = key.hex().encode() + b"\n"
    source = Source(env="MY_KEY") if where == "env" else Source(file=str(tmp_path / "my.key"))
    monkeypatch.setenv("MY_KEY", text.decode() if where == "env" else "")
    (tmp_path / "my.key").write_bytes(text)
    assert workspace_key.load(source) == key
    run_id, master = workspace_key.create(source)
    assert len(workspace_key.unwrap(run_id, source, master)) == 32
    assert key not in wrapped_path(run_id).read_bytes()
    assert workspace_key.destroy(run_id)
    assert not workspace_key.destroy(run_id)
    with pytest.raises(RunError, match="is gone"):
        workspace_key.unwrap(run_id, source, master)


def test_a_run_with_a_key_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"workspace": {"encryption": "key", "key_env": "MY_KEY"}}
    with pytest.raises(ConfigError, match=r"MY_KEY.*is not set"):
        quick_run(RECORDS, tmp_path / "run", config)
    monkeypatch.setenv("MY_KEY", "not a key")
    with pytest.raises(ConfigError, match="no key of 32 bytes") as caught:
        quick_run(RECORDS, tmp_path / "run", config)
    assert "not a key" not in str(caught.value)
    monkeypatch.setenv("MY_KEY", "ab" * 32)
    quick_run(RECORDS, tmp_path / "run", config)
    assert not any(b"abab" in content for content in contents(tmp_path / "run").values())
    monkeypatch.setenv("MY_KEY", "cd" * 32)
    with pytest.raises(RunError, match="is another key"):
        quick_run(RECORDS, tmp_path / "run", config)
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(ConfigError, match="is not set"):
        clio.Run(tmp_path / "run").conversations(purpose="why")


@pytest.mark.parametrize(
    "config",
    [{"key_env": "A"}, {"key_file": "b"}, {"encryption": "key", "key_env": "A", "key_file": "b"}, {"keep_days": 0}],
)
def test_configs_that_cannot_be_meant(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        clio.load_config({"workspace": config})


# --- purge


def test_a_purge_destroys_the_key_so_that_no_copy_opens(run: Path, tmp_path: Path) -> None:
    backup = shutil.copytree(run, tmp_path / "backup")
    key = the_key(run)
    done = purge(run)
    assert not key.exists()
    assert Manifest.open(run).data["purge"]["key"] == "destroyed"
    assert any("unreadable without the data key" in line for line in done.remains)
    with pytest.raises(RunError, match="is gone"):
        read_table(backup / "workspace" / "facets.parquet")
    assert len(clio.open_run(run).clusters) > 0
    assert purge(run).before


@given(stop=st.integers(0, 12))
def test_a_stopped_purge_has_destroyed_the_key_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, made: Path, stop: int
) -> None:
    """The key goes before the first file."""
    folder = shutil.copytree(made, tmp_path_factory.mktemp("purge") / "copy")
    run, calls, unlink = folder / "run", 0, os.unlink

    def counting(*args: Any, **kwargs: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > stop:
            raise KeyboardInterrupt
        unlink(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIO_KEY_DIR", str(folder / "keys"))
        key, files = the_key(run), set(contents(run / "workspace"))
        with patch.context() as stopping:
            stopping.setattr(os, "unlink", counting)
            with contextlib.suppress(KeyboardInterrupt):
                purge(run)
        if (run / "workspace").exists() and set(contents(run / "workspace")) != files:
            assert not key.exists()
        done = purge(run)
        assert not key.exists()
        assert Manifest.open(run).data["purge"]["key"] == "destroyed"
        assert any("unreadable without the data key" in line for line in done.remains)


def test_a_key_that_is_elsewhere_is_said_to_remain(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "other"))
    assert any("data key of the encrypted workspace, which was not in" in line for line in purge(run).remains)


def test_no_key_in_what_is_printed(run: Path) -> None:
    seal = seal_of(run / "workspace" / "facets.parquet")
    assert seal is not None
    key = read_key(run)
    for shown in (repr(seal), str(seal), repr(seal.lines(run / "workspace" / JOURNAL))):
        assert repr(key)[2:12] not in shown
        assert key.hex() not in shown


def test_reading_takes_no_copy_on_the_disk(run: Path) -> None:
    before = set(run.rglob("*"))
    with reading(run / "workspace" / "facets.parquet") as handle:
        assert handle.read(4) == b"PAR1"
        assert set(run.rglob("*")) == before
