"""Random private workspaces, small and full of awkward people: what publishing and the wall are tested with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from clio.config import RunConfig, load_config
from clio.config.facets import Facet
from clio.runs.context import Context, Sources
from clio.runs.files import write_array
from clio.runs.manifest import Manifest
from clio.runs.progress import make_reporter
from clio.stages._computed import monday
from clio.stages.publish import Private
from clio.tables import ASSIGNMENTS, AUDITS, CONVERSATIONS, FACETS, HIERARCHY, POSITIONS, SIGNATURES

HOSTILE = (
    "it's \"quoted\"", "'; DROP TABLE members; --", "🦊 fox", "\u202eevil\u202c", "zero\u200bwidth", "zerowidth",
    "tab\tand\nline", "x" * 10_000, "\u0000", " ", "all", "other", "(rare values)", "n/a", "one x two", "%s {0} \\",
    "שלום", "answered", "NULL", "a\x1fb",
)  # fmt: skip
OPTIONS = [{"value": value} for value in ("alpha", "beta", "gamma", "delta")]
FACETS_ASKED: tuple[Facet, ...] = tuple(
    Facet.model_validate(given)
    for given in (
        {"name": "request", "kind": "text", "question": "?", "cluster": True},
        {"name": "use", "kind": "category", "question": "?", "options": OPTIONS},
        {"name": "tags", "kind": "multi", "question": "?", "options": OPTIONS},
        {"name": "concern", "kind": "scale", "question": "?"},
        {"name": "flag", "kind": "boolean", "question": "?"},
        {"name": "amount", "kind": "number", "question": "?"},
        {"name": "turns", "kind": "computed"},
        {"name": "characters", "kind": "computed"},
        {"name": "hour", "kind": "computed"},
        {"name": "week", "kind": "computed"},
        {"name": "plan", "kind": "computed", "compute": "metadata.plan"},
    )
)
SETTINGS: dict[str, Any] = {
    "facets": {
        "use": [facet.name for facet in FACETS_ASKED],
        "define": [facet.model_dump(exclude_defaults=True) for facet in FACETS_ASKED],
        "intersections": [["use", "flag"], ["use", "tags"], ["plan", "use"], ["week", "flag"]],
    },
    "ingest": {"metadata": ["plan"]},
    "redact": {"names": "off"},
    "release": {"min_conversations": 5, "min_accounts": 3},
}


@dataclass(frozen=True)
class Workspace:
    """The private tables as rows."""

    conversations: list[dict[str, Any]]
    facets: list[dict[str, Any]]
    assignments: list[dict[str, Any]]
    positions: list[dict[str, Any]]
    hierarchy: list[dict[str, Any]]
    centroids: np.ndarray
    redrawn: np.ndarray

    def private(self) -> Private:
        """What publishing reads of it."""
        inside = [n for n, row in enumerate(self.assignments) if row["cluster"] >= 0]
        names = sorted({row["account_id"] for row in self.conversations})
        started = [self.conversations[n]["started_at"] for n in inside]
        spots = np.array([(p["x"], p["y"]) for p in self.positions], dtype=np.float32).reshape(-1, 2)
        place = {row["conversation_id"]: n for n, row in enumerate(self.positions)}
        return Private(
            conversation_id=[self.assignments[n]["conversation_id"] for n in inside],
            account=np.array([names.index(self.conversations[n]["account_id"]) for n in inside], dtype=np.int64),
            week=[None if moment is None else monday(moment) for moment in started],
            base=np.array([self.assignments[n]["cluster"] for n in inside], dtype=np.int64),
            positions=spots[[place[self.assignments[n]["conversation_id"]] for n in inside]]
            if inside
            else np.zeros((0, 2), np.float32),
            answers=FACETS.build(self.facets),
            hierarchy=HIERARCHY.build(self.hierarchy).to_pylist(),
            centroids=self.centroids,
            redrawn=self.redrawn[:, inside],
        )

    def context(self, folder: Path, **settings: Any) -> Context:
        """Write it to ``folder`` and give the surroundings of a stage."""
        config: RunConfig = load_config(SETTINGS, **settings)
        context = Context(folder, config, Sources(), make_reporter("quiet"), Manifest(folder))
        context.write("conversations", CONVERSATIONS.build(self.conversations))
        context.write("facets", FACETS.build(self.facets))
        context.write("signatures", SIGNATURES.build([]))
        context.write("assignments", ASSIGNMENTS.build(self.assignments))
        context.write("positions", POSITIONS.build(self.positions))
        context.write("hierarchy", HIERARCHY.build(self.hierarchy))
        context.write("audits", AUDITS.build([_passed(row) for row in self.hierarchy]))
        write_array(context.workspace / "centroids.npy", self.centroids)
        write_array(context.workspace / "redrawn.npy", self.redrawn)
        return context


def _passed(row: dict[str, Any]) -> dict[str, Any]:
    """What the audit says of words that it let through."""
    words = {name: row[name] for name in ("cluster_id", "name", "summary", "terms", "writer")}
    empty: dict[str, Any] = {"kinds": [], "outcome": "kept", "reason": "", "auditor": "nobody", "accounts": ""}
    verdicts = ("identifiability", "sensitivity", "first_identifiability", "first_sensitivity")
    return words | empty | dict.fromkeys(verdicts) | {"terms_hidden": 0}


def draw_workspace(seed: int, people: int, *, clusters: int = 6, facets: Sequence[Facet] = FACETS_ASKED) -> Workspace:
    """Clusters of very uneven size in three levels, a loud account, answers that lean on the cluster, gaps all over."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(clusters, 0.8))
    lean = rng.dirichlet(np.full(4, 0.5), clusters)
    hostile = rng.choice(len(HOSTILE), 4, replace=False)
    conversations: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    assignments: list[dict[str, Any]] = []
    positions: list[dict[str, Any]] = []
    for n in range(people):
        fate = rng.random()
        cluster = -1 if fate < 0.03 else -2 if fate < 0.06 else int(rng.choice(clusters, p=share))
        account = 0 if rng.random() < 0.15 else int(rng.integers(0, max(2, people // 4)))
        started = datetime(2025, 3, 3, tzinfo=UTC) + timedelta(hours=int(rng.integers(0, 21 * 24)))
        row = {
            "conversation_id": f"conv{seed:010d}{n:06d}",
            "account_id": f"person{seed:010d}{account:06d}",
            "account_given": True,
            "file": -1,
            "record": n + 1,
            "started_at": None if rng.random() < 0.05 else started,
            "turns": int(rng.geometric(0.3)),
            "user_turns": 1,
            "characters": int(rng.exponential(2000)),
            "model": None,
            "surface": None,
            "metadata": "{}",
            "order": n,
        }
        conversations.append(row)
        base = {"conversation_id": row["conversation_id"]}
        assignments.append(base | {"cluster": cluster, "similarity": None})
        if cluster != -2:
            positions.append(base | {"x": float(rng.normal(cluster, 0.4)), "y": float(rng.normal())})
        plan = HOSTILE[hostile[n % 4]] if rng.random() < 0.7 else f"own-{account}"
        for facet in facets:
            answers.append(base | _answer(facet, row, plan, lean[max(cluster, 0)], rng))
    hierarchy, centroids = _hierarchy(clusters, rng), _unit(clusters, rng)
    redrawn = rng.integers(-2, clusters, (2, people)).astype(np.int32)
    return Workspace(conversations, answers, assignments, positions, hierarchy, centroids, redrawn)


def _answer(facet: Facet, row: dict[str, Any], plan: str, lean: np.ndarray, rng: Any) -> dict[str, Any]:
    value: Any
    names = [option.value for option in facet.options]
    if facet.kind == "text":
        value = f"ask for help with something {rng.integers(0, 5)}"
    elif facet.kind == "category":
        value = names[int(rng.choice(4, p=lean))]
    elif facet.kind == "multi":
        value = sorted({names[int(v)] for v in rng.choice(4, rng.integers(0, 4), p=lean)})
    elif facet.kind == "scale":
        value = int(rng.integers(1, 6))
    elif facet.kind == "boolean":
        value = bool(rng.random() < lean[0])
    elif facet.kind == "number":
        value = float(rng.choice([-3.5, 0.0, 0.5, 7.0, 12.0, 5e5]))
    elif facet.name == "plan":
        value = plan
    else:
        moment = row["started_at"]
        times = {"hour": None, "week": None} if moment is None else {"hour": moment.hour, "week": monday(moment)}
        value = (row | times)[facet.name]
    status = "answered"
    if value is None:
        status = "na"
    elif facet.answered_by_model and rng.random() < 0.15:
        status, value = str(rng.choice(["na", "refused", "failed"])), None
    stored = value if value is None or isinstance(value, str) else json.dumps(value)
    return {
        "facet": facet.name,
        "status": status,
        "value": stored,
        "writer": "w",
        "reason": "",
        "read_share": 1.0,
    }


def _hierarchy(clusters: int, rng: Any) -> list[dict[str, Any]]:
    """Three levels; every cluster of a higher one has a child."""
    middle = max(1, clusters // 2)
    top = max(1, middle // 2)
    above = [*range(middle), *(int(rng.integers(0, middle)) for _ in range(clusters - middle))]
    higher = [*range(top), *(int(rng.integers(0, top)) for _ in range(middle - top))]

    def node(level: int, number: int, parent: str | None, cluster: int | None) -> dict[str, Any]:
        return {
            "cluster_id": f"{level}-{number:04d}", "level": level, "parent_id": parent, "cluster": cluster,
            "name": f"Topic {level} {number}", "summary": "Users ask for help.", "terms": ["help"], "writer": "terms",
        }  # fmt: skip

    return [
        *(node(0, n, f"1-{above[n]:04d}", n) for n in range(clusters)),
        *(node(1, n, f"2-{higher[n]:04d}", None) for n in range(middle)),
        *(node(2, n, None, None) for n in range(top)),
    ]


def _unit(clusters: int, rng: Any) -> np.ndarray:
    rows = rng.normal(size=(clusters, 8))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
