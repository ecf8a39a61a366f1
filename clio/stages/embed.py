"""Facet texts to vectors: float32 rows of length 1 in one memory-mapped file, made shard by shard."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clio.config import RunConfig
from clio.errors import InputError, RunError
from clio.models.protocol import Encoder
from clio.runs.context import Context
from clio.runs.journal import JOURNAL, Journal
from clio.runs.progress import Advance
from clio.runs.stage import Stage
from clio.stages._texts import read_texts
from clio.vectors.conversation import unpack, without_language
from clio.vectors.store import store_vectors, write_vectors


def embed(
    texts: tuple[str, ...],
    encoder: Encoder,
    folder: Path,
    shard_rows: int,
    advance: Advance = lambda _more: None,
) -> Path:
    """Write ``vectors.npy``, shape (texts, dimensions); shards that a killed run left are taken over."""
    return write_vectors(texts, encoder, folder, shard_rows, advance)


def run(config: RunConfig, context: Context) -> None:
    """Embed the clustered facet, or gather the conversations' vectors that were made while their text was in memory."""
    texts = read_texts(config, context)
    if not texts.texts:
        raise InputError(
            f"no conversation has an answer to the facet `{texts.facet.name}`: there is nothing to cluster"
        )
    folder = context.workspace / "vectors"
    with context.reporter.track("embed", len(texts.texts)) as advance:
        if config.clusters_conversations:
            journal = Journal(context.workspace / JOURNAL, context.manifest.stage("extract_facets").get("key", ""))
            place = {name: row for row, name in enumerate(texts.conversation_id)}
            vectors = np.zeros((len(place), context.encoder.dimensions), dtype=np.float32)
            missing = set(place)
            for found in map(unpack, journal.vectors()):
                for name, vector in found.items():
                    if name in place:
                        vectors[place[name]] = vector
                        missing.discard(name)
            if missing:
                raise RunError(
                    f"{len(missing)} conversations have no vector in {JOURNAL}: it is gone or damaged. Run the same "
                    "command again with --force extract_facets."
                )
            # What is placed in given clusters is placed by itself alone; the shift looks at all conversations.
            alone = context.taxonomy is not None
            store_vectors(vectors if alone else without_language(vectors, texts.language), folder)
            advance(len(place))
        else:
            embed(texts.texts, context.encoder, folder, config.encoder.shard_rows, advance)
    context.manifest.data.setdefault("models", {})["encoder"] = context.encoder.id
    context.notes |= {
        "vectors": len(texts.texts),
        "dimensions": context.encoder.dimensions,
        "of": "conversations" if config.clusters_conversations else texts.facet.name,
    }


STAGE = Stage(
    name="embed",
    run=run,
    version=2,
    sections=("encoder",),
    after=("extract_facets",),
    outputs=("workspace/vectors/vectors.npy",),
)
