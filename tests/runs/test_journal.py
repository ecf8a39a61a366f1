from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.errors import RunError
from clio.runs.journal import Entry, Journal

BATCHES: list[Entry] = [
    Entry(
        [
            {"conversation_id": f"c{n}-{i}", "facet": "request", "value": f"line\nbreak {n} é\u2028"}
            for i in range(n % 3)
        ],
        [{"conversation_id": f"s{n}", "reason": "screened"}] * (n % 2),
        {f"c{n}-{i}": bytes([n, i, 0, 255]) for i in range(n % 3)},
        {"written": n} if n else {},
    )
    for n in range(6)
]


def added(journal: Journal, number: int) -> None:
    batch = BATCHES[number]
    journal.add(number, batch.facets, batch.screened, None, batch.signatures, batch.counts)


def written(path: Path, key: str = "key") -> Journal:
    journal = Journal(path, key)
    for number in range(len(BATCHES)):
        added(journal, number)
    return journal


def test_what_was_added_comes_back(tmp_path: Path) -> None:
    journal = written(tmp_path / "deep" / "journal")
    again = Journal(journal.path, "key")
    assert list(again.entries()) == list(journal.entries()) == BATCHES
    assert again.done == journal.done == set(range(6))
    assert again.conversations == journal.conversations == sum(len(b.facets) + len(b.screened) for b in BATCHES)


def test_another_key_begins_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "journal").path
    other = Journal(path, "other")
    assert other.done == set()
    assert list(other.entries()) == []
    assert Journal(path, "key").done == set()


def whole(lines: list[bytes], cut: int) -> int:
    """How many batches stand whole before the cut; none without the head."""
    ends = [sum(map(len, lines[: n + 1])) for n in range(len(lines))]
    return max(0, sum(end <= cut for end in ends) - 1)


@given(st.data())
def test_a_journal_cut_anywhere_resumes_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "journal"
    content = written(path).path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    resumed = Journal(path, "key")
    kept = whole(content.splitlines(keepends=True), cut)
    assert resumed.done == set(range(kept))
    assert list(resumed.entries()) == BATCHES[:kept]
    for number in range(kept, len(BATCHES)):
        added(resumed, number)
    assert path.read_bytes() == content


@given(st.data())
def test_a_damaged_byte_costs_no_more_than_what_follows(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Line structure and JSON syntax are checked; the disk answers for the rest."""
    path = tmp_path_factory.mktemp("damage") / "journal"
    content = written(path).path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:place] + b"\0" + content[place + 1 :])
    resumed = Journal(path, "key")
    kept = whole(content.splitlines(keepends=True), place)
    assert list(resumed.entries()) == BATCHES[:kept]


@pytest.mark.parametrize("line", [b"[]\n", b"7\n", b'{"batch": 1}\n', b"\n", b"null\n"])
def test_a_line_that_is_no_batch_is_not_there(tmp_path: Path, line: bytes) -> None:
    path = written(tmp_path / "journal").path
    path.write_bytes(path.read_bytes() + line)
    assert list(Journal(path, "key").entries()) == BATCHES


def full(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)


def half(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes half a line and then no more."""
    opened = Path.open

    def opening(self: Path, *args: Any, **kwargs: Any) -> Any:
        handle = opened(self, *args, **kwargs)
        if args[:1] == ("ab",):
            write = handle.write

            class Half:
                def __enter__(self) -> Self:
                    return self

                def __exit__(self, *_: object) -> None:
                    handle.close()

                def truncate(self, end: int) -> None:
                    handle.truncate(end)

                def write(self, line: bytes) -> None:
                    write(line[: len(line) // 2])
                    handle.flush()
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            return Half()
        return handle

    monkeypatch.setattr(Path, "open", opening)


@pytest.mark.parametrize("fault", [full, half])
def test_a_full_disk_loses_nothing_that_was_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None]
) -> None:
    journal = Journal(tmp_path / "journal", "key")
    added(journal, 0)
    with monkeypatch.context() as patch:
        fault(patch)
        with pytest.raises(RunError, match=r"No space left on device.*make room"):
            added(journal, 1)
        with pytest.raises(RunError, match="No space left"):
            Journal(tmp_path / "new", "key")
    assert journal.done == {0}
    assert list(journal.entries()) == BATCHES[:1]
    added(journal, 1)
    assert list(Journal(tmp_path / "journal", "key").entries()) == BATCHES[:2]


def test_no_text_in_the_message_of_a_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal", "key")
    full(monkeypatch)
    with pytest.raises(RunError) as caught:
        journal.add(0, [{"conversation_id": "c", "value": "zebra"}], [])
    assert "zebra" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_text_that_cannot_be_stored_as_it_is(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "key")
    journal.add(0, [{"conversation_id": "c", "value": "\ud800"}], [])
    assert next(journal.entries()).facets[0]["value"] == "?"
