"""Name and summarise every cluster from samples, distinctive terms and a writer whose words are checked.

A writer proposes; what it proposes counts only when it is short, plain English, holds no identifier, no rare word and
no one person's wording, lies near the cluster's centroid, and near to what enough of its accounts say themselves. Among
the names that pass, the nearest to the centroid wins. Where none passes, a name is made of the distinctive terms, which
enough accounts share by construction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clio.models.protocol import Description, Encoder, Evidence, StructuredWriter, Vectors, Writer
from clio.privacy.public_words import vouched_keys
from clio.privacy.rare import rare_terms
from clio.privacy.terms import Term
from clio.stages._support import Crowd, stands
from clio.text.checks import Wording, name_fault, sentences, summary_fault, tidy
from clio.text.languages import language_name
from clio.text.phrasing import MIXED, WRITER, about, distinct, foreign, mostly_foreign, phrase, sentence_case
from clio.text.vocabulary import SUPPORT, Proposal, Vocabulary
from clio.text.vocabulary import labels as entries
from clio.text.words import bases, keys

SUMMARY_BY_TERMS, SUMMARY_IN_PART = "summary by terms", "summary in part"
VOCABULARY = "vocabulary"
MOST_CHARACTERS = 400
"""Of a facet text that a namer is shown. Two sentences are shorter; an instruction that argues is not."""
_LABEL_FLOOR, _LABEL_ALONE = 0.45, 0.35
"""Least cosine of a label of the vocabulary to a centroid to name a cluster, and where terms say next to nothing.
Looked at on intent_clinc150, chat_wildchat and the demo corpus with all-MiniLM-L6-v2: most labels above it were apt,
few below 0.35 were."""
_TERMS_WEAK, _TERMS_VAIN = 0.3, 0.25
"""A name made of terms that lies further from the centroid than the first says next to nothing (``Years``), than the
second nothing at all."""
_FOREIGN_FLOOR = 0.55
"""For texts that are not English: an English encoder is near to learning languages, whatever they are about."""
_TERMS_LEAD = 0.12
"""How much nearer than the label a name made of terms must be to stand."""
_NEAR_TIE = 0.04
"""A second label this near to the first may be used where the first is taken."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What every proposed name and summary is held against."""

    scan: Callable[[str], Sequence[object]]
    """A redactor's ``scan``: any span it finds is a reason to refuse."""
    min_accounts: int = 5
    """Distinct accounts of the cluster that must have used a word, and must stand behind a name."""
    floor: float = 0.3
    """Least cosine of a name to its cluster's centroid."""
    margin: float | None = 0.0
    """A written name must not be further from the centroid than the stand-in, by more than this; None: no limit. Only
    for writers that are not structured: a small model's names must earn their place."""
    anchored: bool = True
    """Whether a name must hold a word of one of the cluster's distinctive terms. For the same writers only."""
    vocabulary: Vocabulary | None = None
    """The run's own (``Context.vocabulary``), so that its labels are encoded once; None: made from the encoder."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One cluster to be described."""

    evidence: Evidence
    terms: Sequence[Term]
    """Distinctive terms, best first; ``evidence.terms`` are their texts."""
    counts: Mapping[str, int]
    """Distinct accounts of the cluster by word key (``TermCounts.of_cluster``)."""
    parts: Sequence[Sequence[Term]] = ()
    """For a parent: its children's terms, largest child first."""
    size: int = 1
    """Conversations; only its proportion to the other subjects' matters."""
    listed: Sequence[str] = ()
    """For a parent: names that fit without a writer (:mod:`clio.stages._parents`), best first."""
    supported: Collection[str] | None = None
    """Labels of the vocabulary that enough accounts stand behind; None: any."""
    vouched: Collection[str] = ()
    """For a parent: labels that enough accounts of one of its base clusters stand behind."""
    domain: str = ""
    """What most accounts' conversations belong to, for a cluster that is too mixed for a narrower name."""
    crowd: Crowd | None = None
    """Sampled conversations that a written name has to be near to; None: not looked at."""
    share: float = SUPPORT
    """Least share of the crowd that must stand behind a written name."""


