"""What the embedded model writes about real conversations, and what the automatic check makes of it.

    python benchmarks/embedded_text.py --data ../shared/data --n 300 --seed 0 --out runs/embedded_text.jsonl
    python benchmarks/embedded_text.py --rows runs/embedded_text.jsonl --judged runs/judged.jsonl

Redacts and windows real conversations as a run does, lets the model write one sentence each, and checks it. In this
order, until there are ``--n``: the English conversations of chat_wildchat_dev and the primary ones of
chat_oasst_en_dev, in one seeded order; English branches of the OpenAssistant trees that are not primary, in seeded
order, those of one tree after those of all others, and only where the model sees other words than in what was taken
before (they share the opening with their tree's primary conversation); WildChat ones in other languages. With seed 0
and 300: 181, 82, 37 and 0. The counts are printed by source.

``--out`` holds the user's words, the model's text, both stand-ins and the verdict of the check per row, to be read and
judged: it is private, keep it out of the repository. ``--rows FILE`` takes such rows instead of generating again.
``--judged FILE`` takes judgements (JSON lines with ``id`` and ``ok``, and, for the stand-ins, ``ok_opening`` and
``ok_extract``) and prints shares with 95 % Wilson intervals, and how far the check agrees.
The last line is one JSON object. One conversation takes about a second on one quiet core.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clio.config.facets import Window
from clio.config.models import EmbeddedWriter as Config
from clio.config.redact import RedactConfig
from clio.conversations.types import Turn
from clio.conversations.window import window
from clio.models.check import check, similarity
from clio.models.embedded import MESSAGE, EmbeddedWriter
from clio.models.encoder import SentenceEncoder
from clio.models.extractive import extract, opening
from clio.models.protocol import Transcript
from clio.privacy.redact import Redactor
from clio.stages._computed import detect_languages

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6)
HEAD, TAIL = 1000, 300
"""Characters of the user's words that a row holds, from both ends."""
TEXTS = {"model": "ok", "opening": "ok_opening", "extract": "ok_extract"}


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation as the model gets it, and where it comes from."""

    source: str
    tree: str
    transcript: Transcript

    @property
    def seen(self) -> str:
        """What the model is shown of it."""
        return " ".join(self.transcript.user_text.split())[:MESSAGE]


def conversations(data: Path) -> list[Found]:
    redactor = Redactor(RedactConfig())
    found: list[tuple[str, str, Transcript]] = []
    for name in ("chat_wildchat_dev", "chat_oasst_en_dev"):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                kind = "WildChat"
                if name == "chat_oasst_en_dev":
                    kind = "OASST primary" if row["metadata"].get("primary") else "OASST branch"
                texts = [result.text or "" for result in redactor.redact_many([m["content"] for m in row["messages"]])]
                turns = [Turn(m["role"], text) for m, text in zip(row["messages"], texts, strict=True)]
                seen = window(turns, Window())
                transcript = Transcript(row["id"], seen.text, seen.user_text, seen.read_share)
                found.append((kind, row["metadata"].get("tree_id") or "", transcript))
    languages = detect_languages([transcript.user_text for _, _, transcript in found])
    return [
        Found(kind if code == "en" else f"{kind}, not English", tree, transcript)
        for (kind, tree, transcript), code in zip(found, languages, strict=True)
    ]


def choose(found: list[Found], n: int, seed: int) -> list[Found]:
    """``n`` conversations, or fewer where there are not as many; see the head of this file."""
    rng = random.Random(seed)
    first = [one for one in found if one.source in ("WildChat", "OASST primary")]
    chosen = rng.sample(first, min(n, len(first)))
    seen = {one.seen for one in chosen}
    branches = [one for one in found if one.source == "OASST branch"]
    taken: Counter[str] = Counter()
    ranked: list[tuple[int, Found]] = []
    for one in rng.sample(branches, len(branches)):
        if one.seen not in seen:
            seen.add(one.seen)
            ranked.append((taken[one.tree], one))
            taken[one.tree] += 1
    chosen += [one for _, one in sorted(ranked, key=lambda pair: pair[0])][: n - len(chosen)]
    foreign = [one for one in found if one.source == "WildChat, not English"]
    return chosen + rng.sample(foreign, min(n - len(chosen), len(foreign)))


def generate(chosen: list[Found]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A row per conversation, and what made them."""
    encoder = SentenceEncoder()
    writer = EmbeddedWriter(Config(text="model"), encoder)
    transcripts = [one.transcript for one in chosen]
    sources = [transcript.user_text for transcript in transcripts]
    began = time.perf_counter()
    texts = [writer.write(source) for source in sources]
    seconds = time.perf_counter() - began
    forms = check(texts, sources, encoder, -1.0)
    cosines = similarity(texts, sources, encoder)
    openings, extracts = opening(transcripts), extract(transcripts, encoder)
    rows = [
        {"id": one.transcript.conversation_id, "source": one.source, "user": both_ends(one.transcript.user_text),
         "text": text, "opening": first, "extract": line, "form": form, "cosine": cosine}
        for one, text, first, line, form, cosine
        in zip(chosen, texts, openings, extracts, forms, cosines, strict=True)
    ]  # fmt: skip
    return rows, {"model": writer.id, "encoder": encoder.id, "per_second": round(len(rows) / seconds, 2)}


