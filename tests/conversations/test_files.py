from __future__ import annotations

import gzip
import hashlib
import os
import tracemalloc
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from clio.config.ingest import IngestConfig
from clio.conversations.files import fingerprint, lines, sources, text_chunks
from clio.conversations.readers import read
from clio.conversations.types import Conversation, Rejection, UnreadableError
from clio.errors import InputError

TEXT = ("".join(f"line {n} \u2028 with a separator inside\n" for n in range(3000))).encode()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


PACKERS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd}


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
def test_compression_is_told_by_content_not_by_name(packer, write) -> None:
    assert b"".join(text_chunks(write(packer(TEXT), "named.txt"))) == TEXT


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
def test_files_that_follow_one_another_are_one(packer, write) -> None:
    padding = b"\0" * 100 if packer is gzip.compress else b""
    assert b"".join(text_chunks(write(packer(TEXT) + packer(TEXT) + padding))) == TEXT + TEXT


@pytest.mark.parametrize("packer", [gzip.compress, zstd])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.999])
def test_a_cut_file_gives_what_is_there_and_one_rejection(packer, share, write) -> None:
    noise = b"".join(hashlib.sha256(str(n).encode()).hexdigest().encode() + b"\n" for n in range(20_000))
    packed = packer(noise)
    found = list(lines(text_chunks(write(packed[: int(len(packed) * share)])), 1000))
    assert [item for item in found if isinstance(item, Rejection)] == [
        Rejection(len(found), "compressed file ends early")
    ]
    assert [text for _, text in found[:-1]] == noise.split(b"\n")[: len(found) - 1]
    # All but the last step's output: a compressor holds back about one block.
    assert len(found) > 20_000 * share - 5000


@pytest.mark.parametrize("packer", [gzip.compress, zstd])
def test_a_damaged_file_ends_in_one_rejection(packer, write) -> None:
    packed = bytearray(packer(os.urandom(50_000)))
    packed[len(packed) // 2 :] = os.urandom(len(packed) - len(packed) // 2)
    *_, last = lines(text_chunks(write(bytes(packed))), 10_000_000)
    assert isinstance(last, Rejection)
    assert last.reason in ("compressed file is damaged", "compressed file ends early")


def test_junk_behind_a_gzip_file_is_not_passed_over_in_silence(write) -> None:
    with pytest.raises(UnreadableError, match="damaged"):
        list(text_chunks(write(gzip.compress(TEXT) + b"junk")))


@pytest.mark.parametrize("packer", [gzip.compress, zstd])
def test_a_bomb_is_unpacked_in_small_steps(packer, write) -> None:
    packed = packer(b"\0" * 200_000_000)
    tracemalloc.start()
    size = sum(len(chunk) for chunk in text_chunks(write(packed)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 200_000_000
    assert peak < 30_000_000


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 60), st.integers(1, 50))
def test_lines_are_those_of_split_whatever_the_chunks(parts: list[bytes], step: int, limit: int) -> None:
    data = b"\n".join(parts)
    chunks = iter([data[at : at + step] for at in range(0, len(data), step)])
    expected: list[object] = []
    split = data.split(b"\n")
    for number, line in enumerate(split if split[-1] else split[:-1], 1):
        long = len(line) > limit
        expected.append(Rejection(number, "record too long") if long else (number, line.removesuffix(b"\r")))
    assert list(lines(chunks, limit)) == expected


def test_a_line_of_50_mb_is_passed_over_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    good = b'{"id": 1, "timestamp": null, "messages": [{"role": "user", "content": "hello"}]}\n'
    with path.open("wb") as file:
        file.write(good + b'{"id": 2, "messages": [{"role": "user", "content": "')
        for _ in range(50):
            file.write(b"y" * 2**20)
        file.write(b'"}]}\n' + good)
    tracemalloc.start()
    found = list(read(path, IngestConfig(max_record_bytes=2**20)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [type(item) for item in found] == [Conversation, Rejection, Conversation]
    assert found[1] == Rejection(2, "record too long")
    assert peak < 10_000_000


def test_fingerprint_is_the_sha256_of_the_file(write) -> None:
    assert fingerprint(write(TEXT)) == hashlib.sha256(TEXT).hexdigest()


def test_sources_of_a_directory_are_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", ".hidden", "_SUCCESS", "deep/c.jsonl", ".git/d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [path.relative_to(tmp_path).as_posix() for path in sources(tmp_path)] == [
        "a.jsonl",
        "b.jsonl",
        "deep/c.jsonl",
    ]
    assert sources(tmp_path / "a.jsonl") == [tmp_path / "a.jsonl"]


def test_what_cannot_be_read_at_all_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "missing": "cannot be opened",
        "empty": "is empty",
        "pipe": "not a regular file",
        "x\0y": "NUL",
    }.items():
        with pytest.raises(InputError, match=why):
            sources(tmp_path / name)
    with pytest.raises(InputError, match="holds no file"):
        sources(tmp_path / "none")
    with pytest.raises(InputError, match="is a directory"):
        fingerprint(tmp_path)
    with pytest.raises(InputError, match="not a regular file"):
        fingerprint(Path("/dev/zero"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_input_error(write) -> None:
    path = write("x")
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        fingerprint(path)


@given(st.binary(max_size=300))
def test_any_gzip_tail_ends(tail: bytes) -> None:
    # The loop over members must come to an end whatever follows the first one.
    data = gzip.compress(b"text\n") + tail
    try:
        expected = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        expected = None
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"clio-gzip-{os.getpid()}"
    try:
        path.write_bytes(data)
        got: bytes | None = b"".join(text_chunks(path))
    except UnreadableError:
        got = None
    finally:
        path.unlink()
    if expected is not None:
        assert got == expected
