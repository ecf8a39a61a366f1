from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.map.html import html_page, write_html
from clio.map.payload import unpack
from clio.map.points import Points
from tests.map.test_payload import HOSTILE, frame


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self.within = False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [(name, value or "") for name, value in attrs if name in ("src", "href", "srcset", "action")]
        self.outside += [(name, value or "") for name, value in attrs if name.startswith("on")]
        self.within = tag == "script"

    def handle_data(self, data):
        if self.within:
            self.scripts.append(data)

    def handle_endtag(self, tag):
        self.within = False


def read(page: str) -> Elements:
    found = Elements()
    found.feed(page)
    found.close()
    return found


SHAPE = read(html_page(frame(["a"]), title="t", caption="c")).tags


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=60) | st.sampled_from(HOSTILE), min_size=1, max_size=4), st.sampled_from(HOSTILE))
def test_names_and_titles_add_no_element(names, title):
    found = read(html_page(frame(names), title=title, caption="c"))
    assert found.tags == SHAPE
    assert not found.outside


def test_the_data_survive_the_page():
    page = html_page(frame(list(HOSTILE)))
    data = re.search(r'id="clio-map-data">([A-Za-z0-9+/=]+)</script>', page)
    assert data is not None
    header, _ = unpack(base64.b64decode(data.group(1)))
    assert header["clusters"]["name"] == [name[:400] for name in HOSTILE]


def test_the_policy_names_the_one_script_by_its_hash():
    page = html_page(frame(["a"]))
    code = read(page).scripts[-1]
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'; script-src 'sha256-" + digest + "';")
    assert "unsafe-eval" not in policy.group(1)
    assert "connect-src" not in policy.group(1)


def test_only_points_let_the_script_compile():
    page = html_page(frame(["a"]), points=Points.of([0.0], [0.0], ["0-0000"]))
    assert "'unsafe-eval'" in page[:1500]


@pytest.mark.parametrize("height", [None, 480])
def test_the_file_is_written_as_utf8(tmp_path, height):
    written = write_html(tmp_path / "map.html", frame(["\u05e9\u05dc\u05d5\u05dd"]), title="Größe", height=height)
    assert "Größe" in written.read_text(encoding="utf-8")
