from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import clio.report
from clio.report import _print
from clio.report._grounds import _DETECTORS, _STAGES
from clio.report.words import TEXTS, WRITERS, Words, fixed_texts


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_every_text_with_the_same_places() -> None:
    english = TEXTS["en"]
    for language, texts in TEXTS.items():
        assert set(texts) == set(english), language
        assert {key: places(text) for key, text in texts.items()} == {key: places(t) for key, t in english.items()}
        assert all(text.strip() for text in texts.values())


def test_german_is_not_english() -> None:
    same = {key for key, text in TEXTS["de"].items() if text == TEXTS["en"][key]}
    assert same <= {"c_name", "node", "p_breakdown"}


def test_what_writers_write_is_known_to_the_last_look() -> None:
    for texts in _print._WORDS.values():
        assert set(texts) <= set(WRITERS)
        assert set(texts.values()) <= set(fixed_texts())


def test_what_writers_need_is_there() -> None:
    assert set(WRITERS) <= set(TEXTS["en"])
    assert set(Words("de").for_writers()) == set(WRITERS)


@pytest.mark.parametrize(("language", "count", "share", "span"), [
    ("en", "1,234", "9.5 %", "9.5 to 15 %"),
    ("de", "1.234", "9,5 %", "9,5 bis 15 %"),
])  # fmt: skip
def test_numbers_are_written_as_readers_do(language: str, count: str, share: str, span: str) -> None:
    words = Words(language)  # type: ignore[arg-type]
    assert words.count(1234) == count
    assert words.share(0.095) == share
    assert words.interval(0.095, 0.15) == span


def test_what_is_not_there_is_never_a_number() -> None:
    words = Words("en")
    hidden = float("nan")
    assert {words.count(None), words.count(hidden), words.share(None), words.share(hidden), words.ratio(hidden)} == {
        "not shown"
    }
    assert words.interval(hidden, 1) == words.ratios(hidden, 1) == ""


def test_braces_in_a_name_are_not_places() -> None:
    assert Words("en")("p_trend", name="{0.__class__} {x}") == "Weeks of “{0.__class__} {x}”"


def test_every_text_is_used() -> None:
    """By its key, or as one of a kind that is put together from a word of the release (``stage_raw``)."""
    home = Path(clio.report.__path__[0])
    sources = [path for path in home.glob("*.py") if path.name not in ("_english.py", "_german.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in sources).replace("'", '"')
    begins = tuple(re.findall(r'f"([a-z]+_)\{', code))
    ends = tuple(re.findall(r'f"\{[a-z]+\}(_[a-z]+)"', code))
    known = {f"{kind}_{word}" for kind in ("stage", "detector") for word in (*_STAGES, *_DETECTORS)}
    whole = {key for key in TEXTS["en"] if f'"{key}"' in code}
    unused = {key for key in set(TEXTS["en"]) - whole - known if not key.startswith(begins) and not key.endswith(ends)}
    assert unused == set()


@pytest.mark.parametrize(("language", "told"), [("en", "0.85"), ("de", "0,85")])
def test_steps_of_a_twentieth_keep_both_places(language: str, told: str) -> None:
    assert Words(language).hundredths(0.85) == told  # type: ignore[arg-type]
