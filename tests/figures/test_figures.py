"""Figures by their data: what is drawn is what the tables say, and what is hidden is drawn as hidden."""

import builtins
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from clio import figures, measures
from clio.errors import MissingExtraError
from clio.figures._plan import plan_map
from clio.figures.colour import colours, contrast
from clio.figures.texts import ENGLISH
from tests.measures.releases import monday, people, release

HOSTILE = "<img src=x onerror=alert(1)> **b** $\\alpha$ ![i](https://example.org/p.png) %{x} \u202e" + "W" * 10_000
pytest.importorskip("plotly", reason="plotly is not installed (extra app)")


@pytest.fixture(scope="module")
def made():
    rows = people()
    found = release(rows, ("language", "concern", "flag"))
    pairs = rows.assign(crossed=rows["language"] + " x " + rows["concern"])
    crossed = release(pairs, ("crossed",)).breakdowns.assign(facet="language x concern")
    return replace(found, breakdowns=pd.concat([found.breakdowns, crossed], ignore_index=True))


def everything(r, **look):
    b, c, t = r.breakdowns, r.clusters, r.trends
    before, after = measures.split_weeks(t, monday(5))
    return {
        "map": lambda: figures.map_figure(c, r.squares, **look),
        "icicle": lambda: figures.tree_figure(c, **look),
        "treemap": lambda: figures.tree_figure(c, kind="treemap", **look),
        "areas": lambda: figures.areas_figure(c, **look),
        "breakdown": lambda: figures.breakdown_figure(b, c, "language", "0-0001", **look),
        "representation": lambda: figures.representation_figure(b, c, "1-0000", **look),
        "trend": lambda: figures.trend_figure(t, c, ["1-0000", "1-0001"], **look),
        "sparkline": lambda: figures.sparkline_figure(
            t, c, "1-0000", **{k: v for k, v in look.items() if k != "width"}
        ),
        "heatmap": lambda: figures.heatmap_figure(b, c, "language", level=0, **look),
        "ratios": lambda: figures.heatmap_figure(b, c, "language", measure="ratio", **look),
        "crossed": lambda: figures.crossed_figure(b, c, "language", "concern", **look),
        "movement": lambda: figures.movement_figure(t, c, before, after, **look),
        "growth": lambda: figures.growth_figure(t, c, **look),
        "concern": lambda: figures.concern_figure(b, c, high=("3",), level=1, **look),
        "slices": lambda: figures.slices_figure(b, c, "language", "de", "en", **look),
        "runs": lambda: figures.runs_figure((b, c), (b, c), "language", **look),
    }


def printed(r, **look):
    from clio.figures import static

    b, c, t = r.breakdowns, r.clusters, r.trends
    before, after = measures.split_weeks(t, monday(5))
    return {
        "map": lambda: static.map_svg(c, r.squares, **look),
        "tree": lambda: static.tree_svg(c, **look),
        "areas": lambda: static.areas_svg(c, **look),
        "breakdown": lambda: static.breakdown_svg(b, c, "language", "0-0001", **look),
        "trend": lambda: static.trend_svg(t, c, ["1-0000", "1-0001"], **look),
        "heatmap": lambda: static.heatmap_svg(b, c, "language", level=0, **look),
        "movement": lambda: static.movement_svg(t, c, before, after, **look),
        "concern": lambda: static.concern_svg(b, c, high=("3",), level=1, **look),
    }


@pytest.mark.parametrize("look", [{}, {"theme": "dark", "width": 390}])
def test_every_figure_comes_with_table_words_and_its_theme(made, look):
    for name, draw in everything(made, **look).items():
        found = draw()
        assert not found.empty, name
        assert isinstance(found.table, pd.DataFrame), name
        assert len(found.table), name
        assert min(map(len, (found.alt, found.note, found.title))) >= 4, name
        background = found.figure.layout.template.layout.paper_bgcolor
        assert background == colours(look.get("theme", "light")).background, name
        json.loads(found.figure.to_json())
        assert "gl" not in {trace.type[-2:] for trace in found.figure.data}, name


def none_of(made):
    tables = ("breakdowns", "clusters", "trends", "squares")
    return replace(made, **{name: getattr(made, name).iloc[:0] for name in tables})


