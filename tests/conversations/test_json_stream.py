from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.conversations.json_stream import check_depth, elements, parse
from clio.conversations.types import Rejection, UnreadableError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def cut(data: bytes, step: int) -> Iterator[bytes]:
    return (data[at : at + step] for at in range(0, len(data), step))


@given(st.lists(JSON, max_size=8), st.integers(1, 50), st.booleans(), st.sampled_from([None, 2]))
def test_an_array_comes_apart_into_its_elements(values: list[object], step: int, ascii_: bool, indent: int) -> None:
    data = json.dumps(values, ensure_ascii=ascii_, indent=indent).encode("utf-8", "replace")
    found = [parse(item[1], 500) for item in elements(cut(data, step), 10**6, array=True) if isinstance(item, tuple)]
    assert found == json.loads(data)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=5), st.integers(1, 50))
def test_objects_that_follow_one_another_come_apart(values: list[object], step: int) -> None:
    data = "\n".join(json.dumps(value, indent=1) for value in values).encode()
    found = [parse(item[1], 500) for item in elements(cut(data, step), 10**6, array=False) if isinstance(item, tuple)]
    assert found == values


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",\\ a1', max_size=60).map(str.encode), st.integers(1, 9))
def test_any_bytes_give_the_same_items_however_they_are_cut(data: bytes, step: int) -> None:
    for array in (True, False):
        items = list(elements(cut(data, step), 20, array=array))
        assert items == list(elements(iter([data]), 20, array=array))
        assert all(len(item[1]) <= 20 for item in items if isinstance(item, tuple))


@given(st.lists(JSON, min_size=1, max_size=6), st.data())
def test_a_cut_array_gives_its_whole_elements_and_one_rejection(values: list[object], data: st.DataObject) -> None:
    text = json.dumps(values).encode()
    end = data.draw(st.integers(1, len(text) - 1))
    items = list(elements(cut(text[:end], 7), 10**6, array=True))
    assert items[-1] == Rejection(len(items), "file ends early")
    assert [parse(item[1], 500) for item in items[:-1] if isinstance(item, tuple)] == values[: len(items) - 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        (" [ ] ", []),
        ("[1,,2]", [(1, b"1"), Rejection(2, "not JSON"), (3, b"2")]),
        ("[1] 2", [(1, b"1"), Rejection(2, "not JSON")]),
        ("[1][2]", [(1, b"1"), Rejection(2, "not JSON")]),
        ('["]",2]', [(1, b'"]"'), (2, b"2")]),
        (r'["\"]",2]', [(1, rb'"\"]"'), (2, b"2")]),
        (r'["\\",2]', [(1, rb'"\\"'), (2, b"2")]),
        ("[" + "9" * 40 + ",2]", [Rejection(1, "record too long"), (2, b"2")]),
        ('[{"a":1 "b"},2]', [(1, b'{"a":1 "b"}'), (2, b"2")]),
        ("", [Rejection(1, "file ends early")]),
    ],
)
def test_odd_arrays(text: str, expected: list[object]) -> None:
    for step in (1, 3, 100):
        assert list(elements(cut(text.encode(), step), 30, array=True)) == expected


def test_an_element_of_50_mb_is_passed_over_without_being_held() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'[{"a": "'
        for _ in range(200):
            yield b'say \\"so\\", [' * 20_000
        yield b'"}, 2]'

    tracemalloc.start()
    found = list(elements(chunks(), 2**20, array=True))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [Rejection(1, "record too long"), (2, b"2")]
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\0\0", "not text"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "not JSON"),
        (b"1" * 5000, "not JSON"),
        (b"[" * 10**6, "nested too deeply"),
        (b"[" * 65 + b"]" * 65, "nested too deeply"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested too deeply"),
    ],
)
def test_broken_json_has_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        parse(data, 64)
    assert caught.value.reason == reason


def test_depth_is_counted_exactly() -> None:
    for depth in (8, 64, 500):
        parse(b"[" * depth + b"]" * depth, depth)
        with pytest.raises(UnreadableError):
            parse(b"[" * (depth + 1) + b"]" * (depth + 1), depth)
    many = [[[]] for _ in range(1000)]
    check_depth(many, 3)


def test_a_ring_and_a_lattice_of_python_objects_end() -> None:
    ring: list[object] = []
    ring.append(ring)
    with pytest.raises(UnreadableError):
        check_depth(ring, 64)
    lattice: list[object] = []
    for _ in range(60):
        lattice = [lattice, lattice]
    check_depth(lattice, 64)
