"""Vectors of whole conversations: how the user opened and what the assistant answered, in equal parts.

Made while the redacted text is in memory and kept as vectors only. Of what was measured without a capable model
(``benchmarks/clustering_input.py``, docs/embedded.md) this made the best clusters wherever there are answers;
where there are none it is the opening alone, which was as good as anything there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import numpy as np

from clio.models.extractive import opening
from clio.models.protocol import Encoder, Transcript, Vectors

CHARACTERS = 2_000
"""Of the answers that the encoder is given: more than sentence-embedding models of 256 to 512 tokens read."""
SHRINK = 10.0
"""Conversations that count as much as the evidence of one language's mean: a language of two or three conversations is
hardly moved."""


def conversation_vectors(transcripts: Sequence[Transcript], encoder: Encoder) -> dict[str, Vectors]:
    """One vector of length 1 per conversation: the normalised sum of both sides' vectors."""
    shown = [t for t in transcripts if t.user_text.strip()]
    texts = opening(shown) + [t.assistant_text[:CHARACTERS] for t in shown]
    if not shown:
        return {}
    vectors = encoder.encode(texts)
    told = np.array([bool(t.assistant_text.strip()) for t in shown])
    both = vectors[: len(shown)] + np.where(told[:, None], vectors[len(shown) :], 0)
    return dict(zip((t.conversation_id for t in shown), _unit(both), strict=True))


def pack(vectors: Mapping[str, Vectors]) -> dict[str, str]:
    """As base64 of half-precision numbers: 1 kB for 384 dimensions."""
    return {name: base64.b64encode(vector.astype("<f2").tobytes()).decode() for name, vector in vectors.items()}


def unpack(packed: Mapping[str, str]) -> dict[str, Vectors]:
    """The vectors again, float32."""
    return {
        name: np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32) for name, text in packed.items()
    }


def without_language(vectors: Vectors, languages: Sequence[str]) -> Vectors:
    """Move every language's mean (almost) to the mean of all, then to length 1 again.

    An encoder for one language sees of the others mostly which they are; without that, their topics show. ``languages``
    has one code per row, empty where unknown (left as it is).
    """
    moved = np.array(vectors, dtype=np.float32)
    if not len(moved):
        return moved
    middle = moved.mean(axis=0, dtype=np.float64)
    codes = np.asarray(languages, dtype=str)
    for code in np.unique(codes[codes != ""]):
        rows = np.flatnonzero(codes == code)
        gap = moved[rows].mean(axis=0, dtype=np.float64) - middle
        moved[rows] -= (gap * len(rows) / (len(rows) + SHRINK)).astype(np.float32)
    return _unit(moved)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: Vectors = (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return unit
