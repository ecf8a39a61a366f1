"""No name that comes from a browser leads out of the runs folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.errors import ClioError, InputError, RunError
from clio.explore.places import (
    MOST_FILES,
    SUFFIXES,
    UPLOADS,
    inside,
    keep_upload,
    remove_upload,
    run_name,
    sources,
    uploads,
)

PARTS = st.sampled_from(
    ["..", ".", "", "/", "runs", "a", "b.jsonl", "link", "loop", "file-link", "~", "\\", "..\\..", "\0", "%2e%2e", "…",
     "etc", "passwd", ".hidden", "outside", "secret.jsonl", "C:", "//", "a/../.."]
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    above = tmp_path_factory.mktemp("above")
    runs = above / "runs"
    (runs / "a").mkdir(parents=True)
    (above / "outside").mkdir()
    (above / "outside" / "secret.jsonl").write_text("{}\n", encoding="utf-8")
    (runs / "b.jsonl").write_text("{}\n", encoding="utf-8")
    (runs / "a" / "b.jsonl").write_text("{}\n", encoding="utf-8")
    (runs / ".hidden").write_text("x", encoding="utf-8")
    (runs / "link").symlink_to(above / "outside")
    (runs / "file-link").symlink_to(above / "outside" / "secret.jsonl")
    (runs / "secret.jsonl").symlink_to(above / "outside" / "secret.jsonl")
    (runs / "loop").symlink_to(runs / "loop")
    return runs


@given(parts=st.lists(PARTS | st.text(max_size=8), max_size=6), absolute=st.booleans())
def test_no_name_leads_out(folder: Path, parts: list[str], absolute: bool) -> None:
    name = ("/" if absolute else "") + "/".join(parts)
    try:
        path = inside(folder, name)
    except InputError:
        return
    assert path.is_relative_to(folder.resolve())
    assert path != folder.resolve()
    assert "secret" not in path.name or not path.exists()


@pytest.mark.parametrize(
    "name",
    ["../outside/secret.jsonl", "/etc/passwd", "link/secret.jsonl", "file-link", "a/../../outside/secret.jsonl", "loop",
     "secret.jsonl", ".hidden", "", ".", "a//b.jsonl", "a/\0", "\\\\host\\share"],
)  # fmt: skip
def test_the_usual_tricks(folder: Path, name: str) -> None:
    with pytest.raises(InputError):
        inside(folder, name)


def test_what_is_there_is_found_and_links_out_are_not(folder: Path) -> None:
    assert sources(folder) == ["b.jsonl", "a/b.jsonl"]
    assert inside(folder, "a/b.jsonl").is_file()


def test_files_of_a_run_are_no_sources(tmp_path: Path) -> None:
    (tmp_path / "run" / "workspace").mkdir(parents=True)
    (tmp_path / "run" / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "run" / "workspace" / "facets.parquet").write_bytes(b"")
    for number in range(MOST_FILES + 5):
        (tmp_path / f"{number}.jsonl").write_text("", encoding="utf-8")
    found = sources(tmp_path)
    assert len(found) == MOST_FILES
    assert not any(name.startswith("run/") for name in found)


@given(name=st.text(max_size=60) | st.builds("".join, st.lists(PARTS)), suffix=st.sampled_from(SUFFIXES))
def test_an_upload_stays_in_its_folder(tmp_path_factory: pytest.TempPathFactory, name: str, suffix: str) -> None:
    runs = tmp_path_factory.mktemp("runs")
    try:
        kept = keep_upload(runs, name + suffix, b"{}")
    except ClioError:
        assert not list(runs.rglob("*.*"))
        return
    assert kept.startswith(f"{UPLOADS}/")
    path = inside(runs, kept)
    assert path.parent == runs.resolve() / UPLOADS
    assert path.read_bytes() == b"{}"
    assert path.stat().st_mode & 0o077 == 0


def test_an_upload_writes_over_nothing(tmp_path: Path) -> None:
    names = [keep_upload(tmp_path, "chats.jsonl", bytes([n])) for n in range(3)]
    assert len(set(names)) == 3
    assert [inside(tmp_path, name).read_bytes() for name in names] == [b"\0", b"\1", b"\2"]


def test_an_upload_through_a_link_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    runs, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    runs.mkdir()
    elsewhere.mkdir()
    with pytest.raises(InputError):
        keep_upload(runs, "page.html", b"x")
    (runs / UPLOADS).symlink_to(elsewhere)
    with pytest.raises(RunError):
        keep_upload(runs, "chats.jsonl", b"x")
    assert not list(elsewhere.iterdir())


def test_what_was_sent_and_nothing_else_can_be_deleted(tmp_path: Path) -> None:
    runs, other = tmp_path / "runs", tmp_path / "other.jsonl"
    runs.mkdir()
    other.write_bytes(b"x")
    (runs / "chats.jsonl").write_bytes(b"x")
    sent = keep_upload(runs, "chats.jsonl", b"abc")
    (runs / UPLOADS / "link.jsonl").symlink_to(other)
    (runs / UPLOADS / "folder").mkdir()
    assert [(upload.name, upload.bytes) for upload in uploads(runs)] == [(sent, 3)]
    for name in ("chats.jsonl", f"{UPLOADS}/../chats.jsonl", f"{UPLOADS}/link.jsonl", f"{UPLOADS}/folder", UPLOADS, ""):
        with pytest.raises(RunError):
            remove_upload(runs, name)
    remove_upload(runs, sent)
    assert uploads(runs) == []
    assert other.exists()
    assert (runs / "chats.jsonl").exists()
    with pytest.raises(RunError):
        remove_upload(runs, sent)


def test_uploads_behind_a_link_are_none(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jsonl").write_bytes(b"x")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / UPLOADS).symlink_to(tmp_path / "elsewhere")
    assert uploads(tmp_path / "runs") == []
    with pytest.raises(RunError):
        remove_upload(tmp_path / "runs", f"{UPLOADS}/a.jsonl")
    assert (tmp_path / "elsewhere" / "a.jsonl").exists()


@pytest.mark.parametrize("name", ["..", "a/b", "", ".x", "-rf", "uploads", "a b", "x" * 81, "ä", "a\n"])
def test_names_of_runs(name: str) -> None:
    with pytest.raises(RunError):
        run_name(name)
    assert run_name("first-run_2.b") == "first-run_2.b"
