"""The token counter of a Messages endpoint. It is free; what it is shown has been redacted as for the run itself."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clio.config.models import MessagesWriter
from clio.models.endpoint import Endpoint
from clio.models.protocol import Request
from clio.runs._planned import schema_text, size

if TYPE_CHECKING:
    from anthropic import Anthropic

_AT_ONCE = 8
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens of so many bytes."""

    requests: int
    bytes: int
    tokens: int


def reachable(writer: MessagesWriter) -> bool:
    """Whether the config or the environment says where to ask, or with which key."""
    return bool(os.environ.get(writer.api_key_env) or writer.base_url)


def count(requests: Sequence[Request], writer: MessagesWriter, until: float) -> Counted | None:
    """Tokens of ``requests`` by the configured endpoint's own counter; None where it does not count.

    The first is asked alone, in any case. Of the others those that it is asked before ``until`` (of
    ``time.monotonic``) and answers are counted.
    """
    if not requests or not reachable(writer):
        return None

    def one(request: Request) -> tuple[int, int]:
        return (0, 0) if time.monotonic() > until else _tokens(client, writer.model, request)

    with Endpoint(writer).plain_client().with_options(timeout=_TIMEOUT_S) as client:
        found = [_tokens(client, writer.model, requests[0])]
        if not found[0][1]:
            return None
        with ThreadPoolExecutor(min(_AT_ONCE, writer.concurrency)) as pool:
            found += pool.map(one, requests[1:])
    found = [(length, tokens) for length, tokens in found if tokens]
    return Counted(len(found), sum(length for length, _ in found), sum(tokens for _, tokens in found))


def _tokens(client: Anthropic, model: str, request: Request) -> tuple[int, int]:
    """Bytes and tokens of one request; zeros where anything goes wrong, whatever it is."""
    import anthropic

    user = f"{request.user}\n\n{schema_text(request)}"
    try:
        found = client.messages.count_tokens(
            model=model, system=request.system, messages=[{"role": "user", "content": user}]
        )
    except (anthropic.AnthropicError, ValueError):  # what they say may quote the text: nothing of it is kept
        return (0, 0)
    tokens = getattr(found, "input_tokens", None)
    counts = isinstance(tokens, int) and not isinstance(tokens, bool) and tokens > 0
    return (size(request.system) + size(user), int(tokens or 0)) if counts else (0, 0)
