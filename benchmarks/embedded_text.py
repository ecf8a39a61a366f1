"""What the embedded model writes about real conversations, and what the automatic check makes of it.

    python benchmarks/embedded_text.py --data ../shared/data --n 300 --seed 0 --out runs/embedded_text.jsonl

Takes the English conversations of chat_wildchat_dev and the primary ones of chat_oasst_en_dev, redacts and windows
them as a run does, lets the model write one sentence each, and checks it. ``--out`` holds request, text, extract and
verdict by the check per row, to be read and judged by a person: it is private, keep it out of the repository.
``--judged FILE`` takes such judgements (JSON lines with ``id`` and ``ok``) and prints how far the check agrees.
The last line is one JSON object. One conversation takes about a second on one quiet core.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from clio.config.facets import Window
from clio.config.models import EmbeddedWriter as Config
from clio.config.redact import RedactConfig
from clio.conversations.types import Turn
from clio.conversations.window import window
from clio.models.check import check, similarity
from clio.models.embedded import EmbeddedWriter
from clio.models.encoder import SentenceEncoder
from clio.models.extractive import extract
from clio.models.protocol import Transcript
from clio.privacy.redact import Redactor
from clio.stages._computed import detect_languages

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6)


def transcripts(data: Path, names: tuple[str, ...], redactor: Redactor) -> list[Transcript]:
    found: list[Transcript] = []
    for name in names:
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if name == "chat_oasst_en_dev" and not row["metadata"].get("primary"):
                    continue
                texts = [result.text or "" for result in redactor.redact_many([m["content"] for m in row["messages"]])]
                turns = [Turn(m["role"], text) for m, text in zip(row["messages"], texts, strict=True)]
                seen = window(turns, Window())
                found.append(Transcript(row["id"], seen.text, seen.user_text, seen.read_share))
    languages = detect_languages([t.user_text for t in found])
    return [t for t, code in zip(found, languages, strict=True) if code == "en"]


def agreement(rows: list[dict[str, Any]], judged: Path) -> dict[str, Any]:
    """The check against a person's judgement, at several thresholds of groundedness."""
    with judged.open(encoding="utf-8") as lines:
        ok = {row["id"]: bool(row["ok"]) for row in map(json.loads, lines)}
    some = [row for row in rows if row["id"] in ok]
    report: dict[str, Any] = {"judged": len(some), "acceptable": sum(ok[row["id"]] for row in some)}
    for threshold in THRESHOLDS:
        passed = [row for row in some if row["form"] == "" and row["cosine"] >= threshold]
        right = sum(ok[row["id"]] for row in passed)
        agreed = right + sum(not ok[row["id"]] for row in some if row not in passed)
        report[f"at {threshold}"] = {
            "passed": len(passed),
            "acceptable among passed": round(right / max(1, len(passed)), 3),
            "acceptable that passed": round(right / max(1, report["acceptable"]), 3),
            "agreement": round(agreed / max(1, len(some)), 3),
        }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--groundedness", type=float, default=0.3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--judged", type=Path)
    options = parser.parse_args()
    encoder = SentenceEncoder()
    writer = EmbeddedWriter(Config(text="model"), encoder)
    english = transcripts(options.data, ("chat_wildchat_dev", "chat_oasst_en_dev"), Redactor(RedactConfig()))
    chosen = random.Random(options.seed).sample(english, min(options.n, len(english)))
    began = time.perf_counter()
    texts = [writer.write(transcript.user_text) for transcript in chosen]
    seconds = time.perf_counter() - began
    sources = [transcript.user_text for transcript in chosen]
    faults = check(texts, sources, encoder, options.groundedness)
    forms = check(texts, sources, encoder, -1.0)
    cosines = similarity(texts, sources, encoder)
    sentences = extract(chosen, encoder)
    rows = [
        {"id": t.conversation_id, "user": t.user_text[:700], "text": text, "extract": line, "fault": fault,
         "form": form, "cosine": cosine}
        for t, text, line, fault, form, cosine in zip(chosen, texts, sentences, faults, forms, cosines, strict=True)
    ]  # fmt: skip
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report: dict[str, Any] = {
        "model": writer.id,
        "encoder": encoder.id,
        "english": len(english),
        "n": len(rows),
        "per_second": round(len(rows) / seconds, 2),
        "passed": sum(not fault for fault in faults),
        "faults": dict(Counter(fault for fault in faults if fault).most_common()),
    }
    if options.judged:
        report["against a person"] = agreement(rows, options.judged)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
