"""A small OpenID Connect provider on loopback: discovery, authorisation code with PKCE, RS256 identity tokens, log-out.

It asks for no password: its page has a link for each person it knows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "explorer", "made-up-secret"
FORGER = "mallory"
"""A person whose token is signed with another key than the provider's own."""
PEOPLE = {
    "ann": {"email": "ann@example.org", "email_verified": True, "name": "Ann"},
    "eve": {"email": "eve@elsewhere.example", "email_verified": True, "name": "Eve"},
    "bob": {"email": "bob@example.org", "email_verified": False, "name": "Bob"},
    FORGER: {"email": "ann@example.org", "email_verified": True, "name": "Mallory"},
}


@dataclass
class Provider:
    """What it knows, and what it was asked."""

    address: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for with each code that is not used yet."""
    asked: list[str] = field(default_factory=list)
    """Paths, in order."""
    keys: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from joserfc.jwk import RSAKey

        self.keys = {name: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}) for name in ("own", "forged")}

    def discovery(self) -> dict[str, Any]:
        """``/.well-known/openid-configuration``."""
        places = {"authorization": "authorize", "token": "token", "end_session": "logout"}
        return {
            "issuer": self.address,
            **{f"{name}_endpoint": f"{self.address}/{path}" for name, path in places.items()},
            "jwks_uri": f"{self.address}/jwks", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }  # fmt: skip

    def token(self, given: dict[str, str]) -> dict[str, Any] | None:
        """What a code is worth, once; None where client, code or verifier is wrong."""
        from joserfc import jwt

        wanted = self.codes.pop(given.get("code", ""), None)
        if wanted is None or (given.get("client_id"), given.get("client_secret")) != (CLIENT, SECRET):
            return None
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != wanted["code_challenge"]:
            return None
        who, now = wanted["who"], int(time.time())
        claims = {
            "iss": self.address, "aud": CLIENT, "sub": who, "iat": now, "exp": now + 300, "nonce": wanted["nonce"],
            **PEOPLE[who],
        }  # fmt: skip
        key = self.keys["forged" if who == FORGER else "own"]
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        return {"access_token": secrets.token_hex(8), "token_type": "Bearer", "expires_in": 300, "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(place.query).items()}
        self.provider.asked.append(place.path)
        if place.path == "/.well-known/openid-configuration":
            self._json(self.provider.discovery())
        elif place.path == "/jwks":
            self._json({"keys": [self.provider.keys["own"].as_dict(private=False)]})
        elif place.path == "/authorize":
            links = [f'<p><a href="/consent?{urlencode(given | {"who": who})}">{who}</a></p>' for who in PEOPLE]
            self._send(200, "text/html", ("<h1>Who are you?</h1>" + "".join(links)).encode())
        elif place.path == "/consent":
            code = secrets.token_hex(8)
            self.provider.codes[code] = given
            self._go(f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}")
        elif place.path == "/logout":
            self._go(given["post_logout_redirect_uri"])
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        self.provider.asked.append(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        kind, _, told = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            given["client_id"], _, given["client_secret"] = base64.b64decode(told).decode().partition(":")
        found = self.provider.token(given)
        self._json(found or {"error": "invalid_grant"}, 200 if found else 400)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _go(self, where: str) -> None:
        self._send(302, "text/plain", b"", Location=where)

    def _send(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is overridden
        """Says nothing."""


@contextmanager
def providing() -> Iterator[Provider]:
    """A provider that answers, on a port that was free."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
