"""How much of what is marked as private the redactor finds, and how much plain prose it takes for private.

    python benchmarks/redaction.py --data ../shared/data [--limit N] [--no-names] [--misses FILE]

Prints a table per data set; the last line is one JSON object with the same numbers. ``covered`` is the share of marked
spans of which every letter and digit lies in something found, of any type; ``touched`` of which any does. ``--misses``
writes what was missed to a file of yours (the data sets are public; the table itself holds no text).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor, Span

SYNTH = (
    "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "IP_ADDRESS", "STREET_ADDRESS", "PERSON",
)  # fmt: skip
FLAGS = ("NAME", "EMAIL", "PHONE", "CARD", "KEY", "ADDRESS", "URL", "HANDLE", "PATH", "ID", "IP")
_BATCH = 256


def rows(path: Path, limit: int | None) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if limit is not None and number >= limit:
                return
            yield json.loads(line)


def scan_all(redactor: Redactor, texts: list[str], names: bool) -> list[list[Span]]:
    """Spans per text, in batches as a run makes them."""
    found: list[list[Span]] = []
    for start in range(0, len(texts), _BATCH):
        found += redactor.scan_many(texts[start : start + _BATCH], names=names)
    return found


def covered(text: str, start: int, end: int, spans: list[Span]) -> tuple[bool, bool]:
    """Whether all, and whether any, of the letters and digits of the range lie in a span."""
    inside = [any(s.start <= i < s.end for s in spans) for i in range(start, end) if text[i].isalnum()]
    return all(inside), any(inside)


def shape(text: str) -> str | None:
    """Which identifier a unit of PUPA is by its shape; None where it is prose."""
    if "presidio" in text.lower():
        return None
    if re.fullmatch(r"\S+@\S+\.\w+", text):
        return "mail"
    if re.fullmatch(r"(?:https?://|www\.)\S+", text):
        return "url"
    if re.fullmatch(r"@[\w.]+", text):
        return "handle"
    digits = len(re.findall(r"\d", text))
    years = re.fullmatch(r"(?:19|20)\d\d\D+(?:19|20)\d\d", text)
    return "number" if re.fullmatch(r"[+\d\s().-]+", text) and 7 <= digits <= 15 and not years else None


def recall(redactor: Redactor, path: Path, limit: int | None, names: bool, misses: list[str]) -> dict[str, list[int]]:
    """Marked, covered and touched per type."""
    texts: list[str] = []
    marks: list[list[tuple[str, int, int]]] = []
    for row in rows(path, limit):
        spans: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
        for mark in row["metadata"].get("pii_spans") or []:
            kind = mark["type"] if mark["type"] != "PRIVATE_UNIT" else shape(mark["text"])
            if kind in SYNTH or kind in ("mail", "url", "handle", "number"):
                spans[mark["message"]].append((kind, mark["start"], mark["end"]))
        for number, message in enumerate(row["messages"]):
            texts.append(message["content"])
            marks.append(spans[number])
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for text, marked, found in zip(texts, marks, scan_all(redactor, texts, names), strict=True):
        for kind, start, end in marked:
            whole, some = covered(text, start, end, found)
            table[kind][0] += 1
            table[kind][1] += whole
            table[kind][2] += some
            if not whole:
                misses.append(f"{kind}\t{text[start:end]!r}\t{text[max(0, start - 40) : end + 40]!r}")
    return dict(table)


def flagged(redactor: Redactor, path: Path, limit: int | None, names: bool, misses: list[str]) -> dict[str, int]:
    """How many prose lines hold anything found, in all and per type; and the lines read."""
    texts = [row["messages"][0]["content"] for row in rows(path, limit)]
    counts: Counter[str] = Counter(lines=len(texts))
    for text, spans in zip(texts, scan_all(redactor, texts, names), strict=True):
        counts["flagged"] += bool(spans)
        counts.update({span.type for span in spans})
        misses += [f"FALSE {s.type} {s.detector}\t{text[s.start : s.end]!r}\t{text!r}" for s in spans]
    return dict(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--limit", type=int, default=None, help="rows per data set")
    parser.add_argument("--no-names", action="store_true")
    parser.add_argument("--no-model", action="store_true", help="name cues without the ner extra's model")
    parser.add_argument("--misses", type=Path, default=None)
    options = parser.parse_args()
    redactor = Redactor(RedactConfig(), model=not options.no_model)
    misses: list[str] = []
    names = not options.no_names
    result: dict[str, Any] = {"names": redactor.describe()["names"] if names else "off"}
    for name in ("pii_presidio_synth_v2_dev", "pii_pupa_new_dev"):
        began = time.perf_counter()
        table = recall(redactor, options.data / f"{name}.jsonl.gz", options.limit, names, misses)
        result[name] = {kind: {"n": n, "covered": c / n, "touched": t / n} for kind, (n, c, t) in sorted(table.items())}
        print(f"\n{name} ({time.perf_counter() - began:.1f} s)\n{'type':<16}{'n':>6}{'covered':>9}{'touched':>9}")
        for kind, (n, c, t) in sorted(table.items()):
            print(f"{kind:<16}{n:>6}{c / n:>9.3f}{t / n:>9.3f}")
    began = time.perf_counter()
    prose = flagged(redactor, options.data / "intent_clinc150_dev.jsonl.gz", options.limit, names, misses)
    seconds = time.perf_counter() - began
    lines, hits = prose["lines"], prose["flagged"]
    result["intent_clinc150_dev"] = {**prose, "share": hits / lines, "per_second": lines / seconds}
    print(f"\nintent_clinc150_dev: {hits} of {lines} prose lines hold something found ({seconds:.1f} s)")
    for kind in FLAGS:
        if prose.get(kind):
            print(f"{kind:<16}{prose[kind]:>6}")
    if options.misses:
        options.misses.write_text("\n".join(misses), encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
