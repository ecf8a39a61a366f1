"""Name and summarise every base cluster: see :mod:`clio.stages._names` for what a name has to pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from clio.config import RunConfig
from clio.models.protocol import Evidence
from clio.runs.context import Context
from clio.runs.stage import Stage
from clio.stages._evidence import draw, gather
from clio.stages._names import Checks, Subject, describe
from clio.tables import DESCRIPTIONS
from clio.vectors.store import open_vectors


def run(config: RunConfig, context: Context) -> None:
    """Describe every base cluster and write ``descriptions``."""
    found = gather(config, context)
    clusters = range(len(found.centroids))
    supported = found.supported(context.encoder, config.describe.term_accounts)
    domains = found.domains(context.encoder, config.describe.term_accounts)
    subjects = [
        Subject(
            found.evidence(c),
            found.terms[c],
            found.counts.of_cluster(c),
            size=found.sizes[c],
            supported=supported[c],
            domain=domains[c],
        )
        for c in clusters
    ]

    def again(numbers: Sequence[int]) -> list[Evidence]:
        vectors = open_vectors(context.workspace / "vectors")
        fresh = draw(vectors, found.labels, found.centroids, found.texts, config, config.seed + 1)
        return [found.evidence(number, fresh[number]) for number in numbers]

    checks = Checks(context.redactor.scan, found.counts.corpus, config.describe.term_accounts)
    with context.reporter.track("describe", len(subjects)) as advance:
        described = describe(subjects, context.writer, context.encoder, found.centroids, checks, again)
        advance(len(subjects))
    context.write(
        "descriptions",
        DESCRIPTIONS.build(
            [
                {
                    "cluster": cluster,
                    "name": row.name,
                    "summary": row.summary,
                    "terms": list(row.terms),
                    "writer": row.writer,
                    "reason": row.reason,
                }
                for cluster, row in enumerate(described)
            ]
        ),
    )
    context.notes |= {
        "named_by": dict(sorted(Counter(row.writer for row in described).items())),
        "stand_ins": dict(sorted(Counter(row.reason for row in described if row.reason).items())),
    }


def _identity(_context: Context) -> dict[str, str]:
    from clio.prompts.facets import prompt_hashes

    return prompt_hashes()


STAGE = Stage(
    name="describe",
    run=run,
    version=3,
    sections=("describe", "writer", "encoder", "redact", "seed"),
    after=("extract_facets", "cluster"),
    outputs=("workspace/descriptions.parquet",),
    identity=_identity,
)
