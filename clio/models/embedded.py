"""The writer that needs no key and no network: a small model in this process, and similarity of meanings.

What it can do is measured in docs/embedded.md. A model of 135 million parameters completes a list of worked examples
with something acceptable about one time in three, so nothing it writes counts before it was checked; by default it
writes no facet at all (the opening of the user's own words, redacted, tells a request better) and only proposes names
of clusters, where several attempts can be compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from clio.config.facets import Facet
from clio.config.models import EmbeddedWriter as EmbeddedConfig
from clio.errors import ModelInputError, WeightsError
from clio.models import weights
from clio.models.check import check, form_fault
from clio.models.completion import Completer
from clio.models.extractive import extract, opening, shorten
from clio.models.protocol import Answer, Description, Encoder, Evidence, Transcript
from clio.models.similarity import Chooser, texts_for
from clio.text.checks import name_fault
from clio.text.languages import language_name, looks_english
from clio.text.stopwords import STOP_WORDS
from clio.text.words import keys

GROUNDEDNESS = 0.3
"""For the writer's own first look at a text; the facet stage checks again with the run's threshold."""
MESSAGE = 350
"""Characters of the user's words shown to the model. More made the texts worse (design.md, section 5)."""
NOTE = 200
"""Characters of a member shown to the namer."""

EXAMPLES = {
    "facet": """\
Message: hi! my laptop won't turn on after i spilled tea on it, what now
The user asked for help with a laptop that stopped working after a spill.

Message: Write me a short poem about autumn leaves for my daughter's school play
The user asked for a short poem about autumn leaves for a school play.

Message: def mean(xs): return sum(xs)/len(x) -- NameError, why?
The user asked for help fixing an error in a Python function.

Message: compare renting and buying a flat if i stay for five years
The user asked for a comparison of renting and buying a home.

Message: """,
    "name": """\
Message: my laptop won't turn on after i spilled tea on it, what now
The user wanted to repair a laptop.

Message: Write me a short poem about autumn leaves for my daughter's school play
The user wanted to write a poem for a school play.

Message: def mean(xs): return sum(xs)/len(x) -- NameError, why?
The user wanted to fix an error in code.

Message: should i rent or buy a flat if i stay for five years
The user wanted to compare renting and buying a home.

Message: """,
}
"""Worked examples by purpose. They hold no real person's words."""

_LEAD = "The user asked for"
_WISH = "The user wanted to"
_SPACE = re.compile(r"\s+")
_CUT = re.compile(r",| (?:from|for|to|with|on|in|at|by|of|about|and|or|but|that|which|because|if|when|while|using) ")
_THEIRS = {"i": "they", "me": "them", "my": "their", "we": "they", "our": "their", "your": "their"}


