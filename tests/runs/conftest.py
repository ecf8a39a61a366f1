from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import corpus
from tests.quick import quick_run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished run, to be read only."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIO_KEY_DIR", str(folder / "keys"))
        quick_run(corpus(72, accounts=20), folder / "run", {"title": "Test"})
    return folder / "run"
