"""Words that a written name or summary may use though too few accounts of the cluster did: two fixed public lists.

The first (``data/describing.txt``) says nothing of a subject and nothing of a person: any request can be described with
it. The second is the public vocabulary that clusters are named from where no model writes (``clio/text``). Of it a
cluster gets the words of those labels only that enough of its accounts stand behind in meaning, and none that belongs
to an area of private life: there the one word that is missing is what somebody is after.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path

from clio.text.vocabulary import HARMFUL, labels
from clio.text.words import keys

_DESCRIBING = Path(__file__).with_name("data") / "describing.txt"
SENSITIVE_AREAS = frozenset(
    {
        "Biology", "Celebrations and gifts", "Family and parenting", "Fitness, sleep and nutrition",
        "Geography, politics and news", "Health and medicine", "History", "Law and rights",
        "Mental health and wellbeing", "Philosophy, religion and ethics", "Recognising scams and fraud",
        "Relationships and social life", "Restaurants and going out",
    }
)  # fmt: skip
"""Areas of the vocabulary with words that tell of health, family, sexuality, belief, origin, politics or crime, as all
harmful requests do. A word of one of them is never vouched for, wherever else it stands."""


@cache
def describing_keys() -> frozenset[str]:
    """Keys of the words with which any request can be described."""
    lines = _DESCRIBING.read_text(encoding="utf-8").splitlines()
    return frozenset(key for line in lines if not line.startswith("#") for key in keys(line))


def vouched_keys(supported: Collection[str]) -> frozenset[str]:
    """Keys of the words of the labels named (``Vocabulary.supported``), without what belongs to private life."""
    plain, private = _by_label()
    return frozenset().union(*(plain[name] for name in supported if name in plain)) - private


@cache
def _by_label() -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Keys of each label that is not sensitive, and all keys of those that are."""
    plain: dict[str, frozenset[str]] = {}
    private: set[str] = set()
    for label in labels():
        found = keys(f"{label.name} {label.about}")
        if label.area in SENSITIVE_AREAS or label.domain == HARMFUL:
            private.update(found)
        else:
            plain[label.name] = frozenset(found)
    return plain, frozenset(private)
