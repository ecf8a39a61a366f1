"""From released tables and edits to the tables that are shown. Pure: what an edit shows is worked out from released
numbers alone, so a curated release tells nothing that the release itself does not tell.

Only sums are formed. A value that one of the parts does not show goes into ``other`` of the sum, with all that is
hidden there; nothing is worked out by subtraction. Hidden clusters are taken out of everything above them, too: a
total that still held them would say how large they are.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["rename", "merge", "move", "hide", "note", "undo"]
ALL = "all"
WRITER = "curation"
"""What stands as the writer of a name that a person gave."""
_WEEKS = ""
"""Trends are cells of a facet without a name."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to what is shown of a release; a line of ``edits.jsonl``."""

    number: int
    """1, 2... in the order in which they were made."""
    time: str
    """UTC, ISO 8601."""
    who: str
    kind: Kind
    release: str
    """:func:`clio.explore.curation.release_id` of the release that was edited: ids mean nothing in another."""
    cluster: str = ""
    to: str = ""
    """Merge: the cluster that takes it in. Move: the new parent."""
    text: str = ""
    """Rename: the name. Note: what it says."""
    of: int = 0
    """Undo: the number of the edit that is undone; undoing an undo makes that edit anew."""
    why: str = ""


@dataclass(frozen=True)
class Curated:
    """Tables as edited, in the columns of the released ones, and what cannot be said in a column."""

    clusters: pd.DataFrame
    breakdowns: pd.DataFrame
    trends: pd.DataFrame
    notes: dict[str, tuple[Edit, ...]] = field(default_factory=dict)
    """By cluster, oldest first; those of a merged cluster are with what took it in."""
    at_most: frozenset[str] = frozenset()
    """Clusters (``all`` for the whole) whose accounts are an upper bound: the same person may be in both parts."""
    gone: frozenset[str] = frozenset()
    """Clusters that were hidden, or left empty."""
    skipped: tuple[tuple[Edit, str], ...] = ()
    """Edits that no longer apply, and why."""


def in_force(edits: Sequence[Edit]) -> list[Edit]:
    """The edits that were not undone, oldest first, without the undos."""
    undone: set[int] = set()
    kept: list[Edit] = []
    for edit in reversed(edits):
        if edit.number in undone:
            continue
        if edit.kind == "undo":
            undone.add(edit.of)
        else:
            kept.append(edit)
    return kept[::-1]


def apply_edits(
    clusters: pd.DataFrame,
    breakdowns: pd.DataFrame,
    trends: pd.DataFrame,
    edits: Sequence[Edit],
    *,
    several: Collection[str] = (),
) -> Curated:
    """The tables with every edit in force applied, in order; an edit that no longer applies is left out and told.

    A merge adds conversations; its accounts are an upper bound (:attr:`Curated.at_most`). Without an edit in force the
    given frames come back as they are.

    Args:
        clusters: as in ``release/clusters.parquet``.
        breakdowns: as in ``release/breakdowns.parquet``.
        trends: as in ``release/trends.parquet``.
        edits: as :func:`clio.explore.curation.read_edits` gives them.
        several: facets in which a conversation may have more than one value: they have no sum of what is not shown.
    """
    wanted = in_force(edits)
    if not wanted:
        return Curated(clusters, breakdowns, trends)
    world = World(clusters, breakdowns, trends, several)
    skipped = [(edit, why) for edit in wanted if (why := world.take(edit))]
    return world.result(tuple(skipped))


