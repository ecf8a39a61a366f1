"""The page of a report: nothing in it acts, nothing is fetched, and a reader without a mouse or eyes finds through."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from clio.config.report import ReportConfig
from clio.errors import ConfigError, PrivacyError, RunError
from clio.explore.curation import add
from clio.explore.release import Release, load
from clio.exports.guard import redactor_of
from clio.privacy.redact import Redactor
from clio.privacy.redact.spans import Span
from clio.report.content import compose
from clio.report.html import POLICY, page
from clio.report.scan import page_texts, refuse_laid_out
from clio.report.svg import Palette, merged
from clio.report.write import write_report
from tests.map.browser import chromium
from tests.released import HOSTILE, one_cluster, variant, without_clusters, without_times

pytest.importorskip("jinja2")
pytest.importorskip("vl_convert")
INERT = {
    *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "footer", "section", "div", "span"),
    *("p", "b", "a", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"),
    *("svg", "g", "path", "rect", "line", "circle", "ellipse", "polygon", "polyline", "text", "tspan", "defs"),
    *("clippath", "lineargradient", "radialgradient", "stop"),
}
"""Elements that neither act nor fetch. The only addresses are those of links within the page."""
VOID = {"meta", "link", "br", "hr", "img", "input", "path", "rect", "line", "circle"}


class Page(HTMLParser):
    """Elements and their attributes; complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="session")
def written(release: Release) -> str:
    return page(compose(release, ReportConfig(organisation="Office of <Tests>"))).decode()


@pytest.fixture(scope="session")
def hostile(hostile_run: Path) -> str:
    return page(compose(load(hostile_run), ReportConfig())).decode()


def assert_inert(text: str) -> Page:
    found = Page(text)
    assert not found.open
    tags = Counter(tag for tag, _ in found.elements)
    assert set(tags) <= INERT, set(tags) - INERT
    for tag, attributes in found.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), tag
            if name in ("src", "href", "action", "data", "srcset", "formaction", "ping", "poster") or ":" in name:
                assert (tag, name) == ("a", "href")
                assert str(value).startswith("#"), (tag, name)
        assert "url(" not in (attributes.get("style") or "")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    (policy,) = (a["content"] for a in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == POLICY
    return found


def test_nothing_acts_and_nothing_is_fetched(written: str) -> None:
    assert_inert(written)


def test_hostile_names_are_text_and_whole(hostile: str) -> None:
    assert_inert(hostile)
    texts = page_texts(hostile)
    for name in HOSTILE:
        cleaned = " ".join(name.replace("\u202e", "").split())
        assert cleaned in texts
    assert "\u202e" not in hostile


def test_ids_are_unique_and_references_lead_somewhere(written: str) -> None:
    found = Page(written)
    ids = [str(a["id"]) for _, a in found.elements if "id" in a]
    assert len(set(ids)) == len(ids)
    targets = [str(a["href"])[1:] for a in found.all("a")]
    targets += [str(a["aria-labelledby"]) for _, a in found.elements if "aria-labelledby" in a]
    targets += re.findall(r"url\(#([^)]+)\)", written)
    assert targets
    assert set(targets) <= set(ids)


def test_a_reader_finds_through(written: str) -> None:
    found = Page(written)
    tags = Counter(tag for tag, _ in found.elements)
    assert tags["main"] == tags["nav"] == tags["header"] == tags["footer"] == tags["h1"] == 1
    assert found.all("html")[0]["lang"] == "en"
    assert tags["figure"] == tags["figcaption"] > 5
    assert all(a.get("scope") in ("col", "row") for a in found.all("th"))
    assert tags["table"] == tags["caption"]
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    drawn = found.all("svg")
    assert all(a.get("role") == "img" and a.get("aria-label") for a in drawn)
    first = next(a for tag, a in found.elements if tag == "a")
    assert first["href"] == "#report"


def test_it_prints_its_hash_and_the_runs(written: str, release: Release) -> None:
    texts = page_texts(written)
    assert release.about["digest"] in texts
    assert (
        dict(compose(release, ReportConfig(organisation="Office of <Tests>")).document.facts)["Hash of this report"]
        in texts
    )
    assert "Office of <Tests>" in texts


def test_the_same_release_gives_the_same_bytes(written: str, release: Release) -> None:
    assert page(compose(release, ReportConfig(organisation="Office of <Tests>"))).decode() == written


def test_both_themes_share_one_drawing(written: str) -> None:
    found = Page(written)
    assert len(found.all("svg")) == 2 * len(found.all("figure"))  # one for a desk, one for a phone
    assert "var(--f0)" in written


@pytest.mark.parametrize("change", [without_clusters, one_cluster, without_times], ids=lambda f: f.__name__)
def test_sparse_runs_have_a_page(change: Any, run: Path, tmp_path: Path) -> None:
    assert_inert(page(compose(load(change(run, tmp_path / "run")), ReportConfig(language="de"))).decode())


def test_what_acts_in_a_drawing_is_taken_out() -> None:
    bad = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" onload="x()"><script>x()</script><a href="https://e/">'
        '<text>a</text></a><image href="https://e/i.png"/><rect fill="url(https://e/f)" style="x"/>'
        '<rect fill="#fff" id="k"/><text>&lt;script&gt; aria-label="kept"</text></svg>'
    )
    ((theme, svg),) = merged(bad, bad, "p", Palette(), 'a "label" <b>')
    assert theme == "both"
    assert not re.search(r"<script|onload|https:|<a |<image|style=\"x", svg)
    assert '&lt;script&gt; aria-label="kept"' in svg
    assert 'id="p-0-k"' in svg


