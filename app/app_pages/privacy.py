"""What is protected, what is hidden and why, what is not promised; what stricter thresholds would hide."""

import pandas as pd
import streamlit as st
from app_parts import controls, pictures, session

from clio.explore.release import Release
from clio.explore.safe import md, plain
from clio.explore.whatif import as_table, curve, kept, reach, steps, stricter

KEPT = {"clusters": "Base clusters", "conversations": "Conversations", "cells": "Facet values in clusters"}


def statement(release: Release) -> None:
    """The rules, each with what it did; what is not promised stands out."""
    least = release.thresholds
    st.markdown(
        f"Every number in this release is about at least **{least.conversations:,} conversations** of at least "
        f"**{least.accounts:,} accounts**, and no account has more than **{least.share:.0%}** of a cluster. It holds "
        "no text, no id and no vector of a single conversation."
    )
    rules = release.rules.to_dict("records")
    for rule in rules:
        if "not promise" in rule["rule"]:
            st.warning(f"**Not promised.** {md(rule['statement'], 1_000)}", icon=":material/report:")
    st.subheader("Rules in force", anchor=False)
    shown = pd.DataFrame(
        [
            {
                "Rule": plain(rule["rule"]).capitalize(),
                "Setting": plain(rule["setting"]),
                "Hidden": f"{int(rule['hidden']):,} {plain(rule['unit'])}" if pd.notna(rule["hidden"]) else "",
                "Promise": plain(rule["statement"], 1_000),
            }
            for rule in rules
            if "not promise" not in rule["rule"]
        ]
    )
    st.table(shown.map(lambda text: md(text, 1_000)), border="horizontal", hide_index=True)
    pictures.csv(shown, "privacy-rules")


def measured(release: Release) -> None:
    """``release/privacy.json``, as far as it is plain values: the run's own statement."""
    if not release.statement:
        return
    st.subheader("The run's statement", anchor=False)
    for name, value in release.statement.items():
        label = md(str(name).replace("_", " ").capitalize(), 80)
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            with st.expander(label):
                st.dataframe(pd.DataFrame(value).astype(str), hide_index=True, alt=plain(name))
        elif isinstance(value, dict):
            with st.expander(label):
                st.table({md(k): md(_said(v), 1_000) for k, v in value.items()}, border="horizontal")
        elif isinstance(value, list):
            st.markdown("\n".join([f"**{label}**\n", *(f"- {md(_said(part), 1_000)}" for part in value)]))
        else:
            st.markdown(f"**{label}**  \n{md(_said(value), 1_000)}")


def _said(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, list):
        return "; ".join(_said(part) for part in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_said(part)}" for name, part in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def hidden(release: Release) -> None:
    """How much is not shown."""
    about = release.about
    st.subheader("What is hidden, and why", anchor=False)
    outside = about.get("conversations_outside")
    told = f"{outside:,}" if outside is not None else "Some (too few to say how many)"
    st.markdown(
        f"- {told} conversations were read and are in no number: their clusters were too small, or one account had "
        f"more than its share.\n"
        f"- {int(about.get('suppressed_clusters') or 0):,} clusters were under the thresholds.\n"
        f"- {int(about.get('suppressed_cells') or 0):,} facet values and weeks of clusters are hidden: too few people, "
        "or because another hidden number could be worked out from them."
    )
    st.caption("Hidden cells are drawn hollow on the map and left empty in lists; their reason is always the same:")
    st.caption(md(release.why_hidden()))


def curved():
    release = session.release()
    frame = pd.DataFrame(curve(release, steps(release)))
    return frame.rename(columns={"accounts": "Accounts"} | KEPT)


def slider(label: str, key: str, place: int, least: int, most: int) -> int:
    """One threshold; what was chosen stands in the state."""
    tried = list(session.state().least)
    value = min(max(tried[place], least), most)
    controls.shows(key, value)

    def changed() -> None:
        chosen = st.session_state[key]
        tried[place] = chosen if chosen > least else 0
        session.update(least=tuple(tried))

    st.slider(label, least, most, key=key, on_change=changed)
    return value


@st.fragment
def what_if() -> None:
    """Stricter thresholds, from released counts."""
    session.settle()
    release = session.release()
    st.subheader("What if the thresholds were stricter?", anchor=False)
    if not release.rows:
        st.caption("There is nothing left to hide.")
        return
    least = release.thresholds
    many, people = reach(release)
    left, right = st.columns(2)
    with left:
        conversations = slider(
            "At least so many conversations", "w_whatif_conversations", 0, least.conversations, many
        )  # fmt: skip
    with right:
        accounts = slider("of at least so many accounts", "w_whatif_accounts", 1, least.accounts, people)
    losses = stricter(release, conversations, accounts)
    with st.container(horizontal=True):
        for loss in losses[:1] + losses[2:4]:
            st.metric(
                loss.what, f"{loss.shown - loss.hidden:,} of {loss.shown:,}", f"{loss.hidden:,} hidden",
                delta_color="off", delta_arrow="off", width=230,
            )  # fmt: skip
        st.metric("Conversations shown", f"{kept(release, losses):.0%}", width=190)
    st.dataframe(
        as_table(losses),
        hide_index=True,
        column_config={
            "Share hidden": st.column_config.ProgressColumn("Share hidden", format="percent", min_value=0, max_value=1)
        },
        alt="What stricter thresholds would hide",
    )
    with st.expander("What every threshold of accounts would keep", icon=":material/show_chart:"):
        st.line_chart(
            pictures.kept("curve", curved), x="Accounts", y=list(KEPT.values()), x_label="At least so many accounts",
            y_label="Share kept",
        )  # fmt: skip
        pictures.csv(pictures.kept("curve", curved), "thresholds")
    st.caption(
        "The least that would go: further cells would be hidden so that these could not be worked out. A run may also "
        "join small clusters to their neighbours instead of leaving them out."
    )


def page() -> None:
    release = session.release()
    st.title("Privacy", anchor=False)
    statement(release)
    hidden(release)
    what_if()
    measured(release)


page()
