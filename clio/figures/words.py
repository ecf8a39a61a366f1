"""Texts of a release on their way into a figure. They may have been written by anybody: shown, never obeyed.

Everything that plotly shows goes through :func:`label` or :func:`hover`; :mod:`clio.text.escape` escapes.
"""

from __future__ import annotations

import textwrap

from clio.measures.shares import clean
from clio.text.escape import plotly as escape

LABEL = 40
HOVER = 300


def cut(text: str, length: int = LABEL) -> str:
    """One clean line of at most ``length`` characters, not escaped."""
    # What is cut off anyway is not looked at: a text of a million characters costs no more than a short one.
    plain = clean(text[: 4 * length + 64])
    if len(plain) <= length and len(text) <= 4 * length + 64:
        return plain
    kept = plain[: length - 1]
    at = kept.rfind(" ")
    return (kept[:at] if at > length * 0.6 else kept).rstrip(" ,;:") + "…"


def label(text: str, length: int = LABEL) -> str:
    """Cleaned, cut and escaped, for plotly's labels."""
    return escape(cut(text, length))


def wrapped(text: str, width: int, length: int = LABEL) -> str:
    """A label broken into lines of ``width`` characters."""
    plain = cut(text, length)
    if len(plain) <= width:
        return escape(plain) or " "
    return "<br>".join(escape(line) for line in textwrap.wrap(plain, width)) or " "


def hover(text: str) -> str:
    """Cut at HOVER characters, escaped and broken into lines, for plotly's hover boxes."""
    return wrapped(text, 50, HOVER)


def card(heading: str, *lines: str) -> str:
    """A hover box: the heading in bold, a line for each further text that is not empty."""
    return "<br>".join([f"<b>{hover(heading)}</b>", *(hover(line) for line in lines if line)])