def both_ends(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n[...]\n{text[-TAIL:]}"


def wilson(right: int, of: int, z: float = 1.959964) -> list[float]:
    """The 95 % score interval of a share (Wilson, 1927)."""
    if not of:
        return [0.0, 1.0]
    share, spread = right / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return [round(middle - half, 3), round(middle + half, 3)]


def share(verdicts: list[bool]) -> dict[str, Any]:
    right, of = sum(verdicts), len(verdicts)
    return {"acceptable": right, "of": of, "share": round(right / max(1, of), 3), "interval": wilson(right, of)}


def shares(rows: list[dict[str, Any]], judged: dict[str, dict[str, Any]], groundedness: float) -> dict[str, Any]:
    """What was judged acceptable, text by text, all together and by source."""
    report: dict[str, Any] = {}
    for source in (None, *dict.fromkeys(row["source"] for row in rows)):
        some = [row for row in rows if row["id"] in judged and source in (None, row["source"])]
        part = {
            name: share([bool(judged[row["id"]][key]) for row in some if key in judged[row["id"]]])
            for name, key in TEXTS.items()
        }
        part["model, passed"] = share([bool(judged[row["id"]]["ok"]) for row in some if passes(row, groundedness)])
        report[source or "all"] = part
    return report


def agreement(rows: list[dict[str, Any]], judged: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The check against the reader's judgement of the model's texts, at several thresholds of groundedness, and what a
    row ends with where the opening stands in for what does not pass.
    """
    verdicts = [(row, bool(judged[row["id"]]["ok"])) for row in rows if row["id"] in judged]
    openings = {row["id"]: judged[row["id"]].get("ok_opening") for row, _ in verdicts}
    right = sum(ok for _, ok in verdicts)
    report: dict[str, Any] = {}
    for threshold in THRESHOLDS:
        passed = [ok for row, ok in verdicts if passes(row, threshold)]
        agreed = sum(ok == passes(row, threshold) for row, ok in verdicts)
        report[f"at {threshold}"] = {
            "passed": len(passed),
            "acceptable among passed": share(passed),
            "acceptable that passed": round(sum(passed) / max(1, right), 3),
            "agreement": round(agreed / max(1, len(verdicts)), 3),
        }
        if None not in openings.values():
            finally_ok = [ok if passes(row, threshold) else bool(openings[row["id"]]) for row, ok in verdicts]
            report[f"at {threshold}"]["acceptable with the opening as stand-in"] = share(finally_ok)
    return report


def passes(row: dict[str, Any], groundedness: float) -> bool:
    return not row["form"] and float(row["cosine"]) >= groundedness


def read(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--data", type=Path)
    origin.add_argument("--rows", type=Path)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--groundedness", type=float, default=0.3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--judged", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {}
    if options.rows:
        rows = read(options.rows)
    else:
        rows, report = generate(choose(conversations(options.data), options.n, options.seed))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for source, count in Counter(row["source"] for row in rows).items():
        print(f"{source}: {count}")
    faults = [row["form"] or ("" if passes(row, options.groundedness) else "not grounded") for row in rows]
    report |= {
        "n": len(rows),
        "sources": dict(Counter(row["source"] for row in rows)),
        "passed": sum(not fault for fault in faults),
        "faults": dict(Counter(fault for fault in faults if fault).most_common()),
    }
    if options.judged:
        judged = {row["id"]: row for row in read(options.judged)}
        report["shares"] = shares(rows, judged, options.groundedness)
        report["check against the reader"] = agreement(rows, judged)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
