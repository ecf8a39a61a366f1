"""Work grows with the length of a text and not with its square, whatever the text."""

from __future__ import annotations

import time

import pytest

from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor

REDACTOR = Redactor(RedactConfig(), model=False)

HOSTILE = (
    "a.", "1-", "@", "ab:", "a@", "1 ", "+1", "(1)", "A", "-----BEGIN PRIVATE KEY-----", "eyJ", "password=", "key ", "://",
    "http://a", "1.", "[at]", "a at b dot ", "0x", "中1", "\u200b", "Dear ", "my name is ", "John ", "12 Main ", "~",
    "\\Users\\", "/home/", "aB3", "one ", "é", "e\u0301", ": ", "AA", "a-", "@a ", "Mr ",
    "[NAME] a@b.co 12:30 4155550132 aB3dE5fG7hJ9kL1mN3pQ5rS7tU9 ",
)  # fmt: skip


def _seconds(text: str) -> float:
    best = 9e9
    for _ in range(2):
        began = time.process_time()
        REDACTOR.scan(text)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_length_and_not_with_its_square(unit: str) -> None:
    small, large = (_seconds(unit * (n // len(unit))) for n in (2_500, 10_000))
    # Four times the text: linear work takes 4 times as long, quadratic 16; below a quarter of a second all is noise.
    assert large < max(8 * small, 0.25)


@pytest.mark.parametrize("unit", ["a.", "1-", "@"])
def test_forty_thousand_hostile_characters_take_seconds_at_most(unit: str) -> None:
    small, large = (_seconds(unit * (n // len(unit))) for n in (10_000, 40_000))
    assert large < max(8 * small, 0.25)
    assert large < 5
