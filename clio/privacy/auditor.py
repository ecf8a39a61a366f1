"""The privacy auditor: names and summaries judged on two scales by a capable model, and one rule that needs none.

A verdict counts only when it fits what was asked; a missing or invalid one is the worst. The auditor that filters
(:class:`Judge`) is not the one that measures (:func:`measure`): another model where one is named, other words and other
answers in any case, and the detectors beside it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from clio.models.protocol import Request, StructuredWriter, Writer
from clio.models.schema import faults
from clio.privacy.sensitive import kinds_in
from clio.prompts import audit as asked
from clio.prompts import measure as measured

NO_MODEL = "not audited: no capable model"
TURNED_OFF = "not audited: turned off"
IDENTIFIABLE, SENSITIVE, NO_VERDICT = "identifiable", "sensitive attribute", "no verdict"
SENSITIVE_WORD, LINKED = "sensitive word", "names a withheld group below it"
DETECTED = "a detector found an identifier or a name"
"""Why words did not pass."""
WITHHELD_SUMMARY = "The name and summary of this group did not pass the privacy audit and are not shown."
"""Stands in a release for words that did not pass."""
_BANDS = (20, 50, 200, 1_000)


@dataclass(frozen=True, slots=True)
class Text:
    """All the words that would be shown of one cluster, and how many people stand behind them."""

    name: str
    summary: str
    terms: tuple[str, ...] = ()
    accounts: str = ""
    """A band (:func:`band`), never a number."""

    @property
    def words(self) -> str:
        """Name, summary and terms as one line."""
        shared = f" Shared words: {', '.join(self.terms)}." if self.terms else ""
        return f"{self.name}: {self.summary}{shared}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both scales, 1 (worst) to 5."""

    identifiability: int
    sensitivity: int
    kinds: frozenset[str] = frozenset()
    """Kinds of sensitive attribute (:data:`clio.privacy.sensitive.KINDS`) that the text touches."""
    given: bool = True
    """False where no valid verdict came: then both scales are at their worst."""

    def fault(self, least: int) -> str:
        """Why the text does not pass, as a fixed phrase; empty where it does."""
        if min(self.identifiability, self.sensitivity) >= least:
            return ""
        if not self.given:
            return NO_VERDICT
        return IDENTIFIABLE if self.identifiability < least else SENSITIVE


WORST = Verdict(1, 1, frozenset(), False)


def band(accounts: int) -> str:
    """How many accounts, in words too coarse to tell one from two."""
    if accounts < _BANDS[0]:
        return f"fewer than {_BANDS[0]} accounts"
    least = max(edge for edge in _BANDS if accounts >= edge)
    above = next((edge for edge in _BANDS if edge > least), None)
    return f"{least} to {above - 1} accounts" if above else f"{least:,} accounts or more"


def capable(writer: Writer) -> StructuredWriter | None:
    """The writer where it can judge: one that answers structured questions."""
    return writer if isinstance(writer, StructuredWriter) else None


def auditor_id(writer: Writer) -> str:
    """What the rows call the model that judges; a writer may use another model for this than for facets."""
    named: Callable[[str], str] | None = getattr(writer, "model_for", None)
    return named("audit") if named else writer.id


@dataclass(slots=True)
class Judge:
    """The filter. Texts are judged ten at a time beside a control; a batch that is not answered, or whose control is
    not seen for what it is, is asked again text by text.
    """

    writer: StructuredWriter
    asked: int = 0
    """Requests so far."""
    distrusted: int = 0
    """Requests whose control was passed: what a text said, or a careless model, decided there."""
    _known: dict[Text, Verdict] = field(default_factory=dict)

    def __call__(self, texts: Sequence[Text]) -> list[Verdict]:
        """One verdict per text, in order; equal texts get equal ones. What was judged before is not asked again."""
        # In an order of its own: whose text stands beside whose depends on nothing but the texts.
        new = sorted(dict.fromkeys(text for text in texts if text not in self._known), key=_digest)
        batches = [new[start : start + asked.BATCH] for start in range(0, len(new), asked.BATCH)]
        open_texts = self._ask(batches)
        for text in self._ask([[text] for text in open_texts]):
            self._known[text] = WORST
        return [self._known[text] for text in texts]

    def _ask(self, batches: Sequence[Sequence[Text]]) -> list[Text]:
        """Ask each batch once; gives the texts of those without a reply to be relied on."""
        places = [_number(batch, 1) % (len(batch) + 1) for batch in batches]
        requests = []
        for batch, place in zip(batches, places, strict=True):
            name, summary = asked.CONTROLS[_number(batch, 2) % len(asked.CONTROLS)]
            control = Text(name, summary, accounts=band(1))
            shown = [*batch[:place], control, *batch[place:]]
            requests.append(asked.request([text.words for text in shown], [text.accounts for text in shown]))
        self.asked += len(requests)
        missed: list[Text] = []
        for batch, place, value in zip(batches, places, _values(self.writer, requests), strict=True):
            said = verdict_of(value.get(asked.key(place)))
            if not said.given or max(said.identifiability, said.sensitivity) > 2:
                self.distrusted += said.given
                missed += batch
                continue
            for number, text in enumerate(batch):
                self._known[text] = verdict_of(value.get(asked.key(number + (number >= place))))
        return missed


