"""Name and summarise every base cluster: see :mod:`clio.stages._names` for what a name has to pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from clio.config import RunConfig
from clio.models.protocol import Evidence
from clio.runs.context import Context
from clio.runs.stage import Stage
from clio.stages._evidence import draw, gather, heard
from clio.stages._names import Checks, Subject, describe
from clio.tables import DESCRIPTIONS
from clio.vectors.store import open_vectors


def run(config: RunConfig, context: Context) -> None:
    """Describe every base cluster and write ``descriptions``."""
    found = gather(config, context)
    clusters = range(len(found.centroids))
    vocabulary = context.vocabulary
    supported = found.supported(vocabulary)
    domains = found.domains(vocabulary)
    subjects = [
        Subject(
            found.evidence(c),
            found.terms[c],
            found.counts.of_cluster(c),
            size=found.sizes[c],
            supported=supported[c],
            domain=domains[c],
            crowd=found.crowd(c),
        )
        for c in clusters
    ]

    def again(numbers: Sequence[int]) -> list[Evidence]:
        vectors = open_vectors(context.workspace / "vectors")
        fresh = draw(vectors, found.labels, found.centroids, found.texts, config, config.seed + 1)
        return [found.evidence(number, heard(fresh[number], found.texts)) for number in numbers]

    checks = Checks(context.redactor.scan, found.counts.min_accounts, vocabulary=vocabulary)
    with context.reporter.track("describe", len(subjects)) as advance:
        described = describe(subjects, context.writer, context.encoder, found.centroids, checks, again)
        advance(len(subjects))
    rows = [{"cluster": cluster, **asdict(row)} for cluster, row in enumerate(described)]
    context.write("descriptions", DESCRIPTIONS.build(rows))
    context.notes |= {
        "named_by": dict(sorted(Counter(row.writer for row in described).items())),
        "stand_ins": dict(sorted(Counter(row.reason for row in described if row.reason).items())),
        "samples_left_out_as_instructions": found.instructing,
    }


def _identity(context: Context) -> dict[str, str]:
    from clio.prompts.facets import prompt_hashes

    preset, describing = context.config.release.preset, context.config.describe
    least = f"{describing.least_accounts(preset)} {describing.margin(preset)} {context.config.audit.sensitive_accounts}"
    return prompt_hashes() | {"least_accounts": least}


STAGE = Stage(
    name="describe",
    run=run,
    version=5,
    sections=("describe", "writer", "encoder", "redact", "seed"),
    after=("extract_facets", "cluster"),
    outputs=("workspace/descriptions.parquet",),
    identity=_identity,
)