class World:
    """Clusters and their cells while edits are applied; only what an edit touches is taken out of the frames."""

    def __init__(
        self, clusters: pd.DataFrame, breakdowns: pd.DataFrame, trends: pd.DataFrame, several: Collection[str] = ()
    ) -> None:
        self.frames = (clusters, breakdowns, trends)
        self.several = frozenset(several)
        self.nodes: dict[str, dict[str, Any]] = {}
        for row in clusters.to_dict("records"):
            parent = row["parent_id"]
            self.nodes[str(row["cluster_id"])] = {str(k): v for k, v in row.items()} | {
                "parent_id": parent if isinstance(parent, str) else None
            }
        self.total = self._level_total()
        self.cells: dict[str, Cells] = {}
        self.formed: set[str] = set()
        """Whose counts are other ones now."""
        self.at_most: set[str] = set()
        self.notes: dict[str, list[Edit]] = {}
        self.gone: set[str] = set()

    def take(self, edit: Edit) -> str:
        """Apply one edit; or say why it does not apply, and change nothing."""
        why = self.fault(edit)
        if why:
            return why
        node = self.nodes[edit.cluster]
        if edit.kind == "rename":
            node["name"], node["writer"] = edit.text, WRITER
        elif edit.kind == "note":
            self.notes.setdefault(edit.cluster, []).append(edit)
        elif edit.kind == "move":
            self._place(edit.cluster, edit.to)
        elif edit.kind == "merge":
            self._merge(edit.cluster, edit.to)
        elif edit.kind == "hide":
            self._hide(edit.cluster)
        return ""

    def fault(self, edit: Edit) -> str:
        """Why an edit does not apply to what is there; empty where it does."""
        node = self.nodes.get(edit.cluster)
        if node is None:
            return f"There is no cluster {edit.cluster}: it was merged, hidden, or never released."
        if edit.kind == "hide":
            below = set(self._below(edit.cluster))
            return "" if self.nodes.keys() - below - set(self._above(edit.cluster)) else "Nothing would be left."
        if edit.kind not in ("merge", "move"):
            return ""
        other = self.nodes.get(edit.to)
        if other is None:
            return f"There is no cluster {edit.to or '(none named)'} to {edit.kind} it to."
        if edit.kind == "merge":
            if edit.to == edit.cluster:
                return "A cluster cannot be merged with itself."
            if other["level"] != node["level"]:
                return "Only clusters of one level can be merged."
            end = other["parent_id"]
        else:
            if node["parent_id"] is None:
                return "A cluster of the top level has no parent to be moved from."
            if edit.to == node["parent_id"]:
                return "It is there already."
            if other["level"] != self.nodes[node["parent_id"]]["level"]:
                return "It can be moved to a cluster of its parent's level only."
            end = edit.to
        touched = set(self._line(node["parent_id"])) ^ set(self._line(end))
        if all(self.nodes[name]["conversations"] == self._sum_below(name) for name in touched):
            return ""
        return "Counts of this release are rounded or carry noise: its levels do not add up, so nothing can be moved."

    def _line(self, name: str | None) -> list[str]:
        """A cluster and all above it, from the bottom."""
        found: list[str] = []
        while name is not None and name in self.nodes and name not in found:
            found.append(name)
            name = self.nodes[name]["parent_id"]
        return found

    def _above(self, name: str) -> list[str]:
        """Clusters above it that hold nothing else."""
        found = []
        for parent in self._line(self.nodes[name]["parent_id"]):
            if len(self._children(parent)) > 1:
                break
            found.append(parent)
        return found

    def _children(self, parent: str | None) -> list[str]:
        return [name for name, node in self.nodes.items() if node["parent_id"] == parent]

    def _below(self, name: str) -> list[str]:
        found = [name]
        for at in found:
            found += self._children(at)
        return found

    def _sum_below(self, parent: str) -> int:
        return sum(int(self.nodes[name]["conversations"]) for name in self._children(parent))

    def _level_total(self) -> int:
        levels: dict[int, int] = {}
        for node in self.nodes.values():
            levels[node["level"]] = levels.get(node["level"], 0) + int(node["conversations"])
        return max(levels.values(), default=0)

    def _place(self, name: str, parent: str | None) -> None:
        """Under another parent: those above it there gain it, those above it here are formed anew."""
        old, new = self._line(self.nodes[name]["parent_id"]), self._line(parent)
        self.nodes[name]["parent_id"] = parent
        for gains in (at for at in new if at not in old):
            self._become(gains, [gains, name])
        for loses in (at for at in old if at not in new):
            self._form(loses)

    def _merge(self, name: str, into: str) -> None:
        if self.nodes[name]["parent_id"] != self.nodes[into]["parent_id"]:
            self._place(name, self.nodes[into]["parent_id"])
        parent = self.nodes.get(self.nodes[into]["parent_id"] or "")
        self._become(into, [into, name], most=None if parent is None else int(parent["accounts"]))
        self.nodes[into]["merged"] = True
        for child in self._children(name):
            self.nodes[child]["parent_id"] = into
        self.notes.setdefault(into, []).extend(self.notes.pop(name, []))
        self._drop([name])
        self.gone.discard(name)

    def _hide(self, name: str) -> None:
        above = self._line(self.nodes[name]["parent_id"])
        self._drop(self._below(name))
        for parent in above:
            self._form(parent)
        tops = [(top, self._of(top)) for top in self._children(None)]
        whole = sum(int(self.nodes[top]["conversations"]) for top, _ in tops)
        people = sum(int(self.nodes[top]["accounts"]) for top, _ in tops)
        self.cells[ALL] = _added([cells for _, cells in tops], min(whole, people), self.several, self._of(ALL))
        self.total = min(self.total, self._level_total())
        self.formed.add(ALL)
        self.at_most.add(ALL)

    def _form(self, parent: str) -> None:
        """Anew, as the sum of what is left below; away where nothing is."""
        left = self._children(parent)
        if left:
            self._become(parent, left)
        else:
            self._drop([parent])

    def _become(self, name: str, parts: list[str], most: int | None = None) -> None:
        """The sum of parts that share no conversation; never more than it was where it only lost some.

        ``most``: it has no more accounts than this.
        """
        node, rows = self.nodes[name], [self.nodes[part] for part in parts]
        conversations = sum(int(row["conversations"]) for row in rows)
        accounts = min(sum(int(row["accounts"]) for row in rows), conversations)
        accounts = accounts if most is None else min(accounts, most)
        if name not in parts:
            conversations = min(conversations, int(node["conversations"]))
            accounts = min(accounts, int(node["accounts"]), conversations)
        before = self._of(name) if name not in parts else None
        self.cells[name] = _added([self._of(part) for part in parts], accounts, self.several, before)
        self.cells[name].size = conversations
        placed = [row for row in rows if _placed(row)]
        weight = sum(int(row["conversations"]) for row in placed)
        if weight:
            node |= {axis: sum(row["conversations"] * row[axis] for row in placed) / weight for axis in ("x", "y")}
        # What the run found again was another cluster than this one.
        node |= {"conversations": conversations, "accounts": accounts, "stability": None}
        self.formed.add(name)
        if len(parts) > 1 or parts[0] in self.at_most:
            self.at_most.add(name)

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self.nodes.pop(name)
            self.notes.pop(name, None)
            self.gone.add(name)
            self.at_most.discard(name)

    def _of(self, name: str) -> Cells:
        if name not in self.cells:
            _, breakdowns, trends = self.frames
            size = self.total if name == ALL else int(self.nodes[name]["conversations"])
            cells = Cells(size)
            for row in breakdowns[breakdowns["cluster_id"] == name].to_dict("records"):
                cells.put(row["facet"], row["value"], row["kind"], row["conversations"], row["accounts"])
            for row in trends[trends["cluster_id"] == name].to_dict("records"):
                cells.put(_WEEKS, row["week"], row["kind"], row["conversations"], row["accounts"])
            self.cells[name] = cells
        return self.cells[name]

    def result(self, skipped: tuple[tuple[Edit, str], ...]) -> Curated:
        """Frames with the changes in their places."""
        import pandas as pd

        clusters, breakdowns, trends = self.frames
        totals = clusters.groupby("level")["conversations"].sum()
        fewer, rows = self.total != int(totals.max()), []
        for name, node in self.nodes.items():
            counted = name in self.formed or fewer
            share = {"share": node["conversations"] / max(1, self.total)} if counted else {}
            rows.append(node | share)
        made = pd.DataFrame(rows, columns=clusters.columns).astype(clusters.dtypes.to_dict())
        formed = {name: self.cells[name] for name in sorted(self.formed) if name in self.nodes or name == ALL}
        away = formed.keys() | (set(clusters["cluster_id"]) - self.nodes.keys())
        found: list[pd.DataFrame] = []
        for frame, column in ((breakdowns, "value"), (trends, "week")):
            kept = frame[~frame["cluster_id"].isin(away)]
            new = [line for name, cells in formed.items() for line in cells.lines(name, column)]
            more = pd.DataFrame(new, columns=frame.columns).astype(frame.dtypes.to_dict())
            found.append(pd.concat([kept, more], ignore_index=True) if len(more) else kept.reset_index(drop=True))
        notes = {name: tuple(sorted(said, key=lambda e: e.number)) for name, said in self.notes.items()}
        return Curated(made, found[0], found[1], notes, frozenset(self.at_most), frozenset(self.gone), skipped)


