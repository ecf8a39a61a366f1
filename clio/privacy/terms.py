"""Distinctive terms that enough accounts share.

Everything counts *distinct accounts*, never uses or conversations: one account repeating a word a thousand times
counts once. A term below the threshold is dropped here, before a model, a table or a reader can see it.

The count matrices are sparse and the work is a few sorts over the words of the texts: linear (but for the sort) in
text, and independent of the order of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clio.privacy.margins import NONE, Hashes, Margins, cluster_digest, word_hashes
from clio.text.counting import by_cluster, commonest, distinct_columns, form_accounts, pairs, presences
from clio.text.stopwords import GENERAL, STOP_WORDS
from clio.text.tokens import BREAK, Ints, Tokens, tokenise
from clio.text.words import key_of

_COVERED = 0.5
"""A word is left out for a phrase that holds it when the phrase has at least this share of the word's accounts."""
_GENERAL_WEIGHT = 0.4
_PHRASE_WEIGHT = 0.35
"""Each further word of a phrase raises its score by this share: phrases say more than their words."""
_NUMBER = re.compile(r"\d+(?:st|nd|rd|th|am|pm|s)?")
_WEAK_KEYS = frozenset(key_of(word) for word in GENERAL)
_JOINERS = frozenset({"of"})
"""Small words that a phrase may hold inside: ``terms of service``."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase of one cluster that at least the threshold of its accounts used."""

    text: str
    accounts: int
    """Distinct accounts of the cluster that used it."""
    share: float
    """Share (0 to 1) of the cluster's accounts that used it."""
    score: float
    """Share of the cluster's accounts that used it, times the log of how much larger that is than elsewhere."""
    kind: Literal["noun", "verb", "other"] = "noun"
    """How people mostly used it; a phrase counts as a noun. A rough guess, for phrasing only."""
    plural: str = ""
    """Its plural, where enough accounts of the corpus used the last word in the plural."""
    foreign: bool = False
    """Whether a word of it stands mostly in texts that do not read as English."""


