"""The book of batches, the items under way, and the lines of results."""

from __future__ import annotations

import hashlib
import json
import random
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.errors import RunError
from clio.models._batch_calls import lines, result_in
from clio.models._batch_items import Body, Seen, Spool, encoded
from clio.models.batches import Book, run_batches
from tests.models.batch_world import (
    CANARY,
    SMALL,
    item,
    killed_after_submitting,
    some,
    world,
)

# --- the book


def test_the_book_is_private_and_holds_no_content(tmp_path: Path) -> None:
    with world(tmp_path, faults={"errored": 0.3}) as found:
        found.run(some(9))
        assert stat.S_IMODE(found.book.stat().st_mode) == 0o600
        assert b"Tomasz" not in found.book.read_bytes()
        assert sorted(path.name for path in found.book.parent.iterdir()) == ["batches.jsonl"]
        found.book.chmod(0o644)
        found.run(some(1, "more"))
        assert stat.S_IMODE(found.book.stat().st_mode) == 0o600


def test_a_damaged_line_is_passed_over_and_told(tmp_path: Path) -> None:
    items = some(6)
    with world(tmp_path) as found:
        found.run(items[:3])
        killed_after_submitting(found, items)
        kept = found.book.read_bytes()
        found.book.write_bytes(b"\xff\x00 {\n[]\n7\n" + b'{"event": "what", "batch": "x"}\n' + kept)
        report = found.run(items)
        assert (report.submitted, report.succeeded) == (6, 6)
        assert any("4 lines" in text for text in found.said)


def test_ids_that_are_not_what_was_written_are_not_believed(tmp_path: Path) -> None:
    items = some(3)
    with world(tmp_path) as found:
        killed_after_submitting(found, items)
        first, second = found.entries()
        first["ids"] = ("A" if first["ids"][0] != "A" else "B") + first["ids"][1:]
        found.book.write_text(json.dumps(first) + "\n" + json.dumps(second) + "\n", encoding="utf-8")
        book = Book(found.book)
        assert (book.unreadable, book.open("facets"), book.known) == (2, [], {second["id"]})
        assert found.run(items).succeeded == 3


@given(st.binary(max_size=200), st.integers(0, 10**6))
@settings(max_examples=40)
def test_a_book_cut_or_overwritten_anywhere_is_read(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int
) -> None:
    path = tmp_path_factory.mktemp("b") / "batches.jsonl"
    book = Book(path)
    for number in range(4):
        entry = book.intend("facets", bytes([number] * 64), [1, 1], 1.7e9)
        book.submitted(entry, f"msgbatch_{number}")
        if number % 2:
            book.collected(entry, {"succeeded": 2})
    data = path.read_bytes()
    place %= len(data)
    path.write_bytes(data[:place] + noise)
    damaged = Book(path)
    assert {entry.batch_id for entry in damaged.open("facets")} <= {f"msgbatch_{n}" for n in range(4)}
    entry = damaged.intend("facets", bytes([9] * 32), [1], 1.7e9)
    damaged.submitted(entry, "msgbatch_9")
    assert "msgbatch_9" in {entry.batch_id for entry in Book(path).open("facets")}


def test_a_book_that_cannot_be_written_stops_the_run_before_anything_is_sent(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        found.book.parent.mkdir()
        found.book.mkdir()
        with pytest.raises(RunError, match="cannot be read"):
            found.run(some(2))
        found.book.rmdir()
        book = Book(found.book)
        found.book.mkdir()
        with pytest.raises(RunError, match="cannot be written"):
            run_batches(
                some(2), found.client, book, purpose="facets", limits=SMALL, poll_s=0.01, say=found.say,
                collect=found.collect,
            )  # fmt: skip
        assert not found.wire.seen


# --- parts


@given(st.lists(st.binary(max_size=12)), st.lists(st.integers(1, 9), min_size=1), st.integers(0, 10))
def test_lines_are_the_same_however_the_bytes_come(rows: list[bytes], cuts: list[int], most: int) -> None:
    rows = [row.replace(b"\n", b"") for row in rows]
    data, pieces, turn = b"\n".join(rows), [], 0
    while data:
        size = cuts[turn % len(cuts)]
        pieces.append(data[:size])
        data, turn = data[size:], turn + 1
    expected = [row for row in rows if len(row) <= most]
    assert [row for row in lines(iter(pieces), most) if row] == [row for row in expected if row]


@given(st.binary(max_size=300) | st.text().map(lambda text: json.dumps({"custom_id": text, "result": text}).encode()))
def test_any_line_is_a_result_or_nothing(line: bytes) -> None:
    assert result_in(line) is None


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=6))
def test_a_body_in_pieces_is_the_whole_body(sizes: list[int]) -> None:
    items = [encoded(item(number, "x" * size)) for number, size in enumerate(sizes)]
    body = Body(items)
    whole = b"".join(body)
    assert whole == b'{"requests":[' + b",".join(items) + b"]}" == b"".join(body)
    assert len(whole) == body.size
    assert max(map(len, body)) < 500_000


@given(st.lists(st.binary(min_size=32, max_size=32)), st.binary(min_size=32, max_size=32))
def test_seen_is_a_set(found: list[bytes], other: bytes) -> None:
    seen, known = Seen(), set[bytes]()
    for raw in [*found, *found]:
        assert seen.add(raw) == (raw[:8] not in known)
        known.add(raw[:8])
    assert len(seen) == len(known)
    assert (other in seen) == (other[:8] in known)


def test_seen_grows_and_stays_small() -> None:
    seen = Seen()
    raws = [hashlib.sha256(str(n).encode()).digest() for n in range(30_000)]
    assert all(seen.add(raw) for raw in raws)
    assert not any(seen.add(raw) for raw in raws)
    assert len(seen._slots) * 8 <= 27 * len(seen)


@given(st.dictionaries(st.binary(min_size=32, max_size=32), st.binary(max_size=60), max_size=12), st.randoms())
@settings(max_examples=30)
def test_a_spool_gives_back_what_is_wanted(kept: dict[bytes, bytes], rng: random.Random) -> None:
    wanted = {raw for raw in kept if rng.random() < 0.5}
    with Spool(Path("/tmp")) as spool:
        for raw, data in kept.items():
            spool.add(raw, data)
        assert dict(spool.take(wanted)) == {raw: kept[raw] for raw in wanted}
        assert dict(spool.take(kept)) == kept


def test_a_spool_leaves_nothing_readable(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.add(bytes(32), CANARY.encode())
        assert spool._file is not None
        spool._file.seek(0)
        assert b"Tomasz" not in spool._file.read()
        assert not list(tmp_path.iterdir())
