"""The notebooks run from top to bottom, on this machine alone, and are committed as they were written."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WEIGHTS = ("all-minilm-l6-v2", "smollm2-135m-instruct")
NAMES = ["01_quick_start", "02_tuning", "03_privacy_audit", "04_ad_hoc_study"]
LOOPBACK = """
import socket
_connect = socket.socket.connect
def _loopback_only(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise RuntimeError("a notebook tried to leave this machine")
    _connect(self, address)
socket.socket.connect = _loopback_only
"""
"""Runs in the kernel before the first cell."""
FIGURES = {"01_quick_start": 2, "02_tuning": 3, "03_privacy_audit": 1, "04_ad_hoc_study": 3}


def read(path: Path) -> Any:
    nbformat = pytest.importorskip("nbformat", reason="the dev extra is not installed")
    return nbformat.read(path, as_version=4)


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_four() -> None:
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_clean(path: Path) -> None:
    """No outputs, counts or machine paths; prose first; cells that fit a screen; links that lead somewhere."""
    pytest.importorskip("nbformat").validate(notebook := read(path))
    assert not outputs(notebook)
    assert all(cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    assert notebook.cells[0].source.startswith("# ")
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|root|tmp|Users|work)/|\\\\Users", text)
    assert all(len(cell.source.splitlines()) <= 40 for cell in notebook.cells)
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (path.parent / link).is_file(), link


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where kernels work. The first three share a run: what one has finished, the next only opens."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.mark.models
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clio.models.weights import available

    pytest.importorskip("nbclient", reason="the dev extra is not installed")
    pytest.importorskip("ipykernel", reason="the dev extra is not installed")
    pytest.importorskip("plotly", reason="the notebook extra is not installed")
    if not {row.name for row in available() if row.installed} >= set(WEIGHTS):
        pytest.skip("model weights are absent: clio models pull " + " ".join(WEIGHTS))
    for name, folder in (("CLIO_KEY_DIR", "keys"), ("CLIO_CACHE_DIR", "replies"), ("IPYTHONDIR", "ipython")):
        monkeypatch.setenv(name, str(place / folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    done = executed(read(path), place)
    shown = [output for output in outputs(done) if output.output_type in ("execute_result", "display_data")]
    figures = [output for output in shown if "application/vnd.plotly.v1+json" in output.data]
    assert len(figures) == FIGURES[path.stem]
    assert all(figure.data["application/vnd.plotly.v1+json"]["data"] for figure in figures)
    noise = [output.text for output in outputs(done) if output.output_type == "stream" and output.name == "stderr"]
    assert not noise


def executed(notebook: Any, place: Path) -> Any:
    """With the kernel in ``place``; its sockets reach loopback only."""
    with warnings.catch_warnings():
        # What jupyter_client and zmq say of event loops and paths when they are imported and started.
        for module in ("jupyter_client", "jupyter_core", "nbclient", "zmq", "tornado", "traitlets"):
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=rf"{module}(\..*)?")
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell

        notebook.cells.insert(0, new_code_cell(LOOPBACK))
        client = NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(place)}}
        )
        return client.execute()