def test_a_release_of_nothing_gives_figures_that_say_why(made):
    none = none_of(made)
    for name, draw in everything(none).items():
        found = draw()
        assert found.empty, name
        assert len(found.alt) > 20, name
        if name != "sparkline":
            assert found.figure.layout.annotations[0].text, name
    pytest.importorskip("vl_convert", reason="vl-convert is not installed (extra report)")
    for name, draw in printed(none).items():
        assert draw().empty, name


def test_bars_are_the_shares_of_the_table_with_their_intervals(made):
    found = figures.areas_figure(made.clusters, level=0, top=5)
    bar = found.figure.data[0]
    frame = measures.cluster_shares(made.clusters, 0).head(5)
    assert list(bar.x) == pytest.approx(frame["share"].tolist())
    assert list(np.array(bar.x) + np.array(bar.error_x.array)) == pytest.approx(frame["high"].tolist())
    assert list(np.array(bar.x) - np.array(bar.error_x.arrayminus)) == pytest.approx(frame["low"].tolist())
    assert [entry[0] for entry in bar.customdata] == frame["cluster_id"].tolist()
    assert len(found.table) == 12


def test_what_is_hidden_is_hatched_over_its_row_and_told(made):
    found = figures.breakdown_figure(made.breakdowns, made.clusters, "language", "0-0001")
    hatched = [t for t in found.figure.data if t.marker.pattern.shape == "/"]
    assert len(hatched) == 1
    assert hatched[0].x[0] > 0
    assert "not shown" in hatched[0].hovertext[0]
    assert not any(0 in list(t.x) for t in found.figure.data)


def test_hidden_cells_of_a_heat_map_are_gaps_with_crosses(made):
    found = figures.heatmap_figure(made.breakdowns, made.clusters, "language", level=0)
    heat, numbers, crosses = found.figure.data
    gaps = np.argwhere(np.isnan(np.array(heat.z, float)))
    assert len(gaps) > 0
    assert set(map(tuple, gaps)) == set(zip(crosses.y, crosses.x, strict=True))
    assert (found.table["status"] == "not shown").sum() == len(gaps)
    shown = found.table[found.table["status"] == "shown"]
    assert np.nansum(np.array(heat.z, float)) == pytest.approx(shown["share"].sum())
    assert len(gaps) + len(numbers.x) == np.size(heat.z)
    for row, column in gaps:
        assert "not shown" in heat.hovertext[row][column]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("measure", ["share", "ratio"])
def test_numbers_in_cells_are_legible_on_their_colours(made, theme, measure):
    figure = figures.heatmap_figure(made.breakdowns, made.clusters, "language", measure=measure, theme=theme).figure
    heat, numbers = figure.data[:2]
    scale = [shade for _, shade in heat.colorscale]
    for row, column, ink in zip(numbers.y, numbers.x, numbers.textfont.color, strict=True):
        z = (heat.z[row][column] - heat.zmin) / (heat.zmax - heat.zmin)
        fill = scale[round(float(np.clip(z, 0, 1)) * (len(scale) - 1))]
        assert contrast(ink, fill) >= 4.5


def test_where_every_value_is_hidden_there_is_no_chart(made):
    rows = people().assign(language=[f"v{n}" for n in range(3000)])
    none = release(rows, ("language", "flag"))
    found = figures.breakdown_figure(none.breakdowns, none.clusters, "language")
    assert found.empty
    assert "too few people" in found.figure.layout.annotations[0].text
    assert list(found.table["status"]) == ["not shown"]


def test_weeks_are_marked_at_their_mondays_and_lines_named_in_their_order(made):
    figure = figures.trend_figure(made.trends, made.clusters, ["1-0001", "1-0000"]).figure
    assert figure.layout.xaxis.tick0 == monday(0)
    assert figure.layout.xaxis.dtick % (7 * 24 * 3600 * 1000) == 0
    assert figure.layout.legend.traceorder == "normal"
    assert [t.name for t in figure.data if t.showlegend is None] == ["Cluster 1-0001", "Cluster 1-0000"]


