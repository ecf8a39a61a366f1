"""Released text made fit for where it is shown: the one place where what a target would act on is made plain.

Names, summaries, terms and facet values are written by models and by whoever talked to them: they are shown, never
obeyed. Each function takes one line that was cleaned and cut for its place (:func:`clio.privacy.wall.clean_text`, or
:func:`clio.map.text.clean` beside the map's script) and escapes it; nothing is escaped twice.

    streamlit   Markdown as Streamlit renders it: every label, metric, caption, button, expander and pill
    html        elements and attributes in quotes
    plotly      labels, hover boxes and annotations
    scripts     nothing: text travels as JSON or base64 and is put on the page as text (``clio/map/src/text.js``)
"""

from __future__ import annotations

import html as html_module
import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$<>&:^=\"'])")
_JOINER = "\N{WORD JOINER}"
# Web addresses, mail addresses, :emoji: and :material/icon: are looked for in the finished text, after escapes are
# undone: only a character in between keeps them plain.
_LIVE = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", re.I)
# Plotly reads a subset of HTML, a few entities by name and all by number, and TeX between dollar signs where MathJax
# is loaded. It does not know &quot; and would show it so.
_PLOTLY = {ord(sign): f"&#{ord(sign)};" for sign in "\"'$"} | {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def streamlit(line: str) -> str:
    """The line, with nothing that Streamlit would render or fetch."""
    return _MARKDOWN.sub(r"\\\1", _LIVE.sub(_JOINER, line))


def html(line: str) -> str:
    """The line, with no sign that begins or ends markup."""
    return html_module.escape(line, quote=True)


def plotly(line: str) -> str:
    """The line, with markup, entities and TeX as the characters they are."""
    return line.translate(_PLOTLY)
