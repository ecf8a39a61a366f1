"""An encoder without weights: words in common make texts near. Good enough to tell near from far."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from clio.models.protocol import Transcript, Vectors


class WordEncoder:
    """Each word is a direction of its own (by its digest); a text is the sum of its words."""

    id = "words"
    dimensions = 256

    def __init__(self) -> None:
        self.seen = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen += len(texts)
        out = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.casefold()):
                digest = hashlib.sha256(word.encode("utf-8", "replace")).digest()
                out[row, digest[0]] += 1.0
            length = np.linalg.norm(out[row])
            out[row] = out[row] / length if length else np.eye(1, self.dimensions, dtype=np.float32)[0]
        return out


def transcript(text: str, name: str = "c") -> Transcript:
    return Transcript(name, f"User: {text}", text, 1.0)
