from __future__ import annotations

from collections import Counter

from clio.config import RunConfig
from clio.runs.context import Context
from clio.runs.stage import Stage
from clio.stages._evidence import gather
from clio.stages.arrange import Base, arrange
from clio.stages.describe import Checks, Described
from clio.tables import HIERARCHY


def run(config: RunConfig, context: Context) -> None:
    """Arrange the described clusters and write ``hierarchy``."""
    found = gather(config, context)
    rows = context.read("descriptions").to_pylist()
    described = [Described(r["name"], r["summary"], tuple(r["terms"]), r["writer"], r["reason"]) for r in rows]
    clusters = range(len(found.centroids))
    base = Base(
        list(clusters), described, [found.evidence(c) for c in clusters], found.sizes, found.centroids, found.counts
    )
    checks = Checks(context.redactor.scan, found.counts.corpus, config.describe.term_accounts)
    with context.reporter.track("arrange", len(clusters)) as advance:
        nodes = arrange(
            base, config.arrange, context.writer, context.encoder, checks, config.describe.terms, config.seed
        )
        advance(len(clusters))
    context.write(
        "hierarchy",
        HIERARCHY.build(
            [
                {
                    "cluster_id": node.cluster_id,
                    "level": node.level,
                    "parent_id": node.parent_id,
                    "cluster": node.cluster,
                    "name": node.name,
                    "summary": node.summary,
                    "terms": list(node.terms),
                    "writer": node.writer,
                }
                for node in nodes
            ]
        ),
    )
    context.notes |= {
        "levels": {str(level): count for level, count in sorted(Counter(node.level for node in nodes).items())},
        "named_by": dict(sorted(Counter(node.writer for node in nodes if node.level).items())),
    }


STAGE = Stage(
    name="arrange",
    run=run,
    version=1,
    sections=("arrange", "describe", "writer", "encoder", "redact", "seed"),
    after=("extract_facets", "cluster", "describe"),
    outputs=("workspace/hierarchy.parquet",),
)
