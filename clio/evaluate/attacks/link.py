"""From the text of a release back to one conversation: among those of the cluster and as many that were never in it.

Half of the accounts are run, the other half are held out. For every released base cluster the candidates are its
conversations and the held-out ones on the same subject: those that lie nearest to it of all clusters. The attacker has
them all in hand, reads the cluster's name, summary and terms, and points at one candidate: the one that holds most of
the distinctive words, or lies nearest in meaning, or both together. Success: it is one that was run. Chance is the
share of such among the candidates. What a text says of a *subject* fits both halves alike; only what it took from
*somebody's* conversation tells them apart. The idea is the linkage test of the audit of Anthropic Insights by Imperial
College London (2026): there a cluster led to a project by its distinctive phrasing.
"""

from __future__ import annotations

import math
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clio.config import RunConfig
from clio.evaluate.attacks.chance import drawn
from clio.evaluate.attacks.outcome import Outcome, shown
from clio.evaluate.attacks.pipeline import Models, Record, attacked
from clio.evaluate.attacks.rules import SWITCHED_OFF
from clio.evaluate.attacks.standins import telling
from clio.evaluate.attacks.wilson import NOTHING, Rate

if TYPE_CHECKING:
    from clio.models.protocol import Encoder, Vectors
    from clio.runs.read import Run

DECODERS = ("words", "meaning", "both")
LEAST = 4
"""Candidates of either kind that a cluster must have to be tried."""


@dataclass
class Tally:
    """Over the clusters of several runs."""

    rates: dict[str, Rate]
    chance: float = 0.0
    rank: float = 0.0
    """Sum over clusters: place of the first true candidate among all, by ``both``."""
    by_chance: float = 0.0
    """The same, of candidates in random order: (n + 1) / (m + 1) for m true ones among n."""


