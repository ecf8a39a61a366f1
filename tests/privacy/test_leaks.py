from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config import load_config
from clio.privacy.leaks import Gauge, broad, leak_rates
from clio.privacy.redact import Redactor

REDACTOR = Redactor(load_config({"redact": {"names": "off"}}).redact)


@pytest.mark.parametrize(
    "text",
    [
        "write to anna.schmidt@example.org", "ANNA(at)x then a@b.cd", "ring 0171 234 56 78", "at +49 (171) 2345678",
        "see https://example.org/a?token=b", "www.example.org", "ask @anna_s about it", "4111-1111-1111-1111",
        "born 1980/12/24, no. 123", "ftp://host/x",
    ],
)  # fmt: skip
def test_what_looks_like_an_identifier_is_seen(text: str) -> None:
    assert broad([text]) == [True]


@pytest.mark.parametrize(
    "text",
    ["", "how to bake bread", "in 2024 there were 12 of 350", "[EMAIL] and [PHONE] and [URL]", "a @ b", "1 2 3 4 5 6"],
)
def test_plain_text_is_not(text: str) -> None:
    assert broad([text]) == [False]


@given(st.text())
def test_what_is_redacted_is_seen_no_more(text: str) -> None:
    (redacted,) = REDACTOR.redact_many([f"{text} anna.schmidt@example.org"], names=False)
    before, after = broad([f"{text} anna.schmidt@example.org", redacted.text or ""])
    assert before
    assert after <= before


def test_the_same_conversations_are_measured_whatever_the_batch() -> None:
    names = [f"c{n}" for n in range(2000)]
    gauge = Gauge(REDACTOR, 0.1)
    chosen = [name for name in names if gauge.measures(name)]
    assert 140 < len(chosen) < 260
    assert chosen == [name for name in names if Gauge(REDACTOR, 0.1).measures(name)]
    assert set(chosen) <= {name for name in names if Gauge(REDACTOR, 0.5).measures(name)}
    assert all(Gauge(REDACTOR, 1.0).measures(name) for name in names)
    assert not any(Gauge(REDACTOR, 0.0).measures(name) for name in names)


def test_texts_and_findings_are_counted() -> None:
    found = Gauge(REDACTOR).look("raw", ["mail me@example.org", "bread", "  "])
    assert found == Counter({"raw: texts": 2, "raw: broad": 1})


counts = st.integers(0, 60)


@given(texts=counts, found=counts, least=st.integers(1, 20))
def test_no_rate_is_told_of_few(texts: int, found: int, least: int) -> None:
    found = min(found, texts)
    rows = leak_rates({"raw: texts": texts, "raw: broad": found}, {"raw": ("first",)}, least)
    if texts < least:
        assert rows == []
        return
    (row,) = rows
    told = row["share"] * texts  # type: ignore[operator]
    assert row["at_most"] == (0 < found < least)
    assert told == pytest.approx(least if row["at_most"] else found)
    assert not row["also_filtered"]
