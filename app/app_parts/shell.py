"""The frame around every page: refusal, trouble, navigation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import streamlit as st

from app_parts import reader, session
from clio.errors import ClioError
from clio.explore.launch import parse, refusal
from clio.explore.login import log_in
from clio.explore.navigation import PageSpec, pages
from clio.explore.safe import md, plain
from clio.explore.trouble import Trouble, diagnose

HERE = Path(__file__).resolve().parents[1]
ICON = HERE / "static" / "favicon.png"


def main() -> None:
    """Run one page."""
    given = session.opened(parse(sys.argv[1:]))
    st.session_state[session.GIVEN] = given
    trouble: Trouble | None = None
    title = "Clio"
    if given.run is None:
        trouble = Trouble(
            "absent", "No run was named", "The explorer shows one run, or one release.",
            "Name its folder. The demo makes one in a minute.", "clio explore runs/demo",
        )  # fmt: skip
    else:
        trouble = diagnose(given.run)
        if trouble is None:
            try:
                title = plain(session.release().title, 80)
            except ClioError as error:
                trouble = diagnose(given.run, error)
    st.set_page_config(page_title=title, page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")
    if _refused():
        return
    _reader()
    shown = pages(restricted=given.restricted, release=trouble is None)
    if trouble is not None:
        found = [_page(spec) for spec in shown]
        here = st.Page(lambda: _explain(trouble), title="Nothing to explore", icon=":material/help:", default=True)
        st.navigation([here, *found], position="top" if given.run else "hidden").run()
        return
    chosen = st.navigation([_page(spec, default=number == 0) for number, spec in enumerate(shown)], position="top")
    session.begin(chosen.url_path)
    chosen.run()


def _page(spec: PageSpec, *, default: bool = False) -> st.Page:
    return st.Page(
        HERE / spec.file,
        title=spec.title,
        icon=f":material/{spec.icon}:",
        help=spec.help,
        url_path=None if default else spec.name,
        default=default,
    )


def _refused() -> bool:
    """Whether the app may not open here, or to this reader; then it says why."""
    login = log_in()
    said = refusal(st.get_option("server.address"), login)
    if said:
        st.title("Not open to others", anchor=False)
        st.error(md(said, 1_000), icon=":material/lock:")
        return True
    if not login.configured:
        return False
    claims = st.user.to_dict()
    if login.lets_in(claims):
        return False
    if not claims.get("is_logged_in"):
        st.title("Log in to see this release", anchor=False)
        st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)
        return True
    st.title("Not open to you", anchor=False)
    st.error(
        f"{md(reader.who(), 100)} is not among those who may see this, or the provider does not vouch for the address. "
        "Ask whoever runs this explorer, or log in as somebody else.",
        icon=":material/lock:",
    )
    _log_out()
    return True


def _log_out(kind: Literal["secondary", "tertiary"] = "secondary") -> None:
    st.button("Log out", key="w_log_out", type=kind, icon=":material/logout:", on_click=st.logout)


def _reader() -> None:
    """Who is logged in, and the way out; nothing where no log-in is configured."""
    name = reader.who()
    if name is not None:
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
            st.caption(md(name, 100), width="content")
            _log_out("tertiary")


def _explain(trouble: Trouble) -> None:
    st.title(md(trouble.title))
    st.markdown(md(trouble.text))
    if trouble.stages:
        marks = {True: ":material/check_circle: done", False: ":material/pending: not done"}
        st.table({md(name): marks[done] for name, done in trouble.stages}, width="content", border="horizontal")
    st.markdown(md(trouble.remedy))
    if trouble.command:
        st.code(trouble.command, language=None)
