"""What the map can be coloured by, and the values for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clio.explore.safe import plain
from clio.explore.slices import Answer, answer, cells_of, size_of

if TYPE_CHECKING:
    from clio.explore.release import Release
    from clio.map.colours import Colours

VALUES = 12
"""Values of one facet that are offered; rarer ones are reached by a filter."""


def options(release: Release) -> dict[str, str]:
    """Key (as it stands in the address) and label of everything the map can show."""
    found = {"area": "Top area"}
    if len(release.weeks) >= 3:
        found["growth"] = "Growth by week"
    if release.clusters["stability"].notna().any():
        found["stability"] = "Stability"
    found["accounts"] = "Conversations per account"
    for facet in release.single.values():
        if facet.kind == "scale":
            found[f"mean:{facet.name}"] = f"{facet.label}: mean"
    for facet in release.single.values():
        for value in facet.order[:VALUES]:
            found[f"share:{facet.name}={value}"] = plain(f"{facet.label}: {value}", 60)
    return found


def colours(release: Release, key: str, filtered: Answer | None = None) -> Colours:
    """The map's colours. With a filter and nothing else chosen: each cluster's share of conversations in it."""
    from clio.map.colours import Colours

    if key == "area":
        usable = filtered is not None and filtered.cells and not filtered.whole_only
        return _slice(release, filtered) if usable and filtered is not None else Colours.by_area(release.clusters)
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
    found = answer(release, [(facet, (value,))])
    shares: dict[str, float | None] = {name: found.share(release, name) for name in release.rows}
    hidden = frozenset(name for name, share in shares.items() if share is None)
    return Colours.by_share(plain(f"{facet}: {value}", 60), shares, suppressed=hidden)


def _slice(release: Release, filtered: Answer) -> Colours:
    from clio.map.colours import Colours

    shares: dict[str, float | None] = {name: filtered.share(release, name) for name in release.rows}
    hidden = frozenset(name for name, share in shares.items() if share is None)
    return Colours.by_share("Share in the filter", shares, suppressed=hidden)


def _growth(release: Release) -> Colours:
    from clio.map.colours import Colours

    values: dict[str, Any] = growth_by_cluster(release)
    hidden = frozenset(name for name in release.rows if name not in values)
    return Colours.by_change("Change of share per week", values, suppressed=hidden)


def growth_by_cluster(release: Release) -> dict[str, float]:
    """Change per week of each cluster's share of all conversations, 0.1 for a tenth more; clusters that tell."""
    from clio.measures.weeks import growth

    found: dict[str, float] = {}
    for level in sorted({int(row["level"]) for row in release.rows.values()}):
        table = growth(release.trends, release.clusters, level=level)
        told = table[table["per_week"].notna()]
        found |= {str(n): float(v) - 1.0 for n, v in zip(told["cluster_id"], told["per_week"], strict=True)}
    return found


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
