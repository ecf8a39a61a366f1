"""Names as one line of visible text, for what is written here rather than by the map's script."""

from __future__ import annotations

import re

# Controls, marks that reorder what follows them, characters that no document may hold.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


def clean(text: object, limit: int) -> str:
    """One line without controls and direction overrides, at most ``limit`` characters."""
    line = " ".join(_HIDDEN.sub(" ", str(text)[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
