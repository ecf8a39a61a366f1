from __future__ import annotations

from pathlib import Path

import pytest

from clio.explore.release import Release, load
from tests.released import finished_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("explored"))


@pytest.fixture(scope="session")
def release(run: Path) -> Release:
    return load(run)
