"""The estimate against what a run really does: the same calls, about the same tokens, and nothing sent or written."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
import random
import re
import socket
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from clio.cli_estimate import estimate as command
from clio.cli_estimate import tokens
from clio.config import load_config
from clio.config.models import MessagesWriter
from clio.errors import ClioError, ConfigError, InputError, ModelSetupError
from clio.models.messages import MessagesBackend
from clio.models.prices import cost, price_of
from clio.models.protocol import Request, Transcript, Usage
from clio.models.traits import BYTES_PER_TOKEN, bytes_per_token, least_cached, thinks
from clio.prompts.facets import resolve
from clio.runs._planned import arranging, auditing, base_clusters, describing, measuring
from clio.runs.context import Context, Sources
from clio.runs.estimate import Count, Estimate, StageEstimate, estimate
from clio.runs.manifest import Manifest
from clio.runs.progress import make_reporter
from clio.runs.runner import load_stage
from tests.fakes import HashingEncoder, ScriptedWriter, corpus
from tests.models.server import Scripted, serve
from tests.quick import CONFIG, write_jsonl
from tests.stages import test_arrange as arranged
from tests.stages.naming import Scripted as ScriptedNamer
from tests.stages.naming import lines

SMALL, STRONG, OLD = "claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-4-5"
CANARY = "canary.person@example.org"
SCREENER = {"question": "Is this about a hobby?"}


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)


def config(writer: dict[str, Any] | None = None, **sections: Any) -> dict[str, Any]:
    return {
        **CONFIG,
        **sections,
        "writer": {"backend": "messages", "model": SMALL, "names_model": STRONG, **(writer or {})},
    }


def stage(found: Estimate, name: str) -> StageEstimate:
    return next(stage for stage in found.stages if stage.stage == name)


def comparable(found: Estimate) -> dict[str, Any]:
    return dataclasses.asdict(dataclasses.replace(found, took_s=0.0))


def mixed(size: int) -> list[dict[str, Any]]:
    """The scripted corpus with what else comes: repeats, silent users, an image alone."""
    records = corpus(size)
    silent = [{"role": "user", "content": " "}, {"role": "assistant", "content": "Hello?"}]
    records[3] |= {"messages": silent}
    records[7] |= {"messages": [{"role": "user", "content": "\n"}]}
    return [*records, records[5]]


def asked_by_a_run(folder: Path, path: Path, sections: dict[str, Any]) -> tuple[list[Transcript], dict[str, int]]:
    """What the real stages show a writer, and what they count."""
    loaded = load_config({**CONFIG, **sections})
    writer, sources = ScriptedWriter(), Sources(paths=(path,))
    reporter, manifest = make_reporter("quiet"), Manifest(folder)
    context = Context(folder, loaded, sources, reporter, manifest, writer, HashingEncoder())
    counts: dict[str, int] = {}
    for name in ("ingest", "extract_facets"):
        load_stage(name).run(loaded, context)
        counts |= context.notes["counts"]
    return writer.seen, counts


# ---- calls


@pytest.mark.parametrize("screener", [None, SCREENER], ids=["all", "screened"])
@pytest.mark.parametrize("sampling", [{}, {"size": 40}, {"per_account": 2}, {"min_turns": 2}], ids=str)
def test_facet_calls_are_those_that_a_run_makes(
    tmp_path: Path, screener: dict[str, str] | None, sampling: dict[str, int]
) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", mixed(90))
    path.write_text(path.read_text() + "no json\n")
    facets = {**CONFIG["facets"], "screener": screener}
    ingest = {"sampling": sampling}
    seen, counts = asked_by_a_run(tmp_path / "run", path, {"facets": facets, "ingest": ingest})
    found = estimate(config(facets=facets, ingest=ingest), path)
    assert (found.records, found.rejected, found.sampled_out) == (
        counts["input"], counts["rejected"], counts["sampled_out"],
    )  # fmt: skip
    calls = stage(found, "extract_facets").calls
    assert sum(calls.values()) == len(seen)
    assert calls == ({"screener": len(seen) // 2, "facets": len(seen) // 2} if screener else {"facets": len(seen)})


def test_the_commands_sample_is_the_runs(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(60))
    found = estimate(config(), path, 25)
    assert (found.conversations, found.sampled_out) == (25, 35)
    assert stage(found, "extract_facets").calls == {"facets": 25}


def diligent(request: Request) -> dict[str, Any]:
    """Gives as many names as are wanted, and puts clusters under them by chance."""
    if request.purpose in ("propose", "deduplicate"):
        (wanted,) = re.findall(r"about ([0-9]+) (?:groups|distinct names)", request.user)
        shown = lines(request, "inside") or lines(request, "data")
        words = dict.fromkeys(word for line in shown for word in re.findall(r"[a-z]{4,}", line.casefold()))
        return {"names": [f"Matters of {word}" for word in words][: int(wanted)]}
    if request.purpose == "assign":
        groups = lines(request, "group")
        return {"group": groups[zlib.crc32(lines(request, "inside")[0].encode()) % len(groups)]}
    return {"name": f"All about {lines(request, 'inside')[0].split()[0]}", "summary": "People asked about this."}


@pytest.mark.parametrize(("clusters", "levels", "top"), [(20, 2, 4), (40, 3, 5), (100, 3, 5), (20, 1, 4)])
def test_arranging_asks_as_often_as_it_does(clusters: int, levels: int, top: int) -> None:
    loaded = load_config(config(arrange={"levels": levels, "top": top}, cluster={"k": clusters}))
    planned: Counter[str] = Counter()
    for part in arranging(clusters * 20, loaded):
        planned[part.purpose] += part.calls
    base, checks = arranged.base_of(clusters)
    writer = ScriptedNamer(diligent)
    arranged.run(base, checks, writer, levels=levels, top=top)
    made = Counter(request.purpose for request in writer.asked)
    assert planned["propose"] == made["propose"]
    assert planned["deduplicate"] == made["deduplicate"]
    assert planned["assign"] == pytest.approx(made["assign"], rel=0.1)
    # A parent of one child is not named anew; a name that does not pass is asked for twice.
    assert planned["rename"] * 0.5 <= made["rename"] <= planned["rename"] * 2


def test_arranging_without_a_model_names_parents_only() -> None:
    parts = arranging(400, load_config(config(arrange={"method": "ward", "levels": 2, "top": 4})))
    assert [(part.purpose, part.calls) for part in parts] == [("describe", math.ceil(4 * 1.1))]


def test_every_name_is_audited_and_measured() -> None:
    loaded = load_config(config(arrange={"method": "ward", "levels": 2, "top": 4}))
    names = base_clusters(400, loaded) + 4
    audit, reword = auditing(400, loaded)
    (measure,) = measuring(400, loaded)
    anew = math.ceil(0.1 * names)
    assert (audit.calls, reword.calls) == (math.ceil(names / 10) + math.ceil(anew / 10), anew)
    assert measure.calls == math.ceil(names / 10)
    off = load_config(config(audit={"judge": "off"}))
    assert auditing(400, off) == measuring(400, off) == []


def test_clusters_that_cannot_reach_the_threshold_are_not_named() -> None:
    loaded = load_config(config(release={"min_conversations": 15, "min_accounts": 5}))
    assert base_clusters(100, loaded) == 6
    assert base_clusters(3, loaded) == 1
    assert base_clusters(0, loaded) == 0
    assert base_clusters(10_000, loaded) == 100
    assert describing(0, 0, loaded) == []


# ---- tokens


def test_input_tokens_are_what_the_prompts_hold(tmp_path: Path) -> None:
    """Against the bodies that the real writer sends over HTTP."""
    records = corpus(40)
    for number, record in enumerate(records):
        record["messages"][0]["content"] += " And what else should I know?" * (number * number // 4)
    path = write_jsonl(tmp_path / "chats.jsonl", records)
    seen, _ = asked_by_a_run(tmp_path / "run", path, {})
    facets = [facet for facet in resolve(load_config(CONFIG).facets) if facet.answered_by_model]
    reply = Scripted(json.dumps({"request": "to bake a loaf of bread", "concern": "1"}))
    settings = {"model": OLD, "structured_outputs": False, "reply_cache": False, "prompt_caching": False}
    with serve(lambda body, number: reply) as endpoint:
        loaded = MessagesWriter(base_url=endpoint.base_url, **settings)
        with MessagesBackend(loaded) as backend:
            assert all(len(answers) == 2 for answers in backend.answer(seen, facets))
    assert len(endpoint.bodies) == len(seen) == 40
    sent = sum(len(body["system"].encode()) + len(body["messages"][0]["content"].encode()) for body in endpoint.bodies)
    found = stage(estimate(config(settings), path), "extract_facets")
    assert found.calls == {"facets": 40}
    assert found.input_tokens == pytest.approx(sent / BYTES_PER_TOKEN, rel=0.02)
    newer = stage(estimate(config(), path), "extract_facets")
    assert newer.input_tokens == pytest.approx(1.3 * sent / BYTES_PER_TOKEN, rel=0.02)


def test_a_long_conversation_counts_as_its_window(tmp_path: Path) -> None:
    long = corpus(30)
    long[0]["messages"][0]["content"] = "bread " * 30_000
    whole = stage(estimate(config(), write_jsonl(tmp_path / "long.jsonl", long)), "extract_facets")
    short = stage(estimate(config(), write_jsonl(tmp_path / "short.jsonl", corpus(30))), "extract_facets")
    extra = (whole.input_tokens - short.input_tokens) * bytes_per_token(SMALL)
    assert 11_000 < extra < 12_500


def test_a_longer_question_costs_more(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(30))
    few = stage(estimate(config(), path), "extract_facets")
    more = {"use": [*CONFIG["facets"]["use"], "use"]}
    many = stage(estimate(config(facets=more), path), "extract_facets")
    assert many.input_tokens > few.input_tokens + 30 * 400
    assert many.output_tokens > few.output_tokens


# ---- money


def test_costs_follow_the_prices(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(60))
    found = estimate(config({"concurrency": 4}), path)
    facets = stage(found, "extract_facets")
    price = price_of(SMALL, {})
    assert price is not None
    written = round(facets.cached_tokens * 4 / 60)
    usage = Usage(
        facets.input_tokens - facets.cached_tokens, facets.output_tokens, facets.cached_tokens - written, written
    )
    assert facets.cached_tokens > 60 * least_cached(SMALL)
    assert facets.cost_usd == pytest.approx(cost(usage, price), rel=0.01)
    in_batches = cost(Usage(facets.input_tokens, facets.output_tokens), price, batch=True)
    assert facets.cost_in_batches_usd == pytest.approx(in_batches, abs=2e-6)
    assert found.cost_usd == found.cost_one_by_one_usd == pytest.approx(sum(s.cost_usd or 0 for s in found.stages))
    uncached = stage(estimate(config({"prompt_caching": False}), path), "extract_facets")
    assert uncached.cached_tokens == 0
    assert (uncached.cost_usd or 0) > (facets.cost_usd or 0)


def test_batches_of_the_config_are_what_is_paid(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(60))
    found = estimate(config({"batches": ["extract_facets"]}), path)
    facets, describe = stage(found, "extract_facets"), stage(found, "describe")
    assert facets.in_batches
    assert facets.seconds is None
    assert not describe.in_batches
    others = sum(s.cost_usd or 0 for s in found.stages if s.stage != "extract_facets")
    assert found.cost_usd == pytest.approx((facets.cost_in_batches_usd or 0) + others)
    assert found.cost_in_batches_usd < found.cost_usd < found.cost_one_by_one_usd


def test_a_budget_is_passed_or_not(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(60))
    free = estimate(config(), path)
    assert free.within_budget is None
    assert estimate(config({"budget_usd": free.cost_usd}), path).within_budget is True
    assert estimate(config({"budget_usd": free.cost_usd * 0.99}), path).within_budget is False


def test_a_model_without_a_price(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(40))
    own = {"model": "own-model", "names_model": STRONG}
    found = estimate(config(own), path)
    assert found.notes == ("no price known for own-model: set writer.prices",)
    assert stage(found, "extract_facets").cost_usd is None
    assert 0 < found.cost_usd == pytest.approx(sum(s.cost_usd or 0 for s in found.stages))
    with pytest.raises(ModelSetupError, match=r"writer\.prices"):
        estimate(config({**own, "budget_usd": 1.0}), path)
    known = estimate(config({**own, "budget_usd": 1.0, "prices": {"own-model": {"input": 0, "output": 0}}}), path)
    assert stage(known, "extract_facets").cost_usd == 0
    assert known.notes == ()


def test_thinking_is_counted_for_models_that_think(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(40))
    found = estimate(config({"model": OLD}), path)
    assert not any(OLD in line and "thinks" in line for line in found.assumptions)
    assert any(STRONG in line and "thinks" in line for line in found.assumptions)
    old, new = stage(found, "describe"), stage(estimate(config({"names_model": OLD}), path), "describe")
    assert old.output_tokens > new.output_tokens + 50 * sum(new.calls.values())


@pytest.mark.parametrize(
    ("model", "ratio", "least", "thinking"),
    [
        (SMALL, 2.77, 512, True), (STRONG, 2.77, 512, True), ("claude-haiku-4-5-20251001", 3.6, 4096, False),
        ("claude-opus-4-20250514", 3.6, 1024, False), ("claude-opus-4-7", 2.77, 2048, False),
        ("claude-3-5-haiku-latest", 3.6, 2048, False), ("us.anthropic.claude-opus-4-5-v1:0", 3.6, 4096, False),
        ("qwen3-8b", 3.6, 1024, False), ("", 3.6, 1024, False),
    ],
)  # fmt: skip
def test_what_is_known_of_models(model: str, ratio: float, least: int, thinking: bool) -> None:
    assert bytes_per_token(model) == pytest.approx(ratio, abs=0.01)
    assert (least_cached(model), thinks(model)) == (least, thinking)


def test_the_embedded_writer_costs_nothing(tmp_path: Path) -> None:
    found = estimate({}, write_jsonl(tmp_path / "chats.jsonl", corpus(30)))
    assert (found.conversations, found.stages, found.cost_usd) == (30, (), 0)
    assert "nothing is paid for" in found.notes[0]


# ---- time


def test_time_follows_the_configured_rate(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(60))
    assert stage(estimate(config({"concurrency": 16}), path), "extract_facets").seconds == 4 * 3.0
    assert stage(estimate(config({"concurrency": 1}), path), "extract_facets").seconds == 60 * 3.0
    paced = stage(estimate(config({"concurrency": 64, "requests_per_minute": 30}), path), "extract_facets")
    assert paced.seconds == 120.0


# ---- the input


def test_the_order_of_the_input_makes_no_difference(tmp_path: Path) -> None:
    records = corpus(260)
    first = estimate(config(), write_jsonl(tmp_path / "one.jsonl", records))
    random.Random(1).shuffle(records)
    half = write_jsonl(tmp_path / "two" / "a.jsonl", records[:100])
    write_jsonl(tmp_path / "two" / "b.jsonl", records[100:])
    assert comparable(estimate(config(), half.parent)) == comparable(first)
    assert first.sample == 200
    assert comparable(estimate(config(seed=1), half.parent))["stages"] != comparable(first)["stages"]


def large(size: int) -> Iterator[str]:
    chance = random.Random(5)
    for number in range(size):
        noise = chance.randbytes(chance.randrange(900, 1_100)).hex()  # in what no model is shown
        messages = [{"role": "user", "content": f"bread {number}"}, {"role": "assistant", "content": "Fine."}]
        yield json.dumps({"id": f"n{number}", "messages": messages, "metadata": {"noise": noise}}) + "\n"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_large_input_is_read_in_part(tmp_path: Path, packed: bool) -> None:
    size = 8_000 if packed else 5_000
    path = tmp_path / ("large.jsonl.gz" if packed else "large.jsonl")
    with gzip.open(path, "wt", compresslevel=1) if packed else path.open("w") as file:
        file.writelines(large(size))
    assert path.stat().st_size > 5 * 2**20
    found = estimate(config(), path, most_seconds=0)
    assert 0.2 < found.share_read < 0.95
    assert found.conversations == pytest.approx(size, rel=0.1)
    assert stage(found, "extract_facets").calls["facets"] == pytest.approx(size, rel=0.1)
    assert any("stand for the whole" in line for line in found.assumptions)
    assert 1 <= found.sample < 200
    assert estimate(config(), path, 1_000, most_seconds=0).conversations == 1_000


def test_a_large_table_and_the_files_after_it_are_counted_by_their_size(tmp_path: Path) -> None:
    table = pa.table({"question": [f"bread {n}" for n in range(3_000)], "answer": ["Fine."] * 3_000})
    for name in ("a", "b", "c"):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    ingest = {"format": "columns", "columns": {"user": "question", "assistant": "answer"}}
    found = estimate(config(ingest=ingest), tmp_path, most_seconds=0)
    assert found.share_read < 0.2
    assert found.conversations == pytest.approx(9_000, rel=0.02)


@pytest.mark.parametrize(
    ("content", "sections", "error"),
    [
        ("", {}, InputError),
        ("no json\n", {}, InputError),
        (None, {}, InputError),
        (json.dumps(corpus(1)[0]) + "\n", {"ingest": {"sampling": {"min_turns": 9}}}, InputError),
        (json.dumps(corpus(1)[0]) + "\n", {"facets": {"use": ["concern"]}}, ConfigError),
    ],
)
def test_what_cannot_be_estimated_is_said(
    tmp_path: Path, content: str | None, sections: dict[str, Any], error: type[ClioError]
) -> None:
    path = tmp_path / "chats.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(error):
        estimate(config(**sections), path)


def test_no_file_is_no_input() -> None:
    with pytest.raises(InputError):
        estimate(config(), [])


# ---- the endpoint's counter


@dataclasses.dataclass
class Counts:
    base_url: str
    paths: list[str] = dataclasses.field(default_factory=list)
    bodies: list[dict[str, Any]] = dataclasses.field(default_factory=list)


@contextmanager
def counter(bytes_each: float = 2.0, *, status: int = 200, page: str = "", hang_up: bool = False) -> Iterator[Counts]:
    """An endpoint that counts ``bytes_each`` bytes as a token, or does not count."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.paths.append(self.path)
            seen.bodies.append(body)
            if hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            text = body["system"] + body["messages"][0]["content"]
            answer = {"input_tokens": round(len(text.encode()) / bytes_each)}
            if status >= 400:
                answer = {"type": "error", "error": {"type": "x", "message": text}}  # type: ignore[dict-item]
            data = (page or json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if page else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        seen = Counts(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()


def test_the_endpoints_counter_sees_a_few_redacted_windows(tmp_path: Path) -> None:
    records = corpus(60, extra=f"Write to {CANARY} about it.")
    records[0]["messages"][0]["content"] = "bread " * 30_000
    path = write_jsonl(tmp_path / "chats.jsonl", records)
    with counter(2.0) as endpoint:
        found = estimate(config({"base_url": endpoint.base_url}), path)
    assert found.counter == f"the endpoint's, for {len(endpoint.bodies)} requests"
    assert 0 < len(endpoint.bodies) <= 16
    assert set(endpoint.paths) == {"/v1/messages/count_tokens"}
    assert {body["model"] for body in endpoint.bodies} == {SMALL}
    assert CANARY not in json.dumps(endpoint.bodies)
    assert all(len(body["messages"][0]["content"]) < 15_000 for body in endpoint.bodies)
    assert found.bytes_per_token == pytest.approx({SMALL: 2.0, STRONG: 2.0}, rel=0.01)
    local = estimate(config(), path)
    ratio = stage(found, "extract_facets").input_tokens / stage(local, "extract_facets").input_tokens
    assert ratio == pytest.approx(bytes_per_token(SMALL) / 2.0, rel=0.01)


@pytest.mark.parametrize("count", ["local", "auto"])
def test_nothing_is_sent_where_nothing_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Count) -> None:
    """``local`` never, whatever is configured; ``auto`` not without a key or an address."""
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(30))

    def connect(self: socket.socket, address: Any) -> None:
        raise AssertionError("something was sent")

    monkeypatch.setattr(socket.socket, "connect", connect)
    if count == "local":
        monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
    found = estimate(config({"base_url": "http://127.0.0.1:9"} if count == "local" else {}), path, count=count)
    assert found.counter == "local, by the length of the text"


