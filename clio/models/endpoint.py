"""One attempt at one request, and what kind of failure a failure is.

Three kinds are kept apart. *Setup* (key, model, route): nothing will work, :class:`~clio.errors.ModelSetupError` stops
the run with one paragraph. *Passing* (overload, rate limit, reset, time-out): :class:`PassingError`, worth another try.
*Rejected* (too long, not taken): :class:`RejectedError`, this one request will never work.

Errors of the HTTP library and replies of a server may quote the conversation: none is chained, shown or logged.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from clio.config.models import MessagesWriter as MessagesConfig
from clio.errors import ModelSetupError
from clio.models.protocol import Usage

if TYPE_CHECKING:
    import aiohttp
    from anthropic import Anthropic

DEFAULT_URL = "https://api.anthropic.com"
"""Where conversations go when the config names no other place. An environment variable cannot send them elsewhere."""
MOST_FAILURES = 5
"""Requests in a row that the endpoint rejects, and replies before the first good one that are none, until the run is
stopped: by then it is the endpoint and not the conversation."""
LONGEST_CONNECT_S = 30.0
_SETTLE_S = 0.01
"""Connections that were cancelled while they opened are closed by the loop one step later."""
_LARGE = 2**20
"""Bytes of a body from which aiohttp wants it in pieces."""
_PASSING = {408, 409, 425, 429}
_SETUP = {401, 402, 403, 404, 405}
_TOO_LONG = ("prompt is too long", "context window", "context size", "maximum context", "too many tokens")
_NO_CREDIT = ("credit balance is too low", "api usage limits")
_FENCE = re.compile(r"<|\\u003c")
"""Every conversation stands behind a mark that begins so, see clio/prompts/fence.py: before it the words are the
server's own."""


