"""What was spent on which data: composed over runs, whatever is killed, and refused beyond the total."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.noise import NoiseConfig
from clio.errors import PrivacyError, RunError
from clio.privacy import _noise_ledger as module
from clio.privacy._noise_ledger import LEDGER, Composed, Ledger, fingerprints, shared_ledger
from clio.privacy.noise import Budget

PARTS = (Budget("clusters/0", Fraction("0.5"), 1e-6, 1, 1), Budget("breakdowns/use/all", Fraction("0.5"), 0.0, 1, 1))
FREE = NoiseConfig(mechanism="dp")
KEY = b"k" * 32


def test_all_tables_and_all_releases_of_the_same_data_add_up(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "shared" / LEDGER, tmp_path / "run" / LEDGER)
    assert ledger.charge(["a"], PARTS, FREE) == Composed(Fraction(1), 1e-6, 1)
    assert ledger.charge(["a", "b"], PARTS, FREE) == Composed(Fraction(2), 2e-6, 2)
    assert ledger.charge(["c"], PARTS, FREE) == Composed(Fraction(1), 1e-6, 1)
    assert ledger.spent(["b"]).releases == 1
    assert ledger.spent(["a", "c"]) == Composed(Fraction(3), 3e-6, 3)
    assert ledger.spent(["d"]) == Composed(Fraction(0), 0, 0)


def test_runs_in_different_folders_are_composed_and_neither_file_is_needed_alone(tmp_path: Path) -> None:
    shared = tmp_path / "shared" / LEDGER
    one, other = (Ledger(shared, tmp_path / run / LEDGER) for run in ("one", "other"))
    one.charge(["a"], PARTS, FREE)
    assert other.charge(["a"], PARTS, FREE).releases == 2
    shared.unlink()
    assert one.charge(["a"], PARTS, FREE).releases == 2  # its own, and this one
    (tmp_path / "one" / LEDGER).unlink()
    assert one.spent(["a"]).releases == 1
    assert shared_ledger().name == LEDGER


def test_a_total_refuses_before_anything_is_entered(tmp_path: Path) -> None:
    path = tmp_path / LEDGER
    ledger, limited = Ledger(path), NoiseConfig(mechanism="dp", total_epsilon=2.0)
    ledger.charge(["a"], PARTS, limited)
    ledger.charge(["a"], PARTS, limited)  # to the last bit of it
    before = path.read_bytes()
    with pytest.raises(PrivacyError, match="epsilon 3") as refused:
        ledger.charge(["a"], PARTS, limited)
    assert refused.value.exit_code == 7
    assert path.read_bytes() == before
    assert ledger.charge(["other data"], PARTS, limited).releases == 1
    with pytest.raises(PrivacyError, match="delta 3e-06"):
        ledger.charge(["a"], PARTS, NoiseConfig(mechanism="dp", total_delta=2e-6))
    assert ledger.charge(["a"], PARTS, FREE).releases == 3


@given(data=st.data())
def test_a_line_cut_anywhere_is_as_if_it_had_not_been(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / LEDGER
    ledger = Ledger(path)
    ledger.charge(["a"], PARTS, FREE)
    first = path.read_bytes()
    ledger.charge(["a"], PARTS, FREE)
    whole = path.read_bytes()
    cut = data.draw(st.integers(len(first), len(whole) - 1))
    path.write_bytes(whole[:cut])
    assert ledger.spent(["a"]).releases == 1
    assert ledger.charge(["a"], PARTS, FREE).releases == 2
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2


def test_a_long_line_that_was_cut_leaves_nothing_behind_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / LEDGER
    Ledger(path).charge(["a"], [Budget(f"breakdowns/{n}", Fraction(1), 0.0, 1, 1) for n in range(50)], FREE)
    path.write_bytes(path.read_bytes()[:-2])
    assert Ledger(path).charge(["a"], PARTS, FREE) == Composed(Fraction(1), 1e-6, 1)
    assert [line["delta"] for line in map(json.loads, path.read_text().splitlines())] == [1e-6]


@pytest.mark.parametrize(
    "line",
    ["{}", "no json", "null", '{"id": "x", "data": ["a"], "epsilon": "-5", "delta": 0}', '[1]',
     '{"id": "x", "data": ["a"], "epsilon": "1", "delta": NaN}', '{"id": "x", "data": 7, "epsilon": "1", "delta": 0}',
     '{"id": "x", "data": ["a"], "epsilon": "1/0", "delta": 0}'],
)  # fmt: skip
def test_a_damaged_line_stops_every_release(tmp_path: Path, line: str) -> None:
    path = tmp_path / LEDGER
    Ledger(path).charge(["a"], PARTS, FREE)
    path.write_bytes(line.encode() + b"\n" + path.read_bytes())
    with pytest.raises(PrivacyError, match="line 1: damaged"):
        Ledger(path).charge(["b"], PARTS, FREE)


CHARGE = """
import sys
from fractions import Fraction
from pathlib import Path
from clio.config.noise import NoiseConfig
from clio.errors import PrivacyError
from clio.privacy._noise_ledger import Ledger
from clio.privacy.noise import Budget
path, total = Path(sys.argv[1]), sys.argv[2]
config = NoiseConfig(mechanism="dp", total_epsilon=float(total) if total else None)
try:
    while True:
        Ledger(path, path.with_name("second")).charge(["a"], [Budget("t", Fraction(1), 1e-6, 1, 1)], config)
