"""The one place where released text is made fit for a page. Names are written by models: they are shown, never obeyed.

Streamlit renders Markdown in labels, metrics, captions, buttons, expanders and pills, and fetches the images that it
names; ``st.dataframe``, ``st.text`` and options of a selectbox show text as it is.
"""

from __future__ import annotations

import html as html_module
import re

from clio.privacy.wall import clean_text

LONGEST = 600
"""Characters of the longest text that a page shows; two sentences are under 400."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$<>&:^=\"'])")
_JOINER = "\N{WORD JOINER}"
# Web addresses, mail addresses, :emoji: and :material/icon: are looked for in the finished text, after escapes are
# undone: only a character in between keeps them plain.
_LIVE = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", re.I)


def plain(text: object, longest: int = LONGEST) -> str:
    """One clean line of at most ``longest`` characters, for places that show text as it is."""
    cleaned = clean_text(str(text))
    return cleaned if len(cleaned) <= longest else cleaned[: longest - 1].rstrip() + "…"


def md(text: object, longest: int = LONGEST) -> str:
    """For everything that Streamlit renders as Markdown: the same line, with nothing that it would act on."""
    return _MARKDOWN.sub(r"\\\1", _LIVE.sub(_JOINER, plain(text, longest)))


def html(text: object, longest: int = LONGEST) -> str:
    """For HTML, attributes in quotes included."""
    return html_module.escape(plain(text, longest), quote=True)


def percent(share: float) -> str:
    """A share of 0 to 1 with one place after the point; a tiny one is not written as none."""
    return "under 0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