class EmbeddedWriter:
    """A :class:`~clio.models.protocol.Writer`. The model is loaded when it is first needed, and only then."""

    def __init__(self, config: EmbeddedConfig, encoder: Encoder, candidates: int = 4) -> None:
        """``candidates`` is how many names are proposed per cluster."""
        self._config = config
        self._encoder = encoder
        self._chooser = Chooser(encoder)
        self._candidates = candidates
        self._completer: Completer | None = None
        self.id = config.model if config.model in weights.KNOWN else Path(config.model).stem

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        """Answers in the order of ``facets``. Text facets of one conversation share one text: this writer cannot tell
        one question from another.
        """
        asked = [facet for facet in facets if facet.answered_by_model]
        columns: dict[str, list[Answer]] = {}
        if any(facet.kind == "text" for facet in asked):
            texts = self._texts(transcripts)
            columns |= {facet.name: texts for facet in asked if facet.kind == "text"}
        chosen = [facet for facet in asked if facet.kind != "text"]
        if chosen:
            vectors = self._encoder.encode(texts_for([t.user_text for t in transcripts]))
            columns |= {facet.name: self._chooser.answer(vectors, facet) for facet in chosen}
        for row, transcript in enumerate(transcripts):
            if transcript.user_text.strip():
                yield [columns[facet.name][row] for facet in asked]
            else:
                yield [Answer("na", writer=self.id, reason="no user text") for _ in asked]

    def describe(self, evidence: Sequence[Evidence]) -> Iterator[Sequence[Description]]:
        """Up to ``candidates`` descriptions per cluster, nearest to the members first; none where nothing held."""
        for one in evidence:
            if self._config.names == "terms":
                yield []
            elif _foreign(one):
                yield [foreign_description(one, self._encoder, self._chooser)]
            else:
                yield self._described(one)

    def _texts(self, transcripts: Sequence[Transcript]) -> list[Answer]:
        central = self._config.text == "extractive"
        sentences = extract(transcripts, self._encoder) if central else opening(transcripts)
        answers = [
            Answer("answered", sentence, "extractive")
            if sentence
            else Answer("na", writer="extractive", reason="no user text")
            for sentence in sentences
        ]
        if self._config.text != "model":
            return answers
        written = [self.write(transcript.user_text) for transcript in transcripts]
        faults = check(written, [t.user_text for t in transcripts], self._encoder, GROUNDEDNESS)
        return [
            replace(answer, reason=fault) if fault else Answer("answered", text, self.id)
            for answer, text, fault in zip(answers, written, faults, strict=True)
        ]

    def write(self, user_text: str) -> str:
        """One sentence by the model about what a user said, unchecked; "" where it wrote nothing."""
        message = " ".join(user_text[: 4 * MESSAGE].split())[:MESSAGE]
        if not message:
            return ""
        text = self._complete(f"{message}\n{_LEAD}", "facet", 28)
        return _sentence(f"Asked for {text}") if text else ""

    def _described(self, evidence: Evidence) -> list[Description]:
        """One completion for each of the most central members: a name drawn from one of them, fit for many."""
        notes = list(dict.fromkeys(evidence.children or evidence.inside))
        if not notes:
            return []
        vectors = self._encoder.encode(notes)
        central = np.round(vectors @ vectors.mean(axis=0), 3)
        order = sorted(range(len(notes)), key=lambda n: (-central[n], notes[n]))
        shown = [notes[n] for n in order if looks_english(notes[n])][: self._candidates]
        names: dict[str, str] = {}
        for note in shown:
            wish = tidy_wish(self._complete(f"{shorten(note, NOTE)}\n{_WISH}", "name", 20))
            name = name_of(wish)
            if name and not wish_fault(name, notes, evidence.terms, children=bool(evidence.children)):
                names.setdefault(name, wish)
        middle = vectors.mean(axis=0)
        if evidence.outside:
            middle = middle - self._encoder.encode(evidence.outside).mean(axis=0) / 2
        near = self._encoder.encode(list(names)) @ middle if names else []
        ranked = sorted(zip(names, near, strict=True), key=lambda pair: (-round(float(pair[1]), 3), pair[0]))
        return [Description(name, compose_summary(names[name], evidence.terms), self.id) for name, _ in ranked]

    def _complete(self, prompt: str, examples: str, max_tokens: int) -> str:
        if self._completer is None:
            self._completer = Completer(gguf_of(self._config.model), self._config.threads)
        try:
            return self._completer.complete(prompt, prefix=EXAMPLES[examples], max_tokens=max_tokens)
        except ModelInputError:
            return ""


def gguf_of(model: str) -> Path:
    """The file of a known model or of a path. Raises WeightsError with what to do where there is none."""
    if model in weights.KNOWN:
        if weights.KNOWN[model].kind != "writer":
            raise WeightsError(f"`{model}` makes vectors; it does not write text")
        return weights.path(model)
    file = Path(model).expanduser()
    if not file.is_file():
        known = ", ".join(row.name for row in weights.KNOWN.values() if row.kind == "writer")
        raise WeightsError(f"`{model}` is neither a GGUF file nor a known writer ({known}).")
    return file


