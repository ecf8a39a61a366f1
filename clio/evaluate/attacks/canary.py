"""Plant unique secrets, run, and look for them everywhere but in the private workspace.

The unit is a planted secret: a unique string, an identifier, or a personal story of ordinary words (job, town, event,
ailment). Success: it is found, exactly, in disguise, to 60 %, or a story by three of its four parts, in the release,
the manifest, what the run printed or logged, the rejected records, the messages of errors, the spending records, or the
bytes of the reply cache. The baseline is the same search for as many secrets of the same kinds that were never planted.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clio.config import RunConfig, load_config
from clio.config.facets import Facet
from clio.errors import ClioError
from clio.evaluate.attacks import plants
from clio.evaluate.attacks.artefacts import Finder, Haystack, of_folder
from clio.evaluate.attacks.chance import drawn
from clio.evaluate.attacks.outcome import Outcome, shown
from clio.evaluate.attacks.pipeline import Models, Record, attacked
from clio.evaluate.attacks.plants import Secret
from clio.evaluate.attacks.rules import SWITCHED_OFF
from clio.evaluate.attacks.standins import Copying, HashedWords
from clio.evaluate.attacks.wilson import NOTHING, Rate
from clio.models.protocol import Answer, Transcript

SECRETS = 160
"""Per run: 20 runs plant some 3,700, marked ones included."""
_MARKED: tuple[plants.Place, ...] = ("metadata", "account", "broken record")
_EACH_MARKED = 8
_PER_CLUSTER = 8
_BOUGHT = 48
"""Conversations that also go to a Messages endpoint on this machine, for the reply cache and the spending records."""
WORKSPACE = "workspace"


@dataclass
class Tally:
    """Planted and found, over several runs."""

    rate: Rate = NOTHING
    decoys: Rate = NOTHING
    private: Rate = NOTHING
    places: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, secrets: Sequence[Secret], decoys: Sequence[Secret], finder: Finder) -> None:
        """Look for all of them."""
        for secret in secrets:
            where = finder.places(secret.text, secret.parts)
            public = where - {WORKSPACE}
            self.rate += Rate(bool(public), 1)
            self.private += Rate(WORKSPACE in where, 1)
            self.places.update(public)
            if public:
                self.kinds[f"{secret.kind} in {secret.place}"] += 1
        for decoy in decoys:
            self.decoys += Rate(bool(finder.places(decoy.text, decoy.parts) - {WORKSPACE}), 1)


def canary(
    config: RunConfig, records: Sequence[Record], runs: int, seed: int, models: Models, count: int = SECRETS
) -> Outcome:
    """The attack, ``runs`` times with the rules and without; every run plants other secrets."""
    tallies = {True: Tally(), False: Tally()}
    # Clusters as small as they come: the more are named, the more can be told. What is too small is for the rules.
    config = load_config(config, **{"cluster.k": config.cluster.k or max(2, len(records) // _PER_CLUSTER)})
    for number in range(runs):
        for rules, tally in tallies.items():
            chance = drawn("canary", seed, number)
            secrets = plants.secrets(count, chance)
            secrets += [one for place in _MARKED for one in plants.marked(_EACH_MARKED, place, chance)]
            decoys = plants.secrets(count, drawn("decoys", seed, number))
            copies: list[Record] = json.loads(json.dumps(records))
            plants.plant(copies, [s for s in secrets if s.place != "broken record"], chance)
            with tempfile.TemporaryDirectory(prefix="clio-attack-") as folder, _own_folders(Path(folder)):
                artefacts = _run(config, copies, secrets, Path(folder), models, rules=rules)
            tally.add(secrets, decoys, Finder(artefacts))
    return _outcome(tallies[True], tallies[False], runs, models)


def _outcome(on: Tally, off: Tally, runs: int, models: Models) -> Outcome:
    return Outcome(
        "canary",
        on.rate,
        off.rate,
        on.decoys.rate,
        "a planted secret is found, exactly, in disguise or to 60 %, anywhere but in the private workspace",
        f"share of {on.decoys.trials:,} secrets that were never planted and are found all the same",
        SWITCHED_OFF,
        [
            f"in the private workspace (for the owner only): rules on {shown(on.private)}, off {shown(off.private)}",
            f"found with rules on:  {_told(on.places)}; {_told(on.kinds)}",
            f"found with rules off: {_told(off.places)}; {_told(off.kinds)}",
        ],
        {
            "runs": runs,
            "planted": on.rate.trials,
            "writer": getattr(models.writer, "id", "of the config"),
            "workspace": on.private.as_dict(),
            "workspace_rules_off": off.private.as_dict(),
            "places": dict(on.places),
            "places_rules_off": dict(off.places),
            "kinds": dict(on.kinds),
            "kinds_rules_off": dict(off.kinds),
        },
    )


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common(6)) or "nothing"


def _run(
    config: RunConfig,
    records: Sequence[Record],
    secrets: Sequence[Secret],
    folder: Path,
    models: Models,
    *,
    rules: bool,
) -> list[Haystack]:
    source = folder / "input" / "chats.jsonl"
    source.parent.mkdir()
    broken = [_broken(s.text, n) for n, s in enumerate(secrets) if s.place == "broken record"]
    source.write_text("".join(line + "\n" for line in [*map(json.dumps, records), *broken]), encoding="utf-8")
    output = io.StringIO()
    with listening(output):
        attacked(config, records, folder / "run", models, rules=rules, file=source, style="plain")
        errors: list[str] = []
        if rules:
            errors += _faults(config, broken, records, folder, models)
            errors += _bought(config, records, folder)
    told = output.getvalue()
    found = of_folder(folder / "run", _kind)
    found += [
        Haystack("output", told.encode(), told),
        Haystack("errors", "\n".join(errors).encode(), "\n".join(errors)),
    ]
    # Of the bought run the workspace is as private as that of the other; its purchases are looked at.
    for name in ("cache", "bought", "faults"):
        found += of_folder(folder / name, _kind if name != "cache" else lambda _path: "reply cache")
    return found


def _kind(path: Path) -> str:
    parts = path.parts
    if path.name == "rejected.jsonl":
        return "rejected records"
    if path.name == "spending.jsonl":
        return "spending"
    if "workspace" in parts:
        return WORKSPACE
    return "release" if "release" in parts else "manifest" if path.name == "manifest.json" else "other files"


def _broken(secret: str, number: int) -> str:
    return (
        f'{{"id": "{secret}", "messages": [{{"role": "user", "content": "{secret}"',
        json.dumps({"id": secret, "messages": [{"role": secret, "content": secret}]}),
        json.dumps({"id": secret, "messages": secret, "user_id": secret}),
        json.dumps({secret: secret}),
    )[number % 4]


@contextlib.contextmanager
def _own_folders(folder: Path) -> Iterator[None]:
    """Keys and replies of an attack never touch the user's own."""
    wanted = {"CLIO_KEY_DIR": str(folder / "keys"), "CLIO_CACHE_DIR": str(folder / "cache"), _KEY: "attack"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_KEY = "CLIO_ATTACK_KEY"


@contextlib.contextmanager
def listening(output: io.StringIO) -> Iterator[None]:
    """Everything printed or logged at any level goes to ``output``."""
    handler, root = logging.StreamHandler(output), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


class _Breaking(Copying):
    """Fails as a careless model would: with the conversation in its message."""

    id = "attack-breaking"

    def answer(self, transcripts: Sequence[Transcript], facets: Sequence[Facet]) -> Iterator[Sequence[Answer]]:
        """Raises ValueError, always."""
        raise ValueError(" ".join(transcript.text for transcript in transcripts) + f"{len(facets)} facets")


def _faults(
    config: RunConfig, broken: Sequence[str], records: Sequence[Record], folder: Path, models: Models
) -> Iterator[str]:
    """What the command would print when things go wrong: only broken records, and a model that quotes."""
    only = folder / "input" / "broken.jsonl"
    only.write_text("".join(line + "\n" for line in broken), encoding="utf-8")
    breaking = Models(_Breaking(), models.encoder, models.quick)
    wrong: tuple[tuple[str, Callable[[], object]], ...] = (
        ("broken", lambda: attacked(config, [], folder / "faults" / "broken", models, rules=True, file=only)),
        ("breaking", lambda: attacked(config, records[:64], folder / "faults" / "breaking", breaking, rules=True)),
    )
    for _, attempt in wrong:
        try:
            attempt()
        except Exception as fault:  # noqa: BLE001 - whatever it is: what would a user see of it?
            yield as_printed(fault)


def as_printed(fault: Exception) -> str:
    """The line that ``clio`` ends with for an error."""
    from clio.cli import _defect

    return str(fault) if isinstance(fault, ClioError) else _defect(fault)


def _bought(config: RunConfig, records: Sequence[Record], folder: Path) -> list[str]:
    """A small run through a Messages endpoint on this machine that fails now and then and quotes what it was sent."""
    from clio.testing.messages_server import ServerConfig, serve

    with serve(ServerConfig(faults={"500": 0.03, "schema": 0.03, "refusal-text": 0.03})) as server:
        asked = {
            "backend": "messages", "model": "attack-model", "base_url": server.base_url, "api_key_env": _KEY,
            "structured_outputs": False, "max_retries": 3, "concurrency": 4,
        }  # fmt: skip
        data = config.model_dump(exclude_unset=True)
        data |= {"writer": asked, "redact": {**data.get("redact", {}), "names": "off"}}
        bought = load_config(data)
        quick = Models(encoder=HashedWords(), quick=True)
        try:
            attacked(bought, list(records[:_BOUGHT]), folder / "bought", quick, rules=True, style="json")
        except Exception as fault:  # noqa: BLE001 - as above
            return [as_printed(fault)]
    return []
