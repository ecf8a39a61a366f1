"""The form of a config is made of the config models, and can set nothing that a browser may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config import RunConfig, load_config
from clio.demo import CONVERSATIONS
from clio.errors import ConfigError, InputError, RunError
from clio.explore import form
from clio.explore.form import (
    BASIC,
    FILE_ONLY,
    OFFERED,
    Entry,
    base_config,
    by_key,
    columns_of,
    entries,
    file_only,
    form_config,
    ingest_config,
)
from clio.prompts.facets import shipped

EVERY = [(base, entry) for base in OFFERED for entry in entries(base)]


def one(base: str, key: str, **more: Any) -> Entry:
    return next(entry for entry in entries(base, **more) if entry.key == key)


def reached(config: RunConfig, key: str) -> Any:
    found: Any = config
    for part in key.split("."):
        found = None if found is None else getattr(found, part)
    return found


@pytest.mark.parametrize("base", OFFERED)
def test_every_setting_is_asked_for_or_left_to_a_file(base: str) -> None:
    asked = [entry.key for entry in entries(base)]
    assert len(set(asked)) == len(asked)
    assert not set(asked) & {*file_only(base), *FILE_ONLY}
    config = base_config(base)
    for key in asked:
        if not key.startswith(("ingest.columns.", "facets.screener.")):
            reached(config, key)
    sections = {key.partition(".")[0] for key in (*asked, *file_only(base))}
    assert sections == set(RunConfig.model_fields)
    assert {entry.key for entry in entries(base) if entry.basic} <= set(BASIC)


def test_controls_bounds_and_help_are_those_of_the_models() -> None:
    size = one("embedded", "ingest.sampling.size")
    assert (size.kind, size.least, size.optional, size.value) == ("whole", 1, True, None)
    assert "not by file order" in size.help
    assert (one("claude", "seed").least, one("claude", "seed").most) == (0, 2**32 - 1)
    levels = one("embedded", "arrange.levels")
    assert (levels.least, levels.most, levels.value) == (1, 6, 3)
    assert one("embedded", "cluster.method").options == ("kmeans", "hdbscan")
    assert one("embedded", "facets.use").options == tuple(shipped())
    assert one("claude", "writer.structured_outputs").titles == ("yes", "no", "auto")
    assert "15 conversations" in one("claude", "release.preset").title("research")
    assert one("claude", "ingest.sampling.since").kind == "day"
    assert one("claude", "writer.budget_usd").value == 50
    assert one("claude", "writer.batches").kind == "choices"


@pytest.mark.parametrize("base", OFFERED)
def test_the_values_of_an_untouched_form_change_nothing(base: str) -> None:
    values = {entry.key: entry.value for entry in entries(base) if not entry.key.startswith("ingest.columns.")}
    values = {key: value for key, value in values.items() if not key.startswith("facets.screener.")}
    assert form_config(base, values) == form_config(base, {}) == base_config(base)
    assert not [entry.key for entry in entries(base) if entry.changed(entry.value)]


@given(pair=st.sampled_from(EVERY), data=st.data())
def test_what_a_control_can_give_is_taken_or_told_by_its_key(pair: tuple[str, Entry], data: st.DataObject) -> None:
    base, entry = pair
    value = data.draw(control(entry))
    try:
        config = form_config(base, {entry.key: value})
    except ConfigError as error:
        found, rest = by_key(error, [entry.key])
        assert found or rest
        return
    if value not in (None, "", []):
        got = reached(config, entry.key)
        assert (list(got) if isinstance(got, tuple) else got) == value
    assert load_config(config.model_dump(mode="json", exclude_unset=True)) == config


def control(entry: Entry) -> st.SearchStrategy[Any]:
    """Values that the control of an entry lets through."""
    if entry.kind in ("whole", "number"):
        least = entry.least if entry.least is not None else 0
        most = entry.most if entry.most is not None else 1e9
        inner: st.SearchStrategy[Any] = (
            st.integers(int(least), int(most)) if entry.kind == "whole" else st.floats(least, most)
        )
    else:
        inner = {
            "text": st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=min(entry.longest, 40)),
            "switch": st.booleans(),
            "day": st.dates(),
            "choice": st.sampled_from(entry.options or ("",)),
            "choices": st.lists(st.sampled_from(entry.options or ("",)), unique=True),
            "words": st.lists(st.text(max_size=10), max_size=3),
        }[entry.kind]
    return inner | st.none() if entry.optional else inner


def test_what_is_emptied_falls_back_to_its_default() -> None:
    config = form_config("claude", {"writer.budget_usd": None, "ingest.sampling.per_account": None, "title": ""})
    assert isinstance(config, RunConfig)
    assert (config.writer.budget_usd, config.ingest.sampling.per_account) == (None, None)  # type: ignore[union-attr]
    assert config.title == RunConfig().title


def test_pairs_of_a_facet_that_is_left_out_go_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "embedded.yaml").write_text("facets: {intersections: [[week, language], [turns, language]]}\n", "utf-8")
    monkeypatch.setattr(form, "CONFIGS", tmp_path)
    left = form_config("embedded", {"facets.use": ["request", "week", "language"]}).facets
    assert left.intersections == (("week", "language"),)


def test_thresholds_follow_the_preset() -> None:
    public = form_config("embedded", {"release.preset": "public"})
    assert one("embedded", "release.min_conversations", config=public).value == 500


@pytest.mark.parametrize(
    ("base", "key", "value"),
    [
        ("claude", "writer.base_url", "http://127.0.0.1:9"),
        ("claude", "writer.api_key_env", "PATH"),
        ("local-server", "writer.api_key_env", "ANTHROPIC_API_KEY"),
        ("embedded", "writer.model", "/etc/passwd"),
        ("embedded", "encoder.model", "../elsewhere"),
        ("embedded", "redact.packs", {"ru": "os:system"}),
        ("embedded", "workspace.key_file", "/etc/passwd"),
        ("embedded", "facets.use", ["request", "nothing"]),
        ("embedded", "no.such", 1),
    ],
)
def test_no_path_key_or_code_comes_from_a_browser(base: str, key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key):
        form_config(base, {key: value})
    with pytest.raises(RunError):
        form_config("../embedded", {})


def test_faults_stand_at_their_field() -> None:
    with pytest.raises(ConfigError) as caught:
        form_config("embedded", {"seed": -1, "cluster.k": 0})
    found, rest = by_key(caught.value, ["seed", "cluster.k"])
    assert found.keys() == {"seed", "cluster.k"}
    assert "greater than or equal to 0" in found["seed"]
    assert not rest
    with pytest.raises(ConfigError) as caught:
        form_config("embedded", {"facets.use": ["turns"]})
    assert "exactly one facet" in by_key(caught.value, ["facets.use"])[0]["facets.use"]
    assert by_key(ConfigError("nothing is known"), ["seed"]) == ({}, ["nothing is known"])


def test_columns_are_those_of_a_table_of_no_known_format(tmp_path: Path) -> None:
    assert columns_of(CONVERSATIONS) == ()
    table = tmp_path / "a.csv"
    table.write_text("asked,answered,who\nHello,Hi,a\n", encoding="utf-8")
    rows = tmp_path / "a.jsonl"
    rows.write_text(json.dumps({"asked": "Hello", "who": 1}) + "\n", encoding="utf-8")
    parquet = tmp_path / "a.parquet"
    pq.write_table(pa.table({"asked": ["Hello"], "who": ["a"]}), parquet)
    assert columns_of(table) == ("asked", "answered", "who")
    assert columns_of(rows) == columns_of(parquet) == ("asked", "who")
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError):
        columns_of(tmp_path / "empty.jsonl")
    choose = one("embedded", "ingest.columns.user", columns=columns_of(table))
    assert (choose.kind, choose.options, choose.optional) == ("choice", ("asked", "answered", "who"), True)
    found = ingest_config({"ingest.columns.user": "asked", "seed": 3})
    assert (found.format, found.columns.user) == ("columns", "asked")  # type: ignore[union-attr]
    assert ingest_config({}).columns is None
