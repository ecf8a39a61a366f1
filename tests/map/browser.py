"""A headless Chromium for tests, and a Streamlit server on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DRAWN = ".clio-map[data-drawn=yes]"


def chromium() -> str:
    """Path of a Chromium, or the test is skipped with the reason."""
    pytest.importorskip("playwright.sync_api", reason="needs playwright (extra dev)")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("CLIO_INSTALL_BROWSER") == "1":
        return _installed()
    pytest.skip("needs a Chromium on the path (Debian: apt install chromium), or CLIO_INSTALL_BROWSER=1 to fetch one")


def _installed() -> str:
    """Playwright's own build, fetched where it is not there yet."""
    from playwright.sync_api import sync_playwright

    line = [sys.executable, "-m", "playwright", "install", "chromium"]
    done = subprocess.run(line, capture_output=True, timeout=600)
    with sync_playwright() as playwright:
        found = playwright.chromium.executable_path
    if done.returncode or not Path(found).is_file():
        pytest.skip("needs a Chromium: there is none on the path, and playwright could not fetch one")
    return found


@contextmanager
def launcher() -> Iterator[Callable[..., Any]]:
    """Starts browsers with the given arguments; closes them all at the end."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened: list[Any] = []

        def launch(*arguments: str) -> Any:
            opened.append(playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments]))
            return opened[-1]

        try:
            yield launch
        finally:
            for browser in opened:
                browser.close()


@contextmanager
def streamlit_app(script: Path) -> Iterator[str]:
    """The address of a running app."""
    pytest.importorskip("streamlit", reason="needs streamlit (extra app)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "server.port": port, "server.address": "127.0.0.1", "server.headless": "true",
        "browser.gatherUsageStats": "false", "server.fileWatcherType": "none",
    }  # fmt: skip
    flags = [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "streamlit", "run", str(script), *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)
