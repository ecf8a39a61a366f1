"""Names and summaries made of distinctive terms: what stands where no model's wording passed its checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from clio.privacy.terms import Term
from clio.text.languages import NAMES, looks_english
from clio.text.words import gerund, keys

WRITER = "terms"
MOST_WORDS = 10
MIXED = "Mixed requests"
_SECOND, _THIRD = 0.15, 0.2
"""Least score, as a share of the first term's, for a second and a third term in a name: a clear first term should not
drag stragglers behind it."""
_VERB_SCORE, _VERB_SHARE = 0.25, 0.3
"""Least score of a verb, as a share of the best noun's, and least share of the accounts that used it, to open a name
with its ``-ing`` form: a verb that few used seldom goes with nouns that others used."""
_NO_GERUND = ("over", "out", "up", "off", "in")

_UPPER = {"2fa", "ai", "api", "apr", "asap", "atm", "aws", "bmi", "cbd", "ceo", "cnn", "cpu", "cpr", "css", "csv", "cv",
          "diy", "dna", "dns", "eu", "faq", "gdp", "gpa", "gps", "gpu", "hr", "html", "http", "id", "ios", "ip", "ira",
          "irs", "json", "llm", "mba", "mpg", "mph", "mri", "nasa", "nba", "nfl", "nlp", "pc", "pdf", "phd", "php",
          "pin", "pnc", "pto", "ram", "seo", "sms", "sql", "ssn", "tv", "ui", "uk", "url", "usa", "usb", "usd", "vpn",
          "w2", "w-2", "wifi", "xml", "yaml"}  # fmt: skip
_PROPER = {name.casefold() for name in NAMES.values()} | {
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "april",
     "june", "july", "march", "august", "september", "october", "november", "december", "christmas", "easter",
     "halloween", "thanksgiving", "america", "american", "england", "british", "britain", "france", "germany", "spain",
     "italy", "japan", "china", "india", "mexico", "mexican", "canada", "canadian", "australia", "africa", "european",
     "europe", "brazil", "russia", "python", "javascript", "java", "git", "react", "django", "flask", "laravel",
     "excel", "linux", "windows", "docker", "google",
     "facebook", "instagram", "youtube", "amazon", "uber", "wordpress", "shakespeare", "mastercard", "visa", "amex"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrased:
    """A name, a summary, and how many of the terms the name used up."""

    name: str
    summary: str
    used: tuple[str, ...]


def phrase(terms: Sequence[Term], parts: Sequence[Sequence[Term]] = ()) -> Phrased:
    """Name and summary from distinctive terms, most distinctive first; plain words where there are none.

    ``[reservation, cancel, dinner]`` becomes ``Cancelling reservations and dinner``: the strongest verb opens the name
    when it is strong enough, nouns stand in the plural where people used the plural. For a parent, ``parts`` holds its
    children's terms, largest child first: what most children share comes first, then something of each child.
    """
    english = [term for term in terms if _english(term)]
    if not english:
        return Phrased(MIXED, "People ask for many different things. Too few of them share any word.", ())
    spread = _spread(english, parts) if parts else english
    nouns = _apart(_nouns(spread, phrases_first=not parts), 3)
    named = [noun for noun, least in zip(nouns, (0.0, _SECOND, _THIRD), strict=False)
             if parts or noun.score >= least * nouns[0].score]  # fmt: skip
    opening = [term for term in spread if term.kind == "verb" and _opens(term, nouns)][:1]
    if parts:
        opening = [verb for verb in opening if _held(verb, parts) * 2 >= len(parts)]
    if opening and named and _kin(named[0], opening[0]):
        opening = []
    if opening:
        named = [noun for noun in named if not _kin(noun, opening[0])]
    if named:
        named = named[: 2 if opening else 3]
        name = joined([_noun(term) for term in named])
        name = f"{gerund(opening[0].text)} {name}" if opening else name
        used = tuple(term.text for term in [*opening, *named])
    else:
        alone = _apart([term for term in english if term.kind == "verb"] or english, 3)
        name, used = joined([_gerund(term) for term in alone]), tuple(term.text for term in alone)
    name = _within(name, named)
    return Phrased(sentence_case(name), summary_of(spread), used)


def summary_of(terms: Sequence[Term]) -> str:
    """Two plain sentences that use only the terms."""
    found = _apart(_nouns(terms), 6)
    nouns = [cased(_noun(term)) for term in found]
    verbs = [term for term in terms if term.kind == "verb"]
    wanted = [term.text for term in verbs if not found or term.score >= _SECOND * found[0].score][:2]
    if not nouns:
        return f"People want to {joined(wanted, 'or')}. They share few other words."
    often = f", often to {joined(wanted, 'or')}" if wanted else ""
    rest = f"Also mentioned: {joined(nouns[3:])}" if nouns[3:] else "They share few other words"
    return f"People ask about {joined(nouns[:3])}{often}. {rest}."


def joined(parts: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def cased(text: str) -> str:
    """Known abbreviations in capitals, names of languages, days and months with one; the rest as it is."""
    return " ".join(_cased_word(word) for word in text.split(" "))


def sentence_case(text: str) -> str:
    """The first letter in upper case, abbreviations and proper names in their own."""
    text = cased(text)
    return text[:1].upper() + text[1:] if text[:2].islower() or text[1:2] in ("", " ") else text


def lowered(name: str) -> str:
    """The name for the middle of a sentence: a lower-case first letter, but for abbreviations and proper names."""
    first = name.split(" ", 1)[0]
    keeps = not first[1:].islower() or first.casefold() in _PROPER or first.casefold() in _UPPER
    return name if keeps else name[:1].lower() + name[1:]


def foreign(languages: Sequence[str], terms: Sequence[Term], subject: str = "") -> Phrased:
    """Name and summary of a cluster whose texts are not English: the languages (English names), a subject where one
    could be told, and shared words only in the summary.
    """
    what = f"in {joined(languages[:2])}" if languages else "in other languages"
    if len(languages) > 2:
        what = f"in {languages[0]}, {languages[1]} and others"
    shown = [term.text for term in terms[:4]]
    words = f"Words that many of them share: {', '.join(shown)}." if shown else "Too few of them share any word."
    name = f"Requests {what}" + (f": {lowered(subject)}" if subject else "")
    return Phrased(" ".join(name.split()[:MOST_WORDS]), f"People write {what}. {words}", ())


def about(subject: str, terms: Sequence[Term], parts: Sequence[Sequence[Term]] = ()) -> Phrased:
    """A subject of the vocabulary as the name; the summary says what terms are shared."""
    english = [term for term in terms if _english(term)]
    if not _nouns(english):
        summary = f"People's requests lie nearest to this subject: {lowered(subject)}."
        return Phrased(subject, f"{summary} Too few of them share any word to tell more.", ())
    return Phrased(subject, summary_of(_spread(english, parts) if parts else english), ())


def distinct(name: str, taken: set[str], extra: Sequence[str]) -> str:
    """The name itself, or with the first unused term in brackets, or with a number: not in ``taken`` (case-folded)."""
    if name.casefold() not in taken:
        return name
    have = set(keys(name))
    for term in extra:
        longer = f"{name} ({cased(term)})"
        fits = term.isascii() and not have & set(keys(term)) and len(longer.split()) <= MOST_WORDS
        if fits and longer.casefold() not in taken:
            return longer
    number = 2
    while f"{name} ({number})".casefold() in taken:
        number += 1
    return f"{name} ({number})"


def mostly_foreign(texts: Sequence[str], languages: Sequence[str]) -> bool:
    """Whether most texts do not look English (and no language is told, or the most frequent told is not English)."""
    if not texts or (languages and languages[0].casefold().startswith("en")):
        return False
    return sum(not looks_english(text) for text in texts) * 2 > len(texts)


def _english(term: Term) -> bool:
    return term.text.isascii() and not term.foreign


def _opens(verb: Term, nouns: Sequence[Term]) -> bool:
    """Whether a verb may open a name."""
    if verb.share < _VERB_SHARE or verb.text.endswith(_NO_GERUND):
        return False
    return not nouns or verb.score >= _VERB_SCORE * nouns[0].score


def _held(term: Term, parts: Sequence[Sequence[Term]]) -> int:
    """How many of the parts have a term with the same words."""
    own = set(keys(term.text))
    return sum(any(own <= set(keys(other.text)) for other in part) for part in parts)


def _spread(terms: Sequence[Term], parts: Sequence[Sequence[Term]]) -> list[Term]:
    """Terms of a parent: what at least half of its children have, then the children's own in turn, then the rest."""
    shared = [term for term in terms if _held(term, parts) >= max(2, -(-len(parts) // 2))]
    said = {key for term in shared for key in keys(term.text)}
    own = [
        [term for term in part if _english(term) and term.kind == "noun" and not said & set(keys(term.text))]
        for part in parts
    ]
    turns = (term for turn in zip_longest(*own) for term in turn if term is not None)
    found: dict[str, Term] = {}
    for term in (*shared, *turns, *terms):
        found.setdefault(term.text, term)
    return list(found.values())


def _nouns(terms: Sequence[Term], *, phrases_first: bool = True) -> list[Term]:
    """The nouns, or what is neither noun nor verb where there are none; a phrase before a word of it that scores less
    than twice as much.
    """
    kept = [term for term in terms if term.kind == "noun"] or [term for term in terms if term.kind == "other"]
    if not phrases_first:
        return kept
    better: list[Term] = []
    for term in kept:
        own = set(keys(term.text))
        longer = (o for o in kept if own < set(keys(o.text)) and 2 * o.score >= term.score)
        better.append(next(longer, term))
    return list(dict.fromkeys(better))


def _apart(terms: Sequence[Term], most: int) -> list[Term]:
    """The first terms that share no word and no beginning of a word."""
    chosen: list[Term] = []
    for term in terms:
        if len(chosen) < most and not any(_kin(term, other) for other in chosen):
            chosen.append(term)
    return chosen


def _kin(one: Term, other: Term) -> bool:
    """Whether two terms share a word, or words that begin alike (``pay`` and ``payments``, ``timezone`` and ``time
    zone``).
    """
    left, right = [[*keys(term.text), "".join(keys(term.text))] for term in (one, other)]
    return any(_alike(a, b) for a in left for b in right)


def _alike(one: str, other: str) -> bool:
    least = min(len(one), len(other))
    if least < 4:
        short, long = sorted((one, other), key=len)
        return one == other or (least == 3 and long in (gerund(short), short + "ment", short + short[-1] + "er"))
    return one[: max(4, least - 3)] == other[: max(4, least - 3)]


def _noun(term: Term) -> str:
    return term.plural or term.text


def _gerund(term: Term) -> str:
    return gerund(term.text) if term.kind == "verb" else term.text


def _within(name: str, named: Sequence[Term]) -> str:
    """At most ten words: fewer terms where the name would be longer."""
    kept = list(named)
    while len(name.split()) > MOST_WORDS and len(kept) > 1:
        kept = kept[:-1]
        name = joined([_noun(term) for term in kept])
    return " ".join(name.split()[:MOST_WORDS])


def _cased_word(word: str) -> str:
    bare = word.strip(",.").casefold()
    if bare in _UPPER:
        return word.upper()
    if bare.endswith("s") and bare[:-1] in _UPPER:
        return word[:-1].upper() + "s"
    return word[:1].upper() + word[1:] if bare in _PROPER else word