@pytest.mark.parametrize(
    "fault", [{"status": 404}, {"status": 500}, {"page": "<html>"}, {"page": '{"input_tokens": "many"}'},
              {"page": "null"}, {"hang_up": True}, {"bytes_each": 1e9}],
    ids=str,
)  # fmt: skip
def test_an_endpoint_that_does_not_count_is_asked_once(tmp_path: Path, fault: dict[str, Any]) -> None:
    path = write_jsonl(tmp_path / "chats.jsonl", corpus(30))
    with counter(**fault) as endpoint:
        settings = config({"base_url": endpoint.base_url})
        found = estimate(settings, path)
        assert len(endpoint.bodies) == 1
        with pytest.raises(ModelSetupError, match="token counter cannot be used") as error:
            estimate(settings, path, count="endpoint")
    assert found.counter == "local, by the length of the text: the endpoint did not count"
    assert comparable(found)["stages"] == comparable(estimate(settings, path, count="local"))["stages"]
    assert "bread" not in str(error.value)
    assert error.value.__cause__ is None


def test_the_wish_for_the_endpoints_counter_without_an_endpoint_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ModelSetupError):
        estimate(config(), write_jsonl(tmp_path / "chats.jsonl", corpus(10)), count="endpoint")


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    path = write_jsonl(tmp_path / "input" / "chats.jsonl", corpus(30))
    for name in ("CLIO_KEY_DIR", "CLIO_CACHE_DIR", "HOME"):
        monkeypatch.setenv(name, str(home / name))
    monkeypatch.chdir(home)
    with counter() as endpoint:
        estimate(config({"base_url": endpoint.base_url}), path)
    assert list(home.rglob("*")) == []
    assert [file.name for file in path.parent.iterdir()] == ["chats.jsonl"]


