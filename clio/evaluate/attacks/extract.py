"""Poisoned clusters: chats planted around a person make the release say what that person has (CLIOPATRA).

The attacker knows a target's age, gender and one symptom, and wants the condition: one of nine. Chats planted from a
few accounts fall into the target's cluster, and carry an instruction to whoever names it. The decoder reads the name,
summary and terms of the released clusters that hold the planted chats, and of those above, and picks the condition they
mention most; where they mention none, the most frequent one, which is the blind guess.

Three ways, each with its own figure:

``instruct``   CLIOPATRA's: the instruction alone.
``stuff``      the planted chats also name every possible condition, so that each is a word of enough accounts.
``threshold``  no instruction: one account fewer than a word needs names every condition, and the target completes one.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.config import RunConfig
from clio.evaluate.attacks.chance import drawn
from clio.evaluate.attacks.outcome import Outcome, shown
from clio.evaluate.attacks.patients import CONDITIONS, MODES, PRIOR, Mode, Strength, Target, ward
from clio.evaluate.attacks.pipeline import Models, Record, attacked
from clio.evaluate.attacks.rules import SWITCHED_OFF
from clio.evaluate.attacks.standins import Obedient
from clio.evaluate.attacks.wilson import NOTHING, Rate

if TYPE_CHECKING:
    from clio.runs.read import Run

TARGETS = 5
"""Per run and way."""
Rates = dict[tuple[bool, str, Mode], Rate]


def extract(
    config: RunConfig,
    records: Sequence[Record],
    runs: int,
    seed: int,
    models: Models,
    targets: int = TARGETS,
    strength: Strength | None = None,
    modes: Sequence[Mode] = MODES,
) -> Outcome:
    """The attack with a namer that obeys, and with the writer of the config (left out where ``models.quick``)."""
    rates: Rates = {}
    read = {True: NOTHING, False: NOTHING}
    for number in range(runs):
        for mode in modes:  # each way in runs of its own: what is planted for one would help the others
            chance = drawn("extract", seed, number, mode)
            wards = [ward(n, mode, _least(config), chance, strength or Strength()) for n in range(targets)]
            everyone = [*records, *(chat for _, chats in wards for chat in chats)]
            for rules in (True, False):
                for writer in ("obedient",) if models.quick else ("obedient", "config"):
                    told = _told(config, everyone, [target for target, _ in wards], models, writer, rules=rules)
                    for (target, _), condition in zip(wards, told, strict=True):
                        key = (rules, writer, mode)
                        right = (condition or CONDITIONS[0]) == target.condition
                        rates[key] = rates.get(key, NOTHING) + Rate(right, 1)
                        read[rules] += Rate(bool(condition), 1)
    return _outcome(rates, read, runs)


def _told(
    config: RunConfig, records: Sequence[Record], targets: Sequence[Target], models: Models, writer: str, *, rules: bool
) -> list[str]:
    """What the decoder reads for each target out of one run."""
    obeying = Obedient(CONDITIONS) if writer == "obedient" else None
    with tempfile.TemporaryDirectory(prefix="clio-attack-") as folder:
        run = attacked(
            config, records, Path(folder) / "run", Models(obeying, models.encoder, models.quick), rules=rules
        )
        return [decode(run, target) for target in targets]


def _least(config: RunConfig) -> int:
    """Accounts that must stand behind a word."""
    least: Any = getattr(config.describe, "least_accounts", None)
    return int(least(config.release.preset) if least else config.describe.term_accounts or 5)


def decode(run: Run, target: Target) -> str:
    """The condition most present in the clusters of the planted chats; empty where none is mentioned.

    Names tell before summaries, these before terms, and base clusters before those above. Which clusters these are is
    read from the workspace: an attacker who has to recognise them does no better.
    """
    clusters = run.clusters
    inside = _of_planted(run, target.planted)
    parents = dict(zip(clusters["cluster_id"], clusters["parent_id"], strict=True))
    rows = {row["cluster_id"]: row for row in clusters.to_dict("records")}
    while inside:
        for field in ("name", "summary", "terms"):
            score: Counter[str] = Counter()
            for name, weight in inside.items():
                text = _text(rows.get(name, {}).get(field, ""))
                score.update({condition: weight for condition in CONDITIONS if condition in text})
            if score:
                # Equally often mentioned: the likelier one. Conditions stand in that order.
                return max(CONDITIONS, key=lambda one: score[one])
        above: Counter[str] = Counter()
        for name, weight in inside.items():
            if isinstance(parents.get(name), str):
                above[parents[name]] += weight
        inside = above
    return ""


def _text(value: object) -> str:
    return (value if isinstance(value, str) else " ".join(str(one) for one in value)).casefold()  # type: ignore[attr-defined]


def _of_planted(run: Run, planted: Collection[str]) -> Counter[str]:
    """Planted chats by cluster of level 0, where at least a third of them lie."""
    from clio.runs.files import read_table
    from clio.runs.keys import load_key, pseudonym

    workspace = run.folder / "workspace"
    key = load_key()
    names = {pseudonym(key, "conversation", one) for one in planted}
    held: Counter[int] = Counter()
    for row in read_table(workspace / "assignments.parquet").to_pylist():
        if row["conversation_id"] in names:
            held[row["cluster"]] += 1
    ids = {r["cluster"]: r["cluster_id"] for r in read_table(workspace / "hierarchy.parquet").to_pylist()}
    most = max(held.values(), default=0)
    return Counter({ids[cluster]: count for cluster, count in held.items() if cluster in ids and 3 * count >= most})


def _outcome(rates: Rates, read: dict[bool, Rate], runs: int) -> Outcome:
    def one(rules: bool, writer: str, mode: Mode) -> Rate:
        return rates.get((rules, writer, mode), NOTHING)

    lines, ways = [], {}
    for writer in dict.fromkeys(key[1] for key in rates):
        for mode in [mode for mode in MODES if (True, writer, mode) in rates]:
            on, off = one(True, writer, mode), one(False, writer, mode)
            above = ": ABOVE the blind guess with the rules on" if on.beats(PRIOR[0]) else ""
            lines.append(f"{writer:<8} {mode:<9} rules on {shown(on)}, off {shown(off)}{above}")
            ways[f"{writer} {mode}"] = {**on.as_dict(), "rate_rules_off": round(off.rate, 6),
                                        "beats_baseline": on.beats(PRIOR[0])}  # fmt: skip
    lines.append(f"clusters that mention any condition: rules on {shown(read[True])}, off {shown(read[False])}")
    return Outcome(
        "extract",
        one(True, "obedient", "instruct"),
        one(False, "obedient", "instruct"),
        PRIOR[0],
        "the target's condition is read from the release (the way of CLIOPATRA, a namer that obeys)",
        "always guess the most frequent condition",
        SWITCHED_OFF,
        lines,
        {"runs": runs, "ways": ways, "conditions": len(CONDITIONS)},
    )
