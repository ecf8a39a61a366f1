"""Who may see the app where a log-in is configured, and what they are called in logs and histories.

Streamlit's own ``st.login`` finds out who somebody is; whether they may come in is ours to say: with a provider that
anybody can have an account at, everybody could.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_SHIPPED, _CHECKOUT = _HERE / "app", _HERE.parents[1] / "app"
APP = _SHIPPED if (_SHIPPED / "streamlit_app.py").is_file() else _CHECKOUT
"""The folder ``app/``: inside the package when it was installed from a wheel."""
ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class LogIn:
    """What ``secrets.toml`` says of the log-in."""

    configured: bool = False
    """Whether there is an ``[auth]`` section that Streamlit can use."""
    allowed: tuple[str, ...] = ()
    """Addresses, ``@domain`` for all of a domain, or ``*`` for everybody whom the provider lets in."""
    unverified: bool = False
    """Whether an address counts that the provider says nothing of; never one that it calls unverified."""

    def lets_in(self, claims: Mapping[str, Any]) -> bool:
        """Whether somebody with these claims of the provider may come in."""
        if not claims.get("is_logged_in"):
            return False
        if ANYBODY in self.allowed:
            return True
        address = claims.get("email")
        verified = claims.get("email_verified")
        known = verified is True or verified == "true" or (verified is None and self.unverified)
        if not known or not isinstance(address, str):
            return False
        name, _, domain = address.strip().casefold().rpartition("@")
        return bool(name and domain) and bool({f"{name}@{domain}", f"@{domain}"} & set(self.allowed))


def log_in(folders: Iterable[Path] | None = None) -> LogIn:
    """What the ``secrets.toml`` files say that Streamlit would read, a later one in place of an earlier."""
    found: dict[str, Any] = {}
    for folder in folders if folders is not None else (Path.home(), Path.cwd(), APP):
        try:
            found |= tomllib.loads((folder / ".streamlit" / "secrets.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    auth, own = found.get("auth"), found.get("clio")
    own = own if isinstance(own, dict) else {}
    allowed = own.get("allowed")
    named = [one.strip().casefold() for one in allowed if isinstance(one, str)] if isinstance(allowed, list) else []
    return LogIn(
        isinstance(auth, dict) and bool(auth.get("cookie_secret")),
        tuple(one for one in named if one == ANYBODY or "@" in one),
        own.get("unverified") is True,
    )


def called(claims: Mapping[str, Any], *, public: bool = False) -> str | None:
    """The name that the log-in gives somebody; None where nobody is logged in.

    Args:
        claims: of the provider.
        public: for what is as public as a release, which holds no address: only what stands before its ``@``.
    """
    if not claims.get("is_logged_in"):
        return None
    for claim in ("email", "preferred_username", "name", "sub"):
        found = claims.get(claim)
        if isinstance(found, str) and found.strip():
            return (found.strip().partition("@")[0] if public else found.strip()) or "?"
    return "somebody who is logged in"
