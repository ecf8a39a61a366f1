"""What the map can be coloured by, and the values for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clio.explore.release import ALL
from clio.explore.safe import plain
from clio.explore.slices import Answer, answer, cells_of, size_of

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release
    from clio.map.colours import Colours

HOLLOW = "Hollow, too: hidden in the filter"
SHARE = "share:"
"""Before facet and value in the key of a share; before the facet alone in a choice."""


def options(release: Release) -> dict[str, str]:
    """Key (as it stands in the address) and label of everything the map can show."""
    found = {key: label for key, label in choices(release).items() if not key.startswith(SHARE)}
    for facet in release.single.values():
        for value in facet.order:
            found[f"{SHARE}{facet.name}={value}"] = plain(f"{facet.label}: {value}", 60)
    return found


def choices(release: Release) -> dict[str, str]:
    """Key and label of what is chosen first: a facet by itself, whose value is chosen after it."""
    found = {"area": "Top area"}
    if growth_told(release):
        found["growth"] = "Growth by week"
    if release.clusters["stability"].notna().any():
        found["stability"] = "Stability"
    found["accounts"] = "Conversations per account"
    shown = [facet for facet in release.single.values() if facet.order]
    found |= {f"mean:{facet.name}": f"{facet.label}: mean" for facet in shown if facet.kind == "scale"}
    found |= {f"{SHARE}{facet.name}": f"{facet.label}: share" for facet in shown}
    return found


def choice_of(key: str) -> tuple[str, str]:
    """The choice that a key belongs to, and the value that is chosen after it."""
    choice, found, value = key.partition("=") if key.startswith(SHARE) else (key, "", "")
    return choice, value if found else ""


def growth_told(release: Release) -> bool:
    """Whether any cluster shows as many weeks as an estimate needs."""
    from clio.measures.weeks import LEAST_WEEKS

    if len(release.weeks) < LEAST_WEEKS:
        return False
    trends = release.trends
    shown = trends[(trends["kind"] == "value") & trends["week"].isin(release.weeks)]
    whole = set(shown[shown["cluster_id"] == ALL]["week"])
    clusters = shown[(shown["cluster_id"] != ALL) & shown["week"].isin(whole)]
    return bool((clusters["cluster_id"].value_counts() >= LEAST_WEEKS).any())


def colours(release: Release, key: str, filtered: Answer | None = None) -> Colours:
    """The map's colours; a cluster of which the filter tells nothing is drawn hollow, whatever the colour.

    With a filter and nothing else chosen: each cluster's share of conversations in it.
    """
    if filtered is None or not filtered.by_cluster:
        return _colours(release, key)
    if key == "area":
        return _slice(release, filtered)
    made = _colours(release, key)
    gone = frozenset(filtered.hidden(release))
    return replace(made, suppressed=made.suppressed | gone, note=HOLLOW if gone else made.note)


def _colours(release: Release, key: str) -> Colours:
    from clio.map.colours import Colours

    if key == "area":
        return Colours.by_area(release.clusters)
    if key == "growth":
        return _growth(release)
    if key == "accounts":
        each = {name: row["conversations"] / max(1, row["accounts"]) for name, row in release.rows.items()}
        return Colours.by_number("Conversations per account", each)
    if key == "stability":
        steady = {name: row["stability"] for name, row in release.rows.items()}
        return Colours.by_number("Stability", steady, domain=(0.0, 1.0))
    kind, _, rest = key.partition(":")
    if kind == "mean":
        values, hidden = means(release, rest)
        return Colours.by_number(f"{plain(rest, 40)}: mean", values, suppressed=hidden)
    facet, _, value = rest.partition("=")
    return _shares(release, plain(f"{facet}: {value}", 60), answer(release, [(facet, (value,))]))


def _slice(release: Release, filtered: Answer) -> Colours:
    return _shares(release, "Share in the filter", filtered)


def _shares(release: Release, title: str, found: Answer) -> Colours:
    from clio.map.colours import Colours

    shares: dict[str, float | None] = {name: found.share(release, name) for name in release.rows}
    hidden = frozenset(name for name, share in shares.items() if share is None)
    return Colours.by_share(title, shares, suppressed=hidden)


def _growth(release: Release) -> Colours:
    """Where hidden weeks leave too few, hollow; a cluster with no estimate for another reason is not known."""
    from clio.map.colours import Colours
    from clio.measures.weeks import LEAST_WEEKS

    values: dict[str, float | None] = {}
    hidden = set()
    for table in _growths(release):
        shown, unseen = table["weeks"].tolist(), table["weeks_hidden"].tolist()
        for name, week, weeks, gone in zip(table["cluster_id"], table["per_week"], shown, unseen, strict=True):
            values[str(name)] = float(week) - 1.0 if week == week else None
            if weeks < LEAST_WEEKS <= weeks + gone:
                hidden.add(str(name))
    return Colours.by_change("Change of share per week", values, suppressed=frozenset(hidden))


def _growths(release: Release) -> list[pd.DataFrame]:
    """The growth of each level's clusters."""
    from clio.measures.weeks import growth

    levels = sorted({int(row["level"]) for row in release.rows.values()})
    return [growth(release.trends, release.clusters, level=level) for level in levels]


def means(release: Release, facet: str) -> tuple[dict[str, float], frozenset[str]]:
    """Mean of a scale in every cluster whose steps are all shown, and the clusters where some are hidden.

    Rare steps are what is hidden, and mostly the high ones: a mean of the others would be too low.
    """
    table = cells_of(release, facet)
    shown = table[table["kind"] == "value"]
    found: dict[str, float] = {}
    for name, rows in shown.groupby("cluster_id", sort=False):
        counted = int(rows["conversations"].sum())
        steps = [float(value) if _number(value) else None for value in rows["value"]]
        if str(name) in release.rows and counted == size_of(release, str(name)) and None not in steps:
            weights = rows["conversations"].tolist()
            found[str(name)] = sum(s * w for s, w in zip(steps, weights, strict=True) if s is not None) / counted
    return found, frozenset(name for name in release.rows if name not in found)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