class Cells:
    """Released cells of one cluster: by facet its values and ``other``, each as conversations and accounts."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.facets: dict[str, tuple[dict[str, tuple[int, int]], list[tuple[int, int]]]] = {}

    def put(self, facet: str, value: str, kind: str, conversations: int, accounts: int) -> None:
        """One row of a table."""
        values, others = self.facets.setdefault(facet, ({}, []))
        if kind == "value":
            values[value] = (int(conversations), int(accounts))
        else:
            others.append((int(conversations), int(accounts)))

    def told(self, facet: str) -> tuple[bool, bool]:
        """Whether its cells are all of the cluster, and whether they are with none of them in ``other``."""
        values, others = self.facets[facet]
        shown = sum(count for count, _ in values.values())
        whole = shown + sum(count for count, _ in others) == self.size
        return whole, whole and not others

    def lines(self, name: str, column: str) -> list[dict[str, Any]]:
        """Rows of ``breakdowns`` (column ``value``) or ``trends`` (``week``)."""
        found = []
        for facet, (values, others) in self.facets.items():
            if (facet == _WEEKS) != (column == "week"):
                continue
            for value, kind, (conversations, accounts) in [
                *((value, "value", cell) for value, cell in values.items()),
                *(("", "other", cell) for cell in others),
            ]:
                row = {"cluster_id": name, "facet": facet, column: value, "kind": kind}
                share = conversations / max(1, self.size)
                found.append(row | {"conversations": conversations, "accounts": accounts, "share": share})
        return found


def _added(parts: Sequence[Cells], people: int, several: Collection[str], before: Cells | None = None) -> Cells:
    """Cells of clusters that share no conversation, added: a value only where every part tells it.

    No cell has more accounts than ``people``, nor than the same one of ``before``, of which these are some.
    """
    made = Cells(sum(part.size for part in parts))
    common = [facet for facet in parts[0].facets if all(facet in part.facets for part in parts)] if parts else []
    for facet in common:
        adds_up = facet not in several and " x " not in facet
        told = [part.told(facet) if adds_up else (False, False) for part in parts]
        given = [part.facets[facet] for part in parts]
        values = dict.fromkeys(value for shown, _ in given for value in shown)
        rest = [cell for _, others in given for cell in others]
        for value in values:
            cells = [shown[value] for shown, _ in given if value in shown]
            if all(value in shown or complete for (shown, _), (_, complete) in zip(given, told, strict=True)):
                known = before.facets.get(facet, ({}, []))[0].get(value) if before else None
                made.put(facet, value, "value", *_sum(cells, min(people, known[1]) if known else people))
            else:
                rest += cells
        if rest and all(whole for whole, _ in told):
            made.put(facet, "", "other", *_sum(rest, people))
    return made


def _sum(cells: Sequence[tuple[int, int]], people: int) -> tuple[int, int]:
    conversations = sum(count for count, _ in cells)
    return conversations, min(sum(accounts for _, accounts in cells), people, conversations)


def _placed(row: dict[str, Any]) -> bool:
    return all(isinstance(row[axis], float) and math.isfinite(row[axis]) for axis in ("x", "y"))
