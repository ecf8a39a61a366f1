"""Which fixed English is left in what speaks another language."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from typing import Any

SHOWN = ("text", "hovertext", "name", "ticktext", "labels", "tickformat")
"""Keys of a plotly figure under which stands what is read."""


def pieces(texts: Mapping[str, str]) -> set[str]:
    """What stands between the places of fixed texts, as far as a word is in it."""
    found = {piece.strip(" .,;:()") for text in texts.values() for piece, *_ in string.Formatter().parse(text)}
    return {piece for piece in found if re.search(r"[A-Za-z]{4}|[a-z]+ [a-z]+", piece)}


def left(shown: Iterable[str], english: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    """Pieces of the English texts that stand in what is shown, and are none of the other language's."""
    searched = pieces(english) - pieces(other)
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(searched, key=len, reverse=True))) + r")(?!\w)")
    return {found for text in shown for found in pattern.findall(text)}


def shown_in(figure: Any, key: str = "") -> Iterable[str]:
    """What a plotly figure, as JSON, shows."""
    if isinstance(figure, str):
        if key in SHOWN:
            yield figure
    elif isinstance(figure, dict):
        for name, value in figure.items():
            if name != "template":
                yield from shown_in(value, name)
    elif isinstance(figure, list):
        for value in figure:
            yield from shown_in(value, key)
