from __future__ import annotations

import builtins
import random
from pathlib import Path
from typing import Any

import pytest

from clio.errors import MissingExtraError, ModelInputError, WeightsError
from clio.models import weights
from clio.models.completion import Completer, default_threads
from clio.models.embedded import EXAMPLES

PROMPTS = [
    f"{opening} a wooden chair{ending}\nThe user wanted to"
    for opening in ("how do i make", "please explain", "where can i buy")
    for ending in ("", " for my small garden, and is there a cheaper way to do it this year?")
]


@pytest.fixture(scope="module")
def gguf() -> Path:
    pytest.importorskip("xllamacpp", reason="the `embedded` extra is not installed")
    try:
        return weights.path("smollm2-135m-instruct")
    except WeightsError:
        pytest.skip("the weights of smollm2-135m-instruct are not installed (clio models pull)")


def test_without_the_extra_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any) -> Any:
        if name == "xllamacpp":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", absent)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(MissingExtraError, match=r"clio-toolkit\[embedded\]"):
        Completer(tmp_path / "model.gguf")


def test_no_file_and_no_model(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not a file"):
        Completer(tmp_path / "absent.gguf")


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the `embedded` extra is not installed")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(WeightsError, match="does not load"):
        Completer(tmp_path / "broken.gguf", threads=1)


def test_a_core_is_left_to_others() -> None:
    assert default_threads() >= 1


@pytest.mark.models
def test_the_same_prompt_gives_the_same_text_whatever_was_asked_before(
    gguf: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A model loaded anew, another order, other prompts and another prefix in between: nothing may change."""
    first = Completer(gguf, threads=1)
    told = {prompt: first.complete(prompt, prefix=EXAMPLES["name"], max_tokens=6) for prompt in PROMPTS}
    del first
    again = Completer(gguf, threads=1)
    shuffled = random.Random(7).sample(PROMPTS, len(PROMPTS))
    for place, prompt in enumerate(shuffled):
        if place == 2:
            again.complete("hello there\nThe user asked for", prefix=EXAMPLES["facet"], max_tokens=4)
        assert again.complete(prompt, prefix=EXAMPLES["name"], max_tokens=6) == told[prompt]
    assert len(set(told.values())) > 1
    assert all("\n" not in text for text in told.values())
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ModelInputError, match="characters"):
        again.complete("word " * 5_000)
    assert again.complete(PROMPTS[0], prefix=EXAMPLES["name"], max_tokens=6) == told[PROMPTS[0]]
