from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clio.config import RunConfig, load_config
from clio.errors import ConfigError


def faults(source: Any, **overrides: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(source, **overrides)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert all(f"\n  {fault}" in str(caught.value) for fault in caught.value.faults)
    return [fault.partition(":")[0] for fault in caught.value.faults]


def test_an_empty_file_is_a_config(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("# nothing\n")
    assert load_config(path) == load_config(str(path)) == load_config(None) == load_config({}) == RunConfig()


def test_all_faults_at_once_each_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(
        """
        titel: x
        seed: -1
        ingest: {format: cvs, sampling: {size: 0, sizes: 3}}
        facets: {define: [{name: mood, kind: scale, question: "How?", maximum: 3, options: [{value: a}]}, {name: 3x}]}
        writer: {backend: messages, concurrency: 0}
        release: {min_accounts: many, max_account_share: 0}
        """
    )
    assert sorted(faults(path)) == [
        "facets.define.0", "facets.define.1.kind", "facets.define.1.name", "ingest.format", "ingest.sampling.size",
        "ingest.sampling.sizes", "release.max_account_share", "release.min_accounts", "seed", "titel",
        "writer.concurrency", "writer.model",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({"writer": {"backend": "telepathy"}}, ["writer"]),
        ({"writer": {"model": "x"}}, ["writer"]),
        ({"writer": "embedded"}, ["writer"]),
        ({"release": 3}, ["release"]),
        ({"release": {"preset": ["public"]}}, ["release.preset"]),
        ({3: 4}, ["3"]),
        ({"ingest": {"format": "columns"}}, ["ingest"]),
        ({"ingest": {"format": "columns", "columns": {"id": "n"}}}, ["ingest.columns"]),
        ({"facets": {"window": {"head": 0.8, "tail": 0.8}}}, ["facets.window"]),
        ({"facets": {"define": [{"name": "a", "kind": "computed"}]}}, ["facets.define.0"]),
        (
            {"facets": {"define": [{"name": "a", "kind": "number", "question": "?", "cluster": True}]}},
            ["facets.define.0"],
        ),
    ],
)
def test_single_faults(data: dict[Any, Any], paths: list[str]) -> None:
    assert faults(data) == paths


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"a: [",
        b"- a\n- b\n",
        b"3",
        b"a: 2024-13-45",
        b"[" * 5000,
        b"seed: " + b"9" * 5000,
        b"\x00",
        b"a: !!python/object:os.x {}",
    ],
)
def test_files_that_are_no_config(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"run\.yaml") as caught:
        load_config(path)
    assert caught.value.exit_code == 2
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_where_yaml_breaks(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("seed: 1\ntitle: a: b\n")
    with pytest.raises(ConfigError, match="line 2"):
        load_config(path)


def test_no_such_file(tmp_path: Path) -> None:
    for path in (tmp_path / "no.yaml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config(path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_file_is_a_config_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "run.yaml"
    path.write_bytes(content)
    with suppress(ConfigError):
        load_config(path)


def test_overrides_are_dotted_and_none_is_none() -> None:
    config = load_config(
        {"ingest": {"sampling": {"min_turns": 2}}}, **{"ingest.sampling.size": 10, "seed": 7, "title": None}
    )
    assert config.ingest.sampling.size == 10
    assert config.ingest.sampling.min_turns == 2
    assert (config.seed, config.title) == (7, RunConfig().title)
    assert faults({}, **{"ingest.sampling.siz": 1}) == ["ingest.sampling.siz"]


def test_a_source_is_not_changed() -> None:
    data = {"ingest": {"sampling": {"min_turns": 2}}}
    load_config(data, **{"ingest.sampling.size": 10, "release.preset": "public"})
    assert data == {"ingest": {"sampling": {"min_turns": 2}}}
    config = load_config(data)
    assert load_config(config, seed=5).seed == 5
    assert config.seed == 0
    assert load_config(config) == config
    with pytest.raises(ValidationError):
        config.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({}, (15, 5)),
        ({"preset": "research"}, (15, 5)),
        ({"preset": "public"}, (500, 250)),
        ({"preset": "public", "min_accounts": 300}, (500, 300)),
        ({"min_conversations": 20}, (20, 5)),
    ],
)
def test_presets(release: dict[str, Any], expected: tuple[int, int]) -> None:
    config = load_config({"release": release})
    assert (config.release.min_conversations, config.release.min_accounts) == expected
    again = load_config(config)
    assert (again.release.min_conversations, again.release.min_accounts) == expected
    assert load_config(config.model_dump(mode="json")) == config


def test_another_preset_replaces_what_the_first_one_filled_in() -> None:
    for release in ({}, {"preset": "research"}, {"map_depth": 3}):
        config = load_config(load_config({"release": release}), **{"release.preset": "public"})
        assert (config.release.min_conversations, config.release.min_accounts) == (500, 250)
        assert config.release.map_depth == release.get("map_depth", 7)
