from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import clio

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "torch", "faiss", "umap", "hdbscan", "spacy", "duckdb", "sklearn", "sentence_transformers", "pandas", "anthropic",
    "xllamacpp", "transformers", "pyarrow", "lingua",
)  # fmt: skip


def imported_by(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after a statement."""
    code = f"import sys, json; {statement}; print(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout))


def test_every_public_name_is_there() -> None:
    for name in clio.__all__:
        assert getattr(clio, name) is not None
    assert set(clio.__all__) <= set(dir(clio))


def test_few_names() -> None:
    assert "__version__" in clio.__all__
    assert len(set(clio.__all__) - {"__version__"}) == len(clio.__all__) - 1 <= 15


def test_type_checkers_see_the_same_names() -> None:
    source = (ROOT / "clio" / "__init__.py").read_text(encoding="utf-8")
    for name in set(clio.__all__) - {"__version__"}:
        assert f"import {name} as {name}" in source


def test_public_things_are_documented() -> None:
    for name in set(clio.__all__) - {"__version__"}:
        assert (getattr(clio, name).__doc__ or "").strip(), name


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="module 'clio' has no attribute 'explode'"):
        _ = clio.explode


def test_star_import() -> None:
    assert "clio" in imported_by("from clio import *")


def test_import_costs_nothing() -> None:
    assert not imported_by("import clio") & {*HEAVY, "numpy", "pydantic", "yaml"}


def test_neither_does_the_command() -> None:
    """What `clio --help` has to load."""
    assert not imported_by("import clio.cli") & set(HEAVY)


@pytest.mark.parametrize("module", ["clio.runs.runner", "clio.config", "clio.errors", "clio.conversations.types"])
def test_the_entrances_load_no_model(module: str) -> None:
    models = {"torch", "faiss", "umap", "hdbscan", "spacy", "sklearn", "sentence_transformers", "xllamacpp", "duckdb"}
    assert not imported_by(f"import {module}") & models


def test_every_module_imports_without_side_effects(tmp_path: Path) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "clio").rglob("*.py"))
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"bad = sorted(set(sys.modules) & set({HEAVY!r}) - {{'pyarrow', 'pandas', 'transformers'}})\n"
        "print(bad); sys.exit(bool(bad))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert done.stdout == "[]\n"
    assert not list(tmp_path.iterdir()), "importing wrote something"
