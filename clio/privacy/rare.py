"""Words in a proposed name or summary that too few accounts of its cluster used."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from clio.privacy.public_words import describing_keys
from clio.text.languages import NAMES as LANGUAGES
from clio.text.stopwords import GENERAL, STOP_WORDS
from clio.text.words import bases, gerund, key_of, words

_GENERAL_KEYS = frozenset(key_of(word) for word in GENERAL | {name.casefold() for name in LANGUAGES.values()})
_UNSPACED_RUN = re.compile(
    "[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3005\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)
_ABBREVIATIONS = re.compile("[A-Z]{2,6}s")
"""The plural of one (``CVs``) counts as the abbreviation, whose key is too short to lose an ending."""


def rare_terms(
    text: str, cluster_counts: Mapping[str, int], min_accounts: int, public: Collection[str] = frozenset()
) -> list[str]:
    """Words of a proposed name or summary that fewer than ``min_accounts`` accounts of the cluster used.

    ``cluster_counts`` holds distinct accounts of the cluster by word key (:func:`clio.text.words.key_of`). It makes no
    difference what the rest of the corpus says, nor whether the writer found a word by itself: whoever knows most of a
    person's story steers a cluster around it and waits for the one word that is missing, and that word may be common
    everywhere else.

    A word passes when enough accounts of the cluster used it or (written in lower case) an inflection of it, when it
    is a function word, or in lower case when it says nothing of a subject or a person
    (:func:`clio.privacy.public_words.describing_keys`). ``public`` are further keys the caller vouches for, in lower
    case too. What cannot be counted, in scripts written without spaces, never passes.
    """
    describing = describing_keys()
    rare: list[str] = []
    for word in words(text):
        if word is None or word.key in STOP_WORDS or word.text.casefold() in STOP_WORDS or word.key in _GENERAL_KEYS:
            continue
        key = word.key.removesuffix("s") if _ABBREVIATIONS.fullmatch(word.text) else word.key
        if cluster_counts.get(key, 0) >= min_accounts:
            continue
        lower = word.text.islower() or (word.starts and word.text[1:].islower())
        kin = inflections(word.key) if lower else ()
        if not any(cluster_counts.get(key, 0) >= min_accounts or key in describing or key in public for key in kin):
            rare.append(word.text)
    return rare + [run for run in _UNSPACED_RUN.findall(text) if sum(len(w.text) for w in words(run) if w) < len(run)]


def inflections(key: str) -> frozenset[str]:
    """The key itself and the keys of its English verb forms: ``drafted`` has ``draft`` and ``drafting``.

    Nothing beyond endings: what shares only a stem (``depressing``, ``depression``) may mean something else.
    """
    roots = {key, *bases(key)} | {root + "y" for end in ("ied", "ier", "ily") if (root := key.removesuffix(end)) != key}
    forms = {form for root in roots for form in (gerund(root), root + "ed", root.removesuffix("e") + "ed")}
    return frozenset(roots | forms | {root[:-1] + "ied" for root in roots if root.endswith("y")})
