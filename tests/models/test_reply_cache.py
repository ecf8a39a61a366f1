from __future__ import annotations

import gc
import inspect
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.errors import ConfigError, RunError
from clio.models import _reply_store, reply_cache
from clio.models.reply_cache import FILE, CacheStats, ReplyCache, cache_folder
from clio.runs.keys import key_path, reply_key_path

KEY = b"k" * 32
ANSWER = {"status": "answered", "value": "how to prune an apple tree"}
texts = st.text(st.characters())
"""Lone surrogates included."""
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
replies = st.dictionaries(texts, json_values, max_size=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "replies"


@pytest.fixture
def cache(folder: Path) -> Iterator[ReplyCache]:
    made = ReplyCache(folder, KEY)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> ReplyCache:
    """One file for all examples of a property."""
    return ReplyCache(tmp_path_factory.mktemp("shared"), KEY)


def raw(folder: Path) -> closing[sqlite3.Connection]:
    """The file as SQLite sees it."""
    return closing(sqlite3.connect(folder / FILE, isolation_level=None))


def rows(folder: Path) -> int:
    with raw(folder) as connection:
        return int(connection.execute("SELECT count(*) FROM replies").fetchone()[0])


def fill(cache: ReplyCache, numbers: Iterable[int]) -> list[bytes]:
    keys = [cache.key_for("entry", str(number)) for number in numbers]
    for number, key in zip(numbers, keys, strict=True):
        assert cache.put(key, {"value": f"{number} " + "x" * 400}, tokens=10, cost=0.5)
    return keys


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


# --- what goes in comes out


@given(st.lists(texts, max_size=4), replies)
def test_what_was_put_comes_back(shared: ReplyCache, parts: list[str], value: dict[str, Any]) -> None:
    key = shared.key_for(*parts)
    assert shared.put(key, value)
    assert repr(shared.get(key)) == repr(value)  # told apart: 1 and 1.0 and True, 0.0 and -0.0


@given(st.lists(texts, max_size=3), st.lists(texts, max_size=3))
def test_no_two_lists_of_parts_share_a_key(shared: ReplyCache, one: list[str], other: list[str]) -> None:
    assert (shared.key_for(*one) == shared.key_for(*other)) == (one == other)
    assert len(shared.key_for(*one)) == 32


@given(texts, st.integers(0, 20), st.integers(0, 20))
def test_where_a_part_ends_matters(shared: ReplyCache, text: str, one: int, other: int) -> None:
    left, right = [text[:one], text[one:]], [text[:other], text[other:]]
    assert (shared.key_for(*left) == shared.key_for(*right)) == (left == right)
    assert shared.key_for(text) != shared.key_for(text, "")


def test_another_master_key_gives_other_keys(cache: ReplyCache, folder: Path) -> None:
    assert ReplyCache(folder, b"q" * 32).key_for("a") != cache.key_for("a")
    assert ReplyCache(folder, KEY).key_for("a") == cache.key_for("a")


def test_a_second_object_finds_what_the_first_put(cache: ReplyCache, folder: Path) -> None:
    key = cache.key_for("model", "prompt")
    cache.put(key, ANSWER)
    assert ReplyCache(folder, KEY).get(key) == ANSWER
    cache.close()
    assert cache.get(key) == ANSWER


def test_the_last_put_stands(cache: ReplyCache, folder: Path) -> None:
    key = cache.key_for("a")
    cache.put(key, ANSWER)
    cache.put(key, {"status": "na"})
    assert cache.get(key) == {"status": "na"}
    assert rows(folder) == 1


def test_many_keys_in_few_queries(cache: ReplyCache) -> None:
    keys = fill(cache, range(1201))
    asked: list[str] = []
    cache._store.run(lambda connection: connection.set_trace_callback(asked.append))
    absent = cache.key_for("absent")
    found = cache.get_many([*keys, *keys, absent])
    assert list(found) == keys
    assert {key: value["value"].split()[0] for key, value in found.items()} == {k: str(n) for n, k in enumerate(keys)}
    assert len(asked) == 3
    assert cache.get_many([]) == {}


def test_what_was_done_is_counted(cache: ReplyCache, folder: Path) -> None:
    one, other = cache.key_for("one"), cache.key_for("other")
    cache.get(one)
    cache.put(one, ANSWER)
    cache.get(one)
    cache.get_many([one, other, one])
    with raw(folder) as connection:
        ((value,),) = connection.execute("SELECT value FROM replies").fetchall()
    assert cache.stats == CacheStats(hits=2, misses=2, puts=1, bytes=len(value), unreadable=0)


def test_nothing_is_made_before_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_CACHE_DIR", str(tmp_path / "cache"))
    cache = ReplyCache()
    assert cache.info().entries == cache.info().bytes == cache.clear() == 0
    assert (cache.info().oldest, cache.info().newest, cache.info().key_file) == (None, None, reply_key_path())
    assert not cache.folder.exists()
    assert not reply_key_path().exists()
    assert cache.get(cache.key_for("a")) is None
    assert cache.folder == cache_folder() == tmp_path / "cache" / "replies"
    assert FILE in names(cache.folder)
    assert names(reply_key_path().parent) == {"replies.key"}


def test_the_users_cache_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    from clio.models.weights import models_dir

    monkeypatch.delenv("CLIO_CACHE_DIR", raising=False)
    monkeypatch.delenv("CLIO_MODELS_DIR", raising=False)
    assert cache_folder() == models_dir().parent / "replies"


@pytest.mark.parametrize("value", [{"value": {1, 2}}, {"value": b"secret-bytes"}, {"value": object()}])
def test_what_is_not_json_is_refused_without_being_quoted(cache: ReplyCache, value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^a reply to keep is a JSON object$") as caught:
        cache.put(cache.key_for("a"), value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_value_without_end_is_refused(cache: ReplyCache) -> None:
    value: dict[str, Any] = {}
    value["value"] = value
    with pytest.raises(ValueError, match="JSON object"):
        cache.put(cache.key_for("a"), value)


@pytest.mark.parametrize("counts", [{"tokens": -1}, {"cost": -0.1}, {"cost": float("nan")}, {"cost": float("inf")}])
def test_counts_that_cannot_be(cache: ReplyCache, counts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        cache.put(cache.key_for("a"), ANSWER, **counts)


def test_a_key_is_one_that_key_for_made(cache: ReplyCache) -> None:
    for call in (lambda: cache.put(b"what was asked", ANSWER), lambda: cache.get(b"what was asked")):
        with pytest.raises(ValueError, match=r"^the key of a reply comes from key_for$"):
            call()
    with pytest.raises(ValueError, match="32 bytes, not 5"):
        ReplyCache(cache.folder, b"short")


# --- what the folder gives away

printable = st.text(st.characters(exclude_categories=["Cc"]), max_size=40)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def windows(texts: Iterable[str]) -> set[bytes]:
    """Every run of eight characters, in the encodings that a file could hold it in."""
    cut = {text[start : start + 8] for text in texts for start in range(len(text) - 7)}
    return {piece.encode(code, "surrogatepass") for piece in cut for code in ("utf-8", "utf-16-le")}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, inner in value.items():
            yield from (name, *strings(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What any cache's files hold: the wording of the table, numbers and nothing."""
    cache = ReplyCache(tmp_path_factory.mktemp("empty"), KEY)
    cache.get(cache.key_for())
    return b"".join(contents(cache.folder).values())


@given(st.lists(st.tuples(st.lists(printable, max_size=3), st.dictionaries(printable, printable, max_size=3))))
@settings(max_examples=40)
def test_no_file_holds_a_part_of_what_was_asked_or_answered(
    empty: bytes, entries: list[tuple[list[str], dict[str, str]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = ReplyCache(Path(folder), KEY)
        for parts, value in entries:
            cache.put(cache.key_for(*parts), value)
            cache.get(cache.key_for(*parts, "not there"))
        secrets = windows(text for parts, value in entries for text in (*parts, *strings(value)))
        for state in ("open", "closed"):
            files = contents(Path(folder))
            assert (f"{FILE}-wal" in files) == (state == "open" and bool(entries))
            everything = b"".join(files.values())
            assert not [piece for piece in secrets if piece in everything and piece not in empty]
            cache.close()


def test_equal_values_look_different_each_time(cache: ReplyCache, folder: Path) -> None:
    for number in range(50):
        cache.put(cache.key_for(str(number)), ANSWER)
    with raw(folder) as connection:
        found = [value for (value,) in connection.execute("SELECT value FROM replies")]
    assert len({value[:12] for value in found}) == len({value[12:] for value in found}) == 50


def test_two_accounts_with_one_text_share_a_reply_and_nothing_else(cache: ReplyCache, folder: Path) -> None:
    """There is no place for an id: not in the calls, not in the file."""
    assert list(inspect.signature(cache.put).parameters) == ["key", "value", "tokens", "cost"]
    assert list(inspect.signature(cache.key_for).parameters) == ["parts"]
    first = cache.key_for("model", "prompt", "schema", "the same text")
    cache.put(first, ANSWER)
    again = cache.key_for("model", "prompt", "schema", "the same text")
    one, other = cache.get(again), cache.get(again)
    assert one == other == ANSWER
    assert one is not None
    one["conversation_id"] = "first account's"
    assert cache.get(again) == ANSWER
    with raw(folder) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(replies)")]
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("replies",)]
    assert columns == ["id", "key", "written", "tokens", "cost", "value"]


def test_only_the_owner_can_read_from_the_first_moment_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def later(*_: object, **__: object) -> None:
        raise AssertionError("a mode that is mended later was wrong before")

    before = os.umask(0)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "chmod", later)
            patch.setattr(Path, "chmod", later)
            cache = ReplyCache(folder, KEY)
            cache.put(cache.key_for("a"), ANSWER)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys([FILE, f"{FILE}-wal", f"{FILE}-shm", "replies.lock"], 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_others_could_read_is_closed_to_them(cache: ReplyCache, folder: Path) -> None:
    cache.put(cache.key_for("a"), ANSWER)
    cache.close()
    folder.chmod(0o755)
    (folder / FILE).chmod(0o644)
    assert cache.get(cache.key_for("a")) == ANSWER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_folder_of_other_things_stays_open(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "notes.txt").write_text("")
    cache = ReplyCache(folder, KEY)
    cache.put(cache.key_for("a"), ANSWER)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600


def test_the_key_stays_outside_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, link = tmp_path / "replies", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    for keys in (folder, folder / "keys", link, folder / ".." / "replies", link / "keys"):
        monkeypatch.setenv("CLIO_KEY_DIR", str(keys))
        for place in (folder, link):
            with pytest.raises(ConfigError, match="CLIO_KEY_DIR or CLIO_CACHE_DIR"):
                ReplyCache(place)
    for keys in (tmp_path, tmp_path / "replies-keys"):
        monkeypatch.setenv("CLIO_KEY_DIR", str(keys))
        ReplyCache(folder)


def test_a_key_that_is_none(tmp_path: Path) -> None:
    reply_key_path().write_bytes(b"short")
    with pytest.raises(RunError, match=r"replies\.key: is not a key"):
        ReplyCache(tmp_path / "replies").key_for("a")
    assert not key_path().exists()


# --- values that do not open


def test_swapped_values_are_misses(cache: ReplyCache, folder: Path) -> None:
    one, other = cache.key_for("one"), cache.key_for("other")
    cache.put(one, {"value": "of one"})
    cache.put(other, {"value": "of the other"})
    with raw(folder) as connection:
        values = dict(connection.execute("SELECT key, value FROM replies").fetchall())
        connection.execute("UPDATE replies SET value = ? WHERE key = ?", (values[one], other))
        connection.execute("UPDATE replies SET value = ? WHERE key = ?", (values[other], one))
    assert cache.get_many([one, other]) == {}
    assert (cache.stats.hits, cache.stats.misses, cache.stats.unreadable) == (0, 2, 2)
    assert rows(folder) == 0
    assert cache.notes == ()
    assert cache.get(one) is None
    assert cache.stats.unreadable == 2


def test_the_wrong_key_opens_nothing(cache: ReplyCache, folder: Path) -> None:
    key = cache.key_for("a")
    cache.put(key, ANSWER)
    wrong = ReplyCache(folder, b"q" * 32)
    assert wrong.get(wrong.key_for("a")) is None
    assert wrong.stats.unreadable == 0
    assert wrong.get(key) is None
    assert wrong.stats == CacheStats(misses=2, unreadable=1)
    assert cache.get(key) is None


@given(st.integers(0), st.integers(1, 255))
def test_a_value_with_one_byte_changed_is_a_miss(shared: ReplyCache, where: int, change: int) -> None:
    key = shared.key_for("changed")
    shared.put(key, ANSWER)
    with raw(shared.folder) as connection:
        value = bytearray(connection.execute("SELECT value FROM replies WHERE key = ?", (key,)).fetchone()[0])
        value[where % len(value)] ^= change
        connection.execute("UPDATE replies SET value = ? WHERE key = ?", (bytes(value), key))
    assert shared.get(key) is None
    shared.put(key, ANSWER)
    assert shared.get(key) == ANSWER


@pytest.mark.parametrize("value", [b"", b"short", "text", 7, 1.5, b"x" * 5000])
def test_a_value_of_another_kind_is_a_miss(cache: ReplyCache, folder: Path, value: object) -> None:
    key = cache.key_for("a")
    cache.put(key, ANSWER)
    with raw(folder) as connection:
        connection.execute("UPDATE replies SET value = ?", (value,))
    assert cache.get(key) is None
    assert rows(folder) == 0


def test_a_good_value_put_meanwhile_is_not_removed(cache: ReplyCache, folder: Path) -> None:
    """Another process mends the row between the look and the removal."""
    key = cache.key_for("a")
    cache.put(key, ANSWER)
    cache._store.run(lambda connection: _reply_store.forget(key, b"the damaged one", connection))
    assert cache.get(key) == ANSWER


# --- kills, processes, threads

CHILD = """
import os, signal, sys
from pathlib import Path
from clio.models.reply_cache import ReplyCache
cache = ReplyCache(Path(sys.argv[1]), b"k" * 32)
"""


def child(folder: Path, script: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD + script, str(folder), *more]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_put_survives_a_kill_one_instruction_later(cache: ReplyCache, folder: Path) -> None:
    script = """
for number in range(20):
    cache.put(cache.key_for("asked of the model", str(number)), {"value": f"what was answered {number}"})
os.kill(os.getpid(), signal.SIGKILL)
"""
    with child(folder, script) as process:
        assert process.wait(30) == -signal.SIGKILL
    files = contents(folder)
    assert {FILE, f"{FILE}-wal", f"{FILE}-shm"} <= set(files)
    secrets = windows(["asked of the model", "what was answered 12", '{"value":"what was answered'])
    assert not [piece for piece in secrets if piece in b"".join(files.values())]
    keys = [cache.key_for("asked of the model", str(number)) for number in range(20)]
    found = cache.get_many(keys)
    assert [found[key] for key in keys] == [{"value": f"what was answered {number}"} for number in range(20)]
    assert cache.notes == ()


def test_what_was_put_before_a_kill_at_any_moment_is_there(cache: ReplyCache, folder: Path) -> None:
    script = """
for number in range(10**9):
    cache.put(cache.key_for(str(number)), {"value": "x" * (number % 7000)})
    os.write(1, b"%d\\n" % number)
"""
    with child(folder, script) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(300)]
        process.kill()
        said += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    assert said == list(range(len(said)))
    keys = [cache.key_for(str(number)) for number in said]
    found = cache.get_many(keys)
    assert [len(found[key]["value"]) for key in keys] == [number % 7000 for number in said]


def test_processes_write_at_once(cache: ReplyCache, folder: Path) -> None:
    """From the making of the folder on: each has its own keys, and one set they all write."""
    script = """
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    for name in (sys.argv[2], "all"):
        assert cache.put(cache.key_for(name, str(number)), {"value": number}, tokens=1)
assert cache.notes == (), cache.notes
"""
    writers = [child(folder, script, name) for name in ("one", "other")]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    assert not folder.exists()
    for writer in writers:
        writer.communicate("go\n", timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    keys = {cache.key_for(name, str(number)): number for name in ("one", "other", "all") for number in range(300)}
    assert {key: value["value"] for key, value in cache.get_many(keys).items()} == keys
    assert (cache.info().entries, cache.info().tokens, cache.notes) == (900, 900, ())


def test_threads_share_one_object(cache: ReplyCache) -> None:
    def work(thread: int) -> None:
        for number in range(100):
            key = cache.key_for(str(thread), str(number))
            assert cache.get(key) is None
            assert cache.put(key, {"value": [thread, number]})
            assert cache.get(key) == {"value": [thread, number]}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert (cache.stats.hits, cache.stats.misses, cache.stats.puts) == (800, 800, 800)
    assert cache.info().entries == 800


def test_the_file_is_let_go_with_the_object(folder: Path) -> None:
    cache = ReplyCache(folder, KEY)
    cache.put(cache.key_for("a"), ANSWER)
    assert f"{FILE}-wal" in names(folder)
    del cache
    gc.collect()
    assert names(folder) == {FILE, "replies.lock"}


def test_a_folder_deleted_in_the_middle_is_made_again(cache: ReplyCache, folder: Path) -> None:
    fill(cache, range(3))
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert cache.get(cache.key_for("entry", "1")) is None
    keys = fill(cache, range(3))
    assert len(ReplyCache(folder, KEY).get_many(keys)) == 3
    assert cache.notes == ()


def test_a_file_replaced_in_the_middle_is_followed(cache: ReplyCache, folder: Path) -> None:
    """What is written after another process set the file aside must not go into the old one."""
    fill(cache, range(3))
    (folder / FILE).rename(folder / "elsewhere")
    other = ReplyCache(folder, KEY)
    fill(other, range(5, 8))
    assert set(cache.get_many(fill(cache, range(8, 10)))) <= set(
        ReplyCache(folder, KEY).get_many([cache.key_for("entry", str(n)) for n in range(10)])
    )
    assert rows(folder) == 5
    assert cache.notes == other.notes == ()


# --- files that are not what they should be


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE replies (id INTEGER PRIMARY KEY, key BLOB, value BLOB)")
        connection.commit()


def with_a_trigger(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_reply_store.SCHEMA)
        connection.execute(f"PRAGMA application_id = {_reply_store._APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("CREATE TRIGGER t AFTER INSERT ON replies BEGIN DELETE FROM replies; END")
        connection.commit()


def undecodable(path: Path) -> None:
    """SQLite quotes what it cannot read of the table's wording, and Python cannot read the quotation."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_reply_store.SCHEMA)
        connection.commit()
    path.write_bytes(path.read_bytes().replace(b"tablereplies", b"tab\xa6ereplies").replace(b"replies", b"repl\xa6es"))


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"not a database at all, and long enough to be read as one" * 100),
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"\0" * 84),
        foreign,
        with_a_trigger,
        undecodable,
    ],
    ids=["text", "header only", "foreign", "trigger", "undecodable"],
)
def test_a_file_that_is_no_cache_is_set_aside(cache: ReplyCache, folder: Path, make: Any) -> None:
    folder.mkdir(parents=True)
    for number in (1, 2):
        make(folder / FILE)
        was = (folder / FILE).read_bytes()
        assert cache.get(cache.key_for("a")) is None
        assert cache.put(cache.key_for("a"), ANSWER)
        assert cache.get(cache.key_for("a")) == ANSWER
        assert len(cache.notes) == number
        assert f"set aside as {FILE}.damaged-{number}" in cache.notes[-1]
        assert (folder / f"{FILE}.damaged-{number}").read_bytes() == was
        cache.close()
        (folder / FILE).unlink()


def test_an_empty_file_is_begun(cache: ReplyCache, folder: Path) -> None:
    """A kill between the making of the file and of the table leaves one."""
    folder.mkdir(parents=True)
    (folder / FILE).touch()
    assert cache.put(cache.key_for("a"), ANSWER)
    assert cache.notes == ()


def test_many_find_the_damage_and_one_sets_it_aside(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(b"damaged " * 1000)
    caches = [ReplyCache(folder, KEY) for _ in range(8)]
    together = threading.Barrier(len(caches))

    def work(number: int) -> bool:
        together.wait()
        return caches[number].put(caches[number].key_for(str(number)), ANSWER)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert [name for name in names(folder) if "damaged" in name] == [f"{FILE}.damaged-1"]
    assert rows(folder) == 8
    assert sum(len(cache.notes) for cache in caches) == 1


def test_what_another_process_has_set_aside_is_not_set_aside_again(cache: ReplyCache, folder: Path) -> None:
    fill(cache, range(3))
    (folder / FILE).rename(folder / f"{FILE}.damaged-1")
    keys = fill(ReplyCache(folder, KEY), range(5))
    cache._store._set_aside("was damaged")
    assert len(cache.get_many(keys)) == 5
    assert f"{FILE}.damaged-2" not in names(folder)
    assert cache.notes == ()


@given(st.lists(st.tuples(st.integers(0), st.binary(min_size=1, max_size=64)), min_size=1, max_size=40), st.booleans())
@settings(max_examples=50)
def test_damage_anywhere_costs_replies_and_never_gives_a_wrong_one(
    damage: Sequence[tuple[int, bytes]], cut: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = ReplyCache(Path(folder), KEY)
        keys = fill(cache, range(60))
        good = cache.get_many(keys)
        cache.close()
        content = bytearray((Path(folder) / FILE).read_bytes())
        for where, piece in damage:
            start = where * 61 % len(content)
            content[start : start + len(piece)] = piece
        (Path(folder) / FILE).write_bytes(content[: damage[0][0] * 977 % len(content)] if cut else content)
        for key, value in cache.get_many(keys).items():
            assert value == good[key]
        for key in keys:
            cache.put(key, {"value": "new"})
        assert all(value == {"value": "new"} or value == good[key] for key, value in cache.get_many(keys).items())
        cache.close()
        # An index that lost a key lets a second row in; whatever happened, the next run has a cache that works.
        again = ReplyCache(Path(folder), KEY)
        again.put(keys[0], {"value": "newer"})
        again.get_many(keys)
        assert len(again.notes) <= 2
        again.close()


def test_the_file_of_a_newer_version_is_left_alone(cache: ReplyCache, folder: Path) -> None:
    fill(cache, range(3))
    with raw(folder) as connection:
        connection.execute("PRAGMA user_version = 2")
    cache.close()
    assert cache.get(cache.key_for("entry", "1")) is None
    assert not cache.put(cache.key_for("a"), ANSWER)
    assert "off for the rest of this run: a newer version" in cache.notes[0]
    assert rows(folder) == 3


# --- a cache that cannot be used switches itself off


def is_off(cache: ReplyCache, reason: str) -> None:
    """One note however often it is asked, no exception, and a plain word to whoever asks for it by name."""
    for _ in range(3):
        assert cache.put(cache.key_for("a"), ANSWER) is False
        assert cache.get(cache.key_for("a")) is None
        assert cache.get_many([cache.key_for("a")]) == {}
    assert len(cache.notes) == 1
    assert reason in cache.notes[0]
    assert "The run goes on" in cache.notes[0]
    assert cache.stats.misses == 6


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    is_off(ReplyCache(tmp_path / "file" / "replies", KEY), "Not a directory")


def test_a_folder_that_is_gone_for_good(cache: ReplyCache, folder: Path) -> None:
    fill(cache, range(3))
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("nowhere")
    is_off(cache, "the folder cannot be used")


def test_a_read_only_folder() -> None:
    """In a process of its own: it gives up the rights of root, who may write everywhere."""
    script = """
folder = Path(sys.argv[1])
cache.put(cache.key_for("before"), {"value": 1})
cache.close()
from clio.errors import RunError
import filelock
if os.getuid() == 0:
    for path in (folder, *folder.iterdir()):
        os.chown(path, 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
folder.chmod(0o500)
for path in folder.iterdir():
    path.chmod(0o400)
for _ in range(3):
    assert cache.put(cache.key_for("a"), {"value": 1}) is False
    assert cache.get(cache.key_for("before")) is None
(note,) = cache.notes
assert "off for the rest of this run" in note, note
asked = [(cache, "info"), (cache, "clear"), (ReplyCache(folder, b"k" * 32), "info")]
folder.chmod(0)
for one, name in [*asked, (ReplyCache(folder, b"k" * 32), "clear")]:
    try:
        getattr(one, name)()
    except RunError as error:
        assert "the reply cache cannot be used" in str(error)
    else:
        raise AssertionError
print("done")
"""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        with child(Path(parent) / "replies", script) as process:
            out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "done\n")


def test_a_full_disk(cache: ReplyCache, folder: Path) -> None:
    keys = fill(cache, range(20))
    cache._store.run(lambda connection: connection.execute("PRAGMA max_page_count = 10").fetchall())
    more = [cache.key_for("more", str(number)) for number in range(100)]
    done = [cache.put(key, {"value": "x" * 1000}) for key in more]
    assert done == sorted(done, reverse=True)
    assert not done[-1]
    is_off(cache, "the disk is full")
    for ask in (cache.info, cache.clear):
        with pytest.raises(RunError, match="cannot be used: the disk is full"):
            ask()
    assert len(ReplyCache(folder, KEY).get_many([*keys, *more])) == 20 + sum(done)


def test_a_file_that_another_process_holds(cache: ReplyCache, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reply_store, "BUSY_S", 0.02)
    keys = fill(cache, range(3))
    with raw(folder) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(cache.get_many(keys)) == 3
        assert cache.put(cache.key_for("a"), ANSWER) is False
        other.execute("ROLLBACK")
    assert "another process holds it for too long" in cache.notes[0]
    assert cache.get(keys[0]) is None
    assert ReplyCache(folder, KEY).put(cache.key_for("a"), ANSWER)


def test_a_folder_that_another_process_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    monkeypatch.setattr(_reply_store, "BUSY_S", 0.02)
    folder.mkdir(parents=True)
    with FileLock(folder / "replies.lock"):
        is_off(ReplyCache(folder, KEY), "another process holds it for too long")


# --- how much is kept


def test_the_least_recently_written_go_when_it_grows_too_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_cache, "CHECK_EVERY", 50)
    cache = ReplyCache(folder, KEY, most_bytes=200_000)
    keys = fill(cache, range(400))
    rewritten = min(n for n in range(400) if cache.get(keys[n])) + 1
    fill(cache, [rewritten])
    order = [*(n for n in range(400) if n != rewritten), rewritten]
    for more in (range(400, 500), range(500, 1000)):
        keys += fill(cache, more)
        order += more
        kept = [n for n in order if cache.get(keys[n])]
        assert kept == order[-len(kept) :]
        assert (rewritten in kept) == (more.stop == 500)
    assert 150 < len(kept) < 450
    cache.close()
    assert (folder / FILE).stat().st_size < 200_000 + 50 * 1000
    assert cache.notes == ()


def test_a_run_of_few_puts_trims_too(folder: Path) -> None:
    cache = ReplyCache(folder, KEY)
    fill(cache, range(300))
    cache.close()
    size = (folder / FILE).stat().st_size
    small = ReplyCache(folder, KEY, most_bytes=size // 2)
    small.put(small.key_for("a"), ANSWER)
    small.close()
    assert (folder / FILE).stat().st_size <= size // 2
    assert small.get(small.key_for("a")) == ANSWER


def test_what_is_older_goes(cache: ReplyCache, folder: Path) -> None:
    keys = fill(cache, range(10))
    with raw(folder) as connection:
        for number in range(10):
            at = int(time.time()) - number * 86_400 - 60
            connection.execute("UPDATE replies SET written = ? WHERE key = ?", (at, keys[number]))
    assert cache.clear(older_than_days=100) == 0
    assert cache.clear(older_than_days=6) == 4
    assert set(cache.get_many(keys)) == set(keys[:6])
    assert cache.clear(older_than_days=0.5) == 5
    assert cache.clear() == 1
    assert cache.get_many(keys) == {}
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="not negative"):
            cache.clear(older_than_days=wrong)


def test_what_was_cleared_is_not_in_any_file(cache: ReplyCache, folder: Path) -> None:
    other = ReplyCache(folder, KEY)
    keys = fill(cache, range(500))
    with raw(folder) as connection:
        found = connection.execute("SELECT key, value FROM replies ORDER BY id").fetchall()
        connection.execute("UPDATE replies SET written = 0 WHERE id <= 250")
    assert len(other.get_many(keys)) == 500
    (folder / f"{FILE}.damaged-1").write_bytes(found[0][1])
    before = cache.info().bytes
    assert cache.clear(older_than_days=1) == 250
    assert cache.info().bytes < before
    assert cache.clear() == 250
    everything = b"".join(contents(folder).values())
    assert not [key for key, _ in found if key in everything]
    assert not [value for _, value in found if value[:32] in everything or value[-32:] in everything]
    assert cache.info().bytes < 150_000
    assert other.get_many(keys) == {}
    assert other.put(keys[0], ANSWER)
    assert cache.get(keys[0]) == ANSWER


def test_info_adds_up(cache: ReplyCache, folder: Path) -> None:
    keys = fill(cache, range(4))
    cache.put(keys[0], ANSWER, tokens=7, cost=0.25)
    with raw(folder) as connection:
        connection.execute("UPDATE replies SET written = 86399 WHERE key = ?", (keys[1],))
        connection.execute("UPDATE replies SET written = 1798761600 WHERE key = ?", (keys[2],))
        connection.execute("UPDATE replies SET value = x'00' WHERE key = ?", (keys[3],))
    info = cache.info()
    assert (info.folder, info.key_file) == (folder, None)
    assert (info.entries, info.tokens, info.cost) == (4, 37, 1.75)
    assert (info.oldest, info.newest) == ("1970-01-01", "2027-01-01")
    assert info.bytes == sum(path.stat().st_size for path in folder.iterdir())
