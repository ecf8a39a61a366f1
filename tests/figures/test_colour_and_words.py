import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.figures import colour, hover, label
from clio.figures.words import HOVER, card, cut
from clio.measures.shares import clean
from clio.privacy.wall import clean_text

THEMES = ("light", "dark")
# Machado, Oliveira and Fernandes (2009), severity 1, on linear sRGB: protanopia, deuteranopia, tritanopia.
BLIND = (
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
)


@pytest.mark.parametrize("theme", THEMES)
def test_marks_and_texts_stand_out_from_their_background(theme):
    c = colour.colours(theme)
    for shade in (*c.palette, c.over, c.under, c.unknown):
        assert colour.contrast(shade, c.background) >= 3
    for shade in (c.ink, c.soft):
        assert colour.contrast(shade, c.background) >= 4.5
    assert colour.contrast(c.unknown, c.veil) >= 2.5


@pytest.mark.parametrize("theme", THEMES)
def test_twelve_colours_are_told_apart_by_colour_blind_eyes_too(theme):
    shades = np.array([colour.linear(shade) for shade in colour.palette(theme)])
    assert len(shades) >= 12
    for matrix in (np.eye(3), *map(np.array, BLIND)):
        seen = colour.oklab(np.clip(shades @ matrix.T, 0, 1))
        nearest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
        assert nearest > 0.05  # in OKLab; 0.02 is about what is just noticed


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["sequential", "diverging"])
def test_scales_take_even_steps(theme, name):
    steps = np.array([colour.oklab(colour.linear(shade)) for shade in getattr(colour, name)(theme)])
    length = np.linalg.norm(np.diff(steps, axis=0), axis=1)
    half = len(length) // 2
    for part in (length,) if name == "sequential" else (length[:half], length[half:]):
        assert part.max() / part.min() < 1.35
    light = steps[:, 0] if name == "sequential" else steps[: half + 1, 0]
    assert (np.diff(light) > 0).all() or (np.diff(light) < 0).all()


def test_contrast_is_that_of_wcag():
    assert colour.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colour.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@given(st.text(max_size=400), st.integers(2, 60))
def test_a_label_is_short_and_holds_no_markup(text, length):
    plain = cut(text, length)
    assert len(plain) <= length
    assert not any(c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b\n\r\x1b" for c in plain)
    shown = label(text, length)
    assert not set("<>$\"'") & set(shown)


def test_hostile_names_are_shown_as_they_are_written():
    assert label("<b>bold</b> &lt; $x$") == "&lt;b&gt;bold&lt;/b&gt; &amp;lt; &#36;x&#36;"
    assert label("a\u202eb\x1b[31m") == "ab [31m"
    assert cut("x" * 10_000) == "x" * 39 + "…"
    assert "<img" not in hover('<img src="https://example.org/x.png" onerror=alert(1)>')


def test_a_hover_box_is_cut_and_broken_only_by_us():
    box = card("name", "word " * 500)
    assert box.startswith("<b>name</b><br>")
    assert sum(len(line) + 1 for line in box.split("<br>")[1:]) <= HOVER + 1
    assert all(len(line) <= 50 for line in box.split("<br>")[1:])


@given(st.text(max_size=60))
def test_the_quick_way_of_cleaning_is_the_long_one(text):
    assert clean(text) == clean_text(text)
    assert clean(f"a {text}") == clean_text(f"a {text}")
