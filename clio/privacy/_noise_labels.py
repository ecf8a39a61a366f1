"""Answers as labels of cells, row by row: the same labels as in :mod:`clio.stages._cells`, looking at no other row.

(The counting there gathers values of few accounts under one label, which is a look at others.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.privacy.wall import MAX_LABEL, clean_text

Ints = NDArray[np.int64]
MISSING = ("n/a", "refused", "failed")
_DOUBLING = ((4, "3 to 4"), (8, "5 to 8"), (16, "9 to 16"), (32, "17 to 32"), (64, "33 to 64"))
_TENFOLD = (
    (0, "below 0"), (1, "0 to 1"), (10, "1 to 9"), (100, "10 to 99"), (1_000, "100 to 999"), (10_000, "1,000 to 9,999"),
)  # fmt: skip
_MOST_TENFOLD, _MOST_DOUBLING = "10,000 and more", "65 and more"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def fixed_values(facet: Facet) -> tuple[str, ...] | None:
    """Every label a facet can have, where that is known before any data are seen; None where the data decide."""
    what = (facet.compute or facet.name) if facet.kind == "computed" else facet.kind
    known: tuple[str, ...] | None = None
    if what in ("category", "multi"):
        known = tuple(clean_text(option.value) for option in facet.options)
    elif what == "scale":
        first = 1 if facet.minimum is None else int(facet.minimum)
        known = tuple(str(first + step) for step in range(facet.steps))
    elif what == "boolean":
        known = ("yes", "no")
    elif what in ("number", "characters"):
        known = (*(label for _, label in _TENFOLD), _MOST_TENFOLD)
    elif what == "turns":
        known = ("1", "2", *(label for _, label in _DOUBLING), _MOST_DOUBLING)
    elif what == "hour":
        known = tuple(f"{hour:02}" for hour in range(24))
    elif what == "time_of_day":
        known = tuple(f"{first:02} to {first + 5:02}" for first in range(0, 24, 6))
    elif what == "weekday":
        known = _DAYS
    elif what == "language":
        from lingua import Language

        known = tuple(sorted(language.iso_code_639_1.name.lower() for language in Language.all()))
    return None if known is None else tuple(dict.fromkeys((*known, *MISSING)))


def labelled(
    answers: pa.Table, facet: Facet, place: Mapping[str, int], known: Sequence[str] | None
) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Rows (by ``place``) and label numbers of the answers to one facet, and the labels by number.

    With ``known``, the labels are these and an answer outside them is left out.
    """
    mine = answers.filter(pc.equal(answers.column("facet"), facet.name))
    columns = (mine.column(name).to_pylist() for name in ("conversation_id", "status", "value"))
    cache: dict[tuple[str, str | None], tuple[str, ...]] = {}
    rows: list[int] = []
    found: list[str] = []
    for name, status, value in zip(*columns, strict=True):
        row = place.get(name)
        if row is None:
            continue
        labels = cache.get((status, value))
        if labels is None:
            labels = cache[status, value] = tuple(dict.fromkeys(map(_fit, label(facet, status, value))))
        rows += [row] * len(labels)
        found += labels
    return numbered(np.array(rows, dtype=np.int64), found, known)


def numbered(rows: Ints, found: Sequence[str], known: Sequence[str] | None) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Labels as numbers: those of ``known``, or of all that are found, in order."""
    labels = tuple(sorted(set(found))) if known is None else tuple(known)
    number = {name: n for n, name in enumerate(labels)}
    values = np.array([number.get(name, -1) for name in found], dtype=np.int64)
    return rows[values >= 0], values[values >= 0], labels


def label(facet: Facet, status: str, value: str | None) -> tuple[str, ...]:
    """The labels of one stored answer: one, or for ``multi`` one or more."""
    what = (facet.compute or facet.name) if facet.kind == "computed" else facet.kind
    if status != "answered" or value is None:
        return ({"na": "n/a", "answered": "failed"}.get(status, status),)
    if what == "multi":
        return _several(value)
    if what == "boolean":
        return ("yes" if value == "true" else "no",)
    if what in ("turns", "characters", "number"):
        return (_range(value, doubling=what == "turns"),)
    return (value.rjust(2, "0") if what == "hour" else value,)


def _several(value: str) -> tuple[str, ...]:
    try:
        listed = json.loads(value)
    except ValueError:
        return ("failed",)
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        return ("failed",)
    return tuple(listed) or ("n/a",)


def _range(value: str, *, doubling: bool) -> str:
    try:
        number = float(value)
    except ValueError:
        return "failed"
    if doubling:
        if number <= 2:
            return str(round(number))
        return next((name for most, name in _DOUBLING if number <= most), _MOST_DOUBLING)
    return next((name for below, name in _TENFOLD if number < below), _MOST_TENFOLD)


def _fit(value: str) -> str:
    clean = clean_text(value)
    return clean if len(clean) <= MAX_LABEL else ""