except PrivacyError:
    pass
"""


def _charging(path: Path, total: str = "") -> subprocess.Popen[bytes]:
    """A process that charges 1 at a time, until it is refused or killed."""
    return subprocess.Popen([sys.executable, "-c", CHARGE, str(path), total])


def test_what_is_killed_leaves_every_finished_charge(tmp_path: Path) -> None:
    path, known = tmp_path / LEDGER, 0
    for _ in range(2):
        with _charging(path) as process:
            while not path.exists() or path.read_bytes().count(b"\n") < known + 5:
                assert process.poll() is None
            process.kill()
        found = Ledger(path, path.with_name("second")).spent(["a"]).releases
        assert found >= known + 5
        known = found
    assert Ledger(path).charge(["a"], PARTS, FREE).releases == known + 1


def test_runs_at_the_same_time_never_pass_the_total_together(tmp_path: Path) -> None:
    path = tmp_path / LEDGER
    processes = [_charging(path, "40") for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert Ledger(path).spent(["a"]).epsilon == 40
    for file in (path, path.with_name("second")):
        ids = [json.loads(line)["id"] for line in file.read_text().splitlines()]
        assert len(set(ids)) == len(ids) == 40


def test_the_ledger_is_its_owners_and_holds_no_names(tmp_path: Path) -> None:
    path = tmp_path / "new" / LEDGER
    inputs = [{"file": "jane-doe.jsonl", "bytes": 7, "sha256": "ab" * 32}]
    data = fingerprints(inputs, "customers of acme", KEY)
    Ledger(path).charge(data, PARTS, FREE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert not any(told in text for told in ("jane", "acme", "ab" * 32, str(tmp_path)))


def test_fingerprints_follow_the_data() -> None:
    one, other = {"file": "x", "sha256": "1" * 64}, {"file": "y", "sha256": "2" * 64}
    both = fingerprints([one, other], "", KEY)
    assert both == fingerprints([other, one | {"file": "renamed"}], "", KEY)
    assert set(fingerprints([one], "", KEY)) < set(both)
    assert not set(fingerprints([one], "", b"j" * 32)) & set(both)
    assert set(fingerprints([one], "log", KEY)) & set(fingerprints([other], "log", KEY))
    assert not set(fingerprints([one], "log", KEY)) & set(fingerprints([other], "other", KEY))


def test_a_ledger_that_cannot_be_written_stops_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="without it nothing is released"):
        Ledger(tmp_path / "file" / LEDGER).charge(["a"], PARTS, FREE)
    monkeypatch.setattr(module, "WAIT_S", 0.01)
    path = tmp_path / LEDGER
    with module.FileLock(path.with_name(f".{LEDGER}.lock")), pytest.raises(RunError, match="holds the ledger"):
        Ledger(path).charge(["a"], PARTS, FREE)
