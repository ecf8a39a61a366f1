"""A server of the explorer, and a browser that nothing leaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.app.walk.walker import WIDTHS, Walker
from tests.map.browser import launcher

ROOT = Path(__file__).resolve().parents[3]
Walk = Callable[..., Walker]


@dataclass(frozen=True)
class Served:
    """A running explorer."""

    address: str
    run: Path


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Of the module: a process has room for one playwright at a time, and other modules start theirs."""
    with launcher() as launch:
        yield launch("--enable-unsafe-swiftshader")


@contextmanager
def serving(run: Path, home: Path, *more: str) -> Iterator[Served]:
    """``clio explore``, as a person starts it."""
    port = _free_port()
    line = [sys.executable, "-m", "clio", "explore", str(run), "--no-browser", "--port", str(port), *more]
    keys = run.parent / "keys"
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "CLIO_CACHE_DIR": str(home / "cache"), "HF_HUB_OFFLINE": "1",
        "CLIO_KEY_DIR": str(keys if keys.is_dir() else home / "keys"),
    }  # fmt: skip
    log = home / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(line, stdout=out, stderr=out, env=environment, start_new_session=True)
    try:
        _await(f"http://127.0.0.1:{port}", server, log)
        yield Served(f"http://127.0.0.1:{port}", run)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


@pytest.fixture(scope="module")
def served(browser: Any, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The test run. The browser first: without one there is nothing to serve."""
    with serving(run, tmp_path_factory.mktemp("explorer")) as it:
        yield it


def _await(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"clio explore did not open: {log.read_text(errors='replace')[-2_000:]}")


@pytest.fixture(scope="module")
def contexts(browser: Any) -> Iterator[dict[str, Any]]:
    """One for each width: what the browser fetched once it does not fetch again."""
    made = {
        name: browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="light" if name == "desktop" else "dark",
            has_touch=name == "phone", is_mobile=name == "phone", accept_downloads=True,
        )
        for name, (width, height) in WIDTHS.items()
    }  # fmt: skip
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def walk(served: Served, contexts: dict[str, Any]) -> Iterator[Walk]:
    """``walk(width)`` opens a page; at the end of the test each page is checked. ``at``: another server's address."""
    walkers: list[Walker] = []

    def begin(width: str, context: Any = None, at: str = "") -> Walker:
        walkers.append(Walker(context or contexts[width], at or served.address, width))
        return walkers[-1]

    yield begin
    try:
        for walker in walkers:
            if not walker.page.is_closed():
                walker.check()
    finally:
        for walker in walkers:
            walker.page.close()
