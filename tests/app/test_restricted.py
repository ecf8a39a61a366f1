"""The restricted page: off without a purpose, entered before shown, never a user's words."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clio.errors import ClioError, PrivacyError
from clio.explore.navigation import pages
from clio.explore.openings import PAGE, closed, open_cluster
from clio.explore.release import load
from clio.runs import restricted
from clio.runs.access_log import FILE, read_log
from clio.runs.purge import purge
from tests.app.conftest import Open
from tests.app.test_pages import fine, words
from tests.released import one_cluster, with_hostile_names, without_clusters, without_times

WHY = ("--restricted", "--purpose", "checking a *name*")


@pytest.fixture
def copy(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIO_KEY_DIR", str(run.parent / "keys"))
    return shutil.copytree(run, tmp_path / "run")


def press(app: Any) -> Any:
    return fine(next(b for b in app.button if b.label.startswith("Open ")).click().run())


def test_there_is_no_such_page_without_a_purpose() -> None:
    assert "conversations" not in {page.name for page in pages()}
    assert "conversations" in {page.name for page in pages(restricted=True)}


def test_a_look_is_entered_and_rows_are_shown(copy: Path, opened: Open) -> None:
    release = load(copy)
    name = release.children[None][0]
    app = fine(opened(copy, *WHY, page="conversations", c=name))
    assert "checking a \\*name\\*" in words(app)
    assert not app.dataframe
    assert read_log(copy) == []
    app = press(app)
    (entered,) = read_log(copy)
    assert (entered.purpose, entered.what) == ("checking a *name*", f"cluster {name}")
    assert entered.rows >= len(app.dataframe[0].value) > 0
    assert len(app.dataframe[0].value) <= PAGE
    fine(app.run())
    assert len(read_log(copy)) == 1
    other = release.children[None][1]
    fine(app.selectbox(key="w_opened").set_value(other).run())
    assert not app.dataframe
    press(app)
    assert [look.what for look in read_log(copy)] == [f"cluster {name}", f"cluster {other}"]


def test_rows_hold_no_pseudonym_and_no_words_of_a_user(copy: Path) -> None:
    private = copy / "workspace"
    answers = pd.read_parquet(private / "facets.parquet")
    own = answers[answers["writer"] == "extractive"]["value"].dropna()
    names = pd.read_parquet(private / "conversations.parquet")
    secret = {*own[own.str.len() > 12], *names["conversation_id"], *names["account_id"]}
    release = load(copy)
    for cluster in release.children[None]:
        opening = open_cluster(release, cluster, purpose="a test")
        shown = {str(value) for column in opening.rows for value in opening.rows[column]}
        assert not shown & secret
        assert sum(len(opening.page(n)) for n in range(1, opening.pages + 1)) == len(opening.rows)


def test_a_look_knows_its_own_line_when_another_comes_between(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release, enter = load(copy), restricted.entered

    def overtaken(*given: Any, **what: Any) -> Any:
        found = enter(*given, **what)
        enter(copy, None, purpose="somebody else's")
        return found

    monkeypatch.setattr(restricted, "entered", overtaken)
    opening = open_cluster(release, release.marks()[0], purpose="mine")
    assert read_log(copy)[opening.number - 1].purpose == "mine"
    assert len(read_log(copy)) == 2


def test_a_log_that_was_tampered_with_shows_nothing(copy: Path, opened: Open) -> None:
    release = load(copy)
    name = release.marks()[0]
    open_cluster(release, name, purpose="one")
    log = copy / "workspace" / FILE
    log.write_text(log.read_text(encoding="utf-8").replace('"one"', '"two"'), encoding="utf-8")
    with pytest.raises(PrivacyError):
        open_cluster(release, name, purpose="three")
    app = press(opened(copy, *WHY, page="conversations", c=name))
    assert app.error
    assert not app.dataframe


def test_a_purged_run_says_so(copy: Path, opened: Open) -> None:
    purge(copy)
    release = load(copy)
    assert "destroyed" in closed(release)
    with pytest.raises(ClioError, match="destroyed"):
        open_cluster(release, release.marks()[0], purpose="x")
    app = fine(opened(copy, *WHY, page="conversations", c=release.marks()[0]))
    assert "purged on" in words(app).replace("\\", "")
    assert not app.button


def test_a_release_alone_has_no_conversations(copy: Path, tmp_path: Path) -> None:
    shutil.copytree(copy / "release", tmp_path / "alone")
    assert "release alone" in closed(load(tmp_path / "alone"))


@pytest.mark.parametrize("make", [one_cluster, without_times, without_clusters, with_hostile_names])
def test_the_page_of_odd_releases(copy: Path, tmp_path: Path, opened: Open, make: Any) -> None:
    folder = make(copy, tmp_path / "odd")
    release = load(folder)
    app = fine(opened(folder, *WHY, page="conversations"))
    assert not app.dataframe
    assert read_log(folder) == []
    if not release.rows:
        assert not [b for b in app.button if b.label.startswith("Open ")]
        return
    name = release.marks()[0]
    fine(app.selectbox(key="w_opened").set_value(name).run())
    press(app)
    assert len(read_log(folder)) == 1
    for said in words(app).splitlines():
        assert "https://" not in said
        assert not re.search(r"(?<!\\)(!\[|<(script|img))", said)


def test_a_lone_release_tells_that_there_are_none(copy: Path, tmp_path: Path, opened: Open) -> None:
    shutil.copytree(copy / "release", tmp_path / "alone")
    app = fine(opened(tmp_path / "alone", *WHY, page="conversations"))
    assert "release alone" in words(app)
    assert not app.button
    assert not app.dataframe


def test_a_look_carries_the_name_of_the_log_in(
    copy: Path, tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / ".streamlit").mkdir(parents=True)
    secrets = '[auth]\ncookie_secret = "made-up"\n[clio]\nallowed = ["@example.org"]\n'
    (tmp_path / "home" / ".streamlit" / "secrets.toml").write_text(secrets, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    app = opened(copy, *WHY, c=load(copy).marks()[0])
    app.user = {"is_logged_in": True, "email": "ann@example.org", "email_verified": True}
    fine(app.run())
    app.switch_page("app_pages/conversations.py")
    press(fine(app.run()))
    assert [look.who for look in read_log(copy)] == ["ann@example.org"]
