"""Plain text cut into blocks that are redacted one by one: paragraphs, for a name or key may go over a line end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

BLOCK = 16_000
"""Characters after which a block ends at the next line end, blank line or not."""
PIECE, OVERLAP = 50_000, 1_000
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|CERTIFICATE)")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}(?:PRIVATE KEY|CERTIFICATE)")
_KEY_LINES = 200
"""Lines of the longest key block (RSA of 16,384 bits) that is kept together."""


def text_blocks(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines (number, text without its end) as blocks: the number of the first line, and the lines joined by newlines.

    Every line is in exactly one block. A blank line ends a block and is its last line; a block of keys is never cut.
    """
    held: list[str] = []
    first, size, key = 1, 0, 0
    for number, line in lines:
        if not held:
            first = number
        held.append(line)
        size += len(line) + 1
        if _BEGIN.search(line):
            key = _KEY_LINES
        key = 0 if _END.search(line) else max(0, key - 1)
        if not key and (size >= BLOCK or not line.strip()):
            yield first, "\n".join(held)
            held, size = [], 0
    if held:
        yield first, "\n".join(held)


def pieces(text: str) -> Iterator[str]:
    """The text itself, or where it is very long (a script in one line) pieces of it that overlap. For looking only."""
    if len(text) <= PIECE:
        yield text
        return
    for start in range(0, len(text) - OVERLAP, PIECE - OVERLAP):
        yield text[start : start + PIECE]
