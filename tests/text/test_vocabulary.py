"""The public vocabulary: encoded once in a run, whichever stages of it are run, and not before it is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from clio.models.protocol import Vectors
from clio.text.vocabulary import Vocabulary, labels
from tests.fakes import HashingEncoder, corpus
from tests.quick import quick_run

TEXTS = {f"{label.name}: {label.about}" for label in labels()}


class Counting(HashingEncoder):
    """Remembers how often it was given each text of the vocabulary."""

    def __init__(self) -> None:
        super().__init__()
        self.given: Counter[str] = Counter()

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.given.update(text for text in texts if text in TEXTS)
        return super().encode(texts)

    def taken(self) -> set[int]:
        """How often each text of the vocabulary was given since the last look; one number where all agree."""
        times = {self.given[text] for text in TEXTS}
        self.given.clear()
        return times


def test_a_run_encodes_the_vocabulary_once(tmp_path: Path) -> None:
    encoder, records = Counting(), corpus(60)
    quick_run(records, tmp_path / "run", encoder=encoder)
    assert encoder.taken() == {1}
    quick_run(records, tmp_path / "run", encoder=encoder)
    assert encoder.taken() == {0}


@pytest.mark.parametrize(("stage", "times"), [("describe", 1), ("arrange", 1), ("publish", 0)])
def test_a_run_that_goes_on_encodes_it_at_most_once(tmp_path: Path, stage: str, times: int) -> None:
    encoder, records = Counting(), corpus(60)
    quick_run(records, tmp_path / "run", encoder=encoder)
    encoder.taken()
    quick_run(records, tmp_path / "run", encoder=encoder, force=[stage])
    assert encoder.taken() == {times}


def test_a_vocabulary_encodes_at_its_first_use_and_never_again() -> None:
    encoder = Counting()
    vocabulary, rows = Vocabulary(encoder), np.eye(3, encoder.dimensions, dtype=np.float32)
    assert (vocabulary.propose(rows[:0], [], broad=False), vocabulary.supported(rows[:0], 1)) == ([], frozenset())
    assert encoder.taken() == {0}
    first = vocabulary.propose(rows, [1.0, 2.0, 3.0], broad=True)
    vocabulary.supported(rows, 1)
    vocabulary.domain(rows, 1)
    assert vocabulary.propose(rows, [1.0, 2.0, 3.0], broad=True) == first
    assert encoder.taken() == {1}
