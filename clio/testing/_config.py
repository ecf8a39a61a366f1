"""What the scripted server can be told: its settings, a single reply, and the kinds of faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from clio.errors import ConfigError

Body = dict[str, Any]
CONTENT_FAULTS = ("notjson", "schema", "refusal", "refusal-text", "max_tokens")
"""Whole replies with nothing usable in them; they come in batches too."""
TRANSPORT_FAULTS = ("429", "429-bare", "500", "529", "drip", "stall", "hangup", "malformed")
ITEM_FAULTS = ("expired", "errored", "canceled")
"""Items of batches only."""
FAULTS = (*TRANSPORT_FAULTS, *CONTENT_FAULTS, *ITEM_FAULTS)
ENDPOINTS = ("count_tokens", "models", "batches")
"""What a server may be without."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted reply: a message, an HTTP error that quotes the request, a page, or a connection that breaks."""

    text: str = "{}"
    stop_reason: str = "end_turn"
    status: int = 200
    hang_up: bool = False
    """Close without a byte. ``fault="hangup"`` closes after half of the body."""
    page: str = ""
    """Sent as text/html instead of a message."""
    wait_s: float = 0.0
    """Before the first byte, on top of the server's latency."""
    redirect: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, int] = field(default_factory=dict)
    """Takes the place of the counted numbers, key by key."""
    fault: str = ""
    """The built-in reply with this fault of :data:`FAULTS`; the other fields do not count then."""


Script = Callable[[Body, int], Reply | None]
"""From a request's body and its number (from 0, items of batches counted too) to the reply; None: the built-in one."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the server behaves. Raises ConfigError for what makes no sense."""

    port: int = 0
    """0: any that is free."""
    latency_ms: float = 0.0
    """From a request's last byte to its reply's first; replies with HTTP 429 come at once."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Share of requests (0 to 1) by kind of :data:`FAULTS`; which ones is decided by ``seed`` and running number."""
    faults_everywhere: bool = False
    """Whether the transport faults strike every endpoint, and not only ``POST /v1/messages``."""
    seed: int = 0
    requests_per_minute: int | None = None
    input_tokens_per_minute: int | None = None
    """Tokens read from the prompt cache do not count."""
    burst_s: float = 60.0
    """How many seconds' worth of requests and tokens can be saved up."""
    max_concurrent: int | None = None
    """Requests at once above which the next gets HTTP 429."""
    retry_after_s: float = 0.05
    """What a ``429`` fault and ``max_concurrent`` tell the client."""
    structured_outputs: Literal["yes", "no", "ignore"] = "yes"
    """``no``: HTTP 400 for ``output_config``; ``ignore``: prose, as if it had not been sent."""
    batch_ms: float = 20.0
    """From a batch's creation to its end."""
    stall_s: float = 30.0
    max_tokens_room: int = 100_000
    """The ``max_tokens`` fault strikes only requests with a smaller ``max_tokens``."""
    min_cache_tokens: int = 1024
    """Shorter prefixes are not cached, as with the real service."""
    max_body_bytes: int = 64 * 2**20
    max_batch_requests: int = 100_000
    max_batch_bytes: int = 256 * 2**20
    without: Sequence[str] = ()
    """Endpoints of :data:`ENDPOINTS` that answer HTTP 404."""
    models: Sequence[str] = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")
    any_model: bool = True
    """False: HTTP 404 for a model that is not in ``models``."""
    api_key: str | None = None
    """When given, any other key gets HTTP 401."""
    state: Path | None = None
    """A JSON file through which a restarted server knows its batches."""
    keep: bool = True
    """Whether requests are kept for a test to look at. Without, memory stays flat."""

    def __post_init__(self) -> None:
        found = [f"faults: `{kind}` is none of {', '.join(FAULTS)}" for kind in self.faults if kind not in FAULTS]
        found += [
            f"faults: the share of `{kind}` must be between 0 and 1"
            for kind, share in self.faults.items()
            if not 0 <= share <= 1
        ]
        for kinds in ((*TRANSPORT_FAULTS, *CONTENT_FAULTS), (*CONTENT_FAULTS, *ITEM_FAULTS)):
            if sum(self.faults.get(kind, 0.0) for kind in kinds) > 1 + 1e-9:
                found.append("faults: the shares of what can strike one request must not add up to more than 1")
                break
        found += [
            f"without: `{name}` is none of {', '.join(ENDPOINTS)}" for name in self.without if name not in ENDPOINTS
        ]
        if not 0 <= self.port < 2**16:
            found.append("port: must be between 0 and 65535")
        if self.structured_outputs not in ("yes", "no", "ignore"):
            found.append("structured_outputs: must be yes, no or ignore")
        for name in ("latency_ms", "batch_ms", "stall_s", "retry_after_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                found.append(f"{name}: must not be negative")
        for name in ("requests_per_minute", "input_tokens_per_minute", "max_concurrent", "burst_s"):
            given = getattr(self, name)
            if given is not None and not given > 0:
                found.append(f"{name}: must be above 0")
        if found:
            raise ConfigError("The scripted server cannot be set up like that:", tuple(found))


def every_fault(share: float) -> dict[str, float]:
    """All faults in equal parts: ``share`` of the requests is struck by one of those for requests, and as large a
    share of a batch's items as theirs add up to.
    """
    each = share / len((*TRANSPORT_FAULTS, *CONTENT_FAULTS))
    return dict.fromkeys(FAULTS, each)


def fault_of(text: str) -> dict[str, float]:
    """``KIND=SHARE`` of a command line, ``every=SHARE`` included. Raises ValueError with what is wrong."""
    kind, separator, share = text.partition("=")
    if not separator or kind not in (*FAULTS, "every"):
        raise ValueError(f"must be KIND=SHARE with a KIND of {', '.join(FAULTS)}, or every=SHARE")
    try:
        number = float(share)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"the share of `{kind}` must be a number between 0 and 1")
    return every_fault(number) if kind == "every" else {kind: number}