# ---- the command


app = typer.Typer()
app.command("estimate")(command)
app.callback()(lambda: None)


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "chats.jsonl", corpus(60, extra=CANARY))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(config({"budget_usd": 0.01, "model": "evil\u001b[31m", "prices": {
        "evil\u001b[31m": {"input": 1, "output": 5}}})))  # fmt: skip
    return path


def test_the_command_shows_a_table(settings: Path, chats: Path) -> None:
    told = CliRunner().invoke(app, ["estimate", str(settings), "--input", str(chats)])
    assert told.exit_code == 0, told.output
    shown = told.output.splitlines()
    assert shown[0].startswith("60 records in: 0 rejected, 0 sampled out; 60 conversations")
    rows = [line.split()[0] for line in shown if line[:1].isalpha()]
    stages = ("extract_facets", "describe", "arrange", "audit", "publish", "total")
    assert [name for name in rows if name in stages] == list(stages)
    assert "does not fit the budget of $0.0100 (writer.budget_usd)." in told.output
    assert "Assumed" in told.output
    assert "\x1b" not in told.output
    assert CANARY not in told.output


def test_the_command_gives_json(settings: Path, chats: Path) -> None:
    told = CliRunner().invoke(app, ["estimate", str(settings), "--input", str(chats), "--sample", "20", "--json"])
    assert told.exit_code == 0, told.output
    value = json.loads(told.output.splitlines()[-1])
    assert (value["conversations"], value["sampled_out"], value["within_budget"]) == (20, 40, False)
    assert value["stages"][0]["calls"] == {"facets": 20}
    assert value["cost_usd"] > 0


