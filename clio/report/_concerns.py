"""What the facets that tell of harm say: asked and shown, asked and hidden, or not asked at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clio.errors import ConfigError
from clio.explore.release import ALL
from clio.explore.safe import plain
from clio.report._base import WHOLE
from clio.report._sections import there
from clio.report.document import Block, Paragraph, Picture, Section, Table

if TYPE_CHECKING:
    from clio.config.report import ReportConfig
    from clio.explore.release import Release
    from clio.report._base import Base

WORDS = frozenset(
    ("concern", "concerns", "concerning", "harm", "harms", "harmful", "risk", "risks", "risky", "abuse", "abusive",
     "flag", "flags", "flagged")
)  # fmt: skip
"""Words of the names of facets that tell of harm, where the config names none. Of a ``safety`` a name does not tell
which end is the harmful one, so it is not among them."""
MOST_HIGH = 10


def declared(release: Release) -> dict[str, Mapping[str, Any]]:
    """What was asked, by name of the facet: those without a released cell too."""
    rows = [row for row in release.about.get("facets") or () if isinstance(row, dict)]
    found: dict[str, Mapping[str, Any]] = {str(row["name"]): row for row in rows if "name" in row}
    return found | {name: {} for name in release.single if name not in found}


def of_harm(release: Release, config: ReportConfig) -> list[str]:
    """Names of the facets that tell of harm, in the order of the run.

    Raises:
        ConfigError: the config names a facet that the run did not ask.
    """
    asked = declared(release)
    faults = [
        f"{field}: no facet `{plain(name, 40)}` was asked in this run; there are {', '.join(asked) or 'none'}"
        for field, names in (("concerns", config.concerns or ()), ("low_is_harm", config.low_is_harm))
        for name in names if name not in asked
    ]  # fmt: skip
    if faults:
        raise ConfigError(f"report config: {len(faults)} fault{'s' * (len(faults) != 1)}", tuple(faults))
    chosen = config.concerns
    return [
        name for name in asked
        if name in config.low_is_harm
        or (name in chosen if chosen is not None else not WORDS.isdisjoint(name.lower().split("_")))
    ]  # fmt: skip


def concerns(base: Base) -> Section:
    """One part for each facet that tells of harm."""
    w = base.words
    names = of_harm(base.release, base.config)
    if not names:
        said = "concerns_none" if base.config.concerns is None else "concerns_not_named"
        return Section("concerns", w("s_concerns"), (Paragraph(w(said)),))
    sections = tuple(_concern(base, name, f"concern-{place + 1}") for place, name in enumerate(names))
    against = _against(base, names)
    return Section("concerns", w("s_concerns"), there([Paragraph(w("concerns_text")), against]), sections)


def _against(base: Base, names: Sequence[str]) -> Picture | None:
    """The first scale against the first yes or no: where two judgements of harm part. None where one is missing."""
    asked, low = declared(base.release), base.config.low_is_harm
    shown = [name for name in names if name in base.release.single]
    scale = next((name for name in shown if asked[name].get("kind") == "scale"), None)
    flag = next((name for name in shown if asked[name].get("kind") == "boolean"), None)
    steps = _harmful(asked[scale], scale in low) if scale else []
    if scale is None or flag is None or not steps:
        return None
    pair = (scale, steps), (flag, "no" if flag in low else "yes")
    return base.pictures.against(*pair, _level(base, *pair), "concern-against")


def _level(base: Base, steps: tuple[str, Sequence[str]], flag: tuple[str, str]) -> int:
    """The finest level of which most clusters have a place, else the coarsest."""
    from clio.measures import concern_flag

    release = base.release
    for level in range(release.top):
        frame = concern_flag(
            release.breakdowns, release.clusters, concern=steps[0], high=steps[1], flag=flag[0], flagged=(flag[1],),
            level=level,
        )  # fmt: skip
        if 2 * int((frame["status"] == "shown").sum()) > len(frame):
            return level
    return release.top


def _harmful(asked: Mapping[str, Any], low: bool) -> list[str]:
    """Steps of a scale at its harmful end; none where there are two steps or fewer."""
    steps = [str(option.get("value")) for option in asked.get("options") or () if isinstance(option, dict)]
    half = len(steps) // 2
    return [] if len(steps) < 3 else steps[: len(steps) - half] if low else steps[half:]


def _concern(base: Base, facet: str, key: str) -> Section:
    w, release = base.words, base.release
    asked = declared(release)[facet]
    blocks: list[Block | None] = []
    if question := plain(asked.get("question") or "", WHOLE):
        blocks.append(Paragraph(w("concern_question", question=question), quiet=True))
    if asked.get("kind") == "text":
        blocks.append(Paragraph(w("concern_in_words"), quiet=True))
        return Section(key, base.facet(facet), there(blocks))
    shown = facet in release.single
    whole = base.pictures.breakdown(facet, ALL, f"{key}-all", "") if shown else None
    blocks.append(whole or Paragraph(w("concern_hidden", facet=base.facet(facet)), quiet=True))
    if len(base.areas) > 1 and shown:
        blocks.append(base.pictures.heatmap(facet, release.top, f"{key}-areas"))
    low = facet in base.config.low_is_harm
    if asked.get("kind") == "scale" and (steps := _harmful(asked, low)):
        blocks += _high(base, facet, steps, "low" if low else "high")
    return Section(key, base.facet(facet), there(blocks))


def _high(base: Base, facet: str, steps: list[str], end: str) -> list[Block | None]:
    """Clusters of the finest level by what is released of the steps at the harmful ``end`` of the scale."""
    w, cells = base.words, base.release.breakdowns
    marks = set(base.release.marks())
    high = cells[
        (cells["facet"] == facet)
        & (cells["kind"] == "value")
        & cells["value"].isin(steps)
        & cells["cluster_id"].isin(marks)
    ]
    told = ", ".join(plain(step, 40) for step in steps)
    if not len(high):
        return [Paragraph(w(f"{end}_none"), quiet=True)]
    sums = high.groupby("cluster_id")["conversations"].sum()
    size = {name: max(int(base.release.rows[name]["conversations"]), 1) for name in sums.index}
    ordered = sorted(
        ((sums[name] / size[name], str(name)) for name in sums.index), key=lambda pair: (-pair[0], pair[1])
    )
    rows = tuple(
        (base.name(name, WHOLE), w.count(float(sums[name])), w.share(share)) for share, name in ordered[:MOST_HIGH]
    )
    columns = (w("c_cluster"), w("c_conversations"), w(f"c_{end}_steps"))
    table = Table(w(f"t_{end}", steps=told), columns, rows, frozenset((1, 2)))
    return [table, Paragraph(w("high_note", steps=told), quiet=True)]