class PassingError(Exception):
    """Try again later. ``pushed_back``: the server asked for less, not just failed."""

    def __init__(self, reason: str, retry_after: float | None = None, *, pushed_back: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.pushed_back = reason, retry_after, pushed_back


class RejectedError(Exception):
    """This request failed for good; the message is a fixed word or two."""


class _Lost(Enum):
    """Why there is no reply, in words for the one paragraph."""

    NOBODY = "nobody answers there"
    INSECURE = "no secure connection can be made (is its certificate valid?)"
    BROKEN = "the connection breaks again and again, or what answers does not speak HTTP"
    LATE = "no reply comes in time"


@dataclass(frozen=True, slots=True)
class Sent:
    """A whole reply."""

    text: str = field(repr=False)
    stop_reason: str
    usage: Usage
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Endpoint:
    """The configured address. One event loop at a time: :meth:`open`, any number of :meth:`send`, :meth:`close`.

    The SDK says where and with which headers; the bytes go through aiohttp itself. Through the SDK's own request path
    a request costs 0.5 ms of processor time, here 0.2 (benchmarks/facets.py), which decides whether one process can
    keep 64 requests of 50 ms in the air.
    """

    def __init__(self, config: MessagesConfig) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None
        self._url, self._headers = "", dict[str, str]()
        self._succeeded = False
        self._failures = 0

    async def open(self) -> None:
        """Make the client; nothing is reached yet. ModelSetupError where there is neither key nor address."""
        import aiohttp
        import anthropic
        import httpx2

        config, credentials = self._config, self._credentials()
        base_url: str = credentials["base_url"]
        proxy, secure = self._proxy(base_url), base_url.startswith("https:")
        # Nothing is sent through it: the SDK's own would want to know of every proxy in the environment.
        transport = httpx2.MockTransport(lambda _request: httpx2.Response(500))
        async with httpx2.AsyncClient(transport=transport) as unused:
            client = anthropic.AsyncAnthropic(**credentials, http_client=unused)
            told = {**client.default_headers, **client.auth_headers}
        self._headers = {name: value for name, value in told.items() if isinstance(value, str)}
        self._url = f"{str(client.base_url).rstrip('/')}/v1/messages"
        # For the whole reply: one that comes drop by drop never lets a socket's own time-out strike.
        connect = min(LONGEST_CONNECT_S, config.timeout_s / 2)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=config.concurrency, ssl=httpx2.create_ssl_context() if secure else True
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
            proxy=proxy,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._failures = 0

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            await asyncio.sleep(_SETTLE_S)

    def plain_client(self) -> Anthropic:
        """The SDK's client, for one request at a time: batches, counting. The caller closes it."""
        import anthropic
        import httpx2

        _keep_out_of_the_log()
        credentials, timeout = self._credentials(), self._config.timeout_s
        alive = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        wire = httpx2.HTTPTransport(proxy=self._proxy(credentials["base_url"]), socket_options=alive)
        http_client = anthropic.DefaultHttpxClient(transport=wire, follow_redirects=False, timeout=timeout)
        return anthropic.Anthropic(**credentials, timeout=timeout, http_client=http_client)

    async def send(self, content: bytes, model: str) -> Sent:
        """One attempt; ``content`` is the body as JSON. Raises PassingError, RejectedError or ModelSetupError."""
        came = await self._exchanged(content)
        # Raised here, where no error of the library is being handled: it would stay attached, and may quote a reply.
        if isinstance(came, _Lost):
            if not self._succeeded and came is not _Lost.LATE:
                self._fail(came.value, always=came is not _Lost.BROKEN)
            raise PassingError("timed out" if came is _Lost.LATE else "connection lost")
        status, headers, data = came
        if status != 200:
            raise self._status_error(status, headers, data, model)
        sent = message_of(_json(data), headers)
        if sent is None:
            if not self._succeeded:
                self._fail("what answers does not speak the Messages API")
            raise PassingError("malformed reply")
        self._succeeded, self._failures = True, 0
        return sent

    async def _exchanged(self, content: bytes) -> tuple[int, Mapping[str, str], bytes] | _Lost:
        import aiohttp

        if self._session is None:
            raise AssertionError("the endpoint is not open")
        data = content if len(content) < _LARGE else io.BytesIO(content)
        try:
            # Conversations go to the configured address and nowhere else: no redirects.
            async with (
                asyncio.timeout(self._config.timeout_s),
                # As headers of the session they would go to a proxy too, the key among them.
                self._session.post(self._url, data=data, headers=self._headers, allow_redirects=False) as response,
            ):
                return response.status, response.headers, await response.read()
        except aiohttp.ClientSSLError:
            return _Lost.INSECURE
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return _Lost.NOBODY
        except TimeoutError:
            return _Lost.LATE
        except (aiohttp.ClientError, OSError, ValueError):
            return _Lost.BROKEN

    def _status_error(self, status: int, headers: Mapping[str, str], data: bytes, model: str) -> Exception:
        """What to raise for an HTTP status; raises ModelSetupError itself where nothing will work."""
        if status in _PASSING or status >= 500:
            pushed_back = status in (429, 503, 529)
            reason = "rate limited" if status == 429 else "overloaded" if pushed_back else "server error"
            return PassingError(reason, _retry_after(headers), pushed_back=pushed_back)
        # Looked through for fixed phrases, never shown.
        said = _FENCE.split(data[:2_000].decode("utf-8", "replace").casefold(), maxsplit=1)[0]
        if any(words in said for words in _NO_CREDIT):
            status = 402
        if status in _SETUP or status < 400:
            cause = {
                401: f"the key in {self._config.api_key_env} is not accepted",
                402: "the account behind the key has no credit, or has reached its limit",
                403: f"the key in {self._config.api_key_env} may not use this model or endpoint",
            }.get(status, f"there is no model `{model}` there, or the address is wrong")
            return self.setup_error(f"{cause} (HTTP {status})")
        if status == 413 or any(words in said for words in _TOO_LONG):
            return RejectedError("too long")
        self._fail(
            f"every request is rejected (HTTP {status}); a server without structured outputs needs "
            "`writer.structured_outputs: false`, one that takes no temperature needs `writer.temperature` left out"
        )
        return RejectedError("rejected")

    def _fail(self, cause: str, *, always: bool = False) -> None:
        self._failures += 1
        if always or self._failures >= MOST_FAILURES:
            raise self.setup_error(cause)

    def setup_error(self, cause: str) -> ModelSetupError:
        """The one paragraph."""
        where = self._config.base_url or DEFAULT_URL
        return ModelSetupError(
            f"The model endpoint cannot be used: {cause}. Asked: {where} (writer.base_url), model "
            f"`{self._config.model}`, with the key in the environment variable {self._config.api_key_env}."
        )

    def _credentials(self) -> dict[str, Any]:
        config = self._config
        key = os.environ.get(config.api_key_env, "").strip()
        if not key and config.base_url is None:
            raise self.setup_error(f"there is no key: {config.api_key_env} is not set")
        if not (key.isascii() and key.isprintable()):
            raise self.setup_error("what stands there is no key")
        base_url = config.base_url or DEFAULT_URL
        if not re.match(r"https?://[^/]", base_url):
            raise self.setup_error("the address must begin with https:// or http://")
        return {
            "api_key": key or "none",  # servers of one's own seldom want one
            "base_url": base_url,
            "default_headers": _host(base_url),
            "max_retries": 0,  # the throttle decides when, for all workers together
            "open_telemetry": False,
        }

    def _proxy(self, base_url: str) -> str | None:
        """The environment's proxy, looked up once: aiohttp would do it in a thread for every request.

        Only for https, where it passes on what it cannot read. Over http it would read every conversation, and the
        config does not name it.
        """
        parts = urlsplit(base_url)
        proxy = getproxies().get("https")
        if parts.scheme != "https" or not proxy or proxy_bypass(parts.hostname or ""):
            return None
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        if urlsplit(proxy).scheme not in ("http", "https"):
            raise self.setup_error("the environment asks for a proxy (HTTPS_PROXY) of another kind than http")
        return proxy


def _host(base_url: str) -> dict[str, str]:
    """The address's own host in place of one from the environment, which would stand for another place behind it."""
    custom = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").split("\n")
    names = [line.partition(":")[0].strip() for line in custom]
    return {name: urlsplit(base_url).netloc.rpartition("@")[2] for name in names if name.lower() == "host"}


def _keep_out_of_the_log() -> None:
    """The SDK logs whole requests, and errors that quote replies, where somebody looks at its debug messages."""
    logger = logging.getLogger("anthropic._base_client")
    if _says_no_text not in logger.filters:
        logger.addFilter(_says_no_text)


def _says_no_text(record: logging.LogRecord) -> bool:
    return not (str(record.msg).startswith("Request options") or record.exc_info)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from ``retry-after-ms`` or ``retry-after`` (a number or an HTTP date)."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    with suppress(ValueError, TypeError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000) if "retry-after-ms" in headers else _seconds(headers)
    with suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(headers["retry-after"])
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None


def _seconds(headers: Mapping[str, str]) -> float | None:
    return max(0.0, float(headers["retry-after"])) if "retry-after" in headers else None


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def message_of(value: Any, headers: Mapping[str, str] | None = None) -> Sent | None:
    """A message of the Messages API as it came; None where it is none."""
    if not isinstance(value, Mapping) or not isinstance(value.get("content"), list):
        return None
    blocks = [block for block in value["content"] if isinstance(block, Mapping)]
    text = "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")
    given = value.get("usage")
    counts: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return Sent(
        text, str(value.get("stop_reason") or ""), Usage(*(_count(counts.get(n)) for n in names)), headers or {}
    )


def _count(value: Any) -> int:
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else 0
