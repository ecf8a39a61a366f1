"""What to cluster: how well k-means finds labelled topics in what different writers make of a request.

    python benchmarks/clustering_input.py --data ../shared/data                        # minutes
    python benchmarks/clustering_input.py --data ../shared/data --summaries 1500       # an hour on one core

Per labelled set and per kind of text: encode, k-means at the true number of labels with several seeds, and the
adjusted Rand index (ARI), normalised mutual information (NMI) and V-measure against the labels, as mean and standard
deviation over the seeds. Kinds: ``whole`` (all that the user said, as far as the encoder reads), ``first turn`` (raw),
``opening N`` (the first telling turn, at most N characters: what ``text: opening`` makes, at N = 400), ``extract``
(what ``text: extractive`` makes), ``conversation`` (the vectors of all that both sides said), ``opening + answers``
(the same with only the opening for the user's side), ``without language`` (without what tells the language; on the set
of many languages), and with ``--summaries N`` what ``text: model`` makes, on N rows of each set (all kinds are then
compared on those). The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from clio.config.facets import Window
from clio.config.models import EmbeddedWriter as Config
from clio.conversations.types import Turn
from clio.conversations.window import window
from clio.models.check import check
from clio.models.embedded import GROUNDEDNESS, EmbeddedWriter
from clio.models.encoder import SentenceEncoder
from clio.models.extractive import extract, opening
from clio.models.protocol import Encoder, Transcript, Vectors
from clio.vectors.conversation import conversation_vectors, without_language


@dataclass(frozen=True)
class Row:
    turns: tuple[Turn, ...]
    language: str


SETS = {
    "intent_clinc150_dev": 4_500,
    "topic_arena_hard_v01_dev": 500,
    "topic_autoj_scenarios_dev": 2_600,
    "chat_sgd_dev": 2_000,
    "topic_sib200_dev": 2_000,
}
"""Rows taken per set: as evenly over the labels as they go."""


def labelled(data: Path, name: str, rows: int) -> tuple[list[Row], list[str]]:
    """Rows and their labels; out-of-scope and unlabelled ones are left out."""
    by_label: dict[str, list[Row]] = defaultdict(list)
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            label = row["metadata"].get("label")
            turns = tuple(Turn(m["role"], m["content"]) for m in row["messages"])
            if label not in (None, "oos", "default") and any(t.role == "user" and t.text.strip() for t in turns):
                by_label[label].append(Row(turns, row["metadata"].get("language") or ""))
    rng = random.Random(0)
    for found in by_label.values():
        rng.shuffle(found)
    pairs = [
        (found[place], label)
        for place in range(max(map(len, by_label.values())))
        for label, found in sorted(by_label.items())
        if place < len(found)
    ][:rows]
    return [row for row, _ in pairs], [label for _, label in pairs]


def kinds(rows: list[Row], encoder: Encoder, *, summaries: bool) -> dict[str, list[str] | Vectors]:
    transcripts = []
    for n, row in enumerate(rows):
        seen = window(row.turns, Window())
        answered = "\n".join(turn.text for turn in row.turns if turn.role == "assistant")
        transcripts.append(Transcript(str(n), seen.text, seen.user_text, seen.read_share, assistant_text=answered))
    whole = [transcript.user_text for transcript in transcripts]
    made = conversation_vectors(transcripts, encoder)
    both = np.stack([made[str(n)] for n in range(len(rows))])
    found: dict[str, list[str] | Vectors] = {
        "whole": whole,
        "first turn": [next(t.text for t in row.turns if t.role == "user" and t.text.strip()) for row in rows],
        **{f"opening {longest}": opening(transcripts, longest=longest) for longest in (200, 300, 400)},
        "extract": extract(transcripts, encoder),
        "conversation": both,
    }
    openings = [replace(t, user_text=line) for t, line in zip(transcripts, opening(transcripts), strict=True)]
    made = conversation_vectors(openings, encoder)
    found["opening + answers"] = np.stack([made[str(n)] for n in range(len(rows))])
    if len({row.language for row in rows}) > 1:
        found["without language"] = without_language(both, [row.language for row in rows])
    if summaries:
        writer = EmbeddedWriter(Config(text="model"), encoder)
        written = [writer.write(text) for text in whole]
        faults = check(written, whole, encoder, GROUNDEDNESS)
        found["summary, unchecked"] = written
        spare = opening(transcripts)
        found["summary, else opening"] = [
            line if fault else text for text, fault, line in zip(written, faults, spare, strict=True)
        ]
        print(f"    the check passed {sum(not fault for fault in faults)} of {len(faults)} summaries", flush=True)
    return found


def scores(texts: list[str] | Vectors, labels: list[str], encoder: Encoder, seeds: int) -> dict[str, Any]:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, v_measure_score

    vectors = encoder.encode(texts) if isinstance(texts, list) else texts
    k = len(set(labels))
    runs = []
    for seed in range(seeds):
        found = KMeans(k, n_init=1, random_state=seed).fit_predict(vectors)
        measures = (adjusted_rand_score, normalized_mutual_info_score, v_measure_score)
        runs.append([measure(labels, found) for measure in measures])
    mean, spread = np.mean(runs, axis=0), np.std(runs, axis=0)
    return {
        name: [round(float(m), 4), round(float(s), 4)]
        for name, m, s in zip(("ari", "nmi", "v"), mean, spread, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--summaries", type=int, default=0, help="rows per set on which the model writes, too")
    parser.add_argument("--rows", type=int, default=10_000, help="at most so many rows per set")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    encoder = SentenceEncoder()
    report: dict[str, Any] = {"encoder": encoder.id, "seeds": options.seeds, "sets": {}}
    for name in options.sets:
        rows = min(SETS[name], options.rows, options.summaries or SETS[name])
        found_rows, labels = labelled(options.data, name, rows)
        print(f"{name}: {len(found_rows)} rows, {len(set(labels))} labels", flush=True)
        report["sets"][name] = {"rows": len(found_rows), "labels": len(set(labels)), "kinds": {}}
        for kind, texts in kinds(found_rows, encoder, summaries=bool(options.summaries)).items():
            found = scores(texts, labels, encoder, options.seeds)
            report["sets"][name]["kinds"][kind] = found
            print(f"  {kind:22}" + "".join(f"  {m} {v[0]:.3f} ± {v[1]:.3f}" for m, v in found.items()), flush=True)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
