"""``clio attack``: try to get private matter out of releases, rules on and off, and say how often it worked."""

from __future__ import annotations

import json as json_format
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clio.evaluate.attacks.outcome import Outcome

attack_app = typer.Typer(
    help="Attack the privacy of releases made of your data or the demo's, with the rules on and switched off.",
    no_args_is_help=True,
)

SAMPLE, SMALL = 600, 200
"""Conversations per run; the second for ``canary`` and ``extract`` with ``--quick``, which make many runs."""


class By(StrEnum):
    """Who writes names and summaries."""

    scripted = "scripted"
    config = "config"


Runs = Annotated[int, typer.Option(help="Seeded repetitions; each plants, leaves out or draws anew.", min=1)]
Config = Annotated[Path | None, typer.Option(help="A YAML config. Default: the built-in defaults.")]
Input = Annotated[list[Path] | None, typer.Option(help="Conversations to attack. Repeatable. Default: the demo's.")]
Seed = Annotated[int, typer.Option(help="Another seed gives other secrets, targets and halves.", min=0)]
Sample = Annotated[
    int | None,
    typer.Option(help=f"Conversations per run, drawn at random. Default: {SAMPLE}; fewer with --quick.", min=30),
]
Writer = Annotated[
    By,
    typer.Option(
        help="`scripted` writes names in the words of single members, the worst a model could do; `config` asks the "
        "config's own (extract: it beside one that obeys every instruction)."
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="A scripted encoder too, and fewer conversations: no weights.")]
Json = Annotated[bool, typer.Option("--json", help="Only the last line, which is JSON in any case.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, which all four have."""

    runs: int
    config: Path | None
    input: list[Path] | None
    seed: int
    sample: int | None
    writer: By
    quick: bool
    json: bool


@attack_app.command("canary", epilog="Example: `clio attack canary --runs 20`")
def canary(
    runs: Runs = 2,
    config: Config = None,
    input: Input = None,  # noqa: A002 - the name of the option
    seed: Seed = 0,
    sample: Sample = None,
    writer: Writer = By.scripted,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Plant unique secrets and personal facts, and look for them in everything a run leaves behind."""
    from clio.evaluate.attacks.canary import canary as attack

    _attack(attack, True, Asked(runs, config, input, seed, sample, writer, quick, json))


@attack_app.command("extract", epilog="Example: `clio attack extract --runs 5`")
def extract(
    runs: Runs = 2,
    config: Config = None,
    input: Input = None,  # noqa: A002 - the name of the option
    seed: Seed = 0,
    sample: Sample = None,
    writer: Writer = By.scripted,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Plant chats around a person to make the release tell what that person has (CLIOPATRA, arXiv 2603.09781)."""
    from clio.evaluate.attacks.extract import extract as attack

    _attack(attack, True, Asked(runs, config, input, seed, sample, writer, quick, json))


@attack_app.command("difference", epilog="Example: `clio attack difference --runs 5`")
def difference(
    runs: Runs = 2,
    config: Config = None,
    input: Input = None,  # noqa: A002 - the name of the option
    seed: Seed = 0,
    sample: Sample = None,
    writer: Writer = By.scripted,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Subtract released numbers: within a release, of two thresholds, of samples that are one account apart."""
    from clio.evaluate.attacks.difference import difference as attack

    _attack(attack, False, Asked(runs, config, input, seed, sample, writer, quick, json))


@attack_app.command("link", epilog="Example: `clio attack link --runs 5`")
def link(
    runs: Runs = 2,
    config: Config = None,
    input: Input = None,  # noqa: A002 - the name of the option
    seed: Seed = 0,
    sample: Sample = None,
    writer: Writer = By.scripted,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """Go from a cluster's text back to one conversation, by distinctive words and by meaning."""
    from clio.evaluate.attacks.link import link as attack

    _attack(attack, False, Asked(runs, config, input, seed, sample, writer, quick, json))


def _attack(attack: Callable[..., Outcome], small: bool, asked: Asked) -> None:
    from clio.config import load_config
    from clio.demo import CONVERSATIONS
    from clio.evaluate.attacks.pipeline import Models, load_records
    from clio.evaluate.attacks.standins import Copying, HashedWords, Remembering
    from clio.models.encoder import SentenceEncoder

    loaded = load_config(asked.config)
    most = asked.sample or (SMALL if asked.quick and small else SAMPLE)
    records = load_records(asked.input or [CONVERSATIONS], loaded, most, asked.seed)
    encoder = HashedWords() if asked.quick else Remembering(SentenceEncoder(loaded.encoder))
    models = Models(
        Copying() if asked.writer is By.scripted else None, encoder, asked.quick or asked.writer is By.scripted
    )
    with _own_key():
        outcome = attack(loaded, records, asked.runs, asked.seed, models)
    if not asked.json:
        _print(outcome.text())
    facts = {"quick": asked.quick, "seed": asked.seed, "conversations": len(records), "by": asked.writer.value}
    _print(json_format.dumps({**outcome.as_json(), **facts}))


@contextmanager
def _own_key() -> Iterator[None]:
    """Pseudonyms of an attack are made with a key that is forgotten; the user's own is neither used nor made."""
    before = os.environ.get("CLIO_KEY_DIR")
    with tempfile.TemporaryDirectory(prefix="clio-attack-key-") as folder:
        os.environ["CLIO_KEY_DIR"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["CLIO_KEY_DIR"]
            else:
                os.environ["CLIO_KEY_DIR"] = before


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