def test_hidden_weeks_are_gaps_with_stripes():
    rows = people(3)
    gone = (rows["base"] == 2) & (rows["week"] == 4) & (np.arange(len(rows)) % 3 > 0)
    found = release(rows[~gone].reset_index(drop=True))
    figure = figures.trend_figure(found.trends, found.clusters, ["0-0002"]).figure
    line = figure.data[-1]
    assert line.connectgaps is False
    hidden = np.isnan(np.array(line.y, float))
    assert hidden[list(line.x).index(monday(4))]
    assert len(figure.layout.shapes) == hidden.sum()
    assert "not shown" in line.hovertext[list(line.x).index(monday(4))]


def test_the_tree_is_whole_with_cluster_ids_even_where_counts_are_rounded(made):
    rounded = made.clusters.assign(conversations=(made.clusters["conversations"] / 100).round().astype(int) * 100)
    rounded.loc[rounded["level"] == 1, "conversations"] -= 100
    for clusters in (made.clusters, rounded):
        trace = figures.tree_figure(clusters).figure.data[0]
        value = dict(zip(trace.ids, trace.values, strict=True))
        assert set(value) == {"all", *clusters["cluster_id"]}
        assert trace.branchvalues == "total"
        below = dict.fromkeys(value, 0.0)
        for key, parent in zip(trace.ids, trace.parents, strict=True):
            if parent:
                below[parent] += value[key]
        assert all(below[key] <= value[key] + 1e-9 for key in value)
    part = figures.tree_figure(made.clusters, root="1-0001").figure.data[0]
    assert part.ids[0] == "1-0001"
    assert part.parents[0] == ""
    assert len(part.ids) == 1 + (made.clusters["parent_id"] == "1-0001").sum()


def test_a_tree_of_five_thousand_clusters_stays_small():
    n = 5_000
    top = [f"2-{k:04d}" for k in range(20)]
    middle = [f"1-{k:04d}" for k in range(480)]
    base = [f"0-{k:04d}" for k in range(n - 500)]
    ids = [*top, *middle, *base]
    parent = [None] * 20 + [top[k % 20] for k in range(480)] + [middle[k % 480] for k in range(len(base))]
    size = [20 * 450] * 20 + [20 * 19] * 480 + [40] * len(base)
    many = pd.DataFrame(
        {"cluster_id": ids, "level": [int(k[0]) for k in ids], "parent_id": parent, "name": "A name of some words here",
         "summary": "s" * 300, "terms": [[]] * n, "conversations": size, "accounts": size, "share": 0.01,
         "merged": False, "x": np.arange(n) * 1.0, "y": np.arange(n) % 71 * 1.0, "stability": 0.8, "writer": "terms"}
    )  # fmt: skip
    text = figures.tree_figure(many).figure.to_json()
    assert len(text) < 1_500_000
    assert "sss" not in text


def test_values_colour_nodes_and_marks_and_unknown_ones_are_grey(made):
    values = pd.Series({"1-0000": 0.5, "1-0001": -0.2})
    tree = figures.tree_figure(made.clusters, values=values, diverging=True).figure.data[1]
    shade = dict(zip(tree.ids, tree.marker.colors, strict=True))
    assert shade["1-0002"] == colours("light").veil
    assert len({shade["1-0000"], shade["1-0001"], shade["1-0002"]}) == 3
    hatched = dict(zip(tree.ids, tree.marker.pattern.shape, strict=True))
    assert (hatched["1-0000"], hatched["1-0002"], hatched["all"]) == ("", "/", "")
    chart = figures.map_figure(made.clusters, made.squares, level=1, values=values).figure
    marks = [t for t in chart.data if t.mode == "markers"]
    assert marks[0].marker.color == colours("light").unknown
    assert sorted(marks[1].marker.color) == [-0.2, 0.5]


def test_the_map_draws_every_square_and_names_that_do_not_overlap(made):
    found = figures.map_figure(made.clusters, made.squares, labels=40)
    corners = sum((~np.isnan(np.array(t.x, float))).sum() for t in found.figure.data if t.name == "density")
    assert corners == 5 * len(made.squares)
    marks = [t for t in found.figure.data if t.mode == "markers"]
    assert sum(len(t.x) for t in marks) == 12
    assert found.figure.layout.yaxis.scaleanchor == "x"
    plan = plan_map(made.clusters, made.squares, None, None, "", 40, (884.0, 604.0), "light", ENGLISH)
    spots = [
        ((at - low) / (high - low) * size)
        for at, (low, high), size in zip((plan.marks["x"], plan.marks["y"]), (plan.x, plan.y), (884, 604), strict=True)
    ]
    for own in np.flatnonzero(plan.marks["labelled"]):
        wide = 3.5 * len(plan.marks["name"][own])
        up = spots[1] - spots[1][own] - plan.marks["diameter"][own] / 2
        assert not ((abs(spots[0] - spots[0][own]) < wide) & (up > 4) & (up < 22)).any()
    crowd = made.clusters.assign(x=1.0, y=1.0)
    assert len(figures.map_figure(crowd, made.squares, labels=40).figure.layout.annotations) == 1
    lost = made.clusters.assign(x=np.nan, y=np.nan)
    assert not [t for t in figures.map_figure(lost, made.squares).figure.data if t.mode == "markers"]


