from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clio.errors import TableError
from clio.map.colours import Colours
from clio.map.payload import KNOWN, SUPPRESSED, UNKNOWN, Scene, pack, payload, unpack
from clio.map.points import Points

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "![x](http://evil.example/a.png)",
    "</script><script>alert(1)</script>",
    "\u202egnp.exe\u202c",
    "a\x00b",
    "long " * 2000,
    "",
    "\u05e9\u05dc\u05d5\u05dd",
)


def frame(names: list[str], *, level: int = 0) -> pd.DataFrame:
    n = len(names)
    return pd.DataFrame(
        {
            "cluster_id": [f"{level}-{i:04d}" for i in range(n)],
            "level": [level] * n,
            "parent_id": [None] * n,
            "name": names,
            "summary": names,
            "conversations": np.arange(n) + 20,
            "accounts": np.arange(n) + 10,
            "share": np.full(n, 1.0 / max(1, n)),
            "x": np.linspace(0.0, 1.0, n),
            "y": np.linspace(1.0, 0.0, n),
        }
    )


HIDDEN = frozenset({"0-0003"})

arrays = st.dictionaries(
    st.text("abcdef_", min_size=1, max_size=8),
    st.sampled_from([np.float32, np.uint8, np.uint16, np.uint32]).flatmap(
        lambda kind: hnp.arrays(kind, st.integers(0, 9), elements={"allow_nan": False} if kind is np.float32 else None)
    ),
    max_size=5,
)
headers = st.dictionaries(st.text(max_size=6).filter(lambda k: k != "arrays"), st.text(max_size=9) | st.integers(-9, 9))


@given(headers, arrays)
def test_what_is_packed_comes_back(header, given_arrays):
    read, found = unpack(pack(header, given_arrays))
    assert read == header
    assert list(found) == list(given_arrays)
    for name, values in given_arrays.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


@given(headers, arrays.filter(lambda a: sum(v.nbytes for v in a.values()) > 4), st.data())
def test_bytes_that_are_cut_off_are_refused(header, given_arrays, data):
    whole = pack(header, given_arrays)
    with pytest.raises((TableError, ValueError)):
        unpack(whole[: data.draw(st.integers(0, len(whole) - 8))])


@given(st.lists(st.text(max_size=30), min_size=1, max_size=12))
def test_names_travel_as_they_are(names):
    header, _ = unpack(payload(Scene(frame(names))))
    assert header["clusters"]["name"] == names
    assert header["clusters"]["conversations"] == [i + 20 for i in range(len(names))]


def test_hostile_names_are_cut_and_stay_text():
    sent = payload(Scene(frame(list(HOSTILE))))
    header, _ = unpack(sent)
    assert all(len(name) <= 400 for name in header["clusters"]["name"])
    assert header["clusters"]["name"][2] == HOSTILE[2]


def test_a_missing_column_is_named():
    with pytest.raises(TableError, match="accounts, x"):
        payload(Scene(frame(["a"]).drop(columns=["accounts", "x"])))


def test_parents_that_are_absent_or_not_coarser_are_none():
    clusters = pd.concat([frame(["a", "b", "c"]), frame(["top"], level=1)], ignore_index=True)
    clusters["parent_id"] = ["1-0000", "9-0000", "0-0000", "0-0001"]
    header, _ = unpack(payload(Scene(clusters)))
    assert header["clusters"]["parent"] == [3, -1, -1, -1]


def test_the_digest_tells_data_from_dress():
    clusters = frame(["a", "b"])

    def digest(**changes) -> str:
        return unpack(payload(Scene(**({"clusters": clusters} | changes))))[0]["digest"]

    plain = digest()
    assert digest(colours=Colours.plain(), selected="0-0001", highlighted=["0-0000"], size="accounts") == plain
    assert digest(clusters=clusters.assign(conversations=99)) != plain
    assert digest(points=Points.of([0.0], [0.0], ["0-0000"])) != plain


