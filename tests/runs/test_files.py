from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.errors import RunError
from clio.runs.files import read_json, read_table, replacing, write_json, write_table


def no_space(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    for content in (b"one", b"two"):
        with replacing(path) as handle:
            handle.write(content)
        assert path.read_bytes() == content
    assert names(path.parent) == ["file"]


@pytest.mark.parametrize("fault", [ValueError("mine"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_stops_the_writing_the_old_file_stays(tmp_path: Path, fault: BaseException) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write() -> None:
        with replacing(path) as handle:
            handle.write(b"half of the n")
            raise fault

    with pytest.raises(type(fault)):
        write()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["fsync", "write"])
def test_a_full_disk_leaves_the_old_file_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    if call == "fsync":
        monkeypatch.setattr(os, "fsync", no_space)

    def write() -> None:
        with replacing(path) as handle:
            handle.write(b"new")
            if call == "write":
                no_space()

    with pytest.raises(RunError, match=r"No space left on device.*make room") as caught:
        write()
    assert caught.value.exit_code == 6
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_table_on_a_device_that_is_really_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.parquet"
    write_table(path, pa.table({"a": [1]}))
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: opened(Path("/dev/full"), *a, **k))
    with pytest.raises(RunError, match="No space left"):
        write_table(path, pa.table({"a": list(range(100_000))}))
    monkeypatch.undo()
    assert read_table(path).to_pylist() == [{"a": 1}]


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        write_json(tmp_path / "taken" / "file.json", {})


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(RunError, match="Permission denied"):
        write_json(tmp_path / "file.json", {})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    )
)
def test_json_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, value)
    assert read_json(path) == value


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{} {}"])
def test_damaged_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "value.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match="damaged"):
        read_json(path)


def test_absent_files(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not found"):
        read_json(tmp_path / "no.json")
    with pytest.raises(RunError, match="not found"):
        read_table(tmp_path / "no.parquet")


def test_a_table_comes_back_and_two_writings_are_the_same_bytes(tmp_path: Path) -> None:
    table = pa.table({"a": pa.chunked_array([[1], [2, 3]]), "b": ["x", None, "z"]})
    write_table(tmp_path / "one.parquet", table)
    write_table(tmp_path / "two.parquet", table)
    assert read_table(tmp_path / "one.parquet").equals(table)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_the_names_of_folders_add_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "k=3" / "table.parquet"
    write_table(path, pa.table({"a": [1]}))
    assert read_table(path).column_names == ["a"]


@given(cut=st.integers(0, 200))
def test_a_table_cut_short_is_damaged(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "table.parquet"
    write_table(path, pa.table({"a": [1, 2, 3]}))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(RunError, match="damaged"):
        read_table(path)
