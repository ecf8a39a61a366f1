"""Every figure once in a browser: it draws its marks, and asks no host for anything."""

import pytest

from clio.figures import __all__ as names
from tests.figures.test_figures import everything, made, none_of
from tests.map.browser import launcher

pytest.importorskip("plotly", reason="plotly is not installed (extra app)")
made = made
FIGURES = (
    "map", "icicle", "treemap", "areas", "breakdown", "representation", "trend", "sparkline", "heatmap", "ratios",
    "crossed", "movement", "growth", "concern", "slices", "runs",
)  # fmt: skip
MARKS = ".points > path, .point > path, .slice > path, .hm image, .lines > path, .fills path"


@pytest.fixture(scope="module")
def browser():
    with launcher() as launch:
        yield launch()


def look(browser, figure, tmp_path, theme="light", width=900):
    """Marks, texts, other requests and complaints of one figure on a page of its own."""
    place = tmp_path / "figure.html"
    figure.write_html(place, include_plotlyjs="directory", config={"responsive": True})
    page = browser.new_page(viewport={"width": width, "height": 1000}, color_scheme=theme)
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(place.as_uri())
    page.wait_for_selector(".main-svg")
    page.wait_for_timeout(150)
    marks = page.eval_on_selector_all(
        MARKS,
        "found => found.filter(e => { const b = e.getBoundingClientRect(); return b.width + b.height > 1 }).length",
    )
    texts = page.eval_on_selector_all("text", "found => found.map(e => e.textContent)")
    page.close()
    return marks, texts, [url for url in asked if not url.startswith(("file:", "data:", "blob:"))], said


def test_every_figure_is_looked_at(made):
    assert set(everything(made)) == set(FIGURES)
    drawn = {"tree": "icicle", **{name: name for name in FIGURES}}
    assert {name.removesuffix("_figure") for name in names if name.endswith("_figure")} <= set(drawn)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_its_marks_and_asks_nobody(made, browser, tmp_path, name, theme):
    narrow = {} if theme == "light" else {"width": 390}
    found = everything(made, theme=theme, **narrow)[name]()
    marks, texts, asked, said = look(browser, found.figure, tmp_path, theme, narrow.get("width", 900))
    assert marks >= (1 if name in ("heatmap", "ratios", "crossed", "sparkline") else 4)
    assert name == "sparkline" or any(len(text) > 3 for text in texts)
    assert asked == []
    assert said == []


def test_what_has_nothing_to_draw_says_why(made, browser, tmp_path):
    found = everything(none_of(made))["concern"]()
    marks, texts, asked, said = look(browser, found.figure, tmp_path)
    assert marks == 0
    assert "no facet concern" in " ".join(texts)
    assert (asked, said) == ([], [])
