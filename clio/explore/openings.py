"""The restricted view: answers about single conversations of one cluster, entered in the access log before a row shows.

Never what a user wrote, not even redacted: answers that are the user's own words are left out, and so are pseudonyms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.errors import ClioError
from clio.explore.safe import plain
from clio.runs import purge, restricted, retention
from clio.runs.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release

PAGE = 25
"""Rows shown at a time."""
LONGEST = 400
"""Characters of an answer that are shown."""
_AWAY = ("conversation_id", "account_id", "cluster_id", "similarity", "characters", "user_turns", "started_at")


@dataclass(frozen=True)
class Opening:
    """Rows of one cluster, as they were when they were entered."""

    run: Path
    cluster: str
    number: int
    """Of its line in the access log."""
    rows: pd.DataFrame = field(repr=False)
    """Nearest to the cluster's centre first."""
    own_words: tuple[str, ...] = ()
    """Facets of which some answers are the user's own words, and not given."""

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, math.ceil(len(self.rows) / PAGE))

    def page(self, number: int) -> pd.DataFrame:
        """Rows of a page, counted from 1; a number beyond the last is the last."""
        start = (min(max(1, number), self.pages) - 1) * PAGE
        return self.rows.iloc[start : start + PAGE]


def closed(release: Release) -> str:
    """Why no single conversation can be shown of this run; empty where they can."""
    if release.private is None:
        return "This is a release alone: what is known of single conversations is with the owner of the data."
    manifest: dict[str, Any] = Manifest.open(release.folder).data
    if manifest.get("purge"):
        return f"The private side of this run was destroyed: {purge.told(manifest)}. What was released is still here."
    if retention.is_past(manifest):
        until = retention.expires(manifest)
        return f"The private side of this run is past its retention since {until:%Y-%m-%d}. No row of it is shown."
    if not (release.folder / "workspace").is_dir():
        return "This run has no private side any more. What was released is still here."
    return ""


def open_cluster(release: Release, cluster: str, *, purpose: str, who: str | None = None) -> Opening:
    """Enter the look in the access log, then give the rows.

    Raises:
        ClioError: as :func:`clio.runs.restricted.conversations`; nothing is shown then.
    """
    why = closed(release)
    if why:
        raise ClioError(why)
    run = release.folder
    frame, entered = restricted.entered(run, cluster, purpose=purpose, who=who, own_words=False)
    started = frame["started_at"].dt.strftime("%Y-%m-%d")
    missing = tuple(str(name) for name in frame.columns if name not in _AWAY and frame[name].isna().any())
    # What the source tells stands there already; a facet that is computed of it would stand there twice.
    twice = [name for name in frame.columns if str(name).endswith("_answer")]
    shown = frame.drop(columns=[*(name for name in _AWAY if name in frame), *twice])
    shown.insert(0, "day", started)
    for name in shown.columns:
        if shown[name].dtype.kind not in "iufb":
            shown[name] = [plain(value, LONGEST) if isinstance(value, str) else None for value in shown[name]]
    written = set(shown.columns) - {"day", "turns", "model", "surface"}
    empty = tuple(name for name in missing if name in written and shown[name].isna().all())
    return Opening(run, cluster, entered.number, shown.drop(columns=list(empty)), empty)
