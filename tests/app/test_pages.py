"""Every page in every state: no exception, the right words, one selection."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from clio.explore.curation import add
from clio.explore.launch import SCRIPT
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
    assert "s_map_0" not in {part.key for part in app.get("bidi_component")}
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


def test_days_that_are_none_split_nothing(run: Path, opened: Open) -> None:
    for split in ("2024-99-99", "2023-02-29", "0000-01-01"):
        app = fine(opened(run, page="trends", trends="split", split=split))
        assert "split" not in address(app)
        assert "weeks before" in words(app)


def test_a_lasso_around_one_selects_it(run: Path, opened: Open) -> None:
    app = fine(opened(run))
    first, second = load(run).marks()[:2]
    app.session_state["s_map_0"] = {"event": {"selected": first, "lasso": [], "sequence": 1}}
    fine(app.run())
    app.session_state["s_map_0"] = {"event": {"selected": None, "lasso": [second], "sequence": 2}}
    fine(app.run())
    assert address(app)["c"] == [second]


def test_a_lasso_of_many_is_not_cut(run: Path, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clio.explore.state.MOST", 3)
    release = load(run)
    marks = release.marks()[:8]
    app = fine(opened(run))
    app.session_state["s_map_0"] = {"event": {"selected": None, "lasso": marks, "sequence": 1}}
    fine(app.run())
    assert "8 clusters" in words(app)
    assert f"{sum(release.rows[name]['conversations'] for name in marks):,}" in words(app)
    assert address(app)["m"] == [".".join(marks[:3])]
    assert "The address holds" in words(app)
    fine(app.run())
    assert app.session_state["clio_state"].several == tuple(marks)


def test_several_are_set_beside_the_rest(run: Path, opened: Open) -> None:
    app = fine(opened(run, m=".".join(load(run).marks()[:3])))
    frame = app.dataframe[0].value
    assert len(frame)
    assert list(frame.columns) == ["Value", "Times", "Interval", "Verdict", "Here", "The rest"]
    assert set(frame["Verdict"]) <= {"over", "under", "not clear"}


def test_filters_stay_in_their_boxes(run: Path, opened: Open) -> None:
    app = fine(opened(run, f=["model=large", "surface=web"]))
    fine(app.multiselect(key="w_values_0").set_value(["small"]).run())
    assert address(app)["f"] == ["model=small", "surface=web"]
    assert app.selectbox(key="w_filter_0").value == "model"
    fine(app.selectbox(key="w_filter_0").set_value("turns").run())
    assert app.selectbox(key="w_filter_0").value == "turns"
    assert app.selectbox(key="w_filter_1").value == "surface"
    assert address(app)["f"] == ["surface=web"]
    assert "hidden" in words(app) or "conversations of" in words(app)
    value = load(run).single["turns"].order[0]
    fine(app.multiselect(key="w_values_0").set_value([value]).run())
    assert address(app)["f"] == [f"turns={value}", "surface=web"]
    fine(app.selectbox(key="w_filter_0").set_value("no filter").run())
    assert address(app)["f"] == ["surface=web"]
    assert app.selectbox(key="w_filter_0").value == "surface"


def test_any_value_colours_the_map(run: Path, opened: Open) -> None:
    last = load(run).single["hour"].order[-1]
    app = fine(opened(run))
    fine(app.selectbox(key="w_colour").set_value("share:hour").run())
    fine(app.selectbox(key="w_colour_value").set_value(last).run())
    assert address(app)["colour"] == [f"share:hour={last}"]
    fine(app.selectbox(key="w_colour").set_value("accounts").run())
    assert address(app)["colour"] == ["accounts"]


def test_what_is_hidden_makes_the_accounts_a_bound(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = variant(run, tmp_path / "edited")
    release = load(folder)
    add(folder, release.published, "hide", cluster=release.marks()[0], who="a test")
    app = fine(opened(folder))
    assert {m.label: m.value for m in app.metric}["Accounts"].startswith("≤")


def test_while_searching_a_picture_says_why_it_is_a_list(run: Path, opened: Open) -> None:
    word = load(run).rows[load(run).marks()[0]]["name"].split()[0]
    app = fine(opened(run, tree="icicle", q=word))
    assert "icicle is back" in words(app)
    assert app.dataframe


def test_every_page_is_in_its_address(run: Path, opened: Open) -> None:
    release = load(run)
    mark, weeks = release.marks()[0], release.weeks
    given = {
        "cluster": {"c": [mark], "facet": ["surface"]},
        "trends": {"trends": ["over"], "l": [mark], "y": ["conversations"]},
        "compare": {"compare": ["week", f"{weeks[0]}~{weeks[1]}", f"{weeks[2]}~{weeks[5]}"], "cl": ["0"]},
        "privacy": {"wc": ["25"], "wa": ["12"]},
    }
    for page, params in given.items():
        app = fine(opened(run, page=page, **params))
        assert address(app) == {name: value for name, value in params.items() if value != ["over"]}
        if page == "cluster":
            assert app.button_group(key="w_facet").value == "surface"
            fine(app.button_group(key="w_facet").set_value("model").run())
            assert address(app)["facet"] == ["model"]
        elif page == "trends":
            assert app.multiselect(key="w_lines").value == [mark]
            fine(app.multiselect(key="w_lines").set_value([]).run())
            assert address(app)["l"] == ["-"]
            assert not app.get("plotly_chart")
        elif page == "privacy":
            assert app.slider(key="w_whatif_conversations").value == 25
            fine(app.slider(key="w_whatif_accounts").set_value(20).run())
            assert address(app) == {"wc": ["25"], "wa": ["20"]}


@pytest.mark.parametrize(("tab", "key"), [("movers", "gl"), ("split", "sl")])
def test_levels_are_in_the_address(run: Path, opened: Open, tab: str, key: str) -> None:
    app = fine(opened(run, page="trends", trends=tab, **{key: "0"}))
    level = "w_growth_level" if tab == "movers" else "w_movement_level"
    assert app.button_group(key=level).value == 0
    fine(app.button_group(key=level).set_value(1).run())
    assert address(app) == {"trends": [tab], key: ["1"]}


def test_a_run_that_was_opened_is_in_the_address(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "runs"
    for name in ("one", "two"):
        variant(run, folder / name)
    variant(run, tmp_path / "outside")
    (folder / "link").symlink_to(tmp_path / "outside")
    app = fine(opened(folder / "one", run="two", page="compare"))
    assert app.session_state["clio_given"].run == (folder / "two").resolve()
    assert address(app)["run"] == ["two"]
    app.query_params.clear()  # the browser's way back
    fine(app.run())
    assert app.session_state["clio_given"].run == folder / "one"
    assert address(app) == {}
    for name in ("../outside", "link", "nothing", str(tmp_path / "outside"), "uploads/../two"):
        app = fine(opened(folder / "one", run=name))
        assert app.session_state["clio_given"].run == folder / "one"
        assert "run" not in address(app)


def test_without_base_clusters_the_privacy_page_is_there(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = variant(run, tmp_path / "above", clusters=lambda f: f[f["level"] > 0].assign(parent_id=None))
    app = fine(opened(folder, page="privacy"))
    assert app.slider(key="w_whatif_accounts").max > app.slider(key="w_whatif_accounts").min


def test_the_cluster_page_tells_stability(run: Path, tmp_path: Path, opened: Open) -> None:
    folder = variant(run, tmp_path / "steady", clusters=lambda f: f.assign(stability=0.45))
    name = load(folder).marks()[0]
    told = {metric.label: metric for metric in fine(opened(folder, page="cluster", c=name)).metric}
    assert told["Stability"].value == "0.45"
    assert "clustered anew" in told["Stability"].help
    folder = variant(run, tmp_path / "unknown", clusters=lambda f: f.assign(stability=None))
    told = {metric.label: metric for metric in fine(opened(folder, page="cluster", c=name)).metric}
    assert told["Stability"].value == "not told"


def test_every_key_of_the_session_is_declared_in_one_place() -> None:
    app = Path(SCRIPT).parent
    text = "".join(path.read_text("utf-8") for path in app.rglob("*.py") if path.name != "session.py")
    assert set(re.findall(r"[\"'](clio_[a-z_]+)[\"']", text)) <= {"clio_figure_files"}


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
    assert app.selectbox(key="w_colour").value == "share:model"
    assert app.selectbox(key="w_colour_value").value == "large"
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
    app = fine(opened(run, page="trends", split=split, trends="split"))
    assert app.date_input(key="w_split").value.isoformat() == split
    assert "2 weeks before" in words(app)


def test_hours_that_are_not_crossed_are_said_to_be_so(run: Path, opened: Open) -> None:
    app = fine(opened(run, page="trends", trends="clock"))
    assert "intersections" in words(app)


def test_comparison_is_in_the_address(run: Path, opened: Open) -> None:
    app = fine(opened(run, page="compare", compare=["model", "small", "large"]))
    assert app.selectbox(key="w_cmp_one").value == "small"
    fine(app.selectbox(key="w_cmp_facet").set_value("surface").run())
    assert address(app)["compare"][0] == "surface"
    fine(app.selectbox(key="w_cmp_other").set_value(app.selectbox(key="w_cmp_one").value).run())
    assert "two different values" in words(app)


def changed_inputs(folder: Path, name: str) -> None:
    """As if the run had read another file, of other conversations."""
    about = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    about["inputs"] = [{"sha256": name, "records": 1}]
    (folder / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    about = json.loads((folder / "release" / "manifest.json").read_text(encoding="utf-8"))
    about["accounts"] += ["one", "two", "three"].index(name)
    (folder / "release" / "manifest.json").write_text(json.dumps(about), encoding="utf-8")


def test_two_runs(run: Path, tmp_path: Path, opened: Open) -> None:
    for name, more in (("one", 0), ("two", 1), ("three", 1)):
        variant(run, tmp_path / name, trends=lambda f, n=more: f.assign(conversations=f["conversations"] + n))
        changed_inputs(tmp_path / name, name)
    app = fine(opened(tmp_path / "one", page="compare", comparing="runs"))
    assert app.selectbox(key="w_other_run").value == "three"
    fine(app.selectbox(key="w_other_run").set_value("two").run())
    assert address(app)["with"] == ["two"]
    fine(app.button_group(key="w_runs_facet").set_value("surface").run())
    assert address(app)["rf"] == ["surface"]
    assert not app.warning
    assert app.get("plotly_chart")
    (tmp_path / "two" / "release" / "clusters.parquet").write_bytes(b"nothing")
    fine(app.run())
    assert "damaged" in words(app)


def test_two_runs_of_the_same_conversations_have_no_verdicts(run: Path, tmp_path: Path, opened: Open) -> None:
    for name in ("one", "two"):
        variant(run, tmp_path / name)
    app = fine(opened(tmp_path / "one", page="compare", comparing="runs", rf="surface"))
    assert "read the same file" in app.warning[0].value
    assert not app.get("plotly_chart")
    assert list(app.dataframe[0].value.columns) == ["value", "share_one", "share_other"]


def test_two_periods_are_compared_like_two_values(run: Path, opened: Open) -> None:
    weeks = load(run).weeks
    app = fine(opened(run, page="compare"))
    fine(app.selectbox(key="w_cmp_facet").set_value("week").run())
    assert address(app)["compare"][0] == "week"
    assert "false discovery rate" in words(app)
    for key, week in (("one_to", weeks[0]), ("one_from", weeks[0]), ("other_from", weeks[4]), ("other_to", weeks[5])):
        fine(app.selectbox(key=f"w_cmp_{key}").set_value(week).run())
    assert address(app)["compare"] == ["week", f"{weeks[0]}~{weeks[0]}", f"{weeks[4]}~{weeks[5]}"]
    assert "2 weeks" in words(app)
    assert app.get("plotly_chart")
    fine(app.selectbox(key="w_cmp_other_from").set_value(weeks[0]).run())
    assert "share weeks" in words(app)
    assert not app.get("plotly_chart")


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
