"""Log-in: who sees a page, what stands in its place, and whose name an edit carries."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from clio.explore.curation import read_edits
from clio.explore.navigation import PAGES
from clio.explore.release import load
from tests.app.conftest import Open
from tests.app.test_pages import fine, words

AUTH = '[auth]\ncookie_secret = "made-up"\n'
ANN = {"is_logged_in": True, "email": "ann@example.org", "email_verified": True, "name": "Somebody Else"}


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a ``secrets.toml`` where Streamlit looks for one."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def write(text: str) -> None:
        (tmp_path / "home" / ".streamlit").mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / ".streamlit" / "secrets.toml").write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize("place", ["127.0.0.1", "0.0.0.0"])
def test_whoever_is_not_logged_in_sees_a_button_and_nothing_else(
    run: Path, opened: Open, secrets: Any, place: str
) -> None:
    from streamlit import config

    config.set_option("server.address", place)
    secrets(AUTH + '[clio]\nallowed = ["@example.org"]\n')
    app = fine(opened(run))
    assert app.title[0].value == "Log in to see this release"
    assert [button.label for button in app.button] == ["Log in"]
    assert load(run).rows[load(run).marks()[0]]["name"].split()[0] not in words(app)
    assert not app.metric
    assert not app.dataframe
    app.user = ANN
    fine(app.run())
    assert app.metric
    assert "ann" in words(app)
    fine(app.button(key="w_log_out").click().run())
    assert app.title[0].value == "Log in to see this release"
    assert not app.metric


@pytest.mark.parametrize("page", [page.name for page in PAGES])
@pytest.mark.parametrize(
    "claims",
    [{"email": "eve@evil.example"}, {"email_verified": False}, {"email": None}, {"email": "ann@example.org.evil"}],
)
def test_whoever_is_not_named_sees_no_page(
    run: Path, opened: Open, secrets: Any, page: str, claims: dict[str, Any]
) -> None:
    secrets(AUTH + '[clio]\nallowed = ["ann@example.org"]\n')
    app = opened(run, "--restricted", "--purpose", "a test")
    app.user = ANN | claims
    fine(app.run())
    app.switch_page(f"app_pages/{page}.py")
    fine(app.run())
    assert app.title[0].value == "Not open to you"
    assert [button.label for button in app.button] == ["Log out"]
    assert not app.metric
    assert not app.dataframe


def test_a_log_in_that_names_nobody_opens_to_nobody(run: Path, opened: Open, secrets: Any) -> None:
    secrets(AUTH)
    app = opened(run)
    app.user = ANN
    fine(app.run())
    assert app.title[0].value == "Not open to others"
    assert "allowed" in app.error[0].value
    assert not app.metric


def test_an_edit_carries_the_name_of_the_log_in(run: Path, tmp_path: Path, opened: Open, secrets: Any) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    secrets(AUTH + '[clio]\nallowed = ["*"]\n')
    app = opened(copy, c=load(copy).marks()[0])
    app.user = ANN
    fine(app.run())
    app.switch_page("app_pages/curate.py")
    fine(app.run())
    assert "w_edit_who" not in {field.key for field in app.text_input}
    app.session_state["w_edit_who"] = "the director"
    app.text_input(key="w_edit_text").set_value("Planting a garden")
    fine(next(b for b in app.button if b.label == "Rename").click().run())
    fine(next(b for b in app.button if b.label == "Undo").click().run())
    assert [edit.who for edit in read_edits(copy)] == ["ann", "ann"]


def test_without_a_log_in_nobody_is_asked_for_one(run: Path, opened: Open, secrets: Any) -> None:
    secrets("[other]\nx = 1\n")
    app = fine(opened(run))
    assert app.metric
    assert "w_log_out" not in {button.key for button in app.button}
