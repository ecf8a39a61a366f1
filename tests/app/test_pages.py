"""Every page in every state: no exception, the right words, one selection."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from clio.explore.navigation import PAGES
from clio.explore.release import load
from tests.app.conftest import Open
from tests.explore.test_release import TROUBLES, broken
from tests.released import one_cluster, variant, with_hostile_names, without_clusters, without_times

NAMES = [page.name for page in PAGES if not page.restricted]


def words(app: Any) -> str:
    """All that a page says."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success", "code")
    said = [str(element.value) for kind in kinds for element in getattr(app, kind)]
    said += [element.label for kind in ("button", "metric", "expander") for element in getattr(app, kind)]
    return "\n".join(said)


def fine(app: Any) -> Any:
    assert not app.exception, [element.stack_trace for element in app.exception]
    return app


def address(app: Any) -> dict[str, list[str]]:
    found = {name: app.query_params[name] for name in app.query_params}
    return {name: [value] if isinstance(value, str) else list(value) for name, value in found.items()}


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize("make", [None, one_cluster, without_times, without_clusters])
def test_every_page_of_every_release(run: Path, tmp_path: Path, opened: Open, page: str, make: Any) -> None:
    folder = run if make is None else make(run, tmp_path / "odd")
    app = fine(opened(folder, page=page))
    assert words(app)
    if make is without_clusters and page == "explore":
        assert "under the thresholds" in words(app)
    if make is without_times and page == "trends":
        assert "carry no dates" in words(app)


@pytest.mark.parametrize("page", NAMES)
def test_hostile_names_fetch_nothing(run: Path, tmp_path: Path, opened: Open, page: str) -> None:
    folder = with_hostile_names(run, tmp_path / "hostile")
    name = load(folder).marks()[0]
    app = fine(opened(folder, page=page, c=name))
    for said in words(app).splitlines():
        assert "![" not in said.replace("\\!\\[", "")
        assert not re.search(r"(?<!\\)\[[^\]]*\]\((?!/)", said), said[:200]
        assert "https://" not in said
        assert not re.search(r"(?<!\\)<(script|img)", said)


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_broken_run_is_explained(run: Path, tmp_path: Path, opened: Open, kind: str) -> None:
    app = fine(opened(broken(kind, run, tmp_path / "broken")))
    assert app.title[0].value
    assert app.markdown
    assert not app.metric
    if kind == "unfinished":
        assert app.table


def test_no_run_at_all(opened: Open) -> None:
    app = fine(opened(None))
    assert "No run was named" in app.title[0].value
    assert "clio explore" in app.code[0].value


@pytest.mark.parametrize("place", ["0.0.0.0", "192.168.0.7", None])
def test_not_open_to_others(run: Path, opened: Open, place: str | None) -> None:
    from streamlit import config

    config.set_option("server.address", place)
    app = fine(opened(run))
    assert "Not open to others" in app.title[0].value
    assert "st\\.login" in app.error[0].value
    assert not app.metric
    assert not app.dataframe


