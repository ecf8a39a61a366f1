"""The client against llama.cpp's own ``/v1/messages``: a real server, in this process, without structured outputs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from clio.config.models import MessagesWriter
from clio.errors import ModelSetupError, WeightsError
from clio.models.messages import MessagesBackend
from clio.models.protocol import Request
from clio.models.weights import path

KEY = secrets.token_hex(16)
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")
    try:
        gguf = path("smollm2-135m-instruct")
    except WeightsError as absent:
        pytest.skip(str(absent))
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.n_ctx = 2048
    params.n_parallel = 1
    params.port = 0
    params.use_jinja = True
    params.api_keys = [KEY]
    params.n_gpu_layers = 0
    params.verbosity = -1
    params.ui = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


def writer(address: str, **more: object) -> MessagesBackend:
    settings = {
        "model": "smollm2", "base_url": address, "api_key_env": "LLAMA_KEY", "reply_cache": False, "concurrency": 1,
        "prompt_caching": False, "max_retries": 0, **more,
    }  # fmt: skip
    return MessagesBackend(MessagesWriter.model_validate(settings))


def test_it_answers_or_says_why_not(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_KEY", KEY)
    with writer(address) as made:
        questions = [Request("assign", "Answer with JSON.", f"Is {n} an even number?", SCHEMA, 24) for n in (2, 3)]
        replies = list(made.ask(questions))
        assert [reply.status in ("answered", "failed") for reply in replies] == [True, True]
        for reply in replies:
            # A model of this size seldom fits a schema; what fits is right in form, what does not says so.
            assert (reply.value.get("answer") in ("yes", "no")) is (reply.status == "answered")
            assert reply.reason in ("", "max tokens", "does not fit the schema")
            assert reply.usage.input_tokens + reply.usage.cache_read_tokens > 20
            assert reply.usage.output_tokens > 0
        told = made.spending()["total"]
        assert told["replies"] >= 3  # the probe, and each question at least once
        assert told["cost_usd"] is None  # nobody knows what one's own machine costs


def test_the_probe_finds_that_it_has_no_structured_outputs(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_KEY", KEY)
    with writer(address) as made:
        list(made.ask([Request("assign", "s", "u", SCHEMA, 4)]))
        assert made._dialogue is not None
        assert made._dialogue.structured is False


def test_a_wrong_key_stops_at_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_KEY", "wrong")
    with writer(address) as made, pytest.raises(ModelSetupError, match="the key in LLAMA_KEY is not accepted"):
        list(made.ask([Request("assign", "s", "u", SCHEMA, 4)]))
