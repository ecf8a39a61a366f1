from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clio.explore.launch import SCRIPT
from tests.released import finished_run

pytest.importorskip("streamlit", reason="the explorer's extra `app` is not installed")
pytest.importorskip("plotly", reason="the explorer's extra `app` is not installed")

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("explored"))


@pytest.fixture(autouse=True)
def on_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AppTest starts no server and reads no config file: the address is what `clio explore` gives."""
    from streamlit import config

    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield
    config.set_option("server.address", before)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the app on a folder: ``opened(run, page="cluster", c="0-0001")``; the rest are parameters of the address."""

    def start(run: Path | None, /, *more: str, page: str = "explore", **params: str | list[str]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from streamlit.testing.v1 import AppTest

        monkeypatch.setattr(sys, "argv", ["streamlit_app.py", *([str(run)] if run else []), *more])
        app = AppTest.from_file(str(SCRIPT), default_timeout=60)
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        if page != "explore":
            app.switch_page(f"app_pages/{page}.py")
            for name, value in params.items():
                app.query_params[name] = value
            app.run()
        return app

    return start
