"""Who is reading, by the log-in."""

from __future__ import annotations

import streamlit as st

from clio.explore.login import called


def who(*, public: bool = False) -> str | None:
    """The name that the log-in gives, where there is one; ``public``: without an address in it."""
    return called(st.user.to_dict(), public=public)
