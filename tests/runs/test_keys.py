from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.errors import RunError
from clio.runs.keys import KEY_BYTES, key_id, key_path, load_key, load_reply_key, pseudonym, reply_key_path

any_text = st.text(st.characters())
"""Lone surrogates included: an id from a JSON file can hold one."""


def test_the_key_is_made_once_and_is_its_owners_alone() -> None:
    key = load_key()
    assert len(key) == KEY_BYTES
    assert load_key() == key
    assert stat.S_IMODE(key_path().stat().st_mode) == 0o600
    assert [path.name for path in key_path().parent.iterdir()] == [key_path().name]


def test_two_keys_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = load_key()
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "other" / "deep"))
    assert load_key() != one
    assert key_id(load_key()) != key_id(one)


def test_processes_that_make_a_key_at_once_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_key(), range(32)))
    assert len(set(keys)) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_what_is_no_key_is_not_used(content: bytes) -> None:
    key_path().write_bytes(content)
    with pytest.raises(RunError, match="is not a key of 32 bytes"):
        load_key()
    assert key_path().read_bytes() == content


def test_a_key_that_cannot_be_read_or_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_path().mkdir()
    with pytest.raises(RunError, match="neither read nor made"):
        load_key()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "file"))
    with pytest.raises(RunError, match="neither read nor made"):
        load_key()


def test_a_kill_while_the_key_is_made_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        load_key()
    assert not key_path().exists()


def test_the_key_of_the_reply_cache_lies_beside_and_is_another() -> None:
    key = load_reply_key()
    assert len(key) == KEY_BYTES
    assert not key_path().exists()
    assert load_key() != key == load_reply_key()
    assert reply_key_path().parent == key_path().parent
    assert sorted(path.name for path in key_path().parent.iterdir()) == ["pseudonyms.key", "replies.key"]
    assert stat.S_IMODE(reply_key_path().stat().st_mode) == 0o600


def test_threads_that_make_the_reply_key_at_once_share_one() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: load_reply_key(), range(32)))) == 1


def test_a_reply_key_that_is_none_or_cannot_be_read() -> None:
    reply_key_path().write_bytes(b"x" * 31)
    with pytest.raises(RunError, match=r"replies\.key: is not a key of 32 bytes"):
        load_reply_key()
    load_key()
    reply_key_path().unlink()
    reply_key_path().mkdir()
    with pytest.raises(RunError, match=r"replies\.key: the key for the reply cache can be neither read nor made"):
        load_reply_key()


@given(any_text, any_text)
def test_pseudonyms_are_32_hex_digits_and_tell_apart(one: str, other: str) -> None:
    key = b"k" * KEY_BYTES
    found = pseudonym(key, "account", one)
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")
    assert (found == pseudonym(key, "account", other)) == (one == other)
    assert found != pseudonym(key, "conversation", one)
    assert found != pseudonym(b"q" * KEY_BYTES, "account", one)
