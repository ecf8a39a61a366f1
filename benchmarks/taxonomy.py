"""How well a given taxonomy is met: conversations of the demo corpus against the topics that were planted in it.

    python benchmarks/taxonomy.py [--json]

The taxonomy is the bare names of the topics: no summaries, no examples. ``accuracy`` is the share of conversations of a
topic that are placed in the cluster of its name, ``chance`` what one gets by always taking the commonest; ``nmi`` is
normalised mutual information, for learned clusters of the same conversations as well.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import yaml
from sklearn.metrics import normalized_mutual_info_score

import clio
from clio.demo import CONFIG, CONVERSATIONS

TRUTH = Path(clio.__file__).parent / "demo" / "ground_truth.json"


def placed(run: clio.Run, ids: list[str]) -> dict[str, int]:
    """Base cluster by the id that the source gave."""
    workspace = run.folder / "workspace"
    known = pq.read_table(workspace / "conversations.parquet", columns=["conversation_id", "record"]).to_pydict()
    source = dict(zip(known["conversation_id"], known["record"], strict=True))
    assigned = pq.read_table(workspace / "assignments.parquet").to_pydict()
    return {
        ids[source[name] - 1]: cluster
        for name, cluster in zip(assigned["conversation_id"], assigned["cluster"], strict=True)
    }


def measure(folder: Path) -> dict[str, float]:
    """Two runs of the demo corpus; the second takes over what does not depend on the taxonomy."""
    topics: dict[str, list[str]] = json.loads(TRUTH.read_bytes())["topics"]
    names = {topic: topic.replace("_", " ").capitalize().replace("Sql", "SQL") for topic in topics}
    taxonomy = folder / "taxonomy.yaml"
    taxonomy.write_text(yaml.safe_dump(list(names.values())), encoding="utf-8")
    ids = [json.loads(line)["id"] for line in CONVERSATIONS.read_text(encoding="utf-8").split("\n") if line.strip()]
    topic_of = {name: number for number, listed in enumerate(topics.values()) for name in listed}
    found = {}
    for how, given in (("learned", None), ("given", taxonomy)):
        run = clio.run(CONFIG, input=CONVERSATIONS, output=folder / "run", taxonomy=given, progress="plain")
        cluster = placed(run, ids)
        both = [(topic_of[name], cluster[name]) for name in topic_of if cluster.get(name, -1) >= 0]
        found[f"nmi_{how}"] = normalized_mutual_info_score(*zip(*both, strict=True))
    sizes = Counter(topic for topic, _ in both)
    return found | {
        "topics": len(topics),
        "conversations": len(both),
        "accuracy": sum(topic == number for topic, number in both) / len(both),
        "chance": max(sizes.values()) / len(both),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the last line as one JSON object")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write("".join(f"{name:<14} {value:.3g}\n" for name, value in found.items()))


if __name__ == "__main__":
    main()
