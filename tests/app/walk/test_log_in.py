"""Log-in against a provider, in a real browser, with the explorer bound to every address of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.app.walk.conftest import serving
from tests.app.walk.provider import CLIENT, FORGER, SECRET, Provider, providing
from tests.app.walk.walker import LOOPBACK

pytest.importorskip("authlib", reason="st.login needs Authlib (extra app)")
LOG_IN = "Log in to see this release"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing() as it:
        yield it


@pytest.fixture(scope="module")
def address(browser: Any, run: Path, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of ``clio explore RUN --address 0.0.0.0`` with a log-in; the browser first: without one it is skipped."""
    home = tmp_path_factory.mktemp("home")
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(
        f"""
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "made-up-cookie-secret"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{provider.address}/.well-known/openid-configuration"

[clio]
allowed = ["@example.org"]
""",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        with serving(run, home, "--address", "0.0.0.0") as served:
            yield served.address


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """Somebody's first visit; nothing that it asks for may leave the machine."""
    context = browser.new_context()
    context.set_default_timeout(30_000)
    opened, asked = context.new_page(), []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("websocket", lambda socket: asked.append(socket.url))
    opened.goto(address)
    yield opened
    context.close()
    hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme not in ("data", "blob")}
    assert hosts <= set(LOOPBACK)


def title(page: Any, text: str) -> None:
    page.get_by_role("heading", level=1, name=text).wait_for()


def log_in(page: Any, who: str) -> None:
    page.get_by_role("button", name="Log in").click()
    title(page, "Who are you?")
    page.get_by_role("link", name=who, exact=True).click()


def test_refused_then_logged_in_then_out_again(page: Any, provider: Provider, address: str) -> None:
    title(page, LOG_IN)
    assert page.get_by_test_id("stMetric").count() == 0
    log_in(page, "ann")
    page.get_by_test_id("stMetric").first.wait_for()
    assert urlsplit(page.url).netloc == urlsplit(address).netloc
    assert "ann@" in page.get_by_test_id("stApp").inner_text().replace("\N{WORD JOINER}", "")
    assert {"/authorize", "/token", "/jwks"} <= set(provider.asked)
    page.goto(f"{address}/runs")
    title(page, "Runs")
    page.get_by_role("button", name="Log out").click()
    title(page, LOG_IN)
    assert "/logout" in provider.asked
    page.goto(f"{address}/runs")
    title(page, LOG_IN)
    assert page.get_by_test_id("stMetric").count() == 0


@pytest.mark.parametrize("who", ["eve", pytest.param("bob", marks=pytest.mark.slow)])
def test_whoever_logs_in_and_is_not_named_sees_nothing(page: Any, who: str) -> None:
    title(page, LOG_IN)
    log_in(page, who)
    title(page, "Not open to you")
    assert page.get_by_test_id("stMetric").count() == 0
    page.get_by_role("button", name="Log out").click()
    title(page, LOG_IN)


def test_a_token_of_another_key_is_no_log_in(page: Any) -> None:
    title(page, LOG_IN)
    log_in(page, FORGER)
    title(page, LOG_IN)
    assert page.get_by_test_id("stMetric").count() == 0
