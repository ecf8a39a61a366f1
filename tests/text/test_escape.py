"""Released text at its targets: every target shows the line as it was, and acts on none of it."""

from __future__ import annotations

import html as html_module
import re
from html.parser import HTMLParser

from hypothesis import example, given
from hypothesis import strategies as st

from clio.text import escape

# What plotly.js turns back (its svg_text_utils): these names, and numbers.
NAMED = {"mu": "μ", "amp": "&", "lt": "<", "gt": ">", "nbsp": "\xa0", "times": "×", "plusmn": "±", "deg": "°"}
LINES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=120)


def as_plotly_reads(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("#"):
            return chr(int(name[2:], 16) if name[1] == "x" else int(name[1:]))
        return NAMED.get(name, found[0])

    return re.sub(r"&(#\d+|#x[\da-fA-F]+|[a-z]+);", one, text)


@given(LINES)
@example('a "quoted" name, it\'s <b>bold</b> &quot; $x^2$ &amp;lt;')
def test_plotly_shows_the_line_and_reads_no_markup(line: str) -> None:
    shown = escape.plotly(line)
    assert as_plotly_reads(shown) == line
    assert not re.search(r"[<>\"'$]", shown)


@given(LINES)
@example("<script>alert(1)</script><img src=x onerror=y>\"'")
def test_html_shows_the_line_and_reads_no_markup(line: str) -> None:
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)

    Reader().feed(f'<p title="{escape.html(line)}">{escape.html(line)}</p>')
    assert seen == ["p"]
    assert html_module.unescape(escape.html(line)) == line


@given(LINES)
@example("![x](https://evil.example/a.png) :red[no] a@b.example www.evil.example")
def test_streamlit_gets_the_line_with_every_sign_of_markdown_escaped(line: str) -> None:
    shown = escape.streamlit(line)
    assert re.sub(r"\\(.)", r"\1", shown).replace("\N{WORD JOINER}", "") == line.replace("\N{WORD JOINER}", "")
    bare = re.sub(r"\\[\\`*_{}\[\]()#+\-.!|~$<>&:^=\"']", "", shown)
    assert not re.search(r"[\\`*_\[\]()<>$#!&|~^]", bare)
    assert not re.search(r"(?:https?:/|www\.)", shown.replace("\\", ""))
