"""Test doubles for the two models of a run, exact on every machine: an encoder of hashed words, a writer of rules.

run = clio.run({}, corpus(120), output=tmp_path, writer=ScriptedWriter(), encoder=HashingEncoder(), progress="quiet")
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from clio.config.facets import Facet
from clio.models.protocol import Answer, Description, Evidence, Transcript, Vectors

_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_ ]*\]")
_DULL = frozenset(
    _WORD.findall(
        "a about again all also am an and any are as asked at be been but by can could did do does for from "
        "had has have help how i if in into is it its just like make me more my need no not now of on one or "
        "our out please so some than that the their them then there these they this to today up us user want "
        "was we what when where which who why will with would write you your "
    )
)


def words_of(text: str) -> list[str]:
    """Telling words in order, lower case, each once; placeholders and dull words left out."""
    found = (word.casefold() for word in _WORD.findall(_PLACEHOLDER.sub(" ", text)))
    return list(dict.fromkeys(word for word in found if word not in _DULL))


def stable_hash(text: str) -> int:
    """The same on every machine and in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class HashingEncoder:
    """Every telling word is one of ``dimensions`` axes (by hash): texts that share words are near, others orthogonal.

    ``calls`` counts the texts that were encoded.
    """

    def __init__(self, dimensions: int = 256, name: str = "hashing") -> None:
        self._dimensions, self._name = dimensions, name
        self.calls = 0

    @property
    def id(self) -> str:
        return f"{self._name}-{self._dimensions}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.calls += len(texts)
        out = np.zeros((len(texts), self._dimensions), dtype=np.float64)
        for row, text in enumerate(texts):
            for word in words_of(text):
                out[row, stable_hash(word) % self._dimensions] += 1.0
            if not out[row].any():
                out[row, 0] = 1.0
        return (out / np.linalg.norm(out, axis=1, keepdims=True)).astype(np.float32)


Script = Callable[[Transcript, Facet], Answer | None]


class ScriptedWriter:
    """Answers every kind of facet from the words of the transcript, and names clusters after their terms.

    ``script`` may answer first; where it gives None the rules do. ``fail_after``: raise ``fault`` once this many
    transcripts were answered (a model that goes away). ``seen`` keeps the transcripts, ``evidence`` what was shown for
    naming, so that a test can look at what reached the model.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        name: str = "scripted",
        fail_after: int | None = None,
        fault: BaseException | None = None,
    ) -> None:
        self.script, self._name, self.fail_after = script, name, fail_after
        self.fault = fault or RuntimeError("the model went away")
        self.seen: list[Transcript] = []
        self.evidence: list[Evidence] = []

    @property
    def id(self) -> str:
        return self._name

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        for transcript in transcripts:
            if self.fail_after is not None and len(self.seen) >= self.fail_after:
                raise self.fault
            self.seen.append(transcript)
            given = [self.script(transcript, facet) if self.script else None for facet in facets]
            yield [own or self._rule(transcript, facet) for own, facet in zip(given, facets, strict=True)]

    def _rule(self, transcript: Transcript, facet: Facet) -> Answer:
        words = words_of(transcript.user_text)
        if not words:
            return Answer("na", writer=self.id, reason="nothing said")
        number = stable_hash(facet.name + " " + " ".join(words))
        value: Any
        if facet.kind == "text":
            value = " ".join(words[:8])
        elif facet.kind == "category":
            value = _nearest(words, facet, number)
        elif facet.kind == "multi":
            chosen = {option.value for n, option in enumerate(facet.options) if number >> n & 1}
            value = sorted(chosen or {facet.options[0].value})
        elif facet.kind == "scale":
            low = 1 if facet.minimum is None else int(facet.minimum)
            value = low + number % facet.steps
        elif facet.kind == "boolean":
            value = not set(words) & {"unrelated", "spam"} if facet.name == "screener" else number % 2 == 0
        else:
            value = float(len(words))
        return Answer("answered", value, self.id)

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        for shown in evidence:
            self.evidence.append(shown)
            terms = list(shown.terms[:2])
            if not terms:
                yield []
                continue
            about = " and ".join(terms)
            yield [Description(f"Discuss {about}", f"Users ask about {about}.", self.id)]


def _nearest(words: Sequence[str], facet: Facet, number: int) -> str:
    """The option that shares most words; between equals the hash decides."""
    shared = [len(set(words) & set(words_of(f"{o.value} {o.description}"))) for o in facet.options]
    best = [option.value for option, n in zip(facet.options, shared, strict=True) if n == max(shared)]
    return best[number % len(best)]


TOPICS: dict[str, tuple[str, ...]] = {
    "bread": ("sourdough", "starter", "oven", "crust", "flour", "dough", "baking", "loaf"),
    "travel": ("itinerary", "train", "hotel", "museum", "weekend", "city", "luggage", "ticket"),
    "python": ("python", "function", "exception", "pandas", "dataframe", "script", "import", "loop"),
    "garden": ("tomato", "seedling", "compost", "pruning", "soil", "watering", "roses", "greenhouse"),
    "letters": ("letter", "complaint", "landlord", "polite", "formal", "tone", "apology", "draft"),
    "fitness": ("running", "marathon", "training", "knee", "stretching", "pace", "muscles", "recovery"),
}


def corpus(
    size: int = 120, *, topics: int = 4, accounts: int = 40, seed: int = 0, weeks: int = 4, extra: str = ""
) -> list[dict[str, Any]]:
    """Conversations in the toolkit's own format: each of one topic, by one of ``accounts``, over ``weeks``.

    Every user turn ends with ``extra`` (a canary, say). Topics are of about equal size.
    """
    chance = random.Random(seed)
    names = list(TOPICS)[:topics]
    begin = datetime(2025, 3, 3, 8, tzinfo=UTC)
    found = []
    for number in range(size):
        topic = names[number % len(names)]
        words = chance.sample(TOPICS[topic], 5)
        user = f"Please help me with {topic}: {words[0]} {words[1]} and {words[2]}. {extra}".strip()
        messages = [
            {"role": "user", "content": user},
            {"role": "assistant", "content": f"Here is something about {words[3]}."},
        ]
        if chance.random() < 0.5:
            messages += [
                {"role": "user", "content": f"And the {words[4]}?"},
                {"role": "assistant", "content": "Gladly."},
            ]
        found.append(
            {
                "id": f"made-{seed}-{number:04d}",
                "messages": messages,
                "user_id": f"person-{chance.randrange(accounts):03d}",
                "timestamp": (begin + timedelta(hours=chance.randrange(weeks * 7 * 24))).isoformat(),
                "metadata": {"model": chance.choice(["large", "small"]), "surface": chance.choice(["web", "api"])},
            }
        )
    return found