def verdict_of(value: Any) -> Verdict:
    """A verdict as the model gave it; the worst where it does not fit the schema."""
    if faults(value, asked.VERDICT):
        return WORST
    return Verdict(value["identifiability"], value["sensitivity"], frozenset(value["kinds"]))


class Statements:
    """Which sensitive attributes clusters state, and of how many accounts.

    A cluster that is made of others states a thing of those of them that state it: where a parent of thousands is
    called after the one child of twenty with an illness, it is twenty people who are exposed.

    Args:
        texts: of each cluster, as it was named.
        members: base clusters of each cluster, as row numbers; a base cluster has itself.
        accounts: accounts of each cluster that is a base cluster, by row number.
        told: further kinds that a model saw, by row number.
    """

    def __init__(
        self,
        texts: Sequence[Text],
        members: Sequence[Sequence[int]],
        accounts: Mapping[int, AbstractSet[int]],
        told: Sequence[AbstractSet[str]] = (),
    ) -> None:
        self._members, self._accounts = members, accounts
        self._own = [kinds_in(text.words) for text in texts]
        if told:
            self._own = [own | more for own, more in zip(self._own, told, strict=True)]

    def of(self, row: int) -> frozenset[str]:
        """The kinds that a cluster stated when it was named."""
        return self._own[row]

    def people(self, row: int, kind: str) -> int:
        """Of how many accounts a cluster states a kind, if it does."""
        members = self._members[row]
        stating = [base for base in members if kind in self._own[base]] or members
        return len(set().union(*(self._accounts[base] for base in stating)))

    def exposed(self, row: int, kinds: Iterable[str], least: int) -> frozenset[str]:
        """Of some kinds, those that the cluster would state of fewer than ``least`` accounts."""
        return frozenset(kind for kind in kinds if self.people(row, kind) < least)


def measure(
    texts: Sequence[Text],
    writer: StructuredWriter | None,
    scan: Callable[[str], Sequence[object]],
    small: Sequence[str],
) -> dict[str, Any]:
    """What final texts give away, for the notes: numbers only. Missing answers count as the worst, and are counted.

    ``scan`` is a redactor's; ``small`` are the bands in which a listed sensitive word counts as found.
    """
    flagged = [text for text in texts if text.accounts in small and kinds_in(text.words)]
    found: dict[str, Any] = {
        "texts": len(texts),
        "identifiers_found": sum(bool(scan(text.words)) for text in texts),
        "sensitive_words_of_few": len(flagged),
        "judge": None,
    }
    if writer is None:
        return found
    who, learnt = Counter[int](), Counter[int]()
    below = missing = 0
    batches = [texts[start : start + measured.BATCH] for start in range(0, len(texts), measured.BATCH)]
    requests = [measured.request([t.words for t in batch], [t.accounts for t in batch]) for batch in batches]
    for batch, value in zip(batches, _values(writer, requests), strict=True):
        for place in range(len(batch)):
            item: Any = value.get(measured.key(place))
            fits = not faults(item, measured.ITEM)
            steps = (measured.WHO[item["leads_to"]], measured.LEARNT[item["learnt"]]) if fits else (1, 1)
            missing += not fits
            who[steps[0]] += 1
            learnt[steps[1]] += 1
            below += min(steps) < 3
    return found | {
        "judge": auditor_id(writer),
        "identifiability": {str(step): who[step] for step in range(1, 6)},
        "sensitivity": {str(step): learnt[step] for step in range(1, 6)},
        "below_3": below,
        "missing": missing,
    }


def bands_below(accounts: int) -> tuple[str, ...]:
    """The bands that lie wholly below a number of accounts."""
    edges = (0, *_BANDS)
    return tuple(band(low) for low, high in zip(edges, _BANDS, strict=False) if high <= accounts)


def _values(writer: StructuredWriter, requests: Sequence[Request]) -> list[Mapping[str, Any]]:
    """The value of each reply; an empty mapping where there is none."""
    replies = list(writer.ask(requests)) if requests else []
    values = [r.value if r.status == "answered" and isinstance(r.value, Mapping) else {} for r in replies]
    return (values + [{} for _ in requests])[: len(requests)]


def _digest(text: Text) -> str:
    return hashlib.sha256(f"{text.accounts}\0{text.words}".encode("utf-8", "replace")).hexdigest()


def _number(batch: Sequence[Text], salt: int) -> int:
    """A number that only the whole batch decides: no text knows where the control stands."""
    joined = "\0".join([str(salt), *map(_digest, batch)])
    return int(hashlib.sha256(joined.encode()).hexdigest()[:12], 16)
