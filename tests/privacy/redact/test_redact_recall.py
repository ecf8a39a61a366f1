"""Floors on public annotated data: a change that loses recall or flags plain prose is seen here."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor

REDACTOR = Redactor(RedactConfig(), model=False)
FLOORS = {
    "EMAIL_ADDRESS": 1.0,
    "CREDIT_CARD": 0.99,
    "IBAN_CODE": 1.0,
    "IP_ADDRESS": 1.0,
    "US_SSN": 1.0,
    "PHONE_NUMBER": 0.97,
}


def test_identifiers_of_the_synthetic_set_are_covered(shared_data: Path) -> None:
    marked: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with gzip.open(shared_data / "pii_presidio_synth_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            marks = [m for m in row["metadata"]["pii_spans"] if m["type"] in FLOORS]
            if not marks:
                continue
            text = row["messages"][0]["content"]
            spans = REDACTOR.scan(text, names=False)
            for mark in marks:
                places = [i for i in range(mark["start"], mark["end"]) if text[i].isalnum()]
                marked[mark["type"]] += 1
                found[mark["type"]] += all(any(s.start <= i < s.end for s in spans) for i in places)
    short = {kind: found[kind] / marked[kind] for kind, floor in FLOORS.items() if found[kind] / marked[kind] < floor}
    assert not short


def test_plain_prose_is_left_alone(shared_data: Path) -> None:
    with gzip.open(shared_data / "intent_clinc150_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["messages"][0]["content"] for number, line in enumerate(lines) if number % 6 == 0]
    flagged = sum(bool(spans) for spans in REDACTOR.scan_many(texts, names=False))
    if flagged > len(texts) * 0.002:
        pytest.fail(f"{flagged} of {len(texts)} prose lines hold what rules take for an identifier")