def test_the_shape_of_usage_at_once(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    about = load(run).about
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Conversations"] == f"{about['conversations']:,}"
    assert shown["Accounts"] == f"{about['accounts']:,}"
    assert shown["Weeks"] == str(len(load(run).weeks))
    assert app.dataframe[0].value["cluster_id"].tolist()
    assert "First findings" in words(app)


def test_a_row_of_the_list_selects_everywhere(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    ids = app.dataframe[0].value["cluster_id"].tolist()
    app.session_state["s_list_0"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    fine(app.run())
    assert address(app)["c"] == [ids[1]]
    assert app.session_state["clio_state"].cluster == ids[1]
    name = load(run).rows[ids[1]]["name"]
    assert name.split()[0] in words(app)


def test_the_map_selects_and_the_list_follows(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    mark = load(run).marks()[2]
    app.session_state["s_map_0"] = {"event": {"selected": mark, "lasso": [], "sequence": 1}}
    fine(app.run())
    assert address(app)["c"] == [mark]
    # The list has a new key: its old mark would be stale.
    assert app.session_state["clio_turn"]["list"] == 1
    other = load(run).marks()[3]
    app.session_state["s_map_0"] = {"event": {"selected": other, "lasso": [], "sequence": 2}}
    fine(app.run())
    assert address(app)["c"] == [other]


def test_a_lasso_holds_several(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    marks = load(run).marks()[:3]
    app.session_state["s_map_0"] = {"event": {"selected": None, "lasso": marks, "sequence": 1}}
    fine(app.run())
    assert address(app)["m"] == [".".join(marks)]
    assert "3 clusters" in words(app)
    fine(app.button(key="w_clear").click().run())
    assert address(app) == {}


def without_webgl(app: Any) -> Any:
    """What a map sends where there is no WebGL, before anything is chosen on it."""
    app.session_state["s_map_0"] = {"event": {"selected": None, "lasso": [], "sequence": 1, "webgl": False}}
    return fine(app.run())


def test_without_webgl_it_says_so_and_plotly_stands_in(run: Path, opened: Open) -> None:
    marks = load(run).marks()
    app = without_webgl(opened(run, m=[".".join(marks[:3])]))
    assert "no WebGL" in words(app)
    assert not app.get("bidi_component")
    assert address(app)["m"] == [".".join(marks[:3])]  # that there is no WebGL is no click on nothing
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert {point[0] for trace in drawn for point in trace["customdata"]} == set(marks)
    at = app.session_state["clio_sources"]["plot"][0]
    app.session_state[at] = {"selection": {"points": [{"customdata": [marks[4]]}]}}
    fine(app.run())
    assert address(app)["c"] == [marks[4]]
    app.session_state[at] = {"selection": {"points": [{"customdata": [name]} for name in marks[1:4]]}}
    fine(app.run())
    assert address(app)["m"] == [".".join(marks[1:4])]


def test_an_event_is_taken_once(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    app.session_state["s_map_0"] = {"event": {"selected": load(run).marks()[0], "lasso": [], "sequence": 1}}
    fine(app.run())
    fine(app.button(key="w_clear").click().run())
    assert address(app) == {}
    fine(app.run())
    assert address(app) == {}


def test_the_icicle_selects(run: Path, opened: Open) -> None:
    app = fine(opened(run, tree="icicle"))
    name = load(run).children[None][0]
    app.session_state["s_tree_0_None"] = {"selection": {"points": [{"id": name, "customdata": [name]}]}}
    fine(app.run())
    assert address(app)["c"] == [name]
    assert address(app)["tree"] == ["icicle"]


def test_search_narrows_the_list_and_stands_in_the_address(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    everything = len(app.dataframe[0].value)
    row = load(run).rows[load(run).marks()[0]]
    fine(app.text_input(key="w_query").set_value(row["name"]).run())
    assert address(app)["q"] == [row["name"]]
    assert row["cluster_id"] in app.dataframe[0].value["cluster_id"].tolist()
    assert len(app.dataframe[0].value) < everything
    fine(app.text_input(key="w_query").set_value("no such word anywhere").run())
    assert "Nothing matches" in words(app)


def test_a_row_number_of_another_list_selects_nothing(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    ids = app.dataframe[0].value["cluster_id"].tolist()
    app.session_state["s_list_0"] = {"selection": {"rows": [3], "columns": [], "cells": []}}
    fine(app.run())
    word = load(run).rows[ids[-1]]["name"].split()[-1]
    fine(app.text_input(key="w_query").set_value(word).run())
    fine(app.run())
    assert app.dataframe[0].value["cluster_id"].tolist() != ids
    assert address(app)["c"] == [ids[3]]


def test_an_address_restores_everything(run: Path, opened: Open) -> None:
    release = load(run)
    name = release.marks()[1]
    given = {
        "c": [name],
        "colour": ["share:model=large"],
        "size": ["accounts"],
        "f": ["model=large"],
        "tree": ["icicle"],
    }
    app = fine(opened(run, **given))
    assert address(app) == given
    assert app.selectbox(key="w_colour").value == "share:model=large"
    assert app.selectbox(key="w_size").value == "accounts"
    assert "In the filter" in words(app)


def test_a_nonsense_address_is_cleaned(run: Path, opened: Open) -> None:
    app = fine(opened(run, c="9-9999", colour="share:nothing=x", f=["model=nobody", "zzz"], q="x" * 900, size="huge"))
    assert set(address(app)) == {"q"}
    assert len(address(app)["q"][0]) == 200


def test_a_filter_is_set_and_taken_away(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    fine(app.selectbox(key="w_filter_0").set_value("model").run())
    fine(app.multiselect(key="w_values_0").set_value(["large"]).run())
    assert address(app)["f"] == ["model=large"]
    assert "conversations of" in app.info[0].value
    assert "in_filter" in app.dataframe[0].value.columns
    fine(app.selectbox(key="w_filter_1").set_value("turns").run())
    value = load(run).single["turns"].order[0]
    fine(app.multiselect(key="w_values_1").set_value([value]).run())
    assert "cannot be answered" in app.warning[0].value
    assert "in_filter" not in app.dataframe[0].value.columns


def test_two_crossed_facets_are_told_of_the_whole_only(run: Path, opened: Open) -> None:
    app = fine(opened(run, f=["model=large", "surface=web"]))
    assert "over the whole only" in words(app)
    assert not app.warning


def test_a_finding_is_shown_on_the_map(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    button = next(b for b in app.button if str(b.key).startswith("w_finding"))
    fine(button.click().run())
    assert address(app)["c"][0] in load(run).rows


def test_the_cluster_page_walks_the_tree(run: Path, opened: Open) -> None:
    release = load(run)
    child = next(name for name, row in release.rows.items() if row["parent_id"])
    app = fine(opened(run, page="cluster", c=child))
    said = words(app)
    assert release.rows[child]["summary"].split()[0] in said
    assert "What sets it apart" in said
    assert "Nearest" in said
    parent = release.rows[child]["parent_id"]
    fine(app.button(key=f"w_crumb_page_{parent}").click().run())
    assert address(app)["c"] == [parent]
    fine(app.selectbox(key="w_cluster").set_value(child).run())
    assert address(app)["c"] == [child]


def test_the_selection_stays_across_pages(run: Path, opened: Open) -> None:
    name = load(run).marks()[0]
    app = fine(opened(run, c=name))
    for page in ("cluster", "trends", "explore"):
        app.switch_page(f"app_pages/{page}.py")
        fine(app.run())
        assert app.session_state["clio_state"].cluster == name
        assert address(app)["c"] == [name]


def test_before_and_after_a_date(run: Path, opened: Open) -> None:
    split = load(run).weeks[2]
    app = fine(opened(run, page="trends", split=split))
    app.session_state["w_trend_tab"] = "Before and after"
    fine(app.run())
    assert app.date_input(key="w_split").value.isoformat() == split
    assert "2 weeks before" in words(app)


def test_hours_that_are_not_crossed_are_said_to_be_so(run: Path, opened: Open) -> None:
    app = fine(opened(run, page="trends"))
    app.session_state["w_trend_tab"] = "Weekday and hour"
    fine(app.run())
    assert "intersections" in words(app)


def test_comparison_is_in_the_address(run: Path, opened: Open) -> None:
    app = fine(opened(run, page="compare", compare=["model", "small", "large"]))
    assert app.selectbox(key="w_cmp_one").value == "small"
    fine(app.selectbox(key="w_cmp_facet").set_value("surface").run())
    assert address(app)["compare"][0] == "surface"
    fine(app.selectbox(key="w_cmp_other").set_value(app.selectbox(key="w_cmp_one").value).run())
    assert "two different values" in words(app)


def test_two_runs(run: Path, tmp_path: Path, opened: Open) -> None:
    for name in ("one", "two"):
        variant(run, tmp_path / name)
    app = opened(tmp_path / "one", page="compare")
    app.session_state["w_compare_tab"] = "Two runs"
    fine(app.run())
    assert app.selectbox(key="w_other_run").value == tmp_path / "two"
    (tmp_path / "two" / "release" / "clusters.parquet").write_bytes(b"nothing")
    fine(app.run())
    assert "damaged" in words(app)


def test_the_privacy_page_tells_every_rule_and_what_stricter_ones_cost(run: Path, opened: Open) -> None:
    app = fine(opened(run, page="privacy"))
    release = load(run)
    assert "Not promised" in words(app)
    rules = release.rules["rule"].tolist()
    assert len(app.table[0].value) == len(rules) - 1
    fine(app.slider(key="w_whatif_accounts").set_value(app.slider(key="w_whatif_accounts").max).run())
    assert any("hidden" in str(metric.delta) and not str(metric.delta).startswith("0 ") for metric in app.metric)


def test_the_runs_own_statement_is_shown_where_there_is_one(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = variant(run, tmp_path / "stated")
    said = {"adversary": "a motivated <b>reader</b>", "rules": [{"rule": "x", "n": 1}], "leaks": {"raw": 0.5}}
    (folder / "release" / "privacy.json").write_text(json.dumps(said), encoding="utf-8")
    app = fine(opened(folder, page="privacy"))
    assert "The run's statement" in words(app)
    assert "\\<b\\>reader" in words(app)


def test_downloads_are_offered(run: Path, opened: Open) -> None:
    app = fine(opened(run, page="take_away"))
    assert "Map (HTML)" in {b.proto.label for b in app.get("download_button")}
