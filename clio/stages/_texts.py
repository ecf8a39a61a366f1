"""The texts that are clustered: answers of the one facet that the config clusters on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.runs.context import Context
from clio.stages._people import people


@dataclass(frozen=True, slots=True)
class Texts:
    """Conversations that have a text to cluster on, in the order of the ``conversations`` table.

    The n-th text is the n-th row of the vectors.
    """

    facet: Facet
    conversation_id: tuple[str, ...]
    texts: tuple[str, ...]
    account: NDArray[np.int64]
    """Account numbers, 0 to the number of accounts - 1, in order of first appearance. Accounts that post the same text
    count as one (:mod:`clio.stages._people`)."""
    language: tuple[str, ...]
    """ISO 639-1 codes where a facet that computes the language is asked for and could tell, else an empty text."""


def read_texts(config: RunConfig, context: Context) -> Texts:
    """Read them from the workspace."""
    from clio.prompts.facets import resolve

    facets = resolve(config.facets)
    facet = next(facet for facet in facets if facet.cluster)
    languages = [f.name for f in facets if f.kind == "computed" and (f.compute or f.name) == "language"]
    answers = context.read("facets")
    answered = answers.filter(pc.equal(answers.column("status"), "answered"))
    mine = answered.filter(pc.equal(answered.column("facet"), facet.name))
    ids = tuple(mine.column("conversation_id").to_pylist())
    spoken = answered.filter(pc.equal(answered.column("facet"), languages[0] if languages else ""))
    language = dict(zip(spoken.column("conversation_id").to_pylist(), spoken.column("value").to_pylist(), strict=True))
    return Texts(
        facet=facet,
        conversation_id=ids,
        texts=tuple(mine.column("value").to_pylist()),
        account=_numbered(people(context), ids),
        language=tuple(language.get(name, "") for name in ids),
    )


def _numbered(account: Mapping[str, int], ids: tuple[str, ...]) -> NDArray[np.int64]:
    codes: dict[int, int] = {}
    return np.array([codes.setdefault(account[name], len(codes)) for name in ids], dtype=np.int64)
