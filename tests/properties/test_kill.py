"""Promise 4 of design.md, section 6: a run that was killed and taken up again equals an uninterrupted one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from clio.demo import CONFIG as DEMO_CONFIG
from clio.demo import CONVERSATIONS
from clio.models import weights
from tests.fakes import corpus
from tests.quick import CONFIG, ROOT, digests, quick_run, write_jsonl

QUICK = (sys.executable, "-m", "tests.quick")
REAL = (sys.executable, "-c", "from clio.cli import main; main()")
JOURNAL = "workspace/extract_facets.journal.jsonl"


def start(command: Sequence[str], log: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "QUICK_SECONDS": "0.004"}
    with log.open("ab") as handle:
        return subprocess.Popen([*command, "run", *map(str, arguments)], cwd=ROOT, env=env, stderr=handle)


def killed(process: subprocess.Popen[bytes], watched: Path, size: int, seconds: float) -> bool:
    """SIGKILL some time after a file has grown to a size. False where the run was through before that."""
    until = time.monotonic() + 300
    while process.poll() is None and not (watched.exists() and watched.stat().st_size >= size):
        assert time.monotonic() < until
        time.sleep(0.005)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait(60)
    return process.returncode == -signal.SIGKILL


def through(process: subprocess.Popen[bytes], log: Path) -> None:
    assert process.wait(500) == 0, log.read_text()[-2000:]


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_killed_at_random_moments_and_taken_up(tmp_path: Path, seed: int) -> None:
    """Three kills one after the other, anywhere from the first batch to the swap of the release."""
    chance = random.Random(seed)
    config, chats, log = tmp_path / "config.yaml", tmp_path / "chats.jsonl", tmp_path / "log"
    config.write_text(yaml.safe_dump(CONFIG))
    write_jsonl(chats, corpus(300, accounts=50, seed=seed))
    run = tmp_path / "run"
    arguments = (config, "--input", chats, "--output", run)
    moments = [(JOURNAL, chance.randrange(60_000)), (JOURNAL, chance.randrange(150_000, 220_000))]
    moments += [(chance.choice(["workspace/centroids.npy", "workspace/hierarchy.parquet", "release.new"]), 0)]
    kills = [killed(start(QUICK, log, *arguments), run / name, size, chance.random() / 10) for name, size in moments]
    assert any(kills), "none of the moments hit"
    through(start(QUICK, log, *arguments), log)
    quick_run(None, tmp_path / "whole", input=chats)
    assert digests(run / "release") == digests(tmp_path / "whole" / "release")
    assert not list(run.rglob("*.tmp")), "what a killed process left half-written is gone"


@pytest.mark.models
@pytest.mark.slow
def test_the_real_thing_killed_three_times(tmp_path: Path) -> None:
    missing = [row.name for row in weights.available() if row.name in weights_needed() and not row.installed]
    if missing:
        pytest.skip(f"weights are not here: {', '.join(missing)}")
    chance = random.Random(20250301)
    chats, log = tmp_path / "chats.jsonl", tmp_path / "log"
    with CONVERSATIONS.open("rb") as source:
        chats.write_bytes(b"".join(next(source) for _ in range(200)))
    whole, run = tmp_path / "whole", tmp_path / "run"
    through(start(REAL, log, DEMO_CONFIG, "--input", chats, "--output", whole), log)
    arguments = (DEMO_CONFIG, "--input", chats, "--output", run)
    size = (whole / JOURNAL).stat().st_size
    moments = [
        (JOURNAL, chance.randrange(200, size // 2), chance.random()),
        ("workspace/centroids.npy", 0, 5 * chance.random()),
        (chance.choice(["workspace/descriptions.parquet", "workspace/hierarchy.parquet"]), 0, 3 * chance.random()),
    ]
    kills = [killed(start(REAL, log, *arguments), run / name, least, wait) for name, least, wait in moments]
    assert sum(kills) >= 2, log.read_text()[-2000:]
    through(start(REAL, log, *arguments), log)
    assert digests(run / "release") == digests(whole / "release")


def weights_needed() -> tuple[str, ...]:
    from clio.runs.doctor import DEFAULTS

    return DEFAULTS
