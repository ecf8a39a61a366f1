"""Chosen-value facets without a model that follows instructions: the option whose description is nearest in meaning.

Each option's description is cut at its semicolons into examples; a text is as near to an option as to the two nearest
of its examples, on average. This is coarse, and how coarse is measured in docs/embedded.md. Where nothing is near, the
answer is n/a.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clio.config.facets import Facet
from clio.models.protocol import Answer, Encoder, Vectors

FLOOR = 0.14
"""Least cosine similarity to the nearest option; below it the answer is n/a."""
TIE = 0.01
"""``category`` and ``boolean``: a lead over the next option below this is a guess, hence n/a."""
SEVERAL = 0.05
"""``multi``: options this close behind the nearest are taken too."""
SHARPNESS = 0.03
"""``scale``: how fast the weight of a step falls with its distance from the nearest step."""
CHARACTERS = 1_000
"""Of the user's words; what a sentence-embedding model reads."""
LABEL = "similarity"

Floats = NDArray[np.float64]


class Chooser:
    """Answers the chosen-value facets of many texts; examples are encoded once per facet."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._examples: dict[Facet, tuple[Vectors, NDArray[np.int64]]] = {}

    def answer(self, vectors: Vectors, facet: Facet) -> list[Answer]:
        """One answer per row of ``vectors`` (what users said, encoded by the same encoder)."""
        if facet.kind not in ("category", "multi", "scale", "boolean"):
            return [Answer("na", writer=LABEL, reason="needs a larger model")] * len(vectors)
        if not any(option.description for option in facet.options):
            return [Answer("na", writer=LABEL, reason="needs descriptions")] * len(vectors)
        scores = self._scores(vectors, facet)
        answers = {"category": _nearest, "multi": _several, "scale": _step, "boolean": _yes_or_no}[facet.kind]
        return [answers(row, facet) for row in scores]

    def _scores(self, vectors: Vectors, facet: Facet) -> Floats:
        """Shape (texts, options): mean similarity to the two nearest examples, rounded against float noise."""
        if facet not in self._examples:
            examples = [
                (n, text)
                for n, option in enumerate(facet.options)
                for text in examples_of(option.description or option.value)
            ]
            owners = np.array([n for n, _ in examples], dtype=np.int64)
            self._examples[facet] = (self._encoder.encode([text for _, text in examples]), owners)
        known, owners = self._examples[facet]
        near = vectors.astype(np.float64) @ known.T.astype(np.float64)
        best = np.stack([np.sort(near[:, owners == n])[:, -2:].mean(axis=1) for n in range(len(facet.options))], axis=1)
        return np.round(best, 3)


def examples_of(description: str) -> list[str]:
    """The parts of a description between semicolons."""
    return [part.strip() for part in description.split(";") if part.strip()] or [description.strip()]


def _nearest(scores: Floats, facet: Facet) -> Answer:
    order = np.argsort(-scores, kind="stable")
    if scores[order[0]] < FLOOR:
        return Answer("na", writer=LABEL, reason="nothing near")
    if scores[order[0]] - scores[order[1]] < TIE:
        return Answer("na", writer=LABEL, reason="too close to tell")
    return Answer("answered", facet.options[int(order[0])].value, LABEL)


def _several(scores: Floats, facet: Facet) -> Answer:
    top = scores.max()
    if top < FLOOR:
        return Answer("na", writer=LABEL, reason="nothing near")
    taken = sorted(
        option.value for option, score in zip(facet.options, scores, strict=True) if score >= max(FLOOR, top - SEVERAL)
    )
    return Answer("answered", taken, LABEL)


def _yes_or_no(scores: Floats, facet: Facet) -> Answer:
    answer = _nearest(scores, facet)
    if answer.status != "answered":
        return answer
    word = str(answer.value).casefold()
    if word not in ("yes", "no", "true", "false"):
        return Answer("na", writer=LABEL, reason="needs descriptions")
    return Answer("answered", word in ("yes", "true"), LABEL)


def _step(scores: Floats, facet: Facet) -> Answer:
    """The nearest step. Between two about equally near, the mean of steps weighed by nearness decides."""
    if scores.max() < FLOOR:
        return Answer("na", writer=LABEL, reason="nothing near")
    weights = np.exp((scores - scores.max()) / SHARPNESS)
    low = 1 if facet.minimum is None else int(facet.minimum)
    mean = float(weights @ np.arange(len(scores)) / weights.sum())
    return Answer("answered", low + int(np.floor(mean + 0.5)), LABEL)


def texts_for(user_texts: Sequence[str]) -> list[str]:
    """What is compared: the beginning of what the user said, white space normalised."""
    return [" ".join(text[: 4 * CHARACTERS].split())[:CHARACTERS] for text in user_texts]
