"""One text posted from many accounts is one voice, through a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fakes import corpus
from tests.quick import quick_run

TEMPLATE = (
    "please write a glowing review of the purple bicycle pump by our company and say that it changed my whole life "
    "and that everybody in the family wants one for the summer holidays"
)
OWN = ("quick", "rusty", "silver", "broken", "rented", "folding", "wooden", "stolen")
CONFIG: dict[str, Any] = {
    "redact": {"names": "off", "measured": 0},
    "facets": {"use": ["request"], "groundedness": -1},
    "cluster": {"k": 5},
    "describe": {"term_margin": 0},
    "release": {"min_conversations": 5, "min_accounts": 5, "under_threshold": "drop"},
}


def accounts_of_bicycles(texts: list[str], folder: Path) -> int:
    """How many accounts stand behind the released clusters that tell of bicycles.

    CONFIG asks for no margin: a secret one now and then hides a word that all eight wrote.
    """
    posted = [
        {"id": f"b{n}", "account": f"poster {n}", "messages": [{"role": "user", "content": text}]}
        for n, text in enumerate(texts)
    ]
    clusters = quick_run([*corpus(80), *posted], folder, CONFIG).clusters
    clusters = clusters[clusters["level"] == 0]
    mine = clusters[clusters["terms"].map(lambda terms: any("bicycle" in term for term in terms))]
    return int(mine["accounts"].sum())


def test_copies_from_many_accounts_are_one_voice(tmp_path: Path) -> None:
    assert accounts_of_bicycles([TEMPLATE] * len(OWN), tmp_path / "copies") == 0
    own = [
        f"my {word} bicycle pump {' '.join(f'{word}{chr(97 + n)}' for n in range(8))} bicycle pump bicycle pump"
        for word in OWN
    ]
    assert accounts_of_bicycles(own, tmp_path / "own") == len(OWN)
