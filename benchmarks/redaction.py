"""How much of what is marked as private the redactor finds, and how much plain prose it takes for private.

    python benchmarks/redaction.py --data ../shared/data [--second] [--limit N] [--no-names] [--misses FILE]

Prints a table per data set; the last line is one JSON object with the same numbers. ``covered`` is the share of marked
spans of which every letter and digit lies in something found, of any type; ``touched`` of which any does; ``precise``
is the share of what was found, by the type it was found as, that touches something marked. ``--second`` lets the second
detector (extra ``rampart``) read along. ``--misses`` writes what was missed to a file of yours (the data sets are
public; the table itself holds no text).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor, Span

SYNTH = (
    "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "IP_ADDRESS", "STREET_ADDRESS", "PERSON",
)  # fmt: skip
FLAGS = ("NAME", "EMAIL", "PHONE", "CARD", "KEY", "ADDRESS", "URL", "HANDLE", "PATH", "ID", "IP")
SETS = ("pii_presidio_synth_v2_dev", "pii_pupa_new_dev", "pii_wnut17_dev", "pii_wikigold_dev")
_BATCH = 256
HOSTILE = (
    "a.", "1-", "1 ", "1.", "@", "ab:", "a@", "+1", "(1)", "://", "eyJ", "-----BEGIN PRIVATE KEY-----", "a at b dot ",
    "my name is ", "John ", "12 Main ", "\u4e2d1", "\u200b",
)  # fmt: skip
"""Repeated to 40,000 characters each; the tests hold a longer list to linear growth."""


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


def gate(redactor: Redactor) -> dict[str, Any]:
    """Verdicts on leaky and on harmless summaries (tests/privacy/redact/summary_cases.py)."""
    from clio.privacy.redact.policy import judge_all
    from tests.privacy.redact.summary_cases import BENIGN_LINES, leaky

    rows = leaky()
    whole: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    for row, found in zip(rows, redactor.findings_many([row.line for row in rows]), strict=True):
        spans = [*found.first, *found.second] if found else []
        for kind, value in row.planted:
            start = row.line.index(value)
            kind = "name" if kind == "name" else "other"
            planted[kind] += 1
            whole[kind] += covered(row.line, start, start + len(value), spans)[0]
    return {
        "leaky": dict(Counter(verdict.action for verdict in judge_all([row.line for row in rows], redactor))),
        "harmless": dict(Counter(verdict.action for verdict in judge_all(BENIGN_LINES, redactor))),
        "planted": dict(planted),
        "covered": dict(whole),
    }


def hostile(redactor: Redactor) -> dict[str, float]:
    """Processor seconds per hostile text of 40,000 characters, by rules and cues; the slowest first."""
    seconds = {}
    for unit in HOSTILE:
        text = unit * (40_000 // len(unit))
        began = time.process_time()
        redactor.scan(text)
        seconds[unit.strip().encode("unicode_escape").decode() or "space"] = round(time.process_time() - began, 3)
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


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


def recall(
    redactor: Redactor, path: Path, limit: int | None, names: bool, misses: list[str], kinds: Collection[str] = SYNTH
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Marked, covered and touched per type of the data; found and right per type of ours."""
    gold: list[list[tuple[int, int]]] = []
    precise: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    texts: list[str] = []
    marks: list[list[tuple[str, int, int]]] = []
    for row in rows(path, limit):
        spans: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
        every: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for mark in row["metadata"].get("pii_spans") or []:
            kind = mark["type"] if mark["type"] != "PRIVATE_UNIT" else shape(mark["text"])
            every[mark["message"]].append((mark["start"], mark["end"]))
            if kind in kinds or kind in ("mail", "url", "handle", "number"):
                spans[mark["message"]].append((kind, mark["start"], mark["end"]))
        for number, message in enumerate(row["messages"]):
            texts.append(message["content"])
            marks.append(spans[number])
            gold.append(every[number])
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for text, marked, every, found in zip(texts, marks, gold, scan_all(redactor, texts, names), strict=True):
        for span in found:
            precise[span.type][0] += 1
            precise[span.type][1] += any(start < span.end and span.start < end for start, end in every)
        for kind, start, end in marked:
            whole, some = covered(text, start, end, found)
            table[kind][0] += 1
            table[kind][1] += whole
            table[kind][2] += some
            if not whole:
                misses.append(f"{kind}\t{text[start:end]!r}\t{text[max(0, start - 40) : end + 40]!r}")
    return dict(table), dict(precise)