def test_the_command_wants_a_known_counter(settings: Path, chats: Path) -> None:
    told = CliRunner().invoke(app, ["estimate", str(settings), "--input", str(chats), "--count", "twice"])
    assert told.exit_code == 2


def test_the_command_says_that_the_embedded_writer_is_free(tmp_path: Path, chats: Path) -> None:
    (tmp_path / "free.yaml").write_text("")
    told = CliRunner().invoke(app, ["estimate", str(tmp_path / "free.yaml"), "--input", str(chats)])
    assert told.output.splitlines() == [
        "60 records in: 0 rejected, 0 sampled out; 60 conversations.",
        "The embedded writer works in this process: nothing is sent and nothing is paid for.",
    ]


def test_numbers_of_tokens_as_they_are_shown() -> None:
    assert [tokens(n) for n in (0, 999, 1_000, 999_949, 999_950, 23_304_566)] == [
        "0", "999", "1.0 k", "999.9 k", "1.0 M", "23.3 M",
    ]  # fmt: skip


def test_a_transcript_without_text_is_not_asked_about() -> None:
    """What the count of calls rests on: the writer itself sends nothing for it."""
    with serve([Scripted("{}")]) as endpoint:
        loaded = MessagesWriter(model=OLD, base_url=endpoint.base_url, structured_outputs=False, reply_cache=False)
        with MessagesBackend(loaded) as backend:
            facets = [facet for facet in resolve(load_config(CONFIG).facets) if facet.answered_by_model]
            (answers,) = backend.answer([Transcript("c1", " \n", "", 1.0)], facets)
    assert {answer.status for answer in answers} == {"na"}
    assert endpoint.bodies == []
