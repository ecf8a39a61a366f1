"""Search over names, summaries and distinctive terms: by words, and by meaning with the run's own embedding model."""

from __future__ import annotations

import bisect
import re
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clio.errors import ClioError
from clio.models.protocol import Encoder, Vectors

if TYPE_CHECKING:
    from clio.explore.release import Release

WEIGHTS = {"name": 4.0, "terms": 2.0, "summary": 1.0}
"""What a word counts for where it stands. Chosen by hand: a name is the shortest and most telling text."""
LEAST_SIMILARITY = 0.25
"""Cosine below which a cluster is not said to be near in meaning; sentence encoders give unrelated texts about 0.1."""
Vector = NDArray[np.float32]
MOST = 100_000
"""Clusters that a search gives; a release has thousands at most."""
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Hit:
    """One cluster that matches."""

    cluster_id: str
    score: float
    where: str
    """In which text the words stand, or ``meaning``."""


def fold(text: str) -> str:
    """Lower case, without accents: what people type is compared so."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


class WordIndex:
    """Which clusters hold which words. Words match from their beginning, every one of them must be found."""

    def __init__(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._ids = list(rows)
        postings: dict[str, dict[int, float]] = {}
        where: dict[tuple[str, int], str] = {}
        for number, row in enumerate(rows.values()):
            for field, weight in WEIGHTS.items():
                value = row.get(field)
                text = " ".join(map(str, value)) if field == "terms" and value is not None else str(value or "")
                for word in set(_WORD.findall(fold(text))):
                    found = postings.setdefault(word, {})
                    if weight > found.get(number, 0.0):
                        found[number] = weight
                        where[word, number] = field
        self._words = sorted(postings)
        self._postings, self._where = postings, where
        self._size = [int(row.get("conversations") or 0) for row in rows.values()]

    def search(self, query: str, most: int = MOST) -> list[Hit]:
        """Best first; between equals the larger cluster."""
        wanted = list(dict.fromkeys(_WORD.findall(fold(query))))
        if not wanted:
            return []
        total: dict[int, float] = {}
        places: dict[int, set[str]] = {}
        for place, prefix in enumerate(wanted):
            best: dict[int, tuple[float, str]] = {}
            first = bisect.bisect_left(self._words, prefix)
            for word in self._words[first:]:
                if not word.startswith(prefix):
                    break
                whole = 1.5 if word == prefix else 1.0
                for number, weight in self._postings[word].items():
                    if weight * whole > best.get(number, (0.0, ""))[0]:
                        best[number] = (weight * whole, self._where[word, number])
            kept = best.keys() if place == 0 else best.keys() & total.keys()
            total = {number: total.get(number, 0.0) + best[number][0] for number in kept}
            places = {number: places.get(number, set()) | {best[number][1]} for number in kept}
            if not total:
                return []
        order = sorted(total, key=lambda number: (-total[number], -self._size[number], self._ids[number]))
        return [
            Hit(self._ids[number], total[number], " and ".join(p for p in WEIGHTS if p in places[number]))
            for number in order[:most]
        ]


class Meanings:
    """Vectors by text, in memory: after an edit only texts that are new are encoded."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vector] = {}
        self._lock = threading.Lock()

    def index(self, rows: Mapping[str, Mapping[str, Any]]) -> MeaningIndex:
        """An index of these clusters; the texts of no others are kept."""
        texts = [_text(row) for row in rows.values()]
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._known]
            made = dict(zip(new, self._encoder.encode(new), strict=True)) if new else {}
            self._known = {text: made[text] if text in made else self._known[text] for text in texts}
            vectors = np.stack([self._known[text] for text in texts]) if texts else np.zeros((0, 0), np.float32)
        return MeaningIndex(list(rows), vectors, self._encoder)


class MeaningIndex:
    """Clusters by vectors of their own released words; :class:`Meanings` makes it."""

    def __init__(self, ids: Sequence[str], vectors: Vectors, encoder: Encoder) -> None:
        self._ids, self._vectors, self._encoder = ids, vectors, encoder

    def search(self, query: str, most: int = MOST, least: float = LEAST_SIMILARITY) -> list[Hit]:
        """Nearest first, none below ``least``."""
        if not query.strip() or not self._ids:
            return []
        near = self._vectors @ self._encoder.encode([query])[0]
        order = np.argsort(-near, kind="stable")[:most]
        return [Hit(self._ids[n], float(near[n]), "meaning") for n in order if near[n] >= least]


def _text(row: Mapping[str, Any]) -> str:
    terms = row.get("terms")
    listed = ", ".join(map(str, terms)) if terms is not None else ""
    return f"{row.get('name', '')}. {row.get('summary', '')} {listed}".strip()


def joined(by_words: Sequence[Hit], by_meaning: Sequence[Hit]) -> list[Hit]:
    """Words first, then what is only near in meaning."""
    known = {hit.cluster_id for hit in by_words}
    return [*by_words, *(hit for hit in by_meaning if hit.cluster_id not in known)]


def encoder_of(release: Release) -> Encoder | str:
    """The run's own embedding model, or in one sentence why search by meaning is not to be had.

    Only weights that lie on this machine are used: nothing is fetched, and no other model stands in.
    """
    said = str(release.about.get("encoder") or "")
    if not said:
        return "The release does not tell which embedding model made it."
    name, _, precision = said.rpartition("/") if "/" in said else (said, "", "")
    from clio.models import weights

    absent = "Its embedding model is not on this machine, so search goes by words only."
    model = name
    if name not in weights.KNOWN:
        configured = ((release.private or {}).get("config") or {}).get("encoder") or {}
        model = str(configured.get("model") or "")
        if not _is_folder(model):
            return absent
    try:
        from clio.config.models import EncoderConfig
        from clio.models.encoder import SentenceEncoder

        given = precision if precision in ("float32", "bfloat16") else "auto"
        encoder = SentenceEncoder(EncoderConfig.model_validate({"model": model, "precision": given}))
    except (ClioError, ValueError):
        known = name in weights.KNOWN
        return f"Search by meaning needs the run's embedding model: clio models pull {name}" if known else absent
    return encoder if encoder.id == said else absent


def _is_folder(model: str) -> bool:
    from pathlib import Path

    return bool(model) and Path(model).expanduser().is_dir()
