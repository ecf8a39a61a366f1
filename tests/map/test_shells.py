"""The three shells without a browser: what they send, and how what comes back is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.map.colours import CATEGORIES, Colours
from clio.map.event import MapEvent, View
from clio.map.payload import unpack
from clio.map.streamlit import _next_wish
from tests.map.test_payload import HOSTILE, frame

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
FIELDS = ("selected", "lasso", "polygon", "point", "view", "webgl", "sequence")


@given(st.dictionaries(st.sampled_from(FIELDS), json_like) | json_like)
def test_any_event_from_a_browser_is_read_without_a_fault(sent):
    event = MapEvent.read(sent, {"a"})
    assert event.selected in (None, "a")
    assert set(event.lasso) <= {"a"}
    assert event.sequence >= 0
    assert all(np.isfinite(p).all() and len(p) == 2 for p in event.polygon)


@given(st.text(max_size=40) | st.from_regex(r"[-0-9.e+]{1,9}(,[-0-9.e+]{1,9}){2}", fullmatch=True))
def test_any_view_from_an_address_is_read_without_a_fault(text):
    view = View.read(text)
    assert view is None or (np.isfinite([view.x, view.y, view.scale]).all() and view.scale > 0)


def test_a_view_is_read_as_the_script_writes_it():
    assert View.read("-1.25,0.0031,2.5") == View(-1.25, 0.0031, 2.5)
    assert View.read("1e-7,2,1") == View(1e-7, 2.0, 1.0)
    assert View.read(None) is View.read("") is View.read("1,2") is View.read("1,2,0") is None


def test_an_event_is_read_whole():
    sent = {"selected": "a", "lasso": ["a", "b", "c"], "polygon": [[0, 1], [1, 1.5]], "point": 4,
            "view": {"x": 1, "y": 2, "scale": 3}, "webgl": False, "sequence": 9}  # fmt: skip
    expected = MapEvent("a", ["a", "b"], [(0.0, 1.0), (1.0, 1.5)], 4, View(1.0, 2.0, 3.0), webgl=False, sequence=9)
    assert MapEvent.read(sent, {"a", "b"}) == expected


class Page:
    """A page that hands the map its selection, and a map that obeys as src/map.js does."""

    def __init__(self) -> None:
        self.wish: Any = None
        self.shown: str | None = None
        self.told: tuple[int, str | None] | None = None
        self.event = MapEvent()

    def run(self, selected: str | None) -> None:
        self.wish = _next_wish(self.wish, selected, self.event)
        told = (self.wish.number, self.wish.sent)
        if told != self.told:
            self.told, self.shown = told, self.wish.sent

    def click(self, cluster: str | None) -> None:
        self.shown = cluster
        self.event = MapEvent(selected=cluster, sequence=self.event.sequence + 1)


moves = st.lists(st.tuples(st.booleans(), st.sampled_from([None, "a", "b"])), max_size=12)


@given(moves)
def test_a_page_that_hands_back_the_selection_and_the_map_agree(steps):
    page, state = Page(), None
    page.run(state)
    for by_click, cluster in steps:
        if by_click:
            page.click(cluster)
            before, state = page.told, page.event.selected
            page.run(state)
            assert page.told == before, "a click that the page hands back sends nothing anew"
        else:
            state = cluster
            page.run(state)
        assert page.shown == state


@given(st.lists(st.sampled_from([None, "a", "b"]), max_size=6))
def test_a_page_that_never_asks_leaves_the_map_alone(clicks):
    page = Page()
    page.run(None)
    for cluster in clicks:
        page.click(cluster)
        page.run(None)
        assert page.shown == cluster


def test_areas_are_the_roots_and_names_that_repeat_are_told_apart():
    tops = frame(["Same", "Same"], level=1)
    clusters = pd.concat([frame(["x", "y", "z"]), tops], ignore_index=True)
    clusters["parent_id"] = ["1-0000", "1-0001", None, None, None]
    values = Colours.by_area(clusters).values
    assert values["0-0000"] == values["1-0000"] != values["1-0001"] == values["0-0001"]
    assert values["0-0002"] == "z"


@given(st.lists(st.sampled_from([f"kind {i}" for i in range(20)]), min_size=1, max_size=60))
def test_after_eleven_categories_comes_other(kinds):
    values = {f"c{i}": kind for i, kind in enumerate(kinds)}
    labels, other = Colours.by_category("t", values).labels(dict.fromkeys(values, 1.0))
    assert len(labels) <= CATEGORIES + 1
    assert (other == CATEGORIES) == (len(set(kinds)) > CATEGORIES)
    assert labels[0] in {kind for kind in kinds if kinds.count(kind) == max(map(kinds.count, kinds))}


def test_a_diverging_scale_reaches_as_far_both_ways():
    assert Colours.by_change("t", {"a": -0.1, "b": 0.4}).ends() == (-0.4, 0.4)


def test_the_stand_in_has_every_mark_once_and_escapes_names():
    pytest.importorskip("plotly", reason="needs plotly (extra app)")
    from clio.map.fallback import fallback_figure

    clusters = pd.concat([frame([*HOSTILE, "<b>bold</b>"]), frame(["top"], level=1)], ignore_index=True)
    clusters["parent_id"] = ["1-0000"] * (len(clusters) - 1) + [None]
    grid = pd.DataFrame({"x": [0.0], "y": [0.0], "size": [1.0], "conversations": [30]})
    hidden = frozenset({"0-0001"})
    for colours in (
        None,
        Colours.plain(),
        Colours.by_share("Share", {"0-0000": 0.5}, suppressed=hidden),
        Colours.by_category("Kind", {"0-0000": "<i>x</i>"}, suppressed=hidden),
    ):
        made = fallback_figure(clusters, grid, colours=colours, selected="0-0000", highlighted=["0-0000"])
        ids = [row[0] for trace in made.data for row in trace.customdata]
        assert sorted(ids) == sorted(clusters["cluster_id"][:-1])
        assert len(made.layout.shapes) == 1
        text = str([*(t for trace in made.data for t in trace.hovertext), *(t.name for t in made.data)])
        assert "<b>" not in text
        assert "<i>" not in text
        assert "<img" not in text


def test_the_widget_sends_a_payload_and_reads_events():
    pytest.importorskip("anywidget", reason="needs anywidget (extra notebook)")
    from clio.map.widget import map_widget

    widget = map_widget(frame(["a", "b"]), colours=Colours.plain(), selected="0-0001")
    first = unpack(widget.payload)[0]
    assert first["selected"] == widget.selected == "0-0001"
    widget.sent = {"selected": "0-0000", "lasso": ["0-0001", "not here"], "sequence": 1}
    assert widget.selected == "0-0000"
    assert widget.lasso == ["0-0001"]
    widget.selected = "0-0001"
    again = unpack(widget.payload)[0]
    assert (again["selected"], again["wish"]) == ("0-0001", first["wish"] + 1)
    widget.highlighted = ["0-0000"]
    assert unpack(widget.payload)[1]["highlight"].tolist() == [1, 0]