def test_a_template_of_ones_own(release: Release, tmp_path: Path) -> None:
    (tmp_path / "report.html.j2").write_text("<title>{{ document.title }}</title>", encoding="utf-8")
    report = compose(release, ReportConfig(title="A & B", detail="brief"))
    assert page(report, templates=tmp_path) == b"<title>A &amp; B</title>\n"
    (tmp_path / "report.html.j2").write_text("\n{{ nothing.here }}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"report\.html\.j2"):
        page(report, templates=tmp_path)


def test_written_once_and_not_over_another(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    assert write_report(run, path, config={"detail": "brief"}) == path
    before = path.read_bytes()
    with pytest.raises(RunError, match="--force"):
        write_report(run, path)
    assert path.read_bytes() == before
    write_report(run, path, config={"detail": "brief", "language": "de"}, overwrite=True)
    assert b'lang="de"' in path.read_bytes()


def test_a_finding_stops_it(run: Path, tmp_path: Path) -> None:
    with pytest.raises(PrivacyError) as stopped:
        write_report(run, tmp_path / "r.html", config={"title": "Mail to jane.roe@corp.org", "detail": "brief"})
    assert "jane" not in str(stopped.value)
    assert not list(tmp_path.iterdir())


def test_a_forged_release_is_stopped_too(run: Path, tmp_path: Path) -> None:
    def spoil(frame: Any) -> Any:
        return frame.assign(summary="Call +49 30 901820 or write to jane.roe@corp.org.")

    with pytest.raises(PrivacyError):
        write_report(variant(run, tmp_path / "run", clusters=spoil), tmp_path / "r.html", config={"detail": "brief"})
    assert not (tmp_path / "r.html").exists()


def test_every_detector_looks_at_names_that_people_gave(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one, too, whose word alone lets no name into a release."""
    folder = variant(run, tmp_path / "run")
    release = load(folder)
    assert release.published is not None
    add(folder, release.published, "rename", cluster=release.marks()[0], text="Zebedee", why="a test", who="me")
    seen = Redactor.scan_many

    def suspicious(self: Redactor, texts: list[str], *, names: bool = True, second: bool | None = None) -> Any:
        found = seen(self, texts, names=names, second=second)
        return [[*spans, Span(0, 7, "NAME", "second")] if second and "Zebedee" in text else spans
                for text, spans in zip(texts, found, strict=True)]  # fmt: skip

    write_report(folder, tmp_path / "before.html")
    monkeypatch.setattr(Redactor, "scan_many", suspicious)
    with pytest.raises(PrivacyError, match="texts of edits") as refused:
        write_report(folder, tmp_path / "after.html")
    assert "Zebedee" not in str(refused.value)
    assert not (tmp_path / "after.html").exists()


def test_what_a_writer_brings_in_is_stopped_and_what_it_breaks_up_is_not(release: Release) -> None:
    redactor, texts = redactor_of(release), ["0a1b2c3d" * 8, "Work and business", "2026 1014 5550 123"]
    refuse_laid_out(
        ["0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d", "123 2026 1014 5550", "0a1b2c3d" * 8 + "Work and"], texts, redactor, ()
    )
    with pytest.raises(PrivacyError):
        refuse_laid_out(["made by jane.roe@corp.org"], texts, redactor, ())


def test_interactive_permits_its_own_scripts_alone(release: Release) -> None:
    pytest.importorskip("plotly")
    text = page(compose(release, ReportConfig()), moving=release).decode()
    policy = re.search(r'Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe-eval" not in policy[1]
    assert "connect-src" not in policy[1]
    assert policy[1].count("sha256-") == 3
    found = Page(text)
    assert not [a for a in found.all("script") if "src" in a]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_in_a_browser(hostile: str, tmp_path: Path, width: int, scheme: Any) -> None:
    from tests.map.browser import launcher

    chromium()
    path = tmp_path / "report.html"
    path.write_text(hostile, encoding="utf-8")
    with launcher() as launch:
        view = launch().new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
        asked: list[str] = []
        said: list[str] = []
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: said.append(message.text))
        view.on("dialog", lambda dialog: said.append("dialog"))
        view.goto(path.as_uri())
        assert view.evaluate("document.documentElement.scrollWidth") <= width
        shown = view.evaluate(
            "[...document.querySelectorAll('.plot svg')].filter(s => s.getClientRects().length).length"
        )
        assert shown == view.evaluate("document.querySelectorAll('figure').length")
        view.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert view.evaluate("document.documentElement.scrollWidth") <= width
        assert asked == [path.as_uri()]
        assert not said
