"""The real SDK and bare sockets against a scripted server, and schemas to ask it for."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from hypothesis import strategies as st

from clio.prompts.facets import conversation_message
from clio.testing.messages_server import Server, ServerConfig, serve

SECRET = "zebra quartz 4411"
CONVERSATION = (
    f"User: {SECRET} my tomato plants have yellow leaves, is it the watering or the compost?\nAssistant: Rather water."
)
USER = conversation_message(CONVERSATION)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"request": {"type": "string"}, "kind": {"type": "string", "enum": ["code", "prose", "n/a"]}},
    "required": ["request", "kind"],
    "additionalProperties": False,
}
PROMPT_MARK = "The object must fit this JSON Schema:"


@contextmanager
def sdk(server: Server, **more: Any) -> Iterator[Any]:
    import anthropic

    given = {"api_key": "key", "max_retries": 0, "timeout": 5.0, "_strict_response_validation": True, **more}
    with anthropic.Anthropic(base_url=server.base_url, **given) as client:
        yield client


@contextmanager
def running(script: Any = None, /, *, client: Mapping[str, Any] | None = None, **settings: Any) -> Iterator[Any]:
    """A server with these settings and the real SDK's client to it."""
    with serve(ServerConfig(**settings), script) as server, sdk(server, **(client or {})) as made:
        yield server, made


def params(user: str = USER, schema: Mapping[str, Any] | None = SCHEMA, **more: Any) -> dict[str, Any]:
    extra = {} if schema is None else {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    return {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": user}], **extra, **more}


def text(message: Any) -> str:
    return "".join(block.text for block in message.content)


def raw(server: Server, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.base_url.rsplit(":", 1)[1]), timeout=5)
    try:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, path, data)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def wire(server: Server, *pieces: bytes) -> bytes:
    """What comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", int(server.base_url.rsplit(":", 1)[1])), timeout=5) as connection:
        for piece in pieces:
            connection.sendall(piece)
        found = b""
        while piece := connection.recv(65536):
            found += piece
        return found


def post(body: Any, *, close: bool = True, path: str = "/v1/messages") -> bytes:
    data = json.dumps(body).encode()
    ending = "connection: close\r\n" if close else ""
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{ending}Content-Length: {len(data)}\r\n\r\n".encode() + data


def until(condition: Callable[[], bool]) -> None:
    """Wait for it; far longer than it can take before giving up."""
    for _ in range(5000):
        if condition():
            return
        time.sleep(0.001)
    raise AssertionError("it does not come to pass")


@contextmanager
def open_requests(server: Server, count: int) -> Iterator[None]:
    """So many requests on their way, which nobody reads the reply of; yields when the server has them all."""
    with ExitStack() as stack:
        for n in range(count):
            port = int(server.base_url.rsplit(":", 1)[1])
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)).sendall(post(params(f"{n}")))
        until(lambda: server.stats()["in_progress"] == count)
        yield


def extras(schema: Mapping[str, Any]) -> int:
    return len(json.dumps([None, {"type": "json_schema", "schema": schema}]))


def items(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"custom_id": f"item-{n}", "params": params(f"{USER} {n}", **more)} for n in range(count)]


def ended(client: Any, batch: Any) -> Any:
    for _ in range(500):
        batch = client.messages.batches.retrieve(batch.id)
        if batch.processing_status == "ended":
            return batch
        assert batch.results_url is None
        assert batch.ended_at is None
        assert batch.request_counts.processing == sum(batch.request_counts.to_dict().values())
        time.sleep(0.005)
    raise AssertionError("the batch does not end")


def bounded(low: int, high: int, keys: tuple[str, str]) -> st.SearchStrategy[dict[str, int]]:
    pair = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted)
    return st.one_of(
        st.just({}),
        pair.map(lambda two: {keys[0]: two[0], keys[1]: two[1]}),
        st.sampled_from(keys).flatmap(lambda key: st.integers(low, high).map(lambda bound: {key: bound})),
    )


def typed(name: str, bounds: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return bounds.map(lambda given: {"type": name, **given})


FLOATS = st.one_of(st.floats(-1e300, 1e300), st.floats(0, 1e-3))
LEAVES = st.one_of(
    typed("string", bounded(0, 40, ("minLength", "maxLength"))),
    typed("string", bounded(300, 400, ("minLength", "maxLength"))),
    typed("integer", bounded(-(10**20), 10**20, ("minimum", "maximum"))),
    typed("number", bounded(-3, 3, ("minimum", "maximum"))),
    st.tuples(FLOATS, FLOATS).map(sorted).map(lambda two: {"type": "number", "minimum": two[0], "maximum": two[1]}),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, {"type": ["string", "null"]}]),
    st.lists(st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none()), min_size=1).map(
        lambda options: {"enum": options}
    ),
    st.lists(st.text(max_size=8), min_size=1).map(lambda options: {"type": "string", "enum": [*options, "n/a"]}),
    st.one_of(st.text(max_size=5), st.integers(), st.booleans()).map(lambda value: {"const": value}),
)


@st.composite
def objects(draw: Any, inner: Any) -> dict[str, Any]:
    names = st.one_of(st.sampled_from(["name", "names", "summary", "group", "reasoning"]), st.text(max_size=6))
    properties = draw(st.dictionaries(names, inner, max_size=4))
    required = [name for name in properties if draw(st.booleans())]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        **({"additionalProperties": False} if draw(st.booleans()) else {}),
    }


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        objects(inner),
        st.tuples(inner, bounded(0, 6, ("minItems", "maxItems"))).map(
            lambda two: {"type": "array", "items": two[0], **two[1]}
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
    ),
    max_leaves=8,
)
