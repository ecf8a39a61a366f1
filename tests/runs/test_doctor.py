from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import clio
from clio.models import weights
from clio.privacy.redact import names
from clio.runs import doctor
from clio.runs.doctor import DEFAULTS, EXTRAS, FURTHER, OPTIONAL, Finding, examine
from clio.runs.keys import key_path, load_key


def found() -> dict[str, Finding]:
    return {finding.what: finding for finding in examine()}


def test_everything_is_looked_at() -> None:
    report = found()
    assert {"clio-toolkit", "processor", "pseudonym key", "torch", "disk here", "ANTHROPIC_API_KEY"} <= set(report)
    assert {f"extra `{name}`" for name in (*EXTRAS, *FURTHER)} <= set(report)
    assert {f"weights {name}" for name in DEFAULTS} <= set(report)
    assert report["clio-toolkit"].state == "ok"


def test_what_is_missing_has_a_remedy_and_nothing_else_has() -> None:
    for finding in examine():
        assert bool(finding.remedy) is (finding.state == "missing")


def test_extras_exist_and_so_do_their_names_in_the_project_file() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS) | set(FURTHER) <= set(project["optional-dependencies"])
    for name, (_, distribution, _) in FURTHER.items():
        assert any(line.startswith(distribution) for line in project["optional-dependencies"][name])
    for name, (module, _) in EXTRAS.items():
        assert any(line.startswith(module) for line in project["optional-dependencies"][name])


def test_an_extra_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    report = found()
    assert report["extra `embedded`"].state == "missing"
    assert report["extra `embedded`"].remedy == "pip install 'clio-toolkit[embedded]'"


def test_names_need_their_model_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "model_path", lambda: None)
    assert found()["extra `ner`"].remedy == "pip install 'clio-toolkit[ner]'"


def test_weights_that_were_not_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path))
    report = found()
    for name in DEFAULTS:
        assert report[f"weights {name}"].remedy == f"clio models pull {name}"
    for name in OPTIONAL:
        assert report[f"weights {name}"].state == "note"
    assert {*DEFAULTS, *OPTIONAL} <= set(weights.KNOWN)


def test_the_default_config_needs_the_default_weights_and_no_more() -> None:
    config = clio.RunConfig()
    assert (config.encoder.model,) == DEFAULTS
    assert "model" not in (config.writer.text, config.writer.names)


def test_the_key() -> None:
    assert found()["pseudonym key"].state == "note"
    load_key()
    assert found()["pseudonym key"] == Finding("pseudonym key", "ok", str(key_path()))
    key_path().chmod(0o644)
    report = found()["pseudonym key"]
    assert (report.state, report.remedy) == ("missing", f"chmod 600 {key_path()}")


def test_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without(name: str) -> str:
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without)
    assert found()["torch"].state == "missing"


def test_a_full_disk_and_a_folder_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 10

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage)
    assert found()["disk here"].remedy == "make room: 2 GiB or more"

    def gone(path: Any) -> Any:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(shutil, "disk_usage", gone)
    assert found()["disk here"].state == "missing"


@pytest.mark.parametrize(("value", "told"), [(None, "not set"), ("sk-secret-value", "set")])
def test_a_key_for_the_api_is_never_shown(monkeypatch: pytest.MonkeyPatch, value: str | None, told: str) -> None:
    if value:
        monkeypatch.setenv("ANTHROPIC_API_KEY", value)
    report = found()
    assert report["ANTHROPIC_API_KEY"].detail.startswith(told)
    assert "sk-secret" not in str(report)
