"""Two runs beside each other: whether they may be told apart, and what is shown of them where they may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clio.explore.release import ALL
from clio.explore.slices import size_of

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release

Kinship = Literal["same", "alike", "not known"]


@dataclass(frozen=True, slots=True)
class Relation:
    """Whether two runs hold the same conversations, as far as they tell."""

    kind: Kinship
    why: str

    @property
    def verdicts(self) -> bool:
        """Whether a difference may be judged: that takes two samples of different conversations."""
        return self.kind == "not known"


def relation(one: Release, other: Release) -> Relation:
    """What the two manifests tell, or where only a release is there, what its counts look like.

    Never that they are different: a file of other bytes may hold the same conversations.
    """
    files, others = _inputs(one), _inputs(other)
    if files and others:
        shared = files & others
        if shared == files == others:
            return Relation("same", "Both runs read the same file." if len(files) == 1 else "Both read the same files.")
        if shared:
            return Relation("same", f"{len(shared)} of the files that were read are the same in both runs.")
    weeks, other_weeks = _weeks(one), _weeks(other)
    if weeks and weeks == other_weeks:
        return Relation("alike", "Both releases have the same weeks with the same counts.")
    read, other_read = _read(one), _read(other)
    same_people = (one.about.get("accounts"), one.weeks) == (other.about.get("accounts"), other.weeks)
    if read and read == other_read and same_people:
        return Relation("alike", "Both releases tell of as many conversations and accounts, in the same weeks.")
    return Relation("not known", "Nothing says that the two hold the same conversations.")


def _inputs(release: Release) -> frozenset[str]:
    """Digests of what was read; known only to the run itself."""
    found = (release.private or {}).get("inputs")
    rows = found if isinstance(found, list) else []
    return frozenset(str(row["sha256"]) for row in rows if isinstance(row, dict) and row.get("sha256"))


def _weeks(release: Release) -> dict[str, int]:
    """Conversations of the whole by week."""
    trends = release.trends
    rows = trends[(trends["cluster_id"] == ALL) & (trends["kind"] == "value") & trends["week"].isin(release.weeks)]
    return {str(week): int(count) for week, count in zip(rows["week"], rows["conversations"], strict=True)}


def _read(release: Release) -> int | None:
    """Conversations that were read; None where the release does not say how many it left out."""
    outside = release.about.get("conversations_outside")
    return None if outside is None else size_of(release, ALL) + int(outside)


def shares(one: Release, other: Release, facet: str) -> pd.DataFrame:
    """A facet's values in both, without ratio, interval and verdict: columns value, share_one, share_other."""
    from clio.measures import compare_runs

    adds_up = facet not in one.several | other.several
    frame = compare_runs((one.breakdowns, one.clusters), (other.breakdowns, other.clusters), facet, adds_up=adds_up)
    order = frame[["share_one", "share_other"]].max(axis=1).sort_values(ascending=False, kind="stable").index
    return frame.loc[order, ["value", "share_one", "share_other"]].reset_index(drop=True)
