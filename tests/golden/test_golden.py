"""One golden test per stage: the stored outputs of the stages before it in, its own stored output expected.

``CLIO_WRITE_GOLDEN=1 pytest tests/golden`` writes the expected output anew; look at the difference before you keep it.
Writer and encoder are test doubles and the key is fixed, so the results are the same on every machine. The map is the
exception (UMAP is not): its golden test is of few rows, which are placed by principal components.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clio.config import load_config
from clio.config.stages import ProjectConfig
from clio.runs.context import Context, Sources
from clio.runs.files import load_array, read_table, write_array, write_table
from clio.runs.manifest import Manifest
from clio.runs.progress import make_reporter
from clio.runs.runner import STAGES, load_stage
from clio.stages.project import project
from clio.tables import TABLES
from clio.vectors.store import open_vectors, store_vectors
from tests.fakes import HashingEncoder, ScriptedWriter

HERE = Path(__file__).resolve().parent
WRITE = os.environ.get("CLIO_WRITE_GOLDEN") == "1"
OPTIONS = [
    {"value": "home", "description": "bread, dough, oven, garden"},
    {"value": "work", "description": "python, letter, function, complaint"},
    {"value": "journeys", "description": "train, ticket, itinerary, route"},
]
CONFIG: dict[str, Any] = {
    "title": "Golden",
    "seed": 7,
    "redact": {"names": "off"},
    "encoder": {"input": "facet"},
    "facets": {
        "use": ["request", "use", "tags", "concern", "urgent", "words", "language", "turns", "week", "model"],
        "define": [
            {"name": "request", "kind": "text", "question": "What is wanted?", "cluster": True},
            {"name": "use", "kind": "category", "question": "Which?", "options": OPTIONS},
            {"name": "tags", "kind": "multi", "question": "Which?", "options": OPTIONS},
            {"name": "concern", "kind": "scale", "question": "How much?"},
            {"name": "urgent", "kind": "boolean", "question": "Is it?"},
            {"name": "words", "kind": "number", "question": "How many?"},
        ],
        "intersections": [["use", "urgent"]],
    },
    "cluster": {"k": 6},
    "describe": {"term_accounts": 3},
    "arrange": {"top": 3},
    "release": {"min_conversations": 4, "min_accounts": 3},
}
OUTPUTS: dict[str, tuple[str, ...]] = {
    "ingest": ("conversations", "rejected"),
    "extract_facets": ("facets", "screened", "signatures"),
    "embed": ("vectors",),
    "cluster": ("assignments", "centroids", "redrawn"),
    "describe": ("descriptions",),
    "arrange": ("hierarchy",),
    "audit": ("audits",),
    "project": ("positions",),
    "publish": ("clusters", "levels", "breakdowns", "trends", "map", "privacy", "release_manifest"),
}
ARRAYS = ("vectors", "centroids")
_NOT_STORED = ("clio", "digest", "prompts")
"""Of the public manifest: what changes with every version."""


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("CLIO_KEY_DIR", str(tmp_path / "keys"))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "pseudonyms.key").write_bytes(b"golden key of thirty-two bytes!!")
    manifest = Manifest(tmp_path / "run")
    sources = Sources(paths=(HERE / "conversations.jsonl",))
    config = load_config(CONFIG)
    return Context(
        tmp_path / "run", config, sources, make_reporter("quiet"), manifest, ScriptedWriter(), HashingEncoder()
    )


def stored(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / "expected" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def put(context: Context, name: str) -> None:
    """A stored output where the next stages look for it."""
    if name == "redrawn":
        draws = [row["labels"] for row in stored(name)]
        write_array(context.workspace / f"{name}.npy", np.array(draws, dtype=np.int32))
    if name in ARRAYS:
        array = np.array([list(_full(row["sparse"])) for row in stored(name)], dtype=np.float32)
        if name == "vectors":
            store_vectors(array, context.workspace / "vectors")
        else:
            write_array(context.workspace / f"{name}.npy", array)
    elif name in TABLES:
        table = TABLES[name]
        rows = pa.Table.from_pylist([_times(row) for row in stored(name)], schema=table.schema)
        write_table(context.workspace / f"{name}.parquet", table.validate(rows))


def _full(sparse: dict[str, float]) -> np.ndarray:
    row = np.zeros(256)
    row[[int(place) for place in sparse]] = list(sparse.values())
    return row / np.linalg.norm(row)


def _times(row: dict[str, Any]) -> dict[str, Any]:
    from datetime import datetime

    moment, signature = row.get("started_at"), row.get("signature")
    return (
        row
        | ({"started_at": datetime.fromisoformat(moment)} if moment else {})
        | ({"signature": bytes.fromhex(signature)} if signature else {})
    )


def found(context: Context, name: str) -> list[dict[str, Any]]:
    """An output as rows that JSON can hold."""
    if name == "redrawn":
        return [{"labels": draw.tolist()} for draw in load_array(context.workspace / f"{name}.npy")]
    if name in ARRAYS:
        array = open_vectors(context.workspace / "vectors") if name == "vectors" else load_array(
            context.workspace / f"{name}.npy"
        )  # fmt: skip
        return [
            {"sparse": {str(n): round(float(row[n]), 4) for n in np.flatnonzero(np.abs(row) > 5e-5)}} for row in array
        ]
    if name == "rejected":
        lines = (context.workspace / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]
    if name == "release_manifest":
        manifest = json.loads((context.release / "manifest.json").read_text(encoding="utf-8"))
        return [{key: value} for key, value in manifest.items() if key not in _NOT_STORED]
    folder = context.release if TABLES[name].side == "release" else context.workspace
    rows = read_table(folder / f"{name}.parquet").to_pylist()
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else value


def hold(name: str, rows: list[dict[str, Any]]) -> None:
    """Compare with what is stored, numbers to the fourth digit; or store it."""
    path = HERE / "expected" / f"{name}.jsonl"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return
    expected = stored(name)
    assert len(rows) == len(expected), name
    for number, (row, wanted) in enumerate(zip(rows, expected, strict=True)):
        assert _near(row) == _near(wanted), f"{name}, row {number}"


def _near(value: Any) -> Any:
    """Floats give way by a unit of the fourth digit."""
    if isinstance(value, float):
        return pytest.approx(value, abs=2e-4)
    if isinstance(value, dict):
        return {key: _near(inner) for key, inner in value.items()}
    return [_near(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", STAGES[:-2])
def test_stage(name: str, context: Context) -> None:
    hold_stage(name, context)


def hold_stage(name: str, context: Context) -> None:
    for before in STAGES[: STAGES.index(name)]:
        for output in OUTPUTS[before]:
            put(context, output)
    load_stage(name).run(context.config, context)
    for output in OUTPUTS[name]:
        hold(output, found(context, output))


def test_project() -> None:
    """The positions of the whole corpus are made here, as far as publishing needs them: a circle per base cluster."""
    vectors = np.array([_full(row["sparse"]) for row in stored("vectors")], dtype=np.float32)
    points = project(vectors[:18], ProjectConfig(), 7)
    hold("project_few", [{"x": round(float(x), 4), "y": round(float(y), 4)} for x, y in points])
    clustered = [row for row in stored("assignments") if row["cluster"] != -2]
    rows = [
        {
            "conversation_id": row["conversation_id"],
            "x": round(4.0 * (row["cluster"] % 3) + float(np.cos(place)), 4),
            "y": round(4.0 * (row["cluster"] // 3) + float(np.sin(place)), 4),
        }
        for place, row in enumerate(clustered)
    ]
    hold("positions", rows)


def test_publish(context: Context) -> None:
    hold_stage("publish", context)


def test_no_identifier_of_the_corpus_is_in_what_is_stored() -> None:
    """The files here are what a run leaves on disk."""
    for path in (HERE / "expected").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "rosa" not in text
        assert "user-" not in text
        assert "golden-" not in text
