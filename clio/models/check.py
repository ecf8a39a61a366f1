"""Whether what a model wrote may count: well-formed, no echo, no repetition, and about what the user said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from clio.models.protocol import Encoder

LONGEST = 600
"""Characters. Two sentences of a summary are under 400."""
PIECE = 800
"""Characters of the user's words that a text is compared with at once: what a sentence-embedding model reads whole."""
PIECES = 4
"""Pieces compared per source (the first ones and the last); the nearest counts."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_PLACEHOLDER = re.compile(r"[\[<{(]\s?[A-Z][A-Z0-9_ ]{1,40}\s?[\]>})]")
_ECHO = re.compile(
    r"^\W*(?:message|requests?|the user asked for|name|summary|conversation|assistant|user|human)\s*:"
    r"|the user asked for|</?conversation|</?task|<\|im_|as an ai language model|json schema",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]")


def check(texts: Sequence[str], sources: Sequence[str], encoder: Encoder, groundedness: float) -> list[str]:
    """Per text "" where it is acceptable, else why not, in one of these words:

    ``malformed``, ``too long``, ``placeholder only``, ``echo of the prompt``, ``repetition``, ``not grounded``.

    ``sources`` holds what the user said, text for text; ``groundedness`` is the least cosine similarity (-1 to 1)
    between the two. A text with no source is not grounded.
    """
    faults = [form_fault(text) for text in texts]
    rows = [row for row, fault in enumerate(faults) if not fault]
    if rows:
        near = similarity([texts[row] for row in rows], [sources[row] for row in rows], encoder)
        for row, cosine in zip(rows, near, strict=True):
            if not cosine >= groundedness:
                faults[row] = "not grounded"
    return faults


def similarity(texts: Sequence[str], sources: Sequence[str], encoder: Encoder) -> list[float]:
    """Cosine similarity of each text to its source (the nearest of the source's first pieces); -1 for none."""
    pieces = [_pieces(source) for source in sources]
    flat = [*texts, *(piece for some in pieces for piece in some)]
    vectors = encoder.encode(flat).astype(np.float64)
    found, start = [], len(texts)
    for row, some in enumerate(pieces):
        cosines = vectors[start : start + len(some)] @ vectors[row]
        start += len(some)
        # Rounded, so that the noise of float sums does not decide at the threshold.
        found.append(round(float(cosines.max()), 4) if len(some) else -1.0)
    return found


def form_fault(text: str) -> str:
    """What is wrong with a text by its form alone; "" where nothing is."""
    stripped = text.strip()
    if not stripped or _CONTROL.search(text) or not any(map(str.isalpha, stripped)):
        return "malformed"
    if len(stripped) > LONGEST:
        return "too long"
    bare = _PLACEHOLDER.sub(" ", stripped)
    words = [word.casefold() for word in _WORD.findall(bare)]
    if not any(map(str.isalpha, bare)):
        return "placeholder only"
    if _ECHO.search(stripped):
        return "echo of the prompt"
    if _repeats(words) or _unending(bare):
        return "repetition"
    letters = sum(map(str.isalpha, bare))
    if letters < 3 or letters < 0.5 * len("".join(bare.split())):
        return "malformed"
    return ""


def _pieces(source: str) -> list[str]:
    source = " ".join(source[: 2 * PIECE * PIECES].split() + source[2 * PIECE * PIECES :][-PIECE:].split())
    pieces = [source[start : start + PIECE] for start in range(0, len(source), PIECE)]
    return pieces if len(pieces) <= PIECES else [*pieces[: PIECES - 1], source[-PIECE:]]


def _repeats(words: Sequence[str]) -> bool:
    """One phrase over and over: few distinct words, or a run of three words met three times."""
    if len(words) >= 8 and len(set(words)) < 0.5 * len(words):
        return True
    if any(words[n] == words[n + 1] == words[n + 2] for n in range(len(words) - 2)):
        return True
    runs = Counter(zip(words, words[1:], words[2:], strict=False))
    return bool(runs) and max(runs.values()) >= 3


def _unending(text: str) -> bool:
    """The same for scripts without spaces: some sign string of 2 to 12 that is repeated four times on end."""
    return re.search(r"(\S{2,12}?)\1{3}", text) is not None
