"""Facet texts to vectors: float32 rows of length 1 in one memory-mapped file, made shard by shard."""

from __future__ import annotations

from pathlib import Path

from clio.config import RunConfig
from clio.errors import InputError
from clio.models.protocol import Encoder
from clio.runs.context import Context
from clio.runs.progress import Advance
from clio.runs.stage import Stage
from clio.stages._texts import read_texts
from clio.vectors.store import write_vectors


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
    """Embed the clustered facet."""
    texts = read_texts(config, context)
    if not texts.texts:
        raise InputError(
            f"no conversation has an answer to the facet `{texts.facet.name}`: there is nothing to cluster"
        )
    with context.reporter.track("embed", len(texts.texts)) as advance:
        embed(texts.texts, context.encoder, context.workspace / "vectors", config.encoder.shard_rows, advance)
    context.manifest.data.setdefault("models", {})["encoder"] = context.encoder.id
    context.notes |= {"vectors": len(texts.texts), "dimensions": context.encoder.dimensions}


STAGE = Stage(
    name="embed",
    run=run,
    version=1,
    sections=("encoder",),
    after=("extract_facets",),
    outputs=("workspace/vectors/vectors.npy",),
)
