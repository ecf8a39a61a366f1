"""What a stage is given besides its config: where tables lie, who writes, who watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clio.config import RunConfig
from clio.conversations.types import Conversation, Rejection
from clio.runs.files import read_table, write_table
from clio.runs.keys import load_key
from clio.runs.manifest import Manifest
from clio.runs.progress import Reporter
from clio.tables import TABLES

if TYPE_CHECKING:
    from clio.models.protocol import Encoder, Writer
    from clio.privacy.redact import Redactor
    from clio.stages._taxonomy import Taxonomy
    from clio.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Sources:
    """The input of a run: files, or records given in Python (never both)."""

    paths: tuple[Path, ...] = ()
    records: Sequence[Mapping[str, Any] | Conversation] = ()

    def read(self, config: RunConfig) -> Iterator[tuple[int, Iterator[Conversation | Rejection]]]:
        """File number and its records, in file order; -1 for records given in Python."""
        from clio.conversations.readers import from_records, read

        for number, path in enumerate(self.paths):
            yield number, read(path, config.ingest)
        if self.records:
            yield -1, from_records(self.records, config.ingest)


@dataclass
class Context:
    """The surroundings of a stage. Models are made at first use, so that a stage that is skipped loads none."""

    folder: Path
    config: RunConfig
    sources: Sources
    reporter: Reporter
    manifest: Manifest
    given_writer: Writer | None = None
    given_encoder: Encoder | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    """What the running stage wants in its manifest entry."""
    taxonomy: Taxonomy | None = None
    """Clusters that are given instead of learned."""

    @property
    def workspace(self) -> Path:
        """The private side."""
        return self.folder / "workspace"

    @property
    def release(self) -> Path:
        """The public side. Only ``publish`` writes it."""
        return self.folder / "release"

    @cached_property
    def key(self) -> bytes:
        """The key for pseudonyms."""
        return load_key()

    @cached_property
    def redactor(self) -> Redactor:
        """The redactor of this run."""
        from clio.privacy.redact import Redactor

        return Redactor(self.config.redact)

    @cached_property
    def encoder(self) -> Encoder:
        """The sentence-embedding model of this run."""
        if self.given_encoder is not None:
            return self.given_encoder
        from clio.models.encoder import SentenceEncoder

        return SentenceEncoder(self.config.encoder)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The public vocabulary in the encoder's space: one for all stages, so that its texts are encoded once."""
        from clio.text.vocabulary import Vocabulary

        return Vocabulary(self.encoder)

    @cached_property
    def writer(self) -> Writer:
        """Who writes text in this run."""
        if self.given_writer is not None:
            return self.given_writer
        from clio.models.factory import make_writer

        return make_writer(self.config.writer, self.encoder, self.workspace, self.reporter.say)

    def spending(self) -> dict[str, Any] | None:
        """What the writer of this run has bought, where it buys at all."""
        told: Callable[[], dict[str, Any]] | None = getattr(self.__dict__.get("writer"), "spending", None)
        return told() if told else None

    def close(self) -> None:
        """Close what was opened for this run; what the caller gave stays the caller's."""
        close: Callable[[], None] | None = getattr(self.__dict__.get("writer"), "close", None)
        if close is not None and self.given_writer is None:
            close()

    @property
    def writer_label(self) -> str:
        """What the manifest says of the writer: none where the embedded model is asked for nothing."""
        config = self.config.writer
        asked = config.backend != "embedded" or config.text == "model" or config.names == "model"
        if self.given_writer is None and not asked:
            return "none: the users' openings, a public vocabulary and distinctive terms"
        return self.writer.id

    def read(self, name: str) -> pa.Table:
        """A workspace table, validated."""
        return TABLES[name].validate(read_table(self.workspace / f"{name}.parquet"))

    def write(self, name: str, table: pa.Table) -> None:
        """A workspace table, validated and then written whole."""
        declared = TABLES[name]
        if declared.side != "workspace":
            raise AssertionError("only publish writes release tables, through the wall")
        write_table(self.workspace / f"{name}.parquet", declared.validate(table))
