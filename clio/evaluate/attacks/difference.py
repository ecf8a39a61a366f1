"""Subtract: cells of one release from each other, of two thresholds of one run, of samples that differ by one account.

The unit is a cell that no release shows and that holds fewer conversations than any of them shows. The attacker knows
which cells are empty, and guesses the others' counts: what the sums determine (:mod:`clio.evaluate.attacks.cells`), and
where they determine nothing, the commonest count. That guess alone is the baseline. Off: the same run is
published with complementary suppression taken out, so that every cell that reaches the threshold is shown and no other
is hidden for its sake (a threshold of 1 would hide nothing to be worked out).

Beside it stands what no suppression of small cells can prevent (``presence``): with exact counts of nested samples,
somebody who knows two candidates can tell which of them left.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clio.config import RunConfig, load_config
from clio.errors import RunError
from clio.evaluate.attacks.cells import ALL, Guesses, Published, guessed, published
from clio.evaluate.attacks.chance import drawn
from clio.evaluate.attacks.outcome import Outcome, shown
from clio.evaluate.attacks.pipeline import Models, Record, adapted, attacked, republished
from clio.evaluate.attacks.rules import has, thresholds_alone
from clio.evaluate.attacks.wilson import NOTHING, Rate

if TYPE_CHECKING:
    from clio.runs.read import Run

DECOYS = 12
"""Accounts beside which the one that left has to be told, per run."""
VIEWS = ("one release", "two thresholds", "nested samples")
OFF = ("complementary suppression, and the memory of earlier releases: each cell is held to the threshold by itself",)
Cell = tuple[str, str]
"""Facet and value, of the whole release."""


def difference(config: RunConfig, records: Sequence[Record], runs: int, seed: int, models: Models) -> Outcome:
    """The three subtractions and the presence game, ``runs`` times; each run leaves out another account."""
    found: dict[tuple[str, bool], list[Guesses]] = {(view, rules): [] for view in VIEWS for rules in (True, False)}
    presence = NOTHING
    ready = adapted(config, models)
    for number in range(runs):
        chance = drawn("difference", seed, number)
        leaver = chance.choice(sorted({record["user_id"] for record in records}))
        with tempfile.TemporaryDirectory(prefix="clio-attack-") as name:
            folder = Path(name)
            seeded = load_config(ready, seed=(ready.seed + number) % 2**32)
            run = attacked(seeded, records, folder / "whole", models, rules=True)
            less = [record for record in records if record["user_id"] != leaver]
            nested = attacked(seeded, less, folder / "nested", models, rules=True)
            for rules in (True, False):
                for view, guesses in _views(run, nested, seeded, folder, rules=rules).items():
                    found[view, rules].append(guesses)
            presence += _presence(run, nested, records, leaver, chance)
    return _outcome(found, presence, runs)


def _views(run: Run, nested: Run, config: RunConfig, folder: Path, *, rules: bool) -> dict[str, Guesses]:
    least = config.release.min_conversations
    lower, accounts = max(1, least // 2), max(1, config.release.min_accounts // 2)
    low: dict[str, int] = {"release.min_conversations": lower, "release.min_accounts": accounts}
    if rules:
        again = republished(run, load_config(config, **low), folder / "lower")
        first, other = _published(run, 1), _published(nested, 1)
        second = _published(again, 2, 1 if has("release.earlier") and config.release.earlier == "protect" else None)
    else:
        policy = {"release.earlier": "ignore"} if has("release.earlier") else {}
        with thresholds_alone():
            bare = load_config(config, **policy)
            whole = republished(run, bare, folder / "whole-off", first=True)
            part = republished(nested, bare, folder / "nested-off", first=True)
            again = republished(whole, load_config(bare, **low), folder / "lower-off")
        first, second, other = _published(whole, 1), _published(again, 2), _published(part, 1)
    return {
        "one release": guessed([first], least),
        "two thresholds": guessed([first, second], lower),
        "nested samples": guessed([_nested(first, other)], least),
    }


def _published(run: Run, number: int, cells_of: int | None = None) -> Published:
    if not any((run.folder / "workspace" / "releases").glob("*")):
        raise RunError(
            "The attack by difference needs the record of releases in the workspace, and this run has none. Releases "
            "with noise write none: what they promise is measured by tests/privacy, not by subtraction."
        )
    return published(run, number, cells_of)


def _nested(whole: Published, part: Published) -> Published:
    """The whole release's own cells, with those known that the nested one shows: the account that left is the
    attacker's own, so that its part in every cell is known. Clusters differ, so only the whole is compared.
    """
    truth, seen = {}, {}
    for facet, cells in whole.truth.items():
        truth[facet] = {name: count for name, count in cells.items() if name[0] == ALL}
        told = part.shown.get(facet, {})
        seen[facet] = {
            name: count for name, count in truth[facet].items() if name in whole.shown.get(facet, {}) or name in told
        }
    return Published(truth, seen, {ALL: whole.people[ALL]}, {})


def _presence(run: Run, nested: Run, records: Sequence[Record], leaver: str, chance: random.Random) -> Rate:
    """Who left, the leaver or another account? The nearer of the two to what changed in the cells of the whole."""
    own = _answers(run, records)
    before, after = _cells(run), _cells(nested)
    changed = {cell: before[cell] - after[cell] for cell in before.keys() & after.keys()}
    others = sorted(own.keys() - {leaver})
    if leaver not in own or not others or not changed:
        return NOTHING
    result = NOTHING
    for other in chance.sample(others, min(DECOYS, len(others))):
        true, false = _far(changed, own[leaver]), _far(changed, own[other])
        result += Rate(1.0 if true < false else 0.5 if true == false else 0.0, 1)
    return result


def _far(changed: Mapping[Cell, int], held: Mapping[Cell, int]) -> int:
    return sum(abs(count - held.get(cell, 0)) for cell, count in changed.items())


def _cells(run: Run) -> dict[Cell, int]:
    rows = run.breakdowns[(run.breakdowns["cluster_id"] == ALL) & (run.breakdowns["kind"] == "value")]
    return {(row["facet"], row["value"]): row["conversations"] for row in rows.to_dict("records")}


def _answers(run: Run, records: Sequence[Record]) -> dict[str, Counter[Cell]]:
    """By account of the source: how many conversations have which facet value."""
    from clio.runs.files import read_table
    from clio.runs.keys import load_key, pseudonym

    key = load_key()
    account = {pseudonym(key, "conversation", record["id"]): record["user_id"] for record in records}
    found: dict[str, Counter[Cell]] = {}
    for row in read_table(run.folder / "workspace" / "facets.parquet").to_pylist():
        if row["status"] == "answered" and row["value"] is not None and row["conversation_id"] in account:
            found.setdefault(account[row["conversation_id"]], Counter())[row["facet"], row["value"]] += 1
    return found


def _outcome(found: Mapping[tuple[str, bool], Sequence[Guesses]], presence: Rate, runs: int) -> Outcome:
    def total(rules: bool, views: Sequence[str] = VIEWS) -> tuple[Rate, Rate]:
        every = [guesses for view in views for guesses in found[view, rules]]
        return sum((g.right for g in every), NOTHING), sum((g.determined for g in every), NOTHING)

    (on, known_on), (off, known_off) = total(True), total(False)
    every = [guesses for view in VIEWS for guesses in found[view, True]]
    blind = sum(g.blind * g.right.trials for g in every) / max(1, sum(g.right.trials for g in every))
    lines, views = [], {}
    for view in VIEWS:
        (_, mine), (_, theirs) = total(True, [view]), total(False, [view])
        lines.append(f"determined, {view:<14} rules on {shown(mine)}, off {shown(theirs)}")
        views[view] = {"determined": mine.as_dict(), "determined_rules_off": theirs.as_dict()}
    lines.append(
        f"presence (which of two accounts left; chance 50 %, not prevented by any of these rules) {shown(presence)}"
    )
    return Outcome(
        "difference",
        on,
        off,
        blind,
        "the exact count of a cell that every release hides is guessed right",
        "always guess the commonest count of such cells",
        OFF,
        lines,
        {
            "runs": runs, "determined": known_on.as_dict(), "determined_rules_off": known_off.as_dict(), "views": views,
            "presence": {**presence.as_dict(), "baseline": 0.5},
        },
    )  # fmt: skip
