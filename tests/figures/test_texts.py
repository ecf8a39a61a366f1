"""Fixed text of figures: in another language none of the English is left, whatever is drawn."""

import json
import string
from xml.etree import ElementTree

import pytest

from clio.figures.texts import ENGLISH, ENGLISH_TEXTS
from clio.report._german_figures import GERMAN_FIGURES, GERMAN_TEXTS
from tests.figures.fixed import left, pieces, shown_in
from tests.figures.test_figures import everything, made, none_of, printed

pytest.importorskip("plotly", reason="plotly is not installed (extra app)")
made = made


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_its_german_with_the_same_places():
    assert set(GERMAN_TEXTS) == set(ENGLISH_TEXTS)
    for key, text in ENGLISH_TEXTS.items():
        assert places(GERMAN_TEXTS[key]) == places(text), key
        assert GERMAN_TEXTS[key] != text or not pieces({"": text}), key


@pytest.mark.parametrize("hidden", [False, True])
def test_no_english_is_left_in_german_figures(made, hidden):
    release = none_of(made) if hidden else made
    for name, draw in everything(release, words=GERMAN_FIGURES).items():
        found = draw()
        told = [*shown_in(json.loads(found.figure.to_json())), found.alt, found.title, found.note]
        assert left(told, ENGLISH_TEXTS, GERMAN_TEXTS) == set(), name


@pytest.mark.parametrize("hidden", [False, True])
def test_no_english_is_left_in_german_drawings(made, hidden):
    pytest.importorskip("vl_convert", reason="vl-convert is not installed (extra report)")
    release = none_of(made) if hidden else made
    for name, draw in printed(release, words=GERMAN_FIGURES).items():
        found = draw()
        # What the renderer says to screen readers is English; reports take it out (clio.report.svg) and tell `alt`.
        told = [element.text for element in ElementTree.fromstring(found.figure).iter() if element.text]
        assert left([*told, found.alt], ENGLISH_TEXTS, GERMAN_TEXTS) == set(), name


def test_what_looks_for_english_finds_it(made):
    found = everything(made)["trend"]()
    assert "Share of the week" in left(shown_in(json.loads(found.figure.to_json())), ENGLISH_TEXTS, GERMAN_TEXTS)


def test_numbers_dates_and_values_are_written_as_readers_do():
    assert (ENGLISH.number(1234), GERMAN_FIGURES.number(1234)) == ("1,234", "1.234")
    assert (ENGLISH.percent(0.095), GERMAN_FIGURES.percent(0.095)) == ("9.5 %", "9,5 %")
    assert GERMAN_FIGURES.between(0.095, 0.15) == "9,5 bis 15 %"
    assert GERMAN_FIGURES.times(1.84) == "1,8-mal"
    assert [GERMAN_FIGURES.value(v) for v in ("Monday", "1,000 to 9,999", "65 and more", "n/a", "es")] == [
        "Montag", "1.000 bis 9.999", "65 und mehr", "keine Angabe", "es",
    ]  # fmt: skip


def test_braces_in_names_are_not_places():
    assert ENGLISH("tree_alt", n=1, name="{0.__class__} {x}", names="") == (
        "Tree of 1 clusters below {0.__class__} {x}. Largest: ."
    )
