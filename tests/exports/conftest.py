from __future__ import annotations

from pathlib import Path

import pytest

from tests.once import looked_at_once as looked_at_once
from tests.released import finished_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("exported"))
