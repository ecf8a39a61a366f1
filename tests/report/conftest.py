from __future__ import annotations

from pathlib import Path

import pytest

from clio.config.report import ReportConfig
from clio.explore.release import Release, load
from clio.report.content import build
from clio.report.document import Document
from tests.once import looked_at_once as looked_at_once
from tests.released import finished_run, with_hostile_names


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("reported"))


@pytest.fixture(scope="session")
def release(run: Path) -> Release:
    return load(run)


@pytest.fixture(scope="session")
def document(release: Release) -> Document:
    return build(release, ReportConfig())


@pytest.fixture(scope="session")
def hostile_run(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_hostile_names(run, tmp_path_factory.mktemp("hostile") / "run")
