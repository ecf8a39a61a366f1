"""Released text on a page: shown, never obeyed."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.explore.safe import html, md, percent, plain
from clio.exports.cells import csv_bytes
from tests.released import HOSTILE


@given(st.text(max_size=200))
def test_markdown_has_no_active_sign_left(text: str) -> None:
    shown = md(text)
    bare = re.sub(r"\\[\\`*_{}\[\]()#+\-.!|~$<>&:^=\"']", "", shown)
    assert not re.search(r"[\\`*_\[\]()<>$#!&|~^]", bare)
    assert "\n" not in shown
    assert not re.search(r":(?=\S)", shown.replace("\\:", ":").replace("\N{WORD JOINER}", " "))


@pytest.mark.parametrize("text", HOSTILE)
def test_addresses_and_icons_are_broken_up(text: str) -> None:
    shown = md(text).replace("\\", "")
    assert not re.search(r"https?://|www\.|:[a-z_/]+:|:red\[", shown)
    assert len(plain(text)) <= 600


@given(st.text(max_size=200))
def test_html_is_text(text: str) -> None:
    assert not re.search(r"[<>\"']", html(text))


def test_right_to_left_marks_are_gone() -> None:
    assert plain("\u202eabc\u202c") == "abc"


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_no_cell_is_a_formula(texts: list[str]) -> None:
    import csv
    import io

    raw = csv_bytes(pd.DataFrame({"=name": texts, "n": range(len(texts)), "terms": [[t, t] for t in texts]}))
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(rows) == len(texts) + 1
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_negative_numbers_stay_numbers() -> None:
    assert csv_bytes(pd.DataFrame({"n": [-1.5]}), bom=False) == b"n\n-1.5\n"


def test_a_tiny_share_is_not_none() -> None:
    assert percent(0.0) == "0.0%"
    assert percent(0.0002) == "under 0.1%"
    assert percent(0.1234) == "12.3%"
