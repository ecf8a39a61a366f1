"""How clusters are coloured: one value per cluster, and how the values are to be read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["category", "sequential", "diverging"]
Style = Literal["number", "percent", "signed_percent"]
Value = str | float | None

# As many colours as the categorical palette has (Carto's "Safe" set); what comes after is "Other".
CATEGORIES = 11


@dataclass(frozen=True)
class Colours:
    """A colouring.

    Attributes:
        title: heading of the legend.
        kind: ``category`` (values are text), ``sequential`` or ``diverging`` (numbers).
        values: by cluster id; a cluster that is missing, None or not a number is drawn as "not known".
        order: categories in the order of the legend; without it by frequency. After 11 comes "Other".
        domain: the ends of a scale; without it those of the values (diverging: the same distance on both sides).
        middle: where a diverging scale turns.
        style: how numbers are written.
        suppressed: ids whose value a threshold hides: drawn hollow, and said so.
        note: one line below the legend.
    """

    title: str
    kind: Kind
    values: Mapping[str, Value]
    order: tuple[str, ...] = ()
    domain: tuple[float, float] | None = None
    middle: float = 0.0
    style: Style = "number"
    suppressed: frozenset[str] = field(default_factory=frozenset)
    note: str = ""

    @staticmethod
    def plain(title: str = "") -> Colours:
        """All clusters in one colour."""
        return Colours(title, "category", _Everywhere(title), order=(title,))

    @staticmethod
    def by_area(clusters: pd.DataFrame, *, title: str = "Top area") -> Colours:
        """By the name of the cluster of the coarsest level above; areas of one name are told apart by number."""
        parents = parents_of(clusters)
        names = {str(i): str(n) for i, n in zip(clusters["cluster_id"], clusters["name"], strict=True)}
        sizes = dict(zip(names, clusters["conversations"].fillna(0), strict=True))
        roots = {cluster: _root(cluster, parents) for cluster in names}
        tops = sorted(set(roots.values()), key=lambda top: (-float(sizes[top]), top))
        labels: dict[str, str] = {}
        seen: dict[str, int] = {}
        for top in tops:
            seen[names[top]] = seen.get(names[top], 0) + 1
            labels[top] = names[top] if seen[names[top]] == 1 else f"{names[top]} ({seen[names[top]]})"
        values = {cluster: labels[root] for cluster, root in roots.items()}
        return Colours(title, "category", values, order=tuple(labels[top] for top in tops))

    @staticmethod
    def by_category(
        title: str,
        values: Mapping[str, str | None],
        *,
        order: Sequence[str] = (),
        suppressed: frozenset[str] = frozenset(),
    ) -> Colours:
        return Colours(title, "category", dict(values), order=tuple(order), suppressed=suppressed)

    @staticmethod
    def by_share(
        title: str,
        values: Mapping[str, float | None],
        *,
        suppressed: frozenset[str] = frozenset(),
        domain: tuple[float, float] | None = None,
    ) -> Colours:
        """Shares, 0 to 1, from nothing to the largest there is."""
        shown = [v for cluster, v in values.items() if cluster not in suppressed]
        most = max((v for v in map(number, shown) if v is not None), default=1.0)
        ends = domain or (0.0, most or 1.0)
        return Colours(title, "sequential", dict(values), domain=ends, style="percent", suppressed=suppressed)

    @staticmethod
    def by_change(
        title: str,
        values: Mapping[str, float | None],
        *,
        suppressed: frozenset[str] = frozenset(),
        domain: tuple[float, float] | None = None,
    ) -> Colours:
        """Relative changes: 0.1 is ten per cent more."""
        return Colours(title, "diverging", dict(values), domain=domain, style="signed_percent", suppressed=suppressed)

    @staticmethod
    def by_number(
        title: str,
        values: Mapping[str, float | None],
        *,
        suppressed: frozenset[str] = frozenset(),
        domain: tuple[float, float] | None = None,
    ) -> Colours:
        return Colours(title, "sequential", dict(values), domain=domain, suppressed=suppressed)

    def labels(self, weights: Mapping[str, float]) -> tuple[list[str], int]:
        """The categories of the legend and the place of "Other" among them, or -1.

        ``weights`` are the sizes of the clusters that are drawn: without ``order`` the heaviest categories come first.
        """
        totals: dict[str, float] = dict.fromkeys(self.order, 0.0)
        for cluster, weight in weights.items():
            value = self.values.get(cluster)
            if isinstance(value, (str, int)) and cluster not in self.suppressed:
                totals[str(value)] = totals.get(str(value), 0.0) + weight
        given = {label: place for place, label in enumerate(self.order)}
        ranked = sorted(totals, key=lambda label: (given.get(label, len(given)), -totals[label], label))
        if len(ranked) <= CATEGORIES:
            return ranked, -1
        return [*ranked[:CATEGORIES], f"Other ({len(ranked) - CATEGORIES})"], CATEGORIES

    def ends(self) -> tuple[float, float]:
        """The ends of the scale. A suppressed value does not stretch it: the end would tell what is hidden."""
        if self.domain is not None:
            return self.domain
        shown = [v for cluster, v in self.values.items() if cluster not in self.suppressed]
        known = [v for v in map(number, shown) if v is not None]
        if self.kind == "diverging":
            far = max((abs(v - self.middle) for v in known), default=0.0) or 1.0
            return self.middle - far, self.middle + far
        return min(known, default=0.0), max(known, default=1.0)


class _Everywhere(dict[str, Value]):
    """One value, whatever is asked for."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value

    def get(self, _key: str, _default: object = None) -> Value:
        return self.value


def number(value: object) -> float | None:
    """The value as a finite number, or None."""
    if value is None or isinstance(value, str):
        return None
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def parents_of(clusters: pd.DataFrame) -> dict[str, str]:
    """The parent of each cluster that has one in the frame, on a coarser level (so that no chain can be a ring)."""
    if "parent_id" not in clusters.columns:
        return {}
    levels = dict(zip(map(str, clusters["cluster_id"]), clusters["level"], strict=True))
    pairs = zip(map(str, clusters["cluster_id"]), clusters["parent_id"], strict=True)
    return {
        cluster: parent
        for cluster, parent in pairs
        if isinstance(parent, str) and parent in levels and levels[parent] > levels[cluster]
    }


def _root(cluster: str, parents: Mapping[str, str]) -> str:
    while cluster in parents:
        cluster = parents[cluster]
    return cluster
