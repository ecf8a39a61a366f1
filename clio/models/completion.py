"""Plain text completion by a GGUF model in this process (llama.cpp through xllamacpp).

Temperature 0 alone does not make llama.cpp repeatable: it keeps the attention state of the last prompt and computes
only what differs from it, so the size of the batches that a prompt is computed in, and with it the last bits of every
sum, depends on what was asked before. Measured: one text in thirty changed when the order of the prompts did. Here
every completion starts from the same state: one slot, no state kept aside, and before each prompt the cache is cut
back to exactly the shared prefix by asking for the prefix alone. Then the same prompt gives the same text in any order
(docs/embedded.md has the measurement), on one kind of processor and one version of xllamacpp.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clio.errors import MissingExtraError, ModelInputError, WeightsError

CONTEXT = 2048
"""Tokens of prompt and answer together: the memory of SmolLM2-135M, and far more than the prompts here use."""


class Completer:
    """One loaded model. Safe to call from several threads; calls run one after the other.

    The library opens an HTTP port on the loopback interface for every loaded model and cannot be told not to. A random
    key that is kept nowhere else closes it to other processes, and the pages that show its state are off.
    """

    def __init__(self, gguf: Path, threads: int | None = None, context: int = CONTEXT) -> None:
        """Load the weights. Raises MissingExtraError without xllamacpp, WeightsError where the file does not load."""
        if not gguf.is_file():
            raise WeightsError(f"{gguf} is not a file. Give a GGUF file or a name of `clio models list`.")
        self._lock = threading.Lock()
        self._prefix: str | None = None
        self._server = _load(gguf, threads or default_threads(), context)

    def complete(self, prompt: str, *, prefix: str = "", max_tokens: int = 28, stop: Sequence[str] = ("\n",)) -> str:
        """What the model writes after ``prefix + prompt``, without the stop string, stripped.

        ``prefix`` is the part that many prompts share (worked examples): it is computed once for as long as it does
        not change. Raises ModelInputError where prefix, prompt and answer do not fit the context.
        """
        with self._lock:
            if prefix:
                if prefix != self._prefix:
                    self._ask(prefix, 0, (), cache=False)
                    self._prefix = prefix
                self._ask(prefix, 0, (), cache=True)
            return self._ask(prefix + prompt, max_tokens, stop, cache=bool(prefix)).strip()

    def _ask(self, prompt: str, max_tokens: int, stop: Sequence[str], *, cache: bool) -> str:
        if not cache:
            self._prefix = None
        reply = self._server.handle_completions(
            {
                "prompt": prompt,
                "n_predict": max_tokens,
                "max_tokens": max_tokens,
                "stop": list(stop),
                "temperature": 0.0,
                "seed": 0,
                "id_slot": 0,
                "cache_prompt": cache,
            }
        )
        try:
            return str(reply["choices"][0]["text"])
        except (KeyError, IndexError, TypeError):
            raise ModelInputError(
                f"the embedded model refused a prompt of {len(prompt):,} characters (does it fit the context?)"
            ) from None


def _load(gguf: Path, threads: int, context: int) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise MissingExtraError("Writing text with a model in this process", "embedded") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.n_ctx = context
    params.n_parallel = 1  # one slot: no two prompts ever share a batch
    params.cont_batching = False
    params.cache_ram_mib = 0  # no states kept aside that a later prompt could be joined to
    params.cache_idle_slots = False
    params.n_ctx_checkpoints = 0
    params.warmup = False
    params.n_gpu_layers = 0  # the same text with and without a GPU in the machine
    params.verbosity = -1
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.api_keys = [secrets.token_hex(32)]
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = threads
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError, OSError) as error:
        raise WeightsError(f"{gguf.name} does not load as a GGUF model ({type(error).__name__}).") from error


def default_threads() -> int:
    """One fewer than the cores this process may use, at least one.

    llama.cpp's threads wait for each other at every step by spinning. Where anything else wants the cores that costs
    far more than a thread brings: with two threads on two busy cores a token took 300 to 2,500 ms, with one some 12.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)
