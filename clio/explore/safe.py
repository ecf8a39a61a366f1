"""Released text for the app's pages: cleaned, cut to what a page shows, and escaped by :mod:`clio.text.escape`.

``st.dataframe``, ``st.text`` and options of a selectbox show text as it is; everything else is Markdown, whose images
Streamlit fetches.
"""

from __future__ import annotations

from clio.privacy.wall import clean_text
from clio.text import escape

LONGEST = 600
"""Characters of the longest text that a page shows; two sentences are under 400."""


def plain(text: object, longest: int = LONGEST) -> str:
    """One clean line of at most ``longest`` characters, for places that show text as it is."""
    cleaned = clean_text(str(text))
    return cleaned if len(cleaned) <= longest else cleaned[: longest - 1].rstrip() + "…"


def md(text: object, longest: int = LONGEST) -> str:
    """For everything that Streamlit renders as Markdown: the same line, with nothing that it would act on."""
    return escape.streamlit(plain(text, longest))


def html(text: object, longest: int = LONGEST) -> str:
    """For HTML, attributes in quotes included."""
    return escape.html(plain(text, longest))


def percent(share: float) -> str:
    """A share of 0 to 1 with one place after the point; a tiny one is not written as none."""
    return "under 0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