@dataclass(frozen=True, slots=True)
class Described:
    """One cluster's name and summary. Its fields are columns of ``descriptions``."""

    name: str
    summary: str
    terms: tuple[str, ...]
    writer: str
    """Which model, or ``terms``."""
    reason: str
    """Why terms stand in, wholly or for the summary; a fixed phrase, empty where the writer's words passed."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    summary: str
    writer: str
    reason: str = ""
    cosine: float = -1.0


def evidence(
    texts: Sequence[str],
    languages: Sequence[str | None],
    inside: Sequence[int],
    outside: Sequence[int],
    terms: Sequence[Term],
    naming: str = "",
) -> Evidence:
    """What a namer sees of one cluster, from row numbers of the sampled facet texts (at most one row per account).

    ``languages[i]`` is the ISO code of the conversation of row ``i``, None where unknown; only languages of a third of
    the rows are told. ``naming`` is the facet's.
    """
    counted = Counter(language for row in inside if (language := languages[row]))
    return Evidence(
        inside=tuple(_clipped(texts[row]) for row in inside),
        outside=tuple(_clipped(texts[row]) for row in outside),
        terms=tuple(term.text for term in terms),
        languages=tuple(
            code
            for code in sorted(counted, key=lambda code: (-counted[code], code))
            if 3 * counted[code] >= len(inside)
        ),
        naming=naming,
    )


def _clipped(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS].rsplit(maxsplit=1)[0]} …"


def describe(
    subjects: Sequence[Subject],
    writer: Writer | None,
    encoder: Encoder,
    centroids: Vectors,
    checks: Checks,
    again: Callable[[Sequence[int]], Sequence[Evidence]] | None = None,
    taken: Collection[str] = (),
) -> list[Described]:
    """One description per subject, in order; names are unique among them and differ from ``taken``.

    ``centroids`` has shape (len(subjects), dimensions), rows of length 1. ``writer`` None names by terms alone.
    ``again`` gives other samples for the subjects of the given numbers: a structured writer whose candidates all
    failed is asked once more with those.
    """
    checks = replace(checks, vocabulary=checks.vocabulary or Vocabulary(encoder))
    spare = _stand_ins(subjects, encoder, centroids, checks.vocabulary or Vocabulary(encoder))
    chosen: dict[int, _Candidate] = {}
    faults: dict[int, str] = {}
    open_numbers = [] if writer is None else list(range(len(subjects)))
    structured = isinstance(writer, StructuredWriter)
    if structured:
        checks = replace(checks, margin=None, anchored=False)
    rounds = 2 if again is not None and structured else 1
    for attempt in range(rounds):
        if not open_numbers or writer is None:
            break
        shown = [subjects[n].evidence for n in open_numbers]
        if attempt and again is not None:
            shown = list(again(open_numbers))
        asked = [replace(subjects[n], evidence=seen) for n, seen in zip(open_numbers, shown, strict=True)]
        proposed = [list(found) for found in writer.describe(shown)]
        proposed += [[] for _ in range(len(asked) - len(proposed))]
        picked, why = _pick(
            asked, proposed, [spare[n][0] for n in open_numbers], encoder, centroids[open_numbers], checks
        )
        chosen |= {open_numbers[n]: candidate for n, candidate in picked.items()}
        faults |= {open_numbers[n]: reason for n, reason in why.items()}
        open_numbers = [n for n in open_numbers if n not in chosen]
    return _settled(subjects, spare, chosen, faults, taken)


def _pick(
    subjects: Sequence[Subject],
    proposed: Sequence[Sequence[Description]],
    spare: Sequence[_Candidate],
    encoder: Encoder,
    centroids: Vectors,
    checks: Checks,
) -> tuple[dict[int, _Candidate], dict[int, str]]:
    """The best passing candidate per subject, and for the others the reason why the first failed."""
    passing: list[tuple[int, _Candidate]] = []
    faults: dict[int, str] = {}
    for number, (subject, found) in enumerate(zip(subjects, proposed, strict=True)):
        wording = Wording(subject.evidence.inside, subject.evidence.outside)
        for description in found:
            candidate, fault = _checked(subject, description, wording, checks)
            if candidate is not None:
                passing.append((number, candidate))
            faults.setdefault(number, fault)
        faults.setdefault(number, "no candidate")
    if not passing:
        return {}, faults
    vectors = encoder.encode([candidate.name for _, candidate in passing])
    best: dict[int, tuple[float, _Candidate]] = {}
    for (number, candidate), vector in zip(passing, vectors, strict=True):
        cosine = float(vector @ centroids[number])
        fault = _meaning_fault(vector, cosine, subjects[number], spare[number], checks)
        if fault:
            faults[number] = fault
        elif number not in best or cosine > best[number][0]:
            best[number] = (cosine, replace(candidate, cosine=cosine))
    return {number: candidate for number, (_, candidate) in best.items()}, faults


def _meaning_fault(vector: Vectors, cosine: float, subject: Subject, spare: _Candidate, checks: Checks) -> str:
    """What is wrong with where a name lies. English encoders read other languages badly: there nothing is."""
    if _is_foreign(subject):
        return ""
    if not cosine >= checks.floor:
        return "not grounded"
    if checks.margin is not None and cosine < spare.cosine - checks.margin:
        return "further off than the stand-in"
    if subject.crowd is None or checks.vocabulary is None:
        return ""
    held = stands(vector[None], subject.crowd, checks.vocabulary, checks.min_accounts, subject.share)
    return "" if held[0] else "too few accounts behind it"


def _checked(
    subject: Subject, description: Description, wording: Wording, checks: Checks
) -> tuple[_Candidate | None, str]:
    name = tidy(description.name).rstrip(".")
    fault = name_fault(name) or _private_fault(name, subject, wording, checks)
    if not fault and checks.anchored and not _is_foreign(subject) and not _anchored(name, subject.terms):
        fault = "no distinctive term"
    if fault:
        return None, fault
    named = sentence_case(name)
    summary, whole = _passing(tidy(description.summary), subject, wording, checks)
    if not summary:
        return _Candidate(named, _summary(subject), description.writer, SUMMARY_BY_TERMS), ""
    return _Candidate(named, summary, description.writer, "" if whole else SUMMARY_IN_PART), ""


def _passing(summary: str, subject: Subject, wording: Wording, checks: Checks) -> tuple[str, bool]:
    """The summary, or the sentence of it that passes by itself, or nothing; and whether it is the whole."""
    if summary_fault(summary):
        return "", False
    if not _private_fault(summary, subject, wording, checks):
        return summary, True
    alone = (part for part in sentences(summary) if not summary_fault(part))
    return next((part for part in alone if not _private_fault(part, subject, wording, checks)), ""), False


def _private_fault(text: str, subject: Subject, wording: Wording, checks: Checks) -> str:
    if checks.scan(text):
        return "identifier"
    if rare_terms(text, subject.counts, checks.min_accounts, vouched_keys(subject.vouched or subject.supported or ())):
        return "rare word"
    return "one person's wording" if wording.echoes(text, checks.min_accounts) else ""


def _anchored(name: str, terms: Sequence[Term]) -> bool:
    """Whether the name holds a word of a distinctive term, or an inflection of one. True where there are no terms."""
    wanted = {key for term in terms for key in keys(term.text)}
    wanted |= {base for key in wanted for base in bases(key)}
    return not wanted or any(key in wanted or wanted & set(bases(key)) for key in keys(name))


def _summary(subject: Subject) -> str:
    return phrase(subject.terms, subject.parts).summary


def _stand_ins(
    subjects: Sequence[Subject], encoder: Encoder, centroids: Vectors, vocabulary: Vocabulary
) -> list[list[_Candidate]]:
    """Per subject the names that need no writer, best first: made of its terms, or a label of the vocabulary.

    Terms name what people share words for, labels what they say in many words. Neither can hold anything that one
    person said.
    """
    if not subjects:
        return []
    sizes = [float(subject.size) for subject in subjects]
    every = {label.name for label in entries()}
    allowed = [every if subject.supported is None else subject.supported for subject in subjects]
    listed = vocabulary.propose(centroids, sizes, broad=False, allowed=allowed)
    from_terms = [phrase(subject.terms, subject.parts) for subject in subjects]
    near = _cosines(encoder, [found.name for found in from_terms], centroids)
    from_terms = [
        found if cosine >= _TERMS_VAIN else replace(found, name=MIXED)
        for found, cosine in zip(from_terms, near, strict=True)
    ]
    found: list[list[_Candidate]] = []
    for number, subject in enumerate(subjects):
        labels = listed[number]
        if _is_foreign(subject):
            found.append([_foreign_name(subject, labels)])
            continue
        terms = _Candidate(from_terms[number].name, from_terms[number].summary, WRITER, "", near[number])
        fit = [label for label in labels if label.cosine >= _LABEL_FLOOR or near[number] < _TERMS_WEAK]
        fit = [label for label in fit if label.cosine >= _LABEL_ALONE and label.score >= labels[0].score - _NEAR_TIE]
        fit.sort(key=lambda label: -round(label.cosine, 4))
        named = []
        for label in fit:
            made = about(label.label.name, subject.terms, subject.parts)
            named.append(_Candidate(made.name, made.summary, VOCABULARY, "", label.cosine))
        if subject.parts:
            fitting = [about(name, subject.terms, subject.parts) for name in subject.listed]
            chosen = [_Candidate(made.name, made.summary, VOCABULARY, "", terms.cosine) for made in fitting]
            found.append([*chosen, terms])
            continue
        if not named and subject.domain and terms.name == MIXED:
            made = about(subject.domain, subject.terms, subject.parts)
            found.append([_Candidate(f"{made.name}, mixed", made.summary, VOCABULARY, "", terms.cosine), terms])
            continue
        first = bool(named) and near[number] <= named[0].cosine + _TERMS_LEAD
        found.append([*named, terms] if first else [terms, *named])
    return found


def _foreign_name(subject: Subject, labels: Sequence[Proposal]) -> _Candidate:
    names = [name for code in subject.evidence.languages if (name := language_name(code))]
    told = labels[0].label.name if labels and labels[0].cosine >= _FOREIGN_FLOOR else ""
    made = foreign(names, subject.terms, told)
    return _Candidate(made.name, made.summary, WRITER, "", labels[0].cosine if labels else 0.0)


def _is_foreign(subject: Subject) -> bool:
    return mostly_foreign(subject.evidence.inside, subject.evidence.languages)


def _cosines(encoder: Encoder, names: Sequence[str], centroids: Vectors) -> list[float]:
    return [float(value) for value in np.einsum("ij,ij->i", encoder.encode(names), centroids)]


def _settled(
    subjects: Sequence[Subject],
    spare: Sequence[Sequence[_Candidate]],
    chosen: Mapping[int, _Candidate],
    faults: Mapping[int, str],
    taken: Collection[str],
) -> list[Described]:
    """The final rows. Of several that want one name the nearest to it gets it; the next take their second choice, or
    have a distinctive term or a number added.
    """
    used = {name.casefold() for name in taken}
    rows: dict[int, Described] = {}
    wishes = {number: [chosen[number]] if number in chosen else list(spare[number]) for number in range(len(subjects))}
    for number in sorted(wishes, key=lambda n: (-round(wishes[n][0].cosine, 6), n)):
        own = next((wish for wish in wishes[number] if wish.name.casefold() not in used), wishes[number][0])
        terms = tuple(term.text for term in subjects[number].terms)
        english = [term.text for term in subjects[number].terms if not term.foreign]
        name = distinct(own.name, used, english)
        used.add(name.casefold())
        reason = own.reason if number in chosen else faults.get(number, "no writer asked")
        rows[number] = Described(name, own.summary, terms, own.writer, reason)
    return [rows[number] for number in range(len(subjects))]