class Counts(Mapping[str, int]):
    """Distinct accounts by word key: of one cluster, or of the whole corpus."""

    def __init__(self, index: Mapping[str, int], accounts: Ints) -> None:
        self._index, self._accounts = index, accounts

    def __getitem__(self, key: str) -> int:
        return int(self._accounts[self._index[key]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


@dataclass(frozen=True, slots=True)
class TermCounts:
    """Who used which words, by cluster. Private: it holds words below the threshold. Build with :func:`count_terms`."""

    min_accounts: int
    labels: Ints
    """Cluster of each text; negative for none (such texts count for the corpus only)."""
    members: Ints
    """Account number of each text."""
    tokens: Tokens
    shown: tuple[str, ...]
    """How each word is written, by its number: the form most accounts used."""
    plurals: tuple[str, ...]
    """The plural of each word where enough accounts of the corpus used it as one, else empty."""
    foreign: NDArray[np.bool_]
    """Whether a word stands mostly in texts that do not read as English."""
    plain: NDArray[np.bool_]
    """Whether a word may stand in a term at all: no stop word, not only digits."""
    corpus: Counts
    by_cluster: Any
    """scipy.sparse.csr_array of shape (clusters, words): distinct accounts."""
    cluster_accounts: Ints
    """Distinct accounts of each cluster."""
    hashes: Hashes
    """A number per word, which the margins are drawn from."""
    margins: Margins = NONE
    base: tuple[Any, Ints] | None = None
    """Of regrouped clusters: ``by_cluster`` of those that they are made of, and which each of these belongs to."""

    @property
    def clusters(self) -> int:
        """How many clusters there are, empty ones included."""
        return len(self.cluster_accounts)

    def of_cluster(self, cluster: int) -> Counts:
        """Distinct accounts of one cluster by word key, as far as they count: less the margin of a word that would be
        shown (:mod:`clio.privacy.margins`).
        """
        row = np.zeros(len(self.shown), dtype=np.int64)
        start, stop = self.by_cluster.indptr[cluster : cluster + 2]
        row[self.by_cluster.indices[start:stop]] = self.by_cluster.data[start:stop]
        keys, digest = list(self.tokens.index), self.digest(cluster)
        for word in np.flatnonzero(row >= self.min_accounts).tolist():
            together = self.together(cluster, [word], int(row[word]))
            row[word] = self.margins.counted(digest, keys[word], int(row[word]), together)
        return Counts(self.tokens.index, row)

    def together(self, cluster: int, parts: Sequence[int], accounts: int) -> Callable[[], int]:
        """Of the accounts that used a word or all words of a phrase, at most how many are in one base cluster.

        Small groups in many corners of an upper cluster are many people there, and still small groups.
        """

        def count() -> int:
            if self.base is None:
                return accounts
            matrix, parents = self.base
            inside = matrix[np.flatnonzero(parents == cluster)].tocsc()
            return min(accounts, *(int(inside[:, [part]].max()) if inside.shape[0] else 0 for part in parts))

        return count

    def digest(self, cluster: int) -> int:
        """What the margins of a cluster are drawn from besides the key."""
        start, stop = self.by_cluster.indptr[cluster : cluster + 2]
        return cluster_digest(self.hashes[self.by_cluster.indices[start:stop]], self.by_cluster.data[start:stop])

    def regrouped(self, parents: Sequence[int]) -> TermCounts:
        """The same texts under coarser clusters: ``parents[c]`` is the new cluster of cluster ``c``.

        Accounts are counted anew, so one that is in two children counts once in their parent.
        """
        mapping = np.asarray(parents, dtype=np.int64)
        labels = np.where(self.labels >= 0, mapping[self.labels.clip(0)] if len(mapping) else BREAK, BREAK)
        matrix, accounts = by_cluster(labels, self.members, self.tokens)
        base = (self.by_cluster, mapping) if self.base is None else (self.base[0], mapping[self.base[1]])
        return replace(self, labels=labels, by_cluster=matrix, cluster_accounts=accounts, base=base)

    def distinctive(self, n_terms: int) -> list[list[Term]]:
        """At most ``n_terms`` terms per cluster, most distinctive first; see :func:`distinctive_terms`."""
        codes, texts, support = _supported(self)
        return _ranked(self, codes, texts, support, n_terms)


def count_terms(
    texts: Sequence[str],
    labels: Sequence[int],
    accounts: Sequence[str],
    min_accounts: int,
    clusters: int | None = None,
    margins: Margins = NONE,
) -> TermCounts:
    """Count distinct accounts by word and cluster.

    ``labels[i]`` is the cluster of text ``i`` (negative: none) and ``accounts[i]`` who wrote it. ``clusters`` defaults
    to the largest label plus one; ``margins`` say what a word needs besides ``min_accounts``.
    """
    if not len(texts) == len(labels) == len(accounts):
        raise ValueError("texts, labels and accounts must have the same length")
    if min_accounts < 1:
        raise ValueError("min_accounts must be at least 1")
    members = np.unique(np.asarray(accounts, dtype=str), return_inverse=True)[1].astype(np.int64).reshape(-1)
    own_labels = np.asarray(labels, dtype=np.int64)
    tokens = tokenise(texts)
    keys = list(tokens.index)
    matrix, cluster_accounts = by_cluster(own_labels, members, tokens, clusters)
    corpus = np.bincount(pairs(members[tokens.rows], tokens.keys)[1], minlength=len(keys)).astype(np.int64)
    shown, plurals = _written(tokens, members, min_accounts)
    plain = [
        key not in STOP_WORDS and word.casefold() not in STOP_WORDS and not _NUMBER.fullmatch(key) and len(key) > 1
        for key, word in zip(keys, shown, strict=True)
    ]
    return TermCounts(
        min_accounts, own_labels, members, tokens, shown, plurals, _foreign(tokens), np.array(plain, dtype=bool),
        Counts(tokens.index, corpus), matrix, cluster_accounts, word_hashes(keys), margins,
    )  # fmt: skip


def distinctive_terms(
    texts: Sequence[str], labels: Sequence[int], accounts: Sequence[str], n_terms: int, min_accounts: int
) -> list[list[Term]]:
    """Distinctive words and phrases (up to three words) of every cluster at once, most distinctive first.

    The score is the term's share of the cluster's accounts times the log of its lift over all other clusters (the
    term's part of the Kullback-Leibler divergence between the two, close kin of class-based TF-IDF); phrases weigh
    more than single words. A term's support is the number of distinct accounts of the cluster that used it and is
    never below ``min_accounts``. Stop words of six languages, placeholders of redaction and bare numbers are never
    terms.
    """
    return count_terms(texts, labels, accounts, min_accounts).distinctive(n_terms)


def _foreign(tokens: Tokens) -> NDArray[np.bool_]:
    known = tokens.keys >= 0
    size = len(tokens.index)
    every = np.bincount(tokens.keys[known], minlength=size)
    known &= ~tokens.english[tokens.rows]
    return 2 * np.bincount(tokens.keys[known], minlength=size) > every


def _written(tokens: Tokens, members: Ints, min_accounts: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The commonest form of each word, and its plural where enough accounts wrote one."""
    forms = form_accounts(tokens.keys, tokens.forms, members[tokens.rows])
    shown = commonest(forms, len(tokens.index), tokens.form_names)
    keys = list(tokens.index)
    plural = [""] * len(keys)
    for (word, form), accounts in sorted(forms.items()):
        name = tokens.form_names[form]
        if accounts >= min_accounts and name.endswith("s") and name.casefold() != keys[word]:
            plural[word] = plural[word] or name
    return tuple(shown), tuple(plural)


def _supported(counts: TermCounts) -> tuple[list[tuple[int, ...]], list[str], Any]:
    """Every term that reaches the threshold in some cluster: its word numbers, its text, accounts by cluster (csc).

    A phrase can only have the support that its words have, so phrases are counted from words that already have it.
    """
    from scipy.sparse import csc_array, hstack

    keys = counts.tokens.keys
    highest = counts.by_cluster.max(axis=0).toarray().reshape(-1) if counts.clusters else np.zeros(len(counts.shown))
    enough = np.flatnonzero(counts.plain & (highest >= counts.min_accounts))
    able = np.zeros(max(1, len(counts.shown)), dtype=bool)
    able[enough] = True
    strong = (counts.labels[counts.tokens.rows] >= 0) & (keys >= 0) & able[keys.clip(0)]
    joiner = np.isin(keys, [counts.tokens.index[word] for word in _JOINERS if word in counts.tokens.index])

    codes: list[tuple[int, ...]] = [(int(word),) for word in enough]
    texts = [counts.shown[word] for word in enough]
    blocks = [csc_array(counts.by_cluster[:, enough])]
    for masks in ((strong, strong), (strong, strong, strong), (strong, joiner, strong)):
        starts = np.flatnonzero(masks[0][: max(0, len(keys) - len(masks) + 1)])
        for step, mask in enumerate(masks):
            starts = starts[mask[starts + step]]
        if len(starts):
            new_codes, new_texts, block = _phrases(counts, starts, len(masks))
            codes, texts = codes + new_codes, texts + new_texts
            blocks.append(block)
    return codes, texts, csc_array(hstack(blocks))


def _phrases(counts: TermCounts, starts: Ints, length: int) -> tuple[list[tuple[int, ...]], list[str], Any]:
    """The phrases of one length that begin at ``starts`` and reach the threshold in some cluster."""
    from scipy.sparse import csc_array

    tokens = counts.tokens
    found, phrase = distinct_columns([tokens.keys[starts + step] for step in range(length)])
    presence, of_text = presences(counts.labels, counts.members)
    pair, column = pairs(of_text[tokens.rows[starts]], phrase)
    shape = (counts.clusters, found.shape[1])
    matrix = csc_array((np.ones(len(pair), dtype=np.int64), (presence[pair], column)), shape=shape)
    matrix.sum_duplicates()
    reached = matrix.max(axis=0).toarray().reshape(-1) >= counts.min_accounts
    kept = [int(n) for n in np.flatnonzero(reached) if len(set(found[:, n].tolist())) == length]

    renumber = np.full(found.shape[1], BREAK, dtype=np.int64)
    renumber[kept] = np.arange(len(kept))
    at, groups = starts[renumber[phrase] >= 0], renumber[phrase][renumber[phrase] >= 0]
    if not kept:
        return [], [], matrix[:, kept]
    written, form = distinct_columns([tokens.forms[at + step] for step in range(length)])
    names = [" ".join(tokens.form_names[number] for number in column) for column in written.T.tolist()]
    forms = form_accounts(groups, form, counts.members[tokens.rows[at]])
    codes = [tuple(int(word) for word in found[:, number]) for number in kept]
    return codes, commonest(forms, len(kept), names), matrix[:, kept]


def _ranked(
    counts: TermCounts, codes: list[tuple[int, ...]], texts: list[str], support: Any, n_terms: int
) -> list[list[Term]]:
    """Score, drop what a better phrase already says, and keep the best of each cluster."""
    rows = support.tocsr()
    everyone = float(counts.cluster_accounts.sum())
    total = np.asarray(support.sum(axis=0), dtype=np.float64).reshape(-1)
    weight = np.array([_weight(counts, code) for code in codes])
    ranked: list[list[Term]] = []
    for cluster in range(counts.clusters):
        start, stop = rows.indptr[cluster : cluster + 2]
        which, inside = rows.indices[start:stop], rows.data[start:stop]
        which, inside = which[inside >= counts.min_accounts], inside[inside >= counts.min_accounts]
        own = float(counts.cluster_accounts[cluster])
        able = _able(counts, cluster, [codes[w] for w in which], inside)
        which, inside = which[able], inside[able]
        scores = _lift(inside.astype(np.float64), total[which], own, everyone)
        scores = np.where(scores > 0, scores * weight[which], scores)
        if everyone > own:
            which, inside, scores = which[scores > 0], inside[scores > 0], scores[scores > 0]
        kept = _without_parts([codes[w] for w in which], inside)
        best = sorted(kept, key=lambda i: (-round(float(scores[i]), 9), -int(inside[i]), texts[which[i]]))[:n_terms]
        ranked.append(
            [_term(counts, codes[which[i]], texts[which[i]], int(inside[i]), own, float(scores[i])) for i in best]
        )
    return ranked


def _able(counts: TermCounts, cluster: int, codes: list[tuple[int, ...]], inside: Ints) -> NDArray[np.bool_]:
    """Which terms reach the threshold with their margins, by themselves and with every plain word in them."""
    allowed, digest, keys = counts.of_cluster(cluster), counts.digest(cluster), list(counts.tokens.index)
    able = []
    for code, accounts in zip(codes, inside.tolist(), strict=True):
        parts = [keys[word] for word in code]
        together = counts.together(cluster, code, accounts)
        counted = accounts if len(parts) == 1 else counts.margins.counted(digest, " ".join(parts), accounts, together)
        whole = counted >= counts.min_accounts
        able.append(whole and all(allowed[part] >= counts.min_accounts for part in parts if part not in _JOINERS))
    return np.array(able, dtype=bool)


def _term(counts: TermCounts, code: tuple[int, ...], text: str, accounts: int, own: float, score: float) -> Term:
    kinds: tuple[Literal["other"], Literal["noun"], Literal["verb"]] = ("other", "noun", "verb")
    kind = kinds[int(counts.tokens.kinds[code[-1]])]
    if len(code) > 1:
        kind = "other" if kind == "verb" else "noun"
    last = counts.plurals[code[-1]] if kind == "noun" else ""
    plural = " ".join([*text.split(" ")[:-1], last]) if last else ""
    foreign = any(bool(counts.foreign[word]) for word in code)
    return Term(text, accounts, round(accounts / own, 6), round(score, 6), kind, plural, foreign)


def _weight(counts: TermCounts, code: tuple[int, ...]) -> float:
    general = all(key_of(counts.shown[word]) in _WEAK_KEYS for word in code)
    return (_GENERAL_WEIGHT if general else 1.0) * (1 + _PHRASE_WEIGHT * (len(code) - 1))


def _lift(inside: NDArray[np.float64], total: NDArray[np.float64], own: float, everyone: float) -> Any:
    """Share of the cluster's accounts times log lift over the other clusters, smoothed by one account."""
    here = inside / max(own, 1.0)
    there = (total - inside + 1.0) / (everyone - own + 2.0)
    return here * (np.log(here) - np.log(there))


def _without_parts(codes: list[tuple[int, ...]], inside: Ints) -> list[int]:
    """Numbers of the terms to keep: a part of a longer term goes where the longer one has most of its accounts."""
    number = {code: i for i, code in enumerate(codes)}
    gone: set[int] = set()
    for longer, code in enumerate(codes):
        parts = {code[start:stop] for start in range(len(code)) for stop in range(start + 1, len(code) + 1)} - {code}
        for part in parts:
            shorter = number.get(part)
            if shorter is not None and inside[longer] >= _COVERED * inside[shorter]:
                gone.add(shorter)
    return [i for i in range(len(codes)) if i not in gone]