def flagged(redactor: Redactor, path: Path, limit: int | None, names: bool, misses: list[str]) -> dict[str, int]:
    """How many prose lines hold anything found, in all and per type; and the lines read."""
    texts = [row["messages"][0]["content"] for row in rows(path, limit)]
    counts: Counter[str] = Counter(lines=len(texts))
    for text, spans in zip(texts, scan_all(redactor, texts, names), strict=True):
        counts["flagged"] += bool(spans)
        counts.update({span.type for span in spans})
        misses += [f"FALSE {s.type} {s.detector}\t{text[s.start : s.end]!r}\t{text!r}" for s in spans]
    return dict(counts)


def recalled(
    redactor: Redactor, path: Path, limit: int | None, names: bool, misses: list[str]
) -> dict[str, dict[str, float]]:
    """Recall and precision on one set, printed as a table."""
    began = time.perf_counter()
    table, precise = recall(redactor, path, limit, names, misses)
    print(f"\n{path.name} ({time.perf_counter() - began:.1f} s)\n{'marked':<16}{'n':>6}{'covered':>9}{'touched':>9}")
    for kind, (n, c, t) in sorted(table.items()):
        print(f"{kind:<16}{n:>6}{c / n:>9.3f}{t / n:>9.3f}")
    print(f"{'found':<16}{'n':>6}{'precise':>9}")
    for kind, (n, right) in sorted(precise.items()):
        print(f"{kind:<16}{n:>6}{right / n:>9.3f}")
    marked = {kind: {"n": n, "covered": c / n, "touched": t / n} for kind, (n, c, t) in sorted(table.items())}
    return marked | {f"found {kind}": {"n": n, "precise": right / n} for kind, (n, right) in sorted(precise.items())}


def prose(redactor: Redactor, data: Path, limit: int | None, names: bool, misses: list[str]) -> dict[str, Any]:
    """How much plain prose is taken for private."""
    began = time.perf_counter()
    counts = flagged(redactor, data / "intent_clinc150_dev.jsonl.gz", limit, names, misses)
    seconds = time.perf_counter() - began
    lines, hits = counts["lines"], counts["flagged"]
    print(f"\nintent_clinc150_dev: {hits} of {lines} prose lines hold something found ({seconds:.1f} s)")
    for kind in FLAGS:
        if counts.get(kind):
            print(f"{kind:<16}{counts[kind]:>6}")
    return {**counts, "share": hits / lines, "per_second": lines / seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--limit", type=int, default=None, help="rows per data set")
    parser.add_argument("--no-names", action="store_true")
    parser.add_argument("--no-model", action="store_true", help="name cues without the ner extra's model")
    parser.add_argument("--second", action="store_true", help="with the rampart extra's model")
    parser.add_argument("--sets", nargs="*", default=[*SETS, "prose", "gate", "hostile"])
    parser.add_argument("--misses", type=Path, default=None)
    options = parser.parse_args()
    config = RedactConfig(second="required" if options.second else "off", second_in_source=options.second)
    redactor = Redactor(config, model=not options.no_model)
    misses: list[str] = []
    names = not options.no_names
    result: dict[str, Any] = {"names": redactor.describe()["names"] if names else "off", "second": options.second}
    for name in [name for name in SETS if name in options.sets]:
        path = options.data / f"{name}.jsonl.gz"
        result[name] = recalled(redactor, path, options.limit, names, misses)
    if "prose" in options.sets:
        result["intent_clinc150_dev"] = prose(redactor, options.data, options.limit, names, misses)
    if "gate" in options.sets:
        result["gate"] = gate(redactor)
        print(f"\nsummaries: {result['gate']}")
    if "hostile" in options.sets:
        result["hostile"] = hostile(Redactor(RedactConfig(), model=False))
        print(f"\n40,000 hostile characters, rules and cues, s: {result['hostile']}")
    if options.misses:
        options.misses.write_text("\n".join(misses), encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