def link(config: RunConfig, records: Sequence[Record], runs: int, seed: int, models: Models) -> Outcome:
    """The attack, ``runs`` times with the rules and without; every run draws other halves."""
    tallies = {rules: Tally(dict.fromkeys(DECODERS, NOTHING)) for rules in (True, False)}
    for number in range(runs):
        chance = drawn("link", seed, number)
        accounts = sorted({record["user_id"] for record in records})
        chosen = set(chance.sample(accounts, len(accounts) // 2))
        inside = [record for record in records if record["user_id"] in chosen]
        outside = [record for record in records if record["user_id"] not in chosen]
        for rules, tally in tallies.items():
            with tempfile.TemporaryDirectory(prefix="clio-attack-") as folder:
                run = attacked(config, inside, Path(folder) / "run", models, rules=rules)
                encoder = models.encoder or _encoder(config)
                _try(run, inside, outside, encoder, tally, drawn("ties", seed, number))
    return _outcome(tallies[True], tallies[False], runs, models)


def _encoder(config: RunConfig) -> Encoder:
    from clio.models.encoder import SentenceEncoder

    return SentenceEncoder(config.encoder)


def _said(record: Record) -> str:
    return " ".join(turn["content"] for turn in record["messages"] if turn["role"] == "user")[:4000]


def _try(
    run: Run, inside: Sequence[Record], outside: Sequence[Record], encoder: Encoder, tally: Tally, ties: random.Random
) -> None:
    texts = [_said(record) for record in [*inside, *outside]]
    vectors = encoder.encode(texts)
    cluster = _clusters(run, inside)
    subject = _nearest(vectors, cluster, len(inside))
    weights = _rarity(texts)
    words = [set(telling(text)) for text in texts]
    for row in run.clusters[run.clusters["level"] == 0].to_dict("records"):
        # Chosen alike, whether they were run or not: by subject alone, and not by the cluster they went into.
        candidates = np.flatnonzero(subject == row["cluster_id"])
        true = candidates < len(inside)
        if true.sum() < LEAST or (~true).sum() < LEAST:
            continue
        said = " ".join([str(row["name"]), str(row["summary"]), *map(str, row["terms"])])
        near = vectors[candidates] @ encoder.encode([said])[0]
        wanted = set(telling(said))
        held = np.array([sum(weights.get(word, 0.0) for word in words[n] & wanted) for n in candidates])
        scores = {"words": held, "meaning": near, "both": _standard(held) + _standard(near)}
        for name, score in scores.items():
            best = np.flatnonzero(score >= score.max() - 1e-9)
            tally.rates[name] += Rate(bool(true[ties.choice(best.tolist())]), 1)
        tally.chance += float(true.mean())
        both = scores["both"]
        before = both > both[true].max() + 1e-9
        level = np.abs(both - both[true].max()) <= 1e-9
        tally.rank += float(before.sum()) + (float(level.sum()) + 1) / (float((level & true).sum()) + 1)
        tally.by_chance += (len(true) + 1) / (float(true.sum()) + 1)


def _clusters(run: Run, inside: Sequence[Record]) -> list[str]:
    """Base cluster id of each record that was run; empty where it is in none."""
    from clio.runs.files import read_table
    from clio.runs.keys import load_key, pseudonym

    key, workspace = load_key(), run.folder / "workspace"
    ids = {r["cluster"]: r["cluster_id"] for r in read_table(workspace / "hierarchy.parquet").to_pylist()}
    of = {
        r["conversation_id"]: ids.get(r["cluster"], "")
        for r in read_table(workspace / "assignments.parquet").to_pylist()
    }
    return [of.get(pseudonym(key, "conversation", record["id"]), "") for record in inside]


def _nearest(vectors: Vectors, cluster: Sequence[str], inside: int) -> NDArray[np.str_]:
    """The cluster whose members' mean each text is nearest to; for a member its own, where it would go there without
    weighing in itself.
    """
    names = sorted({name for name in cluster if name})
    rows = {name: np.flatnonzero(np.array([c == name for c in cluster])) for name in names}
    sums = np.stack([vectors[rows[name]].sum(axis=0) for name in names]).astype(np.float64)
    found = []
    for n, vector in enumerate(vectors.astype(np.float64)):
        totals = sums.copy()
        if n < inside and cluster[n]:
            totals[names.index(cluster[n])] -= vector
        lengths = np.maximum(np.linalg.norm(totals, axis=1), 1e-9)
        found.append(names[int(np.argmax(totals @ vector / lengths))])
    return np.array(found)


def _rarity(texts: Sequence[str]) -> dict[str, float]:
    counts = Counter(word for text in texts for word in set(telling(text)))
    return {word: math.log(len(texts) / count) for word, count in counts.items()}


def _standard(score: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = float(score.std())
    return np.asarray((score - score.mean()) / spread if spread > 1e-9 else score * 0.0, dtype=np.float64)


def _outcome(on: Tally, off: Tally, runs: int, models: Models) -> Outcome:
    tried = on.rates["both"].trials
    baseline = on.chance / tried if tried else 0.5
    above = [name for name in DECODERS if on.rates[name].beats(baseline)]
    lines = [
        f"{name:<8} rules on {shown(on.rates[name])}, off {shown(off.rates[name])}"
        + (": ABOVE chance with the rules on" if name in above else "")
        for name in DECODERS
    ]
    tried_off = max(1, off.rates["both"].trials)
    lines += [
        f"mean place of the first true one: rules on {on.rank / max(1, tried):.2f} (chance "
        f"{on.by_chance / max(1, tried):.2f}), off {off.rank / tried_off:.2f} (chance {off.by_chance / tried_off:.2f})",
        f"baseline of the runs with rules off: {off.chance / tried_off:.1%}",
    ]
    return Outcome(
        "link",
        on.rates["both"],
        off.rates["both"],
        baseline,
        "the conversation that a cluster's text points at was run, rather than one held out on the same subject",
        "share of those that were run among the candidates",
        SWITCHED_OFF,
        lines,
        {
            "runs": runs,
            "decoders_above_baseline": above,
            "writer": getattr(models.writer, "id", "of the config"),
            "rank": round(on.rank / max(1, tried), 3),
            "rank_by_chance": round(on.by_chance / max(1, tried), 3),
            "rank_rules_off": round(off.rank / tried_off, 3),
            "rank_by_chance_rules_off": round(off.by_chance / tried_off, 3),
            "baseline_rules_off": round(off.chance / tried_off, 6),
            "decoders": {
                name: {**on.rates[name].as_dict(), "rate_rules_off": round(off.rates[name].rate, 6)}
                for name in DECODERS
            },
        },
    )
