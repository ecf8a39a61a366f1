"""Facets through the Messages writer against the scripted server: time against the ideal, memory, faults, kills.

    python benchmarks/facets.py --n 5000 --latency-ms 50 --concurrency 64 --json
    python benchmarks/facets.py --n 5000 --fault every=0.2 --timeout-s 2 --json  # 20 % of replies faulty, in every way
    python benchmarks/facets.py --n 2000 --kills 10 --json                    # kill -9 at ten random moments
    python benchmarks/facets.py --n 500 --reword --json                       # what a new wording of one facet buys
    python benchmarks/facets.py --n 1000 --kura PYTHON --json                 # beside kura's own summarise step

The server (``python -m clio.testing.messages_server``) is a process of its own and answers every request after
``--latency-ms``. The ideal is ``n * latency / concurrency``. What is timed is the writer as the stage drives it:
batches of 64 handed in ahead; prompts, schema checks, the encrypted reply cache and the spending file included.
Conversations are made text of about 1,200 characters. Redaction and the groundedness check of the stage are not in it.
The last line of ``--json`` holds ``ratio_to_ideal``, ``peak_rss_mb`` (of this process), ``requests`` (that the server
saw) and ``rows`` (facet rows).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clio.config.facets import FacetsConfig
from clio.config.models import MessagesWriter
from clio.models.messages import MessagesBackend
from clio.models.protocol import Answer, Transcript
from clio.models.reply_cache import ReplyCache
from clio.prompts.facets import resolve

BATCH = 64
FACETS = FacetsConfig(use=("request", "use", "concern"))
TEXT = (
    "how can the table in my script be sorted by date when some rows are empty and others hold text please explain "
    "what a good first chapter needs and why the soup tastes bitter after an hour on the stove with lemon and garlic"
)


def transcripts(n: int, seed: int = 0) -> Iterator[Transcript]:
    rng, words = random.Random(seed), TEXT.split()
    for number in range(n):
        text = " ".join(rng.choices(words, k=230))
        yield Transcript(f"c{number}", f"User: {text} ({number})", text, 1.0, "en")


@contextmanager
def server(options: argparse.Namespace) -> Iterator[str]:
    command = [sys.executable, "-m", "clio.testing.messages_server", "--port", "0", "--json"]
    command += ["--latency-ms", str(options.latency_ms)]
    for fault in options.fault:
        command += ["--fault", fault]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["base_url"]
        finally:
            process.terminate()


def stats(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/_stats") as reply:
        found: dict[str, Any] = json.load(reply)
    return found


def groups(source: Iterator[Transcript]) -> Iterator[list[Transcript]]:
    while group := [transcript for _, transcript in zip(range(BATCH), source, strict=False)]:
        yield group


def extract(writer: MessagesBackend, n: int) -> Counter[str]:
    """As the stage does: batches ahead of the answers, whichever is whole is taken."""
    facets = resolve(FACETS)
    counts: Counter[str] = Counter()
    air: deque[Any] = deque()

    def take(all_of_them: bool) -> None:
        for replies in [r for r in air if all_of_them or r.done()]:
            air.remove(replies)
            for answers in replies:
                row: Sequence[Answer] = answers
                counts.update(answer.status for answer in row)
                counts["conversations"] += 1

    for group in groups(transcripts(n)):
        air.append(writer.answer(group, facets))
        take(all_of_them=False)
        while len(air) * BATCH >= writer.ahead:
            air[0].wait(0.05)
            take(all_of_them=False)
    take(all_of_them=True)
    return counts


def writer_for(url: str, folder: Path, options: argparse.Namespace) -> MessagesBackend:
    config = MessagesWriter(
        model="claude-haiku-5-5",
        base_url=url,
        concurrency=options.concurrency,
        timeout_s=options.timeout_s,
        structured_outputs=True,
    )
    return MessagesBackend(config, folder, ReplyCache(folder / "replies"))


def once(url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    with writer_for(url, folder, options) as writer:
        list(writer.answer(list(transcripts(1, seed=1)), resolve(FACETS)))  # packages are loaded, tables are made
        began, cpu = time.perf_counter(), time.process_time()
        counts = extract(writer, options.n)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        spending = writer.spending()
    seen = stats(url)
    seen["requests"] -= 1
    ideal = options.n * options.latency_ms / 1000 / options.concurrency
    return {
        "ratio_to_ideal": round(seconds / ideal, 3) if ideal else None,
        "seconds": round(seconds, 2),
        "ideal_seconds": round(ideal, 2),
        "cpu_ms_per_conversation": round(cpu / options.n * 1000, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "requests": seen["requests"],
        "most_at_once": seen["most_at_once"],
        "faults": seen["faults"],
        "rows": sum(counts.values()) - counts["conversations"],
        "conversations": counts["conversations"],
        "statuses": {name: count for name, count in sorted(counts.items()) if name != "conversations"},
        "retries": spending["total"].get("retries"),
        "replies_paid": spending["total"].get("replies"),
    }


def killed(url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The same work in a process that is killed ``--kills`` times; what was bought is counted by the server."""
    rng = random.Random(options.seed)
    command = [sys.executable, __file__, "--n", str(options.n), "--concurrency", str(options.concurrency)]
    command += ["--latency-ms", str(options.latency_ms), "--at", url, "--folder", str(folder)]
    ideal = options.n * options.latency_ms / 1000 / options.concurrency
    kills = 0
    while kills < options.kills:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        before = stats(url)["requests"]
        wanted = before + rng.randint(1, max(2, options.n // options.kills))
        while process.poll() is None and stats(url)["requests"] < wanted:
            time.sleep(0.01)
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    seen = stats(url)
    return {
        "kills": kills,
        "requests": seen["requests"],
        "distinct": options.n,
        "bought_twice": seen["requests"] - options.n,
        "allowed": kills * options.concurrency,
        "within": seen["requests"] <= options.n + kills * options.concurrency,
        "ideal_seconds": round(ideal, 2),
    }


def reworded(url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """A second run with one facet's wording changed: what does it buy?"""
    facets = list(resolve(FACETS))
    changed = [facets[0], facets[1].model_copy(update={"question": facets[1].question + " Be brief."}), facets[2]]
    with writer_for(url, folder, options) as writer:
        list(writer.answer(list(transcripts(options.n)), facets))
        first = stats(url)["requests"]
        list(writer.answer(list(transcripts(options.n)), facets))
        same = stats(url)["requests"] - first
        list(writer.answer(list(transcripts(options.n)), changed))
        spent = writer.spending()["facets"]
    after = stats(url)["requests"] - first - same
    output = {name: told.get("output_tokens") for name, told in spent.items()}
    return {"first": first, "again": same, "after_rewording_one_facet": after, "output_tokens_by_facet": output}


def beside_kura(url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The same number of conversations of the same length, one after the other: ours, kura's at its 20 and at ours."""
    ours = once(url, folder, options)
    found: dict[str, Any] = {"ours": ours}
    for concurrency in (20, options.concurrency):
        before = stats(url)["requests"]
        command = [options.kura, str(Path(__file__).with_name("kura_summaries.py")), url, str(options.n)]
        done = subprocess.run(
            [*command, str(concurrency)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
        told = json.loads(done.stdout.splitlines()[-1])
        ideal = options.n * options.latency_ms / 1000 / concurrency
        told |= {"requests": stats(url)["requests"] - before - 1, "ratio_to_ideal": round(told["seconds"] / ideal, 3)}
        found[f"kura_at_{concurrency}"] = told | {"times_as_long_as_ours": round(told["seconds"] / ours["seconds"], 2)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--timeout-s", type=float, default=60)
    parser.add_argument(
        "--fault", action="append", default=[], help="KIND=SHARE for the server; every=SHARE: all alike"
    )
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--reword", action="store_true")
    parser.add_argument("--kura", metavar="PYTHON", help="an interpreter that has kura 0.5.4 and anthropic<1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.at:
        with writer_for(options.at, options.folder, options) as writer:
            extract(writer, options.n)
        return
    with tempfile.TemporaryDirectory() as folder, server(options) as url:
        os.environ["CLIO_KEY_DIR"] = f"{folder}/keys"
        run = killed if options.kills else reworded if options.reword else beside_kura if options.kura else once
        report = run(url, Path(folder), options)
    if not options.json:
        for name, value in report.items():
            print(f"{name:<26} {value}")
    else:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