def tidy_wish(raw: str) -> str:
    """What the model wrote after "The user wanted to", as a bare verb phrase; "" where nothing sound is left of it.

    A text that does not end in a full stop was cut off by the token limit: its last, unfinished phrase goes.
    """
    text = _SPACE.sub(" ", raw).strip(" \"'“”‘’`*#-–:")
    whole = text.endswith((".", "!", "?"))
    text = re.split(r"[.!?](?:\s|$)", text, maxsplit=1)[0].strip(" ,;:-")
    if not whole:
        found = [match.start() for match in _CUT.finditer(text)]
        text = text[: found[-1]].strip(" ,;:-") if found else ""
    return re.sub(r"\b(?:i|me|my|we|our|your)\b", lambda match: _THEIRS[match.group()], text)


def name_of(wish: str) -> str:
    """A verb phrase as a name: ``know how ...`` becomes ``Find out how ...``."""
    name = re.sub(
        r"^(?:know|understand|learn)(?= (?:if|whether|how|what|when|where|which|who|why|the|about)\b)", "find out", wish
    )
    return name[:1].upper() + name[1:]


def wish_fault(name: str, notes: Sequence[str], terms: Sequence[str] = (), *, children: bool = False) -> str:
    """Why a name may not be proposed; "" where it may.

    Besides form this keeps out what one member brought: a telling word of the name may stand in no member's text, in
    several, or among the terms, never in exactly one text; a word with digits only among the terms. ``notes`` hold at
    most one text per account; the describe stage holds the name to the account threshold besides. Names of
    ``children`` were held to this before.
    """
    words = keys(name)
    fault = form_fault(name) or name_fault(name)
    if fault or len(words) < 2:
        return fault or "says nothing"
    telling = {word for word in words[1:] if word not in STOP_WORDS}
    if not telling:
        return "says nothing"
    if children:
        return ""
    if name.casefold() in {note.casefold() for note in notes}:
        return "verbatim"
    known = {key for term in terms for key in keys(term)}
    if any(word not in known and any(map(str.isdigit, word)) for word in words):
        return "number"
    found = Counter(key for note in notes for key in set(keys(note)))
    return "one member's word" if any(found[word] == 1 and word not in known for word in telling) else ""


def compose_summary(wish: str, terms: Sequence[str] = ()) -> str:
    """At most two sentences from checked parts: what was wanted, and terms that enough accounts share."""
    wish = wish[:1].lower() + wish[1:]
    return f"Users wanted to {wish}. {terms_sentence(terms)}".strip()


def terms_sentence(terms: Sequence[str], most: int = 4) -> str:
    """``Words that many of them used: a, b and c.``; empty without terms."""
    some = list(dict.fromkeys(term.strip() for term in terms if term.strip()))[:most]
    if not some:
        return ""
    listed = some[0] if len(some) == 1 else f"{', '.join(some[:-1])} and {some[-1]}"
    return f"Words that many of them used: {listed}."


def _foreign(evidence: Evidence) -> bool:
    return bool(evidence.languages) and evidence.languages[0].casefold().split("-")[0] != "en"


def foreign_description(evidence: Evidence, encoder: Encoder, chooser: Chooser | None = None) -> Description:
    """An honest English name for a cluster whose members do not write English.

    The small model does not translate. What can be told is the language, and the kind of use (a shipped facet) where
    members' vectors are near its descriptions; with an English encoder they seldom are, and then the name says no
    more than the language.
    """
    from clio.prompts.facets import shipped

    language = language_name(evidence.languages[0]) or "another language"
    notes = list(evidence.inside or evidence.children)
    kind = ""
    if notes:
        answers = (chooser or Chooser(encoder)).answer(encoder.encode(texts_for(notes)), shipped()["use"])
        kinds = Counter(str(answer.value) for answer in answers if answer.status == "answered")
        if kinds:
            value, count = min(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
            # A majority of all members, not of those that could be told: an English encoder guesses on other languages.
            kind = value if count > 0.5 * len(notes) else ""
    name = f"Requests in {language}" + (f" about {kind}" if kind else "")
    return Description(name, f"Users wrote to the assistant in {language}.", "similarity")


def _sentence(text: str) -> str:
    text = " ".join(text.split()).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