def test_a_wish_is_all_that_changes_with_the_selection():
    clusters = frame(["a", "b"])
    assert payload(Scene(clusters, selected="0-0000"), wish=3) == payload(Scene(clusters, selected="0-0000"), wish=3)
    assert payload(Scene(clusters, selected="0-0000"), wish=3) != payload(Scene(clusters, selected="0-0001"), wish=4)


@pytest.mark.parametrize("colours", [
    Colours.by_share("Share", {"0-0000": 0.2, "0-0001": None, "0-0002": float("nan")}, suppressed=HIDDEN),
    Colours.by_category("Kind", {"0-0000": "x", "0-0001": None}, suppressed=HIDDEN),
])  # fmt: skip
def test_suppressed_and_unknown_are_told_apart(colours):
    _, found = unpack(payload(Scene(frame(["a", "b", "c", "d"]), colours=colours)))
    assert found["colour_status"].tolist() == [KNOWN, UNKNOWN, UNKNOWN, SUPPRESSED]


def test_a_suppressed_value_does_not_travel():
    hidden = Colours.by_share("Share", {"0-0000": 0.25, "0-0001": 0.75}, suppressed=frozenset({"0-0001"}))
    header, found = unpack(payload(Scene(frame(["a", "b"]), colours=hidden)))
    assert found["colour_value"].tolist() == [0.25, 0.0]
    assert header["colours"]["domain"] == [0.0, 0.25]


def test_clusters_without_a_place_and_a_single_one_have_an_extent():
    nowhere = frame(["a", "b"]).assign(x=None, y=None).astype({"x": float, "y": float})
    assert unpack(payload(Scene(nowhere)))[0]["extent"] == [0.0, 0.0, 1.0, 1.0]
    left, bottom, right, top = unpack(payload(Scene(frame(["one"]))))[0]["extent"]
    assert right > left
    assert top > bottom


def test_density_that_is_not_sound_is_left_out():
    grid = pd.DataFrame({
        "x": [0.0, 1.0, np.nan, 3.0], "y": [0.0] * 4, "size": [1.0, 0.0, 1.0, 2.0], "conversations": [20, 20, 20, 30],
    })  # fmt: skip
    _, found = unpack(payload(Scene(frame(["a"]), grid)))
    assert found["density_x"].tolist() == [0.0, 3.0]
    assert found["density_n"].tolist() == [20.0, 30.0]


@given(st.lists(st.tuples(st.floats(-1e3, 1e3, width=32), st.floats(-1e3, 1e3, width=32)), min_size=2, max_size=30))
def test_points_come_back_within_a_step(places):
    xs, ys = np.array(places, dtype=np.float32).T
    header, found = unpack(payload(Scene(frame(["a"]), points=Points.of(xs, ys, ["0-0000"] * len(xs)))))
    left, bottom, right, top = header["point_extent"]
    for steps, values, low, high in (
        (found["point_x"], xs, left, right),
        (found["point_y"], ys, bottom, top),
    ):
        back = low + steps / 65535.0 * (high - low)
        assert np.abs(back - values).max() <= (high - low) / 65535.0 + 1e-3
    assert set(found["point_cluster"].tolist()) == {0}


def test_points_carry_positions_and_codes_and_nothing_else():
    points = Points.of([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], ["0-0001", None, "not here"])
    header, found = unpack(payload(Scene(frame(["a", "b"]), points=points)))
    assert found["point_cluster"].tolist() == [1, 0xFFFF, 0xFFFF]
    assert "not here" not in json.dumps(header)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=40))
def test_inside_agrees_with_the_square(places):
    xs, ys = np.array(places, dtype=np.float32).T
    square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    found = Points.of(xs, ys, [None] * len(xs)).inside(square)
    clear = (np.abs(np.abs(xs) - 1) > 1e-6) & (np.abs(np.abs(ys) - 1) > 1e-6)
    expected = (np.abs(xs) < 1) & (np.abs(ys) < 1)
    np.testing.assert_array_equal(found[clear], expected[clear])
