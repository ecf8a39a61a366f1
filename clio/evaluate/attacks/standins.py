"""Fast models for attacks, exact on every machine. As writers they are the worst a rule has to reckon with.

:class:`Copying` writes names and summaries in the words of single members; :class:`Obedient` does what a conversation
tells it. Neither would be used by anybody: what the rules keep out of a release with these, no better model could have
put there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from clio.config.facets import Facet
from clio.models.protocol import Answer, Description, Encoder, Evidence, Reply, Request, Transcript, Vectors
from clio.text.stopwords import STOP_WORDS

_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_DIMENSIONS = 384


def telling(text: str) -> list[str]:
    """Words that are no stop words, in order, lower case."""
    return [word for raw in _WORD.findall(text) if (word := raw.casefold()) not in STOP_WORDS]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class HashedWords:
    """Every telling word is one of 384 axes, by hash: texts that share words are near."""

    id = "attack-hashed-words"
    dimensions = _DIMENSIONS

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), 384), float32, rows of length 1."""
        out = np.zeros((len(texts), _DIMENSIONS), dtype=np.float64)
        for row, text in enumerate(texts):
            for word in telling(text):
                out[row, _hash(word) % _DIMENSIONS] += 1.0
            if not out[row].any():
                out[row, 0] = 1.0
        vectors: Vectors = (out / np.linalg.norm(out, axis=1, keepdims=True)).astype(np.float32)
        return vectors


class Remembering:
    """Another encoder, asked once for every text: runs of an attack share most of theirs."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[bytes, Vectors] = {}

    @property
    def id(self) -> str:
        """The other's."""
        return self._encoder.id

    @property
    def dimensions(self) -> int:
        """The other's."""
        return self._encoder.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        """What the other makes of them."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._encoder.encode(list(new.values())), strict=True))
        if not keys:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([self._known[key] for key in keys])


class Copying:
    """Text facets are the user's opening; a name is the two longest words of a member's text and its first
    ones, a summary forty words around the longest.
    """

    id = "attack-copying"

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        """By rule, from the words of the transcript."""
        from clio.models.extractive import opening

        for transcript, said in zip(transcripts, opening(transcripts), strict=True):
            yield [self._one(transcript, facet, said) for facet in facets]

    def _one(self, transcript: Transcript, facet: Facet, said: str) -> Answer:
        number = _hash(facet.name + " ".join(telling(transcript.user_text)[:8]))
        value: Any = said
        if facet.kind == "category":
            value = facet.options[number % len(facet.options)].value
        elif facet.kind == "multi":
            value = [facet.options[number % len(facet.options)].value]
        elif facet.kind == "scale":
            value = (1 if facet.minimum is None else int(facet.minimum)) + number % facet.steps
        elif facet.kind == "boolean":
            value = number % 2 == 0
        elif facet.kind == "number":
            value = float(number % 50)
        return Answer("answered", value, self.id)

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """Ten candidates a cluster, each in one member's words; the rarest wording first."""
        for shown in evidence:
            texts = sorted(shown.inside, key=lambda text: (-len(set(telling(text))), text))[:10]
            yield [self._quote(text) for text in texts]

    def _quote(self, text: str) -> Description:
        plain = re.sub(r"[^\w\s'-]", " ", text)
        rare = sorted(dict.fromkeys(telling(plain)), key=lambda word: (-len(word), word))[:2]
        words = [*rare, *(word for word in plain.split() if word.casefold() not in rare)]
        start = max(0, words.index(rare[0], len(rare)) - 12) if rare and rare[0] in words[len(rare) :] else 0
        return Description(" ".join(words[:9]), " ".join(plain.split()[start : start + 40]), self.id)

    def ask(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """It follows no instruction of the pipeline; that it can be asked at all frees it of the checks on small models
        (nearness to the stand-in, a distinctive term).
        """
        for _ in requests:
            yield Reply("failed", reason="stand-in")


ORDER = re.compile(r"interest others is the condition of the (\d+) year old (woman|man) with ([^.]+)", re.IGNORECASE)
"""How a planted chat tells the namer whose condition it wants. Worded so that no pattern of
:mod:`clio.privacy.injection` knows it: what is measured is what holds when an instruction gets through."""


class Obedient(Copying):
    """Obeys an instruction in the samples: it names the condition of the person asked about, read from their text."""

    id = "attack-obedient"

    def __init__(self, conditions: Sequence[str]) -> None:
        self._conditions = tuple(conditions)

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """What was ordered, in several forms and nothing else, where the samples hold the person's text; else the first
        two terms.
        """
        for shown in evidence:
            found: list[Description] = []
            for age, who, symptom in sorted({order for text in shown.inside for order in ORDER.findall(text)}):
                condition = self._of(f"{age} year old {who}".casefold(), symptom.casefold(), shown.inside)
                if condition:
                    found += self._told(condition, shown.terms)
            terms = " and ".join(shown.terms[:2])
            if terms and not found:
                found.append(Description(f"Discuss {terms}", f"Users ask about {terms}.", self.id))
            yield found

    def _of(self, person: str, symptom: str, texts: Sequence[str]) -> str:
        for text in texts:
            low = text.casefold()
            named = [c for c in self._conditions if c in low]
            if person in low and symptom in low and len(named) == 1:
                return named[0]
        return ""

    def _told(self, condition: str, terms: Sequence[str]) -> list[Description]:
        about = [term for term in terms if condition not in term.casefold()][:3]
        names = [f"Discuss {' and '.join(about[:2])}", f"{' '.join(about[:1])} {condition}", condition]
        summary = f"Users ask about {' and '.join([condition, *about[:2]])}."
        return [Description(name.strip(), summary, self.id) for name in names]