def test_intervals_of_ratios_stay_within_the_picture(made):
    found = figures.movement_figure(made.trends, made.clusters, [monday(0)], [monday(1)], level=1)
    low, high = (10.0**end for end in found.figure.layout.xaxis.range)
    for trace in found.figure.data:
        if trace.type == "scatter":
            assert (np.array(trace.x) - np.array(trace.error_x.arrayminus) >= low - 1e-9).all()
            assert (np.array(trace.x) + np.array(trace.error_x.array) <= high + 1e-9).all()


def _hostile(found):
    clusters = found.clusters.assign(name=HOSTILE, summary=HOSTILE)
    breakdowns = found.breakdowns.assign(value=[f"<i onload=x>{v}" if v else v for v in found.breakdowns["value"]])
    return replace(found, clusters=clusters, breakdowns=breakdowns)


def test_hostile_names_and_values_are_texts_in_every_figure(made):
    hostile = _hostile(made)
    for name, draw in everything(hostile).items():
        if name in ("slices", "concern", "crossed"):
            continue
        figure = draw().figure.update_traces(customdata=None)  # keys for callers, which nothing renders
        text = figure.to_json()
        tags = set(re.findall(r"<[/\w!?][^>]{0,12}", text.replace("\\u003c", "<").replace("\\u003e", ">")))
        assert {re.sub(r"\W.*", "", tag[1:].lstrip("/")) for tag in tags} <= {"b", "br", "span", "extra"}, name
        assert "W" * 301 not in text, name
        assert "\\u202e" not in text, name
    with_names = figures.slices_figure(
        hostile.breakdowns, hostile.clusters, "language", "<i onload=x>de", "<i onload=x>en"
    )
    assert "<i" not in with_names.figure.update_traces(customdata=None).to_json().replace("\\u003c", "<")


def test_print_shows_hostile_names_as_text_and_fetches_nothing(made):
    pytest.importorskip("vl_convert", reason="vl-convert is not installed (extra report)")
    for name, draw in printed(_hostile(made)).items():
        tree = ElementTree.fromstring(draw().figure)
        tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert tags <= {"svg", "g", "path", "text", "rect", "line", "defs", "clipPath", "linearGradient", "stop"}, name
        for element in tree.iter():
            assert not [a for a in element.attrib if a.startswith("on") or a.endswith("href")], name


@pytest.mark.parametrize("look", [{}, {"theme": "dark", "width": 420}])
def test_print_has_the_tables_of_its_twins(made, look):
    pytest.importorskip("vl_convert", reason="vl-convert is not installed (extra report)")
    twins = everything(made)
    twins["tree"] = twins["icicle"]
    for name, draw in printed(made, **look).items():
        found = draw()
        ElementTree.fromstring(found.figure)
        assert not found.empty, name
        if name != "map":  # which names fit depends on the size
            pd.testing.assert_frame_equal(found.table, twins[name]().table)
    texts = "".join(ElementTree.fromstring(printed(made)["breakdown"]().figure).itertext())
    assert "not shown" in texts


@pytest.mark.parametrize(("package", "extra"), [("plotly", "app"), ("vl_convert", "report")])
def test_without_the_package_the_install_line_is_told(made, monkeypatch, package, extra):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    draw = everything(made)["areas"] if package == "plotly" else printed(made)["areas"]
    with pytest.raises(MissingExtraError, match=re.escape(f"pip install 'clio-toolkit[{extra}]'")):
        draw()


def test_every_public_figure_is_in_the_docs():
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")
    for name in figures.__all__:
        if name.endswith("_figure"):
            assert f"`{name}`" in page
