"""Every config that ships, loaded and run; those for an endpoint against the scripted server over real HTTP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

import clio
from clio.config import RunConfig, load_config
from clio.config.models import MessagesWriter
from clio.errors import BudgetError, ModelSetupError
from clio.testing.messages_server import Server, ServerConfig, serve
from tests.fakes import HashingEncoder, corpus
from tests.quick import without_umap

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted(path for path in (ROOT / "configs").glob("*.yaml") if path.name != "report.yaml")
FOR_ENDPOINTS = [path for path in CONFIGS if "backend: messages" in path.read_text(encoding="utf-8")]
CORPUS = corpus(100)


def config_for(path: Path, server: Server, **writer: Any) -> dict[str, Any]:
    """The config as it ships, sent to the scripted server instead."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    loaded["writer"] |= {"base_url": server.base_url, **writer}
    return loaded


def run(config: Mapping[str, Any], folder: Path) -> clio.Run:
    """Without the map and with few texts measured for leaks: neither has to do with endpoints, both take seconds."""
    lighter = {**config, "redact": {**config.get("redact", {}), "measured": 10}}
    with without_umap():
        return as_shipped(lighter, folder)


def as_shipped(config: Mapping[str, Any], folder: Path) -> clio.Run:
    return clio.run(config, CORPUS, output=folder, encoder=HashingEncoder(), progress="quiet")


def asked(server: Server) -> list[dict[str, Any]]:
    """Bodies of requests for facets: their schema has a property for one."""
    return [body for body in server.bodies if "concern" in json.dumps(body.get("output_config", body["messages"]))]


def released(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {path.name: pq.read_table(path).to_pylist() for path in sorted((folder / "release").glob("*.parquet"))}


def test_there_is_one_for_claude_and_one_for_a_server_of_your_own() -> None:
    assert {path.name for path in FOR_ENDPOINTS} == {"claude.yaml", "local-server.yaml"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_it_loads(path: Path) -> None:
    assert isinstance(load_config(path), RunConfig)


@pytest.mark.parametrize("path", FOR_ENDPOINTS, ids=lambda path: path.name)
def test_it_names_models_the_installed_sdk_knows(path: Path) -> None:
    import typing

    from anthropic.types import model_param

    writer = load_config(path).writer
    assert isinstance(writer, MessagesWriter)
    if writer.base_url is None:
        known = typing.get_args(typing.get_args(model_param.ModelParam)[0])
        assert {writer.model, writer.names_model} <= set(known)


@pytest.mark.parametrize("path", FOR_ENDPOINTS, ids=lambda path: path.name)
def test_a_whole_run(path: Path, tmp_path: Path) -> None:
    with serve(ServerConfig()) as server:
        config = config_for(path, server)
        made = as_shipped(config, tmp_path / "run")
        counts, spending = made.manifest["counts"], made.manifest["spending"]
        assert counts["facet_rows"] == counts["conversations"] * len(load_config(config).facets.use)
        assert counts["failed"] == 0
        assert len(made.clusters)
        # One call per conversation for all facets; no name was made without the endpoint's model.
        assert len(asked(server)) == len({json.dumps(body["messages"]) for body in asked(server)})
        writer = load_config(config).writer
        assert isinstance(writer, MessagesWriter)
        models = Counter(body["model"] for body in server.bodies)
        assert set(models) == {writer.model, writer.names_model or writer.model}
        # What the manifest says was bought is what the server sold.
        sold = server.stats()["billed"]
        assert spending["total"]["replies"] == len(server.bodies)
        assert spending["total"]["input_tokens"] == sold["input_tokens"]
        assert spending["total"]["output_tokens"] == sold["output_tokens"]
        assert {"extract_facets", "describe", "arrange", "audit"} <= set(spending["stages"])
        assert {"request", "task", "concern"} <= set(spending["facets"])


@pytest.mark.slow
def test_the_same_conversations_in_another_run_are_bought_once(tmp_path: Path) -> None:
    with serve(ServerConfig()) as server:
        config = config_for(ROOT / "configs" / "claude.yaml", server)
        config["writer"]["structured_outputs"] = True
        first = run(config, tmp_path / "one")
        bought = len(server.bodies)
        second = run(config, tmp_path / "two")
        assert len(server.bodies) == bought
        assert second.manifest["spending"]["total"]["replies"] == 0
        assert second.manifest["spending"]["total"]["from_cache"] >= first.manifest["counts"]["conversations"]
    assert released(tmp_path / "one") == released(tmp_path / "two")


@pytest.mark.slow
def test_a_new_wording_of_one_facet_buys_that_facet_only(tmp_path: Path) -> None:
    with serve(ServerConfig()) as server:
        config = config_for(ROOT / "configs" / "claude.yaml", server, structured_outputs=True)
        run(config, tmp_path / "run")
        before = len(server.bodies)
        facet = {"name": "task", "kind": "text", "question": "What kind of work is asked for? Say it in other words."}
        config["facets"] = {"define": [facet]}
        run(config, tmp_path / "run")
        new = [b["output_config"]["format"]["schema"]["properties"] for b in server.bodies[before:]]
        facets = [set(properties) for properties in new if "task" in properties]
        assert facets
        assert all(properties == {"task"} for properties in facets)


def test_batches_end_in_the_same_release_for_half_the_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screener = {"question": "Is this about work?", "keep": True}
    with serve(ServerConfig(batch_ms=5)) as server:
        config = config_for(ROOT / "configs" / "claude.yaml", server, structured_outputs=True)
        config["facets"] = {"screener": screener}
        one_by_one = run(config, tmp_path / "live")
        monkeypatch.setenv("CLIO_CACHE_DIR", str(tmp_path / "other-cache"))
        server.reset()
        config["writer"] |= {"batches": ["extract_facets", "describe", "arrange", "audit"], "batch_poll_s": 0.01}
        in_batches = run(config, tmp_path / "batches")
        # Other words for what a detector stopped are asked for one by one; everything else went in batches.
        singly = len(server.bodies)
        assert all("You rewrite one short description" in str(body["system"]) for body in server.bodies)
        assert server.stats()["batches"] > 3
    assert released(tmp_path / "live") == released(tmp_path / "batches")
    told = in_batches.manifest["spending"]
    assert told["total"]["in_batches"] == told["total"]["replies"] - singly > 0
    assert told["batches"]["facets"]["succeeded"] == in_batches.manifest["counts"]["conversations"]
    live = one_by_one.manifest["spending"]["stages"]["describe"]
    assert told["stages"]["describe"]["cost_usd"] == pytest.approx(live["cost_usd"] / 2)


def test_a_budget_stops_the_run_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    with serve(ServerConfig()) as server:
        config = config_for(ROOT / "configs" / "claude.yaml", server, structured_outputs=True, budget_usd=0.005)
        with pytest.raises(BudgetError, match=r"writer\.budget_usd"):
            run(config, tmp_path / "run")
        stopped = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
        assert 0 < stopped["spending"]["total"]["cost_usd"] <= 0.005
        bought = len(server.bodies)
        assert bought > 0
        config["writer"]["budget_usd"] = 50
        made = run(config, tmp_path / "run")
        assert made.manifest["spending"]["total"]["replies"] == len(server.bodies)
        assert len({json.dumps(body) for body in server.bodies}) == len(server.bodies)


def test_a_budget_needs_a_price(tmp_path: Path) -> None:
    with serve(ServerConfig()) as server:
        config = config_for(ROOT / "configs" / "local-server.yaml", server, budget_usd=1)
        with pytest.raises(ModelSetupError, match=r"writer\.prices"):
            run(config, tmp_path / "run")
        assert server.bodies == []
